"""MONAI bundles and nnU-Net v2 results, with seeded weights of the real architectures."""

import importlib.util
import json
import shutil

import numpy as np
import pytest
import torch
from torch import nn

from importing import import_model, nnunet, writing
from inference import Package

METADATA = {
    "version": "0.5.3", "name": "BraTS MRI segmentation",
    "network_data_format": {
        "inputs": {"image": {"spatial_shape": ["8*n", "8*n", "8*n"], "channel_def": {"0": "T1c", "1": "T1", "2": "T2", "3": "FLAIR"}}},
        "outputs": {"pred": {"channel_def": {"0": "Tumor core", "1": "Whole tumor", "2": "Enhancing tumor"}}},
    },
}
SEGRESNET = {
    "_target_": "SegResNet", "blocks_down": [1, 2, 2, 4], "blocks_up": [1, 1, 1], "init_filters": 16, "in_channels": 4,
    "out_channels": 3, "dropout_prob": 0.2,
}
INFERENCE = {
    "network_def": "$make_network()",
    "preprocessing": {"_target_": "Compose", "transforms": [
        {"_target_": "LoadImaged", "keys": "image"},
        {"_target_": "NormalizeIntensityd", "keys": "image", "nonzero": True, "channel_wise": True}]},
    "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [240, 240, 155], "overlap": 0.5},
    "postprocessing": {"_target_": "Compose", "transforms": [{"_target_": "Activationsd", "keys": "pred", "sigmoid": True}]},
}
PLANS = {
    "dataset_name": "Dataset137_BraTS", "image_reader_writer": "SimpleITKIO", "transpose_forward": [0, 1, 2],
    "configurations": {"2d": {}, "3d_fullres": {
        "patch_size": [32, 48, 40], "spacing": [1.0, 1.0, 1.0], "normalization_schemes": ["ZScoreNormalization"] * 4,
        "use_mask_for_norm": [True] * 4, "UNet_class_name": "PlainConvUNet", "UNet_base_num_features": 8, "unet_max_num_features": 24,
        "n_conv_per_stage_encoder": [2, 2, 2, 2], "n_conv_per_stage_decoder": [2, 2, 2], "conv_kernel_sizes": [[3, 3, 3]] * 4,
        "pool_op_kernel_sizes": [[1, 1, 1], [2, 2, 2], [2, 2, 2], [2, 2, 2]]}},
}
REGIONS = {"background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing tumor": [3]}
DATASET = {"channel_names": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}, "labels": REGIONS, "regions_class_order": [1, 2, 3]}


class Convolution(nn.Module):
    """Stands for a bundle's network where monai is not at hand."""

    def __init__(self, inputs=4, outputs=3):
        super().__init__()
        self.layer = nn.Conv3d(inputs, outputs, 3, padding=1)

    def forward(self, images):
        return self.layer(images)


def changed(description, *path, value):
    """A copy of nested JSON with one value replaced."""
    copy = json.loads(json.dumps(description))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copy


def bundle(folder, network=None, metadata=METADATA, inference=INFERENCE):
    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata))
    (folder / "configs" / "inference.json").write_text(json.dumps(inference))
    if network is not None:
        torch.jit.script(network.eval()).save(folder / "models" / "model.ts")
    return folder


def results(folder, plans=PLANS, dataset=DATASET):
    (folder / "fold_0").mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(plans))
    (folder / "dataset.json").write_text(json.dumps(dataset))
    return folder


def run(folder, *more):
    """What the importer printed as JSON, or the exit code with what it said."""
    out = folder.parent / "out"
    return import_model.main([str(folder), "--out", str(out), *more]), out


def logits(out, images):
    return Package(out).networks[0]({"images": images.numpy(), "availability": np.ones((1, 4), np.float32)})["logits"]


