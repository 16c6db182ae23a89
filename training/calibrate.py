"""Fits how sure the model may say it is: a temperature per region, and how Dice follows from what can be seen without a truth.

Temperatures (Guo et al. 2017) minimise the cross-entropy of the voxels within 20 mm of the expert's or our whole tumour, all four
sequences. Dice is foretold, by least squares over all fifteen subsets of the sequences, from three `SIGNS`: the Dice that the
probabilities expect of their own mask, the Dice of the first stage's mask with the final one, and the mean Dice that was measured
with the same sequences. How good both are is judged on patients that the fit did not see: every patient by what the others gave
(leave one patient out, the measured mean included).
"""

import math

import numpy as np
from scipy import ndimage, optimize

import metrics
from data import REGIONS
from inference import masks, nested, sigmoid

# A whole tumour below this Dice is a bad mask.
LEAST_DICE = 0.7
VOXELS = 60_000
SIGNS = ("soft", "agreement", "measured")
# The share of bad masks that must be flagged.
FLAGGED_SHARE = 0.9
# The rest of the brain is easy and would make any model look calibrated.
NEAR_MM = 20.0


def near_voxels(case, logits, generator):
    """Logits and truth of some voxels around the tumour, by region."""
    found = masks(logits)
    near = ndimage.distance_transform_edt(~(found[0] | case.truth[0]), sampling=case.spacing) <= NEAR_MM
    places = np.flatnonzero(near)
    places = generator.choice(places, min(VOXELS, len(places)), replace=False)
    return {region: (values.ravel()[places], wanted.ravel()[places]) for region, values, wanted in zip(REGIONS, logits, case.truth)}


def temperature(pairs):
    """The divisor of the logits with the least cross-entropy; `pairs`: (logits, truth) by patient."""
    logits, truth = (np.concatenate(parts) for parts in zip(*pairs))
    sign = np.where(truth, 1.0, -1.0)
    found = optimize.minimize_scalar(lambda log: np.logaddexp(0, -sign * logits / np.exp(log)).mean(), bounds=(-1.5, 2), method="bounded")
    return float(np.exp(found.x))


def without(values, name):
    return [value for other, value in values.items() if other != name]


def reliability(voxels, temperatures):
    """Counts per bin of the confidence, summed over patients, each with its own temperature."""
    return sum(metrics.calibration_counts(sigmoid(logits / temperatures[name]), truth) for name, (logits, truth) in voxels.items())


def measured(rows, subset, without_these):
    """Mean Dice with a subset over the patients that are not left out."""
    return float(np.mean([pairs[subset]["dice"] for name, pairs in rows.items() if name not in without_these]))


def table(rows, names, left_out=()):
    """Signs [n, 1 + 3] (a column of ones first) and Dice [n] of the named patients; a patient's own Dice never stands in its signs."""
    signs, dice = [], []
    for name in names:
        for subset, row in rows[name].items():
            signs.append([1, row["soft"], row["agreement"], measured(rows, subset, {name, *left_out})])
            dice.append(row["dice"])
    return np.array(signs), np.array(dice)


def weights(signs, dice):
    """Least squares, held a little towards no weight: few patients."""
    ridge = np.diag([0, *[0.1] * len(SIGNS)])
    return np.linalg.solve(signs.T @ signs + ridge, signs.T @ dice)


def foretold(rows):
    """By patient: (foretold, true) [n, 2], its own Dice unseen; `rows`: {patient: {subset: {soft, agreement, dice}}}."""
    found = {}
    for name in rows:
        fitted = weights(*table(rows, [other for other in rows if other != name], {name}))
        signs, dice = table(rows, [name])
        found[name] = np.stack([(signs @ fitted).clip(0, 1), dice], 1)
    return found


def review_below(pairs):
    """The least expected Dice that flags `FLAGGED_SHARE` of the bad masks; never below the Dice that makes a mask bad."""
    bad = np.sort(pairs[pairs[:, 1] < LEAST_DICE, 0])
    return max(LEAST_DICE, float(bad[math.ceil(FLAGGED_SHARE * len(bad)) - 1]) + 0.005) if len(bad) else LEAST_DICE


