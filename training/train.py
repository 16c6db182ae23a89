"""Trains a network for a wall-clock budget and keeps a resumable checkpoint with averaged weights.

Command: `python training/train.py --stage brain|locate|plain|refine --run DIR --minutes N` after `data.py` or `patches.py`; the same
command resumes a stopped run, `--slice M` stops after M minutes of this call. `--from FILE` starts a new run with the weights of an
exported network. Every line of the run's `log.jsonl` has a step, its seconds and the mean loss since the last line. An NVIDIA GPU is used
if there is one, with one process per core preparing patches.
"""

import argparse
import copy
import json
import math
import os
import shutil
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from torch.utils.data import DataLoader, IterableDataset

import checkpoint
import crops
import export
import patches
from brainmask import samples
from brainmask.network import BrainNet
from draws import draw
from losses import deep_loss, expert_loss, region_loss
from network import MoME
from optimiser import Muon, has_bf16
from preprocess import SPACING_MM
from unet import PLAIN_WIDTHS, UNet

PEAK_RATE = 2e-3
WARM_UP_STEPS = 20
EMA_DECAY = 0.998
SAVE_EVERY_SECONDS = 60
# In a run's folder: the exported network that it started from.
BEGIN = "begin.onnx"
# Batches of two: for single small inputs, PyTorch uses a slow convolution on the CPU.
BATCH = 2
EARLY_CROP, LATE_CROP = (64, 64, 64), (64, 80, 64)
EARLY_SHARE = 0.6
# At inference the second stage processes the box around a tumour at once, whatever its size: a network trained only on the small patch,
# which is mostly tumour, would be worse there (EXPERIMENTS.md). The large patch is the mean box.
PATCHES = (80, 80, 80), (112, 144, 96)


class Cases:
    """A stage trained on labelled cases: `size` draws the voxels of a batch, `sample` crops and augments one case."""

    @classmethod
    def cases(cls, without=()):
        """All packed cases except those with the given names."""
        return {name: case for name, case in cls.load_cases().items() if name not in without}

    @classmethod
    def batches(cls, cases, share, generator):
        """Endless batches in random passes over all cases: images, targets, kept sequences, and the cases' weights and sequences."""
        names, queue = sorted(cases), []
        while True:
            if len(queue) < BATCH:
                queue = [names[index] for index in torch.randperm(len(names), generator=generator)]
            chosen, size = [cases[queue.pop()] for _ in range(BATCH)], cls.size(share(), generator)
            parts = [torch.stack(part) for part in zip(*(cls.sample(case, cases, size, generator) for case in chosen))]
            yield [*parts, *(torch.stack([case[key] for case in chosen]) for key in ("weight", "availability"))]

    @staticmethod
    def lesson(teacher, share, images, targets, kept, weights, availability):
        """A batch for the loss: with dropped sequences, and targets blended by `share` with the teacher's output for all sequences.

        Self-distillation: the teacher is the average of the network's own weights (Tarvainen and Valpola 2017), and the network learns to
        reproduce its output for all sequences from some of them (after Shi et al. 2024).
        """
        if share > 0:
            with torch.no_grad():
                targets = targets.lerp(torch.sigmoid(teacher(images, availability)[0].float()), share)
        return images * kept[:, :, None, None, None], targets, kept, weights


class Locate(Cases):
    """The first stage: the whole brain at 2 mm."""

    network = MoME
    load_cases = staticmethod(crops.load_cases)
    sample = staticmethod(crops.sample)

    @staticmethod
    def size(share, generator):
        return EARLY_CROP if share < EARLY_SHARE else LATE_CROP

    @staticmethod
    def loss(network, images, targets, availability, weights):
        fused, _, experts = network(images, availability)
        return (expert_loss(fused, experts, availability, targets, SPACING_MM**3) * weights).mean()


