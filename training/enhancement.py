"""Whether anything of a tumour enhances: one answer for a case, from what the network says and what the images show.

Two signs of the `LIKELIEST_MM3` that are likeliest to enhance: their mean probability, and how much brighter they are in T1CE than
in T1 (`gain`, in deviations of the brain, against the rest of the tumour). A logistic regression (`enhancement` in `model.json`)
turns them into the probability that anything enhances; below `LEAST` no voxel is enhancing tumour, it stays core. Without T1CE
nothing is ever said to enhance; without T1 nothing is cleared. `Sources/Imaging/Measurement/Enhancement.swift` does the same: change both or neither.

The regression is fitted on patients in whom something enhances and on the same patients without it: `quiet` makes T1CE of T1 where
the expert marked enhancement (`patches.quieted`). Every patient is judged by what the others gave.
"""

import numpy as np
import SimpleITK as sitk
import torch
from scipy import optimize

import patches
from background import separated
from preprocess import SEQUENCES, to_grid

SIGNS = ("probability", "gain")
# To lose an enhancement is worse than to leave a false one, which review then names (`Review.doubtfulEnhancement`).
LEAST = 0.25
# A speck of bright vessels is no enhancing tumour.
LIKELIEST_MM3 = 1000.0
# What is less probable is not looked at.
FAINT = 0.005
# Keeps the weights of few patients from growing without end; of 0.3 … 0.001 this gave the least cross-entropy in patients left out.
RIDGE = 0.03
# Subsets that show contrast agent, for the fit; every one of them is fitted with and without enhancement.
FITTED = (SEQUENCES, ("t1", "t1ce"))


def scores(sequences):
    """What tells contrast agent, float32 on the reference's grid, and the foreground: z-scores of T1CE less those of T1."""
    reference = sequences["t1ce"]
    cleared, foreground, _ = separated(sequences, reference)
    inside = sitk.GetArrayViewFromImage(foreground) > 0
    own, without = (to_grid(cleared[name], reference, sitk.sitkLinear) for name in ("t1ce", "t1"))
    standard = lambda values: (values - values[inside].mean(dtype=np.float64)) / max(values[inside].std(dtype=np.float64), 1e-6)  # noqa: E731
    return standard(own) - standard(without), inside


def likeliest(probability, voxel_volume):
    """The voxels of `LIKELIEST_MM3` with the highest probability, bool; fewer where fewer are more than `FAINT`."""
    values = np.sort(probability[probability > FAINT])[::-1]
    count = max(round(LIKELIEST_MM3 / voxel_volume), 1)
    return probability >= values[min(count, len(values)) - 1] if len(values) else np.zeros(probability.shape, bool)


def signs(probability, found, sequences):
    """`SIGNS` of a case; None without T1CE and T1 or where no voxel is enhancing tumour. `probability`: of enhancing tumour; `found`: WT, TC, ET."""
    if not {"t1", "t1ce"} <= set(sequences) or not found[2].any():
        return None
    values, inside = scores(sequences)
    chosen = likeliest(probability, float(np.prod(sequences["t1ce"].GetSpacing())))
    others = found[0] & ~chosen
    if others.sum() < chosen.sum():
        others = inside & ~chosen
    gain = values[chosen].mean(dtype=np.float64) - (values[others].mean(dtype=np.float64) if others.any() else 0)
    return float(probability[chosen].mean(dtype=np.float64)), float(gain)


def probability_of(coefficients, row):
    """0…1; `coefficients`: as `stated` gives them; `row`: `SIGNS`."""
    return 1 / (1 + np.exp(-(coefficients["intercept"] + sum(coefficients[name] * value for name, value in zip(SIGNS, row)))))


def is_there(coefficients, row, has_contrast):
    """Whether anything enhances; without coefficients whatever is marked does."""
    return has_contrast and (row is None or not coefficients or probability_of(coefficients, row) >= LEAST)


def quiet(case):
    """The sequences of a labelled case as if nothing of its tumour enhanced."""
    images = torch.from_numpy(np.stack([sitk.GetArrayFromImage(case.sequences[name]) for name in SEQUENCES]))
    masks = torch.from_numpy(case.truth.astype(np.float32))
    contrast = patches.without_contrast({"images": images, "masks": masks, "availability": torch.ones(len(SEQUENCES))})
    changed, _ = patches.quieted(images, masks, contrast, torch.Generator().manual_seed(5))
    t1ce = sitk.GetImageFromArray(changed[patches.T1CE].numpy())
    t1ce.CopyInformation(case.sequences["t1ce"])
    return {**case.sequences, "t1ce": t1ce}


def weights(rows):
    """Intercept and weights of the least cross-entropy, both answers counting alike; `rows`: (*SIGNS, enhances)."""
    rows = np.array(rows, np.float64)
    values, sign = np.concatenate([np.ones((len(rows), 1)), rows[:, :-1]], 1), np.where(rows[:, -1] > 0, 1.0, -1.0)
    share = np.where(sign > 0, 0.5 / max((sign > 0).sum(), 1), 0.5 / max((sign < 0).sum(), 1))
    cost = lambda w: (share * np.logaddexp(0, -sign * (values @ w))).sum() + RIDGE / len(rows) * (w[1:] ** 2).sum()  # noqa: E731
    return optimize.minimize(cost, np.zeros(values.shape[1])).x


def stated(rows):
    """The coefficients by name, as `model.json` has them."""
    return {name: round(float(value), 4) for name, value in zip(("intercept", *SIGNS), weights(rows))}


def judged(rows):
    """How often the answer is right, every patient's by the others' weights; `rows`: {patient: [(*SIGNS, enhances), …]}."""
    right = {True: [0, 0], False: [0, 0]}
    for name, own in rows.items():
        fitted = stated([row for other, part in rows.items() if other != name for row in part])
        for *values, enhances in own:
            right[enhances > 0][1] += 1
            right[enhances > 0][0] += int((probability_of(fitted, values) >= LEAST) == (enhances > 0))
    return {"enhancing": right[True][1], "enhancing_kept": right[True][0], "quiet": right[False][1], "quiet_cleared": right[False][0],
            "subsets": len(FITTED), "unmarked": len(rows) * len(FITTED) - right[False][1]}
