"""Simulates motion artefacts: blurred edges and their ghosts along the phase axis.

A scanner fills k-space line by line along its phase axis; lines read after a movement belong to another pose (Shaw et al. 2019). The lines
around the centre of k-space, which determine the head's position, belong to the pose of the masks. Command: `python training/motion.py
--cases DIR --out DIR [--seed N]` writes copies of cases with motion in every sequence.
"""

import argparse
import math
import shutil
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from torch.nn import functional as F

from draws import uniform
from poses import places, rotation
from preprocess import SEQUENCES

MOST_MOVES, TURN_DEGREES, SHIFT_VOXELS = 3, 4, 4


def posed(image, generator):
    """[1, D, H, W] rotated by up to 4° about a random axis and shifted by up to 4 voxels; 0 from outside."""
    angle = math.radians(uniform(-TURN_DEGREES, TURN_DEGREES, generator))
    axis = 2 - int(uniform(0, 3, generator))
    shift = [uniform(-SHIFT_VOXELS, SHIFT_VOXELS, generator) for _ in range(3)]
    turn = rotation([angle if index == axis else 0.0 for index in range(3)])
    return F.grid_sample(image[None], places(turn, image.shape[1:], image.shape[1:], shift), align_corners=False)[0]


def moved(image, generator):
    """[1, D, H, W], 0 outside the head and above 0 inside, as read while the head assumed one to three further poses."""
    axis = 1 + int(uniform(0, 3, generator))
    lines = image.shape[axis]
    # The lines between which the head moves; line 0 is the highest negative frequency, the middle one carries the mean.
    moves = sorted(int(uniform(0, lines, generator)) for _ in range(1 + int(uniform(0, MOST_MOVES, generator))))
    bounds = [0, *moves, lines]
    spectrum = torch.fft.fftshift(torch.fft.fft(image, dim=axis), dim=axis)
    for first, last in zip(bounds, bounds[1:]):
        if first < last and not first <= lines // 2 < last:
            other = torch.fft.fftshift(torch.fft.fft(posed(image, generator), dim=axis), dim=axis)
            spectrum.narrow(axis, first, last - first).copy_(other.narrow(axis, first, last - first))
    return torch.fft.ifft(torch.fft.ifftshift(spectrum, dim=axis), dim=axis).abs()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    generator = torch.Generator().manual_seed(arguments.seed)
    for folder in sorted(path for path in arguments.cases.iterdir() if (path / "seg.nii.gz").exists()):
        target = arguments.out / folder.name
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / "seg.nii.gz", target / "seg.nii.gz")
        for path in (folder / f"{name}.nii.gz" for name in SEQUENCES):
            if path.exists():
                image = sitk.ReadImage(str(path), sitk.sitkFloat32)
                values = torch.from_numpy(sitk.GetArrayFromImage(image))[None]
                # Skull-stripping follows the scan: 0 stays 0, and other voxels stay above it.
                changed = torch.where(values > 0, moved(values, generator).clamp(min=1), torch.zeros(()))
                written = sitk.GetImageFromArray(np.ascontiguousarray(changed[0].numpy()))
                written.CopyInformation(image)
                sitk.WriteImage(written, str(target / path.name))


if __name__ == "__main__":
    main()
