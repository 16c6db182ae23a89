import enhancement
import numpy as np
import pytest
import SimpleITK as sitk

SHAPE = (20, 20, 20)


def image(values):
    return sitk.GetImageFromArray(values.astype(np.float32))


@pytest.fixture
def study():
    """A brain with a border of nothing, a tumour in it and a millilitre of it that is bright in T1CE."""
    generator = np.random.default_rng(0)
    brain, whole, lit = (np.zeros(SHAPE, bool) for _ in range(3))
    brain[1:-1, 1:-1, 1:-1], whole[2:18, 2:18, 2:12], lit[3:14, 3:14, 0:11] = True, True, True
    lit &= whole
    t1 = np.where(brain, 100 + 10 * generator.standard_normal(SHAPE), 0)
    found = np.stack([whole, whole, lit])
    return {"t1": t1, "lit": t1 + 80 * lit, "probability": np.where(lit, 0.9, 0.1).astype(np.float32), "found": found}


def signs(study, t1ce, t1="t1"):
    sequences = {"t1ce": image(study[t1ce])} | ({"t1": image(study[t1])} if t1 else {})
    return enhancement.signs(study["probability"], study["found"], sequences)


def test_gain_is_what_contrast_agent_brings(study):
    probability, gain = signs(study, "lit")
    assert probability == pytest.approx(0.9) and gain > 1.5
    assert signs(study, "lit", t1=None) is None
    assert abs(signs(study, "t1")[1]) < 1e-6


def test_without_t1ce_nothing_is_said_to_enhance(study):
    assert enhancement.signs(study["probability"], study["found"], {"t1": image(study["t1"])}) is None
    assert not enhancement.is_there({"intercept": 9, "probability": 0, "gain": 0}, None, has_contrast=False)
    assert enhancement.is_there(None, (0.1, 0.1), has_contrast=True)


def test_a_speck_is_not_what_is_judged():
    probability = np.full(SHAPE, 0.02, np.float32)
    probability[0, 0, :5] = 0.99
    assert enhancement.likeliest(probability, 100.0).sum() >= 10
    assert enhancement.likeliest(probability, 250.0).sum() == 5
    assert not enhancement.likeliest(np.zeros(SHAPE), 1.0).any()


def test_what_the_signs_decide_is_found_in_patients_left_out():
    generator = np.random.default_rng(1)
    rows = {name: [(*(generator.normal(0.8 if enhances else 0.4, 0.05), generator.normal(2 if enhances else 0.2, 0.3)), enhances)
                   for enhances in (1, 0)] for name in "abcdefgh"}
    found = enhancement.judged(rows)
    assert [found[key] for key in ("enhancing", "enhancing_kept", "quiet", "quiet_cleared")] == [8, 8, 8, 8]
    chance = {name: [(*generator.random(2), enhances) for enhances in (1, 0)] for name in "abcdefgh"}
    found = enhancement.judged(chance)
    assert found["enhancing_kept"] + found["quiet_cleared"] < 15


def test_the_probability_is_a_logistic_regressions():
    """The same numbers as `EnhancementTests`."""
    assert enhancement.probability_of({"intercept": -3, "probability": 2, "gain": 1}, (0.5, 1.5)) == pytest.approx(0.377541, abs=1e-6)
