"""Runs a study through both stages; keep in sync with `Sources/Inference`.

1. The first stage processes the whole brain at 2 mm.
2. A box at 1 mm surrounds the voxels whose whole-tumour probability exceeds `FOUND`, grown by `MARGIN_MM`; its corner is the first grid's
corner. Sequences are resampled to it, scaled by the first stage's means and deviations, 0 outside the brain.
3. The second stage processes the box at once, or in windows if an axis is longer than `WINDOW` (overlap one half, Gaussian weights);
windows without such voxels are omitted.
4. In the processed voxels, its logits and the first stage's are averaged with `SECOND_SHARE`; elsewhere the first stage's are kept.
"""

import itertools
import json

import numpy as np
import openvino
import SimpleITK as sitk

from preprocess import SEQUENCES, SIGMA_FACTOR, normalise, prepare, reach, to_grid

FOUND = 0.3
MARGIN_MM = 12.0
FINE_MM = 1.0
WINDOW, LEAST = 160, 80
OVERLAP = 0.5
MULTIPLE = 16
SECOND_SHARE = 1.0
NOWHERE = -1000.0
BACKGROUND = -20.0


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def fine_grid(prepared, found):
    """The 1 mm grid around the voxels found (bool [k, j, i] on the first stage's grid)."""
    margin = int(np.ceil(MARGIN_MM / prepared.grid.GetSpacing()[0]))
    places = np.argwhere(found)[:, ::-1]
    low = np.maximum(places.min(0) - margin, 0)
    high = np.minimum(places.max(0) + margin + 1, prepared.grid.GetSize())
    scale = prepared.grid.GetSpacing()[0] / FINE_MM
    needed = np.ceil((high - low) * scale - 1e-6).astype(int)
    size = [max(-(-int(length) // MULTIPLE) * MULTIPLE, LEAST) for length in needed]
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetSpacing([FINE_MM] * 3)
    grid.SetDirection(prepared.grid.GetDirection())
    first = low - 0.5 + 0.5 / scale
    grid.SetOrigin(prepared.grid.TransformContinuousIndexToPhysicalPoint([float(value) for value in first]))
    return grid


def fine_images(prepared, grid):
    """float32 [4, k, j, i] on the fine grid."""
    sequences = prepared.sequences
    inside = to_grid(prepared.foreground, grid, sitk.sitkNearestNeighbor) > 0
    images = np.zeros((len(SEQUENCES), *inside.shape), np.float32)
    for channel, name in enumerate(SEQUENCES):
        if name not in sequences:
            continue
        image = sequences[name]
        seen = inside & reach(image, grid)
        for axis, spacing in enumerate(image.GetSpacing()):
            if spacing < FINE_MM - 1e-3 and image.GetSize()[axis] >= 4:
                sigma = SIGMA_FACTOR * float(np.sqrt(FINE_MM**2 - spacing**2))
                image = sitk.RecursiveGaussian(image, sigma, False, sitk.RecursiveGaussianImageFilter.ZeroOrder, axis)
        images[channel] = normalise(to_grid(image, grid, sitk.sitkLinear), seen, *prepared.statistics[name])
    return images


def starts(length):
    """The first voxels of an axis's windows, which have `WINDOW` voxels or, if the axis is shorter, all of it."""
    step = int(WINDOW * (1 - OVERLAP))
    places = [0]
    while places[-1] + WINDOW < length:
        places.append(min(places[-1] + step, length - WINDOW))
    return places


def importance(sizes):
    """Gaussian weights [k, j, i] of a window."""
    lines = [np.exp(-((np.arange(size) - (size - 1) / 2) ** 2) / (2 * (0.125 * size) ** 2)) for size in sizes]
    return np.maximum(lines[0][:, None, None] * lines[1][:, None] * lines[2], 1e-3).astype(np.float32)


def resampled(values, source, target, outside):
    """Channels [C, k, j, i] resampled from one grid to another."""
    moved = []
    for channel in values:
        image = sitk.GetImageFromArray(np.ascontiguousarray(channel, np.float32))
        image.CopyInformation(source)
        moved.append(sitk.GetArrayFromImage(sitk.Resample(image, target, sitk.Transform(), sitk.sitkLinear, outside)))
    return np.stack(moved)


def places(wanted):
    """The windows with a wanted voxel, as slices."""
    for first in itertools.product(*map(starts, wanted.shape)):
        place = tuple(slice(start, min(start + WINDOW, length)) for start, length in zip(first, wanted.shape))
        if wanted[place].any():
            yield place


def second_stage(network, images, availability, wanted):
    """Logits [3, k, j, i] of the windows with a wanted voxel, and the voxels covered by a window (bool)."""
    if max(wanted.shape) <= WINDOW:
        return network(images[None], availability[None])[0], np.ones(wanted.shape, bool)
    weights, total = importance([min(WINDOW, length) for length in wanted.shape]), np.zeros(wanted.shape, np.float32)
    summed = np.zeros((3, *wanted.shape), np.float32)
    for place in places(wanted):
        part = np.ascontiguousarray(images[(slice(None), *place)])
        summed[(slice(None), *place)] += network(part[None], availability[None])[0] * weights
        total[place] += weights
    return summed / np.maximum(total, 1e-12), total > 0


def segment(first, second, sequences, share=SECOND_SHARE):
    """Logits [3, k, j, i] on the RAS reference's grid.

    `first`, `second`: functions of images [1, 4, …] and availability [1, 4] that return logits [1, 3, …]; `second` may be None.
    """
    prepared = prepare(sequences)
    coarse = first(prepared.images[None], prepared.availability[None])[0]
    logits = resampled(coarse, prepared.grid, prepared.reference, BACKGROUND)
    found = sigmoid(coarse[0]) > FOUND
    if second is None or not found.any():
        return logits
    grid = fine_grid(prepared, found)
    wanted = resampled(found[None], prepared.grid, grid, 0)[0] > 0.5
    images = fine_images(prepared, grid)
    fine, looked = second_stage(second, images, prepared.availability, wanted)
    below = resampled(coarse, prepared.grid, grid, BACKGROUND)
    fine = np.where(looked, share * fine + (1 - share) * below, below)
    near = resampled(fine, grid, prepared.reference, NOWHERE)
    return np.where(near == NOWHERE, logits, near)


def masks(logits, thresholds=(0.5, 0.5, 0.5)):
    """Nested masks, bool [3, k, j, i] (WT, TC, ET): the voxels whose probability reaches the region's threshold."""
    thresholds = np.asarray(thresholds, np.float32)
    whole, core, enhancing = logits >= np.log(thresholds / (1 - thresholds))[:, None, None, None]
    return np.stack([whole, core & whole, enhancing & core & whole])


def nested(logits):
    """Probabilities [3, k, j, i] in which an inner region is never more probable than its outer one."""
    whole, core, enhancing = sigmoid(logits)
    core = np.minimum(core, whole)
    return whole, core, np.minimum(enhancing, core)


class Package:
    """A model package's networks in OpenVINO."""

    def __init__(self, folder, precision="f32"):
        """`precision`: `f32`, or `int8` if the package has it."""
        self.description = json.loads((folder / "model.json").read_text())
        self.temperatures = self.by_region("temperatures", 1.0)
        self.thresholds = self.by_region("thresholds", self.description.get("threshold", 0.5))
        core = openvino.Core()
        self.networks = [
            core.compile_model(str(folder / stage["network" if precision == "f32" else precision]), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
            for stage in self.description["stages"]
        ]

    def by_region(self, key, otherwise):
        """The package's values by region, in the order of its outputs."""
        known = self.description.get(key, {})
        return np.array([known.get(output["region"], otherwise) for output in self.description["outputs"]])

    def logits(self, sequences):
        """Logits [3, k, j, i] on the RAS reference's grid, before the package's temperatures."""
        stages = [lambda images, availability, network=network: network({"images": images, "availability": availability})["logits"]
                  for network in self.networks]
        second = stages[1] if len(stages) > 1 else None
        share = self.description["stages"][1]["around"]["share"] if second else SECOND_SHARE
        return segment(stages[0], second, sequences, share)
