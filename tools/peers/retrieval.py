"""CMC and mAP of a gallery in numpy, as torchreid computes them: all distances, sorted in full."""
import re

import numpy


def prepare(arguments):
    queries, gallery, width = map(
        int, re.fullmatch(r"score-(\d+)x(\d+)x(\d+)", arguments.figure).groups())
    random = numpy.random.default_rng(0)
    centres = random.standard_normal((751, width), dtype=numpy.float32)

    def draw(count, low):
        persons = random.integers(low, 751, count)
        noise = 4 * random.standard_normal((count, width), dtype=numpy.float32)
        return centres[persons] + noise, persons, random.integers(0, 6, count)

    query, query_persons, query_cameras = draw(queries, 1)
    rest, rest_persons, rest_cameras = draw(gallery, 0)

    def step():
        left = query / numpy.linalg.norm(query, axis=1, keepdims=True)
        right = rest / numpy.linalg.norm(rest, axis=1, keepdims=True)
        order = numpy.argsort(1 - left @ right.T, axis=1)
        matches = (rest_persons[order] == query_persons[:, None]).astype(numpy.int32)
        curves, precisions = [], []
        for i in range(queries):
            row = order[i]
            same = (rest_persons[row] == query_persons[i]) & (rest_cameras[row] == query_cameras[i])
            found = matches[i][~same]
            if not found.any():
                continue
            curve = found.cumsum()
            precisions.append(
                (curve / (numpy.arange(found.size) + 1.0) * found).sum() / found.sum())
            curve[curve > 1] = 1
            curves.append(curve[:50])
        return numpy.mean(curves, 0), numpy.mean(precisions)

    return step, 1, f"numpy {numpy.__version__}"
