"""What draws bring to everybody: beliefs, prices, growth, demand and delivery.

Everything here is by draw, none of it by trust: the trusts' own shocks are made in the
kernel.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from simulator.drivers import programmes, shocks
from simulator.drivers.funding import planned_growth, settled
from simulator.sampling.stream import Stream
from simulator.scenario.distributions import Certain
from simulator.scenario.model import Scenario, by_year
from simulator.scenario.uncertain import (
    BELIEFS,
    CONDITIONS,
    OPENING,
    PLANS,
    SCALES,
    uncertain,
)
from simulator.schema import TRUST_TYPES
from simulator.types import Floats

# What an error of the split between types does to acute trusts and to the others: it
# adds up to nothing, as acute trusts have three quarters of all income.
ACUTE: Final = "acute"
ACUTE_SHARE: Final = 0.75
PAY_SHARE: Final = 0.65  # of the nation's input costs, where prices are made good


@dataclass(frozen=True)
class Drawn:
    """What a run of draws brings to everybody; each array has draws last.

    Attributes
    ----------
    assumptions
        Value of every uncertain assumption, by key path: (draw,).
    lever
        Joint multiplier of the conditions on the capacity to save: (draw,).
    pay, nonpay
        Growth of pay (agency pressure included) and of non-pay prices: (year, draw).
    pressure
        Growth of cost beyond inflation and activity, by type, before a trust's own:
        (type, year, draw).
    growth
        1 + growth of the cash (under a settlement) or of the activity that comes to a
        type: (type, year, draw).
    passed_on
        Growth of income for cost that prices do not cover: (type, year, draw).
    paid_pressure
        The part of pressure among it: (type, year, draw).
    upfront
        Cost of the programmes that happen, fraction of opening cost: (type, year,
        draw).
    demand
        Growth of demand by type, before a trust's own shock: (type, year, draw).
    delivery
        National part of the log delivery multiplier: (year, draw).
    high_inflation
        1 in a year of the high-inflation regime: (year, draw).
    new_opportunity
        Opportunity that a year adds, fraction of cost: (type, pool, year, draw).
    belief
        The kernel's rows of what is believed: (row, draw).
    """

    assumptions: dict[str, Floats]
    lever: Floats
    pay: Floats
    nonpay: Floats
    pressure: Floats
    growth: Floats
    passed_on: Floats
    paid_pressure: Floats
    upfront: Floats
    demand: Floats
    delivery: Floats
    high_inflation: Floats
    new_opportunity: Floats
    belief: Floats


def draw(
    scenario: Scenario,
    seed: int,
    first_draw: int,
    n_draw: int,
    *,
    central: bool = False,
) -> Drawn:
    """Draw what a run of consecutive draws brings to everybody."""
    return draw_from(scenario, Stream(seed, first_draw, n_draw, central))


def draw_from(scenario: Scenario, stream: Stream) -> Drawn:
    """Draw what the draws of a stream bring to everybody."""
    n_draw = stream.n_draw
    values = {
        path: stream.value(path, assumption)
        for path, assumption in uncertain(scenario).items()
    }
    yearly = shocks.national_shocks(scenario, stream)
    high = shocks.high_inflation(scenario, stream)
    tail = high * values["prices.tail.size"]
    lever = np.ones(n_draw)
    for name in CONDITIONS:
        lever = lever * values[f"conditions.{name}"]
    lever = np.clip(lever, scenario.conditions.lowest, scenario.conditions.highest)

    prices, n = scenario.prices, scenario.years
    agency = by_year(prices.agency_share, n + 1)
    change = np.array([agency[y + 1] - agency[y] for y in range(n)])[:, None]
    everywhere = values["prices.premium"] + tail
    pay = np.array(by_year(prices.pay, n))[:, None] + everywhere + yearly["pay"]
    pay = pay + values["prices.agency_premium"] * change
    nonpay = np.array(by_year(prices.nonpay, n))[:, None] + everywhere
    nonpay = nonpay + yearly["nonpay"]
    pressure = _pressure(values, yearly["pressure"])
    # Where pressure falls, nothing is given back.
    paid_pressure = values["prices.pressure_paid"] * np.maximum(pressure, 0.0)
    return Drawn(
        assumptions={
            path: values[path]
            for path, assumption in uncertain(scenario).items()
            if not isinstance(assumption, Certain)
        },
        lever=lever,
        pay=pay,
        nonpay=nonpay,
        pressure=pressure,
        growth=_growth(scenario, values, paid_pressure),
        passed_on=paid_pressure + _made_good(scenario, values, pay, nonpay),
        paid_pressure=paid_pressure,
        upfront=programmes.upfront(scenario, stream),
        demand=shocks.demand(scenario, stream, values, yearly["demand"]),
        delivery=shocks.delivery(scenario, stream),
        high_inflation=high,
        new_opportunity=programmes.new_opportunity(scenario, stream, values),
        belief=np.stack(
            [
                *(values[f"delivery.{name}"] for name in BELIEFS),
                lever,
                *(values[f"delivery.{name}"] for name in PLANS),
                values["delivery.quality"]
                - values["prices.funded_drift"]
                + values["delivery.rebound"],
                values["prices.national_share"],
                *(values[f"delivery.{name}"] for name in SCALES),
                *(values[f"opening.{name}"] for name in OPENING),
            ]
        ),
    )


def central(scenario: Scenario) -> Drawn:
    """Give the one draw in which everything stands at its middle."""
    return draw(scenario, 0, 0, 1, central=True)


def part_of(drawn: Drawn, start: int, stop: int) -> Drawn:
    """Take some of the draws."""
    parts: dict[str, Any] = {
        name: value[..., start:stop]
        for name, value in vars(drawn).items()
        if name != "assumptions"
    }
    assumptions = {path: v[start:stop] for path, v in drawn.assumptions.items()}
    return Drawn(assumptions=assumptions, **parts)


def other_weight(kind: str) -> float:
    """Give what one unit more for trusts that are not acute, and paid by these, is."""
    return ACUTE_SHARE - 1.0 if kind == ACUTE else ACUTE_SHARE


def _pressure(values: dict[str, Floats], shock: Floats) -> Floats:
    """Give the nation's cost pressure by type: (type, year, draw)."""
    acute = values["prices.pressure"]
    return np.stack(
        [
            (acute if kind == ACUTE else values["prices.pressure_other"] * acute)
            + shock
            for kind in TRUST_TYPES
        ]
    )


