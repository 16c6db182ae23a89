#!/usr/bin/env python3
"""Dice of WT, TC, ET between NeuroAI's label map and an expert's (BraTS labels; 4 counts as 3), read by nibabel."""
import sys

import nibabel
import numpy


def regions(path):
    image = nibabel.load(path)
    labels = numpy.asarray(image.dataobj).astype(int)
    labels[labels == 4] = 3
    return image.affine, {"WT": labels > 0, "TC": (labels == 1) | (labels == 3), "ET": labels == 3}


ours, truth = regions(sys.argv[1]), regions(sys.argv[2])
if not numpy.allclose(ours[0], truth[0], atol=1e-3):
    sys.exit("demo: the mask does not lie on the truth's grid")
for name, mask in ours[1].items():
    both = numpy.logical_and(mask, truth[1][name]).sum()
    total = mask.sum() + truth[1][name].sum()
    print(f"{name}  {2 * both / total:.3f}" if total else f"{name}  both empty")
