"""How far an estimate may be off for want of draws: Monte Carlo intervals."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]


def wilson(
    achieved: ArrayLike, draws: int, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Bound a probability by Wilson's score interval.

    Parameters
    ----------
    achieved
        Number of draws in which it happened, any shape.
    draws
        Number of draws.
    confidence
        Share of such intervals that hold the true probability.

    Returns
    -------
    low, high
        In the shape of `achieved`, within [0, 1]. With no success at all, `low` is 0
        and `high` a bound, not zero.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22, 209-212;
    chosen after Brown, Cai and DasGupta (2001), Statistical Science 16, 101-133.

    Examples
    --------
    >>> low, high = wilson(50, 100)
    >>> round(float(low), 4), round(float(high), 4)
    (0.4038, 0.5962)
    """
    count = np.asarray(achieved, dtype=np.float64)
    z = float(ndtri(0.5 + confidence / 2.0))
    share = count / draws
    scale = 1.0 + z * z / draws
    centre = (share + z * z / (2.0 * draws)) / scale
    variance = share * (1.0 - share) / draws + z * z / (4.0 * draws * draws)
    half = z / scale * np.sqrt(variance)
    # Exact at the ends, where rounding could leave the bound a hair off.
    low = np.where(count == 0, 0.0, np.maximum(centre - half, 0.0))
    high = np.where(count == draws, 1.0, np.minimum(centre + half, 1.0))
    return low, high
