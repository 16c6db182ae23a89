"""Prints what highdicom reads from a segmentation: for each segment its code and voxels, and whether they are where the source's slices are."""
import json
import sys
import warnings

import highdicom
import numpy as np

warnings.simplefilter("ignore")
seg = highdicom.seg.segread(sys.argv[1])
volume = seg.get_volume(combine_segments=False, allow_missing_positions=True)
array = volume.array
segments = []
for number in seg.segment_numbers:
    description = seg.get_segment_description(number)
    code = description.segmented_property_type
    mask = array[..., list(seg.segment_numbers).index(number)] > 0
    centre = [float(value) for value in (volume.affine @ np.append(np.argwhere(mask).mean(axis=0), 1))[:3]] if mask.any() else []
    segments.append({"label": description.segment_label, "code": [code.value, code.scheme_designator], "voxels": int(mask.sum()), "centre": centre})
source = seg.get_source_image_uids()
print(json.dumps({"segments": segments, "sources": len(source), "patient": str(seg.PatientName), "frames": int(seg.NumberOfFrames)}))
