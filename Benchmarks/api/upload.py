"""One large upload: NeuroAI against nginx, which stores the same body on the same disk.

The service accepts head scans of at most 512 MiB of voxels. So there are two bodies: 1.0 GB, which is fully received, hashed, written and
synced to disk and then rejected because of its header; and the largest accepted scan, which is also inspected voxel by voxel and stored.
"""
import os
import pathlib
import random
import shutil
import struct
import subprocess

import servers
from lists import spread

# Voxels of four bytes each, and the status of the response.
BODIES = {"1.0 GB, refused after it is stored": ((500, 500, 1000), "400"), "0.54 GB, the largest scan, inspected": ((512, 512, 512), "201")}
PORTS = 9221, 9222
NGINX = """
worker_processes auto; daemon off; pid {work}/nginx.pid; error_log {work}/log;
events {{}}
http {{
    access_log off; client_max_body_size 2g; client_body_temp_path {work}/nginx-temporary;
    server {{ listen 127.0.0.1:{port}; root {work}/nginx; location / {{ dav_methods PUT; create_full_put_path on; }} }}
}}
"""


def nifti_head(shape):
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, *shape, 1, 1, 1, 1)
    struct.pack_into("<2h", head, 70, 16, 32)                   # float32
    struct.pack_into("<8f", head, 76, 1, 0.9, 0.9, 0.9, 0, 0, 0, 0)
    struct.pack_into("<3f", head, 108, 352, 1, 0)
    head[123] = 2                                               # millimetres
    struct.pack_into("<h", head, 254, 1)
    for row in range(3):
        struct.pack_into("<4f", head, 280 + 16 * row, *(0.9 if column == row else 0.0 for column in range(4)))
    head[344:348] = b"n+1\0"
    return bytes(head)


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
        output.write(form + nifti_head(shape))
        for _ in range(rest // len(block)):
            output.write(block)
        output.write(block[:rest % len(block)] + b"\r\n--edge--\r\n")


def send(method, address, body, expected, token=None):
    """Seconds until the response."""
    words = ["curl", "-sS", "-X", method, "-T", str(body), "-H", "Expect:", "-o", "/dev/stderr", "-w", "%{http_code} %{time_total}", "-H",
              "Content-Type: multipart/form-data; boundary=edge", address]
    if token:
        words[1:1] = ["-H", f"Authorization: Bearer {token}"]
    done = subprocess.run(words, capture_output=True, text=True)
    status, _, seconds = done.stdout.partition(" ")
    if status != expected:
        raise SystemExit(f"upload to {address} fails: {status} {done.stderr}")
    return float(seconds)


def start_nginx(work):
    (work / "nginx").mkdir()
    shutil.chown(work / "nginx", "www-data") if os.getuid() == 0 else None
    configuration = work / "nginx.conf"
    user = "user root;" if os.getuid() == 0 else ""
    configuration.write_text(user + NGINX.format(work=work, port=PORTS[1]))
    server = servers.Server("nginx", ["nginx", "-c", str(configuration)], {}, PORTS[1], None, work / "log")
    return server.wait("/")


def upload_ours(server, body, status):
    """Seconds, and the server's peak memory in MiB."""
    case = servers.call("POST", f"{server.address}/api/cases/", {"patientId": "P", "age": 60, "sex": "O"}, server.token)["caseId"]
    pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    # Without the trailing slash: curl would append the file's name to it.
    seconds = send("POST", f"{server.address}/api/cases/{case}/upload", body, status, server.token)
    return seconds, server.memory("VmHWM")


def upload_nginx(work, body, number):
    seconds = send("PUT", f"http://127.0.0.1:{PORTS[1]}/{number}", body, "201")
    (work / "nginx" / str(number)).unlink()
    return seconds


def measure(arguments, work):
    ours = servers.ours(arguments.program, f"sqlite:///{work}/upload.sqlite3", work / "media", PORTS[0], work / "log")
    nginx = start_nginx(work)
    lines = [f"Uploads; {arguments.rounds} interleaved rounds after a warm-up. nginx stores the same body by PUT on the same disk, without syncing or "
             "inspecting it.", "", "| body | ours | nginx | ours ÷ nginx | peak growth of our memory |", "| --- | --- | --- | --- | --- |"]
    try:
        for name, (shape, status) in BODIES.items():
            write_body(work / "body", shape)
            mine, growths, stored = zip(*rounds(arguments.rounds, work, ours, status))
            lines.append(f"| {name} | {spread(mine)} s | {spread(stored)} s | {spread([a / b for a, b in zip(mine, stored)])} "
                         f"| {spread(growths, 0)} MiB |")
    finally:
        ours.stop()
        nginx.stop()
    return lines


def rounds(count, work, ours, status):
    """Seconds of NeuroAI, growth of its memory in MiB since before the first upload, seconds of nginx."""
    before = ours.memory()
    for number in range(count + 1):
        os.sync()
        mine, highest = upload_ours(ours, work / "body", status)
        os.sync()
        stored = upload_nginx(work, work / "body", number)
        # The first round warms up the page cache and the servers.
        if number:
            yield mine, highest - before, stored
