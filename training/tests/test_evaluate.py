import evaluate
import numpy as np
import pytest
import SimpleITK as sitk


class Package:
    """Says of every study that a cube is tumour, core and enhancing tumour."""

    temperatures, thresholds, description = np.ones(3), np.full(3, 0.5), {}

    def logits(self, sequences):
        values = np.full((3, 16, 16, 16), -9.0, np.float32)
        values[:, 3:13, 3:13, 3:13] = 9
        return values


class Case:
    name, spacing = "a", (1.0, 1.0, 1.0)
    sequences = {name: sitk.GetImageFromArray(np.random.default_rng(0).random((16, 16, 16), np.float32) + 1) for name in ("t1", "t1ce", "flair")}


def volumes(answers, *names):
    return [int(mask.sum()) for mask in answers.segmented(Case(), names)[1]]


def test_without_t1ce_no_voxel_is_enhancing_tumour():
    answers = evaluate.Answers(Package())
    assert volumes(answers, "t1", "flair") == [1000, 1000, 0] and volumes(answers, "t1", "t1ce") == [1000, 1000, 1000]


def test_what_does_not_enhance_is_cleared_and_stays_core():
    answers = evaluate.Answers(Package())
    answers.enhancement = {"intercept": -4, "probability": 0, "gain": 1}
    assert volumes(answers, "t1", "t1ce") == [1000, 1000, 0]
    answers.enhancement["intercept"] = 4
    assert volumes(answers, "t1", "t1ce") == [1000, 1000, 1000]


def test_signs_are_computed_anew_for_other_thresholds():
    answers = evaluate.Answers(Package())
    assert answers.signs(Case(), ("t1", "t1ce")) is not None
    answers.marked_by(np.ones(3), np.full(3, 0.99999))
    assert answers.signs(Case(), ("t1", "t1ce")) is None


def test_later_patients_are_measured_apart():
    row = lambda value: dict.fromkeys(evaluate.REGIONS, value)  # noqa: E731
    tables = [{"a": row(0.9), evaluate.LATER[0]: row(0.5)}, {"a": row(0.7), evaluate.LATER[0]: row(0.1)}]
    found = evaluate.apart(tables)
    assert found["earlier"]["four"] == row(0.9) and found["earlier"]["mean_over_subsets"] == row(0.8)
    assert found["later"]["patients"] == 1 and found["later"]["mean_over_subsets"]["TC"] == pytest.approx(0.3)
