#!/usr/bin/env python3
"""Our Celery worker against genuine Celery's prefork pool on the same Redis, interleaved, with the same concurrency:
time from enqueueing to the start of a task, no-op tasks per second, CPU time of an idle worker. Prints a Markdown table.

Command: `.deps/celery/bin/python Benchmarks/celery_worker.py --worker .build/release/CeleryWorkerFixture [--concurrency 2] [--rounds 5]`.
Each round starts both workers anew, in turn; the figures are medians over rounds.
"""
import argparse
import base64
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

import redis
from celery import Celery

from stack import redis_server


def tasks_module(folder, url):
    """The tasks of the genuine worker, the same as those of Tests/CeleryWorkerFixture."""
    (folder / "bench_tasks.py").write_text(
        "import time\nfrom celery import Celery\n"
        f"app = Celery('bench', broker={url!r}, backend={url!r})\n"
        "app.conf.update(broker_connection_retry_on_startup=True, task_acks_late=True)\n"
        "@app.task(name='bench.noop')\ndef noop():\n    return None\n"
        "@app.task(name='bench.clock')\ndef clock():\n    return time.time()\n")


class Worker:
    """A worker of either kind on a queue of its own."""

    def __init__(self, kind, options, url, folder):
        self.queue = f"{kind}-{uuid.uuid4().hex[:6]}"
        if kind == "neuroai":
            command = [options.worker, url, self.queue, str(options.concurrency), "3600"]
        else:
            command = [sys.executable, "-m", "celery", "-A", "bench_tasks", "worker", "-Q", self.queue, "--concurrency", str(options.concurrency),
                       "--loglevel", "ERROR", "-n", f"{self.queue}@localhost"]
        self.process = subprocess.Popen(command, cwd=folder, start_new_session=True, env=dict(os.environ, C_FORCE_ROOT="1"),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def cpu_seconds(self):
        """Of the worker and its child processes, as far as they live."""
        ticks = 0
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            # Fields 6 (session), 14 and 15 (user and system time) of proc(5), from the third one on.
            if int(fields[3]) == self.process.pid:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def latency(app, worker, count):
    """Milliseconds from the call of `send_task` to the start of the task, one task at a time."""
    times = []
    for _ in range(count):
        begin = time.time()
        times.append((app.send_task("bench.clock", queue=worker.queue).get(timeout=30) - begin) * 1000)
    return statistics.median(times)


def message(queue):
    task = str(uuid.uuid4())
    body = base64.b64encode(json.dumps([[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()).decode()
    headers = {"lang": "py", "task": "bench.noop", "id": task, "root_id": task, "parent_id": None, "group": None, "eta": None, "expires": None,
               "retries": 0, "timelimit": [None, None], "argsrepr": "()", "kwargsrepr": "{}", "origin": "bench", "ignore_result": False}
    properties = {"correlation_id": task, "reply_to": "", "delivery_mode": 2, "delivery_info": {"exchange": "", "routing_key": queue}, "priority": 0,
                  "body_encoding": "base64", "delivery_tag": str(uuid.uuid4())}
    return json.dumps({"body": body, "content-encoding": "utf-8", "content-type": "application/json", "headers": headers, "properties": properties})


def throughput(client, worker, count):
    """No-op tasks per second from the arrival of all messages at once until the last is acknowledged; results are stored."""
    messages = [message(worker.queue) for _ in range(count)]
    begin = time.perf_counter()
    client.lpush(worker.queue, *messages)
    while client.llen(worker.queue) or client.hlen("unacked"):
        time.sleep(0.002)
    return count / (time.perf_counter() - begin)


def idle_share(worker, seconds):
    begin = worker.cpu_seconds()
    time.sleep(seconds)
    return (worker.cpu_seconds() - begin) / seconds * 100


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=3000)
    parser.add_argument("--idle", type=float, default=15)
    options = parser.parse_args()
    options.worker = str(pathlib.Path(options.worker).resolve())
    found = {kind: {"latency": [], "throughput": [], "idle": []} for kind in ("neuroai", "celery")}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with redis_server(name) as server:
            url = f"{server}/0"
            tasks_module(folder, url)
            app, client = Celery("driver", broker=url, backend=url), redis.Redis.from_url(url)
            for round_number in range(options.rounds):
                kinds = ["neuroai", "celery"] if round_number % 2 == 0 else ["celery", "neuroai"]
                for kind in kinds:
                    client.flushdb()
                    worker = Worker(kind, options, url, folder)
                    try:
                        latency(app, worker, 20)
                        found[kind]["latency"].append(latency(app, worker, 100))
                        throughput(client, worker, options.tasks // 10)
                        found[kind]["throughput"].append(throughput(client, worker, options.tasks))
                        time.sleep(1)
                        found[kind]["idle"].append(idle_share(worker, options.idle))
                    finally:
                        worker.stop()
    print(f"Load of the machine at the end (1 min): {os.getloadavg()[0]:.1f}; {options.rounds} rounds, concurrency {options.concurrency}.\n")
    print("| | NeuroAI | Celery prefork | ratio |\n| --- | --- | --- | --- |")
    for key, label, unit in [("latency", "enqueue to start, p50", "ms"), ("throughput", "no-op tasks", "/s"), ("idle", "CPU of an idle worker", "%")]:
        ours, theirs = (statistics.median(found[kind][key]) for kind in ("neuroai", "celery"))
        print(f"| {label} | {ours:.2f} {unit} | {theirs:.2f} {unit} | {ours / theirs if theirs else float('nan'):.2f} |")


if __name__ == "__main__":
    main()
