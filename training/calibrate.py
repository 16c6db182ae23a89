"""Calibrates a model: a temperature per region, and predictors of Dice without a ground truth.

Temperatures (Guo et al. 2017) minimise the cross-entropy of the voxels within 20 mm of the expert's or the model's whole tumour, with all
four sequences. A voxel belongs to a region from 0.5, or from the threshold with the highest mean Dice over patients and subsets at which no
patient loses more than `MOST_LOST` against 0.5, if held-out patients gain as well: the optimal threshold is half the achievable Dice
(Lipton, Elkan & Naryanaswamy 2014). Whether anything enhances is decided for the whole case (`enhancement.py`), and the core of an
enhancing tumour is restricted to its neighbourhood (`core.py`). Dice is predicted, by least squares over all fifteen subsets of the
sequences (for enhancing tumour those with T1CE), from `SIGNS`: the Dice that the probabilities predict for their own mask, the share of
uncertain voxels, and the presence of T1CE and of T2 or FLAIR. A lesion's confidence, the share of its voxels that an expert would mark,
follows from its mean probability and its volume. All of it is evaluated on held-out patients: every patient by the fit of the others (leave
one patient out).
"""

import numpy as np
from scipy import ndimage, optimize

import core
import enhancement
import metrics
from data import REGIONS
from inference import masks, nested, sigmoid

# A mask below this Dice is poor.
LEAST_DICE = 0.7
VOXELS = 60_000
# Limited to thresholds at which a marked voxel is not much less probable than an unmarked one.
THRESHOLDS = np.array([0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6])
EVEN = 0.5
EVEN_PLACE = list(THRESHOLDS).index(EVEN)
# Of the mean Dice over the subsets; with few patients, one of them always loses a little.
MOST_LOST = 0.05
SIGNS = ("soft", "undecided", "contrast", "fluid")
FLUID = {"t2", "flair"}
# The share of good masks that may be flagged along with the poor ones, slightly below the allowed 15 %: the next patient may be harder.
FALSE_SHARE = 0.14
# The rest of the brain is easy and would make any model look well calibrated.
NEAR_MM = 20.0


def near_voxels(case, logits, generator):
    """Logits and truth of some voxels around the tumour, by region."""
    found = masks(logits)
    near = ndimage.distance_transform_edt(~(found[0] | case.truth[0]), sampling=case.spacing) <= NEAR_MM
    places = np.flatnonzero(near)
    places = generator.choice(places, min(VOXELS, len(places)), replace=False)
    return {region: (values.ravel()[places], wanted.ravel()[places]) for region, values, wanted in zip(REGIONS, logits, case.truth)}


def temperature(pairs):
    """The divisor of the logits with the lowest cross-entropy; `pairs`: (logits, truth) by patient."""
    logits, truth = (np.concatenate(parts) for parts in zip(*pairs))
    sign = np.where(truth, 1.0, -1.0)
    found = optimize.minimize_scalar(lambda log: np.logaddexp(0, -sign * logits / np.exp(log)).mean(), bounds=(-1.5, 2), method="bounded")
    return float(np.exp(found.x))


def dice_by_threshold(probability, truth):
    """Dice [thresholds] of the masks at each of `THRESHOLDS`; empty masks as in `metrics.dice`."""
    edges, wanted = [*THRESHOLDS.astype(probability.dtype), np.inf], np.count_nonzero(truth)
    found, right = (np.histogram(values, edges)[0][::-1].cumsum()[::-1] for values in (probability, probability[truth]))
    return np.where(found + wanted > 0, 2 * right / np.maximum(found + wanted, 1), 1.0)


def threshold(tables):
    """The threshold in `THRESHOLDS` with the highest mean Dice among those at which no patient loses more than `MOST_LOST` against `EVEN`.

    `tables`: Dice [subsets, thresholds] by patient.
    """
    means = np.array([np.mean(table, 0) for table in tables])
    is_no_loss = (means >= means[:, [EVEN_PLACE]] - MOST_LOST).all(0)
    return float(THRESHOLDS[np.where(is_no_loss, means.mean(0), -1).argmax()])


def chosen_threshold(tables):
    """The best threshold if held-out patients gain by it, otherwise 0.5; `tables`: as in `thresholds_report`."""
    return thresholds_report(tables)["chosen"]


def unseen(tables):
    """By patient: mean Dice at the threshold chosen by the others; `tables`: {patient: [subsets, thresholds]}."""
    return [np.mean(table, 0)[list(THRESHOLDS).index(threshold(without(tables, name)))] for name, table in tables.items()]


