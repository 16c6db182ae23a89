"""Composites: the brain of a real, skull-stripped case inside another person's head, which is warped around it.

A head's label map is aligned to the case by an affine registration of the two brain masks (SimpleITK; centres of mass, then mean squares of
the smoothed masks). Voxels that are brain in the head but not in the case become fluid; tissue that touches the case's brain is replaced by
a thin layer of fluid. Axes are k, j, i of RAS images at 1 mm. Command: `python -m brainmask.composites --cases DIR` (from `training/`)
after `heads.py` packs the pairs into `cache/brainmask/`.
"""

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from preprocess import load_sequences

from .heads import BRAIN, CACHE_HEADS, CODE, HELD_OUT, of, with_dura

SMOOTH_MM, SHRINK = 3.0, 4
# Margin around the warped head, in mm.
MARGIN_MM = 4
# ITK's axes run to the left, posterior and superior.
RAS = (-1, 0, 0, 0, -1, 0, 0, 0, 1)
# Not displaced by the layer of fluid.
OPEN = [CODE[name] for name in ("air", "csf", "vein")]


def as_image(values, like=None):
    """An image of an array with another one's geometry; by default at 1 mm in RAS."""
    image = sitk.GetImageFromArray(values)
    if like is None:
        image.SetDirection(RAS)
    else:
        image.CopyInformation(like)
    return image


def mask_image(mask, like=None):
    """A smoothed float image of a bool mask, shrunk for the registration."""
    image = as_image(mask.astype(np.float32), like)
    return sitk.Shrink(sitk.SmoothingRecursiveGaussian(image, SMOOTH_MM), [SHRINK] * 3)


def align(fixed, moving):
    """The affine transform from the fixed mask's space to the moving one's; both smoothed mask images."""
    start = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.AffineTransform(3), sitk.CenteredTransformInitializerFilter.MOMENTS
    )
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMeanSquares()
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, 120, relaxationFactor=0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInterpolator(sitk.sitkLinear)
    method.SetInitialTransform(start, inPlace=False)
    method.SetNumberOfThreads(1)
    return method.Execute(fixed, moving)


def room_for(head, transform, case):
    """A 1 mm image on the case's voxel lattice that contains both the case and the warped head."""
    inverse = transform.GetInverse()
    size = np.array(head.GetSize()) - 1
    corners = [(np.array(index) * size).tolist() for index in np.ndindex(2, 2, 2)]
    points = [inverse.TransformPoint(head.TransformIndexToPhysicalPoint([int(value) for value in corner])) for corner in corners]
    places = np.array([case.TransformPhysicalPointToContinuousIndex(point) for point in points] + [np.zeros(3), np.array(case.GetSize())])
    low, high = np.floor(places.min(0) - MARGIN_MM).astype(int), np.ceil(places.max(0) + MARGIN_MM).astype(int)
    room = sitk.Image((high - low).tolist(), sitk.sitkUInt8)
    room.SetSpacing(case.GetSpacing())
    room.SetDirection(case.GetDirection())
    room.SetOrigin(case.TransformContinuousIndexToPhysicalPoint(low.astype(float).tolist()))
    return room, -low[::-1]


def wrap(tissues, inside, gap):
    """Tissues around a brain mask: the head's own brain outside it becomes fluid, as does a layer of `gap` mm around it."""
    around = tissues.copy()
    around[of(around, BRAIN)] = CODE["csf"]
    near = ndimage.distance_transform_edt(~inside) <= gap
    around[near & ~of(around, OPEN)] = CODE["csf"]
    around = with_dura(around)
    around[inside] = CODE["cortex"]
    return around


def compose(tissues, brain, sequences, gap):
    """Tissues and brain mask [k, j, i] of the case in the warped head, the position of the case's corner in it, and its grid."""
    reference = next(iter(sequences.values()))
    inside = np.any([sitk.GetArrayViewFromImage(image) > 0 for image in sequences.values()], 0)
    inside = ndimage.binary_fill_holes(inside)
    head = as_image(tissues)
    transform = align(mask_image(inside, reference), mask_image(brain))
    room, corner = room_for(head, transform, reference)
    warped = sitk.GetArrayFromImage(sitk.Resample(head, room, transform, sitk.sitkNearestNeighbor, 0))
    whole = np.zeros(warped.shape, bool)
    whole[tuple(slice(first, first + extent) for first, extent in zip(corner, inside.shape))] = inside
    return wrap(warped, whole, gap), whole, corner, room


def pack(folder, head, gap):
    """A composite as arrays: tissues, brain, images uint8 [S, k, j, i] of the case, their names and corner, and the grid's geometry."""
    sequences = load_sequences(folder)
    with np.load(CACHE_HEADS / f"head-{head:02}.npz") as known:
        tissues, brain, corner, room = compose(known["tissues"], known["brain"], sequences, gap)
    filled = np.flatnonzero(tissues.any((1, 2)))
    last = filled[-1] + 1 + MARGIN_MM
    return {
        "tissues": tissues[:last], "brain": brain[:last], "corner": corner, "names": np.array(list(sequences)),
        "images": np.stack([sitk.GetArrayFromImage(image).astype(np.uint8) for image in sequences.values()]),
        "origin": np.array(room.GetOrigin()), "direction": np.array(room.GetDirection()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, help="folder with train/ and validation/")
    arguments = parser.parse_args()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    numbers = {"train": [number for number in range(1, 21) if number not in HELD_OUT], "validation": list(HELD_OUT)}
    # Every case once before any case twice.
    for pair, part in ((0, "validation"), (0, "train"), (1, "train")):
        for index, folder in enumerate(sorted((arguments.cases / part).iterdir())):
            head = numbers[part][(index + 7 * pair) % len(numbers[part])]
            if len(list(CACHE_HEADS.glob(f"{part}-{folder.name}-*.npz"))) <= pair:
                np.savez(CACHE_HEADS / f"{part}-{folder.name}-{head:02}.npz", **pack(folder, head, 1 + (head + index) % 3))

if __name__ == "__main__":
    main()
