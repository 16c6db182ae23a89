"""nnU-Net v2 results: a folder with plans.json, dataset.json and fold_*/checkpoint_final.pth, configuration 3d_fullres at 1 mm.

Sources in github.com/MIC-DKFZ/nnUNet: `plans_handler.py` (`architecture` with its keyword arguments, and the interpretation of plans
without it), `label_handling.py` (the order of the labels in dataset.json is that of the regions' channels, without the background). One
fold is used, fold_all or else the first, whereas nnU-Net averages all folds with eight mirrored passes each.

Orientation: SimpleITKIO and NibabelIO return arrays z, y, x of the file as stored. BraTS files have axes towards left, posterior, superior
(as in BraTS 2021), so the arrays' axes are S, P, L. NibabelIOWithReorient converts to RAS: S, A, R. The plans do not record whether another
dataset's files were stored differently.
"""

from torch import nn

from preprocess import SEQUENCES

from . import sources
from .sources import BadInput
from .wrapping import ClassHead, Foreign, Layout, RegionHead, Wrapped

CONFIGURATION = "3d_fullres"
READERS = {"SimpleITKIO": "SPL", "NibabelIO": "SPL", "NibabelIOWithReorient": "SAR"}
NETWORKS = ("PlainConvUNet", "ResidualEncoderUNet")
WEIGHTS = ("checkpoint_final.pth", "checkpoint_best.pth")
TOLERANCE_MM = 0.02


def configuration(plans):
    """The 3d_fullres configuration with its inherited settings."""
    known, name, chain = plans.get("configurations", {}), CONFIGURATION, []
    while name and name in known and len(chain) <= len(known):
        chain.append(known[name])
        name = known[name].get("inherits_from")
    if not chain:
        raise BadInput(f"plans.json has no {CONFIGURATION} configuration; only that one can be imported.")
    return {key: value for part in reversed(chain) for key, value in part.items()}


def check_preprocessing(settings):
    """Rejects preprocessing that the runtime would perform differently."""
    if any(abs(length - 1) > TOLERANCE_MM for length in settings.get("spacing", [0])):
        raise BadInput(f"The network works at {settings.get('spacing')} mm; only 1 mm can be imported.")
    if set(settings.get("normalization_schemes", [])) != {"ZScoreNormalization"} or not all(settings.get("use_mask_for_norm", [False])):
        raise BadInput("The network's images are not z-scores within the brain (ZScoreNormalization with use_mask_for_norm); "
                       "only those can be imported.")
    if settings.get("previous_stage"):
        raise BadInput("The network is the second of a cascade; only a single stage can be imported.")


