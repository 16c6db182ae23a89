"""Prints for each file a digest of its stored values frame by frame, as pydicom decodes them, or why it does not."""
import hashlib
import json
import sys
import warnings

import numpy as np
import pydicom
from pydicom.pixels import pixel_array

warnings.simplefilter("ignore")


def frames(path):
    try:
        data_set = pydicom.dcmread(path, force=True)
        syntax = data_set.file_meta.get("TransferSyntaxUID")
        if "PixelData" not in data_set:
            return {"error": "no pixels"}
        if syntax is None:
            data_set.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        values = pixel_array(data_set, raw=True)
        count = int(data_set.get("NumberOfFrames", 1) or 1)
        values = np.asarray(values).reshape(count, -1).astype("<i8")
        return {"frames": [hashlib.sha256(frame.tobytes()).hexdigest() for frame in values]}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


print(json.dumps([frames(path) for path in sys.argv[1:]]))
