"""MoME+ as published by its authors (github.com/ZhangxinruBIT/MoME, folder MoME_plus at 1cec2d1, Apache-2.0), reimplemented.

Sources: `get_network_from_plans.py` (bias, InstanceNorm eps 1e-5 affine, LeakyReLU 0.01), `unet.py` and `unet_decoder.py` (the availability
as four constant planes behind the bottleneck's channels), `Dispatch_network.py` (ClsDispatchNet), `predict_from_raw_data.py` (how the parts
are combined) and `nnUNetTrainer.py` (`save_checkpoint`: six files, `checkpoint_best.pth` for the gate, `checkpoint_best1.pth` … `4` for the
experts of T1, T1CE, T2, FLAIR and `checkpoint_best_dispatch.pth`). The parts' parameter names and shapes are exactly those in the files.
One combined file is also supported: flat, or nested by part, with the trainer's names of the parts (`network`, `network1` … `network4`,
`dispatch_network`); the authors publish no such file.

Orientation: their preprocessing resamples everything to an MNI template whose axes run right, anterior, superior (197 × 233 × 189 voxels,
read from its brain mask's header) and nnU-Net reads it by SimpleITK, so the arrays' axes equal NeuroAI's, unflipped.

Not implemented: the affine registration to MNI (a case stays in its own space), test-time mirroring (eight passes), half precision. Not
determined: which class is which tumour part. The dataset's labels come from the gate's checkpoint (`init_args`), else from dataset.json
beside it, else from the user.
"""

from pathlib import Path

import torch
from torch import nn

from . import sources
from .sources import BadInput
from .wrapping import ClassHead, Foreign, Layout, Wrapped

EXPERTS = 4
CLASSES = 4
WIDTHS = (32, 64, 128, 256, 320, 320)
PARTS = ("network", "network1", "network2", "network3", "network4", "dispatch_network")
SUFFIXES = ("", "1", "2", "3", "4", "_dispatch")
PATCH = 128


class Convolution(nn.Module):
    """Convolution, instance normalisation, leaky ReLU; each parameter has two names, as in nnU-Net."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, 3, stride, 1)
        self.norm = nn.InstanceNorm3d(outputs, eps=1e-5, affine=True)
        self.all_modules = nn.Sequential(self.conv, self.norm, nn.LeakyReLU(0.01))

    def forward(self, features):
        return self.all_modules(features)


class Pair(nn.Module):
    """Two convolutions; the first may be strided."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.convs = nn.Sequential(Convolution(inputs, outputs, stride), Convolution(outputs, outputs))

    def forward(self, features):
        return self.convs(features)


class Encoder(nn.Module):
    def __init__(self, inputs, widths):
        super().__init__()
        before = (inputs, *widths)
        self.stages = nn.Sequential(*(nn.Sequential(Pair(before[index], width, 2 if index else 1))
                                      for index, width in enumerate(widths)))

    def forward(self, images):
        """Features of every stage, finest first."""
        features = []
        for stage in self.stages:
            features.append(stage(features[-1] if features else images))
        return features


class Decoder(nn.Module):
    """From the bottleneck up; `extra` channels are appended to the bottleneck, and only the finest head is used."""

    def __init__(self, encoder, widths, outputs, extra):
        super().__init__()
        # nnU-Net's decoder owns its encoder, so a checkpoint contains the encoder's parameters under two names.
        self.encoder = encoder
        pairs = list(zip(widths[::-1], widths[-2::-1]))
        self.stages = nn.ModuleList(Pair(2 * above, above) for _, above in pairs)
        self.transpconvs = nn.ModuleList(nn.ConvTranspose3d(below + (extra if index == 0 else 0), above, 2, 2)
                                         for index, (below, above) in enumerate(pairs))
        self.seg_layers = nn.ModuleList(nn.Conv3d(above, outputs, 1) for _, above in pairs)

    def forward(self, features):
        deep = features[-1]
        for up, merge, skip in zip(self.transpconvs, self.stages, features[-2::-1]):
            deep = merge(torch.cat([up(deep), skip], 1))
        return self.seg_layers[-1](deep)


class PlainUNet(nn.Module):
    """nnU-Net's plain U-Net: [1, C, D, H, W] → first-stage features and logits; D, H, W are multiples of 32."""

    def __init__(self, inputs, outputs, widths=WIDTHS, extra=0):
        super().__init__()
        self.encoder = Encoder(inputs, widths)
        self.decoder = Decoder(self.encoder, widths, outputs, extra)

    def forward(self, images, availability=None):
        features = self.encoder(images)
        first = features[0]
        if availability is not None:
            planes = availability[:, :, None, None, None].expand(-1, -1, *features[-1].shape[2:])
            features[-1] = torch.cat([features[-1], planes], 1)
        return first, self.decoder(features)


