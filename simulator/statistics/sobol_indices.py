"""Where the spread of an output comes from, by groups of random numbers."""

from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from scipy.special import ndtri

# Relative standard error of a variance that can be split: 0.2 is 25 draws that achieve,
# or that fail. With fewer the intervals of the shares would be far too narrow.
KNOWN: Final = 0.2


def group_shares(
    whole: xr.DataArray,
    swapped: xr.DataArray,
    confidence: float = 0.95,
    worth: float | None = None,
) -> xr.Dataset:
    """Split the variance of outputs into groups of random numbers: Sobol' indices.

    Two runs that share the numbers of one group only agree by as much as that group
    alone explains; two runs that share all but one group differ by what the group
    takes part in. Half the mean squared difference of the two, over their variance,
    is one less their agreement.

    Parameters
    ----------
    whole
        Outputs of two independent runs, dims (side, draw, ...), sides "a" and "b".
    swapped
        The same runs with one group's numbers taken from the other side: dims (group,
        side, draw, ...). A draw's row over all runs is independent of other draws.
    confidence
        Share of intervals that hold the true value.
    worth
        Number of independent draws that the draws are worth (`independence.worth`); by
        default as many as there are.

    Returns
    -------
    shares
        Each with `_low` and `_high`, over the dims of an output: `first_order` (group),
        the share of variance that the group makes alone; `total` (group), the share
        that it takes part in; `interaction`, what no group makes alone. What all other
        groups make without one's help is one less its `total`. Not cut to [0, 1]: noise
        about 0 may be negative. NaN where an output never varies, or in so few draws
        that its variance is not known to `KNOWN`. And its `mean` and `variance`.

    References
    ----------
    Sobol' (2001), Mathematics and Computers in Simulation 55, 271-280; Jansen (1999),
    Computer Physics Communications 117, 35-43; the variance pooled over the two runs
    of a pair as in Janon and others (2014), ESAIM: Probability and Statistics 18,
    342-364, which is the efficient choice. Intervals by the delta method.
    """
    # All from a but one group from b: shares with b that group only.
    alone = _agreement(whole, _other_side(swapped))
    without = _agreement(whole, swapped)
    # Runs that share nothing agree by chance alone, and the pairs above by much the
    # same chance: what is seen here is taken out there. Without this the intervals of
    # small groups, and of the interaction above all, are several times as wide.
    apart, apart_swapped = (
        _agreement(runs, _other_side(runs)) for runs in (whole, swapped)
    )
    nothing = _Estimate(
        (apart.value + apart_swapped.value) / 2.0,
        (apart.by_draw + apart_swapped.by_draw) / 2.0,
    )
    alone, without = _less_chance(alone, nothing), _less_chance(without, nothing)
    n = whole.sizes["draw"] if worth is None else worth
    shares = xr.Dataset()
    _put(shares, "first_order", alone, confidence, n)
    total = _Estimate(1.0 - without.value, -without.by_draw)
    _put(shares, "total", total, confidence, n)
    rest = _Estimate(
        1.0 - alone.value.sum("group", skipna=False), -alone.by_draw.sum("group")
    )
    _put(shares, "interaction", rest, confidence, n)
    shares = shares.where(_is_known(whole, n))
    shares["mean"] = whole.mean(("side", "draw"))
    shares["variance"] = whole.var(("side", "draw"), ddof=1)
    shares = shares.transpose("group", ...)
    return shares.assign_attrs(draws=whole.sizes["draw"], confidence=confidence)


def _is_known(whole: xr.DataArray, n: float) -> xr.DataArray:
    spread = ((whole - whole.mean(("side", "draw"))) ** 2).mean("side")
    variance = spread.mean("draw")
    error = spread.std("draw") / np.sqrt(n)
    known: xr.DataArray = error < KNOWN * variance
    return known


class _Estimate(NamedTuple):
    """An estimate, and how much each draw pulls it: its influence, dim draw."""

    value: xr.DataArray
    by_draw: xr.DataArray


def _other_side(runs: xr.DataArray) -> xr.DataArray:
    """Call side a b, and side b a."""
    turned = ["b" if side == "a" else "a" for side in runs["side"].values]
    return runs.assign_coords(side=turned)


def _agreement(one: xr.DataArray, two: xr.DataArray) -> _Estimate:
    """Find one less half the squared difference over the variance, over pairs of runs.

    A run is paired with the other array's of the same side.
    """
    half = ((one - two) ** 2 / 2.0).mean("side")
    middle = ((one + two) / 2.0).mean(("side", "draw"))
    spread = (((one - middle) ** 2 + (two - middle) ** 2) / 2.0).mean("side")
    variance = spread.mean("draw")
    variance = variance.where(variance > 0.0)
    apart = half.mean("draw") / variance
    return _Estimate(1.0 - apart, (apart * spread - half) / variance)


def _less_chance(found: _Estimate, nothing: _Estimate) -> _Estimate:
    """Take out of an estimate what it has in common with one that should be 0.

    A control variate, with the coefficient that leaves the least variance.
    """
    common = (found.by_draw * nothing.by_draw).mean("draw", skipna=False)
    size = (nothing.by_draw**2).mean("draw", skipna=False)
    part = common / size.where(size > 0.0)
    return _Estimate(
        found.value - part * nothing.value, found.by_draw - part * nothing.by_draw
    )


def _put(
    shares: xr.Dataset, name: str, found: _Estimate, confidence: float, n: float
) -> None:
    """Put an estimate with its interval from the influence of each draw."""
    z = float(ndtri(0.5 + confidence / 2.0))
    pull = (found.by_draw**2).mean("draw", skipna=False)
    half = z * np.sqrt(pull / n)
    shares[name] = found.value
    shares[f"{name}_low"] = found.value - half
    shares[f"{name}_high"] = found.value + half
