"""Fits how sure the model may say it is: a temperature per region, and the line from its own expectation to its Dice.

Temperatures (Guo et al. 2017) minimise the cross-entropy of the voxels within 20 mm of the expert's or our whole tumour, all four
sequences. The line is fitted over all fifteen subsets of the sequences. How good both are is judged on patients that the fit
did not see: every patient by what the others gave (leave one patient out).
"""

import numpy as np
from scipy import ndimage, optimize

import metrics
from data import REGIONS
from inference import masks, nested, sigmoid

# A whole tumour below this Dice is a bad mask.
LEAST_DICE = 0.7
VOXELS = 60_000
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


def foretold(pairs):
    """Pairs (foretold, true) where every patient's line comes from the others; `pairs`: (expectation, Dice) by patient."""
    found = []
    for name in pairs:
        others = [pair for rows in without(pairs, name) for pair in rows]
        line = metrics.line(*zip(*others))
        found += [(min(max(line["slope"] * own + line["intercept"], 0), 1), true) for own, true in pairs[name]]
    return found


def judged(pairs):
    """How well bad masks are told: correlation, and the shares of bad and of good ones that are flagged."""
    own, true = (np.array(values) for values in zip(*pairs))
    is_bad, is_flagged = true < LEAST_DICE, own < LEAST_DICE
    return {
        "correlation": round(float(np.corrcoef(own, true)[0, 1]), 4),
        "mean_absolute_error": round(float(np.abs(own - true).mean()), 4),
        "bad": int(is_bad.sum()), "bad_flagged": int((is_bad & is_flagged).sum()),
        "good": int((~is_bad).sum()), "good_flagged": int((~is_bad & is_flagged).sum()),
    }


def fit(answers, cases, subsets):
    """What the package states (`temperatures`, `quality`) and a report by region; sets the answers' temperatures."""
    generator, voxels = np.random.default_rng(0), {region: {} for region in REGIONS}
    answers.temperatures = np.ones(len(REGIONS), np.float32)
    for case in cases:
        for region, pair in near_voxels(case, answers.logits(case, subsets[0]), generator).items():
            voxels[region][case.name] = pair
    temperatures = {region: round(temperature(list(rows.values())), 4) for region, rows in voxels.items()}
    answers.temperatures = np.array(list(temperatures.values()), np.float32)
    pairs = {region: {case.name: [] for case in cases} for region in REGIONS}
    for case in cases:
        for names in subsets:
            logits = answers.logits(case, names)
            for region, found, values in zip(REGIONS, case.dice(masks(logits)).values(), nested(logits)):
                pairs[region][case.name].append((metrics.soft_dice(values), found))
    lines = {region: metrics.line(*zip(*sum(rows.values(), []))) for region, rows in pairs.items()}
    report = {region: judged_region(voxels[region], pairs[region]) for region in REGIONS}
    return {"temperatures": temperatures, "quality": lines}, report


def judged_region(voxels, pairs):
    before = reliability(voxels, dict.fromkeys(voxels, 1.0))
    after = reliability(voxels, {name: temperature(without(voxels, name)) for name in voxels})
    return {
        "calibration_error_before": round(metrics.expected_calibration_error(before), 4),
        "calibration_error": round(metrics.expected_calibration_error(after), 4),
        "reliability": [
            {"confidence": round(float(confidence / count), 3), "accuracy": round(float(right / count), 3), "voxels": int(count)}
            for count, confidence, right in after.T if count > 0
        ],
        "quality": judged(foretold(pairs)),
    }
