"""Writes `model.json` of a model package beside its network, with the metrics that `evaluate.py` measured.

Command: `python training/package.py --folder models/mome-2mm --run DIR --version 1.0.0`.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch

from data import CACHE
from preprocess import MULTIPLE, SEQUENCES, SIGMA_FACTOR, SPACING_MM, STD_FLOOR

LABELS = "0 background, 1 NCR, 2 ED, 3 ET (BraTS 2023)"


def described(path):
    """Name, SHA-256 and size of one file of the package."""
    return {
        "path": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
    }


def training_facts(run):
    """What the network was trained on and for how long."""
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    names = sorted(path.stem for path in CACHE.glob("*.npz"))
    return {
        "code": "training/train.py",
        "patients": [name for name in names if not name.startswith("phantom")],
        "phantoms": [name for name in names if name.startswith("phantom")],
        "steps": state["step"],
        "seconds": round(state["seconds"]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="folder with checkpoint.pt and metrics.json")
    parser.add_argument("--version", required=True)
    arguments = parser.parse_args()
    network = arguments.folder / "network.onnx"
    package = {
        "format": 2,
        "name": arguments.folder.name,
        "version": arguments.version,
        "architecture": "MoME+ (small): four expert U-Nets, dispatch, voxel-wise gate",
        "sequences": list(SEQUENCES),
        "orientation": "RAS",
        "normalisation": {"method": "zscore", "within": "foreground", "std_floor": STD_FLOOR},
        "stages": stages,
        "outputs": [{"channel": index, "region": region} for index, region in enumerate(("WT", "TC", "ET"))],
        "activation": "sigmoid",
        "threshold": 0.5,
        "label_convention": "brats2023",
        "labels": LABELS,
        "training": training_facts(arguments.run),
        "metrics": json.loads((arguments.run / "metrics.json").read_text()),
        "files": [described(path) for path in (network, arguments.folder / "MODEL_CARD.md")],
    }
    (arguments.folder / "model.json").write_text(json.dumps(package, indent=2) + "\n")


if __name__ == "__main__":
    main()
