import export
import torch
from train import STAGES, Run
from unet import UNet, fold, unfold


def test_unfolding_undoes_folding():
    images = torch.randn(2, 3, 4, 6, 8)
    assert torch.equal(unfold(fold(images)), images)


def test_a_block_of_voxels_becomes_the_channels_of_one():
    images = torch.arange(64.0).view(1, 1, 4, 4, 4)
    assert fold(images)[0, :, 1, 0, 1].tolist() == images[0, 0, 2:4, 0:2, 2:4].flatten().tolist()


def test_absent_sequences_do_not_matter():
    network, images = UNet((8, 8, 8, 8)).eval(), torch.randn(1, 4, 32, 32, 32)
    availability = torch.tensor([[1.0, 0, 1, 1]])
    other = images.clone()
    other[:, 1] = 7
    with torch.no_grad():
        assert torch.equal(network(images, availability)[0], network(other, availability)[0])
        assert network(images, availability)[0].shape == (1, 3, 32, 32, 32)


def test_a_run_goes_on_from_an_exported_network(tmp_path):
    first = Run(STAGES["refine"], tmp_path, 0)
    with torch.no_grad():
        # Equal weights would be written once.
        for weight in first.average.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    first.save()
    package = export.load("refine", tmp_path)
    export.write(package, tmp_path / "refine.onnx")
    second = Run(STAGES["refine"], tmp_path / "other", 1)
    second.begin(tmp_path / "refine.onnx")
    images, availability = torch.randn(1, 4, 32, 32, 32), torch.ones(1, 4)
    with torch.no_grad():
        assert torch.allclose(first.average(images, availability)[0], second.network(images, availability)[0], atol=1e-5)
