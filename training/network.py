"""A smaller MoME+ network: four experts, a dispatch for missing sequences and a voxel-wise gate.

Inputs: images [B, 4, D, H, W] (t1, t1ce, t2, flair; missing = 0) and availability [B, 4] of 0 and 1; D, H, W are multiples of 16. Every
sub-network starts with a strided convolution, so its first stage works on half the grid.
"""

import torch
from torch import nn
from torch.nn import functional as F

SEQUENCES = 4
REGIONS = 3
WIDTHS = (16, 32, 64, 96)


class InstanceNorm(nn.InstanceNorm3d):
    """Processes one sample at a time in training: PyTorch's own leaves channels-last for a batch, and every step pays for converting back and forth."""

    def forward(self, features):
        if not self.training:
            return super().forward(features)
        parts = [F.batch_norm(part, None, None, self.weight, self.bias, True, 0, self.eps) for part in features.split(1)]
        return torch.cat(parts)


def block(inputs, outputs, stride=1):
    """Two convolutions, each with instance normalisation and a leaky ReLU; the first may be strided."""
    layers = []
    for index in range(2):
        layers += [
            nn.Conv3d(inputs if index == 0 else outputs, outputs, 3, stride if index == 0 else 1, 1, bias=False),
            InstanceNorm(outputs, affine=True),
            nn.LeakyReLU(0.01, inplace=True),
        ]
    return nn.Sequential(*layers)


class Trunk(nn.Module):
    """The stages below the first and their decoder: features [B, w0, d, h, w] in, the same shape out."""

    def __init__(self, widths=WIDTHS):
        super().__init__()
        pairs = list(zip(widths, widths[1:]))
        self.down = nn.ModuleList(block(a, b, 2) for a, b in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose3d(b, a, 2, 2) for a, b in reversed(pairs))
        self.merge = nn.ModuleList(block(2 * a, a) for a, _ in reversed(pairs))

    def forward(self, first, bottleneck_shift=None):
        skips = [first]
        for stage in self.down:
            skips.append(stage(skips[-1]))
        deep = skips.pop()
        if bottleneck_shift is not None:
            deep = deep + bottleneck_shift[:, :, None, None, None]
        for up, merge in zip(self.up, self.merge):
            deep = merge(torch.cat([up(deep), skips.pop()], 1))
        return deep


class Expert(nn.Module):
    """A U-Net for one sequence: image [B, 1, D, H, W] → logits [B, 3, D, H, W] and its first stage's features."""

    def __init__(self):
        super().__init__()
        self.first = block(1, WIDTHS[0], 2)
        self.trunk = Trunk()
        self.head = nn.ConvTranspose3d(WIDTHS[0], REGIONS, 2, 2)
        nn.init.constant_(self.head.bias, -2.0)

    def forward(self, image):
        features = self.first(image)
        return self.head(self.trunk(features)), features


class Dispatch(nn.Module):
    """Maps availability to the present sequences that feed a missing sequence's expert: availability [B, 4] → mixing matrix [B, 4, 4].

    A present expert's row is one-hot. A missing one's row is min–max scaled, masked to present columns, and sums to 1.
    """

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(SEQUENCES, 16), nn.ReLU(), nn.Linear(16, SEQUENCES * SEQUENCES))

    def forward(self, availability):
        rows = self.layers(availability).view(-1, SEQUENCES, SEQUENCES)
        low, high = rows.amin(2, keepdim=True), rows.amax(2, keepdim=True)
        # The offset keeps the only present sequence usable if the scaling gives it 0.
        scaled = ((rows - low) / (high - low + 1e-6) + 0.1) * availability[:, None, :]
        scaled = scaled / (scaled.sum(2, keepdim=True) + 1e-6)
        present = availability[:, :, None]
        return present * torch.eye(SEQUENCES, device=rows.device) + (1 - present) * scaled


class Gate(nn.Module):
    """Weights for each expert, region and voxel: [B, 4, 3, D, H, W]."""

    def __init__(self):
        super().__init__()
        self.first = block(SEQUENCES, WIDTHS[0], 2)
        self.reduce = nn.Conv3d((SEQUENCES + 1) * WIDTHS[0], WIDTHS[0], 1)
        self.trunk = Trunk()
        self.embed = nn.Linear(SEQUENCES, WIDTHS[-1])
        self.head = nn.Conv3d(WIDTHS[0], SEQUENCES * REGIONS, 1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, 1 / SEQUENCES)

    def forward(self, images, features, availability):
        seen = self.reduce(torch.cat([self.first(images), *features], 1))
        weights = self.head(self.trunk(seen, self.embed(availability)))
        weights = F.interpolate(weights, scale_factor=2.0, mode="trilinear", align_corners=False)
        return weights.unflatten(1, (SEQUENCES, REGIONS))


class MoME(nn.Module):
    """Sum over experts of expert logits times gate, per region and voxel, without a softmax over experts."""

    def __init__(self):
        super().__init__()
        self.dispatch = Dispatch()
        self.experts = nn.ModuleList(Expert() for _ in range(SEQUENCES))
        self.gate = Gate()

    def forward(self, images, availability):
        """Returns logits [B, 3, D, H, W], gate [B, 4, 3, D, H, W] and the experts' logits [B, 4, 3, D, H, W]."""
        mixing = self.dispatch(availability)
        fed = torch.einsum("bes,bsdhw->bedhw", mixing, images)
        results = [expert(fed[:, index : index + 1]) for index, expert in enumerate(self.experts)]
        logits = torch.stack([result[0] for result in results], 1)
        gate = self.gate(images, [result[1] for result in results], availability)
        return (logits * gate).sum(1), gate, logits
