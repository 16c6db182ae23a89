#!/usr/bin/env python3
"""Times the network's part of a run against its peers on the same windows, in one interleaved run, and adds the table to docs/benchmarks.md.

Command: `make bench`. Ours is the manifest's stage `network` of `neuroai segment` with a copy of the package that asks for the windows;
the peers are the bare network in OpenVINO (Python) on the same windows and PyTorch with MONAI's sliding window and the package's own weights.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "training"))

import monai  # noqa: E402
import numpy as np  # noqa: E402
import openvino  # noqa: E402
import torch  # noqa: E402
from monai.inferers import sliding_window_inference  # noqa: E402
from monai.inferers.utils import dense_patch_slices  # noqa: E402

from export import stored  # noqa: E402
from network import MoME  # noqa: E402
from preprocess import SEQUENCES, load_sequences, prepare  # noqa: E402

PACKAGE = ROOT / "models/mome"
OVERLAP = 0.5


def weights():
    """The network in PyTorch with the weights of the package's ONNX file."""
    network = MoME()
    network.load_state_dict(stored(PACKAGE / "locate.onnx"))
    return network.eval()


def package_asking_for(size, folder):
    """A copy of the package with its first stage alone, whose model.json asks for windows of `size` voxels along i, j, k."""
    shutil.copytree(PACKAGE, folder)
    description = json.loads((folder / "model.json").read_text())
    description["stages"] = description["stages"][:1]
    description["stages"][0]["window"] = {"strategy": "sliding", "size": list(size), "overlap": OVERLAP, "blend": "gaussian", "multiple": 16}
    (folder / "model.json").write_text(json.dumps(description))
    return folder


class Ours:
    def __init__(self, program, case, package, out):
        files = [word for name in SEQUENCES for word in (f"--{name}", str(case / f"{name}.nii.gz"))]
        self.command = [program, "segment", *files, "--model", str(package), "--out", str(out)]
        self.out = out

    def run(self):
        subprocess.run(self.command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        stages = json.loads((self.out / "manifest.json").read_text())["stages"]
        return next(stage["seconds"] for stage in stages if stage["name"] == "network")


def timed(work):
    begin = time.perf_counter()
    found = work()
    return time.perf_counter() - begin, found


def measure(arguments, size, work):
    prepared = prepare(load_sequences(arguments.case, SEQUENCES))
    images, availability = prepared.images[None], prepared.availability[None]
    shape = images.shape[2:]
    window = tuple(min(a, b) for a, b in zip(size[::-1], shape))
    ours = Ours(arguments.program, arguments.case, package_asking_for(window[::-1], work / "package"), work / "out")
    compiled = openvino.Core().compile_model(str(PACKAGE / "locate.onnx"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    steps = [length if length == part else int(part * (1 - OVERLAP)) for length, part in zip(shape, window)]
    places = dense_patch_slices(shape, window, steps)

    def bare():
        for place in places:
            compiled({"images": np.ascontiguousarray(images[(slice(None), slice(None), *place)]), "availability": availability})

    network, given = weights(), torch.from_numpy(availability)

    def peer():
        with torch.inference_mode():
            return sliding_window_inference(
                torch.from_numpy(images), window, 1, lambda part: network(part, given)[0], overlap=OVERLAP, mode="gaussian")

    logits = peer().numpy()[0]
    ours.run(), bare()
    rounds = [(ours.run(), timed(bare)[0], timed(peer)[0]) for _ in range(arguments.rounds)]
    return window[::-1], len(places), rounds, agreement(logits, prepared, work / "out")


def agreement(logits, prepared, out):
    """Dice of the whole tumour: our mask and the one that MONAI's logits give on the reference's grid."""
    import SimpleITK as sitk

    from preprocess import read_ras, to_reference

    theirs = to_reference(logits, prepared)[0]
    ours = sitk.GetArrayFromImage(read_ras(out / "wt.nii.gz")) > 0
    return 2 * (ours & theirs).sum() / max(1, ours.sum() + theirs.sum())


def table(arguments, results):
    lines = ["", "## Windows", "",
             f"Made by the same command; {arguments.rounds} rounds, interleaved, after one warm round each; case {arguments.case.name}; "
             f"PyTorch {torch.__version__.split('+')[0]} with {torch.get_num_threads()} threads, MONAI {monai.__version__}. Windows overlap by half, Gaussian weights.", "",
             "| window | windows | ours | bare OpenVINO | PyTorch + MONAI | ours ÷ bare | ours ÷ MONAI | Dice of the masks, ours and MONAI's |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for window, count, rounds, dice in results:
        median = [statistics.median(part) for part in zip(*rounds)]
        ratios = [statistics.median(ours / other for ours, *others in rounds for other in [others[index]]) for index in (0, 1)]
        lines.append(f"| {'×'.join(map(str, window))} | {count} | {median[0]:.2f} s | {median[1]:.2f} s | {median[2]:.2f} s "
                     f"| {ratios[0]:.2f} | {ratios[1]:.2f} | {dice:.4f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(ROOT / ".build/release/neuroai"))
    parser.add_argument("--case", required=True, type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/benchmarks.md")
    arguments = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    results = []
    for size in ((64, 64, 64), (80, 80, 80)):
        with tempfile.TemporaryDirectory() as work:
            results.append(measure(arguments, size, pathlib.Path(work)))
    text = table(arguments, results)
    before = re.split(r"\n## Windows\n", arguments.out.read_text())[0].rstrip() + "\n"
    arguments.out.write_text(before + text)
    print(text, end="")


if __name__ == "__main__":
    main()
