#!/usr/bin/env python3
"""Times the main job through the API against the bare network in OpenVINO and in PyTorch, all in one interleaved run, and writes
docs/benchmarks.md.

Command: `make bench` (a phantom) or `make bench CASE=folder`. Both sides run on the same machine with the same cores; the bare network gets
the job's prepared input (as made by `training/preprocess.py`) and does nothing else.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "scripts"), str(ROOT / "training")]

import openvino  # noqa: E402
import torch  # noqa: E402

import sections  # noqa: E402
from demo_client import SEQUENCES  # noqa: E402
from preprocess import load_sequences, prepare  # noqa: E402
from export import stored  # noqa: E402
from stack import doctor  # noqa: E402
from unet import PLAIN_WIDTHS, UNet  # noqa: E402


def peak_mebibytes(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024


def children(pid):
    return [int(child) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()]


class Job:
    """NeuroAI: a warm server with its worker, and one case with its series."""

    def __init__(self, program, folder, work, port):
        environment = {"DATABASE_URL": f"sqlite:///{work}/db.sqlite3", "MEDIA_ROOT": f"{work}/media", "PORT": str(port)}
        self.server = subprocess.Popen([program, "serve"], env={**os.environ, **environment}, stderr=subprocess.DEVNULL)
        self.client = doctor(f"http://127.0.0.1:{port}")
        self.case = self.client.call("POST", "/api/cases/", {"patientId": "BENCH", "age": 60, "sex": "O"})["caseId"]
        begin = time.perf_counter()
        for sequence in SEQUENCES:
            self.client.upload(self.case, sequence, folder / f"{sequence}.nii.gz")
        self.upload_seconds = time.perf_counter() - begin

    def run(self):
        """Wall-clock seconds from the start of the inference to its result, and the manifest's stages."""
        begin = time.perf_counter()
        task = self.client.call("POST", "/api/inference/", {"caseId": self.case})["id"]
        while True:
            state = self.client.call("GET", f"/api/inference/tasks/{task}/")
            if state["status"] not in ("pending", "running"):
                break
            time.sleep(0.02)
        wall = time.perf_counter() - begin
        if state["status"] != "completed":
            sys.exit(f"bench: the task {state['status']}: {state['errorMessage']}")
        manifest = next(file for file in state["result"]["mask_files"] if file["name"] == "manifest.json")
        with urllib.request.urlopen(manifest["url"]) as answer:
            stages = json.loads(answer.read())["stages"]
        return wall, {stage["name"]: stage["seconds"] for stage in stages}

    def peaks(self):
        return peak_mebibytes(self.server.pid), max(map(peak_mebibytes, children(self.server.pid)))

    def stop(self):
        self.server.terminate()
        self.server.wait()


def weights():
    """The first stage in PyTorch with the weights of the package's ONNX file."""
    network = UNet(PLAIN_WIDTHS)
    network.load_state_dict(stored(ROOT / "models/unet/locate.onnx"), strict=False)
    return network.eval()


def bare_networks(folder):
    """Two calls that run the network once on the case's prepared input, in OpenVINO and in PyTorch, and the input's shape."""
    prepared = prepare(load_sequences(folder, SEQUENCES))
    network = openvino.Core().compile_model(
        str(ROOT / "models/unet/locate.onnx"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    inputs = {"images": prepared.images[None], "availability": prepared.availability[None]}

    original, given = weights(), [torch.from_numpy(value) for value in inputs.values()]

    def timed(work):
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    def in_pytorch():
        with torch.inference_mode():
            original(*given)

    return lambda: timed(lambda: network(inputs)), lambda: timed(in_pytorch), prepared.images.shape


def measure(arguments):
    with tempfile.TemporaryDirectory() as work:
        job = Job(arguments.program, arguments.case, work, arguments.port)
        try:
            bare, in_pytorch, shape = bare_networks(arguments.case)
            # The first run on every side compiles and warms up.
            job.run(), bare(), in_pytorch()
            rounds = [(job.run(), bare(), in_pytorch()) for _ in range(arguments.rounds)]
            peaks = job.peaks()
        finally:
            job.stop()
    return job.upload_seconds, rounds, shape, peaks


def report(arguments, upload, rounds, shape, peaks):
    median = statistics.median
    walls = [ours[0] for ours, _, _ in rounds]
    stages = {name: [ours[1][name] for ours, _, _ in rounds] for name in rounds[0][0][1]}
    size = "×".join(map(str, shape))
    lines = ["# Benchmarks", "", f"Made by `{arguments.command}`; do not edit. {arguments.rounds} rounds, interleaved, after one warm-up round each;",
             f"{os.cpu_count()} cores ({platform.machine()}), OpenVINO {openvino.__version__.split('-')[0]}, case {arguments.case.name}, network input {size}.", "",
             "| what | median | range |", "| --- | --- | --- |"]

    def row(name, values, unit):
        lines.append(f"| {name} | {median(values):.2f} {unit} | {min(values):.2f} to {max(values):.2f} |")

    row("the job, from start to result, through the API", walls, "s")
    for name, values in stages.items():
        row(f"stage `{name}`", values, "s")
    row("reference: the network alone in OpenVINO (Python), same input", [bare for _, bare, _ in rounds], "s")
    row("reference: the same weights in PyTorch, same input", [peer for _, _, peer in rounds], "s")
    row("stage `network` ÷ network alone in OpenVINO", [ours[1]["network"] / bare for ours, bare, _ in rounds], "")
    row("stage `network` ÷ PyTorch", [ours[1]["network"] / peer for ours, _, peer in rounds], "")
    row("whole job ÷ network alone in OpenVINO", [ours[0] / bare for ours, bare, _ in rounds], "")
    lines += [f"| upload of four series, including checks | {upload:.2f} s | once |",
              f"| peak memory of the API process | {peaks[0]:.0f} MiB | |", f"| peak memory of the worker process | {peaks[1]:.0f} MiB | |", "",
              "`prepare`: reorientation, resampling to the package's spacing, z-scores; `restore`: resampling to the scan's own grid; `align`: the atlas; `write`: the masks; `draw`: the contour sheet.",
              "The job's wall time also includes the queue, the transfer of the files to the store and polling every 20 ms."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(ROOT / ".build/release/neuroai"))
    parser.add_argument("--case", required=True, type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=8471)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/benchmarks.md")
    parser.add_argument("--command", default="make bench")
    arguments = parser.parse_args()
    text = report(arguments, *measure(arguments))
    sections.put(arguments.out, text)
    print(text, end="")
