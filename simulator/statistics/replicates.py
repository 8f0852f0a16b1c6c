"""Chances from replicates, whose draws are not independent of each other."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from simulator.statistics.intervals import Estimate, wilson
from simulator.statistics.means import mean

FEW: Final = 10  # draws that achieve, or fail, in all replicates together


def chance(achieved: ArrayLike, size: int, confidence: float = 0.95) -> Estimate:
    """Estimate a probability from its counts in independent replicates.

    Parameters
    ----------
    achieved
        Number of draws that achieve in each replicate: (..., replicate).
    size
        Draws in each replicate.
    confidence
        Share of such intervals that hold the true probability.

    Returns
    -------
    estimate
        Shape (...). Student's interval of the replicates' shares, cut to [0, 1]. Where
        fewer than `FEW` draws in all achieve, or fail, the shares are too lumpy for it,
        and Wilson's interval stands instead, as if draws were independent: a bound,
        not zero, where none achieves. Evenly spread draws are seldom worse than
        independent ones, and `low` and `high` are then the wider for it.

    Examples
    --------
    >>> found = chance([[40, 44, 38, 42], [0, 0, 0, 0]], 100)
    >>> found.low.round(3).tolist(), found.high.round(3).tolist()
    ([0.369, 0.0], [0.451, 0.01])
    """
    counts = np.asarray(achieved, dtype=np.float64)
    found = mean(counts / size, confidence)
    total, draws = counts.sum(axis=-1), counts.shape[-1] * size
    low, high = wilson(total, draws, confidence)
    few = np.minimum(total, draws - total) < FEW
    return Estimate(
        found.value,
        found.error,
        np.where(few, low, np.maximum(found.low, 0.0)),
        np.where(few, high, np.minimum(found.high, 1.0)),
    )
