"""Synthetic patients: tumours inserted into label maps of real heads, with random contrasts for every patch (after SynthSeg).

Most tumours have the shape of an expert's map of a further patient (`heads.LESIONS`), treated ones with a resection cavity; the others are
grown: fluid and enhancing core, oedema along white matter, and displaced surrounding tissue. Axes are k, j, i of RAS images at 1 mm.
Command: `python training/synthetic.py` after `brainmask.heads` packs the patients of every head into `training/cache/synthetic/`.
"""

import numpy as np
import SimpleITK as sitk
import torch
from scipy import ndimage

from augment import smooth
from brainmask.contrasts import field, table
from brainmask.heads import CACHE_HEADS, CODE, HELD_OUT, TISSUES, TUMOUR, box_around, noise, of, put_tumour
from data import CACHE, places_of
from draws import chance, uniform
from preprocess import SEQUENCES

CACHE_SYNTHETIC = CACHE / "synthetic"
# Per head: with an expert's shape (any tumour, a low-grade or non-enhancing one, a treated one), grown, and without a tumour.
KINDS = ("drawn", "drawn", "quiet", "quiet", "treated", "treated", "grown", "grown", "healthy")
LOW_GRADE = "lesions.BRATS13_LG"
WEIGHT = 0.5
MARGIN_MM = 2
# The speed at which oedema spreads in a tissue relative to white matter, and that of a core; other tissues are barriers.
OEDEMA_SPEED = {"white": 1.0, "altered": 1.0, "deep": 0.5, "stem": 0.5, "cerebellum": 0.3, "cortex": 0.25}
CORE_SPEED = {"white": 1.0, "altered": 1.0, "deep": 0.8, "stem": 0.8, "cerebellum": 0.7, "cortex": 0.7}
# Probabilities of grown cores: a rim around necrosis, enhancing throughout, non-enhancing, and spotted enhancement.
STYLES = {"rim": 0.5, "solid": 0.15, "none": 0.2, "spots": 0.15}
CORE_MM, OEDEMA_MM, RIM_MM = (4, 24), (0, 22), (2, 7)
# The standard deviation of the logarithm of a tumour's brightness, and of the individual voxel.
TUMOUR_SPREAD, TEXTURE = 0.15, 0.06
# The appearance of a non-enhancing core that is not fluid: between grey matter and oedema.
SOLID = {"t1": 0.62, "t1ce": 0.64, "t2": 0.78, "flair": 0.85}


def arrival(speeds, tissues, centre, random):
    """The distance, in mm of white matter, from a voxel to every voxel, by fast marching with random roughness."""
    speed = np.full(len(TISSUES), 1e-4, np.float32)
    for name, value in speeds.items():
        speed[CODE[name]] = value
    rough = speed[tissues] * np.exp(0.35 * noise(random, tissues.shape, 12)).astype(np.float32)
    front = sitk.FastMarchingImageFilter()
    front.SetTrialPoints([[int(index) for index in centre[::-1]]])
    front.SetStoppingValue(CORE_MM[1] + OEDEMA_MM[1] + 20)
    return sitk.GetArrayFromImage(front.Execute(sitk.GetImageFromArray(rough)))


def pushed(tissues, centre, reach, depth):
    """The tissues displaced away from a voxel by at most `depth` voxels, decreasing over `reach` voxels."""
    offsets = np.indices(tissues.shape, np.float32) - np.reshape(centre, (3, 1, 1, 1)).astype(np.float32)
    distance = np.sqrt((offsets**2).sum(0))
    # The source of a voxel's tissue; the displacement changes by less than one voxel per voxel, so that nothing folds.
    depth = min(depth, 0.8 * reach)
    pull = depth * np.exp(-distance / reach) * np.minimum(distance / 3, 1) / np.maximum(distance, 1e-3)
    return ndimage.map_coordinates(tissues, [line - own * pull for line, own in zip(np.indices(tissues.shape), offsets)], order=0)


def grown(tissues, random):
    """The tissues with a grown tumour, in codes of `heads.TUMOUR`."""
    places = np.argwhere(of(tissues, [CODE[name] for name in ("white", "deep", "cortex")]))
    centre = places[random.integers(len(places))]
    core_mm, oedema_mm = random.uniform(*CORE_MM), random.uniform(*OEDEMA_MM)
    tissues = pushed(tissues, centre, core_mm + 8, random.uniform(0, 0.5) * core_mm)
    if not of(tissues[tuple(centre)][None], list(CODE[name] for name in OEDEMA_SPEED))[0]:
        return grown(tissues, random)
    core_time, oedema_time = (arrival(speeds, tissues, centre, random) for speeds in (CORE_SPEED, OEDEMA_SPEED))
    core, changed = core_time <= core_mm, tissues.copy()
    changed[oedema_time <= core_mm + oedema_mm] = CODE["oedema"]
    style = random.choice(list(STYLES), p=list(STYLES.values()))
    depth = ndimage.distance_transform_edt(core)
    enhancing = {
        "rim": depth <= random.uniform(*RIM_MM) + 1.5 * noise(random, core.shape, 6), "solid": True, "none": False,
        "spots": noise(random, core.shape, 5) > random.uniform(0.3, 1.2),
    }[style]
    changed[core] = CODE["necrosis"]
    changed[core & enhancing] = CODE["enhancing"]
    return changed


