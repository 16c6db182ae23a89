"""From a raw head to its brain mask; keep in sync with the Swift server.

1. Sequences as RAS images; the head mask and the 2 mm grid around it are `preprocess.py`'s for whole heads (steps 1 to 5 there).
2. z-scores with the mean and deviation over the head mask, not zeroed outside it; outside a sequence's own image the value is 0 before the
z-score. Missing sequences are 0 everywhere.
3. The network's logits, resampled linearly to the reference's grid (`OUTSIDE` beyond the 2 mm grid); brain if above 0.
4. The largest face-connected component; its holes are filled (background that is not face-connected to the volume's border).
5. The rest is as for a skull-stripped study: every sequence is 0 outside the mask, which is the foreground.
"""

import numpy as np
import openvino
import SimpleITK as sitk

from preprocess import prepare

OUTSIDE = -20.0


def brain_from(logits, prepared):
    """The brain mask, a uint8 image on the reference's grid, from logits [k, j, i] on the 2 mm grid."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(logits, np.float32))
    image.CopyInformation(prepared.grid)
    found = sitk.Resample(image, prepared.reference, sitk.Transform(), sitk.sitkLinear, OUTSIDE) > 0
    largest = sitk.RelabelComponent(sitk.ConnectedComponent(found)) == 1
    return sitk.BinaryFillhole(largest, False, 1)


def brain_mask(network, sequences):
    """The brain of a raw head; `network`: a function of images [1, 4, …] and availability [1, 4] → logits [1, 1, …]."""
    prepared = prepare(sequences, is_masked=False)
    return brain_from(network(prepared.images[None], prepared.availability[None])[0, 0], prepared)


def without_outside(sequences, mask):
    """The sequences, 0 outside a mask on any grid: a skull-stripped study."""
    bare = {}
    for name, image in sequences.items():
        own = sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
        bare[name] = sitk.Mask(image, own)
    return bare


def load_network(path):
    """An exported network in OpenVINO, as a function for `brain_mask`."""
    compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda images, availability: compiled({"images": images, "availability": availability})["logits"]
