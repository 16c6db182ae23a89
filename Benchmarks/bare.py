#!/usr/bin/env python3
"""The bare network in OpenVINO in a process of its own, as `neuroai segment` has it: prints the seconds of its runs.

Command: `python Benchmarks/bare.py NETWORK WINDOWS.npz` with arrays `availability` [1, 4] and, under any other names, windows [1, 4, k, j, i].
Reading and compiling are not timed; the first run on a shape is, since every patient's box has a shape of its own.
"""
import sys
import time

import numpy as np
import openvino

network, windows = sys.argv[1:]
compiled = openvino.Core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": "1"})
with np.load(windows) as known:
    parts = {name: known[name] for name in known.files}
availability = parts.pop("availability")
begin = time.perf_counter()
for part in parts.values():
    compiled({"images": part, "availability": availability})
print(time.perf_counter() - begin)
