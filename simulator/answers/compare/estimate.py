"""Two runs on the same draws: by how much one differs, and whether that is clear.

Common draws see the same futures, so luck cancels in the differences, which are known
far better than either run. Every difference is the second's less the first's.
"""

import math
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri

from simulator.schema import CONFIDENCE, DRAW
from simulator.statistics.independence import worth
from simulator.statistics.intervals import paired_difference, wilson_of_worth
from simulator.statistics.means import mean
from simulator.types import Floats

# Of the first and the second run: how many equal beliefs their draws are from, as of
# `independence.worth`.
Effective = tuple[float, float]

OWN: Final[Effective] = (math.inf, math.inf)  # every draw has beliefs of its own
POWER: Final = 0.8  # chance to tell a difference of the size that shows


def chances(
    first: xr.DataArray, second: xr.DataArray, effective: Effective = OWN
) -> xr.Dataset:
    """Compare who achieves, draw by draw.

    Parameters
    ----------
    first, second
        Whether it is achieved: any dims, and `draw`.
    effective
        As of `chances_of_counts`.

    Returns
    -------
    compared
        See `chances_of_counts`.
    """
    one, other = first.astype(bool), second.astype(bool)
    return chances_of_counts(
        one.sum(DRAW),
        other.sum(DRAW),
        (one & ~other).sum(DRAW),
        first.sizes[DRAW],
        effective=effective,
    )


def chances_of_counts(
    first: xr.DataArray,
    second: xr.DataArray,
    only_first: xr.DataArray,
    draws: int,
    family: int = 1,
    effective: Effective = OWN,
) -> xr.Dataset:
    """Compare two chances from the same draws.

    Parameters
    ----------
    first, second
        Number of draws in which the first, the second achieves; any dims.
    only_first
        Number of draws in which the first achieves and the second does not.
    draws
        Number of draws.
    family
        Number of differences whose intervals are to hold all at once.
    effective
        How many equal beliefs the first run's draws are from, and the second's. A
        difference is known no better than the scarcer beliefs allow.

    Returns
    -------
    compared
        In those dims: the chances `first` and `second` with `_low` and `_high`; the
        shares of draws `only_first` and `only_second`; the `difference`, with `_low`
        and `_high`; and `more_draws`, 0 where the difference is clear of zero.
    """
    alone = only_first.values
    other_alone = second.values - first.values + alone
    each = CONFIDENCE ** (1.0 / family)
    n = worth(draws, min(effective))
    part = n / draws
    paired = paired_difference(part * other_alone, part * alone, n, each)
    needed = more_draws(paired.value, paired.error, draws, each, min(effective))
    found = {
        "only_first": alone / draws,
        "only_second": other_alone / draws,
        "difference": paired.value,
        "difference_low": paired.low,
        "difference_high": paired.high,
        "more_draws": _still(paired.low, paired.high, needed),
    }
    for name, count, own in zip(
        ("first", "second"), (first, second), effective, strict=True
    ):
        low, high = wilson_of_worth(count.values, draws, worth(draws, own))
        found |= {
            name: count.values / draws,
            f"{name}_low": low,
            f"{name}_high": high,
        }
    return xr.Dataset(
        {name: (first.dims, values) for name, values in found.items()},
        first.coords,
        {"draws": draws, "confidence": CONFIDENCE, "family": family},
    )


def means(
    first: xr.DataArray, second: xr.DataArray, effective: Effective = OWN
) -> xr.Dataset:
    """Compare a quantity, draw by draw.

    Parameters
    ----------
    first, second
        Its values: any dims, and `draw`.
    effective
        As of `chances_of_counts`.

    Returns
    -------
    compared
        In those dims: the means `first` and `second`; the mean `difference` with its
        `standard_error`, `_low` and `_high`; the shares of draws in which the second is
        `higher` and `lower`; and `more_draws`, 0 where it is clear of zero.
    """
    one = first.transpose(..., DRAW).astype(np.float64)
    other = second.transpose(*one.dims).astype(np.float64)
    dims, draws = one.dims[:-1], one.sizes[DRAW]
    gap = other.values - one.values
    estimate = mean(gap, worth=worth(draws, min(effective)))
    needed = more_draws(estimate.value, estimate.error, draws, effective=min(effective))
    found = {
        "first": one.values.mean(axis=-1),
        "second": other.values.mean(axis=-1),
        "difference": estimate.value,
        "standard_error": estimate.error,
        "difference_low": estimate.low,
        "difference_high": estimate.high,
        "higher": (gap > 0).mean(axis=-1),
        "lower": (gap < 0).mean(axis=-1),
        "more_draws": _still(estimate.low, estimate.high, needed),
    }
    return xr.Dataset(
        {name: (dims, values) for name, values in found.items()},
        {name: one[name] for name in dims},
        {"draws": draws, "confidence": CONFIDENCE},
    )


def is_clear(low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Say where the interval of a difference leaves out zero."""
    return (low > 0.0) | (high < 0.0)


def _still(low: Floats, high: Floats, more: Floats) -> Floats:
    """Need no more draws where the difference is clear already."""
    return np.where(is_clear(low, high), 0.0, more)


def more_draws(
    difference: Floats,
    error: Floats,
    draws: int,
    confidence: float = CONFIDENCE,
    effective: float = math.inf,
) -> Floats:
    """Estimate how many more draws would be likely to tell a difference from zero.

    As many as give a chance of `POWER` that the interval leaves out zero, if the
    difference and its spread over draws are what they look like. Infinite where the
    difference looks like zero, or where draws from so few beliefs cannot tell it
    however many they are; not a number where no draw differs, as nothing is known of
    the spread then.

    Parameters
    ----------
    difference, error
        The estimate and its standard error, in one shape.
    draws
        Number of draws that they are from.
    confidence
        Of the interval.
    effective
        Number of equal beliefs that the draws are from.
    """
    z = float(ndtri(0.5 + confidence / 2.0) + ndtri(POWER))
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = worth(draws, effective) * (z * error / difference) ** 2
        if not math.isinf(effective):  # as `worth`, the other way round
            scarce = needed >= effective
            needed = np.where(scarce, np.inf, needed / (1.0 - needed / effective))
    more = np.maximum(np.ceil(needed - draws), 1.0)
    return np.where(error > 0.0, more, np.nan)


def exactly_nothing(compared: xr.Dataset, identical: xr.DataArray) -> xr.Dataset:
    """Put zero for the interval where the two are one by definition, not by chance."""
    found = compared.copy()
    for name in ("difference", "difference_low", "difference_high", "more_draws"):
        found[name] = compared[name].where(~identical, 0.0)
    return found
