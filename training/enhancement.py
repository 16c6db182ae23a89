"""Whether anything of a tumour enhances: one answer for a case, from the network's output and the images.

Two signs of the `LIKELIEST_MM3` most probably enhancing: their mean probability, and their brightness in T1CE relative to T1 (`gain`, in
standard deviations of the brain, compared with the rest of the tumour). A logistic regression (`enhancement` in `model.json`) turns them
into the probability that anything enhances; below `LEAST` no voxel is enhancing tumour, such voxels stay core. Without T1CE, enhancement is
never reported; without T1, nothing is cleared. Keep in sync with `Sources/Imaging/Measurement/Enhancement.swift`.

The regression is fitted on patients with enhancement and the same patients without it: `quiet` synthesises T1CE from T1 where the expert
marked enhancement (`patches.quieted`). Every patient is evaluated with the fit of the others.
"""

import numpy as np
import SimpleITK as sitk
import torch
from scipy import optimize

import patches
from background import separated
from preprocess import SEQUENCES, to_grid

SIGNS = ("probability", "gain")
# Losing a true enhancement is worse than keeping a false one, which review then reports (`Review.doubtfulEnhancement`).
LEAST = 0.25
# A speck of bright vessels is not an enhancing tumour.
LIKELIEST_MM3 = 1000.0
# Less probable voxels are ignored.
FAINT = 0.005
# Limits the weights with few patients; of 0.3 … 0.001 this gave the lowest cross-entropy in held-out patients.
RIDGE = 0.03
# Subsets with contrast agent, for the fit; each is fitted with and without enhancement.
FITTED = (SEQUENCES, ("t1", "t1ce"))


def scores(sequences):
    """The contrast gain, float32 on the reference's grid, and the foreground: z-scores of T1CE minus those of T1."""
    reference = sequences["t1ce"]
    cleared, foreground, _ = separated(sequences, reference)
    inside = sitk.GetArrayViewFromImage(foreground) > 0
    own, without = (to_grid(cleared[name], reference, sitk.sitkLinear) for name in ("t1ce", "t1"))
    standard = lambda values: (values - values[inside].mean(dtype=np.float64)) / max(values[inside].std(dtype=np.float64), 1e-6)  # noqa: E731
    return standard(own) - standard(without), inside


def likeliest(probability, voxel_volume):
    """The voxels of `LIKELIEST_MM3` with the highest probability, bool; fewer if fewer exceed `FAINT`."""
    values = np.sort(probability[probability > FAINT])[::-1]
    count = max(round(LIKELIEST_MM3 / voxel_volume), 1)
    return probability >= values[min(count, len(values)) - 1] if len(values) else np.zeros(probability.shape, bool)


def signs(probability, found, sequences):
    """`SIGNS` of a case; None without T1CE and T1 or if no voxel is enhancing tumour. `probability`: of enhancing tumour; `found`: WT, TC, ET."""
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
    """0…1; `coefficients`: as returned by `stated`; `row`: `SIGNS`."""
    return 1 / (1 + np.exp(-(coefficients["intercept"] + sum(coefficients[name] * value for name, value in zip(SIGNS, row)))))


def is_there(coefficients, row, has_contrast):
    """Whether anything enhances; without coefficients, whether anything is marked."""
    return has_contrast and (row is None or not coefficients or probability_of(coefficients, row) >= LEAST)


def quiet(case):
    """The sequences of a labelled case with its enhancement removed."""
    images = torch.from_numpy(np.stack([sitk.GetArrayFromImage(case.sequences[name]) for name in SEQUENCES]))
    masks = torch.from_numpy(case.truth.astype(np.float32))
    contrast = patches.without_contrast({"images": images, "masks": masks, "availability": torch.ones(len(SEQUENCES))})
    changed, _ = patches.quieted(images, masks, contrast, torch.Generator().manual_seed(5))
    t1ce = sitk.GetImageFromArray(changed[patches.T1CE].numpy())
    t1ce.CopyInformation(case.sequences["t1ce"])
    return {**case.sequences, "t1ce": t1ce}


def weights(rows):
    """Intercept and weights with the lowest cross-entropy, both classes weighted equally; `rows`: (*SIGNS, enhances)."""
    rows = np.array(rows, np.float64)
    values, sign = np.concatenate([np.ones((len(rows), 1)), rows[:, :-1]], 1), np.where(rows[:, -1] > 0, 1.0, -1.0)
    share = np.where(sign > 0, 0.5 / max((sign > 0).sum(), 1), 0.5 / max((sign < 0).sum(), 1))
    cost = lambda w: (share * np.logaddexp(0, -sign * (values @ w))).sum() + RIDGE / len(rows) * (w[1:] ** 2).sum()  # noqa: E731
    return optimize.minimize(cost, np.zeros(values.shape[1])).x


def stated(rows):
    """The coefficients by name, as in `model.json`."""
    return {name: round(float(value), 4) for name, value in zip(("intercept", *SIGNS), weights(rows))}


def judged(rows):
    """How often the answer is correct, each patient with the others' weights; `rows`: {patient: [(*SIGNS, enhances), …]}."""
    right = {True: [0, 0], False: [0, 0]}
    for name, own in rows.items():
        fitted = stated([row for other, part in rows.items() if other != name for row in part])
        for *values, enhances in own:
            right[enhances > 0][1] += 1
            right[enhances > 0][0] += int((probability_of(fitted, values) >= LEAST) == (enhances > 0))
    return {"enhancing": right[True][1], "enhancing_kept": right[True][0], "quiet": right[False][1], "quiet_cleared": right[False][0],
            "subsets": len(FITTED), "unmarked": len(rows) * len(FITTED) - right[False][1]}
