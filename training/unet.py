"""A U-Net for 1 mm images that works on half their grid: eight neighbouring voxels are folded into channels and unfolded again.

Inputs: images [B, 4, D, H, W] (t1, t1ce, t2, flair; z-scores, missing = 0) and availability [B, 4] of 0 and 1; D, H, W are multiples of 16.
Folding voxels into channels (Shi et al. 2016) keeps 1 mm detail at an eighth of the voxels: on a CPU the finest stage takes most of the
time.
"""

import torch
from torch import nn

from network import REGIONS, SEQUENCES, block

WIDTHS = (24, 64, 128, 192)
# At 2 mm, compared with MoME: 37 GFLOP over 80×96×80 voxels and 5.6 million parameters against its 41 GFLOP and 5.7 million.
PLAIN_WIDTHS = (32, 64, 128, 256)
FOLD = 2
# Bright vessels and spikes of unclipped images exceed these.
LIMITS = (-4.0, 6.0)


def fold(images):
    """[B, C, D, H, W] → [B, 8 C, D/2, H/2, W/2]; every group of eight channels is a block of 2 × 2 × 2 voxels."""
    batch, channels, *sizes = images.shape
    d, h, w = (size // FOLD for size in sizes)
    parts = images.reshape(batch, channels, d, FOLD, h, FOLD, w, FOLD)
    return parts.permute(0, 1, 3, 5, 7, 2, 4, 6).reshape(batch, channels * FOLD**3, d, h, w)


def unfold(features):
    """The inverse of `fold`."""
    batch, channels, d, h, w = features.shape
    parts = features.reshape(batch, channels // FOLD**3, FOLD, FOLD, FOLD, d, h, w)
    return parts.permute(0, 1, 5, 2, 6, 3, 7, 4).reshape(batch, channels // FOLD**3, d * FOLD, h * FOLD, w * FOLD)


class UNet(nn.Module):
    def __init__(self, widths=WIDTHS):
        super().__init__()
        pairs = list(zip(widths, widths[1:]))
        self.first = block(SEQUENCES * FOLD**3, widths[0])
        self.down = nn.ModuleList(block(a, b, 2) for a, b in pairs)
        self.embed = nn.Linear(SEQUENCES, widths[-1])
        self.up = nn.ModuleList(nn.ConvTranspose3d(b, a, 2, 2) for a, b in reversed(pairs))
        self.merge = nn.ModuleList(block(2 * a, a) for a, _ in reversed(pairs))
        self.head = nn.Conv3d(widths[0], REGIONS * FOLD**3, 1)
        # Deep supervision: the two stages above the deepest, coarsest first.
        self.coarse_heads = nn.ModuleList(nn.Conv3d(width, REGIONS, 1) for width in widths[-2:0:-1])
        for head in (self.head, *self.coarse_heads):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.constant_(head.bias, -3.0)

    def forward(self, images, availability):
        """Logits [B, 3, D, H, W] (WT, TC, ET) and a list of coarser logits, coarsest first, for training."""
        present = availability[:, :, None, None, None]
        skips = [self.first(fold(images.clamp(*LIMITS) * present))]
        for stage in self.down:
            skips.append(stage(skips[-1]))
        deep = skips.pop() + self.embed(availability)[:, :, None, None, None]
        coarse = []
        for index, (up, merge) in enumerate(zip(self.up, self.merge)):
            deep = merge(torch.cat([up(deep), skips.pop()], 1))
            if index < len(self.coarse_heads):
                coarse.append(self.coarse_heads[index](deep))
        return unfold(self.head(deep)), coarse
