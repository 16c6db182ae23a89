"""Writes the measured part of a package's `MODEL_CARD.md` and its reliability diagram from the measurements of `evaluate.py`.

Command: `python training/card.py --folder models/NAME --metrics metrics.json [--log RUN/log.jsonl]`. Replaces the text between the two
marks of the card, except for the training's losses if no log is given; the rest is written by hand.
"""

import argparse
import json
import re
from pathlib import Path

from data import REGIONS
from preprocess import SEQUENCES

BEGIN, END = "<!-- measured: training/card.py -->", "<!-- end of measured -->"
LOSSES = "Loss of the second stage's last training run:"
FIGURES = (("Dice", "dice", "least", 3), ("HD95, mm", "hd95_mm", "largest", 1), ("lesion-wise F1", "lesion_f1", "least", 2),
           ("volume error, %", "volume_error", "largest", 0))
SHOWN = {"t1": "T1", "t1ce": "T1CE", "t2": "T2", "flair": "FLAIR"}
LOW_GRADE = ("TCIA10", "TCIA13")


def site(name):
    """The source of a case's images, by its folder's name."""
    if name.startswith("BraTS2021"):
        return "BraTS 2021"
    match = re.match(r"B[Rr]a[Tt][Ss]([0-9]{2})_([A-Z]+[0-9]*|2013)", name)
    year, place = match.groups() if match else ("18", name)
    grade = ", low grade" if place in LOW_GRADE else ""
    return f"{'BraTS 2013' if place == '2013' else place} (in BraTS 20{year}){grade}"


