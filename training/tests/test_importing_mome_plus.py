"""MoME+: parameters as published, the same function as an assembly of stock nnU-Nets, and the way from files to a package.

Numbers are compared at an eighth of the published widths: the published ones take half a minute on one core.
"""

import hashlib
import json
import os

import numpy as np
import pytest
import torch
from torch import nn

from importing import import_model, mome_plus
from importing.mome_plus import PARTS, SUFFIXES, MoMEPlus
from inference import Package

NARROW = (4, 8, 16, 32, 40, 40)
LABELS = {"background": 0, "edema": 1, "necrotic": 2, "enhancing tumor": 3}


def narrow():
    """A seeded network whose normalisations are not the identity that they start as."""
    torch.manual_seed(5)
    network = MoMEPlus(NARROW).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    return network


def saved(folder, network, labels=LABELS):
    """The six files of a training, with what nnU-Net keeps beside the weights."""
    folder.mkdir(parents=True)
    for part, suffix in zip(PARTS, SUFFIXES):
        torch.save({
            "network_weights": network.get_submodule(part).state_dict(), "_best_ema": np.float64(0.8),
            "logging": {"mean_fg_dice": [np.float64(0.7)], "epoch_end_timestamps": [1.5]},
            "init_args": {"dataset_json": {"labels": labels} if labels else {}, "device": torch.device("cpu")},
        }, folder / f"checkpoint_best{suffix}.pth")
    return folder


def stock(inputs, outputs, widths):
    unet = pytest.importorskip("dynamic_network_architectures.architectures.unet")
    return unet.PlainConvUNet(
        inputs, len(widths), widths, nn.Conv3d, 3, [1] + [2] * (len(widths) - 1), 2, outputs, 2, conv_bias=True,
        norm_op=nn.InstanceNorm3d, norm_op_kwargs={"eps": 1e-5, "affine": True}, nonlin=nn.LeakyReLU,
        nonlin_kwargs={"inplace": True}, deep_supervision=False)


def stock_gate(widths):
    gate = stock(4 + 4 * widths[0], 16, widths)
    gate.decoder.transpconvs[0] = nn.ConvTranspose3d(widths[-1] + 4, widths[-2], 2, 2)
    return gate


def test_the_published_network_has_156_million_parameters():
    with torch.device("meta"):
        network = MoMEPlus()
    counts = {part: sum(parameter.numel() for parameter in network.get_submodule(part).parameters()) for part in PARTS}
    assert sum(counts.values()) == 156_119_580
    assert counts["network1"] == 31_197_204 and counts["network"] == 31_330_288 and counts["dispatch_network"] == 476
    shapes = {key: tuple(value.shape) for key, value in network.network.state_dict().items()}
    assert len(shapes) == 292
    assert shapes["encoder.stages.0.0.convs.0.conv.weight"] == (32, 132, 3, 3, 3)
    assert shapes["decoder.encoder.stages.5.0.convs.1.all_modules.1.bias"] == (320,)
    assert shapes["decoder.transpconvs.0.weight"] == (324, 320, 2, 2, 2)
    assert shapes["decoder.seg_layers.0.weight"] == (16, 320, 1, 1, 1)
    assert list(network.dispatch_network.state_dict()) == [f"mlp.{index}.{kind}" for index in (0, 2, 4, 6) for kind in ("weight", "bias")]


def test_names_and_shapes_are_those_of_stock_networks():
    with torch.device("meta"):
        network = MoMEPlus()
        pairs = ((network.network1, stock(1, 4, mome_plus.WIDTHS)), (network.network, stock_gate(mome_plus.WIDTHS)))
    for ours, theirs in pairs:
        assert [(key, value.shape) for key, value in ours.state_dict().items()] == [
            (key, value.shape) for key, value in theirs.state_dict().items()]


@pytest.mark.parametrize("availability", [(1, 1, 1, 1), (1, 0, 1, 0), (0, 0, 0, 1)])
def test_the_function_is_that_of_stock_networks_put_together_as_published(availability):
    network, images = narrow(), torch.randn(1, 4, 32, 32, 64)
    experts, gate = [stock(1, 4, NARROW).eval() for _ in range(4)], stock_gate(NARROW).eval()
    for index, expert in enumerate(experts):
        expert.load_state_dict(network.get_submodule(PARTS[index + 1]).state_dict())
    gate.load_state_dict(network.network.state_dict())
    with torch.no_grad():
        rows = network.dispatch_network.mlp(torch.tensor([availability]).float())[0].view(4, 4)
        fed = torch.zeros_like(images)
        for expert in range(4):
            scaled = (rows[expert] - rows[expert].min() + 1e-4) / (rows[expert].max() - rows[expert].min() + 1e-4)
            for source in range(4):
                weight = float(expert == source) if availability[expert] else float(scaled[source]) * availability[source]
                fed[:, expert] += weight * images[:, source]
        features = [expert.encoder(fed[:, index : index + 1]) for index, expert in enumerate(experts)]
        seen = gate.encoder(torch.cat([fed, *(stages[0] for stages in features)], 1))
        planes = torch.tensor([availability]).float()[:, :, None, None, None].expand(1, 4, *seen[-1].shape[2:])
        weights = gate.decoder([*seen[:-1], torch.cat([seen[-1], planes], 1)])
        wanted = sum(expert.decoder(stages) * weights[:, 4 * index : 4 * index + 4]
                     for index, (expert, stages) in enumerate(zip(experts, features)))
        assert torch.allclose(network(images, torch.tensor([availability]).float()), wanted, atol=1e-4)


