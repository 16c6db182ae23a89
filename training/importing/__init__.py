"""Third-party networks as NeuroAI packages: MoME+ checkpoints, MONAI bundles and nnU-Net v2 results."""