def thresholds_report(tables):
    """Mean Dice at 0.5, and with every patient at the threshold chosen by the others; `tables`: {patient: [subsets, thresholds]}."""
    even, other = np.mean([np.mean(table, 0)[EVEN_PLACE] for table in tables.values()]), np.mean(unseen(tables))
    chosen = threshold(list(tables.values())) if other > even else EVEN
    return {"chosen": chosen, "mean_dice_even": round(float(even), 4), "mean_dice": round(float(other), 4)}


def without(values, name):
    return [value for other, value in values.items() if other != name]


def reliability(voxels, temperatures):
    """Counts per bin of the confidence, summed over patients, each with its own temperature."""
    return sum(metrics.calibration_counts(sigmoid(logits / temperatures[name]), truth) for name, (logits, truth) in voxels.items())


def weights(signs, wanted):
    """Least squares, slightly regularised towards 0 since patients are few; the first column of `signs` is ones."""
    ridge = np.diag([0, *[0.1] * (signs.shape[1] - 1)])
    return np.linalg.solve(signs.T @ signs + ridge, signs.T @ wanted)


def held_out_predictions(rows):
    """By patient: (predicted, true) [n, 2], with that patient held out; `rows`: {patient: [(sign, …, truth), …]}, patients without rows are skipped."""
    found = {}
    for name, own in rows.items():
        if not own:
            continue
        others = np.array([row for other, part in rows.items() if other != name for row in part])
        own = np.array(own)
        fitted = weights(with_ones(others), others[:, -1])
        found[name] = np.stack([(with_ones(own) @ fitted).clip(0, 1), own[:, -1]], 1)
    return found


def with_ones(rows):
    """The signs of rows whose last column is the truth, preceded by a column of ones."""
    return np.concatenate([np.ones((len(rows), 1)), rows[:, :-1]], 1)


def review_below(pairs):
    """The predicted Dice below which a mask is flagged: `FALSE_SHARE` of the good ones are below.

    Poor masks are so few that a threshold at one of them would miss the next, so the allowed share of false alarms is fully used. Never
    below the Dice that makes a mask poor.
    """
    good = np.sort(pairs[pairs[:, 1] >= LEAST_DICE, 0])
    return max(LEAST_DICE, float(good[int(FALSE_SHARE * len(good))]) if len(good) else 0)


def judged(found):
    """How well poor masks are detected: correlation, and the shares of poor and good ones that are flagged; `found`: see
    `held_out_predictions`.

    Whether a patient's masks are flagged is decided by the threshold of the other patients.
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
    """By region with marked voxels: the predictors of Dice, and the Dice itself."""
    logits, found = answers.segmented(case, names)
    dice, given = case.dice(found), (float("t1ce" in names), float(bool(FLUID & set(names))))
    return {region: (metrics.soft_dice(values, least), metrics.undecided(values, least), *given, dice[region])
            for region, values, least, mask in zip(REGIONS, nested(logits), answers.thresholds, found) if mask.any()}


def enhancement_rows(answers, cases, subsets):
    """(*`enhancement.SIGNS`, whether anything enhances) by patient: unchanged, and with its enhancement removed."""
    rows = {case.name: [] for case in cases}
    for case in cases:
        for names in subsets:
            for is_quiet in (False, True):
                found = answers.signs(case, names, is_quiet)
                if found:
                    rows[case.name].append((*found, float(not is_quiet and case.truth[2].any())))
    return rows


def lesions(answers, case, names):
    """For every lesion of the whole tumour: mean probability, log10 of its mm³, and the share of its voxels that are correct."""
    probability, volume = nested(answers.logits(case, names))[0], float(np.prod(case.spacing))
    return [(float(probability[part].mean()), float(np.log10(part.sum() * volume)), float(case.truth[0][part].mean()))
            for part in metrics.lesions(probability >= answers.thresholds[0], volume)]


def lesion_report(rows):
    """The error of lesions' confidence against the share of correct voxels, before (mean probability) and after the fit."""
    plain, fitted = (np.concatenate(list(part.values())) for part in (
        {name: np.array([(own[0], own[-1]) for own in part]) for name, part in rows.items()}, held_out_predictions(rows)))
    return {
        "lesions": len(plain), "wholly_wrong": int((plain[:, 1] == 0).sum()),
        "mean_absolute_error_before": round(float(np.abs(plain[:, 0] - plain[:, 1]).mean()), 3),
        "mean_absolute_error": round(float(np.abs(fitted[:, 0] - fitted[:, 1]).mean()), 3),
        "confidence": round(float(fitted[:, 0].mean()), 3), "right": round(float(fitted[:, 1].mean()), 3),
    }


