"""Other people's trained networks as packages of ours: MoME+ checkpoints, MONAI bundles and nnU-Net v2 results."""
