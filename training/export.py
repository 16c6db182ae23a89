"""Writes the averaged weights of a run as an ONNX file of a model package and compares OpenVINO with PyTorch.

Command: `python training/export.py --stage brain|locate|plain|refine --run DIR --out models/NAME/STAGE.onnx [--mean-with FILE]`.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import openvino
import torch
from onnx import numpy_helper
from torch import nn

import checkpoint
from brainmask.network import BrainNet
from network import MoME
from unet import PLAIN_WIDTHS, UNet


class Exported(nn.Module):
    """A network with a package's outputs; `make` builds it."""

    outputs = ("logits",)

    def __init__(self, state):
        super().__init__()
        self.network = self.make()
        self.network.load_state_dict(state)


class Located(Exported):
    """The first stage: logits [1, 3, D, H, W] and mean gate weights [1, 4]."""

    outputs, make = ("logits", "gating_weights"), MoME

    def forward(self, images, availability):
        logits, gate, _ = self.network(images, availability)
        inside = (images != 0).to(images.dtype).amax(1)
        share = (gate.mean(2) * inside[:, None]).sum((2, 3, 4)) / inside.sum((1, 2, 3))[:, None].clamp(min=1)
        return logits, share


class Refined(Exported):
    """The second stage: logits [1, 3, D, H, W]."""

    make = UNet

    def forward(self, images, availability):
        return (self.network(images, availability)[0],)


class Plain(Refined):
    """A U-Net in the first stage's place."""

    @staticmethod
    def make():
        return UNet(PLAIN_WIDTHS)


class Brain(Exported):
    """The brain in a head: logits [1, 1, D, H, W]."""

    make = BrainNet

    def forward(self, images, availability):
        return (self.network(images, availability),)


STAGES = {"brain": Brain, "locate": Located, "plain": Plain, "refine": Refined}


def load(stage, run, begin=None):
    """The averaged network of a run, ready for inference; with `begin`, the mean of its weights and that exported network's.

    Networks fine-tuned from one another share a basin, and their mean is often better than both (Wortsman et al. 2022).
    """
    state = checkpoint.load(run)["average"]
    if begin:
        earlier = stored(begin)
        state = {name: (value + earlier[name]) / 2 if name in earlier else value for name, value in state.items()}
    return STAGES[stage](state).eval()


def write(network, path):
    """Writes the network with dynamic sizes; returns the inputs used for tracing."""
    images, availability = torch.randn(1, 4, 64, 80, 64), torch.ones(1, 4)
    axes = {2: "D", 3: "H", 4: "W"}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        network, (images, availability), str(path), opset_version=17, dynamo=False,
        input_names=["images", "availability"], output_names=list(network.outputs),
        dynamic_axes={"images": axes, "logits": axes},
    )
    return images, availability


def stored(path):
    """The weights in a file made by `write`, by the network's parameter names; parameters unused at inference are missing."""
    return {item.name.removeprefix("network."): torch.from_numpy(numpy_helper.to_array(item).copy())
            for item in onnx.load(str(path)).graph.initializer}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mean-with", type=Path, metavar="FILE", help="exported network that the run began with: the mean of both is written")
    arguments = parser.parse_args()
    network = load(arguments.stage, arguments.run, arguments.mean_with)
    images, availability = write(network, arguments.out)
    compiled = openvino.Core().compile_model(str(arguments.out), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    with torch.no_grad():
        wanted = network(images, availability)[0].numpy()
    found = compiled({"images": images.numpy(), "availability": availability.numpy()})["logits"]
    print("largest difference of logits, OpenVINO and PyTorch:", np.abs(found - wanted).max())


if __name__ == "__main__":
    main()
