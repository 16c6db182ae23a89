"""A run's state on disk, in pieces small enough to carry from machine to machine.

`RUN/checkpoint-STEP/000`, `001`, … are one `torch.save` split at `PIECE` bytes; a folder appears atomically by a rename, and its
predecessor is removed only then, so that a run killed at any moment finds a complete state.
"""

import io
import shutil

import torch

PIECE = 15 << 20


def folders(run):
    """The run's states, oldest first."""
    return sorted(run.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))


def exists(run):
    return bool(folders(run))


def save(run, step, state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    data, partial, target = buffer.getbuffer(), run / "partial", run / f"checkpoint-{step}"
    earlier = [path for path in folders(run) if path != target]
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for number, start in enumerate(range(0, len(data), PIECE)):
        (partial / f"{number:03}").write_bytes(data[start : start + PIECE])
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    for path in earlier:
        shutil.rmtree(path)


def load(run):
    """The newest state, loaded to the CPU."""
    data = b"".join(path.read_bytes() for path in sorted(folders(run)[-1].iterdir()))
    return torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
