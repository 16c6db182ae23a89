"""Servers, workers and stores as processes of their own, with cases, for benchmarks."""
import contextlib
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "scripts"))

from api_server import free_port  # noqa: E402
from demo_client import SEQUENCES, Client, wait_for  # noqa: E402

NGINX = """
{user} worker_processes auto; daemon off; pid {work}/nginx.pid; error_log {work}/nginx.log;
events {{}}
http {{
    access_log off; client_max_body_size 2g; client_body_temp_path {work}/nginx-temporary;
    server {{ listen 127.0.0.1:{port}; root {work}/nginx; location / {{ dav_methods PUT; create_full_put_path on; }} }}
}}
"""
SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def nifti_head(shape, datatype, bits, spacing):
    """A NIfTI-1 header (https://nifti.nimh.nih.gov/nifti-1) of cubic voxels of `spacing` mm, in which nothing names a patient."""
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, *shape, 1, 1, 1, 1)
    struct.pack_into("<2h", head, 70, datatype, bits)
    struct.pack_into("<8f", head, 76, 1, *(3 * [spacing]), 0, 0, 0, 0)
    struct.pack_into("<3f", head, 108, 352, 1, 0)
    head[123] = 2                                               # millimetres
    struct.pack_into("<h", head, 254, 1)
    for row in range(3):
        struct.pack_into("<4f", head, 280 + 16 * row, *(float(spacing) if column == row else 0.0 for column in range(4)))
    head[344:348] = b"n+1\0"
    return bytes(head)


def stop(process):
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def redis_server(folder):
    """A Redis server without persistence; yields its URL without a database number."""
    port = free_port()
    process = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)], **SILENT)
    try:
        while True:
            with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)) as probe:
                probe.sendall(b"PING\r\n")
                if probe.recv(5) == b"+PONG":
                    break
            time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def nginx_store(work):
    """nginx that stores what is PUT below `work`/nginx; yields its URL."""
    (work / "nginx").mkdir()
    port = free_port()
    (work / "nginx.conf").write_text(NGINX.format(work=work, port=port, user="user root;" if os.getuid() == 0 else ""))
    process = subprocess.Popen(["nginx", "-c", str(work / "nginx.conf")], **SILENT)
    try:
        await_port(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


@contextlib.contextmanager
def moto_server():
    """An S3 server in memory; yields its URL."""
    port = free_port()
    process = subprocess.Popen([str(ROOT / "scripts/moto"), str(port)], **SILENT)
    try:
        await_port(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


def await_port(port, process):
    while process.poll() is None:
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    sys.exit(f"{process.args[0]} does not start")


def transfer(method, address, body, expected, *headers):
    """Sends a file with curl; seconds until the response."""
    words = ["curl", "-sS", "-X", method, "-T", str(body), "-H", "Expect:", "-o", "/dev/stderr", "-w", "%{http_code} %{time_total}", address]
    done = subprocess.run(words + [word for header in headers for word in ("-H", header)], capture_output=True, text=True)
    status, _, seconds = done.stdout.partition(" ")
    if status != expected:
        sys.exit(f"upload to {address} fails: {status} {done.stderr}")
    return float(seconds)


def doctor(server):
    """A client of a started server (its URL), signed in as a new doctor."""
    client = Client(server)
    wait_for(client)
    account = {"email": "bench@example.org", "password": "a benchmark", "confirm_password": "a benchmark", "first_name": "Bench",
               "last_name": "Mark", "role": "doctor"}
    client.token = client.call("POST", "/api/users/register/", account)["access"]
    return client


class Stack:
    """`workers`: a job class and a number of slots for each `neuroai worker`. Without a `DATABASE_URL` in `settings`, on SQLite."""

    def __init__(self, program, work, settings, workers):
        port = free_port()
        environment = {**os.environ, "DATABASE_URL": f"sqlite:///{work}/db.sqlite3", "MEDIA_ROOT": f"{work}/media", "LOG_ROOT": f"{work}/logs",
                       "PORT": str(port), **settings}
        self.server = subprocess.Popen([program, "serve", "--without-worker"], env=environment, **SILENT)
        self.workers = {}
        self.client = doctor(f"http://127.0.0.1:{port}")
        for job_class, slots in workers:
            command = [program, "worker", "--classes", job_class, "--slots", str(slots)]
            self.workers[job_class] = subprocess.Popen(command + ["-n", f"{job_class}@bench"], env=environment, **SILENT)
        self.cases = []

    def add_cases(self, folder, count):
        """Uploads one study `count` times, each as a case of its own."""
        for number in range(count):
            case = self.client.call("POST", "/api/cases/", {"patientId": f"BENCH-{number}", "age": 60, "sex": "O"})["caseId"]
            for sequence in SEQUENCES:
                self.client.upload(case, sequence, folder / f"{sequence}.nii.gz")
            self.cases.append(case)

    def segment(self, cases):
        """Starts all and returns the results once the last is there; ends the benchmark if one fails."""
        results = []
        waiting = [self.client.call("POST", "/api/inference/", {"caseId": case})["id"] for case in cases]
        while waiting:
            state = self.client.call("GET", f"/api/inference/tasks/{waiting[0]}/")
            if state["status"] in ("pending", "running"):
                time.sleep(0.05)
                continue
            if state["status"] != "completed":
                sys.exit(f"benchmark: the task {state['status']}: {state['errorMessage']}")
            results.append(state["result"])
            waiting.pop(0)
        return results

    def stop(self):
        for process in (*self.workers.values(), self.server):
            stop(process)
