"""Exact assignments by scipy, of the matrices that our own worker wrote."""
import numpy
import scipy
from scipy.optimize import linear_sum_assignment


def prepare(arguments):
    size = int(arguments.figure.rsplit("-", 1)[1])
    file = arguments.folder / f"{arguments.figure}.f32"
    matrices = numpy.fromfile(file, numpy.float32).reshape(-1, size, size)

    def step():
        for matrix in matrices:
            linear_sum_assignment(matrix, maximize=True)

    return step, len(matrices), f"scipy {scipy.__version__}"
