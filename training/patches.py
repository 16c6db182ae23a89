"""Cases at 1 mm: the packed cache, and the training patches.

Command: `python training/patches.py --cases DIR [--phantoms DIR]` packs every case once into `training/cache/1mm/`.
"""

from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from torch.nn import functional as F

import synthetic
from augment import augment, smooth
from data import CACHE, convention, pack_all, places_of, regions, weight
from draws import chance, draw, uniform
from preprocess import SEQUENCES, load_sequences, mean_and_deviation, normalise, read_ras

CACHE_1MM = CACHE / "1mm"
# SRI24's midline in LPS millimetres, and its allowed position within a brain's width: a case elsewhere is in another space.
MIDLINE_MM, MIDDLE = 119.5, (0.4, 0.6)
# Patches are drawn larger by this share, so that a rotated patch has no empty corners.
ROOM = 1.25
TRANSPLANT_SHARE, HEALTHY_SHARE = 0.2, 0.08
# The share of patch centres in the tumour; others are anywhere in the brain.
TUMOUR_SHARE = 0.75
HEALTHY_GAP_MM = 4
# For patches with enhancement: the share that loses it, the margin in voxels, and the minimum part removed.
QUIETED_SHARE, QUIETED_REACH, QUIETED_LEAST = 0.15, 2, 0.85
T1, T1CE = SEQUENCES.index("t1"), SEQUENCES.index("t1ce")
PHANTOM_WEIGHT = 0.5


def pack(folder):
    """One case at its own 1 mm: images float16 [4, k, j, i] of z-scores within the brain, masks, weight, midline index."""
    folder = Path(folder)
    sequences = load_sequences(folder)
    inside = np.any([sitk.GetArrayViewFromImage(image) != 0 for image in sequences.values()], 0)
    images = np.zeros((len(SEQUENCES), *inside.shape), np.float16)
    for channel, name in enumerate(SEQUENCES):
        if name in sequences:
            values = sitk.GetArrayViewFromImage(sequences[name])
            images[channel] = np.clip(normalise(values, inside, *mean_and_deviation(values, inside)), -10, 20)
    expert = folder / "seg.nii.gz"
    image = read_ras(expert if expert.exists() else folder / "seg_pseudo.nii.gz")
    masks = regions(np.rint(sitk.GetArrayFromImage(image)), convention(folder.name))
    filled = np.argwhere(inside)
    low, high = filled.min(0), filled.max(0) + 1
    box = tuple(slice(a, b) for a, b in zip(low, high))
    is_phantom = folder.name.startswith("phantom")
    return {
        "images": images[(slice(None), *box)],
        "availability": np.array([float(name in sequences) for name in SEQUENCES], np.float32),
        "masks": masks[(slice(None), *box)].astype(np.uint8),
        "weight": np.float32(PHANTOM_WEIGHT) if is_phantom else weight(folder),
        "midline": np.float32(-1 if is_phantom else midline(image, low[2], high[2])),
    }


def midline(image, low, high):
    """The midline's column relative to column `low` of a brain that ends before `high`; -1 if the image is in another space than SRI24."""
    found = abs(image.GetOrigin()[0] - MIDLINE_MM) - low
    return found if MIDDLE[0] < found / (high - low) < MIDDLE[1] else -1


def mirrored(case):
    """The same brain with its healthy half on both sides, without the tumour; None if the tumour reaches the midline."""
    whole, width = case["masks"][0], case["masks"].shape[3]
    columns = torch.nonzero(whole.amax((0, 1)))[:, 0]
    if case["midline"] < 0 or len(columns) == 0:
        return None
    middle = int(round(float(case["midline"]) * 2))
    opposite = middle - torch.arange(width)
    if int(columns.max()) * 2 < middle - 2 * HEALTHY_GAP_MM:
        sick = torch.arange(width) * 2 < middle
    elif int(columns.min()) * 2 > middle + 2 * HEALTHY_GAP_MM:
        sick = torch.arange(width) * 2 > middle
    else:
        return None
    known = (opposite >= 0) & (opposite < width)
    other = case["images"][..., opposite.clamp(0, width - 1)] * known
    images = torch.where(sick, other, case["images"])
    return {**case, "images": images, "masks": torch.zeros_like(case["masks"]), "places": []}


def without_contrast(case):
    """Factor and offset that turn T1 into T1CE without contrast uptake; None if one of them is missing."""
    if case["availability"][[T1, T1CE]].min() == 0:
        return None
    healthy = (case["images"][T1] != 0) & (case["masks"][0] == 0)
    t1, t1ce = (case["images"][index][healthy].float() for index in (T1, T1CE))
    # Excludes vessels and dura, which enhance.
    usual = t1ce < np.quantile(t1ce.numpy(), 0.97)
    factor = t1ce[usual].std() / t1[usual].std()
    return float(factor), float(t1ce[usual].mean() - factor * t1[usual].mean())


