#!/usr/bin/env python3
"""Records cosines of rows projected by scikit-learn's linear discriminant analysis.

  python3 tools/goldens/discriminants.py     writes Tests/MetricsTests/Goldens/discriminant.json

The projection is only fixed up to a rotation, so cosines are recorded, not coordinates.
"""
import json
import pathlib

import numpy as np
import sklearn
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHRINKAGE = 0.3

random = np.random.default_rng(5)
width, classes, each = 6, 4, 7
centres = random.normal(size=(classes, width))
labels = np.repeat(np.arange(classes), each)
# Uneven classes, each row of another length.
keep = np.array([i for i in range(classes * each) if i % 7 != 6 or i % 2 == 0])
labels = labels[keep]
rows = centres[labels] + 0.5 * random.normal(size=(len(labels), width))
rows *= random.uniform(0.5, 2, size=(len(labels), 1))
rows = np.round(rows, 4)
unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
model = LinearDiscriminantAnalysis(solver="eigen", shrinkage=SHRINKAGE).fit(unit, labels)
projected = (unit - unit.mean(0)) @ model.scalings_[:, : classes - 1]
projected /= np.linalg.norm(projected, axis=1, keepdims=True)
output = ROOT / "Tests" / "MetricsTests" / "Goldens" / "discriminant.json"
output.write_text(json.dumps({
    "made by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
    "width": width,
    "shrinkage": SHRINKAGE,
    "classes": labels.tolist(),
    "rows": rows.ravel().tolist(),
    "cosines": np.round(projected @ projected.T, 7).ravel().tolist(),
}) + "\n")
print(output)
