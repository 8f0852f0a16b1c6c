"""Named causes: a scenario with some of them acting and the others not.

Two questions share the names. Of one scenario: what stands between a target and what
is delivered? Then a cause that does not act is in its reference state, a world in
which it does not stand in the way. Of two scenarios: which of their differences
matters? Then a cause is a group of sections, taken from the one or the other.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from pydantic import ValidationError

from simulator import drivers
from simulator.drivers import funding
from simulator.errors import ScenarioError
from simulator.kernel import workspace
from simulator.kernel.workspace import LANES
from simulator.messages import dotted, translate
from simulator.sampling.stream import Stream
from simulator.scenario.dependence import Correlated
from simulator.scenario.distributions import Uncertain
from simulator.scenario.model import Scenario, by_year
from simulator.scenario.posterior import Recorded
from simulator.scenario.uncertain import CONDITIONS
from simulator.schema import TRUST_TYPES
from simulator.types import Floats

Tables = dict[str, Any]

# So many times the opportunity, of which so much less can be reached: the same savings
# within reach, and none that are missed. A power of two, so that nothing is rounded.
PLENTY: Final = 2.0**20


class Cause(NamedTuple):
    """Something that a result is put down to."""

    name: str
    meaning: str
    """What is so where the cause acts, or what belongs to the group: a few words."""
    reference: str = ""
    """What is so where it does not act; empty for a group."""


@dataclass(frozen=True)
class World:
    """What is simulated: one target, under a scenario that may be a hybrid."""

    scenario: Scenario
    rate: tuple[float, ...]
    """The target's rate by year; a balancing item is solved before, and only once."""
    found_again: bool = True
    """Whether the savings of before the first year must be found again."""
    runs_out: bool = True
    """Whether what is saved is missing from the opportunity to save."""


class Plentiful(Stream):
    """Random numbers of a world in which opportunity does not run out."""

    def value(self, path: str, assumption: Uncertain | Recorded | Correlated) -> Floats:
        """Draw one assumption; those that open opportunity are many times as large."""
        drawn = super().value(path, assumption)
        opens = path in ("delivery.opportunity_scale", "delivery.frontier")
        opens = opens or path.endswith(".realisation")
        return drawn * PLENTY if opens else drawn


# --- one scenario: what stands between target and delivery --------------------------

REFERENCES: Final = (
    Cause(
        "demand",
        "more or less care is wanted than is funded",
        "demand grows as it is funded when all is as expected, in every trust and year",
    ),
    Cause(
        "prices",
        "input costs rise by more or less than prices",
        "input costs grow exactly as prices are uplifted for them",
    ),
    Cause(
        "pressure",
        "cost grows beyond input prices and activity",
        "cost grows with input prices and activity alone",
    ),
    Cause(
        "funding",
        "the settlement pays, and the target cuts prices",
        "funded activity grows with the trend of demand, the target is not taken out "
        "of prices, and support funds stay at their first year's amount",
    ),
    Cause(
        "gap",
        "plans take on part of the trust's own gap",
        "a plan takes on none of the trust's own gap, and all of last year's debts",
    ),
    Cause(
        "plan limit",
        "boards plan no more than they believe in",
        "boards believe that anything can be saved in a year",
    ),
    Cause(
        "opportunity running out",
        "what was saved once cannot be saved again",
        "savings that are made are not missing from the opportunity to save; new "
        "opportunity comes as before",
    ),
    Cause(
        "one-offs",
        "one-offs fill plans, and must be found again",
        "nothing is saved by one-offs and no shortfall is carried over: nothing must "
        "be found again",
    ),
    Cause(
        "delivery luck",
        "trusts deliver more or less than they could",
        "every trust delivers just what its capacity allows",
    ),
    Cause(
        "conditions",
        "conditions help or hinder all savings",
        "all conditions stand at 1: they neither help nor hinder",
    ),
    Cause(
        "programmes",
        "programmes open savings, and cost money first",
        "there are no programmes, and none is paid for",
    ),
)


