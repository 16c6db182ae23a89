"""Trains the network against the wall clock and keeps a resumable checkpoint with an average of the weights.

Command: `python training/train.py --run DIR --minutes N` after `data.py`; the same command resumes a stopped run.
"""

import argparse
import copy
import json
import math
import time
from pathlib import Path

import numpy as np
import torch

from augment import augment
from data import CACHE
from losses import total_loss
from network import MoME

PEAK_RATE = 2e-3
WARM_UP_STEPS = 20
EMA_DECAY = 0.98
SAVE_EVERY_SECONDS = 60
# Batches of two: PyTorch takes its slow convolution for small single inputs on the processor.
BATCH = 2
EARLY_CROP, LATE_CROP = (64, 64, 64), (64, 80, 64)
EARLY_SHARE = 0.6


def load_cases():
    """Every packed case as a dictionary of tensors, by name."""
    cases = {}
    for path in sorted(CACHE.glob("*.npz")):
        with np.load(path) as packed:
            cases[path.stem] = {key: torch.from_numpy(packed[key]) for key in packed.files}
    return cases


def crop(case, size, generator):
    """Images float [4, *size] and targets 0…1 [3, *size] at a random place; boxes are at least 64 voxels an axis."""
    starts = [
        int(torch.randint(max(extent - wanted, 0) + 1, (), generator=generator))
        for extent, wanted in zip(case["targets"].shape[1:], size)
    ]
    window = (slice(None), *(slice(start, start + wanted) for start, wanted in zip(starts, size)))
    return case["images"][window].float(), case["targets"][window].float() / 255


def rate(step, share):
    """Learning rate after `step` steps and the given share of the wall-clock budget."""
    return PEAK_RATE * min(1, (step + 1) / WARM_UP_STEPS) * (0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * share)))


def blend(average, network, step):
    """Moves the averaged weights towards the network's; early on faster."""
    decay = min(EMA_DECAY, (step + 1) / (step + 10))
    with torch.no_grad():
        for mean, value in zip(average.parameters(), network.parameters()):
            mean.lerp_(value, 1 - decay)


class Run:
    """Network, optimiser, averaged weights and progress of one training run, stored in `checkpoint.pt`."""

    def __init__(self, folder, seed):
        torch.manual_seed(seed)
        self.path = folder / "checkpoint.pt"
        self.network = MoME()
        self.average = copy.deepcopy(self.network)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=PEAK_RATE, weight_decay=1e-4)
        self.step, self.seconds = 0, 0.0
        if self.path.exists():
            self.restore()

    def restore(self):
        state = torch.load(self.path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]

    def save(self):
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        partial = self.path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.path)

    def advance(self, cases, share, generator):
        """One optimiser step on a batch of cases; returns its loss."""
        size = EARLY_CROP if share < EARLY_SHARE else LATE_CROP
        samples = [augment(*crop(case, size, generator), case["availability"], generator) for case in cases]
        images, targets, availability = (torch.stack(parts) for parts in zip(*samples))
        fused, _, experts = self.network(images, availability)
        weights = torch.stack([case["weight"] for case in cases])
        loss = (total_loss(fused, experts, availability, targets) * weights).mean()
        for group in self.optimiser.param_groups:
            group["lr"] = rate(self.step, share)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        blend(self.average, self.network, self.step)
        self.step += 1
        return loss.item()


def train(run, cases, seconds, seed):
    """Steps until the run's training time reaches `seconds`, in random passes over all cases."""
    generator = torch.Generator().manual_seed(seed + run.step)
    queue, saved, losses = [], time.monotonic(), []
    while run.seconds < seconds:
        start = time.monotonic()
        if len(queue) < BATCH:
            names = sorted(cases)
            queue = [names[index] for index in torch.randperm(len(names), generator=generator)]
        batch = [cases[queue.pop()] for _ in range(BATCH)]
        losses.append(run.advance(batch, run.seconds / seconds, generator))
        run.seconds += time.monotonic() - start
        if run.step % 20 == 0:
            print(json.dumps({"step": run.step, "s": round(run.seconds), "loss": round(np.mean(losses), 4)}), flush=True)
            losses = []
        if time.monotonic() - saved > SAVE_EVERY_SECONDS:
            run.save()
            saved = time.monotonic()
    run.save()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--minutes", type=float, required=True, help="training time in all, resumed parts included")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.run.mkdir(parents=True, exist_ok=True)
    train(Run(arguments.run, arguments.seed), load_cases(), arguments.minutes * 60, arguments.seed)


if __name__ == "__main__":
    main()