def judged(found):
    """How well bad masks are told: correlation, and the shares of bad and of good ones that are flagged; `found`: see `foretold`.

    Whether a patient's masks are flagged is decided by the line that the other patients gave.
    """
    pairs = np.concatenate(list(found.values()))
    is_flagged = np.concatenate([
        own[:, 0] < review_below(np.concatenate([other for key, other in found.items() if key != name])) for name, own in found.items()
    ])
    is_bad = pairs[:, 1] < LEAST_DICE
    return {
        "correlation": round(float(np.corrcoef(pairs.T)[0, 1]), 4),
        "mean_absolute_error": round(float(np.abs(pairs[:, 0] - pairs[:, 1]).mean()), 4),
        "bad": int(is_bad.sum()), "bad_flagged": int((is_bad & is_flagged).sum()),
        "good": int((~is_bad).sum()), "good_flagged": int((~is_bad & is_flagged).sum()),
    }


def signs(answers, case, names):
    """By region: what foretells Dice, and the Dice itself."""
    logits = answers.logits(case, names)
    found, first = masks(logits), masks(answers.first(case, names))
    return {
        region: {"soft": metrics.soft_dice(values), "agreement": metrics.dice(own, before), "dice": dice}
        for region, values, own, before, dice in zip(REGIONS, nested(logits), found, first, case.dice(found).values())
    }


def lesion_pairs(answers, case, names):
    """Of every lesion of the whole tumour: the mean probability that is its confidence, and the share of its voxels that are right."""
    logits = answers.logits(case, names)
    probability, volume = nested(logits)[0], float(np.prod(case.spacing))
    return [(float(probability[part].mean()), float(case.truth[0][part].mean())) for part in metrics.lesions(masks(logits)[0], volume)]


def lesion_report(pairs):
    """How far a lesion's confidence lies from the share of its voxels that are right."""
    confidence, right = np.array(pairs).T
    return {"lesions": len(pairs), "confidence": round(float(confidence.mean()), 3), "right": round(float(right.mean()), 3),
            "mean_absolute_error": round(float(np.abs(confidence - right).mean()), 3),
            "wholly_wrong": int((right == 0).sum()), "correlation": round(float(np.corrcoef(confidence, right)[0, 1]), 3)}


def quality(rows):
    """A region's weights by sign."""
    fitted = weights(*table(rows, list(rows)))
    return {name: round(float(value), 4) for name, value in zip(("intercept", *SIGNS), fitted)}


def fit(answers, cases, subsets):
    """What the package states (`temperatures`, `quality`, `review_below`) and a report by region; sets the answers' temperatures."""
    generator, voxels = np.random.default_rng(0), {region: {} for region in REGIONS}
    answers.temperatures = np.ones(len(REGIONS), np.float32)
    for case in cases:
        for region, pair in near_voxels(case, answers.logits(case, subsets[0]), generator).items():
            voxels[region][case.name] = pair
    temperatures = {region: round(temperature(list(rows.values())), 4) for region, rows in voxels.items()}
    answers.temperatures = np.array(list(temperatures.values()), np.float32)
    rows = {region: {case.name: {} for case in cases} for region in REGIONS}
    for case in cases:
        for names in subsets:
            for region, row in signs(answers, case, names).items():
                rows[region][case.name]["+".join(names)] = row
    calibration = {
        "temperatures": temperatures,
        "quality": {region: quality(rows[region]) for region in REGIONS},
        "review_below": round(review_below(np.concatenate(list(foretold(rows["WT"]).values()))), 3),
    }
    report = {region: judged_region(voxels[region], rows[region]) for region in REGIONS}
    report["WT"]["lesions"] = lesion_report([pair for case in cases for names in subsets for pair in lesion_pairs(answers, case, names)])
    return calibration, report


def judged_region(voxels, rows):
    before = reliability(voxels, dict.fromkeys(voxels, 1.0))
    after = reliability(voxels, {name: temperature(without(voxels, name)) for name in voxels})
    return {
        "calibration_error_before": round(metrics.expected_calibration_error(before), 4),
        "calibration_error": round(metrics.expected_calibration_error(after), 4),
        "reliability": [
            {"confidence": round(float(confidence / count), 3), "accuracy": round(float(right / count), 3), "voxels": int(count)}
            for count, confidence, right in after.T if count > 0
        ],
        "quality": judged(foretold(rows)),
    }
