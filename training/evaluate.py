"""Measures a model package on cases with expert labels: Dice over all fifteen subsets of the sequences; with all four also
HD95, lesion-wise F1, volume error and calibration.

Command: `python training/evaluate.py --package models/NAME --cases DIR --out metrics.json [--four]`.
Everything is counted on the case's own grid. Calibration looks at the voxels within 20 mm of the expert's or our whole tumour:
the rest of the brain is easy and would make any model look calibrated.
"""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

import metrics
from data import REGIONS, convention, regions
from inference import Package, masks, sigmoid
from preprocess import SEQUENCES, load_sequences, read_ras

NEAR_MM = 20.0


def subsets():
    """The fifteen non-empty subsets of the sequences, all four first."""
    sizes = range(len(SEQUENCES), 0, -1)
    return [names for size in sizes for names in itertools.combinations(SEQUENCES, size)]


class Case:
    def __init__(self, folder):
        self.name = folder.name
        self.sequences = load_sequences(folder)
        truth = read_ras(folder / "seg.nii.gz")
        self.truth = regions(np.rint(sitk.GetArrayFromImage(truth)), convention(folder.name))
        self.spacing = truth.GetSpacing()[::-1]

    def dice(self, found):
        return {region: metrics.dice(mask, wanted) for region, mask, wanted in zip(REGIONS, found, self.truth)}

    def further(self, found, logits):
        """HD95, lesion-wise F1 and volume error by region, and the calibration's counts by region."""
        volume = float(np.prod(self.spacing))
        near = ndimage.distance_transform_edt(~(found[0] | self.truth[0]), sampling=self.spacing) <= NEAR_MM
        rows, counts = {}, {}
        for region, mask, wanted, values in zip(REGIONS, found, self.truth, logits):
            rows[region] = {
                "hd95_mm": metrics.hausdorff95(mask, wanted, self.spacing),
                "lesion_f1": metrics.lesion_f1(mask, wanted, volume),
                "volume_error": metrics.volume_error(mask, wanted),
            }
            counts[region] = metrics.calibration_counts(sigmoid(values[near]), wanted[near])
        return rows, counts


def summary(values):
    """Mean, median and worst (the least) of numbers; absent ones are left out."""
    known = [value for value in values if value is not None]
    return {"mean": round(float(np.mean(known)), 4), "median": round(float(np.median(known)), 4),
            "least": round(float(min(known)), 4), "largest": round(float(max(known)), 4)} if known else None


def measure(package, cases, names, is_full):
    """Dice by case; where asked, the further figures and calibration."""
    table, further, counts, expected = {}, {}, {region: 0 for region in REGIONS}, {}
    for case in cases:
        present = {name: case.sequences[name] for name in names if name in case.sequences}
        if len(present) < len(names):
            continue
        logits = package.segment(present)
        found = masks(logits)
        table[case.name] = case.dice(found)
        expected[case.name] = dict(zip(REGIONS, (metrics.soft_dice(values) for values in nested(logits))))
        if is_full:
            further[case.name], added = case.further(found, logits)
            counts = {region: counts[region] + added[region] for region in REGIONS}
    return table, further, counts, expected


def nested(logits):
    """Probabilities [3, k, j, i] in which no inner region is likelier than the one around it."""
    whole, core, enhancing = sigmoid(logits)
    core = np.minimum(core, whole)
    return whole, core, np.minimum(enhancing, core)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--four", action="store_true", help="all four sequences only")
    arguments = parser.parse_args()
    package = Package(arguments.package)
    cases = [Case(path) for path in sorted(arguments.cases.iterdir()) if (path / "seg.nii.gz").exists()]
    result, pairs = {"cases": {}, "subsets": {}}, {region: [] for region in REGIONS}
    for names in subsets()[: 1 if arguments.four else None]:
        is_full = len(names) == len(SEQUENCES)
        table, further, counts, expected = measure(package, cases, names, is_full)
        for region in REGIONS:
            pairs[region] += [(expected[name][region], table[name][region]) for name in table]
        means = {region: round(float(np.mean([row[region] for row in table.values()])), 3) for region in REGIONS}
        result["subsets"]["+".join(names)] = {**means, "cases": len(table)}
        print("+".join(names), means, flush=True)
        if not is_full:
            continue
        result["mean_dice"] = {**means, "cases": len(table)}
        result["cases"] = {name: {region: {"dice": table[name][region], **further[name][region]} for region in REGIONS}
                           for name in table}
        result["summary"] = {
            region: {
                figure: summary([result["cases"][name][region][figure] for name in table])
                for figure in ("dice", "hd95_mm", "lesion_f1", "volume_error")
            } | {"calibration_error": round(metrics.expected_calibration_error(counts[region]), 4)}
            for region in REGIONS
        }
        for name, row in table.items():
            print("  ", name, {region: round(value, 3) for region, value in row.items()})
        print(json.dumps(result["summary"]))
    # How the model's own probabilities foretell its Dice, over all cases and subsets.
    result["quality"] = {region: metrics.line(*zip(*found)) for region, found in pairs.items()}
    result["pairs"] = {region: [[round(own, 4), round(true, 4)] for own, true in found] for region, found in pairs.items()}
    print("quality", json.dumps(result["quality"]))
    over = [row for row in result["subsets"].values()]
    result["mean_over_subsets"] = {region: round(float(np.mean([row[region] for row in over])), 3) for region in REGIONS}
    print("mean over subsets", result["mean_over_subsets"])
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
