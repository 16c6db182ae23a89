import inference
import numpy as np
import pytest


def twice(images, availability):
    """A network that works voxel by voxel."""
    assert images.shape[1] == 4 and availability.shape == (1, 4)
    return 2 * images[:, :3]


@pytest.fixture
def images():
    return np.random.default_rng(0).standard_normal((4, 10, 6, 23)).astype(np.float32)


def test_a_box_that_fits_is_seen_at_once(images):
    seen = []
    logits, looked = inference.second_stage(lambda *given: seen.append(1) or twice(*given), images, np.ones(4, np.float32), images[0] > 9)
    assert len(seen) == 1 and looked.all() and np.array_equal(logits, 2 * images[:3])


def test_a_longer_box_is_seen_through_windows_that_hold_what_is_wanted(images, monkeypatch):
    monkeypatch.setattr(inference, "WINDOW", 8)
    wanted = np.zeros(images.shape[1:], bool)
    wanted[5, 3, 20] = True
    assert inference.starts(23) == [0, 4, 8, 12, 15] and inference.starts(6) == [0]
    logits, looked = inference.second_stage(twice, images, np.ones(4, np.float32), wanted)
    assert looked[5, 3, 20] and not looked[..., :12].any() and logits[:, ~looked].max() == 0
    assert np.allclose(logits[:, looked], 2 * images[:3, looked], atol=1e-4)
