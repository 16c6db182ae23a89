"""From the sequences of a study to the network's input, and back.

Keep in sync with the Swift server; every step is one ITK filter or plain arithmetic:

1. every sequence is reoriented to RAS (first axis towards the right, second anterior, third superior);
2. foreground and values, by `background.py`: of skull-stripped sequences the voxels that differ from their background in any sequence,
values shifted so that the background is 0; otherwise the head: voxels above each sequence's Otsu threshold, their union's largest
component;
3. the foreground's bounding box on the reference sequence's grid, and its bulk: the box that leaves out 1 % of the foreground at each end
of each axis, so that a few voxels do not move it;
4. a 2 mm grid with the reference's axes that contains the box, sizes rounded up to multiples of 16; it is centred near the bulk, and its
first face is on a lattice in patient space, of 8 voxels if the box permits, else of 4, 2 or 1;
5. sequences: recursive Gaussian along each axis whose spacing is finer than 2 mm, then linear interpolation; foreground: nearest neighbour;
6. z-score over the foreground, 0 outside it and outside a sequence.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from background import separated

SEQUENCES = ("t1", "t1ce", "t2", "flair")
REFERENCE_ORDER = ("t1ce", "t1", "flair", "t2")
SPACING_MM = 2.0
MULTIPLE = 16
SIGMA_FACTOR = 0.425
STD_FLOOR = 1e-6
BULK_TAIL = 0.01
PLACES = (8, 4, 2, 1)


@dataclass
class Prepared:
    """A study on the network's grid.

    `images`: float32 [4, k, j, i], z-scores, 0 outside the foreground and for missing sequences. `availability`: float32 [4] of 0 and 1.
    `reference`: the reoriented reference sequence. `grid`: the 2 mm grid. `statistics`: mean and standard deviation behind the z-scores, by
    sequence. `sequences`: with a background of 0. `foreground`: uint8 on the reference's grid.
    """

    images: np.ndarray
    availability: np.ndarray
    reference: sitk.Image
    grid: sitk.Image
    statistics: dict
    sequences: dict
    foreground: sitk.Image


def load_sequences(folder, names=SEQUENCES):
    """The sequences of a case folder that exist, by name, as float32 images reoriented to RAS."""
    paths = {name: Path(folder) / f"{name}.nii.gz" for name in names}
    return {name: read_ras(path) for name, path in paths.items() if path.exists()}


def read_ras(path):
    """One NIfTI file as a float32 image whose axes run to the right, anterior and superior."""
    return sitk.DICOMOrient(sitk.ReadImage(str(path), sitk.sitkFloat32), "RAS")


def prepare(sequences, is_masked=True):
    """`Prepared` for the given RAS images by sequence name; unless masked, voxels outside the foreground keep their z-scores."""
    reference = next(sequences[name] for name in REFERENCE_ORDER if name in sequences)
    sequences, foreground, _ = separated(sequences, reference)
    grid = target_grid(foreground)
    inside = to_grid(foreground, grid, sitk.sitkNearestNeighbor) > 0
    images = np.zeros((len(SEQUENCES), *inside.shape), np.float32)
    availability = np.zeros(len(SEQUENCES), np.float32)
    statistics = {}
    for channel, name in enumerate(SEQUENCES):
        if name in sequences:
            values = to_grid(antialias(sequences[name]), grid, sitk.sitkLinear)
            seen = inside & reach(sequences[name], grid)
            statistics[name] = mean_and_deviation(values, seen)
            images[channel] = normalise(values, seen if is_masked else True, *statistics[name])
            availability[channel] = 1
    return Prepared(images, availability, reference, grid, statistics, sequences, foreground)


def foreground_mask(sequences, reference):
    """The brain (skull-stripped input) or the head (raw input) as a uint8 image on the reference's grid."""
    return separated(sequences, reference)[1]


def reach(image, grid):
    """The voxels of the grid within the image's box, bool [k, j, i]."""
    ones = sitk.Image(image.GetSize(), sitk.sitkUInt8) + 1
    ones.CopyInformation(image)
    return to_grid(ones, grid, sitk.sitkNearestNeighbor) > 0


