"""Draws from a torch generator, so that runs are reproducible."""

import torch


def chance(generator):
    """0…1."""
    return torch.rand((), generator=generator).item()


def uniform(low, high, generator):
    return low + (high - low) * chance(generator)


def draw(count, generator):
    """One of 0 … count − 1."""
    return int(torch.randint(count, (), generator=generator))
