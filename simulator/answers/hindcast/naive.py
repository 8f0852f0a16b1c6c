"""What anyone could have foretold without a model: forecasts to be beaten.

All are normal distributions, or points. The first three start from the last figure
known at the origin, whose year the forecast has no part in. Their spread is that of the
changes over the whole record, the years to be foretold with it: few figures are known
before 2013, and a naive forecast that knows beforehand how far it errs is the harder to
beat.

    persistence  stays where it was; spread of one year's change
    told         the same, knowing the support and the prices that were announced:
                 income, cost and balances follow them, all else stays where it was
    random_walk  stays where it was; spread grows as the root of the years ahead
    plan         what was planned for the year; no spread
"""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from simulator import evidence

NAIVE: Final = ("persistence", "told", "random_walk", "plan")
LEAST_CHANGES: Final = 2  # with fewer a spread is not known, nor is a forecast


class Forecast(NamedTuple):
    """A normal distribution, or a point where `sd` is 0; NaN where there is none."""

    mean: float
    sd: float


NONE: Final = Forecast(np.nan, np.nan)


class Announced(NamedTuple):
    """What was known in advance of the money.

    Parameters
    ----------
    income
        Income of the sector in the last year in which it is known, GBP m.
    support
        Support funds by year, the origin's with them, GBP m.
    """

    income: float
    support: Mapping[int, float]


def forecasts(
    name: str,
    known: Mapping[int, float],
    plan: Mapping[int, float],
    announced: Announced,
    origin: int,
    year: int,
) -> dict[str, Forecast]:
    """Foretell a measure in a year by each of `NAIVE`.

    Parameters
    ----------
    name
        Of the measure.
    known
        Its figures by year, those to be foretold too.
    plan
        What was planned of it, by year.
    announced
        Support and income.
    origin
        Last year whose figures a forecast may start from.
    year
        To be foretold.
    """
    found = dict.fromkeys(NAIVE, NONE)
    if year in plan:
        found["plan"] = Forecast(plan[year], 0.0)
    spread = change(known)
    base = max((k for k in known if k <= origin), default=None)
    if base is None or np.isnan(spread):
        return found
    last = known[base]
    found["persistence"] = Forecast(last, spread)
    found["told"] = Forecast(told(name, last, announced, base, year), spread)
    found["random_walk"] = Forecast(last, spread * np.sqrt(year - base))
    return found


def change(known: Mapping[int, float]) -> float:
    """Give the root mean square change of a year; NaN of too few changes.

    A change over several years counts as one of a random walk.
    """
    years = sorted(known)
    changes = [(known[b] - known[a]) ** 2 / (b - a) for a, b in pairwise(years)]
    if len(changes) < LEAST_CHANGES:
        return np.nan
    return float(np.sqrt(np.mean(changes)))


def told(name: str, last: float, announced: Announced, base: int, year: int) -> float:
    """Move a figure by the support and prices announced from `base` to `year`.

    Costs are taken to rise as prices allow for, and trusts to go on saving what prices
    asked of them in the base year; so each later year whose prices ask a point less
    leaves a point of income more.
    """
    efficiency = evidence.series("tariff.efficiency")
    uplift = evidence.series("tariff.cost_uplift")
    years = range(base + 1, year + 1)
    eased = sum(efficiency[base] - efficiency[y] for y in years)
    prices = math.prod(1.0 + uplift[y] - efficiency[y] for y in years)
    costs = math.prod(1.0 + uplift[y] - efficiency[base] for y in years)
    support = announced.support
    more = support.get(year, np.nan) - support.get(base, np.nan)
    moved = {
        "balance": last + more + eased * announced.income,
        "underlying": last + eased * announced.income,
        "income": last * prices + more,
        "cost": last * costs,
    }
    return moved.get(name, last)
