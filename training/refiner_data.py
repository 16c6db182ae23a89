"""Cases at 1 mm for the second stage: the packed cache and the patches that training draws from it.

Command: `python training/refiner_data.py --cases DIR [--phantoms DIR]` packs every case once into `training/cache/1mm/`.
"""

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch

from augment import augment, smooth
from data import CACHE, PSEUDO_WEIGHT, convention, regions
from preprocess import SEQUENCES, load_sequences, normalise, prepare, read_ras

CACHE_1MM = CACHE / "1mm"
PATCH = (80, 80, 80)
# Drawn larger, so that a turned patch has no empty corners.
DRAWN = (96, 96, 96)
TRANSPLANT_SHARE = 0.2


def pack(folder):
    """One case at its own 1 mm: images float16 [4, k, j, i] scaled by the first stage's mean and deviation, masks, weight."""
    folder = Path(folder)
    sequences = load_sequences(folder)
    prepared = prepare(sequences)
    inside = np.any([sitk.GetArrayViewFromImage(image) != 0 for image in sequences.values()], 0)
    images = np.zeros((len(SEQUENCES), *inside.shape), np.float16)
    for channel, name in enumerate(SEQUENCES):
        if name in sequences:
            values = sitk.GetArrayViewFromImage(sequences[name])
            images[channel] = normalise(values, inside, *prepared.statistics[name])
    expert = folder / "seg.nii.gz"
    truth = sitk.GetArrayFromImage(read_ras(expert if expert.exists() else folder / "seg_pseudo.nii.gz"))
    masks = regions(np.rint(truth), convention(folder.name))
    filled = np.argwhere(inside)
    low, high = filled.min(0), filled.max(0) + 1
    box = tuple(slice(a, b) for a, b in zip(low, high))
    return {
        "images": images[(slice(None), *box)],
        "availability": prepared.availability,
        "masks": masks[(slice(None), *box)].astype(np.uint8),
        "weight": np.float32(1 if expert.exists() else PSEUDO_WEIGHT),
    }


def load_cases():
    """Every packed case as a dictionary of tensors, by name; with the places of its regions' voxels."""
    cases = {}
    for path in sorted(CACHE_1MM.glob("*.npz")):
        with np.load(path) as packed:
            case = {key: torch.from_numpy(packed[key]) for key in packed.files}
        places = [torch.nonzero(mask)[::37].to(torch.int16) for mask in case["masks"]]
        cases[path.stem] = {**case, "places": [place for place in places if len(place)]}
    return cases


def draw(count, generator):
    return int(torch.randint(count, (), generator=generator))


def window(case, centre, size):
    """Images float [4, *size] and masks float [3, *size] around a voxel; beyond the brain all is 0."""
    shape = case["masks"].shape[1:]
    images, masks = torch.zeros(4, *size), torch.zeros(3, *size)
    source, target = [], []
    for middle, extent, wanted in zip(centre, shape, size):
        first = int(middle) - wanted // 2
        low, high = max(first, 0), min(first + wanted, extent)
        source.append(slice(low, high))
        target.append(slice(low - first, high - first))
    images[(slice(None), *target)] = case["images"][(slice(None), *source)].float()
    masks[(slice(None), *target)] = case["masks"][(slice(None), *source)].float()
    return images, masks


def centre_of(case, generator):
    """A voxel of a random region of the tumour (any voxel of the brain in one of ten draws), moved by up to 20 mm."""
    shape = torch.tensor(case["masks"].shape[1:])
    if not case["places"] or draw(10, generator) == 0:
        return (torch.rand(3, generator=generator) * shape).long()
    places = case["places"][draw(len(case["places"]), generator)]
    return places[draw(len(places), generator)].long() + torch.randint(-20, 21, (3,), generator=generator)


def transplant(images, masks, donor, generator):
    """The donor's tumour laid over another patient's patch, its edge blended over about 2 mm (after TumorMix, CarveMix)."""
    foreign, lesion = window(donor, centre_of(donor, generator), DRAWN)
    share = smooth(lesion[:1], 1.5).clamp(0, 1) * (images != 0).any(0, keepdim=True)
    mixed = images * (1 - share) + foreign * share
    return mixed, torch.where(share > 0.5, torch.maximum(lesion, masks * 0), masks)


def sample(case, cases, generator):
    """An augmented patch: images [4, *PATCH], masks [3, *PATCH], availability [4]."""
    images, masks = window(case, centre_of(case, generator), DRAWN)
    availability = case["availability"]
    if torch.rand((), generator=generator) < TRANSPLANT_SHARE:
        donor = cases[sorted(cases)[draw(len(cases), generator)]]
        if donor["places"] and torch.equal(donor["availability"], availability):
            images, masks = transplant(images, masks, donor, generator)
    images, masks, availability = augment(images, masks, availability, generator)
    inner = tuple(slice((a - b) // 2, (a - b) // 2 + b) for a, b in zip(DRAWN, PATCH))
    return images[(slice(None), *inner)], masks[(slice(None), *inner)], availability


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, help="folder with train/ and unlabelled/")
    parser.add_argument("--phantoms", type=Path, help="folder of phantom folders named phantom-*")
    arguments = parser.parse_args()
    CACHE_1MM.mkdir(exist_ok=True, parents=True)
    folders = [*(arguments.cases / "train").iterdir(), *(arguments.cases / "unlabelled").iterdir()]
    folders += arguments.phantoms.glob("phantom-*") if arguments.phantoms else []
    for folder in sorted(folders):
        packed = CACHE_1MM / f"{folder.name}.npz"
        if not packed.exists():
            np.savez(packed, **pack(folder))


if __name__ == "__main__":
    main()
