"""Means over draws, and their Monte Carlo error."""

import numpy as np
import scipy
from numpy.typing import ArrayLike

from simulator.statistics.intervals import Estimate
from simulator.types import Floats


def mean(
    values: ArrayLike, confidence: float = 0.95, worth: float | None = None
) -> Estimate:
    """Estimate a mean by Student's interval.

    Parameters
    ----------
    values
        One value a draw: (..., draw). Of randomised quasi-Monte Carlo, whose draws are
        not independent, one mean a replicate: (..., replicate).
    confidence
        Share of such intervals that hold the true mean.
    worth
        Number of independent draws that the draws are worth (`independence.worth`); by
        default as many as there are.

    Returns
    -------
    estimate
        Shape (...). Of a single value the error and both ends are not numbers. Where
        all values are the same the interval has no width: nothing bounds what was not
        drawn.

    References
    ----------
    Student (1908), Biometrika 6, 1-25. For replicates: L'Ecuyer, Nakayama, Owen and
    Tuffin (2023), Proceedings of the Winter Simulation Conference.

    Examples
    --------
    >>> found = mean([1.0, 2.0, 3.0])
    >>> round(float(found.low), 3), round(float(found.high), 3)
    (-0.484, 4.484)
    """
    given = np.asarray(values, dtype=np.float64)
    draws = given.shape[-1]
    centre = given.mean(axis=-1)
    n = draws if worth is None else worth
    error = _standard_error(given) * np.sqrt(draws / n)
    return _student(centre, error, n - 1, confidence)


def tail_mean(
    values: ArrayLike,
    share: float = 0.10,
    confidence: float = 0.95,
    worth: float | None = None,
) -> Estimate:
    """Estimate the mean of the largest values: the average of the worst futures.

    Known as expected shortfall or conditional value at risk. Of n values the largest
    share * n are averaged, the last of them in part where that is no whole number.

    Parameters
    ----------
    values
        One value a draw, larger is worse: (..., draw).
    share
        Share of draws that counts as the tail.
    confidence
        Share of such intervals that hold the true mean of the tail. Held to within a
        few points only: the tail is skewed, and few draws are in it.
    worth
        As of `mean`.

    Returns
    -------
    estimate
        Shape (...). The error is that of the mean of v + max(x - v, 0) / share, with v
        the largest value that is not wholly in the tail; the interval is Student's
        with the tail's draws. Not numbers where fewer than two draws are in the tail.

    References
    ----------
    Acerbi and Tasche (2002), Journal of Banking and Finance 26, 1487-1503, for the
    estimate; Rockafellar and Uryasev (2002), ibid., 1443-1471, for the form with v;
    Manistre and Hancock (2005), North American Actuarial Journal 9(2), 129-156, for
    its variance.

    Examples
    --------
    >>> found = tail_mean(range(1, 21), share=0.125)
    >>> float(found.value)  # (20 + 19 + 18 / 2) / 2.5
    19.2
    """
    given = np.asarray(values, dtype=np.float64)
    draws = given.shape[-1]
    # A product such as 0.1 * 30 may come out a hair above its whole number.
    whole = int(np.floor(share * draws * (1.0 + 1e-12)))
    threshold = np.sort(given, axis=-1)[..., max(draws - 1 - whole, 0), None]
    excess = threshold + np.maximum(given - threshold, 0.0) / share
    part = 1.0 if worth is None else worth / draws
    error = _standard_error(excess) / np.sqrt(part)
    return _student(excess.mean(axis=-1), error, part * whole - 1, confidence)


def _standard_error(values: Floats) -> Floats:
    draws = values.shape[-1]
    if draws < 2:
        return np.full(values.shape[:-1], np.nan)
    return np.asarray(values.std(axis=-1, ddof=1) / np.sqrt(draws))


def _student(
    centre: Floats, error: Floats, freedom: float, confidence: float
) -> Estimate:
    t = (
        float(scipy.special.stdtrit(freedom, 0.5 + confidence / 2.0))
        if freedom > 0
        else np.nan
    )
    half = t * error
    return Estimate(np.asarray(centre), error, centre - half, centre + half)


def mean_share(
    counts: ArrayLike, confidence: float = 0.95, worth: float | None = None
) -> Estimate:
    """Estimate the mean share of trusts that achieve, with the draw as the unit.

    Trusts of one draw share its prices, demand and luck, so they are no independent
    observations; the shares of different draws are. The interval adds z^2 / 2 draws in
    which every trust achieves and as many in which none does, before it takes the mean
    and the spread. So it is honest near 0 and 1, a bound where no trust ever achieves,
    and for a single trust the interval of Agresti and Coull.

    Parameters
    ----------
    counts
        Number of draws in which v trusts achieve, v from 0 to all: (..., v).
    confidence
        Share of such intervals that hold the true mean.
    worth
        As of `mean`.

    Returns
    -------
    estimate
        Shape (...). `value` and `error` are the plain mean and its standard error.

    References
    ----------
    Agresti and Coull (1998), The American Statistician 52, 119-126, for chances; from
    there to shares between 0 and 1 is our own step, see tests/test_coverage.py.

    Examples
    --------
    >>> share = mean_share([5, 0, 5])
    >>> float(share.value), round(float(share.low), 4), round(float(share.high), 4)
    (0.5, 0.2366, 0.7634)
    """
    seen = np.asarray(counts, dtype=np.float64)
    if worth is not None:
        seen = seen * (worth / seen.sum(axis=-1, keepdims=True))
    share = np.linspace(0.0, 1.0, seen.shape[-1])
    total = seen.sum(axis=-1)
    value, variance = _moments(seen, share)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(variance / (total - 1.0))  # one draw has no standard error
    z = float(scipy.special.ndtri(0.5 + confidence / 2.0))
    padded = seen.copy()
    padded[..., 0] += z * z / 2.0
    padded[..., -1] += z * z / 2.0
    centre, variance = _moments(padded, share)
    half = z * np.sqrt(variance / (total + z * z))
    low, high = np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
    low = np.where(value == 0.0, 0.0, low)
    return Estimate(value, error, low, np.where(value == 1.0, 1.0, high))


def _moments(counts: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of values that were seen so often: (..., v) and (v,)."""
    total = counts.sum(axis=-1)
    centre = counts @ values / total
    spread = (values - centre[..., None]) ** 2
    return centre, (counts * spread).sum(axis=-1) / total
