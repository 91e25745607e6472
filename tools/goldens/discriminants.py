#!/usr/bin/env python3
"""Records cosines of rows projected onto linear discriminants.

  python3 tools/goldens/discriminants.py     writes Tests/MetricsTests/Goldens/discriminant.json

"cosines": the generalised eigenvectors (scipy) of the scatter of class means against scikit-learn's
shrunk covariance of the rows within their classes. "plain": scikit-learn's own analysis, not shrunk. Both
projections are only fixed up to a rotation, so cosines are recorded, not coordinates.
"""
import json
import pathlib

import numpy as np
import scipy
import sklearn
from sklearn.covariance import shrunk_covariance
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


def cosines(directions):
    projected = (unit - unit.mean(0)) @ directions
    projected /= np.linalg.norm(projected, axis=1, keepdims=True)
    return np.round(projected @ projected.T, 7).ravel().tolist()


means = np.array([unit[labels == c].mean(0) for c in range(classes)])
within = unit - means[labels]
between = (means - unit.mean(0))[labels]
values, vectors = scipy.linalg.eigh(
    between.T @ between / len(unit), shrunk_covariance(within.T @ within / len(unit), SHRINKAGE))
plain = LinearDiscriminantAnalysis(solver="eigen").fit(unit, labels)
output = ROOT / "Tests" / "MetricsTests" / "Goldens" / "discriminant.json"
output.write_text(json.dumps({
    "made by": f"scikit-learn {sklearn.__version__}, scipy {scipy.__version__}, numpy {np.__version__}",
    "width": width,
    "shrinkage": SHRINKAGE,
    "classes": labels.tolist(),
    "rows": rows.ravel().tolist(),
    "cosines": cosines(vectors[:, -(classes - 1):]),
    "plain": cosines(plain.scalings_[:, :classes - 1]),
}) + "\n")
print(output)