def test_absent_sequences_do_not_matter_and_the_only_one_present_feeds_all():
    network, availability = narrow(), torch.tensor([[0.0, 1, 0, 1]])
    mixing = network.dispatch_network(availability)
    assert mixing[0, 1].tolist() == [0, 1, 0, 0] and mixing[0, 3].tolist() == [0, 0, 0, 1]
    assert (mixing[0, [0, 2]][:, [0, 2]] == 0).all() and (mixing[0, [0, 2]][:, [1, 3]] > 0).all()
    images = torch.randn(1, 4, 32, 32, 64)
    other = images.clone()
    other[:, [0, 2]] = 9
    with torch.no_grad():
        assert torch.equal(network(images, availability), network(other, availability))


def test_six_files_become_a_package(tmp_path, capsys):
    network = narrow()
    folder = saved(tmp_path / "MoME+ results" / "fold_MoME", network)
    out = tmp_path / "models" / "foreign"
    assert import_model.main([str(folder.parent), "--out", str(out)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["folder"] == str(out) and said["name"] == "MoME-results" and said["version"] == "1.0.0"
    assert 0 <= said["largest_difference"] <= 1e-3
    description = json.loads((out / "model.json").read_text())
    content = (out / "network.onnx").read_bytes()
    assert description["files"] == [{"path": "network.onnx", "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}]
    assert description["requires"] == [] and description["metrics"] is None and description["source"]["kind"] == "mome+"
    assert [(output["channel"], output["region"]) for output in description["outputs"]] == [(0, "WT"), (1, "TC"), (2, "ET")]
    assert description["stages"][0]["window"] == {
        "strategy": "sliding", "size": [128, 128, 128], "overlap": 0.5, "blend": "gaussian", "multiple": 32}
    assert sorted(file.name for file in out.iterdir()) == ["model.json", "network.onnx"]
    images, availability = torch.randn(1, 4, 32, 64, 32), torch.tensor([[1.0, 0, 1, 1]])
    with torch.no_grad():
        classes = network(images, availability).softmax(1)
    # The labels' names put oedema first, so that the core is made of classes 2 and 3.
    core = (classes[:, 2] + classes[:, 3]).logit()
    found = Package(out).networks[0]({"images": images.numpy(), "availability": availability.numpy()})["logits"]
    assert np.allclose(found[:, 1], core.numpy(), atol=1e-2)


@pytest.mark.parametrize("form", ["flat", "nested"])
def test_a_combined_file_is_read_as_well(form, tmp_path):
    network, path = narrow(), tmp_path / "mome_plus.pth"
    parts = {part: network.get_submodule(part).state_dict() for part in PARTS}
    torch.save(network.state_dict() if form == "flat" else parts, path)
    found = mome_plus.read(path, ["NCR", "ED", "ET"])
    state = network.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in found.network.network.state_dict().items())
    assert found.network.head.members == [[1, 2, 3], [1, 3], [3]]


@pytest.mark.parametrize("change, said", [
    (lambda folder: os.remove(folder / "checkpoint_best3.pth"), "MoME"),
    (lambda folder: (folder / "checkpoint_best2.pth").write_bytes(b"nothing"), "checkpoint_best2.pth is damaged"),
    (lambda folder: torch.save({"network_weights": MoMEPlus((4, 8)).network1.state_dict()}, folder / "checkpoint_best4.pth"), "do not fit"),
])
def test_incomplete_or_foreign_parts_are_refused(change, said, tmp_path, capsys):
    folder = saved(tmp_path / "fold_MoME", narrow())
    change(folder)
    assert import_model.main([str(folder), "--out", str(tmp_path / "out")]) == 65
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_classes_without_names_have_to_be_said(tmp_path, capsys):
    folder = saved(tmp_path / "fold_MoME", narrow(), labels=None)
    assert import_model.main([str(folder), "--out", str(tmp_path / "out")]) == 65
    assert "--classes" in capsys.readouterr().err