def row(*cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def header(*cells):
    return [row(*cells), row(*["---"] * len(cells))]


def number(value, digits, scale=1):
    return "–" if value is None else f"{scale * value:.{digits}f}"


def summary(metrics):
    lines = header("", *REGIONS)
    for name, key, worst, digits in FIGURES:
        scale = 100 if key == "volume_error" else 1
        lines.append(row(name, *(
            " / ".join(number(metrics["summary"][region][key][part], digits, scale) for part in ("mean", "median", worst))
            for region in REGIONS)))
    return lines


def patients(metrics):
    lines = header("patient", "site, year", *REGIONS, "HD95 WT", "volume error WT")
    for name, rows in metrics["cases"].items():
        whole = rows["WT"]
        lines.append(row(name, site(name), *(number(rows[region]["dice"], 3) for region in REGIONS), number(whole["hd95_mm"], 1),
                         number(whole["volume_error"], 0, 100) + " %"))
    return lines


def subsets(metrics):
    lines = header("sequences", *REGIONS)
    for names, values in metrics["subsets"].items():
        lines.append(row(" + ".join(SHOWN[name] for name in names.split("+")), *(number(values[region], 3) for region in REGIONS)))
    for name, key in (("**mean over the fifteen**", "mean_over_subsets"), ("mean over the eight with T1CE", "with_t1ce")):
        lines.append(row(name, *(number(metrics[key][region], 3) for region in REGIONS)))
    return lines


def apart(metrics):
    """The patients that earlier versions were measured on, and those added later."""
    lines = header("patients", "four sequences, WT/TC/ET", "mean over the fifteen subsets")
    shown = {"earlier": "those of versions up to 2.4.0", "later": "further ones"}
    for name, values in metrics["apart"].items():
        dice = ("/".join(number(values[key][region], 3) for region in REGIONS) for key in ("four", "mean_over_subsets"))
        lines.append(row(f"{values['patients']}, {shown[name]}", *dice))
    return lines


def around(metrics):
    """The effect of the core rule in enhancing tumours."""
    found = metrics["calibration"]["TC"]["around_enhancement"]
    return [f"The core around what enhances (docs/decisions/0243), subsets with T1CE: mean Dice of TC {number(found['without'], 3)} without the rule, "
            f"{number(found['with'], 3)} with it; of {found['better']} patients it rises by 0.005 or more, of {found['worse']} it falls."]


def enhancement(metrics):
    """How often the presence of enhancement is predicted correctly."""
    found = metrics["calibration"]["ET"]["enhancement"]
    return [f"Whether anything enhances (docs/decisions/0240), every patient judged by what the others gave, {found['subsets']} subsets with T1CE: of "
            f"{found['enhancing']} masks of patients in whom something does {found['enhancing_kept']} are kept, of {found['quiet']} masks of the same "
            f"patients with the enhancement taken out of T1CE {found['quiet_cleared']} are cleared; {found['unmarked']} of those patients' masks were empty anyway."]


def honesty(metrics):
    lines = header("region", "calibration error before", "after", "correlation of expected and true Dice", "bad ones flagged", "good ones flagged")
    for region, values in metrics["calibration"].items():
        judged = values["quality"]
        lines.append(row(region, number(values["calibration_error_before"], 4), number(values["calibration_error"], 4),
                         number(judged["correlation"], 2), f"{judged['bad_flagged']} of {judged['bad']}",
                         f"{judged['good_flagged']} of {judged['good']}"))
    found = metrics["calibration"]["WT"]["lesions"]
    return lines + ["", f"Lesions ({found['lesions']} over all subsets, {found['wholly_wrong']} of them wholly wrong): a lesion's confidence lies "
                    f"{found['mean_absolute_error']} from the share of its voxels that are right (its mean probability {found['mean_absolute_error_before']}); "
                    f"mean confidence {found['confidence']}, mean share {found['right']}."]


def thresholds(metrics):
    lines = header("region", "marked from this probability on", "mean Dice, from 0.5 on", "mean Dice, from where the other patients' threshold lies")
    for region, values in metrics["calibration"].items():
        found = values["threshold"]
        lines.append(row(region, number(found["chosen"], 2), number(found["mean_dice_even"], 3), number(found["mean_dice"], 3)))
    return lines


def curve(log, points=12):
    """Mean training loss over equal parts of a run."""
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    size = max(1, len(rows) // points)
    lines = header("steps", "minutes", "mean loss")
    for first in range(0, len(rows) - size + 1, size):
        part = rows[first : first + size]
        lines.append(row(part[-1]["step"], round(part[-1]["s"] / 60), number(sum(item["loss"] for item in part) / len(part), 3)))
    return lines


def diagram(metrics, side=320, edge=44):
    """An SVG of the share of correct voxels by confidence, one line per region; the diagonal is perfect calibration."""
    place = lambda confidence, right: (edge + (confidence - 0.5) * 2 * side, edge / 2 + (1 - right) * 2 * side)  # noqa: E731
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{side + 2 * edge}" height="{side + 2 * edge}" font-family="sans-serif" font-size="12">',
             f'<rect x="{edge}" y="{edge / 2}" width="{side}" height="{side}" fill="none" stroke="#888"/>',
             '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="#bbb"/>'.format(*place(0.5, 0.5), *place(1, 1))]
    for share in (0.5, 0.75, 1):
        parts += [f'<text x="{place(share, 0)[0] - 10}" y="{side + edge}">{share}</text>', f'<text x="8" y="{place(0, share)[1] + 4}">{share}</text>']
    for index, (region, colour) in enumerate(zip(REGIONS, ("#0072b2", "#009e73", "#d55e00"))):
        points = [place(bin_["confidence"], max(bin_["accuracy"], 0.5)) for bin_ in metrics["calibration"][region]["reliability"]]
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>')
        parts.append(f'<text x="{edge + 12}" y="{edge + 16 * index}" fill="{colour}">{region}</text>')
    parts.append(f'<text x="{edge + side / 2 - 40}" y="{side + edge + 22}">confidence</text></svg>')
    return "\n".join(parts) + "\n"


def losses(log, card):
    """The table of a run's losses; without its log, as already in the card."""
    if log:
        return [LOSSES, "", *curve(log), ""]
    _, found, known = card.split(END)[0].partition(LOSSES)
    return [found + known.rstrip(), ""] if found else []


def measured(metrics):
    count = len(metrics["cases"])
    return ["", f"Four sequences, {count} patients, mean / median / worst:", "", *summary(metrics), "", *patients(metrics), "",
             *apart(metrics), "", "Mean Dice by the sequences given. Without T1CE no voxel is enhancing tumour:", "", *subsets(metrics), "",
             "From which probability on a voxel is marked: 0.5, or where the mean Dice over patients and subsets is highest while no patient loses "
             "(docs/decisions/0211):", "", *thresholds(metrics), "",
             "How sure it may say it is. Every patient is judged by temperatures, weights and a line for review fitted on the others. Calibration: "
             "voxels within 20 mm of the expert's or our whole tumour, four sequences (diagram: `reliability.svg`). Bad: Dice below 0.7; flagged: "
             f"expected Dice below the region's line; {count * (2 ** len(SEQUENCES) - 1)} pairs of patient and subset, of ET those with T1CE; "
             "masks without a voxel left out.", "", *honesty(metrics), "", *enhancement(metrics), "", *around(metrics), ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--metrics", type=Path, required=True)
    parser.add_argument("--log", type=Path, help="of the training run that is shown")
    arguments = parser.parse_args()
    metrics, path = json.loads(arguments.metrics.read_text()), arguments.folder / "MODEL_CARD.md"
    log = arguments.log if arguments.log and arguments.log.exists() else None
    card = path.read_text()
    before, rest = card.split(BEGIN)
    path.write_text("\n".join([before + BEGIN, *measured(metrics), *losses(log, card), END]) + rest.split(END)[1])
    (arguments.folder / "reliability.svg").write_text(diagram(metrics))


if __name__ == "__main__":
    main()
