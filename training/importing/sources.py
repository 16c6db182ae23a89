"""Shared by all kinds of sources: opening the user's path, reading tensors without running code, and parsing names."""

import contextlib
import hashlib
import json
import pickle
import re
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch

from preprocess import SEQUENCES

NCR, ED, ET = CLASSES = ("NCR", "ED", "ET")
REGIONS = {"WT": {NCR, ED, ET}, "TC": {NCR, ET}, "ET": {ET}}
LARGEST_ARCHIVE_BYTES = 8 << 30
SPELLINGS = {
    "t1": {"t1", "t1w", "t1n", "t1native"},
    "t1ce": {"t1ce", "t1c", "t1gd", "t1gado", "t1post", "t1contrast", "t1wce", "t1cew", "t1km"},
    "t2": {"t2", "t2w"},
    "flair": {"flair", "t2flair", "t2f", "fla"},
}
# nnU-Net stores its progress as numpy numbers beside the weights: values, not code.
PLAIN = [
    np.dtype, np.ndarray,
    *(type(np.dtype(name)) for name in ("float64", "float32", "int64", "int32", "bool")),
    *((function, f"numpy.{core}.multiarray.{name}") for core in ("core", "_core")
      for name, function in (("scalar", np._core.multiarray.scalar), ("_reconstruct", np._core.multiarray._reconstruct))),
]


class BadInput(Exception):
    """An error of the given files; its text is one sentence that says what is wrong and what to do."""


@contextlib.contextmanager
def opened(path):
    """The path itself, or a temporary folder with the content of a .zip archive."""
    if not path.exists():
        raise BadInput(f"There is no {path}; check the path.")
    if path.suffix != ".zip":
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                if sum(item.file_size for item in archive.infolist()) > LARGEST_ARCHIVE_BYTES:
                    raise BadInput(f"{path.name} unpacks to more than 8 GiB; unpack it yourself and name the folder.")
                archive.extractall(folder)
        except (zipfile.BadZipFile, OSError, EOFError) as error:
            raise BadInput(f"{path.name} is damaged or no zip archive; load it again.") from error
        yield Path(folder)


def tensors(path):
    """The content of a `torch.save` file, on the CPU; code in the file is never run."""
    try:
        with torch.serialization.safe_globals(PLAIN):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        if "GLOBAL" in str(error) or "global" in str(error):
            raise BadInput(f"{path.name} needs pickled code, which is never run; "
                           "save its state_dict alone and import that.") from error
        raise BadInput(f"{path.name} is damaged; load it again.") from error
    except Exception as error:
        raise BadInput(f"{path.name} is damaged or no PyTorch file; load it again.") from error


def weights(path, *keys):
    """The state dict at one of the keys of a file, or the file's whole mapping, without wrappers' prefixes."""
    content = tensors(path)
    state = next((content[key] for key in keys if isinstance(content, dict) and key in content), content)
    if not isinstance(state, dict) or not state or not all(
            isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in state.items()):
        raise BadInput(f"{path.name} holds no state_dict; save one and import that.")
    return {key.removeprefix("module.").removeprefix("_orig_mod."): value for key, value in state.items()}


def fill(network, state, name):
    """Loads a state dict strictly."""
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:240]
        raise BadInput(f"The weights of {name} do not fit the network that its files describe ({reason}); "
                       "give the files of one training.") from error
    return network.eval().float()


def json_file(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadInput(f"{path.name} is missing or no JSON; give the whole folder as it was exported.") from error


def digest(paths):
    """SHA-256 of the files' concatenated bytes."""
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            while part := file.read(1 << 20):
                total.update(part)
    return total.hexdigest()


def plain(name):
    """A name in lower case, reduced to letters and digits."""
    return re.sub("[^a-z0-9]", "", str(name).lower())


def ordered(channels, place):
    """Values of a mapping from "0", "1", … in the order of the numbers."""
    try:
        return [channels[key] for key in sorted(channels, key=int)]
    except (TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{place} does not name the channels by number; write their names there.") from error


def sequence_channels(names, place):
    """For each channel of the network, the index of NeuroAI's sequence."""
    found = [next((index for index, sequence in enumerate(SEQUENCES) if plain(name) in SPELLINGS[sequence]), None)
             for name in names]
    if len(found) != len(SEQUENCES) or set(found) != set(range(len(SEQUENCES))):
        raise BadInput(f"{place} names the channels {', '.join(map(str, names)) or '(none)'}, "
                       "but a network is needed that takes T1, T1CE, T2 and FLAIR, one channel each.")
    return found


def tumour_class(name):
    """NCR, ED, ET or None, by a class's name."""
    word = plain(name)
    if re.search("edema|oedema|ödem|snfh", str(name).lower()) or word in {"ed", "edema"}:
        return ED
    if re.search("necro|nonenhanc|ncr", word) or word in {"net", "netc", "nc"}:
        return NCR
    return ET if "enhanc" in word or word in {"et", "at", "gdenhancing"} else None


def region(name):
    """WT, TC, ET or None, by a region's name."""
    word = plain(name)
    if "whole" in word or word == "wt":
        return "WT"
    if ("core" in word and "enhanc" not in word) or word == "tc":
        return "TC"
    return "ET" if ("enhanc" in word and "non" not in word) or word == "et" else None


def class_sets(names, place, stated=None):
    """The regions as sets of class numbers, for names of the classes 1, 2, 3; `stated` is the user's definition."""
    classes = list(stated) if stated else [tumour_class(name) for name in names]
    if set(classes) != set(CLASSES) or len(classes) != len(CLASSES):
        raise BadInput(f"{place} names the classes {', '.join(map(str, names)) or '(none)'}, which does not say where necrotic core, "
                       "oedema and enhancing tumour are; say it with --classes, such as --classes ED,NCR,ET.")
    return [{index + 1 for index, name in enumerate(classes) if name in members} for members in REGIONS.values()]
