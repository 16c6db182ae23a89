#!/usr/bin/env python3
"""Studies per hour with one worker machine and with two. A "machine" is a network namespace whose worker has one core to itself and reaches the
database, Redis and the object store only over its own link. Needs root, two cores and `ip`.

scripts/with-postgres Benchmarks/two_machines.py --program .build/release/neuroai --case demo-out/cases/phantom-1 --studies 8 --rounds 2
"""
import argparse
import asyncio
import contextlib
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from api_server import free_port  # noqa: E402
from demo_client import SEQUENCES  # noqa: E402
from stack import doctor  # noqa: E402

QUERY = """SELECT COUNT(*) FILTER (WHERE status = 'completed'), COUNT(*) FILTER (WHERE status = 'failed'),
    COALESCE((MAX(finished_at) - MIN(created_at)) / 1e6, 0) FROM jobs WHERE kind = 'segment-case' AND created_at >= {since}"""


def run(*command):
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


class Machine:
    """A network namespace with a link to this one, and a core."""

    def __init__(self, number):
        self.name = f"neuroai-{number}"
        self.core = number
        self.here, self.there = f"10.87.{number}.1", f"10.87.{number}.2"

    def __enter__(self):
        link = f"na-{self.core}"
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "addr", "add", f"{self.here}/24", "dev", link)
        run("ip", "link", "set", link, "up")
        for words in (["addr", "add", f"{self.there}/24", "dev", "eth0"], ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):
            run("ip", "-n", self.name, *words)
        return self

    def __exit__(self, *_):
        run("ip", "netns", "del", self.name)

    def start(self, command, environment, log):
        return subprocess.Popen(
            ["ip", "netns", "exec", self.name, "taskset", "-c", str(self.core), *command], cwd=ROOT, env=environment, stdout=log, stderr=log)


class Relay(threading.Thread):
    """Passes connections to a machine's link on to loopback servers: those of tests listen nowhere else."""

    def __init__(self, addresses, ports):
        super().__init__(daemon=True)
        self.pairs = [(address, port) for address in addresses for port in ports]

    def run(self):
        asyncio.run(self.serve())

    async def serve(self):
        for address, port in self.pairs:
            await asyncio.start_server(lambda reader, writer, port=port: self.connected(reader, writer, port), address, port)
        await asyncio.Event().wait()

    async def connected(self, reader, writer, port):
        upstream = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(self.copy(reader, upstream[1]), self.copy(upstream[0], writer), return_exceptions=True)

    async def copy(self, reader, writer):
        # A connection ends with either side.
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 18):
                writer.write(data)
                await writer.drain()
        writer.close()


class Site:
    def __init__(self, folder, program):
        self.folder, self.program = folder, program
        self.database = os.environ.get("TEST_POSTGRES_URL") or sys.exit("run it by scripts/with-postgres")
        self.redis, self.objects, self.port = free_port(), free_port(), free_port()
        self.database_port = int(self.database.rsplit(":", 1)[1].split("/")[0])
        self.log = (folder / "log").open("ab")
        self.secrets = {"SECRET_KEY": secrets.token_hex(32), "AWS_ACCESS_KEY_ID": "neuroai", "AWS_SECRET_ACCESS_KEY": "neuroai"}
        self.processes = []

    def settings(self, host, name):
        return os.environ | self.secrets | {
            "DATABASE_URL": self.database.replace("127.0.0.1", host), "CELERY_BROKER_URL": f"redis://{host}:{self.redis}/0",
            "STORAGE_URL": f"s3://neuroai?endpoint=http://{host}:{self.objects}", "MEDIA_ROOT": str(self.folder / name), "LOG_ROOT": "-",
            "LOG_LEVEL": "notice", "PORT": str(self.port), "METRICS_TOKEN": ""}

    def spawn(self, command, **options):
        self.processes.append(subprocess.Popen(command, cwd=ROOT, stdout=self.log, stderr=self.log, **options))

    def start(self):
        self.spawn(["redis-server", "--bind", "127.0.0.1", "--port", str(self.redis), "--save", ""])
        self.spawn([str(ROOT / "scripts/moto"), str(self.objects)])
        bucket = urllib.request.Request(f"http://127.0.0.1:{self.objects}/neuroai", method="PUT")
        for _ in range(100):
            try:
                urllib.request.urlopen(bucket, timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        self.spawn([self.program, "serve", "--without-worker"], env=self.settings("127.0.0.1", "server"))
        return doctor(f"http://127.0.0.1:{self.port}")

    def query(self, text):
        return subprocess.run(
            ["psql", "-X", "-q", "-t", "-A", "-F", " ", "-d", self.database, "-c", text], check=True, capture_output=True, text=True).stdout.split()

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(60)


def seconds(site, client, machines, files, studies):
    """From the first request to the last result, with workers that have loaded their model."""
    workers = [
        machine.start([site.program, "worker"], site.settings(machine.here, machine.name), site.log) for machine in machines]
    try:
        cases = []
        for number in range(studies):
            cases.append(client.call("POST", "/api/cases/", {"patientId": f"S-{secrets.token_hex(4)}", "age": 60, "sex": "O"})["caseId"])
            for sequence, file in files:
                client.upload(cases[-1], sequence, file)
        while int(site.query("SELECT COUNT(*) FROM workers WHERE classes LIKE '%imaging%' AND model_name IS NOT NULL")[0]) < len(machines):
            time.sleep(0.5)
        since = time.time_ns() // 1000
        for case in cases:
            client.call("POST", "/api/inference/", {"caseId": case})
        while True:
            completed, failed, taken = site.query(QUERY.format(since=since))
            if int(failed):
                sys.exit(f"a segmentation failed: {(site.folder / 'log').read_text(errors='replace')[-2000:]}")
            if int(completed) == studies:
                return float(taken)
            time.sleep(1)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(60)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--case", required=True, type=pathlib.Path)
    parser.add_argument("--studies", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    files = [(s, arguments.case / f"{s}.nii.gz") for s in SEQUENCES if (arguments.case / f"{s}.nii.gz").exists()]
    # Also then, namespaces and processes are removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    totals = {1: 0.0, 2: 0.0}
    with tempfile.TemporaryDirectory(prefix="neuroai-bench.") as name, Machine(0) as first, Machine(1) as second:
        site = Site(pathlib.Path(name), str(pathlib.Path(arguments.program).resolve()))
        try:
            client = site.start()
            Relay([first.here, second.here], [site.database_port, site.redis, site.objects]).start()
            # Interleaved: 1 2 2 1 …
            for number in range(arguments.rounds):
                for machines in ([[first], [first, second]], [[first, second], [first]])[number % 2]:
                    taken = seconds(site, client, machines, files, arguments.studies)
                    totals[len(machines)] += taken
                    print(f"{len(machines)} machine(s): {arguments.studies} studies in {taken:.1f} s, {arguments.studies / taken * 3600:.0f} per hour", flush=True)
        finally:
            site.stop()
    print(f"two machines: {totals[1] / totals[2]:.2f} times the studies per hour of one")


if __name__ == "__main__":
    main()
