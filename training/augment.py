"""Random changes of a patch: flips, an affine map with bends, skull-stripping, motion, resolution, intensities, noise, dropped sequences."""

import math

import torch
from torch.nn import functional as F

from draws import chance
from motion import moved
from poses import bent, places, rotation

SPATIAL_SHARE = 0.5
ALL_SEQUENCES_SHARE = 0.5
TURN_DEGREES, SCALES, BEND = 20, (0.8, 1.25), 0.05
# Per sequence: a head that moved, thick slices, and a blur.
MOTION_SHARE, COARSE_SHARE, BLUR_SHARE = 0.1, 0.15, 0.12
ERODED_SHARE = 0.1
# z-score of the darkest typical brain voxel, below 0.
DARKEST = 3.0


def augment(images, targets, availability, size, generator):
    """New images [4, *size], targets [3, *size] and the kept sequences [4] from the middle of larger ones [·, D, H, W].

    The images of dropped sequences are included, for a teacher (`train.Cases.lesson`).
    """
    kept = drop_sequences(availability, generator)
    present, larger = availability > 0, images.shape[1:]
    images = images[present]
    if chance(generator) < 0.5:
        images, targets = images.flip(3), targets.flip(3)
    if chance(generator) < SPATIAL_SHARE:
        images, targets = deform(images, targets, size, generator)
    else:
        inner = tuple(slice((a - b) // 2, (a - b) // 2 + b) for a, b in zip(larger, size))
        images, targets = images[(slice(None), *inner)], targets[(slice(None), *inner)]
    inside = (images != 0).any(0, keepdim=True)
    if chance(generator) < ERODED_SHARE:
        inside = eroded(inside, generator)
    images = change_resolution(change_by_motion(images, inside, generator), generator)
    images = change_intensities(images, generator)
    whole = torch.zeros(len(kept), *size)
    whole[present] = images * inside
    return whole, targets, kept


def deform(images, targets, size, generator):
    """One rotation with a scale and smooth bends; linear for images, nearest for masks; [·, D, H, W] → [·, *size]."""
    turn = rotation([math.radians((2 * chance(generator) - 1) * TURN_DEGREES) for _ in range(3)])
    scale = SCALES[0] * (SCALES[1] / SCALES[0]) ** chance(generator)
    grid = bent(places(turn * scale, size, images.shape[1:]), BEND, generator)
    return F.grid_sample(images[None], grid, align_corners=False)[0], F.grid_sample(targets[None], grid, mode="nearest", align_corners=False)[0]


def smooth(images, sigma):
    """Gaussian smoothing of [C, D, H, W] along the three axes, sigma in voxels; edge values are extended."""
    reach = math.ceil(2.5 * sigma)
    kernel = torch.exp(-(torch.arange(-reach, reach + 1.0) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    for axis in (1, 2, 3):
        padding = [0] * 6
        padding[2 * (3 - axis)] = padding[2 * (3 - axis) + 1] = reach
        padded, count = F.pad(images[None], padding, mode="replicate")[0], images.shape[axis]
        images = sum(weight * padded.narrow(axis, index, count) for index, weight in enumerate(kernel.tolist()))
    return images


def eroded(inside, generator):
    """A brain mask [1, D, H, W] eroded by 1…4 voxels, as after imprecise skull-stripping."""
    reach = 1 + int(4 * chance(generator))
    outside, wide = (~inside).float()[None], 2 * reach + 1
    for axis in range(3):
        kernel, padding = [1] * 3, [0] * 3
        kernel[axis], padding[axis] = wide, reach
        outside = F.max_pool3d(outside, kernel, 1, padding)
    return outside[0] == 0


def change_by_motion(images, inside, generator):
    """Simulates head motion in some sequences; the darkest typical voxel is slightly brighter than the air around the head."""
    changed = [moved((image.clamp(min=-DARKEST) + DARKEST + 0.5) * inside, generator) - DARKEST - 0.5
               if chance(generator) < MOTION_SHARE else image for image in images.split(1)]
    return torch.cat(changed)


def change_resolution(images, generator):
    """Reduces the detail of some sequences: thick slices of 2…6 voxels along one axis, or a blur of 0.4…1.2 voxels."""
    changed = []
    for image in images.split(1):
        if chance(generator) < COARSE_SHARE:
            axis, factor = int(3 * chance(generator)), 2 + int(5 * chance(generator))
            sizes = list(image.shape[1:])
            sizes[axis] = max(sizes[axis] // factor, 2)
            thick = F.interpolate(image[None], sizes, mode="area")
            image = F.interpolate(thick, images.shape[1:], mode="trilinear", align_corners=False)[0]
        elif chance(generator) < BLUR_SHARE:
            image = smooth(image, 0.4 + 0.8 * chance(generator))
        changed.append(image)
    return torch.cat(changed)


def change_intensities(images, generator):
    """Per sequence: scale, shift, a power of the ranked brightness, a smooth bias field and noise."""
    count = len(images)
    scale = 0.75 + 0.5 * torch.rand(count, 1, 1, 1, generator=generator)
    shift = 0.6 * torch.rand(count, 1, 1, 1, generator=generator) - 0.3
    field = 0.2 * chance(generator) * torch.randn(1, count, 3, 3, 3, generator=generator)
    if chance(generator) < 0.5:
        # The brightness from the darkest to the brightest typical voxel, with a gamma curve.
        power = torch.exp(0.7 * (torch.rand(count, 1, 1, 1, generator=generator) - 0.5))
        images = ((images + DARKEST).clamp(min=1e-3) / (2 * DARKEST)).pow(power) * 2 * DARKEST - DARKEST
    images = images * (scale + F.interpolate(field, images.shape[1:], mode="trilinear")[0]) + shift
    if chance(generator) < 0.5:
        images = images + 0.2 * chance(generator) * torch.randn(images.shape, generator=generator)
    return images


def drop_sequences(availability, generator):
    """All present sequences with probability 0.5, else a random non-empty subset."""
    if chance(generator) < ALL_SEQUENCES_SHARE:
        return availability
    while True:
        kept = availability * (torch.rand(len(availability), generator=generator) < 0.5)
        if kept.any():
            return kept