class Plain(Locate):
    """A U-Net in place of the first stage: equal parameters and operations, the same cases, augmentation and dropped sequences."""

    @staticmethod
    def network():
        return UNet(PLAIN_WIDTHS)

    @staticmethod
    def loss(network, images, targets, availability, weights):
        return (deep_loss(*network(images, availability), targets, SPACING_MM**3) * weights).mean()


class Refine(Cases):
    """The second stage: patches at 1 mm, most of them around a tumour."""

    network = UNet
    load_cases = staticmethod(patches.load_cases)
    sample = staticmethod(patches.sample)

    @staticmethod
    def size(share, generator):
        return PATCHES[draw(len(PATCHES), generator)]

    @staticmethod
    def loss(network, images, targets, availability, weights):
        return (deep_loss(*network(images, availability), targets) * weights).mean()


class Brain:
    """The brain in a head at 2 mm: sequences of one head and its brain, each sequence alone and their mean."""

    network = BrainNet

    @staticmethod
    def cases(without=()):
        if without:
            raise ValueError("heads have no names, so none can be left out")
        return samples.load()

    @staticmethod
    def batches(cases, share, generator):
        while True:
            size = samples.EARLY if share() < samples.EARLY_SHARE else samples.LATE
            yield samples.sample(cases, samples.COUNT, size, generator)

    @staticmethod
    def lesson(teacher, share, *batch):
        if share > 0:
            raise ValueError("the brain network has no dropped sequences to be taught of")
        return batch

    @staticmethod
    def loss(network, images, brain):
        logits = network.single(images[:, None]).float()
        own, mean = (region_loss(values, brain, SPACING_MM**3) for values in (logits, logits.mean(0)))
        return own.mean() / 2 + mean / 2


STAGES = {"brain": Brain, "locate": Locate, "plain": Plain, "refine": Refine}


def rate(step, share, peak=PEAK_RATE):
    """Learning rate after `step` steps and the given share of the wall-clock budget."""
    return peak * min(1, (step + 1) / WARM_UP_STEPS) * (0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * share)))


def blend(average, network, step):
    """Moves the averaged weights towards the network's; faster early on."""
    decay = min(EMA_DECAY, (step + 1) / (step + 10))
    with torch.no_grad():
        for mean, value in zip(average.parameters(), network.parameters()):
            mean.lerp_(value, 1 - decay)


class Run:
    """Network, optimiser, averaged weights and progress of a training run, stored in its folder."""

    def __init__(self, stage, folder, seed, device="cpu", peak=PEAK_RATE, distillation=0.0):
        torch.manual_seed(seed)
        self.peak, self.distillation = peak, distillation
        self.stage, self.folder, self.device = stage, folder, torch.device(device)
        self.network = stage.network().to(self.device, memory_format=torch.channels_last_3d)
        self.average = copy.deepcopy(self.network)
        inner, others = [], []
        for name, parameter in self.network.named_parameters():
            (inner if parameter.ndim == 5 and "head" not in name else others).append(parameter)
        self.optimisers = [Muon(inner, PEAK_RATE, weight_decay=0.01), torch.optim.AdamW(others, PEAK_RATE, weight_decay=0)]
        self.step, self.seconds = 0, 0.0
        if checkpoint.exists(folder):
            self.restore()

    def restore(self):
        state = checkpoint.load(self.folder)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for optimiser, known in zip(self.optimisers, state["optimisers"]):
            optimiser.load_state_dict(known)
        self.step, self.seconds = state["step"], state["seconds"]

    def begin(self, exported):
        """Loads the weights of an ONNX file from `export.py` into a new run; missing parameters keep their values."""
        known = export.stored(exported)
        for network in (self.network, self.average):
            lacking, unknown = network.load_state_dict(known, strict=False)
            if unknown or any("coarse_heads" not in name for name in lacking):
                raise ValueError(f"{exported} holds another network")

    def save(self):
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "step": self.step,
            "seconds": self.seconds,
        }
        checkpoint.save(self.folder, self.step, state)

    def advance(self, batch, share):
        """One optimiser step on a batch; returns its loss.

        A step with a non-finite gradient is skipped, since it would destroy every weight: oneDNN occasionally returns one for a small bf16
        convolution (4³ features; PyTorch 2.13 on AVX-512), and a finite one for the same batch the next time.
        """
        with torch.autocast(self.device.type, torch.bfloat16, enabled=has_bf16(self.device)):
            parts = [part.to(self.device, non_blocking=True) for part in batch]
            loss = self.stage.loss(self.network, *self.stage.lesson(self.average, self.distillation, *parts))
        loss.backward()
        is_finite = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0).isfinite()
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate(self.step, share, self.peak)
            if is_finite:
                optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        blend(self.average, self.network, self.step)
        self.step += 1
        return loss.item()


