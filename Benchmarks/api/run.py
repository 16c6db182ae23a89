#!/usr/bin/env python3
"""Times the API against the original's stack (Django REST, simplejwt, gunicorn) and FastAPI, and writes its section of docs/benchmarks.md.

Command: `make bench-api`. All servers run on the same cores with the same rows; rounds alternate between them, and every ratio is within
one round. Parts: lists, scale, upload, start; `--part` selects some of them, the others keep their lines.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import lists  # noqa: E402
import sections  # noqa: E402
import start  # noqa: E402
import upload  # noqa: E402

HEADING = "## The API"
PARTS = {"lists": lists.compare, "scale": lists.scale, "upload": upload.measure, "start": start.measure}
TITLES = {"lists": "Lists", "scale": "A large list", "upload": "Uploads", "start": "Start"}


def machine():
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores ({model}), {platform.freedesktop_os_release()['PRETTY_NAME']}"


def others():
    """The load of other processes: CPU cores used over the last minute, from the kernel."""
    return f"load average {os.getloadavg()[0]:.1f} before the first round"


def version():
    told = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return told.stdout.strip() or "unknown"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(ROOT / ".build/release/neuroai"))
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of load in each round and for each server")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--cases", type=int, default=1_000_000, help="the larger list")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/benchmarks.md")
    parser.add_argument("--note", default="", help="a sentence on what else ran")
    arguments = parser.parse_args()
    arguments.databases = arguments.database or ["sqlite", "postgres"]
    arguments.postgres = os.environ["TEST_POSTGRES_URL"]
    kept = ROOT / ".deps/bench-api.json"
    told = json.loads(kept.read_text()) if kept.exists() else {}
    for part in arguments.part or PARTS:
        note = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, commit {version()}, {others()}. {arguments.note}".strip()
        # On the checkout's disk, not in memory.
        work = pathlib.Path(tempfile.mkdtemp(prefix="bench-api-", dir=ROOT / ".deps"))
        try:
            told[part] = [f"{note}", "", *PARTS[part](arguments, work)]
        except BaseException:
            print(f"bench-api: {part} failed; the servers' log:", *(work / "log").read_text().splitlines()[-20:], sep="\n", file=sys.stderr)
            raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
        print(*told[part], sep="\n", flush=True)
        kept.write_text(json.dumps(told))
    lines = [HEADING, "", f"Made by `make bench-api`; do not edit. {machine()}, shared by the load generator (wrk, one thread) and the server under test.", ""]
    for part in PARTS:
        lines += [f"### {TITLES[part]}", "", *told[part], ""] if part in told else []
    sections.put(arguments.out, "\n".join(lines), HEADING)


if __name__ == "__main__":
    main()
