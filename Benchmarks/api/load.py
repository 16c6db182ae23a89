"""Load from wrk, and its measurements."""
import dataclasses
import json
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Measured:
    rate: float     # requests a second
    p50: float      # milliseconds
    p99: float
    size: float     # bytes of a response, including its headers


def put(server, path, seconds, connections):
    """`connections` clients that repeatedly request `path`."""
    done = subprocess.run(
        ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "30s",
         "--header", f"Authorization: Bearer {server.token}", "--script", str(HERE / "wrk.lua"), server.address + path],
        capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.strip().splitlines()[-1])
    if told["failed"] or not told["requests"]:
        raise SystemExit(f"{server.name}: {told['failed']} of {told['requests']} requests failed\n{done.stdout}")
    return Measured(told["requests"] / told["seconds"], told["p50"], told["p99"], told["bytes"] / told["requests"])
