#!/usr/bin/env python3
"""Times the second stage, which takes most of the time, against its peers on the same windows, and whole runs by the number of sequences;
all interleaved in one run. Replaces the section "Segmentation" of docs/benchmarks.md.

Command: `make bench`. NeuroAI's figure is the manifest's stage `refine` of `neuroai segment`; the peers get the 1 mm images of the same
case from `training/inference.py`: the bare network in OpenVINO on the same windows, almost always one box (`bare.py`, also a new process,
so that the box's shape is new to both); PyTorch on them; and PyTorch with MONAI's sliding window over the same box, in windows of `TILE`
voxels.
"""
import argparse
import json
import os
import pathlib
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
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

import inference  # noqa: E402
import sections  # noqa: E402
from export import stored  # noqa: E402
from preprocess import SEQUENCES, load_sequences, prepare, read_ras  # noqa: E402
from unet import UNet  # noqa: E402

PACKAGE = ROOT / "models/unet"
HEADING = "## Segmentation"
SUBSETS = (("flair",), ("t1ce", "flair"), SEQUENCES)
MATRIX = 3072
TILE = 96


class Ours:
    """The program on some of a case's sequences."""

    def __init__(self, program, case, names, out, precision):
        files = [word for name in names for word in (f"--{name}", str(case / f"{name}.nii.gz"))]
        self.command = [program, "segment", *files, "--out", str(out)]
        self.environment = {**os.environ, "MODEL_PRECISION": precision}
        self.out = out

    def run(self):
        """Wall-clock seconds, peak memory in MiB and the manifest's stages in seconds."""
        begin = time.perf_counter()
        child = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT, env=self.environment)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        if status:
            sys.exit("bench: neuroai segment failed")
        stages = json.loads((self.out / "manifest.json").read_text())["stages"]
        return wall, usage.ru_maxrss / 1024, {stage["name"]: stage["seconds"] for stage in stages}


class Peers:
    """The second stage's windows of a case, in OpenVINO and in PyTorch; `work`: a folder for them."""

    def __init__(self, case, work):
        self.package = inference.Package(PACKAGE)
        sequences = load_sequences(case, SEQUENCES)
        prepared = prepare(sequences)
        first = self.package.networks[0]
        coarse = first({"images": prepared.images[None], "availability": prepared.availability[None]})["logits"][0]
        found = inference.sigmoid(coarse[0]) > inference.FOUND
        grid = inference.fine_grid(prepared, found)
        wanted = inference.resampled(found[None], prepared.grid, grid, 0)[0] > 0.5
        self.images = inference.fine_images(prepared, grid)
        self.availability = prepared.availability
        self.parts = [np.ascontiguousarray(self.images[(slice(None), *place)]) for place in inference.places(wanted)]
        self.file = work / "windows.npz"
        np.savez(self.file, *(part[None] for part in self.parts), availability=self.availability[None])
        self.network = UNet()
        self.network.load_state_dict(stored(PACKAGE / "refine.onnx"), strict=False)
        self.network.eval()
        self.masks = inference.masks(self.package.logits(sequences))

    def bare(self):
        """Seconds of the first runs, and of repeated ones."""
        command = [sys.executable, ROOT / "Benchmarks/bare.py", PACKAGE / "refine.onnx", self.file]
        return [float(line) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()]

    def torch(self):
        given = torch.from_numpy(self.availability[None])
        with torch.inference_mode():
            for part in self.parts:
                self.network(torch.from_numpy(part[None]), given)

    def monai(self):
        given = torch.from_numpy(self.availability[None])
        with torch.inference_mode():
            sliding_window_inference(
                torch.from_numpy(self.images[None]), (TILE,) * 3, 1, lambda part: self.network(part, given)[0],
                overlap=inference.OVERLAP, mode="gaussian")

    def flops(self):
        """Floating-point operations of all windows (a multiplication and an addition are two)."""
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            self.network(torch.from_numpy(self.parts[0][None]), torch.from_numpy(self.availability[None]))
        return counter.get_total_flops() * len(self.parts)


