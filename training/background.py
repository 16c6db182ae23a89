"""Which voxels of a study are brain or head, and the sequences with 0 around them.

Keep in sync with `Sources/Imaging/Pipeline/Foreground.swift`, `SeriesBackground.swift` and `SeriesPadding.swift`.

1. A skull-stripped sequence has a background: one value, or noise about one, that covers the faces of its volume. Its brain is what differs
from that by more than the noise, or by more than the ripples that an interpolation has left outside the brain. A sequence with many voxels
of exactly 0 counts as stripped as well.
2. If every sequence is stripped and the union of their brains is not larger than a brain, that union is the foreground, and the sequences
are shifted so that its surroundings are 0.
3. Otherwise they show a head. Corners that a rotation filled with one value get the image's darkest value. The foreground is the largest
component of the union of the voxels above each sequence's Otsu threshold.
"""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

# The share of the faces that a background covers; the share of one exact value from which there is no noise.
FACES_SHARE = 0.85
EVEN_SHARE = 0.9
# Noise (the 0.9 quantile of the faces' deviation) is less than this share of the brain's range; the brain differs by `NOISES` of it.
MOST_NOISE = 0.03
NOISES = 2.5
# Ripples: voxels on the other side of the background add up to less than this; or that many voxels hardly differ from it.
RIPPLE_SUM = 0.02
FAINT, FAINT_SHARE = 0.005, 0.05
# The share of the brain's range that ripples reach outside it.
RIPPLE = 0.08
STRIPPED_ZERO_SHARE = 0.2
# Heads may also have a background of exact zeros.
LARGEST_BRAIN_ML = 2200
# If the gap between the background and the brain's darkest voxels exceeds this share of the brain's range, smoothing would change the brain's rim.
LARGEST_GAP = 0.25
SAMPLES = 100_000
OTSU_BINS = 128
# The share of the faces in corners filled by a rotation, and how far above the darkest value they are (of the image's range).
PADDING_SHARE = 0.01
PADDING_LEVEL = 0.02


@dataclass
class Background:
    """A stripped sequence's background. `tolerance`: how far background voxels may be from `level`; `is_one_sided`: the brain is brighter."""

    level: float
    tolerance: float = 0.0
    is_one_sided: bool = False


def quantile(ordered, share):
    """Of a sorted array, without interpolation."""
    return ordered[int((len(ordered) - 1) * share)]


def face_slices(values):
    """The six faces of an array [k, j, i]."""
    return [values[0], values[-1], values[:, 0], values[:, -1], values[:, :, 0], values[:, :, -1]]


