"""Whole heads as tissue maps at 1 mm: label maps with FreeSurfer's values reduced to a few tissues, and tumours inserted into them.

Axes are k, j, i of RAS images. `pack` reads SynthSeg's training label maps (`labelmaps/`), in which codes from 500 are extra-cerebral.
Command: `python -m brainmask.heads --cases DIR` (from `training/`) packs every label map and lesion once into `cache/brainmask/`.
"""

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from data import CACHE
from preprocess import read_ras

CACHE_HEADS = CACHE / "brainmask"
# Label maps held out of training.
HELD_OUT = (17, 18, 19, 20)

TISSUES = (
    "air", "white", "cortex", "cerebellum", "deep", "stem", "ventricle", "csf", "altered", "artery", "vein", "eye", "muscle",
    "fat", "nerve", "mucosa", "skin", "bone", "marrow", "dura", "necrosis", "oedema", "enhancing", "cavity",
)
CODE = {name: code for code, name in enumerate(TISSUES)}
# FreeSurfer's label values (and those added by the label maps' authors) by tissue.
LABELS = {
    "white": (2, 41, 7, 46), "cortex": (3, 42), "cerebellum": (8, 47), "stem": (16,),
    "deep": (10, 11, 12, 13, 17, 18, 26, 28, 49, 50, 51, 52, 53, 54, 58, 60, 136, 137, 163, 164),
    "ventricle": (4, 5, 14, 15, 43, 44, 72), "csf": (24,), "altered": (25, 57), "artery": (30, 62, 502), "vein": (514,),
    "eye": (506,), "muscle": (507,), "nerve": (85, 508, 512, 530), "mucosa": (509,), "skin": (511,), "bone": (515,), "marrow": (516,),
}
BRAIN = [CODE[name] for name in ("white", "cortex", "cerebellum", "deep", "stem", "ventricle", "altered")]
TUMOUR = [CODE[name] for name in ("necrosis", "oedema", "enhancing")]
# By folder of expert label maps without images: the tissue of each label. A cavity is not part of a tumour.
LESIONS = {
    "lesions": {1: "necrosis", 2: "oedema", 4: "enhancing"},
    "lesions_metastases": {1: "necrosis", 2: "oedema", 3: "enhancing"},
    "lesions_post_treatment": {1: "necrosis", 2: "oedema", 3: "enhancing", 4: "cavity"},
}
# Skull-stripping keeps the fluid in sulci narrower than twice this.
CLOSING_MM = 5
# Soft tissue within this distance of the skin is fat; deeper it is a mixture of fat and muscle.
FAT_DEPTH_MM = 5.0
DURA_MM = 1.5
MARGIN = 4


def packed_tissues(labels):
    """Tissue codes uint8 of FreeSurfer's label values."""
    table = np.zeros(1024, np.uint8)
    for name, values in LABELS.items():
        table[list(values)] = CODE[name]
    return table[labels]


def of(tissues, codes):
    """bool: voxels of the tissues with the given codes; faster than `numpy.isin`."""
    table = np.zeros(256, bool)
    table[codes] = True
    return table[tissues]


def box_around(mask, margin):
    """Slices of the smallest box around a mask plus `margin` voxels, within the array."""
    found = [np.flatnonzero(mask.any(tuple(other for other in range(3) if other != axis))) for axis in range(3)]
    return tuple(slice(max(line[0] - margin, 0), line[-1] + margin + 1) for line in found)