def reconstructed(settings):
    """The architecture entry, which plans of nnU-Net before 2.4 omit."""
    count = len(settings["n_conv_per_stage_encoder"])
    blocks = "n_conv_per_stage" if settings["UNet_class_name"] == "PlainConvUNet" else "n_blocks_per_stage"
    return {
        "network_class_name": settings["UNet_class_name"],
        "arch_kwargs": {
            "n_stages": count,
            "features_per_stage": [min(settings["UNet_base_num_features"] * 2**stage, settings["unet_max_num_features"])
                                   for stage in range(count)],
            "conv_op": "torch.nn.Conv3d", "kernel_sizes": settings["conv_kernel_sizes"], "strides": settings["pool_op_kernel_sizes"],
            blocks: settings["n_conv_per_stage_encoder"], "n_conv_per_stage_decoder": settings["n_conv_per_stage_decoder"],
            "conv_bias": True, "norm_op": "torch.nn.InstanceNorm3d", "norm_op_kwargs": {"eps": 1e-5, "affine": True},
            "dropout_op": None, "dropout_op_kwargs": None, "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }


def torch_class(name):
    """A layer's class by its dotted name; only torch.nn is searched."""
    found = getattr(nn, str(name).rsplit(".", 1)[-1], None) if str(name).startswith("torch.nn.") else None
    if not isinstance(found, type):
        raise BadInput(f"plans.json names {name}, which is no layer of torch.nn; only those can be imported.")
    return found


def built(architecture, outputs):
    """The network of plans.json, with four input channels."""
    try:
        from dynamic_network_architectures.architectures import unet
    except ImportError as error:
        raise BadInput("An nnU-Net network needs the package dynamic-network-architectures; "
                       "run `pip install dynamic-network-architectures`.") from error
    name = architecture["network_class_name"].rsplit(".", 1)[-1]
    if name not in NETWORKS:
        raise BadInput(f"plans.json names the network {name}; only {' and '.join(NETWORKS)} can be imported.")
    options = dict(architecture["arch_kwargs"])
    for key in architecture.get("_kw_requires_import", []):
        options[key] = torch_class(options[key]) if options.get(key) is not None else None
    return getattr(unet, name)(input_channels=len(SEQUENCES), num_classes=outputs, deep_supervision=False, **options)


def head(dataset, stated):
    """The meaning of the output: nested regions in the order of dataset.json, or background and three classes."""
    labels = {name: value for name, value in dataset.get("labels", {}).items() if name != "ignore" and value != 0}
    if any(isinstance(value, list) and len(value) > 1 for value in labels.values()):
        sets = [set(value if isinstance(value, list) else [value]) for value in labels.values()]
        order = sorted(range(len(sets)), key=lambda index: -len(sets[index]))
        nested = len(sets) == 3 and sets[order[0]] > sets[order[1]] > sets[order[2]] and 0 not in sets[order[0]]
        if not nested:
            raise BadInput(f"dataset.json names the regions {', '.join(labels)}, which are not whole tumour, core and enhancing tumour "
                           "within each other; only those three can be imported.")
        return RegionHead(order)
    if sorted(map(str, labels.values())) != ["1", "2", "3"]:
        raise BadInput(f"dataset.json names the labels {', '.join(labels) or '(none)'}; the three tumour classes are needed.")
    names = sorted(labels, key=lambda name: int(labels[name]))
    return ClassHead(sources.class_sets(names, "dataset.json", stated))


def checkpoint(folder):
    """The weights of fold_all, else of the first fold."""
    folds = sorted(folder.glob("fold_*"), key=lambda fold: (fold.name != "fold_all", fold.name))
    found = [fold / name for fold in folds for name in WEIGHTS if (fold / name).is_file()]
    if not found:
        raise BadInput("No fold_*/checkpoint_final.pth lies beside plans.json; give the whole results folder.")
    return found[0]


def layout(plans, dataset):
    reader = plans.get("image_reader_writer")
    if reader not in READERS:
        raise BadInput(f"plans.json names the image reader {reader}; only {', '.join(READERS)} can be imported.")
    directions = tuple(READERS[reader][axis] for axis in plans.get("transpose_forward", [0, 1, 2]))
    names = sources.ordered(dataset.get("channel_names") or dataset.get("modality") or {}, "dataset.json")
    return Layout(tuple(sources.sequence_channels(names, "dataset.json")), directions)


def multiple(options):
    """The largest product of strides along an axis."""
    product = [1, 1, 1]
    for stride in options["strides"]:
        product = [a * b for a, b in zip(product, stride if isinstance(stride, list) else [stride] * 3)]
    return max(product)


def read(folder, stated=None):
    """The network of a results folder; `stated` defines its classes 1, 2, 3 if dataset.json does not."""
    plans, dataset = sources.json_file(folder / "plans.json"), sources.json_file(folder / "dataset.json")
    settings = configuration(plans)
    check_preprocessing(settings)
    path = checkpoint(folder)
    try:
        architecture = settings.get("architecture") or reconstructed(settings)
        order, meaning = layout(plans, dataset), head(dataset, stated)
        network = built(architecture, meaning.count)
        size, step = order.size_ijk(settings["patch_size"]), multiple(architecture["arch_kwargs"])
    except (KeyError, TypeError, ValueError, AssertionError, IndexError) as error:
        raise BadInput(f"plans.json or dataset.json is incomplete ({error!r}); give them as nnU-Net wrote them.") from error
    sources.fill(network, sources.weights(path, "network_weights"), f"{path.parent.name}/{path.name}")
    return Foreign(
        network=Wrapped(network, order, meaning), kind="nnunet", files=[path],
        architecture=f"nnU-Net v2 {architecture['network_class_name'].rsplit('.', 1)[-1]}, {path.parent.name}",
        size=tuple(size), multiple=step, required=SEQUENCES,
    )