def seconds(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def peak():
    """Floating-point operations per second of a matrix product in f32 on all cores."""
    a, b = torch.randn(MATRIX, MATRIX), torch.randn(MATRIX, MATRIX)
    return 2 * MATRIX**3 / seconds(lambda: a @ b)


def agreement(masks, out):
    """Dice of the whole tumour between NeuroAI and the Python reference."""
    import SimpleITK as sitk

    ours = sitk.GetArrayFromImage(read_ras(out / "wt.nii.gz")) > 0
    return 2 * (ours & masks[0]).sum() / max(1, ours.sum() + masks[0].sum())


def measure(arguments, work):
    peers = Peers(arguments.case, work)
    precisions = ["f32"] + (["int8"] if "int8" in peers.package.description["stages"][1] else [])
    runs = {(names, precision): Ours(arguments.program, arguments.case, names, work / f"{len(names)}-{precision}", precision)
            for precision in precisions for names in SUBSETS}
    rounds = []
    for _ in range(arguments.rounds + 1):
        rounds.append({
            "ours": {key: run.run() for key, run in runs.items()},
            "bare": peers.bare(), "torch": seconds(peers.torch), "monai": seconds(peers.monai), "peak": peak(),
        })
    return peers, rounds[1:], agreement(peers.masks, work / "4-f32")


def table(arguments, peers, rounds, dice):
    median, whole = statistics.median, (SEQUENCES, "f32")
    refine = [row["ours"][whole][2]["refine"] for row in rounds]
    bare, again = zip(*(row["bare"] for row in rounds))
    same, other = ([row[peer] for row in rounds] for peer in ("torch", "monai"))
    share = median(peers.flops() / time / row["peak"] for time, row in zip(refine, rounds))
    lines = [HEADING, "",
             f"Made by the same command; {arguments.rounds} rounds, interleaved, after one warm-up round each; case {arguments.case.name}; "
             f"PyTorch {torch.__version__.split('+')[0]} with {torch.get_num_threads()} threads, MONAI {monai.__version__}.",
             f"Second stage, four sequences, f32: {len(peers.parts)} of {'×'.join(map(str, peers.parts[0].shape[1:]))} voxels; "
             f"MONAI's windows are of {TILE}³ and overlap by half.", "",
             "| what | median |", "| --- | --- |",
             f"| ours: stage `refine` | {median(refine):.2f} s |",
             f"| OpenVINO alone (Python), same windows, first run with their shape | {median(bare):.2f} s |",
             f"| the same, second run in the same process | {median(again):.2f} s |",
             f"| PyTorch, same windows | {median(same):.2f} s |",
             f"| PyTorch + MONAI sliding window, same box | {median(other):.2f} s |",
             f"| ours ÷ OpenVINO alone | {median(a / b for a, b in zip(refine, bare)):.2f} |",
             f"| ours, in a new process, ÷ second run of OpenVINO alone | {median(a / b for a, b in zip(refine, again)):.2f} |",
             f"| ours ÷ PyTorch, same windows | {median(a / b for a, b in zip(refine, same)):.2f} |",
             f"| ours ÷ PyTorch + MONAI | {median(a / b for a, b in zip(refine, other)):.2f} |",
             f"| operations per second ÷ those of an f32 matrix product of {MATRIX}² in PyTorch ({median(row['peak'] for row in rounds) / 1e9:.0f} GFLOP/s) | {share:.2f} |",
             f"| Dice of the whole tumour between ours and the Python reference | {dice:.4f} |", "",
             "Whole runs of `neuroai segment`, including loading the model:", "",
             "| sequences | precision | seconds | peak memory |", "| --- | --- | --- | --- |"]
    for names, precision in rounds[0]["ours"]:
        rows = [row["ours"][(names, precision)] for row in rounds]
        lines.append(f"| {len(names)} ({', '.join(names)}) | {precision} | {median(row[0] for row in rows):.2f} | {median(row[1] for row in rows):.0f} MiB |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(ROOT / ".build/release/neuroai"))
    parser.add_argument("--case", required=True, type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/benchmarks.md")
    arguments = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    with tempfile.TemporaryDirectory() as work:
        text = table(arguments, *measure(arguments, pathlib.Path(work)))
    sections.put(arguments.out, text, HEADING)
    print(text, end="")


if __name__ == "__main__":
    main()
