"""A small U-Net that processes each sequence of a head separately; the logits of the present sequences are averaged.

Inputs: images [B, 4, D, H, W] (t1, t1ce, t2, flair; z-scores over the head mask, not zeroed outside it; missing = 0) and availability [B,
4] of 0 and 1; D, H, W are multiples of 16. Output: logits [B, 1, D, H, W] of brain. A network shared by all sequences does not depend on
the contrast, so it can be trained on random contrasts (SynthSeg, Billot et al. 2023).
"""

from torch import nn

from network import SEQUENCES, Trunk, block
from unet import FOLD, fold, unfold

WIDTHS = (16, 32, 48, 64)
LIMITS = (-4.0, 6.0)


class BrainNet(nn.Module):
    def __init__(self, widths=WIDTHS):
        super().__init__()
        self.first = block(FOLD**3, widths[0])
        self.trunk = Trunk(widths)
        self.head = nn.Conv3d(widths[0], FOLD**3, 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, -1.0)

    def single(self, images):
        """Logits [N, 1, D, H, W] of images [N, 1, D, H, W], each a separate sequence."""
        return unfold(self.head(self.trunk(self.first(fold(images.clamp(*LIMITS))))))

    def forward(self, images, availability):
        own = self.single(images.reshape(-1, 1, *images.shape[2:]))
        own = own.reshape(-1, SEQUENCES, *images.shape[2:])
        weights = availability / availability.sum(1, keepdim=True)
        return (own * weights[:, :, None, None, None]).sum(1, keepdim=True)