def sample(values):
    """At most twice `SAMPLES` of an array's values."""
    flat = values.ravel()
    return flat[:: max(1, len(flat) // SAMPLES)]


def background(values):
    """The `Background` of a skull-stripped sequence [k, j, i], float32; None if it shows a head."""
    faces = np.sort(np.concatenate([face.ravel() for face in face_slices(values)]))
    level = quantile(faces, 0.5)
    deviations = np.sort(np.abs(faces - level))
    noise = np.float32(0) if np.mean(deviations == 0) >= EVEN_SHARE else quantile(deviations, 0.9)
    tolerance = np.float32(NOISES) * noise
    away = sample(values) - level
    bright = np.sort(np.abs(away)[np.abs(away) > tolerance])
    if len(bright):
        extent = quantile(bright, 0.99)
        if noise <= np.float32(MOST_NOISE) * extent and np.mean(deviations <= tolerance) >= FACES_SHARE:
            return with_ripples(Background(level, tolerance), away, bright, extent)
    if np.mean(values == 0) >= STRIPPED_ZERO_SHARE:
        return Background(np.float32(0))
    return None


def with_ripples(found, away, bright, extent):
    """The background with a tolerance that ripples around the brain do not exceed."""
    above = away[away > found.tolerance].sum(dtype=np.float64)
    below = -away[away < -found.tolerance].sum(dtype=np.float64)
    is_one_sided = 0 < below < RIPPLE_SUM * above
    if is_one_sided or np.mean(bright <= np.float32(FAINT) * extent) > FAINT_SHARE:
        return Background(found.level, max(found.tolerance, np.float32(RIPPLE) * extent), is_one_sided)
    return found


def brain(values, found):
    """bool [k, j, i]: voxels that differ from the background."""
    away = values - found.level
    if not found.is_one_sided:
        away = np.abs(away)
    return away > found.tolerance


def separated(sequences, reference):
    """The sequences with a background of 0, the foreground (uint8 on the reference's grid), and whether it is a brain."""
    arrays = {name: sitk.GetArrayFromImage(image) for name, image in sequences.items()}
    found = {name: background(values) for name, values in arrays.items()}
    if all(found.values()):
        own = {name: brain(values, found[name]) for name, values in arrays.items()}
        mask = union(sequences, reference, lambda name: own[name])
        if any(each.tolerance > 0 for each in found.values()):
            mask = sitk.BinaryFillhole(largest(mask), False, 1)
        volume = np.count_nonzero(sitk.GetArrayViewFromImage(mask)) * np.prod(mask.GetSpacing()) / 1000
        if volume <= LARGEST_BRAIN_ML:
            return {name: bare(image, mask, found[name]) for name, image in sequences.items()}, mask, True
    heads = {name: like(image, without_padding(arrays[name])) for name, image in sequences.items()}
    above = {name: sitk.GetArrayFromImage(sitk.OtsuThreshold(image, 0, 1, OTSU_BINS)) for name, image in heads.items()}
    return heads, largest(union(heads, reference, lambda name: above[name])), False


def like(image, values):
    """An array as an image with another one's geometry."""
    made = sitk.GetImageFromArray(values)
    made.CopyInformation(image)
    return made


def union(sequences, reference, mask):
    """Voxels of the reference's grid within the mask of any sequence."""
    joined = None
    for name, image in sequences.items():
        marks = like(image, mask(name).astype(np.uint8))
        own = sitk.Resample(marks, reference, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
        joined = own if joined is None else sitk.Or(joined, own)
    return joined


def largest(mask):
    """The largest face-connected component."""
    return sitk.Equal(sitk.RelabelComponent(sitk.ConnectedComponent(mask)), 1)


def bare(image, mask, found):
    """The image minus its background, 0 outside the mask: a background far from the brain's darkest voxels is moved to them."""
    values = sitk.GetArrayFromImage(image)
    inside = sitk.GetArrayFromImage(sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0)) > 0
    ordered = np.sort(sample(values[inside]))
    floor = np.float32(found.level)
    if len(ordered):
        low, high = quantile(ordered, 0.001), quantile(ordered, 0.99)
        if high > low and abs(low - floor) > np.float32(LARGEST_GAP) * (high - low):
            floor = low
    if floor == 0 and found.tolerance == 0 and found.level == 0:
        return image
    return like(image, np.where(inside, values - floor, np.float32(0)))


def without_padding(values):
    """The values [k, j, i] with corners that a rotation or crop filled with one brighter value set to the darkest, including adjacent voxels."""
    ordered = np.sort(sample(values))
    low, high = values.min(), quantile(ordered, 0.99)
    padding = np.zeros(values.shape, bool)
    for value in even_values(values):
        if value - low > np.float32(PADDING_LEVEL) * (high - low):
            rest = sitk.GetImageFromArray((values != value).astype(np.uint8))
            padding |= sitk.GetArrayFromImage(sitk.BinaryFillhole(rest, False, 1)) == 0
    if not padding.any():
        return values
    grown = sitk.BinaryDilate(sitk.GetImageFromArray(padding.astype(np.uint8)), [1, 1, 1], sitk.sitkCross)
    return np.where(sitk.GetArrayFromImage(grown) > 0, values[~padding].min() if not padding.all() else low, values)


def even_values(values):
    """Values that cover at least `PADDING_SHARE` of the faces in patches: face voxels whose next voxels in both directions are equal."""
    even = [face[:-1, :-1][(face[:-1, :-1] == face[1:, :-1]) & (face[:-1, :-1] == face[:-1, 1:])] for face in face_slices(values)]
    found, counts = np.unique(np.concatenate(even), return_counts=True)
    return found[counts >= PADDING_SHARE * sum(face.size for face in face_slices(values))]
