"""Chooses `core.RULE` on patients held out from all networks of the package, and evaluates every patient with the rule chosen by the
others.

Command: `python training/core_choice.py --package models/unet --cases DIR [DIR …] [--only NAME …] [--logits DIR]`; `--logits` caches the
networks' output between calls. Prints Dice of the core by patient: without a rule, and with the one chosen by the other patients.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np

import core
from evaluate import Answers, Case
from inference import Package, masks
from preprocess import SEQUENCES

SHARES, REACHES, LEASTS = (0.1, 0.3), (5.0, 8.0, 12.0, 1000.0), (0.3, 0.5, 0.6, 0.7)


def rules(base):
    """Every candidate rule; a threshold is a shift of the log-odds from the package's own, `base`."""
    return [{"share": share, "reach_mm": reach, "shift": float(core.logit(least) - core.logit(base))}
            for share, reach, least in itertools.product(SHARES, REACHES, LEASTS)]


def logits_of(answers, case, folder):
    """With all four sequences; cached in the folder as half floats, if given."""
    kept = folder / f"{case.name}~real~{'+'.join(SEQUENCES)}.npy" if folder else None
    if kept and kept.exists():
        answers.known[(case.name, SEQUENCES, False)] = np.load(kept)
    found = answers.logits(case, SEQUENCES)
    if kept and not kept.exists():
        np.save(kept, answers.known[(case.name, SEQUENCES, False)])
    answers.known.clear()
    return found


def row(logits, case, tried, thresholds):
    """Dice of the core without a rule and with each; only within a box around the tumour."""
    box = core.around(case.truth[0] | masks(logits, thresholds)[0], 4)
    logits, truth = logits[(slice(None), *box)], case.truth[1][box]
    found = [masks(core.adjusted(logits, case.spacing, rule) if rule else logits, thresholds)[1] for rule in (None, *tried)]
    return [2 * (mask & truth).sum() / max(mask.sum() + truth.sum(), 1) for mask in found]


def judged(table):
    """By patient: Dice without a rule, with the one chosen by the others, and that rule's number; `table`: {patient: row}."""
    result = {}
    for name, own in table.items():
        chosen = int(np.mean([other for key, other in table.items() if key != name], 0)[1:].argmax())
        result[name] = own[0], own[1 + chosen], chosen
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--cases", type=Path, nargs="+", required=True)
    parser.add_argument("--only", nargs="*", help="names of patients; else all of the folders")
    parser.add_argument("--logits", type=Path, help="folder that keeps the networks' logits")
    arguments = parser.parse_args()
    answers = Answers(Package(arguments.package))
    tried, table = rules(answers.thresholds[1]), {}
    for folder in sorted(path for cases in arguments.cases for path in cases.iterdir()):
        if not arguments.only or folder.name in arguments.only:
            case = Case(folder)
            table[case.name] = row(logits_of(answers, case, arguments.logits), case, tried, answers.thresholds)
    result = judged(table)
    for name, (before, after, chosen) in result.items():
        print(f"{name} {before:.3f} {after:.3f} {tried[chosen]}")
    print("mean without, with the others' rule:", *(f"{np.mean([values[place] for values in result.values()]):.3f}" for place in (0, 1)))
    print("chosen by all:", tried[int(np.mean(list(table.values()), 0)[1:].argmax())])


if __name__ == "__main__":
    main()
