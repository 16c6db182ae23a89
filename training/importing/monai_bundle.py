"""MONAI bundles for BraTS: configs/metadata.json, configs/inference.json and models/model.ts or models/model.pt.

Follows the MONAI bundle specification and the model zoo's brats_mri_segmentation (SegResNet; T1c, T1, T2, FLAIR in; TC, WT, ET out).
`network_def` is not evaluated as in MONAI (its `$` expressions are Python): only a class of monai.networks.nets with plain values is
accepted.

Orientation: the array is i, j, k. With Orientationd among the steps its axcodes apply; without it, as in brats_mri_segmentation, the
network was trained on BraTS files as stored, with axes towards left, posterior, superior (as in BraTS 2021). NormalizeIntensityd(nonzero)
uses each sequence's own non-zero voxels, NeuroAI's runtime their union: the same if the sequences are skull-stripped with one mask, as in
BraTS.
"""

import importlib.util
import json
import re

import torch

from preprocess import SEQUENCES

from . import sources
from .sources import BadInput
from .wrapping import ClassHead, Foreign, Layout, RegionHead, Wrapped

BRATS_DIRECTIONS = "LPS"
WEIGHTS_KEYS = ("model", "state_dict", "network", "net")
# Steps compatible with the runtime's values and grid; others are checked individually or rejected.
HARMLESS = {
    "LoadImage", "EnsureChannelFirst", "AsChannelFirst", "EnsureType", "ToTensor", "CropForeground", "DivisiblePad", "SpatialPad",
    "ConvertToMultiChannelBasedOnBratsClasses", "SelectItems", "CastToType", "ToDevice",
}
WINDOW = (128, 128, 128)
MULTIPLE = 32


def find(folder):
    """The folder with configs/metadata.json, or None."""
    found = sorted(folder.rglob("configs/metadata.json"), key=lambda path: len(path.parts))
    return found[0].parents[1] if found else None


def step_name(target):
    """A transform's class name without the suffix of dictionary variants."""
    name = str(target).rsplit(".", 1)[-1]
    return name if name in HARMLESS else re.sub("(Dict|d|D)$", "", name)


def steps(inference, section):
    """Name and options of every transform of a section."""
    found = inference.get(section)
    transforms = found.get("transforms") if isinstance(found, dict) else None
    if not isinstance(transforms, list) or not all(isinstance(step, dict) and "_target_" in step for step in transforms):
        raise BadInput(f"configs/inference.json does not list its {section} steps in full; write them there as JSON.")
    return [(step_name(step["_target_"]), step) for step in transforms]


def directions(inference):
    """The directions of the network's axes; rejects steps that the runtime would perform differently."""
    axes, scaled = BRATS_DIRECTIONS, False
    for name, options in steps(inference, "preprocessing"):
        if name == "Orientation":
            axes = options.get("axcodes")
        elif name == "NormalizeIntensity" and options.get("nonzero") is True and options.get("channel_wise") is True:
            scaled = True
        elif name == "Spacing" and isinstance(options.get("pixdim"), list) and all(length == 1 for length in options["pixdim"]):
            continue
        elif name not in HARMLESS:
            raise BadInput(f"The bundle prepares images by {options['_target_']} in a way that our runtime does not; "
                           "only z-scores within the brain at 1 mm can be imported.")
    if not scaled:
        raise BadInput("The bundle does not scale images by NormalizeIntensity with nonzero and channel_wise; "
                       "only z-scores within the brain can be imported.")
    if not isinstance(axes, str) or len(axes) != 3:
        raise BadInput("The bundle's Orientation step does not state axcodes such as RAS; write them into configs/inference.json.")
    return tuple(axes.upper())


def channels(metadata, way):
    """The channels' names of the bundle's inputs or outputs."""
    formats = (metadata.get("network_data_format") or {}).get(way) or {}
    described = next(iter(formats.values()), {}) if isinstance(formats, dict) else {}
    return sources.ordered(described.get("channel_def") or {}, f"configs/metadata.json ({way})"), described


