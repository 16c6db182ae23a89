"""A phantom patient: real anatomy from an atlas, four synthetic contrasts and a synthetic tumour of known ground truth.

Command: `python training/phantom.py --out DIR --seed N [--side left|right] [--size MM] [--spacing MM]` writes t1, t1ce, t2, flair and seg
.nii.gz (skull-stripped, RAS, labels of BraTS 2023: 1 NCR, 2 ED, 3 ET) and phantom.json. The same seed gives the same files. The anatomy is
`ch2bet` of Debian's package mricron-data.
"""

import argparse
import json
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

ATLAS = Path("/usr/share/mricron/templates/ch2bet.nii.gz")
NECROSIS, OEDEMA, ENHANCING = 1, 2, 3

# Brightness of (CSF, grey matter, white matter) and of (necrosis, oedema, enhancing tumour) by sequence.
TISSUES = {"t1": (150, 520, 760), "t1ce": (160, 540, 770), "t2": (1000, 560, 420), "flair": (120, 560, 480)}
TUMOUR = {"t1": (330, 500, 540), "t1ce": (330, 510, 1150), "t2": (880, 850, 680), "flair": (600, 960, 800)}
# Atlas intensities at which a voxel changes from CSF to grey and from grey to white matter.
CSF_TO_GREY, GREY_TO_WHITE = (45.0, 75.0), (92.0, 108.0)
DEPTH_MM = 14.0
NOISE = 18.0


def load_atlas(spacing):
    """Atlas intensities [x, y, z] on an isotropic RAS grid of `spacing` mm, cropped to the brain, and its affine."""
    image = nibabel.as_closest_canonical(nibabel.load(ATLAS))
    values = np.asarray(image.dataobj, np.float32)
    filled = np.argwhere(values > 0)
    low, high = filled.min(0) - 2, filled.max(0) + 3
    values = values[tuple(slice(max(a, 0), b) for a, b in zip(low, high))]
    affine = image.affine.copy()
    affine[:3, 3] = (image.affine @ [*np.maximum(low, 0), 1])[:3]
    if spacing != 1:
        size = [int(extent / spacing) for extent in values.shape]
        values = ndimage.affine_transform(values, [spacing] * 3, output_shape=size, order=1)
        affine[:3, :3] *= spacing
    return values, affine


def tissue_shares(atlas):
    """Shares of CSF, grey and white matter, float [3, x, y, z]; they sum to 1 in the brain and to 0 outside."""
    csf = 1 - np.clip((atlas - CSF_TO_GREY[0]) / (CSF_TO_GREY[1] - CSF_TO_GREY[0]), 0, 1)
    white = np.clip((atlas - GREY_TO_WHITE[0]) / (GREY_TO_WHITE[1] - GREY_TO_WHITE[0]), 0, 1)
    return np.stack([csf, 1 - csf - white, white]) * (atlas > 0)


def smooth_noise(random, shape, sigma):
    """Gaussian noise smoothed with `sigma` voxels, mean 0 and standard deviation 1."""
    field = ndimage.gaussian_filter(random.standard_normal(shape).astype(np.float32), sigma)
    return field / field.std()


def choose_centre(random, shares, affine, side):
    """A voxel in deep white matter on the given side of the midline (RAS x below 0 is left)."""
    spacing = affine[0, 0]
    depth = ndimage.distance_transform_edt(shares.sum(0) > 0, sampling=spacing)
    x = affine[0, 3] + spacing * np.arange(shares.shape[1])
    z = affine[2, 3] + spacing * np.arange(shares.shape[3])
    on_side = (x < -DEPTH_MM) if side == "left" else (x > DEPTH_MM)
    # Limited to z above -5 mm to exclude the cerebellum and brainstem.
    places = np.argwhere((shares[2] > 0.8) & (depth > DEPTH_MM) & on_side[:, None, None] & (z > -5))
    return places[random.integers(len(places))]


