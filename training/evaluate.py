"""Measures a model package on cases with expert labels: Dice over all fifteen subsets of the sequences; with all four also HD95,
lesion-wise F1, volume error and calibration.

Command: `python training/evaluate.py --package models/NAME --cases DIR --out metrics.json [--calibrate FILE] [--four]`. Everything is
counted on the case's own grid; calibration on the voxels within 20 mm of the expert's or the model's whole tumour.
"""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

import calibrate
import core
import enhancement
import metrics
from calibrate import NEAR_MM
from data import REGIONS, convention, regions
from inference import Package, masks, nested, sigmoid
from preprocess import SEQUENCES, load_sequences, read_ras


# Validation patients added after 2.4.0: also measured separately, so that versions can be compared.
LATER = ("BraTS19_CBICA_BHQ_1", "BraTS2021_00014")


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
    """Mean, median and worst (minimum) of numbers, ignoring missing ones."""
    known = [value for value in values if value is not None]
    return {"mean": round(float(np.mean(known)), 4), "median": round(float(np.median(known)), 4),
            "least": round(float(min(known)), 4), "largest": round(float(max(known)), 4)} if known else None


class Answers:
    """A package's logits by case and sequences, each computed once; divided by the current temperatures on access, and the masks."""

    # The range and type in which many cases' logits are stored.
    LIMIT = 30

    def __init__(self, package):
        self.package, self.known, self.rows = package, {}, {}
        self.temperatures, self.thresholds = package.temperatures.astype(np.float32), package.thresholds
        self.enhancement, self.rule = (package.description.get(key) for key in ("enhancement", "core_around_enhancement"))

    def logits(self, case, names, is_quiet=False):
        """`is_quiet`: for the case with its enhancement removed (`enhancement.quiet`)."""
        key = (case.name, tuple(names), is_quiet)
        if key not in self.known:
            self.known[key] = self.package.logits(self.sequences(case, names, is_quiet)).clip(-self.LIMIT, self.LIMIT).astype(np.float16)
        return self.known[key].astype(np.float32) / self.temperatures[:, None, None, None]

    @staticmethod
    def sequences(case, names, is_quiet=False):
        given = enhancement.quiet(case) if is_quiet else case.sequences
        return {name: given[name] for name in names}

    def marked_by(self, temperatures, thresholds):
        """Uses these from now on, by region."""
        self.temperatures, self.thresholds = np.asarray(temperatures, np.float32), np.asarray(thresholds)
        self.rows.clear()

    def signs(self, case, names, is_quiet=False):
        """`enhancement.signs` of a case's masks, each computed once."""
        key = (case.name, tuple(names), is_quiet)
        if key not in self.rows:
            logits = self.logits(case, names, is_quiet)
            self.rows[key] = enhancement.signs(nested(logits)[2], masks(logits, self.thresholds), self.sequences(case, names, is_quiet))
        return self.rows[key]

    def segmented(self, case, names):
        """Logits and masks as output by the package: no enhancing tumour if nothing in the case enhances, and the core restricted to the enhancement."""
        logits = self.logits(case, names)
        row = self.signs(case, names) if self.enhancement and "t1ce" in names else None
        is_enhancing = enhancement.is_there(self.enhancement, row, "t1ce" in names)
        if is_enhancing and self.rule:
            logits = core.adjusted(logits, case.spacing, self.rule)
        found = masks(logits, self.thresholds)
        found[2] &= is_enhancing
        return logits, found


def measure(answers, cases, names, is_full):
    """Dice by case; optionally the further metrics and calibration."""
    table, further, counts = {}, {}, {region: 0 for region in REGIONS}
    for case in cases:
        if not set(names) <= set(case.sequences):
            continue
        logits, found = answers.segmented(case, names)
        table[case.name] = case.dice(found)
        if is_full:
            further[case.name], added = case.further(found, logits)
            counts = {region: counts[region] + added[region] for region in REGIONS}
    return table, further, counts


def means(rows):
    """Mean Dice by region over rows of Dice by region."""
    return {region: round(float(np.mean([row[region] for row in rows])), 3) for region in REGIONS}


def apart(tables):
    """Mean Dice of the earlier and the later patients, with four sequences and over the subsets; `tables`: Dice by patient, one table per subset."""
    found = {}
    for group, is_later in (("earlier", False), ("later", True)):
        rows = [[row for name, row in table.items() if (name in LATER) == is_later] for table in tables]
        if rows[0]:
            found[group] = {"patients": len(rows[0]), "four": means(rows[0]), "mean_over_subsets": means([means(part) for part in rows])}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--calibrate", type=Path, help="fit temperatures, thresholds and the line to Dice, write them here and measure with them")
    parser.add_argument("--precision", choices=("f32", "int8"), default="f32")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="cases that are measured; else all of the folder")
    parser.add_argument("--four", action="store_true", help="all four sequences only")
    arguments = parser.parse_args()
    answers = Answers(Package(arguments.package, arguments.precision))
    folders = [path for path in sorted(arguments.cases.iterdir()) if not arguments.only or path.name in arguments.only]
    cases = [Case(path) for path in folders if (path / "seg.nii.gz").exists()]
    result = {"cases": {}, "subsets": {}}
    if arguments.calibrate:
        calibration, result["calibration"] = calibrate.fit(answers, cases, subsets())
        arguments.calibrate.write_text(json.dumps(calibration, indent=1))
        for region, row in result["calibration"].items():
            print(region, {key: value for key, value in row.items() if key != "reliability"})
        print(json.dumps(calibration))
    tables = []
    for names in subsets()[: 1 if arguments.four else None]:
        is_full = len(names) == len(SEQUENCES)
        table, further, counts = measure(answers, cases, names, is_full)
        tables.append(table)
        mean = means(table.values())
        result["subsets"]["+".join(names)] = {**mean, "cases": len(table)}
        print("+".join(names), mean, flush=True)
        if not is_full:
            continue
        result["mean_dice"] = {**mean, "cases": len(table)}
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
    result["mean_over_subsets"] = means(result["subsets"].values())
    result["with_t1ce"] = means([row for names, row in result["subsets"].items() if "t1ce" in names.split("+")])
    result["apart"] = apart(tables)
    print("mean over subsets", result["mean_over_subsets"], "with T1CE", result["with_t1ce"])
    print(json.dumps(result["apart"]))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
