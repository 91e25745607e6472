#!/usr/bin/env python3
"""Times the assignment solver against scipy's linear_sum_assignment, in turn on the same matrices.

    python3 tools/benchmarks/assignment.py

Compiles Sources/System/CMatching with clang as a release build does, so the figures are those of
the C solver without the Swift array around it. Prints the best of several rounds in milliseconds
and the ratio, and fails if a sum differs from scipy's optimum.
"""

import ctypes
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from scipy.optimize import linear_sum_assignment

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/goldens"))

from assignment import cosine, uniform  # noqa: E402

ROUNDS = 5


def solver(folder):
    source = ROOT / "Sources/System/CMatching"
    library = pathlib.Path(folder) / "matching.so"
    subprocess.run(
        ["clang", "-O2", "-fPIC", "-fno-omit-frame-pointer", "-shared", f"-I{source}/include",
         str(source / "CMatching.c"), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library)).cm_maximum_weight_assignment


def best(call, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats * 1e3


def main():
    with tempfile.TemporaryDirectory() as folder:
        solve = solver(folder)
        print(f"{'kind':8} {'shape':>10} {'scipy ms':>10} {'ours ms':>10} {'ratio':>6}")
        for kind, make in (("uniform", uniform), ("cosine", cosine)):
            for rows, columns in [
                (16, 16), (32, 32), (128, 128), (512, 512), (2048, 2048), (20, 16), (300, 700)
            ]:
                matrix = np.ascontiguousarray(make(1, rows, columns))
                chosen = np.empty(rows, np.int32)
                bad = ctypes.c_int64()
                arguments = (
                    matrix.ctypes.data_as(ctypes.c_void_p), rows, columns,
                    chosen.ctypes.data_as(ctypes.c_void_p), ctypes.byref(bad))
                repeats = max(1, 1_000_000 // (rows * columns) // 2)
                theirs, ours = [], []
                for _ in range(ROUNDS):
                    theirs.append(
                        best(lambda: linear_sum_assignment(matrix, maximize=True), repeats))
                    ours.append(best(lambda: solve(*arguments), repeats))
                pairs = np.flatnonzero(chosen >= 0)
                optimum = matrix[linear_sum_assignment(matrix, maximize=True)]
                difference = (matrix[pairs, chosen[pairs]].astype(np.float64).sum()
                              - optimum.astype(np.float64).sum())
                if abs(difference) > 1e-9 * max(rows, columns):
                    sys.exit(f"{kind} {rows}x{columns}: sum differs by {difference}")
                print(f"{kind:8} {f'{rows}x{columns}':>10} {min(theirs):10.4f} {min(ours):10.4f} "
                      f"{min(theirs) / min(ours):6.2f}", flush=True)


if __name__ == "__main__":
    main()
