"""Error rates of the series checks: how often sound studies are flagged, and how often synthetic faults pass.

Every fault is applied to every study: a series that is mirrored, shifted, rotated or another patient's, a rescaled copy, a label map, a
header that contradicts itself. `neuroai check-series --json` says what it finds; a fault counts as found if the series is reported (both of
two series). Command: `python training/series_faults.py --cases DIR [--program FILE] [--every N] [--out FILE]` (DIR holds train, validation,
…).
"""

import argparse
import collections
import itertools
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage

SEQUENCES = ("t1", "t1ce", "t2", "flair")
NAMES = {"t1": "T1", "t1ce": "T1CE", "t2": "T2", "flair": "FLAIR"}
FOLDERS = ("train", "validation", "unlabelled", "originals")
SHIFTS = {"shift 4 mm": (4, 0, 0), "shift 8, 6 mm": (8, 6, 0), "shift 5 mm along z": (0, 0, 5), "shift 3, 3, 3 mm": (3, 3, 3),
          "shift 20 mm": (-20, 0, 0), "shift 40, 10 mm": (0, 40, 10)}

# Faults also tested with only one other series, when it is unknown which of the two is wrong.
TRIED_WITH_ONE = {"mirrored left-right", "shift 4 mm", "shift 8, 6 mm", "turned by 10°", "another patient's"}


def load(folder):
    """Images by sequence, as available."""
    return {name: nib.load(folder / f"{name}.nii.gz") for name in SEQUENCES if (folder / f"{name}.nii.gz").exists()}


def voxels(image):
    return np.asarray(image.dataobj, np.float32)


def like(image, values):
    return nib.Nifti1Image(values.astype(np.float32), image.affine)


def moved(image, millimetres):
    return like(image, ndimage.shift(voxels(image), np.divide(millimetres, image.header.get_zooms()[:3]), order=1, prefilter=False))


def turned(image, degrees, axes):
    return like(image, ndimage.rotate(voxels(image), degrees, axes=axes, reshape=False, order=1))


