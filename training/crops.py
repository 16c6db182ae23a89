"""Cases at 2 mm, and the first stage's training crops; synthetic patients get their own random contrasts."""

import numpy as np
import torch
from torch.nn import functional as F

import synthetic
from augment import augment
from data import CACHE
from draws import draw
from preprocess import SPACING_MM

# Required by the largest crop.
LEAST = (64, 80, 64)


def load_cases():
    """Every packed case as a dictionary of tensors, by name, plus one case per head with synthetic patients."""
    cases = {}
    for path in sorted(CACHE.glob("*.npz")):
        with np.load(path) as packed:
            cases[path.stem] = {key: torch.from_numpy(packed[key]) for key in packed.files}
    heads = {name: {**head, "variants": [coarse(patient) for patient in head["variants"]]} for name, head in synthetic.load().items()}
    return cases | heads


def coarse(patient):
    """A patient of `synthetic.variant` at 2 mm: every second tissue, and the share of each region in a voxel as `data.pack` stores it."""
    step = int(SPACING_MM)
    extents = [max(extent + extent % step, least * step) for extent, least in zip(patient["tissues"].shape, LEAST)]
    missing = [wanted - extent for wanted, extent in zip(extents, patient["tissues"].shape)]
    padding = [part for gap in reversed(missing) for part in (gap // 2, gap - gap // 2)]
    tissues, masks = (F.pad(values, padding) for values in (patient["tissues"], patient["masks"]))
    return {
        "tissues": tissues[::step, ::step, ::step].contiguous(),
        "targets": torch.round(F.avg_pool3d(masks.float(), step) * 255).to(torch.uint8),
        "counts": patient["counts"],
    }


def crop(case, size, generator):
    """Images float [4, *size] and targets 0…1 [3, *size] at a random position; boxes have at least 64 voxels per axis."""
    starts = [
        int(torch.randint(max(extent - wanted, 0) + 1, (), generator=generator))
        for extent, wanted in zip(case["targets"].shape[1:], size)
    ]
    inner = tuple(slice(start, start + wanted) for start, wanted in zip(starts, size))
    if "tissues" in case:
        images = synthetic.render(case["tissues"][inner], case["counts"], generator)
    else:
        images = case["images"][(slice(None), *inner)].float()
    return images, case["targets"][(slice(None), *inner)].float() / 255


def sample(case, cases, size, generator):
    """An augmented crop: images [4, *size], targets [3, *size], kept sequences [4]."""
    availability = case["availability"]
    if "variants" in case:
        case = case["variants"][draw(len(case["variants"]), generator)]
    return augment(*crop(case, size, generator), availability, size, generator)
