"""What a draw brings to everybody, drawn with NumPy's own generator.

Written apart from simulator/drivers/, for the NumPy, JAX and per-draw peers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.drivers import planned_growth
from simulator.drivers.draws import ACUTE, PAY_SHARE, other_weight
from simulator.scenario.model import Scenario, by_year
from simulator.scenario.uncertain import (
    BELIEFS,
    CONDITIONS,
    OPENING,
    PLANS,
    SCALES,
    uncertain,
)
from simulator.schema import POOLS, TRUST_TYPES

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Nation:
    """Draws last in every array."""

    belief: dict[str, Floats]  # (draw,)
    pay: Floats  # (year, draw)
    nonpay: Floats  # (year, draw)
    delivery: Floats  # (year, draw), log
    demand: Floats  # (type, year, draw)
    pressure: Floats  # (type, year, draw)
    growth: Floats  # (type, year, draw), 1 + growth
    passed_on: Floats  # (type, year, draw)
    paid_pressure: Floats  # (type, year, draw)
    upfront: Floats  # (type, year, draw)
    new_opportunity: Floats  # (year, pool, type, draw)


def draw(scenario: Scenario, rng: np.random.Generator, n_draw: int) -> Nation:
    """Draw assumptions and national and type shocks."""
    values = {
        path: belief.quantile(rng.random(n_draw), rng.standard_normal(n_draw))
        for path, belief in uncertain(scenario).items()
    }
    return from_values(scenario, rng, values, n_draw)


def from_values(
    scenario: Scenario,
    rng: np.random.Generator,
    values: dict[str, Floats],
    n_draw: int,
) -> Nation:
    """Draw the shocks, given the assumptions."""
    n, prices, demand = scenario.years, scenario.prices, scenario.demand
    shocks = national_shocks(scenario, rng, n_draw)
    pay_shock, nonpay_shock, pressure_shock, demand_shock = shocks
    everywhere = values["prices.premium"] + values["prices.tail.size"] * in_tail(
        scenario, rng, n_draw
    )
    agency = np.diff(by_year(prices.agency_share, n + 1))[:, None]
    pay = np.array(by_year(prices.pay, n))[:, None] + everywhere + pay_shock
    trends = [
        np.array(trend)[:, None]
        if isinstance(trend := getattr(demand, kind).trend, tuple)
        else values[f"demand.{kind}.trend"]
        for kind in TRUST_TYPES
    ]
    common = values["demand.bias"] + demand_shock
    own = demand.type_sd * rng.standard_normal((len(TRUST_TYPES), n, n_draw))
    lever = np.prod([values[f"conditions.{name}"] for name in CONDITIONS], axis=0)
    pay = pay + agency * values["prices.agency_premium"]
    nonpay = np.array(by_year(prices.nonpay, n))[:, None] + everywhere + nonpay_shock
    relative = [
        1.0 if kind == ACUTE else values["prices.pressure_other"]
        for kind in TRUST_TYPES
    ]
    pressure = np.stack(
        [values["prices.pressure"] * r + pressure_shock for r in relative]
    )
    paid_pressure = values["prices.pressure_paid"] * np.maximum(pressure, 0.0)
    beyond = PAY_SHARE * pay + (1.0 - PAY_SHARE) * nonpay
    beyond = beyond - np.array(by_year(prices.cost_uplift, n))[:, None]
    late = np.vstack([np.zeros((1, n_draw)), beyond[:-1]])
    opened, upfront = programmes(scenario, rng, values, n_draw)
    names = (*BELIEFS, *PLANS, *SCALES)
    belief = {name: values[f"delivery.{name}"] for name in names}
    belief |= {name: values[f"opening.{name}"] for name in OPENING}
    belief["quality"] = values["delivery.quality"] - values["prices.funded_drift"]
    belief["quality"] = belief["quality"] + values["delivery.rebound"]
    belief["national_share"] = values["prices.national_share"]
    conditions = scenario.conditions
    belief["lever"] = np.clip(lever, conditions.lowest, conditions.highest)
    return Nation(
        belief=belief,
        pay=pay,
        nonpay=nonpay,
        delivery=scenario.delivery.national_sd * rng.standard_normal((n, n_draw)),
        demand=np.stack([trend + common for trend in trends]) + own,
        pressure=pressure,
        growth=growth_of(scenario, values, paid_pressure),
        passed_on=paid_pressure + values["prices.made_good"] * late,
        paid_pressure=paid_pressure,
        upfront=upfront,
        new_opportunity=opened,
    )


def growth_of(
    scenario: Scenario, values: dict[str, Floats], paid_pressure: Floats
) -> Floats:
    """Find 1 + the growth of cash or activity of each type: (type, year, draw)."""
    weight = np.array([other_weight(kind) for kind in TRUST_TYPES])[:, None, None]
    tilted = weight * values["funding.other_growth"]
    if scenario.funding.basis != "settlement":
        planned = planned_growth(scenario, 1.0)[..., None]
        less = 1.0 - values["prices.national_share"]
        planned = planned - scenario.funding.growth_unpriced * less
        return planned + values["funding.growth_error"] + tilted
    fixed = planned_growth(scenario, 0.0)[..., None]
    reaching = planned_growth(scenario, 1.0)[..., None] - fixed
    cash = fixed + values["funding.reach_scale"] * reaching + tilted
    return cash / (1.0 + paid_pressure)


def national_shocks(
    scenario: Scenario, rng: np.random.Generator, n_draw: int
) -> Floats:
    """Draw correlated AR(1) paths of pay, non-pay, pressure and demand."""
    prices = scenario.prices
    shocks = (
        prices.pay_shock,
        prices.nonpay_shock,
        prices.pressure_shock,
        scenario.demand.national_shock,
    )
    sd = np.array([shock.sd for shock in shocks])[:, None]
    persistence = np.array([shock.persistence for shock in shocks])[:, None]
    root = np.linalg.cholesky(scenario.correlations.matrix())
    paths = np.empty((len(shocks), scenario.years, n_draw))
    for y in range(scenario.years):
        fresh = sd * (root @ rng.standard_normal((len(shocks), n_draw)))
        if y:
            fresh *= np.sqrt(1.0 - persistence**2)
            fresh += persistence * paths[:, y - 1]
        paths[:, y] = fresh
    return paths


def in_tail(scenario: Scenario, rng: np.random.Generator, n_draw: int) -> Floats:
    """Draw which years stand in the high-inflation regime: (year, draw)."""
    tail = scenario.prices.tail
    inside = np.zeros(n_draw, bool)
    found = []
    for _ in range(scenario.years):
        inside = rng.random(n_draw) < np.where(inside, tail.stay, tail.enter)
        found.append(inside)
    return np.array(found, dtype=float)


def programmes(
    scenario: Scenario,
    rng: np.random.Generator,
    values: dict[str, Floats],
    n_draw: int,
) -> tuple[Floats, Floats]:
    """Add up what the frontier and the programmes open, and what these cost.

    Shapes: (year, pool, type, draw) and (type, year, draw).
    """
    n = scenario.years
    new = np.zeros((n, len(POOLS), len(TRUST_TYPES), n_draw))
    upfront = np.zeros((len(TRUST_TYPES), n, n_draw))
    for j, pool in enumerate(POOLS):
        share = getattr(scenario.delivery.pool_shares, pool)
        new[:, j] = share * values["delivery.frontier"]
    for name, programme in scenario.programmes.items():
        if programme.enabled:
            happens = rng.random(n_draw) < programme.probability
            realised = happens * values[f"programmes.{name}.realisation"]
            types = [TRUST_TYPES.index(kind) for kind in programme.types]
            upfront[types] += np.outer(by_year(programme.upfront_cost, n), happens)
            for y, part in enumerate(programme.ramp[:n]):
                added = part * programme.opportunity * realised
                new[y, POOLS.index(programme.pool), types] += added
    return new, upfront