def noise(random, shape, voxels):
    """A smooth field with a standard deviation of about 1 and features `voxels` wide."""
    coarse = random.standard_normal([max(extent // voxels, 2) for extent in shape])
    return ndimage.zoom(coarse, np.array(shape) / coarse.shape, order=1)


def with_fat(tissues, random):
    """Soft tissue below the skin and in random deeper places becomes fat, which SynthSeg's label maps do not separate from muscle."""
    soft = tissues == CODE["muscle"]
    depth = ndimage.distance_transform_edt(tissues != CODE["skin"])
    fat = soft & ((depth < FAT_DEPTH_MM + 1.5 * noise(random, soft.shape, 16)) | (noise(random, soft.shape, 8) > 0.6))
    tissues[fat] = CODE["fat"]
    return tissues


def with_dura(tissues):
    """Fluid that touches the skull becomes dura."""
    bone = of(tissues, [CODE["bone"], CODE["marrow"]])
    tissues[(tissues == CODE["csf"]) & (ndimage.distance_transform_edt(~bone) <= DURA_MM)] = CODE["dura"]
    return tissues


def stripped(tissues):
    """The brain after skull-stripping, bool: its tissues with ventricles, sulci and their fluid, without holes."""
    brain = of(tissues, BRAIN)
    parts, count = ndimage.label(brain)
    if count > 1:
        brain = parts == 1 + np.argmax(np.bincount(parts.ravel())[1:])
    near = ndimage.distance_transform_edt(~brain) <= CLOSING_MM
    closed = ndimage.distance_transform_edt(near) > CLOSING_MM
    outside = of(tissues, [CODE[name] for name in ("air", "bone", "marrow", "muscle", "fat", "skin", "dura", "eye", "mucosa")])
    return ndimage.binary_fill_holes(brain | (closed & ~outside))


def head_of(labels, seed):
    """Tissues uint8 and brain bool, both [k, j, i] at 1 mm, of a label map with FreeSurfer's values."""
    tissues = packed_tissues(labels)
    tissues = with_dura(with_fat(tissues[box_around(tissues > 0, MARGIN)], np.random.default_rng(seed)))
    return tissues, stripped(tissues)


def put_tumour(tissues, lesion, random):
    """The tissues with a lesion (codes of `TUMOUR` and cavity, else 0), randomly flipped and rotated, at a random position in the brain."""
    for axis in range(3):
        lesion = np.flip(lesion, axis) if random.random() < 0.5 else lesion
    lesion = np.transpose(lesion, random.permutation(3))
    brain = of(tissues, BRAIN)
    places = np.flatnonzero(brain)
    centre = np.unravel_index(places[random.integers(len(places))], brain.shape)
    into, out = [], []
    for middle, extent, own in zip(centre, brain.shape, lesion.shape):
        first = middle - own // 2
        into.append(slice(max(first, 0), min(first + own, extent)))
        out.append(slice(max(-first, 0), min(own, extent - first)))
    changed, into, part = tissues.copy(), tuple(into), lesion[tuple(out)]
    changed[into] = np.where((part > 0) & brain[into], part, changed[into])
    return changed


def lesion_of(labels, tissues):
    """A cropped lesion in tissue codes; `tissues`: the tissue of each label."""
    table = np.zeros(256, np.uint8)
    for label, name in tissues.items():
        table[label] = CODE[name]
    return table[labels[box_around(of(labels, list(tissues)), 0)]]


def read_labels(path):
    """Labels int32 [k, j, i] at 1 mm."""
    image = read_ras(path)
    if any(abs(spacing - 1) > 1e-3 for spacing in image.GetSpacing()):
        size = [round(extent * spacing) for extent, spacing in zip(image.GetSize(), image.GetSpacing())]
        image = sitk.Resample(image, size, sitk.Transform(), sitk.sitkNearestNeighbor, image.GetOrigin(), [1] * 3, image.GetDirection())
    return np.rint(sitk.GetArrayFromImage(image)).astype(np.int32)


def lesions_of(cases):
    """Every lesion by `FOLDER.NAME`; `cases`: the folder of the label maps' folders."""
    return {f"{folder}.{path.name.split('.')[0]}": lesion_of(read_labels(path), tissues)
            for folder, tissues in LESIONS.items() for path in sorted((cases / folder).glob("*.nii.gz"))}


def number(path):
    """Of a label map `training_seg_07.nii.gz`: 7."""
    return int(path.name.split(".")[0].split("_")[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True, help="folder with labelmaps/ and the folders of `LESIONS`")
    arguments = parser.parse_args()
    CACHE_HEADS.mkdir(parents=True, exist_ok=True)
    for path in sorted((arguments.cases / "labelmaps").glob("*.nii.gz")):
        packed = CACHE_HEADS / f"head-{number(path):02}.npz"
        if not packed.exists():
            tissues, brain = head_of(read_labels(path), number(path))
            np.savez_compressed(packed, tissues=tissues, brain=brain)
    np.savez_compressed(CACHE_HEADS / "lesions.npz", **lesions_of(arguments.cases))


if __name__ == "__main__":
    main()
