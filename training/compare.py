"""MoME against a plain U-Net of equal cost: both are trained from scratch concurrently, one thread each, and measured alone at 2 mm.

Command: `python training/compare.py --cases DIR --minutes N --run DIR` after `data.py`; prints the table of `docs/decisions/0206`.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import checkpoint
import export
from data import REGIONS
from package import stages

HERE = Path(__file__).parent
NETWORKS = {"locate": "MoME", "plain": "U-Net"}


def train(stage, run, minutes):
    return subprocess.Popen([sys.executable, HERE / "train.py", "--stage", stage, "--run", run, "--minutes", str(minutes), "--threads", "1"])


def packaged(stage, run):
    """Exports a run's network as a package of one stage; the package's folder."""
    folder = run / "package"
    folder.mkdir(exist_ok=True)
    export.write(export.load(stage, run), folder / "locate.onnx")
    outputs = [{"channel": index, "region": region} for index, region in enumerate(REGIONS)]
    (folder / "model.json").write_text(json.dumps({"stages": stages(folder, 1.0)[:1], "outputs": outputs}))
    return folder


def measure(stage, run, cases):
    """The metrics of `evaluate.py` for a run's network alone."""
    out = run / "metrics.json"
    subprocess.run([sys.executable, HERE / "evaluate.py", "--package", packaged(stage, run), "--cases", cases, "--out", out], check=True)
    return json.loads(out.read_text())


def row(name, run, metrics):
    steps = checkpoint.load(run)["step"]
    four, mean = metrics["mean_dice"], metrics["mean_over_subsets"]
    dice = ["/".join(f"{values[region]:.3f}" for region in REGIONS) for values in (four, mean)]
    return f"| {name} | {steps} | {dice[0]} | {dice[1]} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, help="the validation cases")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--run", type=Path, required=True)
    arguments = parser.parse_args()
    runs = {stage: arguments.run / stage for stage in NETWORKS}
    for child in [train(stage, run, arguments.minutes) for stage, run in runs.items()]:
        if child.wait():
            sys.exit("compare: a training failed")
    rows = [row(NETWORKS[stage], run, measure(stage, run, arguments.cases)) for stage, run in runs.items()]
    print("| network | steps | four sequences, Dice WT/TC/ET | mean over the fifteen subsets |", "| --- | --- | --- | --- |", *rows, sep="\n")


if __name__ == "__main__":
    main()
