#!/usr/bin/env python3
"""Works through the HTTP API like a client: a doctor, a case, four series, the inference, the result and the report."""
import argparse
import http.client
import json
import math
import pathlib
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SEQUENCES = ("t1", "t1ce", "t2", "flair")


class Refused(Exception):
    pass


class Client:
    def __init__(self, server):
        self.server = server
        self.token = None

    def call(self, method, path, body=None, content_type="application/json"):
        request = urllib.request.Request(self.server + path, method=method)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.data = body if isinstance(body, bytes) else json.dumps(body).encode()
            request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise Refused(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def upload(self, case, sequence, file):
        boundary = secrets.token_hex(16)
        head = (f'--{boundary}\r\nContent-Disposition: form-data; name="modality"\r\n\r\n{sequence}\r\n'
                f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n").encode()
        body = head + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        return self.call("POST", f"/api/cases/{case}/upload/", body, f"multipart/form-data; boundary={boundary}")


def wait_for(client, seconds=60):
    end = time.monotonic() + seconds
    while True:
        try:
            return client.call("GET", "/api/health/")
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError):
            if time.monotonic() > end:
                sys.exit("demo: the server does not answer; see demo-out/server.log")
            time.sleep(0.2)


def watch(client, task):
    """Shows the progress reported by the API."""
    shown = None
    while True:
        state = client.call("GET", f"/api/inference/tasks/{task}/")
        percent, step = state["progress_percentage"], state["current_step"] or state["status"]
        bar = "█" * (percent * 30 // 100) + "·" * (30 - percent * 30 // 100)
        if sys.stdout.isatty():
            print(f"\r\033[K{bar} {percent:3d} % {step}", end="", flush=True)
        elif (percent, step) != shown:
            print(f"{bar} {percent:3d} % {step}", flush=True)
        shown = (percent, step)
        if state["status"] not in ("pending", "running"):
            print()
            if state["status"] != "completed":
                sys.exit(f"demo: the task {state['status']}: {state['errorMessage']}")
            return state["result"]
        time.sleep(0.3)


def report_of(client, case, seconds=30):
    """A separate job writes it, shortly after the result."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        reports = client.call("GET", f"/api/reports/?caseId={case}")
        if reports:
            return reports[0]["aiGeneratedText"]
        time.sleep(0.3)
    sys.exit("demo: no report was written")


def save(url, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with urllib.request.urlopen(url) as answer:
        path.write_bytes(answer.read())


def millilitres(volume):
    """mm³ as in reports: halves away from zero, one decimal from 10 ml, two below."""
    places = 2 if math.floor(volume / 10 + 0.5) < 1000 else 1
    step = 1000 / 10**places
    return f"{math.floor(volume / step + 0.5) * step / 1000:.{places}f}"


def table(result):
    names = (("whole_tumor", "whole tumour"), ("tumor_core", "tumour core"), ("enhancing_tumor", "enhancing tumour"))
    print(f"{'region':20}{'volume [ml]':>12}{'mean probability':>18}")
    for key, name in names:
        confidence = result["confidence_scores"].get(key)
        shown = "-" if confidence is None else f"{confidence:.2f}"
        print(f"{name:20}{millilitres(result['volumes'][key]):>12}{shown:>18}")


def run(arguments):
    series = [(s, arguments.case / f"{s}{e}") for s in SEQUENCES for e in (".nii.gz", ".nii")
              if (arguments.case / f"{s}{e}").exists()]
    if not series:
        sys.exit("demo: the folder holds none of t1, t1ce, t2, flair as .nii.gz or .nii")
    client = Client(arguments.server)
    wait_for(client)
    email, password = f"demo-{secrets.token_hex(4)}@example.org", secrets.token_urlsafe(12)
    client.token = client.call("POST", "/api/users/register/", {
        "email": email, "password": password, "confirm_password": password, "first_name": "Demo", "last_name": "Doctor",
        "role": "doctor"})["access"]
    print(f"registered {email} (password {password})")
    case = client.call("POST", "/api/cases/", {"patientId": f"DEMO-{arguments.case.name}", "age": 60, "sex": "O"})["caseId"]
    for sequence, file in series:
        image = client.upload(case, sequence, file)
        size, spacing = image["dimensions"], image["spacing"]
        print(f"uploaded {sequence}: {size[0]}×{size[1]}×{size[2]} voxels of {spacing[0]:.2f}×{spacing[1]:.2f}×{spacing[2]:.2f} mm")
    begin = time.monotonic()
    result = watch(client, client.call("POST", "/api/inference/", {"caseId": case})["id"])
    print(f"from the start of the inference to its result: {time.monotonic() - begin:.1f} s\n")
    table(result)
    print("\n" + report_of(client, case))
    for file in result["mask_files"]:
        save(file["url"], arguments.out / file["name"])
    for picture in client.call("GET", f"/api/cases/{case}/visualizations/"):
        save(picture["url"], arguments.out / picture["name"])
    print(f"masks, maps, manifest and contours.png: {arguments.out}")
    print(f"page: {arguments.server}/cases/{case} (sign in as above)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--case", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    try:
        run(parser.parse_args())
    except Refused as refusal:
        sys.exit(f"demo: {refusal}")
