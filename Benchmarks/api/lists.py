"""GET /api/cases/?page=1, signed in, 25 rows: NeuroAI against its peers, and a large list against a small one."""
import json
import statistics

import psycopg

import load
import seed
import servers

SMALL = 1000
PATH = "/api/cases/?page=1"
OURS = PATH + "&page_size=25"
NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


def database(arguments, kind, work, name):
    """The URL of a new, empty database."""
    if kind == "sqlite":
        return f"sqlite:///{work}/{name}.sqlite3"
    with psycopg.connect(arguments.postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    return arguments.postgres.rsplit("/", 1)[0] + f"/{name}"


def start_ours(arguments, kind, work, count, port):
    url = database(arguments, kind, work, f"ours_{count}")
    media = work / f"media-{kind}-{count}"
    server = servers.ours(arguments.program, url, media, port, work / "log")
    try:
        seed.fill_ours(url, count, servers.ACCOUNT["email"])
    except BaseException:
        server.stop()
        raise
    return server


def check(server, path, count):
    """Checks that a server returns the expected rows."""
    page = servers.call("GET", server.address + path, token=server.token)
    assert page["count"] == count and len(page["results"]) == 25 and page["next"], (server.name, page["count"])
    return [row["caseId"] for row in page["results"]]


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def compare(arguments, work):
    """Each round: ours, Django, FastAPI."""
    lines = [f"`GET {PATH}`, signed in, 25 of {SMALL} rows; {arguments.connections} connections, {arguments.rounds} rounds of "
             f"{arguments.seconds} s each, interleaved. gunicorn and uvicorn with {servers.WORKERS} workers; ours one process, which also records",
             "every read in the audit trail before it responds. All request the same page as the same user: requests that arrive while ours reads it share the "
             "next read (docs/decisions/0802). Median (range).", "",
             "| database | server | requests/s | p50 | p99 | bytes | ours ÷ this | our p99 ÷ this |", "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for kind in arguments.databases:
        ours = start_ours(arguments, kind, work, SMALL, 9201)
        url = database(arguments, kind, work, "peers")
        servers.prepare_peers(url, SMALL, work / "log")
        running = [(ours, OURS), (servers.django(url, 9202, work / "log"), PATH), (servers.fastapi(url, 9203, work / "log"), PATH)]
        try:
            assert len({json.dumps(check(server, path, SMALL)) for server, path in running}) == 1, "the servers show different rows"
            for server, path in running:
                load.put(server, path, 2, arguments.connections)
            rounds = [[load.put(server, path, arguments.seconds, arguments.connections) for server, path in running]
                      for _ in range(arguments.rounds)]
        finally:
            for server, _ in running:
                server.stop()
        lines += table(NAMES[kind], [server.name for server, _ in running], rounds)
    return lines


def table(database_name, names, rounds):
    for place, name in enumerate(names):
        rows = [row[place] for row in rounds]
        ratios = "| |" if place == 0 else (f"| {spread([row[0].rate / row[place].rate for row in rounds], 1)} "
                                           f"| {spread([row[0].p99 / row[place].p99 for row in rounds])} |")
        yield (f"| {database_name} | {name} | {spread([row.rate for row in rows], 0)} | {spread([row.p50 for row in rows], 1)} ms "
               f"| {spread([row.p99 for row in rows], 1)} ms | {rows[0].size:.0f} {ratios}")


def scale(arguments, work):
    """Each round: the small list, then the large one."""
    lines = [f"The same call at {arguments.cases:,} rows ÷ at {SMALL:,} rows (ours); the count covers all rows.".replace(",", " "), "",
             "| database | p99, small | p99, large | p99 large ÷ small | requests/s large ÷ small |", "| --- | --- | --- | --- | --- |"]
    for kind in arguments.databases:
        sizes = (SMALL, arguments.cases)
        running = [start_ours(arguments, kind, work, count, 9211 + place) for place, count in enumerate(sizes)]
        try:
            for server, count in zip(running, sizes):
                check(server, OURS, count)
                load.put(server, OURS, 2, arguments.connections)
            rounds = [[load.put(server, OURS, arguments.seconds, arguments.connections) for server in running]
                      for _ in range(arguments.rounds)]
        finally:
            for server in running:
                server.stop()
        small, large = zip(*rounds)
        lines.append(f"| {NAMES[kind]} | {spread([row.p99 for row in small], 1)} ms | {spread([row.p99 for row in large], 1)} ms "
                     f"| {spread([b.p99 / a.p99 for a, b in rounds])} | {spread([b.rate / a.rate for a, b in rounds])} |")
    return lines
