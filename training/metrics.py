"""Metrics of a segmentation. Masks are bool [k, j, i] on one grid; spacing is mm along k, j, i.

Empty regions as in nnU-Net and BraTS: two empty masks agree (Dice 1, HD95 0), one empty mask does not (Dice 0, HD95 the image's diagonal).
"""

import numpy as np
from scipy import ndimage

CLOSENESS_BINS = 10


def dice(found, wanted):
    total = found.sum() + wanted.sum()
    return 1.0 if total == 0 else float(2 * (found & wanted).sum() / total)


def hausdorff95(found, wanted, spacing):
    """The 95th percentile of the surface distances in mm, the larger of both directions."""
    if not found.any() or not wanted.any():
        diagonal = float(np.linalg.norm(np.array(found.shape) * spacing))
        return 0.0 if found.any() == wanted.any() else diagonal
    surfaces = [mask & ~ndimage.binary_erosion(mask) for mask in (found, wanted)]
    distances = [
        ndimage.distance_transform_edt(~other, sampling=spacing)[own]
        for own, other in (surfaces, surfaces[::-1])
    ]
    return float(max(np.percentile(values, 95) for values in distances))


def lesions(mask, voxel_volume, least=50.0):
    """The 26-connected parts of at least `least` mm³, each as a mask."""
    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1) * voxel_volume
    return [labels == number for number in range(1, count + 1) if sizes[number] >= least]


def lesion_f1(found, wanted, voxel_volume, least=50.0):
    """Lesion-wise F1: 26-connected parts of at least `least` mm³; a part counts if it overlaps one of the other mask."""

    ours, theirs = (lesions(mask, voxel_volume, least) for mask in (found, wanted))
    if not ours and not theirs:
        return 1.0
    right = sum(bool((part & wanted).any()) for part in ours)
    seen = sum(bool((part & found).any()) for part in theirs)
    wrong, missed = len(ours) - right, len(theirs) - seen
    return 2 * seen / (2 * seen + wrong + missed) if seen else 0.0


def volume_error(found, wanted):
    """Relative error of the volume, |V − V'| / V'; None if the truth is empty."""
    return abs(int(found.sum()) - int(wanted.sum())) / int(wanted.sum()) if wanted.any() else None


def soft_dice(probability, least=0.5):
    """Dice of the mask and the probabilities themselves: the Dice that a calibrated model would expect of its own mask. 0 if empty."""
    mask = probability >= least
    return float(2 * probability[mask].sum() / (mask.sum() + probability.sum())) if mask.any() else 0.0


def undecided(probability, least=0.5):
    """The ratio of uncertain voxels (0.1 … 0.9) to the mask's voxels, at most 5."""
    doubtful = np.count_nonzero((probability > 0.1) & (probability < 0.9))
    return min(doubtful / max(1, np.count_nonzero(probability >= least)), 5.0)


def calibration_counts(probability, wanted):
    """Per bin of the confidence max(p, 1 − p) over the given voxels: count, summed confidence, correct answers [3, bins]."""
    confidence = np.maximum(probability, 1 - probability)
    right = (probability >= 0.5) == wanted
    bins = np.minimum(((confidence - 0.5) * 2 * CLOSENESS_BINS).astype(int), CLOSENESS_BINS - 1)
    return np.stack([np.bincount(bins, weights=weights, minlength=CLOSENESS_BINS)
                     for weights in (np.ones(len(bins)), confidence, right)])


def expected_calibration_error(counts):
    """Σ n_b / n · |accuracy_b − confidence_b| of summed `calibration_counts`."""
    count, confidence, right = counts
    filled = count > 0
    return float(np.abs(right[filled] - confidence[filled]).sum() / count.sum())
