#!/usr/bin/env python3
"""Measures what idle event streams cost one server process: resident memory per WebSocket and per stream of server-sent events, CPU time
while nothing happens, and how long a change takes to reach all of them. Prints a section for docs/benchmarks.md.

Command: `ulimit -n 16384; NEUROAI_BINARY=.build/release/neuroai Benchmarks/events/idle.py [--streams 2000]`. The clients run in this
process. Memory is read from /proc after the streams have been idle for a keep-alive interval and a half, so that each has sent one ping."""
import argparse
import asyncio
import contextlib
import datetime
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "Benchmarks")]

import event_clients  # noqa: E402
import sections  # noqa: E402
from api_server import PASSWORD, Server  # noqa: E402

event_clients.prepare()

from websockets.asyncio.client import connect  # noqa: E402

HEADING = "## Event streams"
KEEP_ALIVE = 15
CONCURRENT = 50


class Process:
    def __init__(self, pid):
        self.pid = pid

    def resident(self):
        """KiB."""
        lines = pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))

    def cpu(self):
        """Seconds."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Sockets:
    def __init__(self, server, token):
        self.address = server.base.replace("http", "ws") + "/ws/events/"
        self.headers = {"Authorization": f"Bearer {token}"}
        self.open = []

    async def connect(self):
        socket = await connect(self.address, additional_headers=self.headers, ping_interval=None, compression=None, open_timeout=60)
        await socket.recv()
        self.open.append(socket)

    async def next(self, socket):
        await socket.recv()
        return time.perf_counter()

    async def close(self):
        await asyncio.gather(*(socket.close() for socket in self.open))


class Events:
    """Server-sent events, with as little as a client can do."""

    def __init__(self, server, token):
        self.host, self.port = urllib.parse.urlsplit(server.base).netloc.split(":")
        self.request = (f"GET /api/events/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n").encode()
        self.open = []

    async def connect(self):
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(self.request)
        await reader.readuntil(b"event: ready")
        self.open.append((reader, writer))

    async def next(self, stream):
        await stream[0].readuntil(b"event: case")
        return time.perf_counter()

    async def close(self):
        for _, writer in self.open:
            writer.close()


async def measure(kind, count):
    with tempfile.TemporaryDirectory(prefix="neuroai-idle-") as folder:
        server = Server(folder, EVENT_STREAMS_PER_USER="10000", EVENT_STREAMS="10000", EVENT_KEEPALIVE=str(KEEP_ALIVE))
        try:
            server.wait()
            form = {"email": "ada@example.org", "password": PASSWORD, "confirm_password": PASSWORD, "first_name": "Ada",
                    "last_name": "Lovelace", "role": "doctor"}
            token = server.call("POST", "/api/users/register/", form)["access"]
            process, streams = Process(server.process.pid), kind(server, token)
            # What the first streams load stays loaded.
            for _ in range(50):
                await streams.connect()
            await asyncio.sleep(2)
            before = process.resident()
            gate = asyncio.Semaphore(CONCURRENT)

            async def one():
                async with gate:
                    await streams.connect()

            began = time.perf_counter()
            await asyncio.gather(*(one() for _ in range(count)))
            opening = time.perf_counter() - began
            await asyncio.sleep(1.5 * KEEP_ALIVE)
            after, cpu = process.resident(), process.cpu()
            await asyncio.sleep(2 * KEEP_ALIVE)
            idle = (process.cpu() - cpu) / (2 * KEEP_ALIVE)
            waiting = [asyncio.create_task(streams.next(stream)) for stream in streams.open]
            await asyncio.sleep(0.5)
            began = time.perf_counter()
            await asyncio.to_thread(server.call, "POST", "/api/cases/", {"patientId": "P1", "age": 61, "sex": "F"}, token)
            delays = sorted(moment - began for moment in await asyncio.gather(*waiting))
            with contextlib.suppress(Exception):
                await streams.close()
            return (after - before) / count, after / 1024, opening, idle, delays[len(delays) // 2], delays[-1]
        finally:
            server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--out", type=pathlib.Path, help="docs/benchmarks.md, to replace its section")
    parser.add_argument("--note", default="", help="a sentence on the build or on what else ran")
    arguments = parser.parse_args()
    told = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    text = f"""{HEADING}

{datetime.date.today()}, commit {told.stdout.strip() or "unknown"}, {os.cpu_count()} cores ({platform.machine()}), load average {os.getloadavg()[0]:.1f} before the first row;
{arguments.streams} idle streams of one server process (`Benchmarks/events/idle.py`), clients on the same cores. A change: from the request that creates a case to its event, at the median and at the last stream. {arguments.note}

| stream | memory per stream | resident in all | opening all | CPU while idle | change, median | change, last |
| --- | --- | --- | --- | --- | --- | --- |
"""
    for name, kind in (("WebSocket", Sockets), ("server-sent events", Events)):
        each, resident, opening, idle, median, last = asyncio.run(measure(kind, arguments.streams))
        text += (f"| {name} | {each:.1f} KiB | {resident:.0f} MiB | {opening:.1f} s | {100 * idle:.1f} % of a core | {median:.2f} s |"
                 f" {last:.2f} s |\n")
    print(text)
    if arguments.out:
        sections.put(arguments.out, text, HEADING)


main()
