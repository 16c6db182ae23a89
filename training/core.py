"""Restricts the core of an enhancing lesion to the neighbourhood of its enhancement: distant or uncertain voxels become oedema.

If at least `share` of a lesion's core enhances (both from probability 0.5; a lesion is a connected part of the whole tumour), the core's
log-odds are lowered by `shift`, and voxels further than `reach_mm` from the enhancement's parts of at least `LEAST_MM3` are not core unless
these enclose them. Other lesions, and tumours without T1CE, are unchanged. Keep in sync with `Sources/Imaging/Measurement/CoreRule.swift`.
Chosen on held-out patients (docs/decisions/0243); stored in `model.json` (`core_around_enhancement`).
"""

import numpy as np
from scipy import ndimage

from inference import nested

# The probability from which voxels count as enhancement and core, and from which lesions of the whole tumour are delineated.
EVEN = 0.5
LEAST_MM3 = 100.0
# Gaps of up to twice this in an enhancing shell count as closed.
CLOSING_MM = 2.0
RULE = {"share": 0.1, "shift": 1.6946, "reach_mm": 8.0}
DIAGONAL = np.ones((3, 3, 3))
# Not core: the logit of a probability below every threshold.
NONE = -20.0


def around(mask, margin):
    """Slices of the box around a mask with a margin."""
    places = np.argwhere(mask)
    return tuple(slice(max(low - margin, 0), high + margin + 1) for low, high in zip(places.min(0), places.max(0)))


def sizable(mask, least):
    """The 26-connected parts of a mask with at least `least` voxels."""
    labels, _ = ndimage.label(mask, DIAGONAL)
    is_kept = np.bincount(labels.ravel()) >= least
    is_kept[0] = False
    return is_kept[labels]


def enhancing_lesions(whole, core, enhancing, share):
    """bool: the lesions in which at least `share` of the core enhances."""
    labels, count = ndimage.label(whole, DIAGONAL)
    cores, lit = (np.bincount(labels[mask], minlength=count + 1) for mask in (core & whole, enhancing & whole))
    is_found = (lit >= share * np.maximum(cores, 1)) & (lit > 0)
    is_found[0] = False
    return is_found[labels]


def near(enhancing, spacing, reach):
    """Voxels within `reach` mm of the enhancement or enclosed by it."""
    distance = ndimage.distance_transform_edt(~enhancing, sampling=spacing)
    return (distance <= reach) | ndimage.binary_fill_holes(distance <= CLOSING_MM)


def adjusted(logits, spacing, rule):
    """Logits [3, k, j, i] with the rule applied to the core; `spacing`: mm along k, j, i."""
    whole, core, enhancing = nested(logits)
    if not (enhancing >= EVEN).any():
        return logits
    box = around(whole >= EVEN, 3)
    whole, core, enhancing = whole[box] >= EVEN, core[box], enhancing[box]
    lit = (enhancing >= EVEN) & whole
    seeds = sizable(lit, LEAST_MM3 / np.prod(spacing))
    if not seeds.any():
        return logits
    lesions, close = enhancing_lesions(whole, core >= EVEN, lit, rule["share"]), near(seeds, spacing, rule["reach_mm"])
    own, least = logit(core), logit(enhancing)
    changed = np.where(lesions, np.maximum(np.where(close, own - rule["shift"], NONE), least), own)
    found = logits.copy()
    found[1][box] = np.where(lesions, changed, found[1][box])
    return found


def logit(probability):
    values = np.clip(probability, 1e-7, 1 - 1e-7)
    return np.log(values / (1 - values))
