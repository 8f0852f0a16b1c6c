"""Luck by year: what happens to the nation and to types of trust.

Only + - * / and the square root touch a random number, so that the bits are the same
everywhere.
"""

import math

import numpy as np

from simulator.sampling import addresses
from simulator.sampling.stream import Stream
from simulator.scenario.correlation import cholesky
from simulator.scenario.model import Scenario, years
from simulator.schema import TRUST_TYPES
from simulator.types import Floats


def national_shocks(scenario: Scenario, stream: Stream) -> dict[str, Floats]:
    """Draw the nation's yearly departures of `addresses.SHOCKS`: (year, draw) each.

    Each is a stationary AR(1) with the stated standard deviation; the innovations of a
    year are correlated.
    """
    prices = scenario.prices
    shocks = (
        prices.pay_shock,
        prices.nonpay_shock,
        prices.pressure_shock,
        scenario.demand.national_shock,
    )
    root = cholesky(scenario.correlations.matrix().tolist())
    paths = {
        series.name: np.empty((scenario.years, stream.n_draw))
        for series in addresses.SHOCKS
    }
    for y, year in enumerate(years(scenario)):
        z = stream.normals(*addresses.SHOCKS[0].at(year))
        for row, (name, shock) in enumerate(zip(paths, shocks, strict=True)):
            innovation = np.zeros(stream.n_draw)
            for column in range(row + 1):
                innovation = innovation + root[row][column] * z[column]
            if y == 0:
                paths[name][y] = shock.sd * innovation
            else:
                fresh = shock.sd * math.sqrt(1.0 - shock.persistence**2)
                before = shock.persistence * paths[name][y - 1]
                paths[name][y] = before + fresh * innovation
    return paths


def high_inflation(scenario: Scenario, stream: Stream) -> Floats:
    """Draw which years stand in the high-inflation regime: 0 or 1, (year, draw)."""
    tail = scenario.prices.tail
    regime = np.zeros((scenario.years, stream.n_draw))
    inside = np.zeros(stream.n_draw, bool)
    for y, year in enumerate(years(scenario)):
        chance = stream.uniforms(*addresses.REGIME.at(year))[addresses.REGIME.word]
        inside = chance < np.where(inside, tail.stay, tail.enter)
        regime[y] = inside
    return regime


def delivery(scenario: Scenario, stream: Stream) -> Floats:
    """Draw the nation's part of the log delivery multiplier: (year, draw)."""
    sd = scenario.delivery.national_sd
    series = addresses.DELIVERY
    return np.stack(
        [sd * stream.normals(*series.at(year))[series.word] for year in years(scenario)]
    )


def demand(
    scenario: Scenario, stream: Stream, values: dict[str, Floats], national: Floats
) -> Floats:
    """Draw the growth of demand by type, a trust's own aside: (type, year, draw)."""
    growth = np.empty((len(TRUST_TYPES), scenario.years, stream.n_draw))
    for index, (kind, series) in enumerate(
        zip(TRUST_TYPES, addresses.BY_TYPE, strict=True)
    ):
        trend = getattr(scenario.demand, kind).trend
        for y, year in enumerate(years(scenario)):
            normals = stream.normals(*series.at(year))
            own = scenario.demand.type_sd * normals[series.word]
            path = (
                trend[y] if isinstance(trend, tuple) else values[f"demand.{kind}.trend"]
            )
            growth[index, y] = path + values["demand.bias"] + national[y] + own
    return growth
