"""Converts a third-party network to a NeuroAI package: a folder with network.onnx and model.json.

Command: `python training/importing/import_model.py PATH --out FOLDER [--name NAME] [--classes ED,NCR,ET]`. PATH: MoME+'s checkpoint files
(their folder or one of them) or one combined file, a MONAI bundle, or an nnU-Net v2 results folder; the last two also as .zip. `--classes`
defines the classes 1, 2, 3 if the files do not. On success it prints one line of JSON to stdout; otherwise one sentence to stderr with exit
code 65, and leaves no files behind.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])

from importing import mome_plus, monai_bundle, nnunet, sources, wrapping, writing
from importing.sources import BadInput

BAD_INPUT = 65
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def read(path, classes):
    """The network in a file or folder."""
    if path.is_file():
        return mome_plus.read(path, classes)
    if mome_plus.files(path):
        return mome_plus.read(path, classes)
    if bundle := monai_bundle.find(path):
        return monai_bundle.read(bundle, classes)
    if plans := sorted(path.rglob("plans.json"), key=lambda found: (nnunet.CONFIGURATION not in str(found), len(found.parts))):
        return nnunet.read(plans[0].parent, classes)
    raise BadInput(f"{path.name} holds no MoME+ checkpoint, no MONAI bundle (configs/metadata.json) and no nnU-Net results "
                   "(plans.json); give one of them.")


def package_name(path, stated):
    name = stated or re.sub(r"[^A-Za-z0-9._-]+", "-", path.name.removesuffix(path.suffix) or path.name).strip("-.")
    if not NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name for a package; give one of letters, digits, dots and hyphens with --name.")
    return name


def imported(path, out, name, classes):
    """Reads, checks and writes; the folder appears atomically."""
    if out.exists():
        raise BadInput(f"{out} exists already; choose another folder.")
    name = package_name(path, name)
    # The unfinished folder's location, so that a rename makes it `out` and no parent is created unnecessarily.
    near = next(folder for folder in out.absolute().parents if folder.is_dir())
    with sources.opened(path) as folder:
        foreign = read(folder, classes)
        wrapping.check(foreign.network, writing.trial_sizes(foreign.multiple)[0])
        unfinished = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=near))
        try:
            difference = writing.write(foreign, name, unfinished)
            unfinished.chmod(0o755)
            out.parent.mkdir(parents=True, exist_ok=True)
            unfinished.rename(out)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return {"folder": str(out), "name": name, "version": foreign.version, "largest_difference": difference}


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="the package's folder, which must not exist yet")
    parser.add_argument("--name", help="the package's name; without it PATH's")
    parser.add_argument("--classes", type=lambda text: text.upper().split(","), help="what the classes 1, 2, 3 are, such as ED,NCR,ET")
    arguments = parser.parse_args(words)
    try:
        result = imported(arguments.path, arguments.out, arguments.name, arguments.classes)
    except BadInput as problem:
        print(problem, file=sys.stderr)
        return BAD_INPUT
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