def test_a_scripted_bundle_becomes_a_package(tmp_path, capsys):
    torch.manual_seed(6)
    network = Convolution()
    code, out = run(bundle(tmp_path / "brats_mri_segmentation", network))
    assert code == 0 and json.loads(capsys.readouterr().out)["version"] == "0.5.3"
    description = json.loads((out / "model.json").read_text())
    assert description["requires"] == ["t1", "t1ce", "t2", "flair"]
    assert description["stages"][0]["window"]["size"] == [240, 240, 160] and description["stages"][0]["window"]["multiple"] == 8
    images = torch.randn(1, 4, 16, 24, 32)
    # As MONAI has it: i, j, k of a file that lies LPS, and T1CE first; back, with WT before TC.
    theirs = images[:, [1, 0, 2, 3]].flip(3, 4).permute(0, 1, 4, 3, 2)
    with torch.no_grad():
        wanted = network(theirs).permute(0, 1, 4, 3, 2).flip(3, 4)[:, [1, 0, 2]]
    assert np.allclose(logits(out, images), wanted.numpy(), atol=1e-4)


def test_a_zipped_bundle_with_axcodes_and_softmax_is_read(tmp_path, capsys):
    torch.manual_seed(7)
    network = Convolution(4, 4)
    names = {"0": "background", "1": "Necrotic core", "2": "Peritumoral edema", "3": "GD-enhancing tumor"}
    inference = changed(INFERENCE, "postprocessing", "transforms", value=[{"_target_": "Activationsd", "softmax": True}])
    inference["preprocessing"]["transforms"].append({"_target_": "monai.transforms.Orientationd", "axcodes": "RAS"})
    folder = bundle(tmp_path / "bundle", network, changed(
        METADATA, "network_data_format", "outputs", "pred", "channel_def", value=names), inference)
    archive = shutil.make_archive(str(tmp_path / "zipped"), "zip", folder)
    assert import_model.main([archive, "--out", str(tmp_path / "out"), "--name", "peer"]) == 0
    images = torch.randn(1, 4, 16, 24, 32)
    with torch.no_grad():
        chances = network(images[:, [1, 0, 2, 3]].permute(0, 1, 4, 3, 2)).permute(0, 1, 4, 3, 2).softmax(1)
    wanted = torch.stack([1 - chances[:, 0], chances[:, 1] + chances[:, 3], chances[:, 3]], 1).logit()
    assert np.allclose(logits(tmp_path / "out", images), wanted.numpy(), atol=1e-3)
    assert json.loads((tmp_path / "out" / "model.json").read_text())["name"] == "peer"


@pytest.mark.parametrize("is_scripted", [False, True])
def test_segresnet_of_the_model_zoo(is_scripted, tmp_path, capsys):
    nets = pytest.importorskip("monai.networks.nets")
    torch.manual_seed(8)
    network = nets.SegResNet(**{key: value for key, value in SEGRESNET.items() if key != "_target_"}).eval()
    folder = bundle(tmp_path / "zoo", network if is_scripted else None, inference=changed(INFERENCE, "network_def", value=SEGRESNET))
    if not is_scripted:
        torch.save(network.state_dict(), folder / "models" / "model.pt")
    code, out = run(folder)
    assert code == 0 and json.loads(capsys.readouterr().out)["largest_difference"] <= 1e-3
    images = torch.randn(1, 4, 16, 16, 24)
    with torch.no_grad():
        wanted = network(images[:, [1, 0, 2, 3]].flip(3, 4).permute(0, 1, 4, 3, 2)).permute(0, 1, 4, 3, 2).flip(3, 4)[:, [1, 0, 2]]
    assert np.allclose(logits(out, images), wanted.numpy(), atol=1e-3)


