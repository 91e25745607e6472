"""Records what other software says about faces: alignment, verification, pickles of pictures.

    python tools/goldens/faces.py

writes Tests/ImagesTests/Fixtures/faces.json, Tests/DatasetsTests/Goldens/faces.json and
Tests/MetricsTests/Goldens/faces.json. Alignment is scikit-image's SimilarityTransform and OpenCV's
warpAffine. Verification follows verification.py of InsightFace (commit 166d7430), line by line, with
two stand-ins: contiguous folds for scikit-learn's KFold without shuffling, and numpy.interp for
scipy's interp1d, which newer versions refuse to make of curves with level parts.
"""

import base64
import io
import json
import pickle
from pathlib import Path

import cv2
import numpy as np
import scipy
import skimage
from PIL import Image
from skimage.transform import SimilarityTransform

ROOT = Path(__file__).resolve().parents[2] / "Tests"
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
     [70.7299, 92.2041]])


def alignment():
    random = np.random.default_rng(3)
    cases = []
    sources = [np.array([[120.5, 130.2], [180.3, 128.7], [150.0, 165.0], [128.0, 200.4], [176.6, 198.9]])]
    for _ in range(7):
        angle, scale = random.uniform(-3, 3), random.uniform(0.2, 4)
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        sources.append(TEMPLATE @ turn.T + random.uniform(-50, 50, 2) + random.normal(0, 4, (5, 2)))
    for source in sources:
        transform = SimilarityTransform()
        transform.estimate(source, TEMPLATE)
        cases.append({"points": source.ravel().tolist(), "matrix": transform.params[:2].ravel().tolist()})
    picture = np.zeros((40, 48, 3), np.uint8)
    for y in range(40):
        for x in range(48):
            picture[y, x] = (x * 5, y * 6, (x * 3 + y * 2) % 256)
    points = np.array([[15.2, 14.1], [31.8, 16.0], [23.1, 22.4], [15.9, 29.8], [29.2, 31.0]])
    transform = SimilarityTransform()
    transform.estimate(points, TEMPLATE)
    warped = cv2.warpAffine(picture, transform.params[:2], (112, 112), borderValue=0.0)
    return {
        "versions": f"scikit-image {skimage.__version__}, opencv {cv2.__version__}",
        "cases": cases, "warpedPoints": points.ravel().tolist(),
        "warpedRows": warped[::16].ravel().tolist(),
    }


def accuracy(threshold, dist, same):
    predicted = np.less(dist, threshold)
    right = np.sum(predicted & same) + np.sum(~predicted & ~same)
    return float(right) / dist.size


def val_far(threshold, dist, same):
    predicted = np.less(dist, threshold)
    return (
        float(np.sum(predicted & same)) / float(np.sum(same)),
        float(np.sum(predicted & ~same)) / float(np.sum(~same)))


def verification():
    random = np.random.default_rng(7)
    pairs, width, folds = 403, 6, 10
    same = np.array([(k // 7) % 2 == 0 for k in range(pairs)])
    first = random.normal(size=(pairs, width)).astype(np.float32)
    other = random.normal(size=(pairs, width)).astype(np.float32)
    second = np.where(same[:, None], first + 0.9 * other, other).astype(np.float32)
    a, b = first.astype(np.float64), second.astype(np.float64)
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    dist = np.sum(np.square(a - b), 1)
    sizes = np.full(folds, pairs // folds)
    sizes[: pairs % folds] += 1
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    accuracies, vals, fars = [], [], []
    for fold in range(folds):
        test = np.zeros(pairs, bool)
        test[bounds[fold]:bounds[fold + 1]] = True
        thresholds = np.arange(0, 4, 0.01)
        train = [accuracy(t, dist[~test], same[~test]) for t in thresholds]
        accuracies.append(accuracy(thresholds[np.argmax(train)], dist[test], same[test]))
        thresholds = np.arange(0, 4, 0.001)
        far = np.array([val_far(t, dist[~test], same[~test])[1] for t in thresholds])
        threshold = np.interp(0.02, far, thresholds) if far.max() >= 0.02 else 0.0
        val, achieved = val_far(threshold, dist[test], same[test])
        vals.append(val)
        fars.append(achieved)
    scores = 1 - dist / 2
    greater = (scores[same][:, None] > scores[~same][None]).mean()
    return {
        "versions": f"numpy {np.__version__}, scipy {scipy.__version__}",
        "width": width, "same": same.tolist(), "first": first.ravel().tolist(),
        "second": second.ravel().tolist(), "folds": accuracies,
        "accuracy": float(np.mean(accuracies)), "deviation": float(np.std(accuracies)),
        "target": 0.02, "val": float(np.mean(vals)), "valDeviation": float(np.std(vals)),
        "far": float(np.mean(fars)), "area": float(greater),
    }


class Call:
    """A pickle that runs a program when Python reads it."""

    def __reduce__(self):
        import os
        return os.system, ("true",)


def pickles():
    pictures = []
    for value in (10, 90, 170, 250):
        buffer = io.BytesIO()
        Image.new("RGB", (8, 8), (value, 20, 30)).save(buffer, "PNG")
        pictures.append(buffer.getvalue())
    same = [True, False]
    arrays = [np.frombuffer(p, np.uint8) for p in pictures]
    columns = [np.frombuffer(p, np.uint8).reshape(-1, 1).copy() for p in pictures]
    files = {
        "protocol2": pickle.dumps((pictures, same), 2),
        "protocol3": pickle.dumps((pictures, same), 3),
        "protocol4": pickle.dumps((pictures, same), 4),
        "protocol5": pickle.dumps((pictures, same), 5),
        "list": pickle.dumps([pictures, np.array(same)], 4),
        "arrays": pickle.dumps((arrays, same), 4),
        "arrays5": pickle.dumps((columns, same), 5),
        "columns2": pickle.dumps((columns, [np.bool_(s) for s in same]), 2),
        # Python 2 wrote its strings with these instructions; text by text, as no Python 2 is at hand.
        "python2": b"\x80\x02]q\x00(" + b"".join(
            b"T" + len(p).to_bytes(4, "little") + p for p in pictures) + b"e]q\x01(\x88\x89e\x86q\x02.",
        "program": pickle.dumps((pictures, Call()), 2),
        "cut": pickle.dumps((pictures, same), 4)[:-40],
    }
    return {k: base64.b64encode(v).decode() for k, v in files.items()} | {
        "versions": f"numpy {np.__version__}"}


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, sort_keys=True) + "\n")


write(ROOT / "ImagesTests/Fixtures/faces.json", alignment())
write(ROOT / "MetricsTests/Goldens/faces.json", verification())
write(ROOT / "DatasetsTests/Goldens/faces.json", pickles())
