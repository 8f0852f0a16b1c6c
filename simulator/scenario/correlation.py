"""Correlation matrices: whether one is valid, the nearest that is, and its root.

What goes into a run is made of + - * / and the square root, which every machine rounds
alike; what only advises an analyst is left to a library.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

SMALLEST: Final = 1e-6  # least eigenvalue of a correlation matrix
STEP: Final = 0.001  # and by how much it is raised until the shown matrix is valid
PROJECTIONS: Final = 200  # more move no third decimal
_SIXTH: Final = 0.5235987755982989  # pi / 6
_SINE: Final = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(9, -1, -1))


def is_valid(matrix: Matrix) -> bool:
    """Say whether a correlation matrix is positive definite."""
    return bool(np.linalg.eigvalsh(matrix)[0] >= SMALLEST)


def nearest_valid(
    matrix: Matrix,
    stated: NDArray[np.bool_],
    rounded: Callable[[Matrix], Matrix],
) -> Matrix:
    """Give the nearest valid matrix that can be written in few decimals.

    Projections in turn on what has large enough eigenvalues and on what has ones on
    its diagonal and zeros where nothing is stated. The least eigenvalue is raised until
    the rounded matrix is itself valid.

    Parameters
    ----------
    matrix
        Symmetric with a unit diagonal, zero where nothing is stated: (row, column).
    stated
        Which of its entries may move, the diagonal aside: (row, column).
    rounded
        Rounds it as it is written.

    References
    ----------
    Higham (2002), IMA Journal of Numerical Analysis 22, 329-343.
    """
    floor = STEP
    while True:
        found = rounded(_projected(matrix, stated, floor))
        if is_valid(found):
            return found
        floor += STEP


def _projected(matrix: Matrix, stated: NDArray[np.bool_], floor: float) -> Matrix:
    found, correction = matrix, np.zeros_like(matrix)
    for _ in range(PROJECTIONS):
        shifted = found - correction
        values, vectors = np.linalg.eigh(shifted)
        positive = (vectors * np.maximum(values, floor)) @ vectors.T
        correction = positive - shifted
        found = np.where(stated, positive, 0.0)
        np.fill_diagonal(found, 1.0)
    return found


def cholesky(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """Find the lower triangular root of a positive definite matrix.

    Written out, because the last bit of a library's depends on the machine.
    """
    n = len(matrix)
    root = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            left = matrix[i][j]
            for k in range(j):
                left -= root[i][k] * root[j][k]
            root[i][j] = math.sqrt(left) if i == j else left / root[j][j]
    return root


def of_normals(rank: float) -> float:
    """Give the correlation of two normals whose rank correlation is given.

    2 sin(pi rank / 6), by the sine's Taylor series, whose next term is below 1e-23.

    References
    ----------
    Pearson (1907), Mathematical Contributions to the Theory of Evolution XVI.
    """
    x = _SIXTH * rank
    square, series = x * x, 0.0
    for term in _SINE:
        series = series * square + term
    return 2.0 * x * series


def of_ranks(normals: Matrix) -> Matrix:
    """Give the rank correlations of normals with these correlations, any shape."""
    return np.asarray(6.0 / np.pi * np.arcsin(normals / 2.0))