class Batches(IterableDataset):
    """A stage's batches; each process that prepares them has its own random generator."""

    def __init__(self, stage, cases, seed, share):
        self.stage, self.cases, self.seed, self.share = stage, cases, seed, share

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        generator = torch.Generator().manual_seed(self.seed + (worker.id * 1_000_003 if worker else 0))
        return iter(self.stage.batches(self.cases, self.share, generator))


def train(run, cases, seconds, seed, limit=math.inf, processes=0):
    """Trains until the run's training time reaches `seconds`, or this call's reaches `limit` seconds.

    `processes` prepare the batches concurrently; 0 prepares them in this process.
    """
    # Processes use the share at the time of their start: patches grow from one call to the next.
    begun = run.seconds
    batches = Batches(run.stage, cases, seed + run.step, lambda: (run.seconds if processes == 0 else begun) / seconds)
    stream = iter(DataLoader(batches, batch_size=None, num_workers=processes, pin_memory=run.device.type == "cuda",
                             multiprocessing_context="fork" if processes else None))
    saved, losses = time.monotonic(), []
    # On a CPU the thread's own time counts, so that other processes do not shorten the run.
    clock = time.monotonic if run.device.type == "cuda" else time.thread_time
    while run.seconds < seconds and run.seconds - begun < limit:
        start = clock()
        losses.append(run.advance(next(stream), run.seconds / seconds))
        run.seconds += clock() - start
        if run.step % 20 == 0:
            line = json.dumps({"step": run.step, "s": round(run.seconds), "loss": round(float(np.mean(losses)), 4)})
            with open(run.folder / "log.jsonl", "a") as log:
                print(line, file=log)
            losses = []
        if time.monotonic() - saved > SAVE_EVERY_SECONDS:
            run.save()
            saved = time.monotonic()
    run.save()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--run", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--minutes", type=float, required=True, help="training time in all, resumed parts included")
    parser.add_argument("--slice", type=float, default=math.inf, help="minutes after which this call stops; the next one goes on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peak", type=float, default=PEAK_RATE, help="highest learning rate; a run that goes on needs less")
    parser.add_argument("--distill", type=float, default=0.0, metavar="SHARE",
                        help="of the targets, what the averaged weights say of all sequences; for a run that begins --from a trained network")
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME", help="cases that training must not see")
    parser.add_argument("--from", dest="weights", type=Path, help="exported network whose weights a new run begins with")
    arguments = parser.parse_args()
    if arguments.distill and not arguments.weights:
        parser.error("--distill needs a trained network to learn from: name it by --from")
    torch.set_num_threads(arguments.threads)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(arguments.threads)
    arguments.run.mkdir(parents=True, exist_ok=True)
    stage = STAGES[arguments.stage]
    is_gpu = torch.cuda.is_available()
    run = Run(stage, arguments.run, arguments.seed, "cuda" if is_gpu else "cpu", arguments.peak, arguments.distill)
    if arguments.weights and run.step == 0:
        run.begin(arguments.weights)
        shutil.copyfile(arguments.weights, arguments.run / BEGIN)
    train(run, stage.cases(arguments.without), arguments.minutes * 60, arguments.seed, arguments.slice * 60, os.cpu_count() if is_gpu else 0)


if __name__ == "__main__":
    main()
