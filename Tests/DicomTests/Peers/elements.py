"""Prints pydicom's view of files as JSON: for each file its elements as lines "path tag VR value", or the error.

DicomTests/FileLines.swift writes the same lines; `--list` prints the test files in pydicom's wheel.
"""
import hashlib
import json
import pathlib
import struct
import sys
import warnings

import pydicom
from pydicom import config
from pydicom.encaps import generate_fragments

config.settings.reading_validation_mode = config.IGNORE
warnings.simplefilter("ignore")
NOT_DICOM = {".txt", ".dump", ".json", ".gz", ".icc", ".py", ".pyc"}
BYTES = {"OB", "OW", "OF", "OD", "OL", "OV", "UN"}
WIDTHS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
REALS = {"FL", "FD", "DS"}


def test_files():
    data = pathlib.Path(pydicom.__file__).parent / "data"
    found = [path for folder in ("test_files", "charset_files") for path in (data / folder).rglob("*") if path.is_file()]
    return sorted(path for path in found if path.suffix not in NOT_DICOM and path.name not in ("README", ".gitignore"))


def digest(value, vr, is_little):
    value = bytes(value or b"")
    width = WIDTHS.get(vr, 1)
    if not is_little and width > 1:
        whole = len(value) // width * width
        value = b"".join(value[at:at + width][::-1] for at in range(0, whole, width)) + value[whole:]
    return f"{len(value)} {hashlib.sha256(value).hexdigest()[:16]}"


def number(value):
    return struct.pack(">d", float(value)).hex()


def shown(element, vr, is_little):
    value = element.value
    if vr in BYTES or isinstance(value, bytes):
        return digest(value, vr, is_little)
    values = [] if value is None else list(value) if element.VM > 1 else [value]
    if vr in REALS:
        return " ".join("" if one in ("", None) else number(one) for one in values)
    if vr == "AT":
        return " ".join(f"{int(one):08x}" for one in values)
    if all(isinstance(one, (int, float)) for one in values):
        return " ".join(str(int(one)) for one in values)
    return "\\".join(str(one).rstrip("\0 ") for one in values)


def lines(data_set, path, is_little):
    for tag in sorted(data_set.keys()):
        raw = data_set.get_item(tag)
        name = f"{path}{tag.group:04x},{tag.element:04x}"
        is_raw = isinstance(raw, pydicom.dataelem.RawDataElement)
        # pydicom also has dictionaries of vendors; this compares the bytes.
        if tag.is_private and is_raw and raw.VR in (None, "UN"):
            yield f"{name} UN {digest(raw.value, 'UN', is_little)}"
            continue
        element = data_set[tag]
        if element.VR == "SQ":
            yield f"{name} SQ {len(element.value)}"
            for place, item in enumerate(element.value):
                yield from lines(item, f"{name}[{place}].", is_little)
        elif element.is_undefined_length and element.tag == 0x7FE00010:
            parts = list(generate_fragments(element.value))[1:]
            yield f"{name} {element.VR} {digest(b''.join(parts), 'OB', True)}"
        else:
            yield f"{name} {element.VR} {shown(element, element.VR, is_little)}"


def view(path):
    try:
        data_set = pydicom.dcmread(path, force=True)
        is_little = data_set.original_encoding[1] is not False
        return {"lines": [*lines(data_set.file_meta, "", True), *lines(data_set, "", is_little)]}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print(json.dumps([str(path) for path in test_files()]))
    else:
        print(json.dumps([view(path) for path in sys.argv[1:]]))
