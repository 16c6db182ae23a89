"""A third-party network with NeuroAI's signature: `images` [1, 4, D, H, W] and `availability` [1, 4] in, `logits` [1, 3, D, H, W] out.

NeuroAI's axes run towards superior, anterior and right (k, j, i of a RAS image), its channels are t1, t1ce, t2, flair, its logits those of
WT, TC, ET before a sigmoid. `Layout` describes the network's channels and axes, the heads the meaning of its output.
"""

from dataclasses import dataclass

import torch
from torch import nn

from .sources import BadInput

OPPOSITE = {"S": "I", "A": "P", "R": "L"}
FIRST_AXIS = 2


def picked(images, order):
    """Channels in another order. Not by an index: OpenVINO 2026.4 incorrectly folds a Gather into the next convolution."""
    return torch.cat([images[:, channel : channel + 1] for channel in order], 1)


@dataclass(frozen=True)
class Layout:
    """Converts between NeuroAI's arrays and the network's.

    `channels`: NeuroAI's channel for each of the network's. `directions`: the direction of each of its three axes, such as S, P, L.
    """

    channels: tuple
    directions: tuple

    def __post_init__(self):
        if sorted(self.axes) != [0, 1, 2]:
            raise BadInput(f"The axes {''.join(self.directions)} are no orientation; correct the source's files.")

    @property
    def axes(self):
        """NeuroAI's axis for each of the network's."""
        return [next((index for index, pair in enumerate(OPPOSITE.items()) if letter in pair), -1) for letter in self.directions]

    @property
    def flipped(self):
        """The network's axes with opposite direction, as dimensions of a batch."""
        return [FIRST_AXIS + index for index, letter in enumerate(self.directions) if letter in OPPOSITE.values()]

    def theirs(self, images):
        """[1, 4, D, H, W] in the network's order of channels and axes."""
        turned = picked(images, self.channels).permute(0, 1, *(FIRST_AXIS + axis for axis in self.axes))
        return turned.flip(self.flipped) if self.flipped else turned

    def ours(self, outputs):
        """The network's outputs [1, C, …] with NeuroAI's axes."""
        turned = outputs.flip(self.flipped) if self.flipped else outputs
        return turned.permute(0, 1, *(FIRST_AXIS + self.axes.index(axis) for axis in range(3)))

    def size_ijk(self, size):
        """Lengths along the network's axes as lengths along i, j, k."""
        return [int(size[self.axes.index(axis)]) for axis in (2, 1, 0)]


class RegionHead(nn.Module):
    """Logits of three regions in another order: `order` gives the network's channels of WT, TC, ET."""

    def __init__(self, order):
        super().__init__()
        self.order, self.count = list(order), 3

    def forward(self, logits):
        return picked(logits, self.order)


class ClassHead(nn.Module):
    """Logits of mutually exclusive classes → logits of regions: the log-odds of the summed softmax probabilities.

    `members`: for WT, TC, ET the set of their classes; class 0 is the background.
    """

    def __init__(self, members, count=4):
        super().__init__()
        self.members, self.count = [sorted(inside) for inside in members], count

    def forward(self, logits):
        regions = []
        for inside in self.members:
            outside = [index for index in range(self.count) if index not in inside]
            regions.append(log_sum(picked(logits, inside)) - log_sum(picked(logits, outside)))
        return torch.cat(regions, 1)


def log_sum(logits):
    """log Σ exp over channels, [1, 1, …]. Written out: PyTorch exports torch.logsumexp without its axis."""
    peak = logits.amax(1, keepdim=True)
    return peak + (logits - peak).exp().sum(1, keepdim=True).log()


class Wrapped(nn.Module):
    """A third-party network with NeuroAI's inputs and outputs; `takes_availability`: whether it has an availability input."""

    def __init__(self, network, layout, head, takes_availability=False):
        super().__init__()
        self.network, self.layout, self.head, self.takes_availability = network, layout, head, takes_availability
        # For the whole module: the exporter restores the mode of the outer module, and dropout would be active.
        self.eval()

    def forward(self, images, availability):
        # Missing sequences are already 0; without this the ONNX file of a network without an availability input would lack that input.
        theirs = self.layout.theirs(images * availability[:, :, None, None, None])
        if self.takes_availability:
            outputs = self.network(theirs, availability[:, list(self.layout.channels)])
        else:
            outputs = self.network(theirs)
        # Deep supervision: the finest comes first.
        finest = outputs[0] if isinstance(outputs, (list, tuple)) else outputs
        return self.layout.ours(self.head(finest))


@dataclass(frozen=True)
class Foreign:
    """A network read from third-party files, with the data for its package.

    `size`: voxels of a window along i, j, k; lengths are multiples of `multiple`. `required`: sequences without which it must not be run.
    """

    network: Wrapped
    kind: str
    files: list
    architecture: str
    size: tuple
    multiple: int
    version: str = "1.0.0"
    required: tuple = ()

    @property
    def window(self):
        """Lengths along i, j, k, rounded up to the multiple."""
        return [-(-length // self.multiple) * self.multiple for length in self.size]


def check(network, size):
    """Runs the network once on noise of NeuroAI's size [D, H, W] and rejects a head that contradicts its files."""
    torch.manual_seed(0)
    theirs = network.layout.theirs(torch.randn(1, 4, *size))
    with torch.no_grad():
        try:
            outputs = network.network(theirs, torch.ones(1, 4)) if network.takes_availability else network.network(theirs)
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise BadInput(f"The network does not take four channels of {size} voxels ({reason}); give one that does.") from error
    finest = outputs[0] if isinstance(outputs, (list, tuple)) else outputs
    wanted = (1, network.head.count, *theirs.shape[FIRST_AXIS:])
    if not isinstance(finest, torch.Tensor) or tuple(finest.shape) != wanted:
        raise BadInput(f"The network's output is {tuple(getattr(finest, 'shape', ()))} instead of {wanted}; "
                       "give one that has a channel for each region or class at the input's size.")
    if not torch.isfinite(finest).all():
        raise BadInput("The network's output is not finite; its weights are damaged.")
    if finest.min() >= 0 and finest.max() <= 1:
        raise BadInput("The network gives probabilities; export it without its last sigmoid or softmax.")
