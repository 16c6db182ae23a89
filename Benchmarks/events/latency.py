#!/usr/bin/env python3
"""Measures how long a change takes to reach an event stream on the server that makes it and on another one with the same database, and
what the streams cost while nothing happens. On SQLite, and on PostgreSQL where TEST_POSTGRES_URL names one. Prints a section for
docs/benchmarks.md.

Command: `scripts/with-postgres Benchmarks/events/latency.py [--changes 200] [--out docs/benchmarks.md]`, with NEUROAI_BINARY for another
program than the debug build; several after each other compare them.
"""
import argparse
import datetime
import http.client
import json
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "Benchmarks")]

import sections  # noqa: E402
from api_server import PASSWORD, Server  # noqa: E402

HEADING = "## Latency of events"
IDLE = 20


class Stream(threading.Thread):
    """Server-sent events; the time at which each case arrived."""

    def __init__(self, server, token):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.base).netloc, timeout=60)
        self.connection.request("GET", "/api/events/", headers={"Authorization": f"Bearer {token}"})
        self.answer = self.connection.getresponse()
        self.arrived = {}
        while self.answer.readline() != b"event: ready\n":
            pass
        self.start()

    def run(self):
        try:
            while line := self.answer.readline():
                if line.startswith(b'data: {') and b'"caseId"' in line:
                    self.arrived.setdefault(json.loads(line[6:])["caseId"], time.perf_counter())
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass

    def time_of(self, case):
        while case not in self.arrived:
            time.sleep(0.001)
        return self.arrived[case]


def sql(text, database="postgres"):
    url = os.environ["TEST_POSTGRES_URL"].rpartition("/")[0] + "/" + database
    return subprocess.run(["psql", url, "-Atc", text], capture_output=True, text=True, check=True).stdout.strip()


def cpu(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def transactions():
    return int(sql("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'events'"))


def idle(servers, is_postgres):
    """CPU time of both servers in percent of a core, and their transactions a second where the database counts them."""
    time.sleep(3)
    began, before = time.perf_counter(), transactions() if is_postgres else 0
    used = sum(cpu(server.process) for server in servers)
    time.sleep(IDLE)
    seconds = time.perf_counter() - began
    used = sum(cpu(server.process) for server in servers) - used
    return 100 * used / seconds, (transactions() - before) / seconds if is_postgres else None


def measure(folder, changes, is_postgres):
    settings = {}
    if is_postgres:
        sql("DROP DATABASE IF EXISTS events")
        sql("CREATE DATABASE events")
        settings["DATABASE_URL"] = os.environ["TEST_POSTGRES_URL"].rpartition("/")[0] + "/events"
    servers = []
    try:
        for _ in range(2):
            servers.append(Server(folder, **settings))
            servers[-1].wait()
        form = {"email": "ada@example.org", "password": PASSWORD, "confirm_password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
                "role": "doctor"}
        token = servers[0].call("POST", "/api/users/register/", form)["access"]
        without = idle(servers, is_postgres)
        streams = [Stream(server, token) for server in servers]
        delays = [[], []]
        for number in range(changes):
            time.sleep(random.uniform(0.05, 0.35))
            case = servers[0].call("POST", "/api/cases/", {"patientId": f"P{number}", "age": 61, "sex": "F"}, token)["caseId"]
            now = time.perf_counter()
            for stream, times in zip(streams, delays):
                times.append(1000 * (stream.time_of(case) - now))
        return delays, without, idle(servers, is_postgres)
    finally:
        for server in servers:
            server.stop()


def row(name, delays, without, streaming):
    ranks = [f"{statistics.median(times):.1f} / {sorted(times)[int(0.95 * len(times))]:.1f} / {max(times):.1f} ms" for times in delays]
    queries = "" if streaming[1] is None else f"{streaming[1]:.1f} ({without[1]:.1f})"
    return f"| {name} | {ranks[0]} | {ranks[1]} | {queries} | {streaming[0]:.2f} % ({without[0]:.2f} %) |\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--out", type=pathlib.Path, help="docs/benchmarks.md, to replace its section")
    parser.add_argument("--note", default="", help="a sentence on the build or on what else ran")
    arguments = parser.parse_args()
    told = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    text = f"""{HEADING}

{datetime.date.today()}, commit {told.stdout.strip() or "unknown"}, {os.cpu_count()} cores ({platform.machine()}), load average {os.getloadavg()[0]:.1f} before the first row;
`Benchmarks/events/latency.py`, {arguments.changes} changes, two servers with one stream of server-sent events each. From the response to the request that creates a case to its event: median / 95 % / maximum.
Idle: both servers together, in brackets without streams. {arguments.note}

| database | same server | other server | transactions a second, idle | CPU, idle |
| --- | --- | --- | --- | --- |
"""
    for name, is_postgres in (("SQLite", False), ("PostgreSQL", True)):
        if is_postgres and "TEST_POSTGRES_URL" not in os.environ:
            continue
        with tempfile.TemporaryDirectory(prefix="neuroai-latency-") as folder:
            text += row(name, *measure(folder, arguments.changes, is_postgres))
    print(text)
    if arguments.out:
        sections.put(arguments.out, text, HEADING)


main()
