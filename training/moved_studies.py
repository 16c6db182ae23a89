"""The Dice that a study keeps when the patient moves between series and each has a grid of its own.

Every series of a case is turned by up to 15 degrees, shifted by up to 30 mm and cut into slices of 5 mm; the masks of
`neuroai segment` in each series' own space are compared with the expert's labels moved the same way
(docs/decisions/0252).
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

import nibabel
import numpy
from scipy import ndimage

SEQUENCES = ["t1", "t1ce", "t2", "flair"]
THICKNESS = 5.0


def motion(random, centre):
    """A rigid map of patient space: up to 15 degrees about an axis through `centre`, and up to 30 mm."""
    axis, shift = (vector / numpy.linalg.norm(vector) for vector in random.normal(size=(2, 3)))
    angle = numpy.radians(15 * random.random())
    cross = numpy.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = numpy.eye(3) + numpy.sin(angle) * cross + (1 - numpy.cos(angle)) * cross @ cross
    moved = numpy.eye(4)
    moved[:3, :3] = turn
    moved[:3, 3] = centre - turn @ centre + 30 * random.random() * shift
    return moved


def scanned(values, affine, move, order, slices=5):
    """The volume after `move` on an upright grid with thick slices, each the mean of `slices` thin ones."""
    corners = numpy.array(numpy.meshgrid(*[[-0.5, size - 0.5] for size in values.shape])).reshape(3, -1)
    places = (move @ affine @ numpy.vstack([corners, numpy.ones(8)]))[:3]
    lower, upper = places.min(axis=1), places.max(axis=1)
    spacing = numpy.array([1, 1, THICKNESS])
    size = numpy.ceil((upper - lower) / spacing).astype(int)
    grid = numpy.diag([*spacing, 1.0])
    grid[:3, 3] = lower + spacing / 2
    total = 0
    for part in range(slices):
        thin = grid.copy()
        thin[2, 3] += ((part + 0.5) / slices - 0.5) * THICKNESS
        back = numpy.linalg.inv(move @ affine) @ thin
        total = total + ndimage.affine_transform(values, back[:3, :3], back[:3, 3], tuple(size), order=order)
    return total / slices, grid


def dice(a, b):
    return 2 * numpy.count_nonzero(a & b) / max(1, numpy.count_nonzero(a) + numpy.count_nonzero(b))


def segment(program, files, out):
    options = [word for sequence, file in files.items() for word in (f"--{sequence}", str(file))]
    subprocess.run([program, "segment", *options, "--out", str(out)], check=True, capture_output=True, text=True)
    return json.loads((out / "manifest.json").read_text()), json.loads((out / "result.json").read_text())


def labels(file):
    return numpy.asarray(nibabel.load(file).dataobj) > 0


def measure(program, case, random, folder):
    files = {sequence: case / f"{sequence}.nii.gz" for sequence in SEQUENCES}
    segment(program, files, folder / "prepared")
    expert = nibabel.load(case / "seg.nii.gz")
    truth = (numpy.asarray(expert.dataobj) > 0).astype(numpy.float32)
    prepared = dice(truth > 0, labels(folder / "prepared/segmentation.nii.gz"))
    moved, expected = {}, {}
    for sequence, file in files.items():
        image = nibabel.load(file)
        centre = (image.affine @ [*(numpy.array(image.shape) / 2), 1])[:3]
        move = motion(random, centre)
        values, grid = scanned(numpy.asarray(image.dataobj, dtype=numpy.float32), image.affine, move, order=1)
        values[values < 1] = 0
        moved[sequence] = folder / f"{sequence}.nii.gz"
        written = nibabel.Nifti1Image(values.astype(numpy.float32), grid)
        written.set_qform(grid, 1)
        written.set_sform(grid, 1)
        nibabel.save(written, moved[sequence])
        expected[sequence] = scanned(truth, expert.affine, move, order=1)[0] >= 0.5
    manifest, result = segment(program, moved, folder / "moved")
    for placement in manifest["registration"]:
        name = placement["sequence"]
        found = dice(expected[name], labels(folder / f"moved/{name}/segmentation.nii.gz"))
        print(f"{case.name} {name:5} {placement['method']:10} {placement.get('problem', 'good'):12} "
              f"WT {found:.3f}, prepared {prepared:.3f}, ratio {found / prepared:.3f}", flush=True)
    seconds = {stage["name"]: stage["seconds"] for stage in manifest["stages"]}
    print(case.name, "seconds", round(sum(seconds.values()), 1), seconds, result["review"]["reasons"], flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=pathlib.Path, required=True, help="a folder of cases with seg.nii.gz")
    parser.add_argument("--neuroai", default="neuroai", help="the program")
    parser.add_argument("--only", nargs="*", help="names of cases; default: all")
    arguments = parser.parse_args()
    random = numpy.random.default_rng(20)
    for case in sorted(arguments.cases.iterdir()):
        if arguments.only and case.name not in arguments.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            measure(arguments.neuroai, case, random, pathlib.Path(folder))


if __name__ == "__main__":
    main()
