"""Writes a stage's network a second time with convolutions in 8-bit integers (NNCF: per channel, calibrated on training patches).

Command: `python training/quantise.py --stage locate|refine --folder models/NAME [--samples 48]` writes `STAGE.int8.onnx` beside `STAGE.onnx`.
"""

import argparse
from pathlib import Path

import nncf
import onnx
import torch

from train import STAGES

# As used for the package; 24 and 32 were tried before (docs/decisions/0210).
SAMPLES = 48
QUANTISED = ("locate", "refine")


def inputs(stage, samples, seed=0):
    """Network inputs of training patches, including dropped sequences: {images [1, 4, …], availability [1, 4]}."""
    generator = torch.Generator().manual_seed(seed)
    cases = STAGES[stage].load_cases()
    names = sorted(cases)
    for _ in range(samples):
        case = cases[names[int(torch.randint(len(names), (), generator=generator))]]
        # Share 1: the end of training, with the largest patches.
        images, _, availability = STAGES[stage].sample(case, cases, STAGES[stage].size(1.0, generator), generator)
        yield {"images": (images * availability[:, None, None, None])[None].numpy(), "availability": availability[None].numpy()}


def quantise(stage, folder, samples):
    items = list(inputs(stage, samples))
    network = onnx.load(str(folder / f"{stage}.onnx"))
    # The first and last convolutions are excluded: quantising them cost more Dice (docs/decisions/0210).
    convolutions = [node.name for node in network.graph.node if node.op_type in ("Conv", "ConvTranspose")]
    found = nncf.quantize(
        network, nncf.Dataset(items), preset=nncf.QuantizationPreset.MIXED, subset_size=len(items),
        ignored_scope=nncf.IgnoredScope(names=[convolutions[0], convolutions[-1]]))
    path = folder / f"{stage}.int8.onnx"
    onnx.save(found, str(path))
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", choices=QUANTISED, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    arguments = parser.parse_args()
    path = quantise(arguments.stage, arguments.folder, arguments.samples)
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
