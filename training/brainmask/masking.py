"""From a raw head to its brain mask, as the Swift server does it: change both or neither.

1. Sequences as RAS images; the head mask and the 2 mm grid around it are `preprocess.py`'s for whole heads (steps 1 to 5 there).
2. z-scores with the mean and deviation over the head mask, not zeroed outside it; outside a sequence's own image the value is 0
   before the z-score. Absent sequences are 0 everywhere.
3. The network's logits, resampled linearly to the reference's grid (`OUTSIDE` beyond the 2 mm grid); brain where above 0.
4. The largest face-connected component; its holes filled (background that no path of faces joins to the volume's border).
5. From there all goes as for a skull-stripped study: every sequence is 0 outside the mask, which is the foreground.
"""

import numpy as np
import openvino
import SimpleITK as sitk

from preprocess import (
    REFERENCE_ORDER, SEQUENCES, Prepared, antialias, foreground_mask, mean_and_deviation, target_grid, to_grid,
)

OUTSIDE = -20.0


def prepare_head(sequences):
    """`Prepared` of a whole head for the brain mask network; RAS images by sequence name."""
    reference = next(sequences[name] for name in REFERENCE_ORDER if name in sequences)
    head = foreground_mask(sequences, reference)
    grid = target_grid(head)
    inside = to_grid(head, grid, sitk.sitkNearestNeighbor) > 0
    images = np.zeros((len(SEQUENCES), *inside.shape), np.float32)
    availability, statistics = np.zeros(len(SEQUENCES), np.float32), {}
    for channel, name in enumerate(SEQUENCES):
        if name in sequences:
            values = to_grid(antialias(sequences[name]), grid, sitk.sitkLinear)
            mean, deviation = statistics[name] = mean_and_deviation(values, inside)
            images[channel] = (values - mean) / deviation
            availability[channel] = 1
    return Prepared(images, availability, reference, grid, statistics)


def brain_from(logits, prepared):
    """The brain mask, a uint8 image on the reference's grid, from logits [k, j, i] on the 2 mm grid."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(logits, np.float32))
    image.CopyInformation(prepared.grid)
    found = sitk.Resample(image, prepared.reference, sitk.Transform(), sitk.sitkLinear, OUTSIDE) > 0
    largest = sitk.RelabelComponent(sitk.ConnectedComponent(found)) == 1
    return sitk.BinaryFillhole(largest, False, 1)


def brain_mask(network, sequences):
    """The brain of a raw head; `network`: a function of images [1, 4, …] and availability [1, 4] → logits [1, 1, …]."""
    prepared = prepare_head(sequences)
    return brain_from(network(prepared.images[None], prepared.availability[None])[0, 0], prepared)


def without_outside(sequences, mask):
    """The sequences, 0 outside a mask on any grid: a skull-stripped study."""
    bare = {}
    for name, image in sequences.items():
        own = sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
        bare[name] = sitk.Mask(image, own)
    return bare


def load_network(path):
    """An exported network in OpenVINO as `brain_mask` takes it."""
    compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda images, availability: compiled({"images": images, "availability": availability})["logits"]
