"""Measures the brain mask on the validation cases' brains inside held-out heads, and its effect on the segmentation.

Command: `python -m brainmask.evaluate --network FILE --cases DIR --out FILE [--package DIR]` (from `training/`) after `composites.py`. Dice
and HD95 (mm) of the mask with all four sequences and with each alone; with `--package` instead of single sequences WT, TC and ET Dice of
the whole model on the raw composite, masked by the network, and on the stripped case (`given`, the same voxels with the true mask). Earlier
results in `--out` are kept unless they are measured again.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch

import metrics
from augment import smooth
from data import REGIONS, convention, regions
from inference import Package, masks
from preprocess import SEQUENCES, read_ras

from .contrasts import field
from .heads import CACHE_HEADS, box_around
from .masking import brain_mask, load_network, without_outside
from .samples import rendered

# Brightness of white matter in T1; variation of the head's tissues; their blur at 1 mm; noise as a share of the mean.
UNIT, TEXTURE, BLUR, NOISE = 300.0, 0.1, 0.7, 0.05
# Voxels kept around a mask, more than the reach of the Gaussian before the 2 mm grid.
MARGIN = 8


def raw_head(path, seed):
    """A composite's raw sequences, its true brain mask, both as RAS images, and the case's name.

    The brain's voxels are the scanned ones, scaled to the head; the rest has texture, blur and the noise of a magnitude image.
    """
    with np.load(path) as packed:
        source = dict(packed)
    generator, sequences = torch.Generator().manual_seed(seed), {}
    for name in source["names"]:
        image = torch.from_numpy(rendered(source, SEQUENCES.index(name), generator))[None]
        varied = smooth(image * (1 + TEXTURE * field(image.shape[1:], 60, generator)), BLUR)
        noise = NOISE * image.mean() * torch.randn(2, *image.shape[1:], generator=generator)
        scanned = ((varied[0] + noise[0]) ** 2 + noise[1] ** 2).sqrt()
        values = torch.where(torch.from_numpy(source["brain"]), image[0], scanned)
        sequences[str(name)] = placed(values.numpy() * UNIT, source)
    case = path.stem.removeprefix("validation-").rsplit("-", 1)[0]
    return sequences, placed(source["brain"].astype(np.uint8), source), case


def placed(values, source):
    """An array as an image with a composite's geometry."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(values))
    image.SetDirection(source["direction"])
    image.SetOrigin(source["origin"])
    return image


def agreement(found, wanted):
    """Dice and HD95 of two mask images on one grid."""
    ours, theirs = (sitk.GetArrayViewFromImage(mask) > 0 for mask in (found, wanted))
    filled = np.argwhere(ours | theirs)
    box = tuple(slice(a, b + 1) for a, b in zip(filled.min(0), filled.max(0)))
    spacing = wanted.GetSpacing()[::-1]
    return {"dice": round(metrics.dice(ours, theirs), 4), "hd95_mm": round(metrics.hausdorff95(ours[box], theirs[box], spacing), 2)}


def cropped(sequences, mask):
    """The sequences, all on the mask's grid, cropped to the mask: the same result in less time."""
    inside = sitk.GetArrayViewFromImage(mask) > 0
    place = box_around(inside, MARGIN)[::-1]
    return {name: image[tuple(place)] for name, image in sequences.items()}


def region_dice(package, sequences, truth, name):
    """WT, TC and ET Dice of a stripped study against an expert's labels, which may be on any grid."""
    found = masks(package.logits(sequences) / package.temperatures[:, None, None, None], package.thresholds)
    labels = sitk.Resample(truth, next(iter(sequences.values())), sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    wanted = regions(np.rint(sitk.GetArrayFromImage(labels)), convention(name))
    return {region: round(metrics.dice(own, expert), 4) for region, own, expert in zip(REGIONS, found, wanted)}


def measure(network, path, seed, cases, package, known):
    """One composite's row: the mask with four sequences and with one, and the segmentation with the network's mask and the given one.

    `known`: the row of an earlier measurement; the package's result for the given mask does not depend on the network.
    """
    sequences, brain, name = raw_head(path, seed)
    found = brain_mask(network, sequences)
    row = {"all": agreement(found, brain)}
    if not package:
        return known | row | {one: agreement(brain_mask(network, {one: image}), brain) for one, image in sequences.items()}
    truth = read_ras(cases / "validation" / name / "seg.nii.gz")
    for key, mask in (("ours", found), ("given", brain)):
        if key == "ours" or key not in known:
            row[key] = region_dice(package, cropped(without_outside(sequences, mask), mask), truth, name)
    return known | row


def summary(rows):
    """Means and worst values over all composites."""
    result = {}
    for key in ("all", *SEQUENCES):
        known = [row[key] for row in rows.values() if key in row]
        dice, distances = [one["dice"] for one in known], [one["hd95_mm"] for one in known]
        if known:
            result[key] = {"mean_dice": round(float(np.mean(dice)), 4), "least_dice": min(dice),
                           "mean_hd95_mm": round(float(np.mean(distances)), 2), "largest_hd95_mm": max(distances)}
    for region in REGIONS:
        lost = [row["given"][region] - row["ours"][region] for row in rows.values() if "ours" in row]
        if lost:
            result[f"{region}_lost"] = {"mean": round(float(np.mean(lost)), 4), "largest": round(max(lost), 4),
                                        "mean_change": round(float(np.mean(np.abs(lost))), 4)}
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--package", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    network, package = load_network(arguments.network), Package(arguments.package) if arguments.package else None
    earlier = json.loads(arguments.out.read_text())["cases"] if arguments.out and arguments.out.exists() else {}
    rows = {}
    for index, path in enumerate(sorted(CACHE_HEADS.glob("validation-*.npz"))):
        rows[path.stem] = measure(network, path, arguments.seed + index, arguments.cases, package, earlier.get(path.stem, {}))
        print(path.stem, json.dumps(rows[path.stem]), flush=True)
    result = {"summary": summary(rows), "cases": rows}
    print(json.dumps(result["summary"], indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
