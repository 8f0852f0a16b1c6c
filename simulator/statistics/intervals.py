"""Monte Carlo error of a chance: intervals.

`wilson` for one chance; `clopper_pearson` where the confidence must be kept whatever
the chance is; `simultaneous` where many intervals must hold together; `never` where no
draw shows it; `paired_difference` for two scenarios or targets in the same draws. For
means see `means`, for quantiles `quantiles`.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from simulator.types import Floats

Bound = Callable[[ArrayLike, ArrayLike, float], tuple[Floats, Floats]]

HALVINGS: Final = 60  # of an interval 2 wide: beyond the last digit


class Estimate(NamedTuple):
    """An estimate, its standard error and its interval, all of one shape."""

    value: Floats
    error: Floats
    low: Floats
    high: Floats


class Simultaneous(NamedTuple):
    """Intervals that hold all together with the confidence asked for."""

    low: Floats
    high: Floats
    each: float  # confidence of one interval
    family: int  # number of chances that hold together


def wilson(
    achieved: ArrayLike, draws: ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Bound a probability by Wilson's score interval.

    Parameters
    ----------
    achieved
        Number of draws in which it happened, any shape.
    draws
        Number of draws, one or more.
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
    total = np.asarray(draws, dtype=np.float64)
    z = float(scipy.special.ndtri(0.5 + confidence / 2.0))
    share = count / total
    scale = 1.0 + z * z / total
    centre = (share + z * z / (2.0 * total)) / scale
    variance = share * (1.0 - share) / total + z * z / (4.0 * total * total)
    half = z / scale * np.sqrt(variance)
    # Exact at the ends, where rounding could leave the bound a hair off.
    low = np.where(count == 0, 0.0, np.maximum(centre - half, 0.0))
    high = np.where(count == total, 1.0, np.minimum(centre + half, 1.0))
    return low, high


def wilson_of_worth(
    achieved: ArrayLike, draws: float, worth: float, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Bound a probability that is known no better than from fewer independent draws.

    Parameters
    ----------
    achieved, draws, confidence
        As of `wilson`.
    worth
        Number of independent draws that the draws are worth (`independence.worth`).
    """
    count = np.asarray(achieved, dtype=np.float64)
    return wilson(np.minimum(count * (worth / draws), worth), worth, confidence)


def clopper_pearson(
    achieved: ArrayLike, draws: ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Bound a probability so that the confidence is kept whatever the probability.

    Wider than `wilson`, which keeps it on average; parameters and result are the same.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26, 404-413.

    Examples
    --------
    >>> low, high = clopper_pearson([0, 15], 148)
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.0578], [0.0246, 0.1617])
    """
    count = np.asarray(achieved, dtype=np.float64)
    total = np.asarray(draws, dtype=np.float64)
    tail = (1.0 - confidence) / 2.0
    # At the ends the beta distribution has no such shape; any other will do there.
    some, not_all = np.maximum(count, 1.0), np.minimum(count, total - 1.0)
    low = np.where(
        count == 0, 0.0, scipy.special.betaincinv(some, total - some + 1.0, tail)
    )
    above = scipy.special.betaincinv(not_all + 1.0, total - not_all, 1.0 - tail)
    return low, np.where(count == total, 1.0, above)


def simultaneous(
    achieved: ArrayLike,
    draws: ArrayLike,
    confidence: float = 0.95,
    family: int | None = None,
    bound: Bound = wilson,
) -> Simultaneous:
    """Bound many probabilities so that all intervals hold at once.

    Each of the m intervals gets the confidence to the power 1/m. Exact for independent
    estimates; for estimates from the same draws, which go together, on the safe side.

    Parameters
    ----------
    achieved, draws
        As of `wilson`.
    confidence
        Chance that every interval of the family holds its true probability.
    family
        Number of probabilities in the family; by default those given.
    bound
        How to bound one of them: `wilson` or `clopper_pearson`.

    References
    ----------
    Sidak (1967), Journal of the American Statistical Association 62, 626-633.

    Examples
    --------
    >>> simultaneous([50, 20, 80], 100).each > 0.95 ** 0.5
    True
    """
    size = int(np.size(achieved)) if family is None else family
    if size < 1:
        raise ValueError("a family has one probability or more")
    each = float(confidence ** (1.0 / size))
    low, high = bound(achieved, draws, each)
    return Simultaneous(low, high, each, size)


def never(draws: ArrayLike, confidence: float = 0.95) -> Floats:
    """Bound from above the chance of what happened in no draw; about 3 / draws.

    For what happened in every draw, the chance that it fails. One-sided and exact: the
    chance under which no draw shows it with a probability of 1 - confidence.

    References
    ----------
    Hanley and Lippman-Hand (1983), Journal of the American Medical Association 249,
    1743-1745.

    Examples
    --------
    >>> round(float(never(1000)), 5)
    0.00299
    """
    total = np.asarray(draws, dtype=np.float64)
    return np.asarray(-np.expm1(np.log1p(-confidence) / total))


def paired_difference(
    only_first: ArrayLike,
    only_second: ArrayLike,
    draws: ArrayLike,
    confidence: float = 0.95,
) -> Estimate:
    """Estimate by how much one chance exceeds another, both from the same draws.

    Only draws that differ tell anything: n10 in which the first alone achieves, n01 in
    which the second alone does, of n. The difference is (n10 - n01) / n, its standard
    error sqrt(n10 + n01 - (n10 - n01)^2 / n) / n. The interval is Tango's score
    interval, which stays honest where few draws or none differ; there the difference
    plus and minus twice its standard error is far too narrow.

    Parameters
    ----------
    only_first, only_second
        Number of draws in which only the first, only the second achieves; any shape.
    draws
        Number of draws.
    confidence
        Share of such intervals that hold the true difference.

    References
    ----------
    Tango (1998), Statistics in Medicine 17, 891-908, equations 8 to 10; chosen after
    Newcombe (1998), Statistics in Medicine 17, 2635-2650.

    Examples
    --------
    >>> found = paired_difference(1, 7, 21)
    >>> round(float(found.low), 3), round(float(found.high), 3)
    (-0.517, -0.026)
    """
    first, second, total = np.broadcast_arrays(
        *(np.asarray(given, np.float64) for given in (only_first, only_second, draws))
    )
    value = (first - second) / total
    error = np.sqrt(first + second - (first - second) ** 2 / total) / total
    low = _tango_low(first, second, total, confidence)
    high = -_tango_low(second, first, total, confidence)
    return Estimate(value, error, low, high)


def _tango_low(
    first: Floats, second: Floats, total: Floats, confidence: float
) -> Floats:
    """Find the lower end by halving: the score test just rejects what is below it."""
    z = float(scipy.special.ndtri(0.5 + confidence / 2.0))
    below, above = np.full(total.shape, -1.0), (first - second) / total
    for _ in range(HALVINGS):
        middle = (below + above) / 2.0
        # The chance of `second` alone that is likeliest under this difference.
        b = (2.0 * total - first + second) * middle - first - second
        c = -second * middle * (1.0 - middle)
        root = np.sqrt(np.maximum(b * b - 8.0 * total * c, 0.0))
        chance = (root - b) / (4.0 * total)
        variance = total * (2.0 * chance + middle * (1.0 - middle))
        reach = z * np.sqrt(np.maximum(variance, 0.0))
        rejected = first - second - total * middle > reach
        below, above = (
            np.where(rejected, middle, below),
            np.where(rejected, above, middle),
        )
    return np.asarray(below)
