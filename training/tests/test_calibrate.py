import numpy as np
import pytest
from calibrate import THRESHOLDS, dice_by_threshold, held_out_predictions, judged, lesion_report, review_below, temperature, threshold, thresholds_report
from metrics import calibration_counts, dice, expected_calibration_error, soft_dice, undecided


def test_the_temperature_that_was_planted_is_found():
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, 40_000)
    truth = generator.random(40_000) < 1 / (1 + np.exp(-logits))
    assert abs(temperature([(3 * logits, truth)]) - 3) < 0.1


def test_a_calibrated_model_has_no_error():
    generator = np.random.default_rng(0)
    shares = generator.random(200_000)
    truth = generator.random(200_000) < shares
    assert expected_calibration_error(calibration_counts(shares, truth)) < 0.01
    assert expected_calibration_error(calibration_counts(np.clip(1.5 * shares - 0.25, 0, 1), truth)) > 0.03


def test_soft_dice_of_certain_voxels_is_one():
    assert soft_dice(np.array([0.0, 0, 1, 1])) == 1
    assert abs(soft_dice(np.array([0.25, 0, 0.75, 0.75])) - 0.8) < 1e-9
    assert soft_dice(np.array([0.1])) == 0


def test_dice_by_threshold_is_that_of_the_masks():
    generator = np.random.default_rng(0)
    probability, truth = generator.random(1000).astype(np.float32), generator.random(1000) < 0.4
    wanted = [dice(probability >= least.astype(np.float32), truth) for least in THRESHOLDS]
    assert dice_by_threshold(probability, truth) == pytest.approx(wanted)
    assert (dice_by_threshold(np.zeros(9, np.float32), np.zeros(9, bool)) == 1).all()


def test_where_much_is_doubtful_the_best_threshold_lies_below_a_half():
    generator = np.random.default_rng(0)
    shares = generator.beta(0.4, 1.6, 40_000).astype(np.float32)
    tables = {name: [dice_by_threshold(shares, generator.random(len(shares)) < shares)] for name in "abc"}
    found = thresholds_report(tables)
    assert found["chosen"] == threshold(list(tables.values())) < 0.5 and found["mean_dice"] > found["mean_dice_even"]


def test_a_threshold_that_others_do_not_gain_by_stays_even():
    gains = [0.6, 0.55, 0.52, 0.51, 0.5, 0.5, 0.5]
    assert thresholds_report({"a": [gains], "b": [gains]})["chosen"] == 0.3
    # One patient's gain is all there is to choose by; the others' choice does not give it.
    found = thresholds_report({"a": [[0.9, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]], "b": [[0.48, 0.5, 0.5, 0.5, 0.5, 0.5, 0.51]]})
    assert found["chosen"] == 0.5 and found["mean_dice"] <= found["mean_dice_even"]


def test_a_threshold_that_costs_a_patient_is_not_taken():
    table = [0.9, 0.9, 0.9, 0.9, 0.5, 0.5, 0.5]
    assert threshold([[table], [table]]) == 0.3
    assert threshold([[table], [table], [[0.46, 0.46, 0.46, 0.46, 0.5, 0.5, 0.5]]]) == 0.3
    assert threshold([[table], [table], [[0.4, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5]]]) == 0.35
    assert threshold([[table], [table], [[0.4, 0.4, 0.4, 0.4, 0.5, 0.4, 0.4]]]) == 0.5


def rows(dice):
    """Six patients with twenty rows of two signs; `dice`: a function of the signs and a random number."""
    generator = np.random.default_rng(0)
    return {name: [(*signs[:2], dice(*signs)) for signs in generator.random((20, 3))] for name in "abcdef"}


def test_what_the_signs_decide_is_predicted():
    found = judged(held_out_predictions(rows(lambda soft, undecided, chance: 0.2 + 0.9 * soft - 0.3 * undecided)))
    assert found["correlation"] > 0.99 and found["bad_flagged"] == found["bad"] > 0 and found["good_flagged"] <= 0.25 * found["good"]


def test_chance_cannot_be_predicted():
    assert abs(judged(held_out_predictions(rows(lambda soft, undecided, chance: chance)))["correlation"]) < 0.5


def test_a_patients_own_dice_does_not_predict_it():
    plain = rows(lambda soft, undecided, chance: 0.5 + 0.4 * chance)
    planted = {**plain, "a": [(*row[:2], 0.0) for row in plain["a"]]}
    assert held_out_predictions(planted)["a"][:, 0] == pytest.approx(held_out_predictions(plain)["a"][:, 0])


def test_doubtful_voxels_are_counted_against_the_mask():
    assert undecided(np.array([0.05, 0.2, 0.8, 0.95])) == 1
    assert undecided(np.array([0.2] * 9)) == 5


def test_a_lesions_confidence_comes_near_to_what_is_right():
    found = lesion_report(rows(lambda probability, volume, chance: 0.1 * probability))
    assert found["mean_absolute_error"] < 0.05 < found["mean_absolute_error_before"]


def test_the_line_is_never_below_what_makes_a_mask_bad():
    assert review_below(np.array([(0.6, 0.8)])) == 0.7
    assert review_below(np.array([(0.9, 0.5)])) == 0.7


def test_bad_ones_do_not_flag_more_good_ones_than_allowed():
    good = [(0.80 + share / 100, 0.9) for share in range(20)]
    assert review_below(np.array(good + [(0.99, 0.5)] * 10)) == review_below(np.array(good))


def test_the_line_uses_what_may_be_flagged_in_vain():
    good = [(0.80 + share / 100, 0.9) for share in range(20)]
    for bad in ([], [(0.1, 0.5)]):
        pairs = np.array(good + bad)
        flagged = pairs[:, 0] < review_below(pairs)
        assert flagged[:20].sum() == 2 and flagged[20:].all()