def without(world: World, absent: Collection[str]) -> World:
    """Put some causes into their reference state; the rest act as in the world."""
    tables = world.scenario.plain()
    for name, take_away in _TAKE_AWAY.items():
        if name in absent:
            take_away(tables, world)
    if "demand" in absent:  # last, as what is funded follows from the others
        _as_funded(tables, world)
    return World(
        scenario=_checked(tables),
        rate=world.rate,
        found_again="one-offs" not in absent,
        runs_out="opportunity running out" not in absent,
    )


def all_reported_is_real(world: World) -> World:
    """Let every recurrent saving that is reported lower cost for good."""
    tables = world.scenario.plain()
    tables["delivery"]["real_share"] = 1.0
    return World(_checked(tables), world.rate, world.found_again, world.runs_out)


def _funding(tables: Tables, world: World) -> None:
    scenario = world.scenario
    for target in tables["targets"]:
        target["from_prices"] = 0.0
    trends = {kind: _trend(scenario, kind) for kind in TRUST_TYPES}
    tables["funding"] |= {"basis": "activity", "activity_growth": trends}
    tables["funding"] |= {"growth_error": 0.0, "other_growth": 0.0}
    for name, fund in scenario.funding.support.items():
        amount = by_year(fund.amount, scenario.years)[0]
        tables["funding"]["support"][name]["amount"] = amount


def _trend(scenario: Scenario, kind: str) -> list[float]:
    """Give the growth of demand that is expected of a type, by year."""
    trend = getattr(scenario.demand, kind).trend
    middle = trend if isinstance(trend, tuple) else trend.central()
    return by_year(middle, scenario.years)


def _prices(tables: Tables, world: World) -> None:
    prices = tables["prices"]
    uplift = prices["cost_uplift"]
    prices |= {"pay": uplift, "nonpay": uplift, "premium": 0.0}
    prices |= {"agency_share": 0.0, "made_good": 0.0}
    for name in ("pay_shock", "nonpay_shock"):
        prices[name]["sd"] = 0.0
    prices["tail"]["enter"] = 0.0


def _pressure(tables: Tables, world: World) -> None:
    prices = tables["prices"]
    prices |= {"pressure": 0.0, "funded_drift": 0.0}
    prices |= {"trust_sd": 0.0, "trust_drift_sd": 0.0}
    prices["pressure_shock"]["sd"] = 0.0


def _gap(tables: Tables, world: World) -> None:
    tables["delivery"]["gap_closed"] = 0.0


def _plan_limit(tables: Tables, world: World) -> None:
    tables["delivery"] |= {"plan_limit": 1.0, "plan_sharpness": 1.0, "ask_max": 1.0}


def _opportunity(tables: Tables, world: World) -> None:
    reached = tables["delivery"]["access"]
    for pool in reached:
        reached[pool] /= PLENTY


def _one_offs(tables: Tables, world: World) -> None:
    tables["delivery"] |= {"one_off_fill": 0.0, "balance_reach": 0.0, "forgiven": 1.0}


def _luck(tables: Tables, world: World) -> None:
    for name in ("national_sd", "persistent_sd", "year_sd"):
        tables["delivery"][name] = 0.0


def _conditions(tables: Tables, world: World) -> None:
    tables["conditions"] |= dict.fromkeys(CONDITIONS, 1.0)


def _programmes(tables: Tables, world: World) -> None:
    for programme in tables.get("programmes", {}).values():
        programme["enabled"] = False


