#!/usr/bin/env python3
"""Latency from enqueueing a job to its start, and an idle worker's CPU time; on SQLite and PostgreSQL.

scripts/with-postgres Benchmarks/job_queue.py --program .build/release/neuroai

The job is a report of a result that does not exist, which ends at once. created_at is taken before the COMMIT, started_at when the
worker claims the job, finished_at when it has ended.
"""
import argparse
import os
import pathlib
import sqlite3
import statistics
import subprocess
import tempfile
import time
import uuid

ROW = """INSERT INTO jobs (id, institution_id, kind, class, parameters, status, priority, max_attempts, run_after, created_at)
    SELECT '{id}', id, 'write-report', 'interactive', '{{"result":"{id}"}}', 'pending', 0, 3, {now}, {now} FROM institutions LIMIT 1;"""
TIMES = "SELECT started_at - created_at, finished_at - created_at FROM jobs WHERE id = '{id}' AND finished_at IS NOT NULL"


class SQLite:
    def __init__(self, folder):
        self.path = folder / "db.sqlite3"
        self.url = f"sqlite:///{self.path}"

    def enqueue(self, job):
        self.connection = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        now = time.time_ns() // 1000
        self.connection.executescript(
            f"BEGIN IMMEDIATE; {ROW.format(id=job, now=now)}"
            "INSERT INTO notifications (channel, payload) VALUES ('jobs', 'interactive'); COMMIT;")

    def times(self, job):
        return self.connection.execute(TIMES.format(id=job)).fetchone()


class Postgres:
    def __init__(self, _):
        self.server = os.environ["TEST_POSTGRES_URL"]
        name = "bench_" + uuid.uuid4().hex
        self.run(f"CREATE DATABASE {name}", self.server)
        self.url = self.server.rsplit("/", 1)[0] + "/" + name

    def run(self, text, url=None):
        # The throw-away server's password may be in an argument.
        command = ["psql", "-X", "-q", "-t", "-A", "-F", " ", "-d", url or self.url, "-c", text]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    def enqueue(self, job):
        now = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
        self.run(f"BEGIN; {ROW.format(id=job, now=now)} SELECT pg_notify('neuroai', 'jobs interactive'); COMMIT")

    def times(self, job):
        words = self.run(TIMES.format(id=job))
        return tuple(map(int, words)) if words else None


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(kind, program, count, idle):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        database = kind(folder)
        environment = os.environ | {
            "DATABASE_URL": database.url, "MEDIA_ROOT": str(folder / "media"), "LOG_ROOT": "", "WORKER_CLASSES": "interactive",
            "SECRET_KEY": "", "LOG_LEVEL": "error"}
        subprocess.run([program, "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
        worker = subprocess.Popen([program, "worker"], env=environment)
        try:
            time.sleep(3)
            before = cpu_seconds(worker.pid)
            time.sleep(idle)
            share = (cpu_seconds(worker.pid) - before) / idle
            starts, ends = [], []
            for number in range(count):
                job = str(uuid.uuid4())
                database.enqueue(job)
                deadline = time.time() + 30
                while not (times := database.times(job)) and time.time() < deadline:
                    time.sleep(0.02)
                starts.append(times[0] / 1000)
                ends.append(times[1] / 1000)
                # At another moment of the worker's rhythm each time.
                time.sleep(0.2 + 0.0137 * (number % 10))
        finally:
            worker.terminate()
            worker.wait()
    print(f"{kind.__name__}: idle CPU {share:.2%} over {idle} s; enqueue to start p50 {statistics.median(starts):.1f} ms, "
          f"p95 {sorted(starts)[int(len(starts) * 0.95)]:.1f} ms; to end p50 {statistics.median(ends):.1f} ms ({count} jobs)", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default=".build/release/neuroai")
    parser.add_argument("--jobs", type=int, default=50)
    parser.add_argument("--idle", type=int, default=30)
    options = parser.parse_args()
    for kind in (SQLite, Postgres):
        measure(kind, os.path.abspath(options.program), options.jobs, options.idle)


if __name__ == "__main__":
    main()