def box_to_grid(counts, spacing, zero):
    """Per axis: first voxel's centre as a continuous index of the source and the number of 2 mm voxels.

    `counts`: foreground voxels at each index; `spacing`: mm of the source; `zero`: the continuous index of the patient space's origin.
    """
    low, high = np.flatnonzero(counts)[[0, -1]]
    sums = np.cumsum(counts)
    bulk = np.searchsorted(sums, BULK_TAIL * sums[-1], "right"), np.searchsorted(sums, (1 - BULK_TAIL) * sums[-1]) + 1
    needed = int(np.ceil((high - low + 1) * spacing / SPACING_MM - 1e-6))
    size = -(-needed // MULTIPLE) * MULTIPLE
    covered = size * SPACING_MM / spacing
    wanted, earliest, latest = sum(bulk) / 2 - covered / 2, high + 1 - covered, low
    # A quarter, since many origins are half a voxel from a whole one.
    anchor = np.floor(zero + 0.25)
    for step in (voxels * SPACING_MM / spacing for voxels in PLACES):
        face = anchor + np.floor((wanted - anchor) / step + 0.5) * step
        if earliest - 1e-6 < face < latest + 1e-6:
            break
    else:
        face = min(max(np.floor(wanted + 0.5), earliest), latest)
    return float(face - 0.5 + 0.5 * SPACING_MM / spacing), size


def target_grid(foreground):
    """An empty image on the 2 mm grid around the foreground."""
    filled = sitk.GetArrayViewFromImage(foreground) != 0
    counts = [np.count_nonzero(filled, axis=others) for others in ((0, 1), (0, 2), (1, 2))]
    zero = foreground.TransformPhysicalPointToContinuousIndex([0.0] * 3)
    axes = [box_to_grid(*axis) for axis in zip(counts, foreground.GetSpacing(), zero)]
    grid = sitk.Image([size for _, size in axes], sitk.sitkUInt8)
    grid.SetSpacing([SPACING_MM] * 3)
    grid.SetDirection(foreground.GetDirection())
    grid.SetOrigin(foreground.TransformContinuousIndexToPhysicalPoint([first for first, _ in axes]))
    return grid


def antialias(image):
    """The image smoothed along each axis finer than 2 mm, sigma = 0.425 · sqrt(2² − spacing²) mm."""
    for axis, spacing in enumerate(image.GetSpacing()):
        if spacing < SPACING_MM - 1e-3 and image.GetSize()[axis] >= 4:
            sigma = SIGMA_FACTOR * float(np.sqrt(SPACING_MM**2 - spacing**2))
            image = sitk.RecursiveGaussian(image, sigma, False, sitk.RecursiveGaussianImageFilter.ZeroOrder, axis)
    return image


def to_grid(image, grid, interpolator):
    """The image's values on the grid as an array [k, j, i]; 0 outside the image."""
    return sitk.GetArrayFromImage(sitk.Resample(image, grid, sitk.Transform(), interpolator, 0.0))


def mean_and_deviation(values, inside):
    """Over the voxels inside; the deviation is at least `STD_FLOOR`."""
    chosen = values[inside].astype(np.float64)
    return chosen.mean(), max(chosen.std(), STD_FLOOR)


def normalise(values, inside, mean, deviation):
    """z-scores inside, 0 elsewhere."""
    scores = (values - mean) / deviation
    return np.where(inside, scores, 0).astype(np.float32)


def to_reference(logits, prepared):
    """Nested region masks, bool [3, k, j, i] (WT, TC, ET), on the reference's grid, from logits on the 2 mm grid.

    Logits are interpolated linearly (background −20 outside the grid), then thresholded at probability 0.5.
    """
    masks = []
    for channel in logits:
        image = sitk.GetImageFromArray(np.ascontiguousarray(channel, np.float32))
        image.CopyInformation(prepared.grid)
        on_reference = sitk.Resample(image, prepared.reference, sitk.Transform(), sitk.sitkLinear, -20.0)
        masks.append(sitk.GetArrayFromImage(on_reference) >= 0)
    whole, core, enhancing = masks
    core &= whole
    return np.stack([whole, core, enhancing & core])
