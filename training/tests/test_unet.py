import export
import torch
from network import InstanceNorm
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


def test_a_networks_mean_with_the_one_that_it_began_with(tmp_path):
    first = Run(STAGES["refine"], tmp_path, 0)
    with torch.no_grad():
        for weight in first.average.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    first.save()
    export.write(export.load("refine", tmp_path), tmp_path / "begin.onnx")
    with torch.no_grad():
        for weight in first.average.parameters():
            weight.add_(0.2)
    first.step = 1
    first.save()
    mean = export.load("refine", tmp_path, tmp_path / "begin.onnx").network
    head, weight = mean.head.bias, mean.first[0].weight
    assert torch.allclose(head, first.average.head.bias - 0.1, atol=1e-6)
    assert torch.allclose(weight, first.average.first[0].weight - 0.1, atol=1e-6)


def test_training_normalises_every_image_alone():
    norm, features = InstanceNorm(3, affine=True), torch.randn(2, 3, 4, 5, 6) * torch.tensor([1.0, 9.0])[:, None, None, None, None]
    with torch.no_grad():
        norm.weight.uniform_()
        norm.bias.uniform_()
    assert torch.allclose(norm.train()(features), norm.eval()(features), atol=1e-5)
