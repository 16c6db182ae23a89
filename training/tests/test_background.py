import numpy as np
import pytest
import SimpleITK as sitk
from background import background, separated, without_padding

SIZE = (44, 56, 48)


def image(values):
    made = sitk.GetImageFromArray(values.astype(np.float32))
    made.SetSpacing([4, 4, 4])
    made.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    return made


@pytest.fixture
def brain():
    """Values of an ellipsoid of 1.2 l, 0 around it."""
    z, y, x = np.meshgrid(*(4.0 * (np.arange(size) - size / 2) for size in SIZE), indexing="ij")
    inside = (x / 65) ** 2 + (y / 80) ** 2 + (z / 55) ** 2 < 1
    return np.where(inside, np.random.default_rng(0).uniform(5, 105, SIZE).round(), 0)


CHANGES = {
    "0": lambda values: values,
    "-1": lambda values: np.where(values > 0, values, -1),
    "-1024": lambda values: np.where(values > 0, values, -1024),
    "scaled": lambda values: 2 * values + 100,
    "noise": lambda values: np.where(values > 0, values, np.random.default_rng(1).normal(0, 0.5, SIZE)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_brain_is_what_differs_from_its_background(brain, name):
    changed = image(CHANGES[name](brain))
    found, mask, is_brain = separated({"t1": changed}, changed)
    assert is_brain and np.mean((sitk.GetArrayFromImage(mask) > 0) == (brain > 0)) > 0.999
    values = sitk.GetArrayFromImage(found["t1"])
    assert not values[sitk.GetArrayFromImage(mask) == 0].any() and abs(values.min()) < 30


def test_noise_of_a_head_is_no_background(brain):
    noise = np.abs(np.random.default_rng(2).normal(0, 10, SIZE))
    assert background(np.where(brain > 0, brain, noise).astype(np.float32)) is None


def test_corners_of_one_value_become_dark(brain):
    values = np.random.default_rng(3).uniform(0, 5, SIZE).astype(np.float32) + brain.astype(np.float32)
    grey = values.copy()
    grey[:, :12, :12] = 60.5
    cleaned = without_padding(grey)
    assert not (cleaned == 60.5).any() and cleaned[20, 5, 5] < 0.1
    assert np.array_equal(without_padding(values), values)
