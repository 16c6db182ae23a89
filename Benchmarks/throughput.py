#!/usr/bin/env python3
"""Studies per hour with one and with two worker slots: ours against a Celery worker that runs the same two networks in PyTorch.
Interleaved on one machine; prints a Markdown table.

Command: `.deps/training/bin/python Benchmarks/throughput.py --case FOLDER [--studies 12] [--rounds 3]` (the training environment, which has
PyTorch; Celery is added to it).

Both sides get their tasks through the same Redis, have the same cores and write masks and volumes of each study. Ours also aligns the
atlas, finds and describes lesions, draws the contour sheet, keeps manifest, audit trail and database rows, and writes a report; the peer
does none of that. A round begins when all studies wait in the queue, and ends with the last result; workers are warm.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CELERY = next((ROOT / ".deps/celery/lib").glob("python*/site-packages"))
sys.path.append(str(CELERY))

from celery import Celery  # noqa: E402

from stack import Stack, redis_server, stop  # noqa: E402

PEER = '''
import json, os, pathlib, sys
sys.path.append({training!r})
import numpy as np
import SimpleITK as sitk
import torch
from celery import Celery
from celery.signals import worker_process_init
import inference
from export import stored
from preprocess import SEQUENCES, load_sequences, prepare
from unet import PLAIN_WIDTHS, UNet

app = Celery("peer", broker={url!r}, backend={url!r})
app.conf.update(broker_connection_retry_on_startup=True, task_acks_late=True, worker_prefetch_multiplier=1)
PACKAGE = pathlib.Path({package!r})
networks = []

def load(name, *widths):
    network = UNet(*widths)
    network.load_state_dict(stored(PACKAGE / name), strict=False)
    network.eval()
    def call(images, availability):
        with torch.inference_mode():
            return network(torch.from_numpy(images), torch.from_numpy(availability))[0].numpy()
    return call

@worker_process_init.connect
def begin(**_):
    torch.set_num_threads({threads})
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads({threads})
    networks[:] = [load("locate.onnx", PLAIN_WIDTHS), load("refine.onnx")]

@app.task(name="peer.segment")
def segment(case, out):
    sequences = load_sequences(pathlib.Path(case), SEQUENCES)
    logits = inference.segment(*networks, sequences)
    reference, found = prepare(sequences).reference, inference.masks(logits)
    volumes = {{}}
    for name, mask in zip(("wt", "tc", "et"), found):
        image = sitk.GetImageFromArray(mask.astype(np.uint8))
        image.CopyInformation(reference)
        sitk.WriteImage(image, f"{{out}}-{{name}}.nii.gz", True)
        volumes[name] = float(mask.sum() * np.prod(reference.GetSpacing()) / 1000)
    pathlib.Path(f"{{out}}.json").write_text(json.dumps(volumes))
    return volumes
'''


class Peer:
    """Celery's prefork pool with `slots` processes that share the cores."""

    def __init__(self, slots, options, url, folder):
        self.folder, self.case = folder, options.case
        threads = max(1, os.cpu_count() // slots)
        module = f"peer_{slots}"
        (folder / f"{module}.py").write_text(
            PEER.format(training=str(ROOT / "training"), package=str(ROOT / "models/unet"), url=url, threads=threads))
        self.queue = f"peer-{slots}"
        self.app = Celery("driver", broker=url, backend=url)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", module, "worker", "-Q", self.queue, "--concurrency", str(slots), "--loglevel", "ERROR", "-n",
             f"{self.queue}@localhost"],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(CELERY), "C_FORCE_ROOT": "1", "OMP_NUM_THREADS": str(threads)}, stdout=subprocess.DEVNULL)
        self.run(2 * slots)

    def run(self, studies):
        """Seconds until all are segmented."""
        begin = time.perf_counter()
        waiting = [self.app.send_task("peer.segment", (str(self.case), str(self.folder / f"study-{number}")), queue=self.queue)
                   for number in range(studies)]
        self.volumes = [result.get(timeout=120) for result in waiting][-1]
        return time.perf_counter() - begin

    def stop(self):
        stop(self.process)


class Ours(Stack):
    """A server, a worker for segmentations with `slots` slots and one for reports; every study is a case of its own."""

    def __init__(self, slots, options, url, folder):
        work = folder / f"ours-{slots}"
        work.mkdir()
        super().__init__(options.program, work, {"CELERY_BROKER_URL": url}, [("imaging", slots), ("interactive", 1)])
        self.add_cases(options.case, options.studies)
        self.run(2 * slots)

    def run(self, studies):
        """Seconds until all are segmented."""
        begin = time.perf_counter()
        self.segment(self.cases[:studies])
        return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(ROOT / ".build/release/neuroai"))
    parser.add_argument("--case", required=True, type=pathlib.Path)
    parser.add_argument("--studies", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.case = options.case.resolve()
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with redis_server(name) as url:
            for slots in (1, 2):
                sides = {}
                try:
                    # Each has a database of Redis of its own.
                    for side, kind, number in (("ours", Ours, slots), ("peer", Peer, slots + 2)):
                        sides[side] = kind(slots, options, f"{url}/{number}", folder)
                    for number in range(options.rounds):
                        for side in sorted(sides, reverse=number % 2 == 1):
                            seconds = sides[side].run(options.studies)
                            found.setdefault((side, slots), []).append(options.studies / seconds * 3600)
                finally:
                    for side in sides.values():
                        side.stop()
    print(f"{options.rounds} rounds of {options.studies} studies (case {options.case.name}), {os.cpu_count()} cores, "
          f"load at the end (1 min) {os.getloadavg()[0]:.1f}.\n")
    print("| slots | ours | Celery + PyTorch | ratio |\n| --- | --- | --- | --- |")
    for slots in (1, 2):
        ours, peer = (statistics.median(found[side, slots]) for side in ("ours", "peer"))
        print(f"| {slots} | {ours:.0f} studies/h | {peer:.0f} studies/h | {ours / peer:.2f} |")


if __name__ == "__main__":
    main()
