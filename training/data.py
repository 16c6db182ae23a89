"""The cases: label conventions and the packed training cache.

Command: `python training/data.py --cases DIR [--phantoms DIR]` packs every case once into `training/cache/`.
"""

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch

from preprocess import load_sequences, prepare, read_ras, to_grid

CACHE = Path(__file__).parent / "cache"
REGIONS = ("WT", "TC", "ET")

# Labels of each region by convention. In `brats2015` 1 necrosis, 2 oedema, 3 non-enhancing, 4 enhancing; in `brats` (up to 2021) 1 necrosis
# and non-enhancing, 2 oedema, 4 enhancing; since 2023, 3 is enhancing.
LABELS = {
    "brats": {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)},
    "brats2015": {"WT": (1, 2, 3, 4), "TC": (1, 3, 4), "ET": (4,)},
    "brats2023": {"WT": (1, 2, 3), "TC": (1, 3), "ET": (3,)},
}
PSEUDO_WEIGHT = 0.5
# Labelled by fused algorithms and approved by experts, not drawn by hand.
FUSED = ("BRATS15_tcia",)
# One in this many voxels of a region is kept as a candidate centre of patches.
PLACE_STEP = 37


def convention(name):
    """The label convention of a case by its folder's name."""
    if name.startswith("deepmedic15"):
        return "brats2015"
    return "brats2023" if name.startswith("phantom") else "brats"


def weight(folder):
    """A labelled case's weight in training: lower for masks not drawn by an expert."""
    is_drawn = (folder / "seg.nii.gz").exists() and not folder.name.startswith(FUSED)
    return np.float32(1 if is_drawn else PSEUDO_WEIGHT)


def regions(labels, name):
    """Region masks, bool [3, ...], of a label map that follows the named convention."""
    return np.stack([np.isin(labels, LABELS[name][region]) for region in REGIONS])


def pack(folder):
    """Prepares one case: images float16 [4, k, j, i], targets uint8 [3, k, j, i] (share of region · 255), weight."""
    folder = Path(folder)
    prepared = prepare(load_sequences(folder))
    expert = folder / "seg.nii.gz"
    truth = read_ras(expert if expert.exists() else folder / "seg_pseudo.nii.gz")
    masks = regions(np.rint(sitk.GetArrayFromImage(truth)), convention(folder.name))
    targets = []
    for mask in masks:
        image = sitk.GetImageFromArray(mask.astype(np.float32))
        image.CopyInformation(truth)
        targets.append(np.rint(to_grid(image, prepared.grid, sitk.sitkLinear) * 255))
    return {
        "images": prepared.images.astype(np.float16),
        "availability": prepared.availability,
        "targets": np.stack(targets).astype(np.uint8),
        "weight": weight(folder),
    }


def places_of(masks):
    """Some voxels int16 [n, 3] of every present region, as candidate centres of patches."""
    found = [torch.nonzero(mask)[::PLACE_STEP].to(torch.int16) for mask in masks]
    return [voxels for voxels in found if len(voxels)]


def pack_all(description, cache, pack):
    """The command that packs every case into `cache` with `pack(folder)`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--cases", type=Path, required=True, help="folder with train/ and unlabelled/")
    parser.add_argument("--phantoms", type=Path, help="folder of phantom folders named phantom-*")
    arguments = parser.parse_args()
    cache.mkdir(exist_ok=True, parents=True)
    folders = [*(arguments.cases / "train").iterdir(), *(arguments.cases / "unlabelled").iterdir()]
    folders += arguments.phantoms.glob("phantom-*") if arguments.phantoms else []
    for folder in sorted(folders):
        packed = cache / f"{folder.name}.npz"
        if not packed.exists():
            np.savez(packed, **pack(folder))


if __name__ == "__main__":
    pack_all(__doc__, CACHE, pack)