@pytest.mark.parametrize("kind", ["PlainConvUNet", "ResidualEncoderUNet"])
@pytest.mark.parametrize("reader", ["SimpleITKIO", "NibabelIOWithReorient"])
def test_nnunet_results_become_a_package(kind, reader, tmp_path, capsys):
    pytest.importorskip("dynamic_network_architectures")
    torch.manual_seed(9)
    plans = changed(changed(PLANS, "configurations", "3d_fullres", "UNet_class_name", value=kind), "image_reader_writer", value=reader)
    folder = results(tmp_path / "nnUNetTrainer__nnUNetPlans__3d_fullres", plans)
    network = nnunet.built(nnunet.reconstructed(nnunet.configuration(plans)), 3).eval()
    torch.save({"network_weights": network.state_dict(), "_best_ema": np.float64(0.9), "init_args": {"device": torch.device("cpu")}},
               folder / "fold_0" / "checkpoint_final.pth")
    code, out = run(folder)
    assert code == 0 and json.loads(capsys.readouterr().out)["largest_difference"] <= 1e-3
    assert json.loads((out / "model.json").read_text())["stages"][0]["window"] == {
        "strategy": "sliding", "size": [40, 48, 32], "overlap": 0.5, "blend": "gaussian", "multiple": 8}
    images, flipped = torch.randn(1, 4, 16, 24, 32), [3, 4] if reader == "SimpleITKIO" else []
    with torch.no_grad():
        wanted = network(images[:, [3, 0, 1, 2]].flip(flipped)).flip(flipped)
    assert np.allclose(logits(out, images), wanted.numpy(), atol=1e-3)


def test_plans_since_2_4_name_the_layers_themselves(tmp_path):
    pytest.importorskip("dynamic_network_architectures")
    settings = nnunet.configuration(PLANS)
    architecture = nnunet.reconstructed(settings)
    architecture["network_class_name"] = "dynamic_network_architectures.architectures.unet.PlainConvUNet"
    plans = changed(PLANS, "configurations", "3d_fullres", "architecture", value=architecture)
    plans["transpose_forward"] = [1, 0, 2]
    folder = results(tmp_path / "results", plans, changed(DATASET, "labels", value={"background": 0, "ED": 1, "NCR": 2, "ET": 3}))
    torch.save({"network_weights": nnunet.built(architecture, 4).state_dict()}, folder / "fold_0" / "checkpoint_final.pth")
    foreign = nnunet.read(folder)
    assert foreign.network.head.members == [[1, 2, 3], [2, 3], [3]]
    assert foreign.network.layout.directions == ("P", "S", "L") and foreign.window == [40, 32, 48]


def monai_cases():
    def outputs(names):
        return changed(METADATA, "network_data_format", "outputs", "pred", "channel_def", value=names)

    def inputs(names):
        return changed(METADATA, "network_data_format", "inputs", "image", "channel_def", value=names)

    def steps(*more):
        return changed(INFERENCE, "preprocessing", "transforms", value=[*INFERENCE["preprocessing"]["transforms"], *more])

    yield "output is", {"metadata": outputs({"0": "liver", "1": "spleen", "2": "kidney"})}
    yield "output is", {"metadata": outputs({"0": "background", "1": "tumor"})}
    yield "channels T1c, T1, T2,", {"metadata": inputs({"0": "T1c", "1": "T1", "2": "T2"})}
    yield "channels CT", {"metadata": inputs({"0": "CT", "1": "T1", "2": "T2", "3": "FLAIR"})}
    yield "by number", {"metadata": inputs({"first": "T1"})}
    yield "ScaleIntensityRanged", {"inference": steps({"_target_": "ScaleIntensityRanged", "a_min": 0})}
    yield "Spacingd", {"inference": steps({"_target_": "Spacingd", "pixdim": [1.5, 1.5, 2.0]})}
    yield "NormalizeIntensity", {"inference": changed(INFERENCE, "preprocessing", "transforms", value=[])}
    yield "in full", {"inference": changed(INFERENCE, "preprocessing", value="$import os")}
    yield "output is", {"network": Convolution(4, 2)}
    yield "four channels", {"network": Convolution(1, 3)}
    yield "neither", {"network": None}


@pytest.mark.parametrize("said, parts", list(monai_cases()))
def test_bundles_that_do_not_fit_are_refused(said, parts, tmp_path, capsys):
    code, out = run(bundle(tmp_path / "bundle", **{"network": Convolution(), **parts}))
    assert code == 65 and said in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle"]


