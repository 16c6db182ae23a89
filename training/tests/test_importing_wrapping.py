"""The wrapper: channels and axes there and back, region logits, and what it refuses."""

import numpy as np
import openvino
import pytest
import SimpleITK as sitk
import torch
from torch import nn

from importing import wrapping, writing
from importing.sources import BadInput, sequence_channels
from importing.wrapping import ClassHead, Layout, RegionHead, Wrapped
from preprocess import SEQUENCES

PRESENT = torch.ones(1, 4)
# The last one's order of axes is not its own inverse.
ORIENTATIONS = ["SAR", "SPL", "RAS", "LPS", "ALI"]


class Towards(nn.Module):
    """Sensitive to direction: every output channel is the voxel that lies one step along one of the array's own axes."""

    def forward(self, images):
        return torch.stack([images[:, 0].roll(-1, axis + 1) for axis in range(3)], 1)


def wrapped(network, directions, channels=(0, 1, 2, 3), head=None):
    return Wrapped(network, Layout(tuple(channels), tuple(directions)), head or RegionHead([0, 1, 2]))


def nibabel_order(image):
    """[i, j, k] of an ITK image, as MONAI loads it."""
    return sitk.GetArrayFromImage(image).transpose(2, 1, 0)


def arrays():
    """A random RAS volume [k, j, i], and the same patient's file lying LPS as SimpleITK and MONAI load it."""
    values = torch.randn(5, 6, 7).numpy()
    image = sitk.GetImageFromArray(values)
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    assert sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(image.GetDirection()) == "RAS"
    lying = sitk.DICOMOrient(image, "LPS")
    return values, sitk.GetArrayFromImage(lying), nibabel_order(lying), nibabel_order(image)


@pytest.mark.parametrize("directions, index", [("SPL", 1), ("LPS", 2), ("RAS", 3), ("SAR", 0)])
def test_a_foreign_array_is_what_its_own_reader_gives(directions, index):
    found = arrays()
    images = torch.from_numpy(found[0])[None, None].expand(1, 4, -1, -1, -1)
    assert np.array_equal(Layout((0, 1, 2, 3), tuple(directions)).theirs(images)[0, 2].numpy(), found[index])


@pytest.mark.parametrize("directions", ORIENTATIONS)
def test_every_orientation_comes_back(directions):
    layout, images = Layout((0, 1, 2, 3), tuple(directions)), torch.randn(1, 4, 3, 4, 5)
    assert torch.equal(layout.ours(layout.theirs(images)), images)


@pytest.mark.parametrize("directions, shifts", [
    ("SAR", [(-1, 2), (-1, 3), (-1, 4)]), ("SPL", [(-1, 2), (1, 3), (1, 4)]), ("RAS", [(-1, 4), (-1, 3), (-1, 2)]),
    ("LPS", [(1, 4), (1, 3), (-1, 2)]),
])
def test_a_network_that_knows_directions_sees_its_own_axes(directions, shifts):
    images = torch.randn(1, 4, 4, 5, 6)
    found = wrapped(Towards(), directions)(images, PRESENT)
    for channel, (step, dimension) in enumerate(shifts):
        assert torch.equal(found[:, channel], images[:, :1].roll(step, dimension)[:, 0])


@pytest.mark.parametrize("directions", ORIENTATIONS)
def test_the_exported_network_turns_as_the_wrapper_does(directions, tmp_path):
    torch.manual_seed(3)
    # An order that is not its own inverse.
    network = wrapped(nn.Conv3d(4, 3, (3, 5, 1), padding=(1, 2, 0)), directions, channels=(3, 0, 1, 2), head=RegionHead([2, 0, 1]))
    writing.export(network, tmp_path / "network.onnx", (8, 16, 24))
    assert writing.largest_difference(network, tmp_path / "network.onnx", (24, 8, 16)) < 1e-5


def test_exporting_does_not_wake_dropout(tmp_path):
    torch.manual_seed(3)
    network = Wrapped(nn.Sequential(nn.Conv3d(4, 3, 1), nn.Dropout(0.5)).eval(), Layout((0, 1, 2, 3), tuple("SAR")), RegionHead([0, 1, 2]))
    writing.export(network, tmp_path / "network.onnx", (8, 8, 8))
    assert writing.largest_difference(network, tmp_path / "network.onnx", (8, 8, 8)) < 1e-5


def test_channels_come_in_the_foreign_order():
    images = torch.arange(4.0)[None, :, None, None, None].expand(1, 4, 2, 2, 2)
    names = ["T1c", "T1", "T2", "FLAIR"]
    theirs = Layout(tuple(sequence_channels(names, "a test")), tuple("RAS")).theirs(images)
    assert [SEQUENCES[int(value)] for value in theirs[0, :, 0, 0, 0]] == ["t1ce", "t1", "t2", "flair"]


def test_class_logits_become_the_logits_of_summed_probabilities():
    torch.manual_seed(4)
    logits = torch.randn(1, 4, 2, 3, 4).double() * 3
    chances = logits.softmax(1)
    found = ClassHead([{1, 2, 3}, {2, 3}, {3}])(logits).sigmoid()
    assert torch.allclose(found[:, 0], 1 - chances[:, 0])
    assert torch.allclose(found[:, 1], chances[:, 2] + chances[:, 3])
    assert torch.allclose(found[:, 2], chances[:, 3])


def test_region_logits_stay_finite_where_probabilities_are_0_or_1(tmp_path):
    network = wrapped(nn.Identity(), "SAR", head=ClassHead([{1, 2, 3}, {2, 3}, {3}]))
    images = torch.zeros(1, 4, 2, 2, 2)
    images[:, 0], images[:, 3] = 400.0, -400.0
    found = network(images, PRESENT)
    assert torch.isfinite(found).all() and found[0, 2, 0, 0, 0] == -800
    writing.export(network, tmp_path / "network.onnx", (8, 8, 8))
    compiled = openvino.Core().compile_model(str(tmp_path / "network.onnx"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    assert np.allclose(compiled({"images": images.numpy(), "availability": PRESENT.numpy()})["logits"], found.numpy())


class Ends(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.convolution, self.layer = nn.Conv3d(4, 3, 1), layer

    def forward(self, images):
        return self.layer(self.convolution(images))


@pytest.mark.parametrize("network, said", [
    (nn.Conv3d(4, 5, 1), "output is"), (nn.Conv3d(3, 3, 1), "four channels"), (nn.Conv3d(4, 3, 1, 2), "output is"),
    (Ends(nn.Sigmoid()), "probabilities"), (Ends(nn.Softmax(1)), "probabilities"), (nn.Linear(9, 3), "four channels"),
])
def test_a_network_that_does_not_fit_is_refused(network, said):
    with pytest.raises(BadInput, match=said):
        wrapping.check(wrapped(network, "SAR"), (8, 8, 8))


def test_a_package_whose_runtime_differs_is_refused(tmp_path, monkeypatch):
    foreign = wrapping.Foreign(wrapped(nn.Conv3d(4, 3, 1), "SAR"), "nnunet", [], "a test", (16, 16, 16), 8)
    monkeypatch.setattr(writing, "largest_difference", lambda *_: 2e-3)
    with pytest.raises(BadInput, match="differ by 0.002"):
        writing.write(foreign, "a", tmp_path)
    monkeypatch.setattr(writing, "largest_difference", lambda *_: float("nan"))
    with pytest.raises(BadInput, match="differ"):
        writing.write(foreign, "a", tmp_path)
