"""Dice of an exported network on cases with expert labels, for all fifteen subsets of the sequences.

Command: `python training/evaluate.py --network models/mome-2mm/network.onnx --cases DIR --out metrics.json`.
Dice is counted on the case's own grid; two empty masks count as 1, one empty mask as 0.
"""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
import openvino
import SimpleITK as sitk

from data import REGIONS, convention, regions
from preprocess import SEQUENCES, load_sequences, prepare, read_ras, to_reference


def subsets():
    """The fifteen non-empty subsets of the sequences, all four first."""
    sizes = range(len(SEQUENCES), 0, -1)
    return [names for size in sizes for names in itertools.combinations(SEQUENCES, size)]


def dice(found, wanted):
    """Dice coefficient of two bool arrays."""
    total = found.sum() + wanted.sum()
    return 1.0 if total == 0 else float(2 * (found & wanted).sum() / total)


def score(network, folder, names):
    """Dice by region of one case with the named sequences, or None where the case lacks one of them."""
    sequences = load_sequences(folder, names)
    if len(sequences) < len(names):
        return None
    prepared = prepare(sequences)
    outputs = network({"images": prepared.images[None], "availability": prepared.availability[None]})
    masks = to_reference(outputs["logits"][0], prepared)
    labels = np.rint(sitk.GetArrayFromImage(read_ras(folder / "seg.nii.gz")))
    truth = regions(labels, convention(folder.name))
    return {region: dice(mask, wanted) for region, mask, wanted in zip(REGIONS, masks, truth)}


def means(scores):
    """Mean Dice by region over cases, three decimals."""
    return {region: round(float(np.mean([score[region] for score in scores])), 3) for region in REGIONS}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    network = openvino.Core().compile_model(str(arguments.network), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    folders = sorted(path for path in arguments.cases.iterdir() if (path / "seg.nii.gz").exists())
    table, cases = {}, {}
    for names in subsets():
        found = {folder.name: score(network, folder, names) for folder in folders}
        found = {name: value for name, value in found.items() if value is not None}
        table["+".join(names)] = {**means(list(found.values())), "cases": len(found)}
        print("+".join(names), table["+".join(names)], flush=True)
        if len(names) == len(SEQUENCES):
            cases = found
            for name, value in found.items():
                print("  ", name, {region: round(dice, 3) for region, dice in value.items()})
    if arguments.out:
        arguments.out.write_text(json.dumps({"mean_dice": table["+".join(SEQUENCES)], "cases": cases, "subsets": table}))


if __name__ == "__main__":
    main()
