"""The logistic curve and its inverse from exact operations only.

A library's `exp` and `log` change their last bit with the machine. These use + - * /
and whole powers of two, as those of the kernel do, which work inside compiled code.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

# ln 2 in two parts, the first short enough that a whole multiple of it is exact.
_LN2_HIGH: Final = 6.93147180369123816490e-01
_LN2_LOW: Final = 1.90821492927058770002e-10
_LOG2_E: Final = 1.4426950408889634
_FARTHEST: Final = 700.0  # past it the curve is flat to the last bit
_TAYLOR: Final = tuple(1.0 / math.factorial(n) for n in range(13, -1, -1))
_ARTANH: Final = tuple(1.0 / n for n in range(23, 0, -2))


def logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map numbers, any shape, to shares: 1 / (1 + exp(-x)), to a few ulp.

    Parameters
    ----------
    x
        Log odds.

    Returns
    -------
    array
        In [0, 1]; an end only where the share would round to it.
    """
    fall = _exp(-np.minimum(np.abs(x), _FARTHEST))
    shares: NDArray[np.float64] = np.where(x < 0.0, fall, 1.0) / (1.0 + fall)
    return shares


def logit(share: float) -> float:
    """Give the log odds of a share strictly between 0 and 1."""
    return _log(share) - _log(1.0 - share)


def _exp(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the exponential: x = k ln 2 + r, and the Taylor series of exp r."""
    k = np.rint(x * _LOG2_E)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    series = np.full(np.shape(x), _TAYLOR[0])
    for coefficient in _TAYLOR[1:]:
        series = series * r + coefficient
    power: NDArray[np.float64] = np.ldexp(series, k.astype(np.int64))
    return power


def _log(x: float) -> float:
    """Take the logarithm: x = 2**k m with m near 1, and log m = 2 artanh s."""
    m, k = math.frexp(x)
    if m < math.sqrt(0.5):
        m, k = 2.0 * m, k - 1
    s = (m - 1.0) / (m + 1.0)
    series = 0.0
    for coefficient in _ARTANH:
        series = series * (s * s) + coefficient
    return k * _LN2_HIGH + (2.0 * s * series + k * _LN2_LOW)
