"""Tests whether `background.py` distinguishes skull-stripped studies from heads: every study of a folder unchanged, with other backgrounds
around its brain, and heads, also rotated with filled corners.

Command: `python training/backgrounds.py --cases DIR [--every N]` prints a row for each kind: the number of inputs, the number judged
correctly, and the minimum Dice of the foreground with that of the unchanged input. Other backgrounds and label maps are tested only with
every Nth study.
"""

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from background import like, separated
from preprocess import REFERENCE_ORDER, load_sequences, read_ras

COLIN = Path("/usr/share/mricron/templates/ch2.nii.gz")
DEGREES = 12
# The brightness of a head's tissues and of all other labels, and the scanner's noise as a share of the mean.
LEVELS = (100, 900)
NOISES = {"noise of 4 %": 0.04, "noise of 1 %": 0.01, "air of exactly 0": 0.0}


def values(image):
    return sitk.GetArrayFromImage(image)


def by_brain(change):
    """A study with each sequence's values changed by `change(values as float64, brain mask)`."""
    return lambda study, generator: {
        name: like(image, change(values(image).astype(np.float64), values(image) != 0, generator).astype(np.float32))
        for name, image in study.items()
    }


def z_scores(image, inside, _):
    scores = (image - image[inside].mean()) / image[inside].std()
    return np.where(inside, scores, scores[inside].min())


def turned(image, degrees, interpolator, outside):
    """The image rotated about the inferior–superior axis, on its own grid; `outside` fills the corners."""
    turn = sitk.Euler3DTransform()
    turn.SetCenter(image.TransformContinuousIndexToPhysicalPoint([(size - 1) / 2 for size in image.GetSize()]))
    turn.SetRotation(0, 0, np.radians(degrees))
    return sitk.Resample(image, image, turn, interpolator, outside)


def rippled(study, _):
    """Brains rotated by 8° with splines, which leave ripples around them."""
    room = {name: sitk.ConstantPad(image, [12] * 3, [12] * 3, 0.0) for name, image in study.items()}
    return {name: turned(image, 8, sitk.sitkBSpline, 0.0) for name, image in room.items()}


def turned_mask(mask):
    room = sitk.ConstantPad(sitk.Cast(mask, sitk.sitkFloat32), [12] * 3, [12] * 3, 0.0)
    return values(turned(room, 8, sitk.sitkLinear, 0.0)) > 0.5


BACKGROUNDS = {
    "as it is": lambda study, _: study,
    "-1": by_brain(lambda image, inside, _: np.where(inside, image, -1)),
    "-1024": by_brain(lambda image, inside, _: np.where(inside, image, -1024)),
    "slope 2, intercept 100": by_brain(lambda image, inside, _: 2 * image + 100),
    "z-scores, background at their minimum": by_brain(z_scores),
    "noise of 0.5 % about 0": by_brain(
        lambda image, inside, generator: np.where(inside, image, generator.normal(0, 0.005 * np.quantile(image, 0.99), image.shape))),
    "ripples of a spline": rippled,
}


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / max(np.count_nonzero(a) + np.count_nonzero(b), 1)


def studies(cases):
    """Folders and RAS images by sequence."""
    for folder in sorted(path for part in ("train", "validation", "unlabelled", "originals") for path in (cases / part).iterdir()):
        if folder.is_dir():
            yield folder, load_sequences(folder)


def heads(cases, every):
    """Kinds, names and whole heads by sequence: Colin, raw series one by one, and label maps with random contrasts."""
    if COLIN.exists():
        yield "scanned", "colin", {"t1": read_ras(COLIN)}
    for name, image in load_sequences(cases / "originals" / "TCGA-FG-6692_native").items():
        yield "scanned", f"TCGA-FG-6692 {name}", {name: image}
    for number, path in enumerate(sorted((cases / "labelmaps").glob("*.nii.gz"))[::every]):
        labels = sitk.DICOMOrient(sitk.ReadImage(str(path)), "RAS")
        generator = np.random.default_rng(number)
        codes, places = np.unique(values(labels), return_inverse=True)
        contrast = np.where(codes == 0, 0, generator.uniform(*LEVELS, len(codes)))
        clean = values(sitk.SmoothingRecursiveGaussian(like(labels, contrast[places].reshape(values(labels).shape).astype(np.float32)), 0.7))
        clean = np.where(values(labels) == 0, 0, clean)
        for kind, noise in NOISES.items():
            parts = noise * 500 * generator.standard_normal((2, *clean.shape))
            yield kind, path.name, {"t1": like(labels, np.hypot(clean + parts[0], parts[1]).astype(np.float32))}


def foreground(study):
    _, mask, is_brain = separated(study, next(study[name] for name in REFERENCE_ORDER if name in study))
    return mask, is_brain


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    cases, every = arguments.cases, arguments.every
    rows: dict[str, list] = {}

    def note(kind, name, is_right, agreement):
        rows.setdefault(kind, []).append((is_right, agreement))
        if not is_right or agreement < 0.98:
            print(f"{kind}: {name}: {'right' if is_right else 'WRONG'}, Dice {agreement:.4f}", flush=True)

    for number, (folder, study) in enumerate(studies(cases)):
        name = folder.name
        if "native" in name:
            continue
        expected = foreground(study)[0]
        for kind, change in BACKGROUNDS.items():
            if number % every and kind != "as it is":
                continue
            mask, is_brain = foreground(change(study, np.random.default_rng(0)))
            wanted = turned_mask(expected) if change is rippled else values(expected) > 0
            note(f"brain, {kind}", name, is_brain, dice(values(mask) > 0, wanted))
    for kind, name, head in heads(cases, every):
        mask, is_brain = foreground(head)
        note(f"head, {kind}", name, not is_brain, 1.0)
        corners = {}
        for fill in ("0", "mean"):
            moved = {key: turned(image, DEGREES, sitk.sitkLinear, 0.0 if fill == "0" else float(values(image).mean()))
                     for key, image in head.items()}
            corners[fill] = foreground(moved)
        note(f"head turned, corners of the mean, {kind}", name, not corners["mean"][1],
             dice(values(corners["mean"][0]) > 0, values(corners["0"][0]) > 0))
    print("| input | number | judged rightly | least Dice |\n| --- | --- | --- | --- |")
    for kind, found in rows.items():
        print(f"| {kind} | {len(found)} | {sum(right for right, _ in found)} | {min(agreement for _, agreement in found):.3f} |")


if __name__ == "__main__":
    main()
