import numpy as np
from calibrate import foretold, judged, temperature
from metrics import calibration_counts, expected_calibration_error, soft_dice


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


def test_every_patient_is_foretold_from_the_others():
    pairs = {name: [(x / 10, min(1, x / 10)) for x in range(1, 11)] for name in ("a", "b", "c")}
    found = judged(foretold(pairs))
    assert found["correlation"] > 0.99 and found["bad_flagged"] == found["bad"] and found["good_flagged"] == 0
