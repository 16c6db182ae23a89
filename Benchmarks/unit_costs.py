#!/usr/bin/env python3
"""What one study costs: CPU seconds of the server and of the workers, stored bytes, bytes and rows in PostgreSQL. The measured
figures of docs/capacity.md; prints a Markdown table.

Command: `scripts/with-postgres python3 Benchmarks/unit_costs.py --case FOLDER [--studies 10]`. Each study is a case with four series: upload,
segmentation, report, and what a client loads afterwards (case, report, masks, maps and pictures). Costs are means over the studies after a warm-up
study.
"""
import argparse
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.request

from stack import ROOT, Stack

# Tables whose rows grow with the number of studies.
TABLES = ("cases", "series", "blobs", "jobs", "results", "reports", "audit_entries", "events")


def cpu_seconds(pid):
    """Of a process and its living and ended children (proc(5), fields 14 to 17)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    total = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += sum(cpu_seconds(int(child)) for child in (task / "children").read_text().split())
    return total


def query(sql):
    answer = subprocess.run(["psql", os.environ["TEST_POSTGRES_URL"].rpartition("/")[0] + "/costs", "-Atc", sql],
                            check=True, capture_output=True, text=True)
    return int(answer.stdout)


def stored(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Costs:
    def __init__(self, stack, work):
        self.values = {
            "CPU of the server, s": cpu_seconds(stack.server.pid),
            "CPU of the worker of segmentations, s": cpu_seconds(stack.workers["imaging"].pid),
            "CPU of the worker of reports, s": cpu_seconds(stack.workers["interactive"].pid),
            "files, MiB": stored(work / "media") / 2**20,
            "PostgreSQL, KiB": query("SELECT pg_database_size('costs')") / 2**10,
            **{f"rows of `{table}`": query(f"SELECT COUNT(*) FROM {table}") for table in TABLES},
        }


def look(client, case, result):
    """What a client loads of a finished case."""
    client.call("GET", f"/api/cases/{case}/")
    client.call("GET", f"/api/reports/?caseId={case}")
    for file in result["mask_files"] + client.call("GET", f"/api/cases/{case}/visualizations/"):
        with urllib.request.urlopen(file["url"]) as answer:
            answer.read()


def reports_are_written(client, cases):
    while not all(client.call("GET", f"/api/reports/?caseId={case}") for case in cases):
        time.sleep(0.5)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(ROOT / ".build/release/neuroai"))
    parser.add_argument("--case", required=True, type=pathlib.Path)
    parser.add_argument("--studies", type=int, default=10)
    options = parser.parse_args()
    url = os.environ["TEST_POSTGRES_URL"]
    subprocess.run(["psql", url, "-qc", "CREATE DATABASE costs"], check=True)
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        stack = Stack(options.program, work, {"DATABASE_URL": url.rpartition("/")[0] + "/costs"}, [("imaging", 1), ("interactive", 1)])
        try:
            def study(count):
                stack.add_cases(options.case, count)
                cases = stack.cases[-count:]
                results = stack.segment(cases)
                reports_are_written(stack.client, cases)
                for case, result in zip(cases, results):
                    look(stack.client, case, result)

            study(1)
            before = Costs(stack, work).values
            study(options.studies)
            after = Costs(stack, work).values
        finally:
            stack.stop()
    print(f"Means of {options.studies} studies of four series ({options.case.name}), {os.cpu_count()} cores.\n")
    print("| each study | |\n| --- | --- |")
    for what, value in after.items():
        print(f"| {what} | {(value - before[what]) / options.studies:.2f} |")


if __name__ == "__main__":
    main()
