"""Writes a third-party network as a package: the ONNX file, its comparison with PyTorch, and model.json."""

import json
import logging
import warnings

import numpy as np
import openvino
import torch

import package
from preprocess import SEQUENCES, STD_FLOOR

from . import sources
from .sources import BadInput

NETWORK = "network.onnx"
LARGEST_DIFFERENCE = 1e-3
# The availabilities compared: all sequences, and without T1CE if the network accepts that.
ALL, WITHOUT_T1CE = (1.0, 1.0, 1.0, 1.0), (1.0, 0.0, 1.0, 1.0)


def trial_sizes(multiple):
    """Sizes [D, H, W] for tracing and comparison; they differ, so that a size frozen by tracing is detected."""
    if multiple >= 32:
        return (multiple, multiple, 2 * multiple), (2 * multiple, multiple, multiple)
    unit = max(multiple, 8)
    return (2 * unit, 3 * unit, 4 * unit), (4 * unit, 2 * unit, 3 * unit)


def inputs(size, availability):
    """Seeded noise, 0 for missing sequences."""
    generator = torch.Generator().manual_seed(1)
    present = torch.tensor([availability])
    return torch.randn(1, 4, *size, generator=generator) * present[:, :, None, None, None], present


def export(network, path, size):
    """ONNX with dynamic sizes, as written by training/export.py."""
    axes = {2: "D", 3: "H", 4: "W"}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # Tracing warns about every size that it reads.
        warnings.simplefilter("ignore")
        has_script = any(isinstance(part, torch.jit.ScriptModule) for part in network.modules())
        # The exporter's own tracing rejects TorchScript inside; it accepts a traced module.
        source = torch.jit.trace(network, inputs(size, ALL), check_trace=False) if has_script else network
        torch.onnx.export(
            source, inputs(size, ALL), str(path), opset_version=17, dynamo=False, input_names=["images", "availability"],
            output_names=["logits"], dynamic_axes={"images": axes, "logits": axes},
        )


def largest_difference(network, path, size):
    """The difference between OpenVINO in 32 bits and PyTorch, relative to the largest logit if that is above 1."""
    compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    differences = []
    for availability in (ALL, WITHOUT_T1CE) if network.takes_availability else (ALL,):
        images, present = inputs(size, availability)
        with torch.no_grad():
            wanted = network(images, present).numpy()
        found = compiled({"images": images.numpy(), "availability": present.numpy()})["logits"]
        if found.shape != wanted.shape:
            raise BadInput("The exported network keeps the size that it was traced with; export it with free sizes.")
        differences.append(float(np.abs(found - wanted).max() / max(1.0, np.abs(wanted).max())))
    # NaN if either side returned one.
    return float(np.max(differences))


def stage(foreign):
    window = {"strategy": "sliding", "size": foreign.window, "overlap": 0.5, "blend": "gaussian", "multiple": foreign.multiple}
    return {
        "network": NETWORK,
        "inputs": ["images", "availability"],
        "outputs": ["logits"],
        "spacing_mm": 1.0,
        "antialias_sigma_factor": 0.0,
        "window": window,
    }


def described(foreign, name, folder):
    """The package's model.json."""
    return {
        "format": 2,
        "name": name,
        "version": foreign.version,
        "architecture": foreign.architecture,
        "sequences": list(SEQUENCES),
        "orientation": "RAS",
        "normalisation": {"method": "zscore", "within": "foreground", "std_floor": STD_FLOOR},
        "stages": [stage(foreign)],
        "requires": list(foreign.required),
        "outputs": [{"channel": index, "region": region} for index, region in enumerate(sources.REGIONS)],
        "activation": "sigmoid",
        "threshold": 0.5,
        "label_convention": "brats2023",
        "labels": package.LABELS,
        "source": {"kind": foreign.kind, "file": foreign.files[0].name, "sha256": sources.digest(foreign.files)},
        "metrics": None,
        "files": [package.described(folder / NETWORK)],
    }


def write(foreign, name, folder):
    """Fills an empty folder; returns the largest difference between OpenVINO and PyTorch."""
    traced, compared = trial_sizes(foreign.multiple)
    try:
        export(foreign.network, folder / NETWORK, traced)
        difference = largest_difference(foreign.network, folder / NETWORK, compared)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadInput(f"The network does not become ONNX that OpenVINO reads ({reason}); give one of ordinary layers "
                       "(for TorchScript of a MONAI bundle: `pip install monai` and try again).") from error
    if not difference <= LARGEST_DIFFERENCE:
        raise BadInput(f"OpenVINO and PyTorch differ by {difference:.2g} of the logits' magnitude, more than {LARGEST_DIFFERENCE:g}; "
                       "the network cannot be imported.")
    (folder / "model.json").write_text(json.dumps(described(foreign, name, folder), indent=2) + "\n")
    return difference
