"""Draws a training sample: a head or a composite, posed, cropped and acquired at random, normalised as in the server.

A source is a dictionary of arrays: `tissues` uint8 and `brain` bool [k, j, i] at 1 mm; a composite's also has its case's `images` uint8 [S,
k, j, i], their `names` and their `corner`.
"""

import math

import numpy as np
import SimpleITK as sitk
import torch
from torch.nn import functional as F

from draws import chance, uniform
from poses import bent, places, rotation
from background import OTSU_BINS
from preprocess import MULTIPLE, SEQUENCES, mean_and_deviation

from .contrasts import RANDOM_SHARE, acquire, brain_mean, table
from .heads import CACHE_HEADS, HELD_OUT, put_tumour

# The sequences of one head in a batch; first parts of heads, later mostly whole heads (voxels along k, j, i).
COUNT = 3
EARLY, LATE, EARLY_SHARE = (80, 80, 64), (112, 128, 96), 0.5
TURN_DEGREES, SCALES, BEND = 25, (0.8, 1.2), 0.03
COMPOSITE_SHARE, TUMOUR_SHARE, CUT_SHARE = 0.5, 0.5, 0.6


def load():
    """The training set of heads, composites and lesions."""

    def read(path):
        with np.load(path) as packed:
            return dict(packed)

    heads = [read(path) for path in sorted(CACHE_HEADS.glob("head-*.npz")) if int(path.stem[-2:]) not in HELD_OUT]
    composites = [read(path) for path in sorted(CACHE_HEADS.glob("train-*.npz"))]
    return heads, composites, list(read(CACHE_HEADS / "lesions.npz").values())


def rendered(source, sequence, generator):
    """One sequence float32 [k, j, i] at 1 mm: tissues by a table; a composite's brain as scanned, scaled to match."""
    own = list(source["names"]).index(SEQUENCES[sequence]) if "names" in source else None
    values = table(sequence, generator, own is None and chance(generator) < RANDOM_SHARE)
    image = values.numpy()[source["tissues"]]
    if own is None:
        return image
    corner, scanned = source["corner"], source["images"][own].astype(np.float32)
    place = tuple(slice(first, first + extent) for first, extent in zip(corner, scanned.shape))
    brain, inside = image[place], source["brain"][place]
    # The case's 1 is its 0.1th percentile, not black.
    mean, raised = scanned[inside].mean(), uniform(0, 0.35, generator)
    brain[inside] = ((scanned + raised * mean) * (float(brain_mean(values)) / ((1 + raised) * mean)))[inside]
    return image


def halved(values):
    """[C, D, H, W] at 1 mm → 2 mm by means of 2 × 2 × 2 voxels."""
    return F.avg_pool3d(values[None], 2)[0]


def turned(values, generator):
    """[C, D, H, W] rotated, scaled, sheared and bent about its centre, linearly; 0 from outside."""
    turn = rotation([math.radians(uniform(-TURN_DEGREES, TURN_DEGREES, generator)) for _ in range(3)])
    shear = torch.eye(3) * uniform(*SCALES, generator) + 0.05 * torch.randn(3, 3, generator=generator)
    grid = bent(places(turn @ shear, values.shape[1:], values.shape[1:]), BEND, generator)
    return F.grid_sample(values[None], grid, align_corners=False)[0]


def cut(values, brain, generator):
    """A smaller field of view: often without the neck, sometimes without the vertex, the face or an ear; rarely cutting the brain."""
    filled, cuts = torch.nonzero(brain > 0.5), []
    for axis, shares in enumerate(((0.7, 0.3), (0.2, 0.3), (0.2, 0.2))):
        extent, low, high = brain.shape[axis], int(filled[:, axis].min()), int(filled[:, axis].max())
        first = int(uniform(0, low + 3, generator)) if chance(generator) < shares[0] else 0
        last = int(uniform(high - 3, extent, generator)) if chance(generator) < shares[1] else extent
        cuts.append(slice(first, max(last, first + MULTIPLE)))
    return values[(slice(None), *cuts)]


def otsu_mask(images):
    """The head by `background.separated`'s raw branch, bool [D, H, W], of images [S, D, H, W] on one grid."""
    union = None
    for image in images.numpy():
        otsu = sitk.OtsuThresholdImageFilter()
        otsu.SetNumberOfHistogramBins(OTSU_BINS)
        # Every eighth voxel gives the same threshold in an eighth of the time.
        otsu.Execute(sitk.GetImageFromArray(image[::2, ::2, ::2]))
        own = image > otsu.GetThreshold()
        union = own if union is None else union | own
    parts = sitk.ConnectedComponent(sitk.GetImageFromArray(union.astype(np.uint8)))
    return sitk.GetArrayFromImage(sitk.RelabelComponent(parts)) == 1


def boxed(images, brain, inside, most, generator):
    """The head's box, grown to multiples of 16 (black beyond the image), or a random part of at most `most` voxels."""
    window, padding = [], []
    for axis, limit in enumerate(most):
        line = np.flatnonzero(inside.any(tuple(other for other in range(3) if other != axis)))
        low, size = int(line[0]), -(-int(line[-1] + 1 - line[0]) // MULTIPLE) * MULTIPLE
        first = low - (size - int(line[-1] + 1 - line[0])) // 2
        if size > limit:
            first, size = first + int(uniform(0, size - limit + 1, generator)), limit
        window.append((first, size))
    for (first, size), extent in list(zip(window, brain.shape))[::-1]:
        padding += [max(-first, 0), max(first + size - extent, 0)]
    place = tuple(slice(max(first, 0), first + size) for first, size in window)
    return F.pad(images[(slice(None), *place)], padding), F.pad(brain[place][None], padding)


def sample(sources, count, most, generator):
    """Images float [N, D, H, W] of up to `count` sequences of one head, and the brain's share of each voxel [1, D, H, W]."""
    heads, composites, lesions = sources
    pool = composites if chance(generator) < COMPOSITE_SHARE else heads
    source = pool[int(len(pool) * chance(generator))]
    if "names" not in source and chance(generator) < TUMOUR_SHARE:
        random = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        source = {**source, "tissues": put_tumour(source["tissues"], lesions[random.integers(len(lesions))], random)}
    present = [SEQUENCES.index(name) for name in source["names"]] if "names" in source else range(len(SEQUENCES))
    chosen = [present[int(index)] for index in torch.randperm(len(present), generator=generator)[:count]]
    images = [halved(torch.from_numpy(rendered(source, sequence, generator))[None]) for sequence in chosen]
    values = torch.cat([*images, halved(torch.from_numpy(source["brain"]).float()[None])])
    if chance(generator) < 0.5:
        values = values.flip(3)
    values = turned(values, generator)
    if chance(generator) < CUT_SHARE:
        values = cut(values, values[-1], generator)
    brain, images = values[-1], acquire(values[:-1], generator)
    inside = otsu_mask(images)
    statistics = [mean_and_deviation(image, inside) for image in images.numpy()]
    images, brain = boxed(images, brain, inside, most, generator)
    mean, deviation = torch.tensor(statistics, dtype=torch.float32)[:, :, None, None, None].unbind(1)
    return (images - mean) / deviation, brain
