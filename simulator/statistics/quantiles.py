"""Monte Carlo error of a quantile: intervals from ranks."""

from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from simulator.types import Floats

Integers = NDArray[np.int64]


def ranks(
    draws: int,
    levels: Sequence[float],
    confidence: float = 0.95,
    worth: float | None = None,
) -> tuple[Integers, Integers]:
    """Find which of the sorted draws bound a quantile.

    How many draws lie below a quantile is binomial, whatever the distribution.

    Parameters
    ----------
    draws
        Number of draws.
    levels
        Shares of draws below.
    confidence
        Least share of such intervals that hold the true quantile.
    worth
        Number of independent draws that the draws are worth (`independence.worth`); by
        default as many as there are. Then the ranks are those among so many draws,
        stretched outwards to all.

    Returns
    -------
    low, high
        Ranks from 1, shape (level,). 0 or draws + 1 where the draws are too few: then
        no draw bounds the quantile on that side.

    References
    ----------
    David and Nagaraja (2003), Order Statistics, 3rd edition, section 7.1.

    Examples
    --------
    >>> low, high = ranks(10_000, [0.05])
    >>> int(low[0]), int(high[0])
    (458, 544)
    """
    if worth is not None and worth < draws:
        return _stretched(draws, int(worth), levels, confidence)
    tail = (1.0 - confidence) / 2.0
    low = [_binomial_quantile(draws, level, tail) for level in levels]
    high = [_binomial_quantile(draws, level, 1.0 - tail) + 1 for level in levels]
    return np.array(low, np.int64), np.array(high, np.int64)


def _stretched(
    draws: int, few: int, levels: Sequence[float], confidence: float
) -> tuple[Integers, Integers]:
    """Turn ranks among a few draws into ranks among all, 0 and one too many too."""
    low, high = ranks(few, levels, confidence)
    below = np.where(low == 0, 0, (low - 1) * draws // few + 1)
    above = np.where(high > few, draws + 1, -(-high * draws // few))
    return below, above


def _binomial_quantile(draws: int, chance: float, wanted: float) -> int:
    """Find the least k such that k or fewer successes have the chance wanted."""
    below, enough = -1, draws
    while enough - below > 1:
        k = (below + enough) // 2
        if scipy.special.betainc(draws - k, k + 1.0, 1.0 - chance) >= wanted:
            enough = k
        else:
            below = k
    return enough


def quantile_interval(
    values: ArrayLike,
    levels: Sequence[float],
    confidence: float = 0.95,
    worth: float | None = None,
) -> tuple[Floats, Floats]:
    """Bound quantiles by the draws of fitting rank.

    Parameters
    ----------
    values
        One value a draw: (..., draw).
    levels, confidence, worth
        As of `ranks`.

    Returns
    -------
    low, high
        Shape (..., level); minus or plus infinity where the draws are too few.
    """
    given = np.sort(np.asarray(values, dtype=np.float64), axis=-1)
    open_end = np.full((*given.shape[:-1], 1), np.inf)
    ordered = np.concatenate([-open_end, given, open_end], axis=-1)
    low, high = ranks(given.shape[-1], levels, confidence, worth)
    return ordered[..., low], ordered[..., high]


def count_quantile_interval(
    counts: NDArray[np.integer],
    levels: Sequence[float],
    confidence: float = 0.95,
    worth: float | None = None,
) -> tuple[Floats, Floats]:
    """Bound quantiles of a whole number whose value v was seen counts[..., v] times.

    Shape (..., level), within the values that there are. As `quantile_interval`; the
    number of draws is the same everywhere.
    """
    places, draws = _places(counts, levels, confidence, worth)
    low, high = (place.astype(np.float64) for place in places)
    low_rank, high_rank = ranks(draws, levels, confidence, worth)
    last = counts.shape[-1] - 1.0
    return np.where(low_rank == 0, 0.0, low), np.where(high_rank > draws, last, high)


def histogram_quantile_interval(
    counts: NDArray[np.integer],
    edges: Floats,
    levels: Sequence[float],
    confidence: float = 0.95,
) -> tuple[Floats, Floats]:
    """Bound quantiles that are read off histograms.

    The ends are those of the bins that hold the draws of fitting rank, one bin wider:
    a value on an edge may be counted on either side of it.

    Parameters
    ----------
    counts, edges
        As `histograms.histogram_quantiles` takes them: (..., bin) and (..., 2), the
        number of draws the same everywhere.
    levels, confidence
        As of `ranks`.

    Returns
    -------
    low, high
        Shape (..., level); infinite where a rank falls into an end bin, which also
        holds what lies outside, or where the draws are too few.
    """
    (low, high), draws = _places(counts, levels, confidence)
    low_rank, high_rank = ranks(draws, levels, confidence)
    first, scale = edges[..., 0, None], edges[..., 1, None]
    open_low = (low == 0) | (low_rank == 0)
    open_high = (high == counts.shape[-1] - 1) | (high_rank > draws)
    lower = np.where(open_low, -np.inf, first + (low - 1) / scale)
    return lower, np.where(open_high, np.inf, first + (high + 2) / scale)


def _places(
    counts: NDArray[np.integer],
    levels: Sequence[float],
    confidence: float,
    worth: float | None = None,
) -> tuple[tuple[Integers, Integers], int]:
    """Find the values or bins that hold the ranks, each (..., level), and the draws."""
    below = np.cumsum(counts, axis=-1, dtype=np.int64)
    draws = int(below.flat[-1])
    if (below[..., -1] != draws).any():
        raise ValueError("every histogram must count the same draws")
    last = counts.shape[-1] - 1
    places = []
    for rank in ranks(draws, levels, confidence, worth):
        found = [(below < wanted).sum(axis=-1) for wanted in rank.tolist()]
        places.append(np.minimum(np.stack(found, axis=-1), last).astype(np.int64))
    return (places[0], places[1]), draws