def grow_tumour(random, shares, affine, side, radius):
    """A label map uint8 [x, y, z]: irregular necrosis, an enhancing rim and oedema that prefers white matter."""
    spacing = affine[0, 0]
    shape = shares.shape[1:]
    centre = choose_centre(random, shares, affine, side)
    offsets = (np.indices(shape, np.float32) - centre[:, None, None, None].astype(np.float32)) * spacing
    stretch = random.uniform(0.8, 1.25, 3)[:, None, None, None]
    distance = np.sqrt(((offsets * stretch) ** 2).sum(0))
    bumps = smooth_noise(random, shape, 7 / spacing)
    fine = smooth_noise(random, shape, 3 / spacing)
    core = distance / radius + 0.12 * bumps + 0.04 * fine
    spread = distance / radius + 0.25 * bumps - 0.5 * ndimage.gaussian_filter(shares[2], 2 / spacing)
    x = affine[0, 3] + spacing * np.arange(shape[0])
    near = (x < -1) if side == "left" else (x > 1)
    tissue = (shares.sum(0) > 0) & (shares[0] < 0.6) & near[:, None, None]
    labels = np.zeros(shape, np.uint8)
    labels[tissue & (spread < 0.75)] = OEDEMA
    labels[tissue & (core < 0.55)] = ENHANCING
    labels[tissue & (core + 0.1 * fine < 0.35)] = NECROSIS
    return keep_connected(labels)


def keep_connected(labels):
    """The label map without parts that are not connected to its largest component."""
    parts, count = ndimage.label(labels > 0)
    if count > 1:
        largest = 1 + np.argmax(ndimage.sum(labels > 0, parts, range(1, count + 1)))
        labels = np.where(parts == largest, labels, 0).astype(np.uint8)
    return labels


def render(random, sequence, shares, labels, spacing):
    """One sequence, float32 [x, y, z], 0 outside the brain and above 0 inside, with a bias field and noise."""
    brain = shares.sum(0) > 0
    values = np.tensordot(np.array(TISSUES[sequence], np.float32), shares, 1)
    texture = smooth_noise(random, labels.shape, 2 / spacing)
    for label, brightness in zip((NECROSIS, OEDEMA, ENHANCING), TUMOUR[sequence]):
        share = ndimage.gaussian_filter((labels == label).astype(np.float32), 0.7 / spacing)
        values += share * (brightness * (1 + 0.06 * texture) - values)
    values *= 1 + 0.05 * smooth_noise(random, labels.shape, 30 / spacing)
    values += NOISE * random.standard_normal(labels.shape)
    return np.where(brain, np.maximum(values, 1), 0).astype(np.float32)


def make_phantom(seed, side=None, radius=None, spacing=1.0):
    """The phantom of a seed: images by sequence, label map, affine and facts (side, true volumes in mm³)."""
    random = np.random.default_rng(seed)
    drawn = ("left", "right")[random.integers(2)], random.uniform(20, 32)
    side, radius = side or drawn[0], radius or drawn[1]
    atlas, affine = load_atlas(spacing)
    shares = tissue_shares(atlas)
    labels = grow_tumour(random, shares, affine, side, radius)
    images = {sequence: render(random, sequence, shares, labels, spacing) for sequence in TISSUES}
    groups = {"WT": (1, 2, 3), "TC": (1, 3), "ET": (3,), "NCR": (1,), "ED": (2,)}
    volumes = {name: float(np.isin(labels, group).sum() * spacing**3) for name, group in groups.items()}
    facts = {"phantom": True, "seed": seed, "side": side, "radius_mm": round(float(radius), 2), "volumes_mm3": volumes}
    return images, labels, affine, facts


def write_phantom(folder, seed, **options):
    """Writes the phantom of a seed into a folder; returns its facts."""
    images, labels, affine, facts = make_phantom(seed, **options)
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in {**images, "seg": labels}.items():
        image = nibabel.Nifti1Image(np.rint(values).astype(np.uint8 if name == "seg" else np.int16), affine)
        image.header.set_xyzt_units("mm")
        image.set_qform(affine, 1)
        image.set_sform(affine, 1)
        nibabel.save(image, folder / f"{name}.nii.gz")
    (folder / "phantom.json").write_text(json.dumps(facts, indent=2) + "\n")
    return facts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--side", choices=("left", "right"))
    parser.add_argument("--size", type=float, help="radius of the tumour in mm, else drawn from 20…32")
    parser.add_argument("--spacing", type=float, default=1.0, help="mm of an isotropic voxel")
    arguments = parser.parse_args()
    facts = write_phantom(
        arguments.out, arguments.seed, side=arguments.side, radius=arguments.size, spacing=arguments.spacing
    )
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
