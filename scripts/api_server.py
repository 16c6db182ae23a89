"""The server under test of scripts/schemathesis and scripts/api-client: the debug build (or NEUROAI_BINARY) on a free loopback port with its own folder, and its seed data."""
import json
import os
import pathlib
import socket
import sqlite3
import struct
import subprocess
import sys
import time
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".deps/api"
PASSWORD = "correct horse battery"
ROLES = ["anonymous", "doctor", "radiologist", "researcher", "admin"]


def versions():
    lines = (ROOT / "scripts/versions").read_text().splitlines()
    return dict(line.split("=") for line in lines if "=" in line and not line.startswith("#"))


def prepare():
    """Installs the tools if their pins have changed."""
    pinned = versions()
    pins = [f"schemathesis=={pinned['SCHEMATHESIS_VERSION']}", f"openapi-spec-validator=={pinned['OPENAPI_SPEC_VALIDATOR_VERSION']}",
            f"openapi-python-client=={pinned['OPENAPI_PYTHON_CLIENT_VERSION']}"]
    marker = ENVIRONMENT / "pins"
    if marker.exists() and marker.read_text() == " ".join(pins):
        return
    print(f"api: installing {' '.join(pins)} into {ENVIRONMENT}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
    subprocess.run([str(ENVIRONMENT / "bin/pip"), "install", "-q", "--disable-pip-version-check", *pins], check=True)
    marker.write_text(" ".join(pins))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """The program with its own folder."""

    def __init__(self, folder, **settings):
        self.folder = pathlib.Path(folder)
        self.base = f"http://127.0.0.1:{(port := free_port())}"
        binary = os.environ.get("NEUROAI_BINARY") or str(ROOT / ".build/debug/neuroai")
        environment = dict(
            os.environ, DATABASE_URL=f"sqlite:///{folder}/db.sqlite3", MEDIA_ROOT=f"{folder}/media", PORT=str(port),
            SECRET_KEY="api-tests" * 4, LOG_LEVEL="error", LOG_ROOT="-",
            # These tests sign in often from one address; throttling has its own tests.
            LOGIN_ATTEMPTS="100000", LOGIN_ATTEMPTS_PER_ADDRESS="100000", REGISTRATIONS_PER_ADDRESS="100000") | settings
        self.log = open(self.folder / "log", "w+b")
        self.process = subprocess.Popen(
            [binary, "serve", "--without-worker"], cwd=ROOT, env=environment, stdout=self.log, stderr=self.log)

    def wait(self):
        for _ in range(200):
            if self.process.poll() is not None:
                sys.exit(f"the server ended: {self.journal()}")
            try:
                return self.call("GET", "/api/health/")
            except OSError:
                time.sleep(0.1)
        sys.exit(f"the server does not answer: {self.journal()}")

    def journal(self):
        self.log.flush()
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def call(self, method, path, body=None, token=None, content_type="application/json"):
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        request.add_header("Content-Type", content_type)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def database(self):
        connection = sqlite3.connect(self.folder / "db.sqlite3", timeout=20)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()


def image(step=7):
    """A small NIfTI-1 file; another step gives another image."""
    size = 24
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, size, size, size, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<4f", header, 76, 1, 2, 2, 2)
    struct.pack_into("<2f", header, 108, 352, 1)
    header[123] = 2
    struct.pack_into("<h", header, 254, 1)
    for row in range(3):
        values = [0.0, 0.0, 0.0, -24.0]
        values[row] = 2.0
        struct.pack_into("<4f", header, 280 + 16 * row, *values)
    header[344:348] = b"n+1\0"
    voxels = [(x * step + y * 13 + z * 29) % 400 + 1 for z in range(size) for y in range(size) for x in range(size)]
    return bytes(header) + struct.pack(f"<{len(voxels)}h", *voxels)


FINDINGS = [
    {"kind": "sequences_present", "term": "T1CE"},
    {"kind": "volume", "region": "whole_tumor", "quantity": 12340.0, "unit": "mm3"},
    {"kind": "volume", "region": "tumor_core", "quantity": 0.0, "unit": "mm3"},
    {"kind": "volume", "region": "enhancing_tumor", "quantity": 0.0, "unit": "mm3"},
    {"kind": "lesion_count", "quantity": 0.0, "unit": "1"},
]


def result():
    """The document of a result without lesions."""
    regions = {"whole_tumor": 12340.0, "tumor_core": 0.0, "enhancing_tumor": 0.0}
    return {
        "volumes": regions, "volumes_ml": {name: value / 1000 for name, value in regions.items()},
        "confidence_scores": {"whole_tumor": 0.9}, "mask_files": [], "lesions": [],
        "gating_weights": {"t1ce": 1.0}, "available_modalities": ["t1ce"], "reference_modality": "t1ce", "reliability": [],
        "label_convention": "BraTS 2023: 1 NCR (necrotic core), 2 ED (oedema), 3 ET (enhancing tumour)",
        "skull_stripped": True, "brain_mask": "given", "model_version": "1.0", "device": "cpu",
    }


def seed(server):
    """A user in every role, and a completed case of the doctor's with image, result and report."""
    tokens = {"anonymous": None}
    for role in ROLES[1:]:
        form = {
            "email": f"{role}@example.org", "password": PASSWORD, "confirm_password": PASSWORD, "first_name": "Ada",
            "last_name": "Lovelace", "role": "doctor" if role == "admin" else role,
        }
        tokens[role] = server.call("POST", "/api/users/register/", form)["access"]
    with server.database() as database:
        database.execute("UPDATE users SET role = 'admin' WHERE email = 'admin@example.org'")
    doctor = tokens["doctor"]
    case = server.call("POST", "/api/cases/", {"patientId": "P1", "age": 61, "sex": "F"}, doctor)["caseId"]
    form = (b"--edge\r\nContent-Disposition: form-data; name=\"modality\"\r\n\r\nt1ce\r\n--edge\r\n"
            b"Content-Disposition: form-data; name=\"file\"; filename=\"t1ce.nii\"\r\n\r\n" + image() + b"\r\n--edge--\r\n")
    server.call("POST", f"/api/cases/{case}/upload/", form, doctor, "multipart/form-data; boundary=edge")
    task = server.call("POST", f"/api/inference/predict/{case}/", token=doctor)["id"]
    complete(server, case, task)
    report = server.call("POST", f"/api/reports/generate/{case}/", token=doctor)["reportId"]
    users = server.call("GET", "/api/users/users/", token=tokens["admin"])["users"]
    return tokens, {"caseId": case, "taskId": task, "reportId": report, "userId": users[-1]["id"]}


def complete(server, case, task):
    """Writes the result that a worker would have written."""
    with server.database() as database:
        now = int(time.time() * 1e6)
        database.execute(
            "UPDATE jobs SET status = 'completed', progress = 1, started_at = ?, finished_at = ?", (now, now))
        institution, digest = database.execute(
            "SELECT institution_id, inputs_digest FROM inference_tasks WHERE id = ?", (task,)).fetchone()
        measured = str(uuid.uuid4())
        database.execute("UPDATE inference_tasks SET active_inputs = NULL WHERE id = ?", (task,))
        database.execute("UPDATE cases SET status = 'completed', completed_at = ? WHERE id = ?", (now, case))
        database.execute(
            "INSERT INTO results (id, institution_id, case_id, task_id, result_json, manifest_json, model_name, model_version,"
            " model_digest, inputs_digest, code_version, created_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (measured, institution, case, task, json.dumps(result()), '{"inputs":[]}', "stand-in", "1.0", "a" * 64, digest,
             "test", now))
        for position, finding in enumerate(FINDINGS):
            database.execute(
                "INSERT INTO findings (result_id, institution_id, number, position, kind, region, quantity, unit, term)"
                " VALUES (?,?,?,?,?,?,?,?,?)",
                (measured, institution, f"F{position + 1}", position, finding["kind"], finding.get("region"), finding.get("quantity"),
                 finding.get("unit"), finding.get("term")))
