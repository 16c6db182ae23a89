"""Tests inputs that do not show a tumour patient: brains without a tumour, a test object, another organ, noise, swapped series. None may be
returned as a tumour without "needs review".

Command: `python training/strange_inputs.py --cases DIR [--program FILE] [--out FILE]` runs `neuroai segment` on each.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from scipy import ndimage

import patches
from preprocess import SEQUENCES

COLIN = Path("/usr/share/mricron/templates/ch2bet.nii.gz")
SHAPE = (160, 192, 150)
# RAS millimetres; the grid's centre is the patient's origin.
AFFINE = np.diag([1.0, 1, 1, 1]) + np.array([[0, 0, 0, -80], [0, 0, 0, -96], [0, 0, 0, -75], [0, 0, 0, 0]])


def save(folder, images, affine=AFFINE):
    """Images [i, j, k] by sequence as a case folder."""
    folder.mkdir(parents=True)
    for name, values in images.items():
        nib.save(nib.Nifti1Image(values.astype(np.float32), affine), folder / f"{name}.nii.gz")
    return folder


def coordinates():
    """x, y, z in mm from the centre, [i, j, k] each."""
    return np.meshgrid(*(np.arange(size) - size / 2 for size in SHAPE), indexing="ij", sparse=True)


def test_object(generator):
    """A water-filled cylinder with rods, like MR quality-control phantoms; black around it."""
    x, y, z = coordinates()
    inside = (x**2 + y**2 < 75**2) & (abs(z) < 65)
    image = 600.0 * inside
    for angle in range(0, 360, 45):
        a, b = 45 * np.cos(np.radians(angle)), 45 * np.sin(np.radians(angle))
        image[((x - a) ** 2 + (y - b) ** 2 < (4 + angle / 40) ** 2) & inside] = 1500
    return {name: (image * gain + generator.normal(0, 8, SHAPE)) * inside for name, gain in zip(SEQUENCES, (1, 1, 1.4, 1.2))}


def abdomen(generator):
    """A trunk with fat, liver, spleen, spine and vessels; surrounded by noise."""
    x, y, z = coordinates()
    body = (x / 78) ** 2 + (y / 62) ** 2 + 0 * z < 1
    fat = body & ((x / 68) ** 2 + (y / 52) ** 2 >= 1)
    liver = ((x - 28) / 36) ** 2 + ((y - 6) / 34) ** 2 + (z / 55) ** 2 < 1
    spleen = ((x + 45) / 16) ** 2 + ((y + 18) / 22) ** 2 + (z / 35) ** 2 < 1
    spine = x**2 + (y + 36) ** 2 + 0 * z < 15**2
    aorta = (x + 8) ** 2 + (y + 14) ** 2 + 0 * z < 9**2
    levels = {"t1": (400, 900, 600, 450, 500, 150), "t1ce": (420, 900, 800, 700, 520, 1000),
              "t2": (350, 800, 300, 700, 400, 80), "flair": (350, 500, 350, 600, 400, 80)}
    images = {}
    for name, values in levels.items():
        image = np.zeros(SHAPE)
        for place, value in zip((body, fat, liver, spleen, spine, aorta), values):
            image[np.broadcast_to(place, SHAPE)] = value
        images[name] = np.abs(ndimage.gaussian_filter(image, 1) + generator.normal(0, 15, SHAPE))
    return images


def noise(generator):
    return {name: np.abs(generator.normal(0, 300, SHAPE)) for name in SEQUENCES}


def brain_of_noise(generator):
    """Noise in the shape of a skull-stripped brain."""
    x, y, z = coordinates()
    inside = (x / 62) ** 2 + (y / 80) ** 2 + (z / 58) ** 2 < 1
    return {name: np.abs(generator.normal(500, 150, SHAPE)) * inside for name in SEQUENCES}


def healthy(folder):
    """A case's tumour-free half on both sides (`patches.mirrored`) as RAS images; None if the tumour reaches the midline."""
    packed = {key: torch.from_numpy(np.asarray(value)) for key, value in patches.pack(folder).items()}
    twin = patches.mirrored(packed)
    if twin is None:
        return None
    return {name: (values.float().numpy().transpose(2, 1, 0) + 4) * 100 * (values != 0).numpy().transpose(2, 1, 0)
            for name, values in zip(SEQUENCES, twin["images"])}


def swapped(folder, a, b):
    """A case with two series swapped."""
    images = {name: nib.load(folder / f"{name}.nii.gz") for name in SEQUENCES}
    images[a], images[b] = images[b], images[a]
    return images


def inputs(cases, work):
    """Pairs of kind and case folder."""
    generator = np.random.default_rng(0)
    for make in (test_object, abdomen, noise, brain_of_noise):
        yield make.__name__.replace("_", " "), save(work / make.__name__, make(generator))
    if COLIN.exists():
        image = nib.load(COLIN)
        yield "brain without a tumour", save(work / "colin", {"t1": image.get_fdata()}, image.affine)
    for folder in sorted((cases / "validation").iterdir()) + sorted((cases / "train").glob("Brats18*")):
        twin = healthy(folder)
        if twin:
            yield "brain without a tumour", save(work / f"healthy-{folder.name}", twin)
    for folder in sorted((cases / "validation").iterdir()):
        for a, b in itertools.combinations(SEQUENCES, 2):
            target = work / f"swapped-{a}-{b}-{folder.name}"
            target.mkdir()
            for name, image in swapped(folder, a, b).items():
                nib.save(image, target / f"{name}.nii.gz")
            yield f"{a} and {b} interchanged", target


def answer(program, folder, out):
    """The program's answer: `refused`, or the tumour volume, the predicted Dice and whether review is needed."""
    files = [word for name in SEQUENCES if (folder / f"{name}.nii.gz").exists() for word in (f"--{name}", folder / f"{name}.nii.gz")]
    run = subprocess.run([program, "segment", *map(str, files), "--out", str(out)], capture_output=True, text=True)
    if run.returncode:
        return {"refused": run.stderr.strip().splitlines()[-1]}
    result = json.loads((out / "result.json").read_text())
    return {"ml": round(result["volumes_ml"]["whole_tumor"], 1), "expected_dice": result["expected_dice"].get("whole_tumor"),
            "review": result["review"]["needed"], "reasons": result["review"]["reasons"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--program", default=".build/release/neuroai")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows, kinds = [], {}
    with tempfile.TemporaryDirectory() as work:
        # A program that rejects everything would appear to recognise strange inputs.
        patient = answer(arguments.program, min((arguments.cases / "validation").iterdir()), Path(work) / "out")
        if "refused" in patient:
            sys.exit(f"the program refuses a patient too: {patient['refused']}")
        for kind, folder in inputs(arguments.cases, Path(work)):
            found = answer(arguments.program, folder, Path(work) / "out")
            rows.append({"kind": kind, "input": folder.name, **found})
            kinds.setdefault(kind, []).append("refused" in found or found["review"])
            print(kind, folder.name, {key: value for key, value in found.items() if key != "reasons"}, flush=True)
    for kind, flags in kinds.items():
        print(f"| {kind} | {len(flags)} | {sum(flags)} |")
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
