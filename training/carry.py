"""Weights of a run in half precision, small enough to commit, so that a later machine goes on where this one stopped.

Command: `python training/carry.py --run DIR --out training/checkpoints/NAME.pt`.
"""

import argparse
from pathlib import Path

import torch

PARTS = ("network", "average")


def pack(checkpoint):
    state = torch.load(checkpoint, weights_only=True)
    halves = {part: {name: value.half() for name, value in state[part].items()} for part in PARTS}
    return {**halves, "step": state["step"], "seconds": state["seconds"]}


def restore(run, path):
    """Lays carried weights into a fresh run; its optimisers warm up again, its clock starts at 0."""
    state = torch.load(path, weights_only=True)
    run.network.load_state_dict({name: value.float() for name, value in state["network"].items()})
    run.average.load_state_dict({name: value.float() for name, value in state["average"].items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(pack(arguments.run / "checkpoint.pt"), arguments.out)


if __name__ == "__main__":
    main()