def by_kind(lesions):
    """The lesions for each kind of patient; `lesions`: by the names of `heads.lesions_of`."""
    kinds = {"drawn": [], "quiet": [], "treated": []}
    for name, lesion in lesions.items():
        is_treated = (lesion == CODE["cavity"]).any()
        kinds["treated" if is_treated else "drawn"].append(lesion)
        if not is_treated and (name.startswith(LOW_GRADE) or not (lesion == CODE["enhancing"]).any()):
            kinds["quiet"].append(lesion)
    return kinds


def patient(head, brain, lesions, kind, random):
    """Tissues uint8 of one patient, air outside the brain; `head`, `brain`: as returned by `heads.head_of`; `lesions`: by kind."""
    if kind in lesions:
        head = put_tumour(head, lesions[kind][random.integers(len(lesions[kind]))], random)
    elif kind == "grown":
        head = grown(head, random)
    # A tumour displaces fluid and dura beyond the mask; non-brain voxels stay outside.
    return np.where(brain & (head != CODE["air"]), head, CODE["air"]).astype(np.uint8)[box_around(brain, MARGIN_MM)]


def masks_of(tissues):
    """WT, TC and ET, uint8 [3, k, j, i]."""
    necrosis, oedema, enhancing = (tissues == code for code in TUMOUR)
    return torch.stack([necrosis | oedema | enhancing, necrosis | enhancing, enhancing]).to(torch.uint8)


def brightness(generator):
    """For every tissue and sequence, float [4, T]: textbook contrasts with random variation, largest for the tumour."""
    values = torch.stack([table(index, generator, is_random=False) for index in range(len(SEQUENCES))])
    values[:, TUMOUR] *= torch.exp(TUMOUR_SPREAD * torch.randn(len(SEQUENCES), len(TUMOUR), generator=generator))
    return values


def mottled(images, tissues, solid, generator):
    """Images with non-enhancing cores that vary locally between fluid and solid; `solid`: its z-scores [4]."""
    core = tissues == CODE["necrosis"]
    share = (chance(generator) + uniform(0, 0.5, generator) * field(tissues.shape, max(tissues.shape) // 12 + 2, generator)).clamp(0, 1)
    return torch.where(core, torch.lerp(images, solid[:, None, None, None], share), images)


def render(tissues, counts, generator):
    """z-scores float [4, k, j, i] of a part of a patient; `counts`: voxels of every tissue in the whole patient."""
    values = brightness(generator)
    inside = (tissues != CODE["air"])[None]
    share = counts / counts.sum()
    mean = (values * share).sum(1)
    deviation = ((values - mean[:, None]) ** 2 * share).sum(1).sqrt()
    scores = (values - mean[:, None]) / deviation[:, None]
    solid = torch.tensor([SOLID[name] for name in SEQUENCES]) * torch.exp(TUMOUR_SPREAD * torch.randn(len(SEQUENCES), generator=generator))
    solid = (solid - mean) / deviation
    images = mottled(scores[:, tissues.long()], tissues, solid, generator)
    common = field(tissues.shape, max(tissues.shape) // 3, generator)
    own = torch.randn(images.shape, generator=generator)
    rough = uniform(0.5, 2, generator) * TEXTURE / (deviation / mean)[:, None, None, None]
    # Border voxels contain two tissues.
    return smooth(images + rough * (common + own), uniform(0.4, 0.8, generator)) * inside


def load():
    """One case per head: its `variants`, each a patient with tissues instead of images."""
    cases = {}
    for path in sorted(CACHE_SYNTHETIC.glob("*.npz")):
        with np.load(path) as packed:
            variants = [variant(torch.from_numpy(packed[key])) for key in packed.files]
        cases[path.stem] = {"variants": variants, "availability": torch.ones(len(SEQUENCES)), "weight": torch.tensor(WEIGHT)}
    return cases


def variant(tissues):
    """A patient as a case for `patches.window`."""
    counts = torch.bincount(tissues.flatten(), minlength=len(TISSUES)).float()
    counts[CODE["air"]] = 0
    masks = masks_of(tissues)
    return {"tissues": tissues, "counts": counts, "masks": masks, "places": places_of(masks)}


def main():
    CACHE_SYNTHETIC.mkdir(parents=True, exist_ok=True)
    with np.load(CACHE_HEADS / "lesions.npz") as packed:
        lesions = by_kind({key: packed[key] for key in packed.files})
    for path in sorted(CACHE_HEADS.glob("head-*.npz")):
        packed = CACHE_SYNTHETIC / path.name
        number = int(path.stem[-2:])
        if number in HELD_OUT or packed.exists():
            continue
        with np.load(path) as known:
            head, brain = known["tissues"], known["brain"]
        random = np.random.default_rng(number)
        np.savez_compressed(packed, **{f"{index}-{kind}": patient(head, brain, lesions, kind, random) for index, kind in enumerate(KINDS)})


if __name__ == "__main__":
    main()
