"""How far a chance moves with what is true of the assumptions, and with which.

A chance is counted in a nested design: many beliefs, a value for every assumption, and
for each of them many futures, which differ only in luck.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import xarray as xr
from scipy.special import ndtri

from simulator.statistics.intervals import wilson
from simulator.statistics.quantiles import ranks
from simulator.types import Floats

BAND: Final = (0.10, 0.50, 0.90)
FEW: Final = 10  # beliefs that show a success, or a failure
SLICES: Final = 16  # equally many beliefs in each slice of an assumption
EFFECTS: Final = tuple(
    f"{name}{end}" for name in ("share", "direction") for end in ("", "_low", "_high")
)


def chance_spread(
    achieved: xr.DataArray,
    futures: int,
    confidence: float = 0.95,
    worth: float | None = None,
) -> xr.Dataset:
    """Find how a chance is spread over what may be true of the assumptions.

    The share of a belief's own futures that achieve is its chance plus noise. Shares
    are pulled towards their mean until their variance is that of the chances, found
    without bias. This keeps the shape, as a beta or probit-normal curve would not:
    on two-humped chances (a programme that happens or not) such curves missed the
    median by 17 points where this missed it by 1.

    Parameters
    ----------
    achieved
        Number of futures that achieve, dims (belief, ...).
    futures
        Number of futures of each belief; at least 2.
    confidence
        Share of intervals that hold the true value.
    worth
        Number of independent beliefs that the beliefs are worth (`independence.worth`);
        by default as many as there are.

    Returns
    -------
    spread
        Over the other dims: `probability` over all, `band` (quantile: 10%, 50% and 90%
        of beliefs), both with `_low` and `_high`; `sd` of chances over beliefs. Where
        no future achieves, or all do, the interval of `probability` is a bound, and
        the band is NaN; so it is, with an `sd` of 0, where the spread is no wider
        than noise.

    References
    ----------
    Louis (1984), Journal of the American Statistical Association 79, 393-398, for the
    pulled estimates; intervals of quantiles from order statistics, David and Nagaraja
    (2003), Order Statistics, section 7.1.
    """
    share = achieved / futures
    beliefs = share.sizes["belief"]
    n = beliefs if worth is None else worth
    raw = share.var("belief", ddof=1)
    between = np.maximum(raw - noise(share, futures).mean("belief"), 0.0)
    mean = share.mean("belief")
    spread = xr.Dataset({"probability": mean, "sd": np.sqrt(between)})
    ends = _mean_interval(achieved, futures, confidence, n)
    spread["probability_low"], spread["probability_high"] = ends
    seen = between > 0.0
    pull = np.sqrt(between / raw.where(seen))
    ordered = share.copy(data=np.sort(share.values, axis=share.get_axis_num("belief")))
    chances = mean + pull * (ordered - mean)
    low_rank, high_rank = ranks(beliefs, BAND, confidence, n)
    middle = [int(level * beliefs) + 1 for level in BAND]
    # Shares come in steps of one future: half a step may hide on either side.
    step = 0.5 / futures
    spread["band"] = _ranked(chances, middle)
    spread["band_low"] = (_ranked(chances, low_rank) - step).clip(min=0.0)
    spread["band_high"] = (_ranked(chances, high_rank) + step).clip(max=1.0)
    return spread.assign_attrs(beliefs=beliefs, futures=futures, confidence=confidence)


def noise(share: xr.DataArray, futures: int) -> xr.DataArray:
    """Estimate without bias the variance of a share about its chance."""
    return share * (1.0 - share) / (futures - 1)


def _mean_interval(
    achieved: xr.DataArray, futures: int, confidence: float, worth: float
) -> tuple[xr.DataArray, xr.DataArray]:
    """Bound the mean over beliefs by Wilson's interval.

    Futures of one belief are alike, so they count as the number of independent draws
    that would leave the same error. Where fewer than `FEW` beliefs show a success, or
    a failure, that number is not known: only the beliefs are then sure to be
    independent, and each counts as one draw.
    """
    share = achieved / futures
    mean = share.mean("belief")
    within = share.var("belief", ddof=1) / worth
    independent = mean * (1.0 - mean) / within.where(within > 0.0)
    showing = np.minimum((share > 0.0).sum("belief"), (share < 1.0).sum("belief"))
    n = independent.where(showing >= FEW, worth)
    low, high = wilson(mean * n, n, confidence)
    return mean.copy(data=low), mean.copy(data=high)


def _ranked(chances: xr.DataArray, rank: Iterable[int]) -> xr.DataArray:
    """Take sorted chances by rank from 1; what no belief bounds is 0 or 1."""
    sides = chances.isel(belief=[0, -1]) * 0.0 + xr.DataArray([0.0, 1.0], dims="belief")
    bounded = xr.concat(
        [sides.isel(belief=[0]), chances, sides.isel(belief=[1])], dim="belief"
    )
    found = bounded.isel(belief=xr.DataArray(list(rank), dims="quantile"))
    return found.assign_coords(quantile=list(BAND))


# --- which assumption ---------------------------------------------------------------


def main_effects(
    assumptions: xr.DataArray,
    achieved: xr.DataArray,
    futures: int,
    confidence: float = 0.95,
    worth: float | None = None,
) -> xr.Dataset:
    """Find how much of a chance's spread goes with each assumption alone.

    Beliefs are cut into `SLICES` equally large slices by an assumption's value; its
    share is the variance between slices, less what chance would put there, over the
    variance of the chance itself, less the noise of finite futures.

    Parameters
    ----------
    assumptions
        Value of each assumption, dims (assumption, belief); independent of each other.
    achieved, futures
        As of `chance_spread`.
    confidence
        Share of intervals that hold the true value.
    worth
        As of `chance_spread`.

    Returns
    -------
    effects
        By assumption and the other dims, with `_low` and `_high`: `share` of the
        variance of the chance over beliefs (the squared correlation ratio, not cut to
        [0, 1]), and `direction`, the rank correlation: above 0, a higher value makes
        it likelier to achieve. NaN where the spread is no wider than noise.

    References
    ----------
    Correlation ratio less its chance value: Kelley (1935), Proceedings of the National
    Academy of Sciences 21, 554-559. Interval of the rank correlation: Bonett and Wright
    (2000), Psychometrika 65, 23-28.
    """
    share = (achieved / futures).transpose("belief", ...)
    flat = share.values.reshape(share.sizes["belief"], -1)
    n = len(flat) if worth is None else worth
    off = noise(share, futures).values.reshape(flat.shape)
    ranked = np.stack([ranks_of(column) for column in flat.T], axis=1)
    rows = [
        [
            *_share(values, flat, off, confidence, n),
            *_direction(values, ranked, confidence, n),
        ]
        for values in assumptions.transpose("assumption", "belief").values
    ]
    found = np.array(rows).reshape(len(rows), len(EFFECTS), flat.shape[1])
    found = np.where(np.isnan(found[:, :1]), np.nan, found)
    dims = ("assumption", *share.dims[1:])
    shape = len(found), *share.shape[1:]
    effects = xr.Dataset(
        {
            name: (dims, found[:, row].reshape(shape))
            for row, name in enumerate(EFFECTS)
        },
        coords={"assumption": assumptions["assumption"].values},
        attrs={"beliefs": len(flat), "futures": futures, "confidence": confidence},
    )
    own = {name: values for name, values in share.coords.items() if name in dims}
    return effects.assign_coords(own)


def _share(
    values: Floats, share: Floats, noise: Floats, confidence: float, n: float
) -> tuple[Floats, Floats, Floats]:
    """Find the share of an assumption, (belief,), with its ends, for each column."""
    member = _members(values)
    beliefs, n_slice = len(values), len(member)
    means = member @ share / member.sum(axis=1)[:, None]
    whole = (share - share.mean(axis=0)) ** 2 * (beliefs / (beliefs - 1))
    within = (share - member.T @ means) ** 2 * (beliefs / (beliefs - n_slice))
    between = (whole - noise).mean(axis=0)
    between = np.where(between > 0.0, between, np.nan)
    effect = (whole - within).mean(axis=0) / between
    pull = ((whole - within) - effect * (whole - noise)) / between
    half = _z(confidence) * np.sqrt((pull**2).mean(axis=0) / n)
    return effect, effect - half, effect + half


def _direction(
    values: Floats, ranks: Floats, confidence: float, n: float
) -> tuple[Floats, Floats, Floats]:
    """Correlate ranks, with the ends; 0 where a side never varies."""
    x, y = ranks_of(values), ranks
    x, y = x - x.mean(), y - y.mean(axis=0)
    size = np.sqrt((x**2).sum() * (y**2).sum(axis=0))
    found = np.divide(x @ y, size, out=np.zeros(y.shape[1]), where=size > 0.0)
    # At a correlation of 1 the transformed value has no end.
    turned = np.arctanh(np.clip(found, -1.0 + 1e-12, 1.0 - 1e-12))
    half = _z(confidence) * np.sqrt((1.0 + found**2 / 2.0) / (n - 3.0))
    return found, np.tanh(turned - half), np.tanh(turned + half)


def _z(confidence: float) -> float:
    return float(ndtri(0.5 + confidence / 2.0))


def _members(values: Floats) -> Floats:
    """Say which slice each value is in: 0 or 1, (slice, belief).

    Values that are few are slices as such.
    """
    different, index = np.unique(values, return_inverse=True)
    if len(different) > SLICES:
        index = (ranks_of(values) * SLICES / len(values)).astype(np.int64)
    own: Floats = (np.arange(index.max() + 1)[:, None] == index).astype(np.float64)
    return own


def ranks_of(values: Floats) -> Floats:
    """Rank from 0; equal values share their mean rank."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    first = np.cumsum(counts) - counts
    ranks: Floats = (first + (counts - 1) / 2.0)[index]
    return ranks