def _growth(
    scenario: Scenario, values: dict[str, Floats], paid_pressure: Floats
) -> Floats:
    """Give 1 + the growth that comes to each type: (type, year, draw).

    Cash is cash: what pays for pressure out of a settlement buys no activity.
    """
    tilt = np.array([other_weight(kind) for kind in TRUST_TYPES])[:, None, None]
    tilted = tilt * values["funding.other_growth"]
    if not settled(scenario):
        planned = planned_growth(scenario, 1.0)[..., None]
        unpriced = 1.0 - values["prices.national_share"]
        less = scenario.funding.growth_unpriced * unpriced
        return planned - less + values["funding.growth_error"] + tilted
    without, with_all = (planned_growth(scenario, scale) for scale in (0.0, 1.0))
    real = (with_all - without)[..., None] * values["funding.reach_scale"]
    cash: Floats = (without[..., None] + real + tilted) / (1.0 + paid_pressure)
    return cash


def _made_good(
    scenario: Scenario, values: dict[str, Floats], pay: Floats, nonpay: Floats
) -> Floats:
    """Give what prices make good of last year's inflation beyond the uplift."""
    uplift = np.array(by_year(scenario.prices.cost_uplift, scenario.years))[:, None]
    beyond = PAY_SHARE * pay + (1.0 - PAY_SHARE) * nonpay - uplift
    late = np.zeros_like(beyond)
    late[1:] = beyond[:-1]
    made_good: Floats = values["prices.made_good"] * late
    return made_good
