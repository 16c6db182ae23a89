#!/usr/bin/env python3
"""Uploads of one series: to our server on local disk against nginx, which stores the same bytes by PUT on the same disk, and to our server
on S3 against `aws s3 cp` to the same store (moto). Interleaved; prints a section for docs/benchmarks.md.

Command: `Benchmarks/uploads.py [--program .build/release/neuroai] [--rounds 7] [--out docs/benchmarks.md]`.

Ours authenticates, reads the form, hashes, decompresses and checks every voxel, syncs file and rows to disk and records the upload; nginx,
`aws` and moto do none of that. Two more columns tell what a store costs without them: `dd conv=fsync` on the disk, and a PUT by curl to moto.
"""
import argparse
import contextlib
import datetime
import gzip
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "scripts"))

import sections  # noqa: E402
from api_server import versions  # noqa: E402
from stack import Stack, moto_server, nginx_store, nifti_head, transfer  # noqa: E402

HEADING = "## Uploads of a series"
SHAPE = (240, 240, 155)
# NIfTI-1's code of the voxels' type, their bits, those that are noise, and those that are set: floats are between 1 and 2.
KINDS = {"uint16": (512, 16, 0x01FF, 0), "float32": (16, 32, 0x007FFFFF, 0x3F800000)}
FORM = (b'--edge\r\nContent-Disposition: form-data; name="modality"\r\n\r\nt1\r\n--edge\r\n'
        b'Content-Disposition: form-data; name="file"; filename="t1.nii.gz"\r\n\r\n', b"\r\n--edge--\r\n")
AWS = ROOT / ".deps/awscli"
BUCKET = "uploads"
KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "us-east-1"}


def prepare_aws():
    """The AWS command line from PyPI, in an environment of its own."""
    pin = f"awscli=={versions()['AWSCLI_VERSION']}"
    marker = AWS / "pins"
    if not marker.exists() or marker.read_text() != pin:
        subprocess.run([sys.executable, "-m", "venv", str(AWS)], check=True)
        subprocess.run([str(AWS / "bin/pip"), "install", "-q", "--disable-pip-version-check", pin], check=True)
        marker.write_text(pin)


def aws(endpoint, *words):
    """Seconds of a command."""
    began = time.perf_counter()
    subprocess.run([str(AWS / "bin/aws"), "--endpoint-url", endpoint, "s3", *map(str, words)], check=True, env={**os.environ, **KEYS},
                   stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def series(datatype, bits, noise, base):
    """A compressed NIfTI-1 image of noise."""
    head = nifti_head(SHAPE, datatype, bits, spacing=1)
    count = SHAPE[0] * SHAPE[1] * SHAPE[2]
    # Arithmetic with one long number is faster than with each voxel.
    mask, offset = (int.from_bytes(value.to_bytes(bits // 8, "little") * count, "little") for value in (noise, base))
    voxels = random.Random(bits).getrandbits(bits * count) & mask | offset
    return gzip.compress(head + voxels.to_bytes(bits // 8 * count, "little"), 6, mtime=0)


class Ours:
    def __init__(self, program, work, **settings):
        work.mkdir()
        self.stack = Stack(program, work, {"LOG_LEVEL": "error", **settings}, [])

    def upload(self, form):
        client = self.stack.client
        case = client.call("POST", "/api/cases/", {"patientId": "BENCH", "age": 60, "sex": "O"})["caseId"]
        # Without the trailing slash: curl would append the file's name to it.
        return transfer("POST", f"{client.server}/api/cases/{case}/upload", form, "201", f"Authorization: Bearer {client.token}",
                        "Content-Type: multipart/form-data; boundary=edge")


def synced_copy(source, target):
    began = time.perf_counter()
    subprocess.run(["dd", f"if={source}", f"of={target}", "bs=1M", "conv=fsync", "status=none"], check=True)
    return time.perf_counter() - began


def measure(program, work, rounds):
    """For each image its name, and the seconds of each way in each round."""
    prepare_aws()
    with contextlib.ExitStack() as stack:
        nginx, moto = stack.enter_context(nginx_store(work)), stack.enter_context(moto_server())
        aws(moto, "mb", f"s3://{BUCKET}")
        disk = Ours(program, work / "disk")
        stack.callback(disk.stack.stop)
        s3 = Ours(program, work / "s3", STORAGE_URL=f"s3://{BUCKET}/ours?endpoint={moto}&addressing=path", **KEYS)
        stack.callback(s3.stack.stop)
        for name, kind in KINDS.items():
            image, form = work / "t1.nii.gz", work / "form"
            image.write_bytes(series(*kind))
            form.write_bytes(FORM[0] + image.read_bytes() + FORM[1])
            ways = {
                "disk": lambda _: disk.upload(form),
                "nginx": lambda number, name=name: transfer("PUT", f"{nginx}/{name}-{number}", image, "201"),
                "dd": lambda number, name=name: synced_copy(image, work / f"copy-{name}-{number}"),
                "s3": lambda _: s3.upload(form),
                "aws": lambda number, name=name: aws(moto, "cp", image, f"s3://{BUCKET}/aws/{name}-{number}"),
                "moto": lambda number, name=name: transfer("PUT", f"{moto}/{BUCKET}/curl/{name}-{number}", image, "200"),
            }
            seconds = {name: [] for name in ways}
            # The first round warms up.
            for number in range(rounds + 1):
                for way, send in ways.items():
                    os.sync()
                    taken = send(number)
                    if number:
                        seconds[way].append(taken)
            yield f"{image.stat().st_size / 1e6:.1f} MB, {name}", seconds


def spread(values):
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(ROOT / ".build/release/neuroai"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=pathlib.Path, help="docs/benchmarks.md, to replace its section")
    parser.add_argument("--note", default="", help="a sentence on the build or on what else ran")
    arguments = parser.parse_args()
    told = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    text = f"""{HEADING}

{datetime.date.today()}, commit {told.stdout.strip() or "unknown"}, {os.cpu_count()} cores ({platform.machine()}), load average {os.getloadavg()[0]:.1f} before the first round; made by
`Benchmarks/uploads.py`, {arguments.rounds} interleaved rounds after a warm-up; seconds, medians and ranges; ratios are medians of the rounds'. A series of 240 × 240 × 155 voxels, compressed. Ours checks every
voxel and syncs to disk; nginx, `aws` and moto do neither. {arguments.note}

| series | ours, disk | nginx | ours ÷ nginx | `dd conv=fsync` | ours, S3 | `aws s3 cp` | ours ÷ `aws s3 cp` | curl to moto |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""
    # On the checkout's disk, not in memory.
    with tempfile.TemporaryDirectory(prefix="uploads-", dir=ROOT / ".deps") as folder:
        for name, seconds in measure(arguments.program, pathlib.Path(folder), arguments.rounds):
            ratios = {(a, b): spread([x / y for x, y in zip(seconds[a], seconds[b])]) for a, b in (("disk", "nginx"), ("s3", "aws"))}
            times = {way: spread(values) for way, values in seconds.items()}
            text += (f"| {name} | {times['disk']} | {times['nginx']} | {ratios['disk', 'nginx']} | {times['dd']} "
                     f"| {times['s3']} | {times['aws']} | {ratios['s3', 'aws']} | {times['moto']} |\n")
    print(text)
    if arguments.out:
        sections.put(arguments.out, text, HEADING)


if __name__ == "__main__":
    main()
