"""The core of a tumour that enhances lies at what enhances: what is far from it, or doubtful, is oedema.

A lesion (a connected part of the whole tumour) of whose core at least `share` enhances, both counted from 0.5 on, has the core's
log-odds lowered by `shift`; and no voxel of it is core that lies further than `reach_mm` from the enhancement's parts of at least
`LEAST_MM3` unless they enclose it. Lesions of which little enhances stay as they are, and so does a tumour without T1CE.
`Sources/Imaging/Measurement/CoreRule.swift` does the same: change both or neither. Chosen on patients that no network had seen
(docs/decisions/0243); `model.json` states it (`core_around_enhancement`).
"""

import numpy as np
from scipy import ndimage

from inference import nested

# From which probability on enhancement and core are counted, and the whole tumour's lesions are drawn.
EVEN = 0.5
LEAST_MM3 = 100.0
# Gaps of twice this in a shell of enhancement do not open it.
CLOSING_MM = 2.0
RULE = {"share": 0.1, "shift": 1.6946, "reach_mm": 8.0}
DIAGONAL = np.ones((3, 3, 3))
# No core: the logit of a probability that no threshold reaches.
NONE = -20.0


def around(mask, margin):
    """Slices of the box around a mask with some voxels more."""
    places = np.argwhere(mask)
    return tuple(slice(max(low - margin, 0), high + margin + 1) for low, high in zip(places.min(0), places.max(0)))


def sizable(mask, least):
    """The 26-connected parts of a mask with at least so many voxels."""
    labels, _ = ndimage.label(mask, DIAGONAL)
    is_kept = np.bincount(labels.ravel()) >= least
    is_kept[0] = False
    return is_kept[labels]


def enhancing_lesions(whole, core, enhancing, share):
    """The lesions of whose core at least `share` enhances, bool."""
    labels, count = ndimage.label(whole, DIAGONAL)
    cores, lit = (np.bincount(labels[mask], minlength=count + 1) for mask in (core & whole, enhancing & whole))
    is_found = (lit >= share * np.maximum(cores, 1)) & (lit > 0)
    is_found[0] = False
    return is_found[labels]


def near(enhancing, spacing, reach):
    """What lies within mm of the enhancement or is enclosed by it."""
    distance = ndimage.distance_transform_edt(~enhancing, sampling=spacing)
    return (distance <= reach) | ndimage.binary_fill_holes(distance <= CLOSING_MM)


def adjusted(logits, spacing, rule):
    """Logits [3, k, j, i] whose core follows the rule; `spacing`: mm along k, j, i."""
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
