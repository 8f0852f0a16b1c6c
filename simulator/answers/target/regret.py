"""The rate with least expected regret, where missing costs more than asking too little.

What a future could have met is a rate: up to that, the target is achieved. Asked more,
it is missed by the difference; asked less, so much is not asked for. The chance of a
rate is how many futures could have met it. So the curve of the chance holds all that
is needed, and the best rate is the one with a chance of ratio / (1 + ratio).
"""

from typing import Final

import numpy as np
import xarray as xr
from scipy.special import ndtri

from simulator.answers.target.estimate import CHANCE, RATE, chance_at, highest_rate
from simulator.errors import ScenarioError
from simulator.outcomes import OF_NAME
from simulator.schema import OUTCOME
from simulator.types import Floats

RATIO: Final = "ratio"
RATIOS: Final = (1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 19.0)  # 50% to 95%
STEPS: Final = 1_000  # of the rates that a future could have met
SHOWN: Final = 9  # rates on the curve of regret


def chance_of(ratio: float) -> float:
    """Give the chance that the best rate has.

    A little more asked costs `ratio` in the futures that then miss it, and saves 1 in
    all others: at the best rate the two are even.

    References
    ----------
    The newsvendor's critical ratio: Arrow, Harris and Marschak (1951), Econometrica 19,
    250-272.

    Examples
    --------
    >>> chance_of(4.0)
    0.8
    """
    return ratio / (1.0 + ratio)


def check(ratio: float, outcome: str) -> None:
    """Refuse a ratio that is none, and an outcome that a lower rate may lose."""
    if not 0.0 < ratio < np.inf:
        raise ScenarioError(
            "regret",
            f"{ratio:g} is not above 0",
            "give 4 where missing by a point costs four times asking one too little",
        )
    if not OF_NAME[outcome].falls:
        raise ScenarioError(
            "outcome",
            f"what is best under unequal cost is not defined for {outcome}, whose "
            "chance need not fall with the rate",
            f"choose from: {', '.join(n for n, o in OF_NAME.items() if o.falls)}",
        )


def regret(curve: xr.Dataset, ratio: float) -> xr.Dataset:
    """Find the best rate under unequal cost, and what every rate is expected to cost.

    Parameters
    ----------
    curve
        Of `curve`, in any dims; refined around a chance of `chance_of(ratio)`.
    ratio
        What missing by a point costs, where asking a point too little costs 1.

    Returns
    -------
    found
        By rate tried and the units of the curve: `regret`, with `_low` and `_high`,
        `missed` and `spared`: expected cost, in points a year of asking too little, and
        its two parts, the points by which the rate is missed on average over all
        futures and those that were not asked for. By ratio, with those of `RATIOS`:
        `best`, `best_low` and `best_high`, the best rate, and `dear`: what it is
        expected to cost beyond the least where `ratio` is true. A rate below 0 or above
        those tried is not asked: a future that could have met only such a one is taken
        to stand at the end, which moves no best rate and no difference.

    Raises
    ------
    ScenarioError
        Where the ratio is not above 0, or the chance of the outcome need not fall.
    """
    outcome = str(curve.attrs["outcome"])
    check(ratio, outcome)
    chosen = curve.sel({OUTCOME: [outcome]})
    tried = curve[RATE].values
    could, share = _could(chosen, tried)
    found = _expected(tried, could, share, chosen, ratio)
    ratios = sorted({*RATIOS, ratio})
    best = highest_rate(curve, outcome, [chance_of(one) for one in ratios])
    best = best.rename({CHANCE: RATIO}).assign_coords({RATIO: ratios})
    for end in ("", "_low", "_high"):
        found[f"best{end}"] = best[f"rate{end}"]
    found["reached"] = best["reached"]
    cost = _at(found["regret"], found["best"].fillna(tried[0]), tried)
    found["dear"] = cost - cost.sel({RATIO: ratio})
    return found.assign_attrs({**curve.attrs, "regret": ratio})


def _could(chosen: xr.Dataset, tried: Floats) -> tuple[Floats, xr.DataArray]:
    """Find the rates that futures could have met, and how many of them each."""
    edges = np.linspace(tried[0], tried[-1], STEPS + 1)
    chance = chance_at(chosen, edges).isel({OUTCOME: 0}, drop=True)
    # What is not met at the lowest, or is at the highest, stands at that end.
    ends = chance.isel({RATE: [0, -1]}) * 0.0 + xr.DataArray([1.0, 0.0], dims=RATE)
    whole = xr.concat([ends.isel({RATE: [0]}), chance, ends.isel({RATE: [1]})], RATE)
    share = -whole.drop_vars(RATE).diff(RATE)
    middle = (edges[1:] + edges[:-1]) / 2.0
    return np.concatenate([edges[:1], middle, edges[-1:]]), share


def _expected(
    tried: Floats,
    could: Floats,
    share: xr.DataArray,
    chosen: xr.Dataset,
    ratio: float,
) -> xr.Dataset:
    """Average what each rate costs over the futures: points a year."""
    over = 100.0 * (tried[:, None] - could[None, :])
    kinds = {
        "missed": np.maximum(over, 0.0),
        "spared": np.maximum(-over, 0.0),
        "regret": np.maximum(ratio * over, -over),
        "square": np.maximum(ratio * over, -over) ** 2,
    }
    mean = {
        name: xr.dot(xr.DataArray(cost, dims=("tried", RATE)), share, dim=RATE)
        .rename({"tried": RATE})
        .assign_coords({RATE: tried})
        for name, cost in kinds.items()
    }
    variance = np.maximum(mean["square"] - mean["regret"] ** 2, 0.0)
    z = float(ndtri(0.5 + chosen.attrs["confidence"] / 2.0))
    half = z * np.sqrt(variance / chosen.attrs["draws"])
    return xr.Dataset(
        {name: mean[name] for name in ("regret", "missed", "spared")}
        | {"regret_low": mean["regret"] - half, "regret_high": mean["regret"] + half}
    )


def _at(values: xr.DataArray, rates: xr.DataArray, tried: Floats) -> xr.DataArray:
    """Read values off between the rates tried: they bend, but little."""
    after = np.clip(np.searchsorted(tried, rates.values), 1, len(tried) - 1)
    low = rates.copy(data=after - 1).astype(int)
    left = xr.DataArray(tried, dims=RATE)
    start, end = left.isel({RATE: low}), left.isel({RATE: low + 1})
    part = (rates - start) / (end - start)
    below, above = values.isel({RATE: low}), values.isel({RATE: low + 1})
    found: xr.DataArray = below + part * (above - below)
    return found.drop_vars(RATE, errors="ignore")
