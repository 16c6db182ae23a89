import core_choice
import pytest


def test_a_patient_is_judged_by_what_the_others_chose():
    table = {"a": [0.5, 0.9, 0.6], "b": [0.5, 0.6, 0.8], "c": [0.5, 0.6, 0.8]}
    found = core_choice.judged(table)
    assert found["a"] == (0.5, 0.6, 1) and found["b"] == (0.5, 0.6, 0)


def test_a_threshold_is_a_shift_of_the_log_odds():
    tried = core_choice.rules(0.3)
    assert len(tried) == 2 * 4 * 4 and tried[0]["shift"] == pytest.approx(0)
    assert {"share": 0.1, "reach_mm": 8.0, "shift": pytest.approx(1.253, abs=1e-3)} in tried
