#!/usr/bin/env python3
"""Records wavelet transforms of PyWavelets, for the adapter WaRA.

    python3 tools/goldens/wavelets.py > Tests/AdaptersTests/Goldens/wavelets.json

Needs numpy and PyWavelets; the versions are stored. All transforms are of one level with the mode
"periodization". A signal of odd length is transformed with one zero behind it, and a reconstruction
is cut to the odd length, which is the rule of the tool-kit.
"""

import json

import numpy as np
import pywt

MODE = "periodization"
NAMES = {"haar": "db1", "db2": "db2"}


def listed(array):
    return [round(float(x), 7) for x in np.asarray(array).ravel()]


def line(generator, name, length):
    half = (length + 1) // 2
    signal = generator.uniform(-1, 1, length)
    padded = np.append(signal, 0.0) if length % 2 else signal
    low, high = pywt.dwt(padded, NAMES[name], MODE)
    averages, differences = generator.uniform(-1, 1, (2, half))
    back = pywt.idwt(averages, differences, NAMES[name], MODE)[:length]
    return {
        "wavelet": name,
        "length": length,
        "signal": listed(signal),
        "low": listed(low),
        "high": listed(high),
        "averages": listed(averages),
        "differences": listed(differences),
        "reconstruction": listed(back),
    }


def plane(generator, name, rows, columns):
    half = ((rows + 1) // 2, (columns + 1) // 2)
    # PyWavelets: "a" averages, "d" differences; the first letter is the first axis.
    coefficients = {key: generator.uniform(-1, 1, half) for key in ("aa", "ad", "da", "dd")}
    back = pywt.idwtn(coefficients, NAMES[name], MODE)[:rows, :columns]
    bands = {"aa": "LL", "ad": "LH", "da": "HL", "dd": "HH"}
    return {
        "wavelet": name,
        "rows": rows,
        "columns": columns,
        "bands": {bands[key]: listed(value) for key, value in coefficients.items()},
        "reconstruction": listed(back),
    }


def main():
    generator = np.random.default_rng(2506)
    lines = [
        line(generator, name, length)
        for name, lengths in (("haar", (2, 3, 8, 9)), ("db2", (4, 5, 6, 7, 8, 11)))
        for length in lengths
    ]
    planes = [
        plane(generator, name, rows, columns)
        for name in ("haar", "db2")
        for rows, columns in ((7, 10), (8, 6), (5, 9))
    ]
    print(
        json.dumps(
            {
                "numpy": np.__version__,
                "PyWavelets": pywt.__version__,
                "lines": lines,
                "planes": planes,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
