"""The chance to achieve against the rate asked, and the rate that a chance allows.

Every rate is simulated on the same draws, so that the chance is a step function of
the rate that hardly wavers. For outcomes that can only get harder with the rate, what
wavering is left is taken out by isotonic regression; between rates the curve is a
cubic that keeps to the order of its points.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import isotonic_regression

from simulator.outcomes import RECORDS
from simulator.schema import CONFIDENCE, OUTCOME
from simulator.statistics.independence import worth
from simulator.statistics.intervals import wilson, wilson_of_worth
from simulator.types import Floats

Whole = NDArray[np.int64]

RATE: Final = "rate"
CHANCE: Final = "chance"
CHANCES: Final = (0.95, 0.90, 0.80, 0.70, 0.50, 0.30, 0.20, 0.10, 0.05)
# A higher target asks more of the same savings. It also lowers prices, and so buys
# more activity from the same money: a balance may get better or worse with the rate.
FALLING: Final = tuple(record.name for record in RECORDS if record.falls)
# No rate has the chance asked; some have; the highest rate tried still has it.
NO_RATE: Final = "no rate"
FOUND: Final = "found"
EVERY_RATE: Final = "every rate"
HALVINGS: Final = 60  # of a bracket: to the last bit


def curve(
    achieved: xr.DataArray,
    draws: int,
    confidence: float = CONFIDENCE,
    effective: float = math.inf,
) -> xr.Dataset:
    """Estimate the chance of every rate, and a curve through the estimates.

    Parameters
    ----------
    achieved
        Number of draws that achieve, (rate, outcome) and then any dims, on the same
        draws for every rate.
    draws
        Number of draws.
    confidence
        Of the intervals.
    effective
        Number of equal beliefs that the draws are from (`independence.worth`).

    Returns
    -------
    curve
        By rate, in rising order, outcome and the other dims: `achieved`,
        `probability` with Wilson's `low` and `high`, and `fitted`, on the curve. By
        outcome and the other dims: `largest_rise` of the probability from one rate to
        a higher one; `monotone`, whether the curve is made to fall throughout;
        `largest_move`, the furthest that this takes `fitted` from `probability`.

    Notes
    -----
    `monotone` is false for outcomes that need not fall with the rate, and where a
    later interval lies wholly above an earlier one: there `fitted` is `probability`.

    References
    ----------
    Pool adjacent violators: Barlow, Bartholomew, Bremner and Brunk (1972), Statistical
    Inference under Order Restrictions, chapter 1, as scipy implements it.
    """
    counts = achieved.transpose(RATE, OUTCOME, ...).sortby(RATE).astype(np.int64)
    probability = counts / draws
    n = worth(draws, effective)
    low, high = wilson_of_worth(counts, draws, n, confidence)
    least_so_far = np.minimum.accumulate(probability.values, axis=0)
    rises = (low > np.minimum.accumulate(high, axis=0)).any(axis=0)
    over_rates = probability.isel({RATE: 0}, drop=True)
    falls = over_rates[OUTCOME].isin(list(FALLING))
    monotone = falls & over_rates.copy(data=~rises)
    fitted = _falling(probability).where(monotone, probability)
    found = xr.Dataset(
        {
            "achieved": counts,
            "probability": probability,
            "low": counts.copy(data=low),
            "high": counts.copy(data=high),
            "fitted": fitted.transpose(*probability.dims),
            "largest_rise": over_rates.copy(
                data=(probability.values - least_so_far).max(axis=0)
            ),
            "monotone": monotone.transpose(*over_rates.dims),
        },
        attrs={"draws": draws, "confidence": confidence, "worth": n},
    )
    found["largest_move"] = abs(found["fitted"] - probability).max(RATE)
    return found


def _falling(probability: xr.DataArray) -> xr.DataArray:
    """Fit the falling values that come closest to those given, along rates."""
    values = probability.values
    columns = values.reshape(len(values), -1).T
    fitted = [isotonic_regression(column, increasing=False).x for column in columns]
    return probability.copy(data=np.array(fitted).T.reshape(values.shape))


def chance_at(curve: xr.Dataset, rates: Sequence[float] | Floats) -> xr.DataArray:
    """Read the fitted curve off at any rates within those tried.

    Raises
    ------
    ValueError
        If a rate lies outside: a curve says nothing there.
    """
    tried, asked = curve[RATE].values, np.asarray(rates, dtype=np.float64)
    if asked.size and (asked.min() < tried[0] or asked.max() > tried[-1]):
        raise ValueError(f"rates lie outside those tried, {tried[0]} to {tried[-1]}")
    values = PchipInterpolator(tried, curve["fitted"].values, axis=0)(asked)
    coords = {name: c for name, c in curve["fitted"].coords.items() if name != RATE}
    return xr.DataArray(
        values, dims=curve["fitted"].dims, coords={**coords}
    ).assign_coords({RATE: asked})


class Crossing(NamedTuple):
    """Where columns of values fall below a level for the last time.

    Attributes
    ----------
    rate
        Where it is: not a number where no value reaches the level, the highest rate
        where the last value still does.
    last
        Index of the last value that reaches the level; -1 for none.
    first
        Index from which on all values up to `last` reach it.
    """

    rate: Floats
    last: Whole
    first: Whole


def highest_rate(
    curve: xr.Dataset, outcome: str, chances: Sequence[float]
) -> xr.Dataset:
    """Find the highest rate that has at least a given chance, with its interval.

    Parameters
    ----------
    curve
        From `curve`.
    outcome
        What the chance is of.
    chances
        Each above 0 and below 1.

    Returns
    -------
    highest
        By chance and the other dims of the curve: `rate`; `rate_low` and `rate_high`,
        between which the interval of the chance holds the chance asked, so that up to
        `rate_low` even its lower limit is enough; `holds_from`, the lowest of the
        rates tried from which on all up to `rate` have the chance; and `reached`:
        "found", "no rate" or "every rate" of those tried. An end is not a number where
        no rate has it, and the highest rate tried where that has it still. The
        interval is never narrower than the two rates tried around `rate`.
    """
    rates = curve[RATE].values
    chosen = curve.sel({OUTCOME: outcome})
    parts = [_inverse_of_one(chosen, rates, chance) for chance in chances]
    asked = xr.DataArray(list(chances), dims=CHANCE, name=CHANCE)
    return xr.concat(parts, dim=asked)


def _inverse_of_one(chosen: xr.Dataset, rates: Floats, chance: float) -> xr.Dataset:
    estimate, lower, upper = crossings(chosen, rates, chance)
    n, last = len(rates), estimate.last
    found = (last >= 0) & (last < n - 1)
    before, after = rates[np.maximum(last, 0)], rates[np.minimum(last + 1, n - 1)]
    low, high = lower.rate, upper.rate
    # A step between two rates can be anywhere between them, whatever the draws say.
    coarse = found & (high - np.nan_to_num(low, nan=rates[0]) < after - before)
    low = np.where(coarse, np.minimum(low, before), low)
    high = np.where(coarse, np.maximum(high, after), high)
    reached = np.where(last < 0, NO_RATE, np.where(found, FOUND, EVERY_RATE))
    holds_from = np.where(last < 0, np.nan, rates[estimate.first])
    shape = chosen["fitted"].isel({RATE: 0}, drop=True)

    def like(values: NDArray[Any]) -> xr.DataArray:
        return shape.copy(data=values.reshape(shape.shape))

    return xr.Dataset(
        {
            "rate": like(estimate.rate),
            "rate_low": like(low),
            "rate_high": like(high),
            "holds_from": like(holds_from),
            "reached": like(reached),
        },
        attrs=chosen.attrs,
    )


def crossings(
    chosen: xr.Dataset, rates: Floats, chance: float
) -> tuple[Crossing, Crossing, Crossing]:
    """Find where the curve, and the ends of its interval, fall below a chance."""
    n, confidence = chosen.attrs["worth"], chosen.attrs["confidence"]
    fitted = chosen["fitted"].transpose(RATE, ...).values.reshape(len(rates), -1)
    ends = wilson(fitted * n, n, confidence)
    estimate, lower, upper = (
        _last_crossing(rates, values, chance) for values in (fitted, *ends)
    )
    return estimate, lower, upper


def _last_crossing(rates: Floats, values: Floats, level: float) -> Crossing:
    """Find the last crossing of each column of values, (rate, column)."""
    n, columns = values.shape[0], np.arange(values.shape[1])
    enough = values >= level
    last = np.where(enough.any(axis=0), n - 1 - enough[::-1].argmax(axis=0), -1)
    # Counted downwards from `last`, the first value that is not enough.
    index = np.arange(n)[:, None]
    gap = np.where(~enough & (index < last), index, -1).max(axis=0, initial=-1)
    within = (last >= 0) & (last < n - 1)
    piece = np.where(within, last, 0)
    if n > 1:
        cubic = PchipInterpolator(rates, values, axis=0).c[:, piece, columns]
        width = np.diff(rates)[piece]
        inside = rates[piece] + _fall_below(cubic, width, level)
    else:
        inside = np.full(len(columns), rates[0])
    rate = np.where(within, inside, np.where(last < 0, np.nan, rates[-1]))
    return Crossing(rate, last, gap + 1)


def _fall_below(cubic: Floats, width: Floats, level: float) -> Floats:
    """Halve pieces that fall from a level or above to below it: (4, column)."""
    low, high = np.zeros_like(width), width
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        value = ((cubic[0] * middle + cubic[1]) * middle + cubic[2]) * middle + cubic[3]
        low, high = (
            np.where(value >= level, middle, low),
            np.where(value >= level, high, middle),
        )
    return low