def test_a_package_that_fails_its_comparison_leaves_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(writing, "largest_difference", lambda *_: 1.0)
    assert run(bundle(tmp_path / "bundle", Convolution()))[0] == 65
    assert "differ by 1" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_bundle_without_monai_and_script_says_what_to_install(tmp_path, capsys, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "monai" else found(name, *more))
    folder = bundle(tmp_path / "bundle")
    torch.save(Convolution().state_dict(), folder / "models" / "model.pt")
    assert run(folder)[0] == 65
    assert "pip install monai" in capsys.readouterr().err


def test_a_traced_bundle_needs_no_monai(tmp_path, capsys):
    torch.manual_seed(10)
    folder = bundle(tmp_path / "bundle")
    torch.jit.trace(nn.Sequential(Convolution(4, 8), nn.GroupNorm(4, 8), nn.ReLU(), Convolution(8, 3)).eval(),
                    torch.randn(1, 4, 16, 16, 16)).save(folder / "models" / "model.ts")
    assert run(folder)[0] == 0 and json.loads(capsys.readouterr().out)["largest_difference"] <= 1e-3


@pytest.mark.parametrize("definition", [
    {"_target_": "os.system", "command": "false"}, {"_target_": "SegResNet", "in_channels": "$__import__('os').getpid()"}])
def test_definitions_that_are_code_are_not_run(definition, tmp_path, capsys):
    pytest.importorskip("monai")
    folder = bundle(tmp_path / "bundle", inference=changed(INFERENCE, "network_def", value=definition))
    torch.save(Convolution().state_dict(), folder / "models" / "model.pt")
    assert run(folder)[0] == 65
    assert "plain values" in capsys.readouterr().err


def nnunet_cases():
    def settings(key, value):
        return {"plans": changed(PLANS, "configurations", "3d_fullres", key, value=value)}

    yield "only 1 mm", settings("spacing", [3.0, 1.0, 1.0])
    yield "ZScoreNormalization", settings("normalization_schemes", ["CTNormalization"] * 4)
    yield "ZScoreNormalization", settings("use_mask_for_norm", [False] * 4)
    yield "cascade", settings("previous_stage", "3d_lowres")
    yield "no 3d_fullres", {"plans": changed(PLANS, "configurations", value={"2d": {}})}
    yield "incomplete", settings("n_conv_per_stage_decoder", None)
    yield "image reader", {"plans": changed(PLANS, "image_reader_writer", value="NaturalImage2DIO")}
    yield "channels T1, T2", {"dataset": changed(DATASET, "channel_names", value={"0": "T1", "1": "T2"})}
    yield "within each other", {"dataset": changed(DATASET, "labels", value={"background": 0, "a": [1, 2], "b": [2, 3], "c": 3})}
    yield "three tumour classes", {"dataset": changed(DATASET, "labels", value={"background": 0, "tumour": 1})}
    yield "--classes", {"dataset": changed(DATASET, "labels", value={"background": 0, "one": 1, "two": 2, "three": 3})}


@pytest.mark.parametrize("said, parts", list(nnunet_cases()))
def test_results_that_do_not_fit_are_refused(said, parts, tmp_path, capsys):
    pytest.importorskip("dynamic_network_architectures")
    folder = results(tmp_path / "results", **parts)
    torch.save({"network_weights": {"a": torch.zeros(1)}}, folder / "fold_0" / "checkpoint_final.pth")
    assert run(folder)[0] == 65
    assert said in capsys.readouterr().err


def test_results_without_weights_or_with_others_are_refused(tmp_path, capsys):
    pytest.importorskip("dynamic_network_architectures")
    folder = results(tmp_path / "results")
    assert run(folder)[0] == 65 and "fold_*" in capsys.readouterr().err
    torch.save({"network_weights": Convolution().state_dict()}, folder / "fold_0" / "checkpoint_final.pth")
    assert run(folder)[0] == 65 and "do not fit" in capsys.readouterr().err
