"""One large upload: NeuroAI against nginx, which stores the same body on the same disk.

The service accepts head scans of at most 512 MiB of voxels. So there are two bodies: 1.0 GB, which is fully received, hashed, written and
synced to disk and then rejected because of its header; and the largest accepted scan, which is also inspected voxel by voxel and stored.
"""
import os
import pathlib
import random

import servers
from lists import spread
from stack import nifti_head, nginx_store, transfer

# Voxels of four bytes each, and the status of the response.
BODIES = {"1.0 GB, refused after it is stored": ((500, 500, 1000), "400"), "0.54 GB, the largest scan, inspected": ((512, 512, 512), "201")}
PORT = 9221


def write_body(file, shape):
    """A form with one image of noise, which file systems cannot compress."""
    source = random.Random(3)
    form = ("--edge\r\nContent-Disposition: form-data; name=\"modality\"\r\n\r\nt1\r\n--edge\r\n"
            "Content-Disposition: form-data; name=\"file\"; filename=\"scan.nii\"\r\n\r\n").encode()
    # Finite floats from 1 to 2, repeating one mebibyte.
    block = bytearray(source.randbytes(1 << 20))
    block[3::4] = b"\x3f" * (1 << 18)
    block[2::4] = bytes(value | 0x80 for value in block[2::4])
    rest = 4 * shape[0] * shape[1] * shape[2]
    with open(file, "wb") as output:
        output.write(form + nifti_head(shape, datatype=16, bits=32, spacing=0.9))
        for _ in range(rest // len(block)):
            output.write(block)
        output.write(block[:rest % len(block)] + b"\r\n--edge--\r\n")


def upload_ours(server, body, status):
    """Seconds, and the server's peak memory in MiB."""
    case = servers.call("POST", f"{server.address}/api/cases/", {"patientId": "P", "age": 60, "sex": "O"}, server.token)["caseId"]
    pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    # Without the trailing slash: curl would append the file's name to it.
    seconds = transfer("POST", f"{server.address}/api/cases/{case}/upload", body, status, f"Authorization: Bearer {server.token}",
                       "Content-Type: multipart/form-data; boundary=edge")
    return seconds, server.memory("VmHWM")


def upload_nginx(address, work, number):
    seconds = transfer("PUT", f"{address}/{number}", work / "body", "201")
    (work / "nginx" / str(number)).unlink()
    return seconds


def measure(arguments, work):
    ours = servers.ours(arguments.program, f"sqlite:///{work}/upload.sqlite3", work / "media", PORT, work / "log")
    lines = [f"Uploads; {arguments.rounds} interleaved rounds after a warm-up. nginx stores the same body by PUT on the same disk, without syncing or "
             "inspecting it.", "", "| body | ours | nginx | ours ÷ nginx | peak growth of our memory |", "| --- | --- | --- | --- | --- |"]
    try:
        with nginx_store(work) as nginx:
            for name, (shape, status) in BODIES.items():
                write_body(work / "body", shape)
                mine, growths, stored = zip(*rounds(arguments.rounds, work, ours, nginx, status))
                lines.append(f"| {name} | {spread(mine)} s | {spread(stored)} s | {spread([a / b for a, b in zip(mine, stored)])} "
                             f"| {spread(growths, 0)} MiB |")
    finally:
        ours.stop()
    return lines


def rounds(count, work, ours, nginx, status):
    """Seconds of NeuroAI, growth of its memory in MiB since before the first upload, seconds of nginx."""
    before = ours.memory()
    for number in range(count + 1):
        os.sync()
        mine, highest = upload_ours(ours, work / "body", status)
        os.sync()
        stored = upload_nginx(nginx, work, number)
        # The first round warms up the page cache and the servers.
        if number:
            yield mine, highest - before, stored
