"""The second stage: a U-Net at 1 mm over the surroundings of the tumour that the first stage found.

Inputs: images [B, 4, D, H, W] (t1, t1ce, t2, flair; absent = 0) and availability [B, 4] of 0 and 1; D, H, W are
multiples of 16. Full resolution is touched by two thin layers only: that is where a processor's time goes.
"""

import torch
from torch import nn

from network import REGIONS, SEQUENCES, block

WIDTHS = (24, 48, 96, 128)
THIN = 8


class Refiner(nn.Module):
    def __init__(self):
        super().__init__()
        self.thin = nn.Sequential(
            nn.Conv3d(SEQUENCES, THIN, 3, 1, 1, bias=False), nn.InstanceNorm3d(THIN, affine=True), nn.LeakyReLU(0.01, inplace=True)
        )
        inputs = (THIN, *WIDTHS[:-1])
        self.down = nn.ModuleList(block(a, b, 2) for a, b in zip(inputs, WIDTHS))
        pairs = list(zip(WIDTHS, WIDTHS[1:]))
        self.up = nn.ModuleList(nn.ConvTranspose3d(b, a, 2, 2) for a, b in reversed(pairs))
        self.merge = nn.ModuleList(block(2 * a, a) for a, _ in reversed(pairs))
        self.embed = nn.Linear(SEQUENCES, WIDTHS[-1])
        self.half_head = nn.Conv3d(WIDTHS[0], REGIONS, 1)
        self.last = nn.ConvTranspose3d(WIDTHS[0], THIN, 2, 2)
        self.full = nn.Sequential(
            nn.Conv3d(2 * THIN, THIN, 3, 1, 1, bias=False), nn.InstanceNorm3d(THIN, affine=True), nn.LeakyReLU(0.01, inplace=True)
        )
        self.head = nn.Conv3d(THIN, REGIONS, 1)
        for head in (self.head, self.half_head):
            nn.init.constant_(head.bias, -2.0)

    def forward(self, images, availability):
        """Logits [B, 3, D, H, W] (WT, TC, ET) and the half-resolution logits that training looks at as well."""
        thin = self.thin(images)
        skips = [thin]
        for stage in self.down:
            skips.append(stage(skips[-1]))
        deep = skips.pop() + self.embed(availability)[:, :, None, None, None]
        for up, merge in zip(self.up, self.merge):
            deep = merge(torch.cat([up(deep), skips.pop()], 1))
        full = self.full(torch.cat([self.last(deep), thin], 1))
        return self.head(full), self.half_head(deep)
