#!/usr/bin/env python3
"""Records the optimal sums of scipy's linear_sum_assignment.

    python3 tools/goldens/assignment.py > Tests/MatchingTests/Goldens/assignment.json

The matrices are not stored: every entry is a formula of (seed, index), bit for bit the same here
and in Tests/MatchingTests/AssignmentMatrix.swift.

hash(seed, k)   splitmix64's output function of seed + (k + 1) * 0x9e3779b97f4a7c15, modulo 2^64
uniform         entry k = (hash(seed, k) >> 40) / 2^24
cosine          frames of one scene. Person p has 24 whole numbers 4 * (byte mod 16 - 8), byte 0 of
                hash(seed, p * 24 + f). Row r shows person r, column c person
                (7919 * c + 13) mod max(rows, columns), or a stranger (person number + 10^6) when
                hash(seed + 3, c) mod 10 < 3. Each view adds (byte 0 of hash(seed + 1 or + 2,
                view * 24 + f)) mod 16 - 8. The entry is the cosine: the whole dot product divided
                by the square root of the product of the whole squared lengths, in float64, rounded
                to float32.
"""

import json
import sys

import numpy as np
import scipy
from scipy.optimize import linear_sum_assignment

FEATURES = 24


def hashed(seed, index):
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + (index.astype(np.uint64) + np.uint64(1)) * np.uint64(
            0x9E3779B97F4A7C15
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(seed, rows, columns):
    values = hashed(seed, np.arange(rows * columns)) >> np.uint64(40)
    return (values.astype(np.float64) / 2**24).astype(np.float32).reshape(rows, columns)


def centred(seed, numbers):
    index = numbers[:, None] * FEATURES + np.arange(FEATURES)[None, :]
    return (hashed(seed, index) & np.uint64(15)).astype(np.int64) - 8


def cosine(seed, rows, columns):
    person = (7919 * np.arange(columns) + 13) % max(rows, columns)
    stranger = hashed(seed + 3, np.arange(columns)) % np.uint64(10) < np.uint64(3)
    person = np.where(stranger, person + 10**6, person)
    x = 4 * centred(seed, np.arange(rows)) + centred(seed + 1, np.arange(rows))
    y = 4 * centred(seed, person) + centred(seed + 2, np.arange(columns))
    length = np.sqrt((x * x).sum(1)[:, None] * (y * y).sum(1)[None, :].astype(np.float64))
    return ((x @ y.T) / length).astype(np.float32)


def main():
    shapes = [
        (1, 1), (2, 3), (7, 5), (16, 16), (16, 11), (32, 32), (100, 37), (64, 200),
        (128, 128), (512, 512), (300, 700), (2048, 2048),
    ]
    cases = []
    for kind, make in (("uniform", uniform), ("cosine", cosine)):
        for number, (rows, columns) in enumerate(shapes):
            seed = 1000 * (number + 1)
            matrix = make(seed, rows, columns)
            chosen = linear_sum_assignment(matrix, maximize=True)
            cases.append({
                "kind": kind, "seed": seed, "rows": rows, "columns": columns,
                "sum": float(matrix[chosen].astype(np.float64).sum()),
            })
    json.dump({"scipy": scipy.__version__, "numpy": np.__version__, "cases": cases},
              sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
