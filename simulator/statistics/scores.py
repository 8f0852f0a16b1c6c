"""How well a forecast told a figure in advance: calibration and sharpness.

A forecast is a sample of draws, or a normal distribution. The figure it is held
against was measured with an error of known standard deviation, so it is the draws with
that error added that should look like the figure.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from simulator.types import Floats

SLICES: Final = 32


def _errors() -> Floats:
    """Give the means of the equal slices of a normal distribution.

    An error is added to each draw as all of these. No chance is in it, so that a score
    has no noise but that of the draws; of normal forecasts it is right within 0.2%.
    """
    cuts = ndtri(np.arange(1, SLICES) / SLICES)
    density = np.exp(-0.5 * cuts * cuts) / np.sqrt(2.0 * np.pi)
    return np.asarray(-SLICES * np.diff(density, prepend=0.0, append=0.0))


ERRORS: Final = _errors()


def measured(sample: ArrayLike, error: float) -> Floats:
    """Add the error of measurement to the draws of a forecast.

    Parameters
    ----------
    sample
        What the forecast draws: (draw,).
    error
        Standard deviation of the error, in the unit of the draws; 0 for none.

    Returns
    -------
    measured
        What could be measured, (draw, slice): `SLICES` for each draw, or 1 without
        error.
    """
    draws = np.asarray(sample, np.float64)
    nodes = ERRORS if error > 0.0 else np.zeros(1)
    return np.add.outer(draws, error * nodes)


def pit(sample: ArrayLike, error: float, figure: float) -> float:
    """Give the share of a forecast that lies below the figure.

    The probability integral transform: over many figures it is uniform where
    forecasts mean what they say. What equals the figure counts half, which matters to
    counts of trusts.
    """
    values = measured(sample, error)
    below = np.count_nonzero(values < figure)
    equal = np.count_nonzero(values == figure)
    return float((below + 0.5 * equal) / values.size)


def inside(share_below: ArrayLike, width: float) -> NDArray[np.bool_]:
    """Tell whether a figure lies within the middle `width` of its forecast.

    Parameters
    ----------
    share_below
        As `pit` gives it: (...).
    width
        Share of the forecast that the band holds, such as 0.9.
    """
    away = np.abs(np.asarray(share_below, np.float64) - 0.5)
    return np.asarray(away <= width / 2.0)


def crps(sample: ArrayLike, error: float, figure: float) -> float:
    """Give the continuous ranked probability score of a sample: lower is better.

    Of a forecast that is one point it is the absolute error. The estimator is the fair
    one: more draws of the same forecast do not improve it in expectation, so that runs
    of different length can be compared.

    Parameters
    ----------
    sample
        At least 2 independent draws: (draw,).
    error
        Standard deviation of the error of measurement, in the unit of the draws.
    figure
        What was measured.

    Returns
    -------
    crps
        In the unit of the draws.

    References
    ----------
    Gneiting and Raftery (2007), Journal of the American Statistical Association 102,
    359-378; Ferro (2014), Quarterly Journal of the Royal Meteorological Society 140,
    1917-1923, on the fair estimator.

    Examples
    --------
    >>> crps([1.0, 3.0], 0.0, 5.0)
    2.0
    """
    values = measured(sample, error)
    n, n_slice = values.shape
    away = np.mean(np.abs(values - figure))
    # Pairs of different draws, whatever their errors: all pairs less those of a draw.
    own = n * error * _all_pairs(ERRORS) if error > 0.0 else 0.0
    apart = (_all_pairs(values.ravel()) - own) / (n * (n - 1) * n_slice**2)
    return float(away - apart / 2.0)


def crps_normal(mean: ArrayLike, sd: ArrayLike, figure: ArrayLike) -> Floats:
    """Give the continuous ranked probability score of normal forecasts: (...).

    Without spread it is the absolute error.
    """
    centre, spread, seen = np.broadcast_arrays(
        *(np.asarray(value, np.float64) for value in (mean, sd, figure))
    )
    away = seen - centre
    z = away / np.where(spread > 0.0, spread, 1.0)
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    score = spread * (z * (2.0 * ndtr(z) - 1.0) + 2.0 * density - 1.0 / np.sqrt(np.pi))
    return np.asarray(np.where(spread > 0.0, score, np.abs(away)))


def geometric_mean(ratios: ArrayLike) -> float:
    """Average ratios so that twice as good and half as good cancel; of none, NaN.

    Ratios that are not numbers are left out: no forecast to compare with.
    """
    known = np.asarray(ratios, np.float64)
    known = known[~np.isnan(known)]
    return float(np.exp(np.mean(np.log(known)))) if known.size else np.nan


def _all_pairs(values: Floats) -> float:
    """Sum the distances of all ordered pairs, each value with itself too."""
    # From the middle, so that large values with a small spread lose no digits.
    ordered = np.sort(values - values.mean())
    n = len(ordered)
    return float(2.0 * np.sum((2.0 * np.arange(1, n + 1) - n - 1.0) * ordered))
