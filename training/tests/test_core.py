import core
import numpy as np
import pytest
from inference import sigmoid

RULE = {"share": 0.1, "shift": 1.253, "reach_mm": 8.0}
LENGTH = 60


def maps(enhancing=(10, 16)):
    """A bar of tumour: core of different doubt, what enhances in the given columns."""
    values = np.full((3, 8, 8, LENGTH), 1e-6)
    inside = np.s_[1:7, 1:7]
    values[0][(*inside, slice(2, 50))] = 0.95
    values[1][(*inside, slice(2, 50))] = 0.9
    values[1][(*inside, slice(3, 30, 2))] = 0.55
    values[2][(*inside, slice(*enhancing))] = 0.9
    return core.logit(values)


def found(logits):
    return sigmoid(core.adjusted(logits, (1, 1, 1), RULE))[1][4, 4]


def test_the_core_lies_at_what_enhances():
    row = found(maps())
    assert row[22] > 0.6 and row[24] < 1e-5 and row[45] < 1e-5
    assert 0.2 < row[21] < 0.3 and row[10] == pytest.approx(0.9)
    # The same numbers as `CoreRuleTests`.
    assert row[16] == pytest.approx(0.719953, abs=1e-5)


@pytest.mark.parametrize("enhancing", [(0, 0), (10, 14)])
def test_little_enhancement_changes_nothing(enhancing):
    row = found(maps(enhancing))
    assert row[45] == pytest.approx(0.9) and row[21] == pytest.approx(0.55)


def test_what_is_enclosed_is_near():
    distance = np.abs(np.indices((41, 41, 41)) - 20).max(0)
    whole = np.where(distance < 17, 0.9, 1e-6)
    logits = core.logit(np.stack([whole, whole, np.where((distance == 9) | (distance == 10), 0.9, 1e-6)]))
    values = sigmoid(core.adjusted(logits, (1, 1, 1), {**RULE, "reach_mm": 4.0}))[1]
    assert values[20, 20, 20] > 0.6 and values[20, 20, 4] < 1e-5


def test_another_lesion_keeps_its_core():
    logits = maps()
    logits[:, :, :, 50:] = logits[:, :, :, :10]
    logits[0][:, :, 50:52], logits[2][:, :, 50:] = -20, -20
    assert found(logits)[55] == pytest.approx(0.55) and found(logits)[45] < 1e-5


def test_the_shift_is_that_of_the_threshold():
    assert sigmoid(core.logit(0.7) - core.RULE["shift"]) == pytest.approx(0.3, abs=1e-3)