def head(metadata, inference, stated):
    """The meaning of the output, from the channels' names and the activation that follows."""
    names, _ = channels(metadata, "outputs")
    activations = [options for name, options in steps(inference, "postprocessing") if name == "Activations"]
    has_sigmoid = any(options.get("sigmoid") is True for options in activations)
    has_softmax = any(options.get("softmax") is True for options in activations)
    if len(names) == 3 and has_sigmoid and not has_softmax:
        regions = [sources.region(name) for name in names]
        if set(regions) == set(sources.REGIONS):
            return RegionHead([regions.index(name) for name in sources.REGIONS])
    if len(names) == 4 and has_softmax and not has_sigmoid:
        return ClassHead(sources.class_sets(names[1:], "configs/metadata.json", stated))
    raise BadInput(f"The bundle's output is {', '.join(map(str, names)) or 'unnamed'}; three sigmoid channels for whole tumour, core and "
                   "enhancing tumour are needed, or a softmax over background and three tumour classes.")


def scripted(path):
    try:
        return torch.jit.load(path, map_location="cpu").eval().float()
    except Exception as error:
        raise BadInput(f"{path.name} is damaged or no TorchScript; load it again.") from error


def definition(inference):
    """Name and plain options of `network_def`, or None if it is an expression or not a MONAI network."""
    described = inference.get("network_def") or inference.get("network")
    if not isinstance(described, dict) or re.search(r'"[$@%]', json.dumps(described)):
        return None
    name = str(described.get("_target_", "")).removeprefix("monai.networks.nets.")
    return (name, {key: value for key, value in described.items() if not key.startswith("_")}) if name.isidentifier() else None


def built(name, options):
    """A network of monai.networks.nets, without weights."""
    from monai.networks import nets

    try:
        return getattr(nets, name)(**options)
    except Exception as error:
        raise BadInput(f"monai cannot make the network_def {name} ({error}); use the monai version that metadata.json names.") from error


def network(folder, inference):
    """The bundle's network with its weights, and their file."""
    script, state = folder / "models" / "model.ts", folder / "models" / "model.pt"
    if not script.is_file() and not state.is_file():
        raise BadInput("The bundle has neither models/model.pt nor models/model.ts; load its weights first.")
    described, has_monai = definition(inference), importlib.util.find_spec("monai") is not None
    if described and has_monai:
        # Also uses TorchScript's weights: its lists of tensors cannot be converted to ONNX that OpenVINO reads.
        path = state if state.is_file() else script
        found = sources.weights(state, *WEIGHTS_KEYS) if state.is_file() else scripted(script).state_dict()
        return sources.fill(built(*described), found, path.name), path
    if script.is_file():
        return scripted(script), script
    if has_monai:
        raise BadInput("network_def in configs/inference.json is not a class of monai.networks.nets with plain values; "
                       "export the bundle's model.ts and put it beside model.pt.")
    raise BadInput("models/model.pt needs the package monai to be read; run `pip install monai`, or put model.ts beside it.")


def window(inference):
    """The lengths of the bundle's own window along its axes."""
    inferer = inference.get("inferer")
    size = inferer.get("roi_size") if isinstance(inferer, dict) else None
    is_plain = isinstance(size, list) and len(size) == 3 and all(isinstance(length, int) and 8 <= length <= 512 for length in size)
    return tuple(size) if is_plain else WINDOW


def multiple(described):
    """The n of `8*n` in the spatial shape of metadata.json."""
    found = [re.fullmatch(r"(\d+)\s*\*\s*n", str(length)) for length in described.get("spatial_shape", [])]
    return max([int(match[1]) for match in found if match], default=MULTIPLE) if all(found) else MULTIPLE


def read(folder, stated=None):
    """The network of a bundle; `stated` defines its classes 1, 2, 3 if metadata.json does not."""
    metadata = sources.json_file(folder / "configs" / "metadata.json")
    inference = sources.json_file(folder / "configs" / "inference.json")
    names, described = channels(metadata, "inputs")
    order = Layout(tuple(sources.sequence_channels(names, "configs/metadata.json")), directions(inference))
    meaning = head(metadata, inference, stated)
    found, path = network(folder, inference)
    return Foreign(
        network=Wrapped(found, order, meaning), kind="monai", files=[path],
        architecture=f"MONAI bundle {metadata.get('name') or folder.name}: {(definition(inference) or [path.name])[0]}",
        size=tuple(order.size_ijk(window(inference))), multiple=multiple(described),
        version=str(metadata.get("version") or "1.0.0"), required=SEQUENCES,
    )