def stated(rows, names):
    """The weights fitted to all patients' rows, by name."""
    every = np.array([row for part in rows.values() for row in part])
    return {name: round(float(value), 4) for name, value in zip(("intercept", *names), weights(with_ones(every), every[:, -1]))}


def is_asked(region, names):
    """Enhancing tumour requires T1CE."""
    return region != "ET" or "t1ce" in names


def by_patient(cases):
    return {region: {case.name: [] for case in cases} for region in REGIONS}


def fit_temperatures(answers, cases, names):
    """Sets the answers' temperatures; returns the voxels around the tumours by region and patient."""
    generator, voxels = np.random.default_rng(0), {region: {} for region in REGIONS}
    answers.marked_by(np.ones(len(REGIONS)), answers.thresholds)
    for case in cases:
        for region, pair in near_voxels(case, answers.logits(case, names), generator).items():
            voxels[region][case.name] = pair
    answers.marked_by([round(temperature(list(rows.values())), 4) for rows in voxels.values()], answers.thresholds)
    return voxels


def fit_thresholds(answers, cases, subsets):
    """Sets the answers' thresholds; returns Dice by threshold, region and patient, with the core after the rule."""
    tables = by_patient(cases)
    for case in cases:
        for names in subsets:
            logits = answers.logits(case, names)
            logits = core.adjusted(logits, case.spacing, core.RULE) if "t1ce" in names else logits
            for region, values, truth in zip(REGIONS, nested(logits), case.truth):
                if is_asked(region, names):
                    tables[region][case.name].append(dice_by_threshold(values, truth.astype(bool)))
    answers.marked_by(answers.temperatures, [chosen_threshold(rows) for rows in tables.values()])
    return tables


def rule_report(answers, cases, subsets):
    """Dice of the core without and with the rule, over the subsets with T1CE, and the number of patients in whom it changes by 0.005."""
    answers.rule, means = None, []
    for rule in (None, core.RULE):
        answers.rule = rule
        means.append([np.mean([case.dice(answers.segmented(case, names)[1])["TC"] for names in subsets if "t1ce" in names]) for case in cases])
    change = np.subtract(means[1], means[0])
    return {"without": round(float(np.mean(means[0])), 4), "with": round(float(np.mean(means[1])), 4),
            "better": int((change > 0.005).sum()), "worse": int((change < -0.005).sum())}


def fit(answers, cases, subsets):
    """The package's calibration (`temperatures`, `thresholds`, `enhancement`, `core_around_enhancement`, `quality`, `lesion_confidence`,
    `review_below`) and a report by region. Updates the answers accordingly."""
    voxels, tables = fit_temperatures(answers, cases, subsets[0]), fit_thresholds(answers, cases, subsets)
    asked = enhancement_rows(answers, cases, enhancement.FITTED)
    answers.enhancement = enhancement.stated([row for part in asked.values() for row in part])
    around, rows, parts = rule_report(answers, cases, subsets), by_patient(cases), {case.name: [] for case in cases}
    for case in cases:
        for names in subsets:
            parts[case.name] += lesions(answers, case, names)
            for region, row in signs(answers, case, names).items():
                rows[region][case.name].append(row)
    calibration = {
        "temperatures": named(answers.temperatures),
        "thresholds": named(answers.thresholds),
        "quality": {region: stated(rows[region], SIGNS) for region in REGIONS},
        "enhancement": answers.enhancement,
        "core_around_enhancement": answers.rule,
        "lesion_confidence": stated(parts, ("probability", "log_volume")),
        "review_below": {region: round(review_below(np.concatenate(list(held_out_predictions(rows[region]).values()))), 3) for region in REGIONS},
    }
    report = {region: {**judged_region(voxels[region], rows[region]), "threshold": thresholds_report(tables[region])} for region in REGIONS}
    report["WT"]["lesions"] = lesion_report(parts)
    report["TC"]["around_enhancement"] = around
    report["ET"]["enhancement"] = enhancement.judged(asked)
    return calibration, report


def named(values):
    return {region: round(float(value), 4) for region, value in zip(REGIONS, values)}


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
        "quality": judged(held_out_predictions(rows)),
    }