def quieted(images, masks, contrast, generator):
    """The tumour with its enhancement removed: T1CE is synthesised from T1 there (`contrast`: see `without_contrast`), and the core stays core."""
    width = 2 * QUIETED_REACH + 1
    near = smooth(F.max_pool3d(masks[None, 2:], width, 1, QUIETED_REACH)[0], 1).clamp(0, 1)
    strength = uniform(QUIETED_LEAST, 1, generator)
    images, masks = images.clone(), masks.clone()
    images[T1CE] = torch.lerp(images[T1CE], contrast[0] * images[T1] + contrast[1] * (images[T1] != 0), strength * near[0])
    masks[2] = 0
    return images, masks


def load_cases():
    """Every packed case as a dictionary of tensors, by name; with the positions of its regions' voxels and a healthy twin.

    Synthetic patients are included as one case per head (`synthetic.load`).
    """
    cases = {}
    for path in sorted(CACHE_1MM.glob("*.npz")):
        with np.load(path) as packed:
            case = {key: torch.from_numpy(packed[key]) for key in packed.files}
        case["places"] = places_of(case["masks"])
        cases[path.stem] = {**case, "contrast": without_contrast(case), "healthy": mirrored(case)}
    return cases | synthetic.load()


def window(case, centre, size, generator):
    """Images float [4, *size] and masks float [3, *size] around a voxel; 0 beyond the brain."""
    shape = case["masks"].shape[1:]
    images, masks = torch.zeros(4, *size), torch.zeros(3, *size)
    source, target = [], []
    for middle, extent, wanted in zip(centre, shape, size):
        first = int(middle) - wanted // 2
        low, high = max(first, 0), max(min(first + wanted, extent), max(first, 0))
        source.append(slice(low, high))
        target.append(slice(low - first, high - first))
    if "tissues" in case:
        part = synthetic.render(case["tissues"][tuple(source)], case["counts"], generator)
    else:
        part = case["images"][(slice(None), *source)].float()
    images[(slice(None), *target)] = part
    masks[(slice(None), *target)] = case["masks"][(slice(None), *source)].float()
    return images, masks


def centre_of(case, size, generator):
    """A voxel of a random region of the tumour, moved by up to a third of the patch, or any voxel of the brain's box.

    Clamped so that no more of the patch than necessary is outside the box.
    """
    shape, size = torch.tensor(case["masks"].shape[1:]), torch.tensor(size)
    if case["places"] and chance(generator) < TUMOUR_SHARE:
        places = case["places"][draw(len(case["places"]), generator)]
        centre = places[draw(len(places), generator)].long()
        centre = centre + ((torch.rand(3, generator=generator) - 0.5) * size * 2 / 3).long()
    else:
        centre = (torch.rand(3, generator=generator) * shape).long()
    low, high = torch.minimum(size // 2, shape // 2), torch.maximum(shape - size // 2, shape // 2)
    return torch.minimum(torch.maximum(centre, low), high)


def transplant(images, masks, donor, generator):
    """The donor's tumour pasted into another patient's patch, its edge blended over about 2 mm (after TumorMix, CarveMix)."""
    size = images.shape[1:]
    foreign, lesion = window(donor, centre_of(donor, size, generator), size, generator)
    share = smooth(lesion[:1], 1.5).clamp(0, 1) * (images != 0).any(0, keepdim=True) * (foreign != 0).any(0, keepdim=True)
    return images * (1 - share) + foreign * share, torch.where(share > 0.5, lesion, masks)


def sample(case, cases, size, generator):
    """An augmented patch: images [4, *size], masks [3, *size], kept sequences [4]."""
    availability = case["availability"]
    larger = [int(extent * ROOM) // 2 * 2 for extent in size]
    if "variants" in case:
        patient = case["variants"][draw(len(case["variants"]), generator)]
        return augment(*window(patient, centre_of(patient, size, generator), larger, generator), availability, size, generator)
    if case["healthy"] is not None and chance(generator) < HEALTHY_SHARE:
        case = case["healthy"]
    images, masks = window(case, centre_of(case, size, generator), larger, generator)
    if chance(generator) < TRANSPLANT_SHARE:
        donor = cases[sorted(cases)[draw(len(cases), generator)]]
        # A head with synthetic patients has no positions of its own and is not a donor.
        if donor.get("places") and torch.equal(donor["availability"], availability):
            images, masks = transplant(images, masks, donor, generator)
    if case.get("contrast") and masks[2].any() and chance(generator) < QUIETED_SHARE:
        images, masks = quieted(images, masks, case["contrast"], generator)
    return augment(images, masks, availability, size, generator)


if __name__ == "__main__":
    pack_all(__doc__, CACHE_1MM, pack)