def _as_funded(tables: Tables, world: World) -> None:
    scenario = _checked(tables)
    middle = drivers.central(scenario)
    uplift = np.array(by_year(scenario.prices.cost_uplift, scenario.years))
    (taken,) = funding.from_prices(scenario, np.array([world.rate]))
    share = middle.belief[workspace.NATIONAL_SHARE // LANES]
    prices = 1.0 + uplift - share * taken
    growth = middle.growth[..., 0]
    funded = (growth / prices if funding.settled(scenario) else growth) - 1.0
    demand = tables["demand"]
    for kind, path in zip(TRUST_TYPES, funded.tolist(), strict=True):
        demand[kind]["trend"] = path
    demand |= {"bias": 0.0, "type_sd": 0.0, "trust_sd": 0.0}
    demand["national_shock"]["sd"] = 0.0


_TAKE_AWAY: Final[dict[str, Callable[[Tables, World], None]]] = {
    "prices": _prices,
    "pressure": _pressure,
    "funding": _funding,
    "gap": _gap,
    "plan limit": _plan_limit,
    "opportunity running out": _opportunity,
    "one-offs": _one_offs,
    "delivery luck": _luck,
    "conditions": _conditions,
    "programmes": _programmes,
}


# --- two scenarios: which difference matters ----------------------------------------

GROUPS: Final = {
    Cause("demand", "trends of demand, their error and shocks"): ("demand",),
    Cause("prices", "uplift, pay, other input prices, their errors and shocks"): (
        "prices.cost_uplift",
        "prices.pay",
        "prices.nonpay",
        "prices.premium",
        "prices.pay_shock",
        "prices.nonpay_shock",
        "prices.agency_share",
        "prices.agency_premium",
        "prices.tail",
        "prices.made_good",
        "prices.national_share",
        "correlations",
    ),
    Cause("pressure", "cost growth beyond prices and activity, and who pays for it"): (
        "prices.pressure",
        "prices.pressure_other",
        "prices.pressure_shock",
        "prices.pressure_paid",
        "prices.funded_drift",
        "prices.trust_drift_sd",
        "prices.trust_sd",
    ),
    Cause("opening", "what is uncertain about opening positions"): ("opening",),
    Cause("plans", "floor, limit, and how much of its gap a plan takes on"): (
        "delivery.plan_floor",
        "delivery.gap_closed",
        "delivery.plan_limit",
        "delivery.plan_sharpness",
        "delivery.plan_sd",
    ),
    Cause("funding", "the settlement or funded activity, and support funds"): (
        "funding",
    ),
    Cause("opportunity", "what could be saved and how much of it is in reach"): (
        "delivery.frontier",
        "delivery.opportunity_scale",
        "delivery.pool_shares",
        "delivery.access",
        "delivery.transformation_funding",
    ),
    Cause("one-offs", "their stock and use, and what becomes of shortfalls"): (
        "delivery.one_offs",
        "delivery.one_off_scale",
        "delivery.one_off_fill",
        "delivery.balance_reach",
        "delivery.forgiven",
        "delivery.backlog_growth",
    ),
    Cause("delivery", "how savings answer to a target, and luck with them"): (
        "delivery.real_share",
        "delivery.sharpness",
        "delivery.cost_elasticity",
        "delivery.marginal_payment",
        "delivery.treated",
        "delivery.quality",
        "delivery.rebound",
        "delivery.ask_max",
        "delivery.national_sd",
        "delivery.persistent_sd",
        "delivery.year_sd",
    ),
    Cause("conditions", "the conditions' multipliers"): ("conditions",),
    Cause("programmes", "which take place, and what they bring and cost"): (
        "programmes",
    ),
    Cause("beliefs", "the prior's or given the record, and which go together"): (
        "beliefs",
        "belief_correlations",
    ),
    Cause("target", "the target's rate and what is added in deficit"): ("targets",),
}


def mixed(first: World, second: World, from_second: Collection[str]) -> World:
    """Take some groups of causes from the second world, all else from the first."""
    tables, other = first.scenario.plain(), second.scenario.plain()
    for cause, paths in GROUPS.items():
        if cause.name in from_second:
            for path in paths:
                _take(tables, other, path.split("."))
    rate = second.rate if "target" in from_second else first.rate
    return World(_checked(tables), rate)


def _take(tables: Tables, other: Tables, path: list[str]) -> None:
    *above, last = path
    for part in above:
        tables, other = tables[part], other[part]
    tables.pop(last, None)
    if last in other:
        tables[last] = other[last]


def _checked(tables: Tables) -> Scenario:
    """Make a hybrid scenario, or say why it is none."""
    try:
        return Scenario.model_validate(tables)
    except ValidationError as refused:
        error = refused.errors(include_url=False)[0]
        fault = translate(error, ())
        raise ScenarioError(
            f"a mix with some causes switched: {dotted(fault.path)}",
            fault.problem,
            fault.remedy,
        ) from None