class Dispatch(nn.Module):
    """Maps availability to the present sequences that feed the experts of missing ones: availability [1, 4] → mixing matrix [1, 4, 4].

    Rows are min–max scaled and missing columns masked, without normalising the row to 1; a present sequence's row is one-hot.
    """

    def __init__(self):
        super().__init__()
        lengths = (EXPERTS, 4, 8, 16)
        layers = [layer for a, b in zip(lengths, lengths[1:]) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.mlp = nn.Sequential(*layers, nn.Linear(lengths[-1], EXPERTS * EXPERTS))

    def forward(self, availability):
        rows = self.mlp(availability).view(-1, EXPERTS, EXPERTS)
        low, high = rows.amin(2, keepdim=True), rows.amax(2, keepdim=True)
        mixed = (rows - low + 1e-4) / (high - low + 1e-4) * availability[:, None, :]
        present = availability[:, :, None]
        return present * torch.eye(EXPERTS) + (1 - present) * mixed


class MoMEPlus(nn.Module):
    """Sum over the experts of logits times gate, per class and voxel: images [1, 4, D, H, W] → class logits [1, 4, D, H, W]."""

    def __init__(self, widths=WIDTHS):
        super().__init__()
        self.network = PlainUNet(EXPERTS + EXPERTS * widths[0], EXPERTS * CLASSES, widths, extra=EXPERTS)
        for part in PARTS[1:-1]:
            self.add_module(part, PlainUNet(1, CLASSES, widths))
        self.dispatch_network = Dispatch()

    def forward(self, images, availability):
        fed = torch.einsum("bes,bsdhw->bedhw", self.dispatch_network(availability), images)
        experts = [self.get_submodule(part)(fed[:, index : index + 1]) for index, part in enumerate(PARTS[1:-1])]
        # The gate receives the experts' inputs, not the original images.
        _, gate = self.network(torch.cat([fed, *(features for features, _ in experts)], 1), availability)
        return sum(logits * weight for (_, logits), weight in zip(experts, gate.split(CLASSES, 1)))


def files(path):
    """The six files of a training, gate first and dispatch last, or one combined file; [] if the path has neither."""
    if path.is_file():
        stem = path.stem.removesuffix("_dispatch").rstrip("1234")
        return siblings(path.parent, stem) or [path]
    found = [siblings(dispatch.parent, dispatch.stem.removesuffix("_dispatch")) for dispatch in sorted(path.rglob("*_dispatch.pth"))]
    combined = sorted(path.glob("mome_plus.pth"))
    return next(filter(None, found), combined)


def siblings(folder, stem):
    paths = [folder / f"{stem}{suffix}.pth" for suffix in SUFFIXES]
    return paths if all(path.is_file() for path in paths) else []


def states(paths):
    """Every part's state dict, by the part's name, and the other content of the gate's file."""
    content = sources.tensors(paths[0])
    if not isinstance(content, dict):
        raise BadInput(f"{paths[0].name} holds no MoME+ weights; give the folder of its six checkpoint files.")
    if len(paths) == len(PARTS):
        return {part: sources.weights(path, "network_weights") for part, path in zip(PARTS, paths)}, content
    if all(isinstance(content.get(part), dict) for part in PARTS):
        return {part: content[part].get("network_weights", content[part]) for part in PARTS}, content
    flat = sources.weights(paths[0], "network_weights", "state_dict", "model")
    parts = {part: {key.removeprefix(f"{part}."): value for key, value in flat.items() if key.startswith(f"{part}.")}
             for part in PARTS}
    missing = [part for part, state in parts.items() if not state]
    if missing:
        raise BadInput(f"{paths[0].name} lacks the parts {', '.join(missing)} of MoME+; give the folder of its six checkpoint files.")
    return parts, content


def labels(content, paths):
    """The dataset's labels by name, from the checkpoint or dataset.json; {} if neither has them."""
    stated = (content.get("init_args") or {}).get("dataset_json")
    nearby = [Path(folder) / "dataset.json" for folder in paths[0].parents[:2]]
    description = stated or next((sources.json_file(file) for file in nearby if file.is_file()), {})
    found = description.get("labels", {})
    return found if isinstance(found, dict) else {}


def stage_widths(state, name):
    """The channels of the stages in an expert's weights; 32 to 320 in the published ones."""
    found = []
    while (first := state.get(f"encoder.stages.{len(found)}.0.convs.0.conv.weight")) is not None:
        found.append(first.shape[0])
    if len(found) < 2:
        raise BadInput(f"{name} holds no expert of MoME+; give the folder of its six checkpoint files.")
    return tuple(found)


def read(path, stated=None):
    """The network at a path; `stated` defines its classes 1, 2, 3 if its files do not."""
    paths = files(path)
    parts, content = states(paths)
    named = {number: name for name, number in labels(content, paths).items() if isinstance(number, int)}
    members = sources.class_sets([named[number] for number in sorted(named) if number > 0], paths[0].name, stated)
    widths = stage_widths(parts[PARTS[1]], paths[0].name)
    network = MoMEPlus(widths)
    for part in PARTS:
        sources.fill(network.get_submodule(part), parts[part], f"{paths[0].name} ({part})")
    layout = Layout(channels=(0, 1, 2, 3), directions=("S", "A", "R"))
    return Foreign(
        network=Wrapped(network.eval(), layout, ClassHead(members), takes_availability=True), kind="mome+", files=paths,
        architecture="MoME+: four expert U-Nets, dispatch, voxel-wise gate", size=(PATCH,) * 3, multiple=2 ** (len(widths) - 1),
    )
