#!/usr/bin/env python3
"""The bare network in OpenVINO in a separate process, as in `neuroai segment`: prints the seconds of its runs, and of repeated ones.

Command: `python Benchmarks/bare.py NETWORK WINDOWS.npz` with arrays `availability` [1, 4] and, under any other names, windows [1, 4, k, j,
i]. Reading and compiling are not timed. The first runs have a shape that is new to the process, as for every patient's box.
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
for _ in range(2):
    begin = time.perf_counter()
    for part in parts.values():
        compiled({"images": part, "availability": availability})
    print(time.perf_counter() - begin)
