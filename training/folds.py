"""Leave-site-out validation of the first stage: for every site a U-Net is trained from scratch on all other sites' patients, one thread
each, and measured alone at 2 mm on the held-out site's patients.

Command: `python training/folds.py --cases DIR --minutes N --run DIR` after `data.py`; can be resumed; prints a table by site and writes
`folds.json` into the run's folder.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

import checkpoint
from data import CACHE, REGIONS
from evaluate import Answers, Case, subsets
from compare import packaged
from inference import Package

HERE = Path(__file__).parent
# The prefixes of patients' names by site; unlabelled studies of a site are excluded with it.
SITES = {
    "BraTS 2013": ("Brats18_2013",),
    "CBICA": ("Brats18_CBICA",),
    "TCIA": ("Brats18_TCIA",),
    "BraTS 2021": ("BraTS2021",),
    "BraTS 2015 (T1CE, FLAIR)": ("deepmedic15",),
}


def members(beginnings, names):
    """The names that belong to a site."""
    return sorted(name for name in names if name.startswith(beginnings))


def train(beginnings, run, minutes):
    left_out = members(beginnings, (path.stem for path in CACHE.glob("*.npz")))
    subprocess.run([sys.executable, HERE / "train.py", "--stage", "plain", "--run", run, "--minutes", str(minutes), "--threads", "1",
                    "--without", *left_out], check=True)


def measure(beginnings, run, cases):
    """By patient of the site: Dice with all available sequences, and the mean over their subsets."""
    answers, rows = Answers(Package(packaged("plain", run))), {}
    for name in members(beginnings, (path.name for path in cases.iterdir())):
        case, table = Case(cases / name), []
        for names in subsets():
            if set(names) <= set(case.sequences):
                table.append(list(case.dice(answers.segmented(case, names)[1]).values()))
        answers.known.clear()
        rows[name] = {"all": dict(zip(REGIONS, table[0])), "subsets": dict(zip(REGIONS, np.mean(table, 0).tolist())), "count": len(table)}
        print(name, {region: round(value, 3) for region, value in rows[name]["all"].items()}, flush=True)
    return rows


def means(rows, key):
    return "/".join(f"{np.mean([row[key][region] for row in rows.values()]):.3f}" for region in REGIONS)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, help="the training cases, which have labels")
    parser.add_argument("--minutes", type=float, required=True, help="of each site's training")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--sites", nargs="*", choices=SITES, default=list(SITES), help="leave out only these in their turn")
    arguments = parser.parse_args()
    found, lines = {}, []
    for number, (site, beginnings) in enumerate(SITES.items()):
        if site not in arguments.sites:
            continue
        run = arguments.run / str(number)
        train(beginnings, run, arguments.minutes)
        rows = measure(beginnings, run, arguments.cases)
        found[site] = {"steps": checkpoint.load(run)["step"], "patients": rows}
        lines.append(f"| {site} | {len(rows)} | {found[site]['steps']} | {means(rows, 'all')} | {means(rows, 'subsets')} |")
        (arguments.run / "folds.json").write_text(json.dumps(found, indent=1))
    every = {name: row for part in found.values() for name, row in part["patients"].items()}
    lines.append(f"| **all** | {len(every)} | | {means(every, 'all')} | {means(every, 'subsets')} |")
    print("| site left out | patients | steps | all sequences, Dice WT/TC/ET | mean over the subsets |", "| --- | --- | --- | --- | --- |",
          *lines, sep="\n")


if __name__ == "__main__":
    main()
