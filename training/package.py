"""Writes `model.json` of a model package beside its network, with the metrics of `evaluate.py`.

Command: `python training/package.py --folder models/NAME --metrics metrics.json --version 2.0.0`.
"""

import argparse
import hashlib
import json
from pathlib import Path

import onnx

import inference
from patches import CACHE_1MM
from preprocess import MULTIPLE, SEQUENCES, SIGMA_FACTOR, SPACING_MM, STD_FLOOR

LABELS = "0 background, 1 NCR, 2 ED, 3 ET (BraTS 2023)"


def described(path):
    """Name, SHA-256 and size of one file of the package."""
    return {
        "path": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
    }


def outputs(path):
    """The names of a network's outputs: a mixture of experts also returns its gate's weights."""
    return [value.name for value in onnx.load(str(path)).graph.output]


def architecture(described_stages):
    first = "MoME+ (small) at 2 mm: four expert U-Nets, dispatch, voxel-wise gate"
    if "gating_weights" not in described_stages[0]["outputs"]:
        first = "U-Net at 2 mm"
    return first + ("; mixed with a U-Net at 1 mm around what it found" if len(described_stages) > 1 else "")


def stages(folder, share):
    """The stages whose networks are in the folder."""
    first = {
        "network": "locate.onnx",
        "inputs": ["images", "availability"],
        "outputs": outputs(folder / "locate.onnx"),
        "spacing_mm": SPACING_MM,
        "antialias_sigma_factor": SIGMA_FACTOR,
        "window": {"strategy": "box", "multiple": MULTIPLE},
    }
    second = {
        **first,
        "network": "refine.onnx",
        "outputs": ["logits"],
        "spacing_mm": inference.FINE_MM,
        "window": {
            "strategy": "sliding", "size": [inference.WINDOW] * 3, "least": inference.LEAST, "overlap": inference.OVERLAP, "blend": "gaussian",
            "multiple": inference.MULTIPLE,
        },
        "around": {"region": "WT", "probability": inference.FOUND, "margin_mm": inference.MARGIN_MM, "share": share},
    }
    found = [first, second] if (folder / "refine.onnx").exists() else [first]
    return [in_both_precisions(stage, folder) for stage in found]


def in_both_precisions(stage, folder):
    """The stage with its 8-bit network if `quantise.py` wrote one; a stage without one runs in f32 in both precisions."""
    quantised = stage["network"].replace(".onnx", ".int8.onnx")
    if not any(folder.glob("*.int8.onnx")):
        return stage
    return {**stage, "int8": quantised if (folder / quantised).exists() else stage["network"]}


def brain(folder):
    """The network that finds the brain in a head, if the folder has one."""
    stage = {
        "network": "brain.onnx", "inputs": ["images", "availability"], "outputs": ["logits"], "spacing_mm": SPACING_MM,
        "antialias_sigma_factor": SIGMA_FACTOR, "window": {"strategy": "box", "multiple": MULTIPLE},
    }
    return {"brain": stage} if (folder / "brain.onnx").exists() else {}


def patients(folder):
    """The networks' training patients: those packed by `patches.py`; in a checkout without packed cases, as already in the package."""
    names = sorted(path.stem for path in CACHE_1MM.glob("*.npz"))
    if names:
        return {
            "patients": [name for name in names if not name.startswith("phantom")],
            "phantoms": [name for name in names if name.startswith("phantom")],
        }
    known = folder / "model.json"
    found = json.loads(known.read_text())["training"] if known.exists() else {}
    if not found.get("patients"):
        raise SystemExit("package.py: nobody knows whom these networks were trained on; run `make train` once, or restore model.json")
    return {key: found[key] for key in ("patients", "phantoms")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="with locate.onnx, MODEL_CARD.md and perhaps refine.onnx")
    parser.add_argument("--metrics", type=Path, help="what evaluate.py wrote; without it the package states none")
    parser.add_argument("--calibration", type=Path, help="what calibrate.py wrote; without it probabilities stay as they are")
    parser.add_argument("--version", required=True)
    parser.add_argument("--share", type=float, default=inference.SECOND_SHARE, help="weight of the second stage's logits")
    arguments = parser.parse_args()
    described_stages = stages(arguments.folder, arguments.share)
    package = {
        "format": 2,
        "name": arguments.folder.name,
        "version": arguments.version,
        "architecture": architecture(described_stages),
        "sequences": list(SEQUENCES),
        "orientation": "RAS",
        "normalisation": {"method": "zscore", "within": "foreground", "std_floor": STD_FLOOR},
        **brain(arguments.folder),
        "stages": described_stages,
        "outputs": [{"channel": index, "region": region} for index, region in enumerate(("WT", "TC", "ET"))],
        "activation": "sigmoid",
        "threshold": 0.5,
        "label_convention": "brats2023",
        "labels": LABELS,
        "training": {"code": "training/train.py", **patients(arguments.folder)},
        "metrics": json.loads(arguments.metrics.read_text()) if arguments.metrics else None,
        **(json.loads(arguments.calibration.read_text()) if arguments.calibration else {}),
        "files": [
            described(arguments.folder / name)
            for name in sorted(path.name for path in arguments.folder.glob("*.onnx")) + ["MODEL_CARD.md"]
        ],
    }
    (arguments.folder / "model.json").write_text(json.dumps(package, indent=2) + "\n")


if __name__ == "__main__":
    main()