def placed(values, shape):
    """Another patient's voxels in the centre of this one's grid."""
    out = np.zeros(shape, np.float32)
    cut = [min(a, b) for a, b in zip(values.shape, shape)]
    source = tuple(slice((a - c) // 2, (a - c) // 2 + c) for a, c in zip(values.shape, cut))
    out[tuple(slice((b - c) // 2, (b - c) // 2 + c) for b, c in zip(shape, cut))] = values[source]
    return out


def rewritten(image, change):
    """The image with both forms; `change` corrupts the sform."""
    forms = image.affine.copy()
    change(forms)
    copy = nib.Nifti1Image(voxels(image), image.affine)
    copy.set_qform(image.affine, 1)
    copy.set_sform(forms, 1)
    return copy


def mirror_sform(forms):
    forms[0] *= -1


def move_sform(forms):
    forms[:3, 3] += (0, 5, 0)


def stretch_sform(forms):
    forms[:3, 2] *= 1.1


def overlay_faults(image, other):
    """Faults detectable only by comparison with other series, by name."""
    values = voxels(image)
    yield "mirrored left-right", like(image, values[::-1])
    yield "mirrored front-back", like(image, values[:, ::-1])
    yield "upside down", like(image, values[:, :, ::-1])
    for name, millimetres in SHIFTS.items():
        yield name, moved(image, millimetres)
    yield "turned by 10°", turned(image, 10, (0, 1))
    yield "turned by 15°", turned(image, 15, (1, 2))
    if other is not None:
        yield "another patient's", like(image, placed(voxels(other), values.shape))


def copy_faults(partner):
    """Another sequence's image in this one's slot."""
    values = voxels(partner)
    brain = values != 0
    yield "copy × 1.7", like(partner, values * 1.7)
    yield "copy × 0.4 + 30, rounded", like(partner, np.where(brain, np.round(values * 0.4 + 30), 0))
    yield "mirrored copy × 1.7", like(partner, values[::-1] * 1.7)
    yield "copy with gamma 0.7", like(partner, np.sign(values) * abs(values) ** 0.7)


def file_faults(image, labels):
    if labels is not None:
        yield "label map", like(image, np.asarray(labels.dataobj, np.float32))
    yield "sform mirrored", rewritten(image, mirror_sform)
    yield "sform moved by 5 mm", rewritten(image, move_sform)
    yield "sform stretched by 10 %", rewritten(image, stretch_sform)


def check(program, files):
    """(reasons, refusal, figures) of `neuroai check-series`."""
    options = [option for name, file in files.items() for option in (f"--{name}", str(file))]
    done = subprocess.run([program, "check-series", "--json", *options], capture_output=True, text=True, check=False)
    if done.returncode == 65:
        return [], done.stderr.strip(), []
    if done.returncode:
        sys.exit(f"{program} failed: {done.stderr}")
    answer = json.loads(done.stdout)
    return answer["review"]["reasons"], "", answer["pairs"]


def is_found(name, series, reasons, refusal):
    if refusal:
        return NAMES[name] in refusal
    overlay = [reason for reason in reasons if "overlay" in reason]
    subjects = " ".join(reason.split(" does not overlay ")[0].split(" do not overlay ")[0] for reason in overlay)
    return NAMES[name] in subjects.replace(",", "").split() or (len(series) == 2 and bool(overlay))


def studies(root):
    return [folder for group in FOLDERS for folder in sorted((root / group).glob("*")) if load(folder)]


def faults_of(number, folders):
    """(kind, name of the series, image) for each fault of one study."""
    folder, images = folders[number], load(folders[number])
    strangers = load(folders[(number + 7) % len(folders)])
    labels = folder / "seg.nii.gz"
    for name, image in images.items():
        yield from ((kind, name, made) for kind, made in overlay_faults(image, strangers.get(name)))
        partner = images[next(other for other in (*images, *images) if other != name)]
        if partner.shape == image.shape:
            yield from ((kind, name, made) for kind, made in copy_faults(partner))
        yield from ((kind, name, made) for kind, made in file_faults(image, nib.load(labels) if labels.exists() else None))


def files_of(folder):
    return {name: folder / f"{name}.nii.gz" for name in load(folder)}


def sound(number, folders, arguments):
    """Rows (kind, correct, note) of one unchanged study: with all of its series, and with every pair."""
    folder, rows = folders[number], []
    files = files_of(folder)
    subsets = [list(files)] + [list(pair) for pair in itertools.combinations(files, 2) if len(files) > 2]
    for subset in subsets:
        reasons, refusal, pairs = check(arguments.program, {name: files[name] for name in subset})
        if "do not cover the same part" in refusal:
            return [("refused for different frames, left out", True, folder.name)]
        doubts = [reason for reason in reasons if "overlay" in reason] + ([refusal] if refusal else [])
        kind = "sound, all series" if subset == list(files) else "sound, two series"
        rows.append((kind, not doubts, f"{folder.name}: {' '.join(doubts)}"))
        rows += [("figures", True, (folder.name, pair)) for pair in pairs if subset == list(files)]
    return rows


def faulty(number, folders, arguments):
    """Rows (kind, correct, note) of one study's synthetic faults."""
    folder, rows = folders[number], []
    files = files_of(folder)
    if "do not cover the same part" in check(arguments.program, files)[1]:
        return []
    with tempfile.TemporaryDirectory() as place:
        for kind, name, image in faults_of(number, folders):
            made = Path(place) / "made.nii"
            nib.save(image, made)
            others = {other: file for other, file in files.items() if other != name}
            tries = [others] + ([dict(itertools.islice(others.items(), 1))] if len(others) > 1 and kind in TRIED_WITH_ONE else [])
            for series in tries:
                reasons, refusal, _ = check(arguments.program, {**series, name: made})
                found = is_found(name, (name, *series), reasons, refusal)
                rows.append((kind + (", one other series" if len(series) == 1 else ""), found, f"{folder.name} {NAMES[name]}"))
    return rows


def report(table, figures):
    text = ["| kind | tried | doubted or missed | which |", "| --- | --- | --- | --- |"]
    for kind, rows in table.items():
        wrong = [note for found, note in rows if not found]
        text.append(f"| {kind} | {len(rows)} | {len(wrong)} | {'; '.join(wrong[:6])} |")
    for name in ("sharpness", "handedness"):
        values = sorted((pair[name], study, f"{pair['first']}-{pair['second']}") for study, pair in figures)
        if values:
            text.append(f"{name} of {len(values)} sound pairs: least {values[:3]}, median {values[len(values) // 2][0]:.2f}")
    return "\n".join(text) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--program", default=".build/release/neuroai")
    parser.add_argument("--every", type=int, default=1, help="makes faults on every n-th study alone")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    folders = studies(arguments.cases)
    table, figures = collections.defaultdict(list), []
    with ThreadPoolExecutor(2) as pool:
        numbers = range(len(folders))
        work = [pool.submit(sound, number, folders, arguments) for number in numbers]
        work += [pool.submit(faulty, number, folders, arguments) for number in numbers[:: arguments.every]]
        for done in as_completed(work):
            for kind, found, note in done.result():
                figures.append(note) if kind == "figures" else table[kind].append((found, note))
            print(f"{sum(map(len, table.values()))} checks", file=sys.stderr, flush=True)
            if arguments.out:
                arguments.out.write_text(report(table, figures))
    print(report(table, figures))


if __name__ == "__main__":
    main()
