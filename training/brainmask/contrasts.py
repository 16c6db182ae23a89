"""Brightness of the tissues of `heads.TISSUES` by sequence, and simulated acquisition effects.

Brightness is relative; 1 is white matter in T1. The plausible tables follow textbook contrasts at 1.5–3 T (fat and marrow bright, cortical
bone and air dark, fluid dark in T1 and FLAIR and bright in T2, contrast uptake in dura, veins and mucosa). Images are float32 [S, D, H, W]
at 2 mm; all randomness comes from one torch generator.
"""

import torch
from torch.nn import functional as F

from augment import smooth
from draws import chance, uniform

from .heads import CODE, TISSUES

#             t1    t1ce  t2    flair
BRIGHTNESS = {
    "air": (0.00, 0.00, 0.00, 0.00), "white": (1.00, 1.00, 0.42, 0.50), "cortex": (0.68, 0.70, 0.58, 0.62),
    "cerebellum": (0.70, 0.72, 0.54, 0.58), "deep": (0.80, 0.82, 0.46, 0.55), "stem": (0.88, 0.88, 0.46, 0.52),
    "ventricle": (0.24, 0.24, 1.05, 0.14), "csf": (0.28, 0.30, 1.00, 0.18), "altered": (0.75, 0.75, 0.68, 0.90),
    "artery": (0.60, 1.20, 0.12, 0.15), "vein": (0.50, 1.40, 0.25, 0.25), "eye": (0.25, 0.25, 1.10, 0.20),
    "muscle": (0.55, 0.65, 0.22, 0.38), "fat": (1.40, 1.40, 0.85, 0.85), "nerve": (0.80, 0.80, 0.50, 0.50),
    "mucosa": (0.60, 1.25, 0.95, 0.80), "skin": (0.75, 0.85, 0.40, 0.50), "bone": (0.10, 0.10, 0.07, 0.08),
    "marrow": (1.00, 1.05, 0.50, 0.50), "dura": (0.40, 1.00, 0.30, 0.35), "necrosis": (0.38, 0.38, 0.90, 0.55),
    "oedema": (0.60, 0.60, 0.85, 1.00), "enhancing": (0.65, 1.40, 0.65, 0.80),
    "cavity": (0.30, 0.32, 1.00, 0.25),
}
# The standard deviation of the logarithm of a tissue's brightness: small for brain, large otherwise.
BRAIN_SPREAD, OTHER_SPREAD = 0.08, 0.35
VARIED = [CODE[name] for name in ("artery", "vein", "muscle", "fat", "mucosa", "skin", "bone", "marrow", "dura", "csf", "cavity")]
FAT = [CODE[name] for name in ("fat", "marrow")]
RANDOM_SHARE, FAT_SUPPRESSED_SHARE, BRIGHT_AIR_SHARE = 0.25, 0.25, 0.1
# The tissues that represent a composite's brain: its mean is scaled to the table's.
BRAIN_MEAN = {"white": 0.45, "cortex": 0.45, "ventricle": 0.1}
THICK_SHARE, BLUR_SHARE, RINGING_SHARE, GAMMA_SHARE = 0.3, 0.2, 0.1, 0.5


def table(sequence, generator, is_random):
    """Brightness of every tissue, float [T], of sequence 0…3; air is almost always black."""
    if is_random:
        values = torch.rand(len(TISSUES), generator=generator)
    else:
        values = torch.tensor([BRIGHTNESS[name][sequence] for name in TISSUES])
        spread = torch.full_like(values, BRAIN_SPREAD)
        spread[VARIED] = OTHER_SPREAD
        values = values * torch.exp(spread * torch.randn(len(values), generator=generator))
        if chance(generator) < FAT_SUPPRESSED_SHARE:
            values[FAT] *= uniform(0.1, 0.5, generator)
    values[CODE["air"]] = uniform(0, 0.2, generator) if is_random and chance(generator) < BRIGHT_AIR_SHARE else 0.0
    return values


def brain_mean(values):
    """The mean brightness of a brain by a tissue table."""
    return sum(share * values[CODE[name]] for name, share in BRAIN_MEAN.items())


def field(shape, nodes, generator):
    """A smooth random field [1, *shape] with a standard deviation of about 1, from `nodes`³ nodes."""
    coarse = torch.randn(1, 1, nodes, nodes, nodes, generator=generator)
    return F.interpolate(coarse, shape, mode="trilinear", align_corners=True)[0]


def thick(image, generator):
    """[1, D, H, W] as if acquired in slices of 2…4 voxels along one axis."""
    axis, factor = int(3 * chance(generator)), uniform(1.5, 4, generator)
    sizes = list(image.shape[1:])
    sizes[axis] = max(int(sizes[axis] / factor), 2)
    return F.interpolate(F.interpolate(image[None], sizes, mode="area"), image.shape[1:], mode="trilinear", align_corners=False)[0]


def ringing(image, generator):
    """[1, D, H, W] without its highest frequencies along one in-plane axis, as after a short read-out (Gibbs)."""
    axis = 1 + int(3 * chance(generator))
    spectrum = torch.fft.rfft(image, dim=axis)
    kept = int(spectrum.shape[axis] * uniform(0.5, 0.9, generator))
    spectrum.narrow(axis, kept, spectrum.shape[axis] - kept).zero_()
    return torch.fft.irfft(spectrum, image.shape[axis], dim=axis).clamp(min=0)


def acquire(images, generator):
    """Texture, bias field, slice thickness, blur, ringing, gamma and noise, separately for each sequence; 0 stays the minimum."""
    acquired = []
    shape = images.shape[1:]
    for image in images.split(1):
        scale = image.mean() + 1e-6
        image = image * (1 + uniform(0, 0.15, generator) * field(shape, 40, generator)).clamp(min=0.2)
        image = image * torch.exp(uniform(0, 0.35, generator) * field(shape, 4, generator))
        if chance(generator) < THICK_SHARE:
            image = thick(image, generator)
        elif chance(generator) < BLUR_SHARE:
            image = smooth(image, uniform(0.4, 1.0, generator))
        if chance(generator) < RINGING_SHARE:
            image = ringing(image, generator)
        if chance(generator) < GAMMA_SHARE:
            image = scale * (image / scale).clamp(min=0).pow(uniform(0.7, 1.4, generator))
        # The magnitude of complex noise: black air becomes grey.
        deviation = scale * uniform(0.005, 0.2, generator) ** 1.5
        noises = deviation * torch.randn(2, *shape, generator=generator)
        acquired.append(((image + noises[:1]) ** 2 + noises[1:] ** 2).sqrt())
    return torch.cat(acquired)
