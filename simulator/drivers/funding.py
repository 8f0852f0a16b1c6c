"""Money that is decided: the growth that comes to each type, and support."""

import math
from collections.abc import Sequence

import numpy as np

from simulator.errors import ScenarioError
from simulator.population.model import Population, claim_of
from simulator.scenario.model import Scenario, by_year
from simulator.scenario.money import SupportFund
from simulator.schema import TRUST_TYPES
from simulator.types import Floats


def planned_growth(scenario: Scenario, reach_scale: float) -> Floats:
    """Find 1 + the growth that comes to each type as planned: (type, year).

    Under a settlement of cash: the deflator that it implies, (1 + cash)/(1 + real) -
    1, plus the part of real growth that reaches the type after ring-fences, less what
    support funds take out of it. Otherwise of funded activity, as the scenario gives
    it.
    """
    funding = scenario.funding
    if not settled(scenario):
        given = [
            by_year(getattr(funding.activity_growth, kind), scenario.years)
            for kind in TRUST_TYPES
        ]
        activity: Floats = 1.0 + np.array(given)
        return activity
    _, real = _settlement(scenario)
    implied = np.array(deflator_path(scenario))
    reach = np.array([getattr(funding.reach, kind) for kind in TRUST_TYPES])
    sliced = np.array(by_year(funding.top_slice, scenario.years))
    reaching = reach_scale * reach[:, None] * np.array(real)
    cash: Floats = 1.0 + implied + reaching - sliced
    return cash


def deflator_path(scenario: Scenario) -> list[float]:
    """Find the growth of general prices that a settlement was planned on."""
    cash, real = _settlement(scenario)
    return [
        (cash[y + 1] / cash[y]) / (1.0 + real[y]) - 1.0 for y in range(scenario.years)
    ]


def _settlement(scenario: Scenario) -> tuple[Sequence[float], Sequence[float]]:
    """Give the cash, opening year first, and its real growth; both are checked."""
    funding = scenario.funding
    assert funding.cash is not None
    assert funding.real_growth is not None
    return funding.cash, by_year(funding.real_growth, scenario.years)


def from_prices(scenario: Scenario, rate: Floats) -> Floats:
    """Give what each target takes out of prices: (target, year), as `rate` is."""
    taken = rate.copy()
    for row, target in zip(taken, scenario.targets, strict=False):
        if target.from_prices is not None:
            row[:] = target.from_prices
    return taken


def settled(scenario: Scenario) -> bool:
    """Tell whether cash comes to trusts, which their prices turn into activity."""
    return scenario.funding.basis == "settlement"


def support(scenario: Scenario, population: Population) -> Floats:
    """Find the support of each trust whose share is fixed: GBP m, (trust, year).

    A trust's share of a fund is its opening income, or its opening deficit, over the
    total that the fund is shared over.
    """
    return _funds(scenario, population, ("income", "opening_deficit"))


def need_limit(scenario: Scenario, population: Population) -> Floats:
    """Find the most that funds for need pay to each trust: GBP m, (trust, year)."""
    return _funds(scenario, population, ("need",))


def need_part(scenario: Scenario) -> float:
    """Find the part of a trust's gap that the fund for need pays; 0 without one."""
    parts = [fund.part for fund in scenario.funding.support.values() if fund.enabled]
    return next((part for part in parts if part is not None), 0.0)


def _funds(scenario: Scenario, population: Population, ways: Sequence[str]) -> Floats:
    total = np.zeros((len(population.code), scenario.years))
    for name, fund in scenario.funding.support.items():
        if fund.enabled and fund.allocated_by in ways:
            share = _fund_share(f"funding.support.{name}", fund, population)
            total += share[:, None] * np.array(by_year(fund.amount, scenario.years))
    return total


def claims(fund: SupportFund, population: Population) -> tuple[Floats, float]:
    """Find what each trust's share of a fund is a part of.

    Returns
    -------
    tuple
        Opening income or deficit, 0 for types that the fund is not for: (trust,), GBP
        million; and the total that they are parts of.
    """
    claim = claim_of(population, fund.allocated_by, fund.types)
    whole = math.fsum(claim) if fund.shared_over is None else fund.shared_over
    return claim, whole


def _fund_share(place: str, fund: SupportFund, population: Population) -> Floats:
    claim, whole = claims(fund, population)
    if whole > 0.0:
        return claim / whole
    if fund.allocated_by != "opening_deficit":
        problem = f"is for types that {population.name} has no trust of"
        raise ScenarioError(place, problem, "name other types or set enabled = false")
    raise ScenarioError(
        place,
        f"no trust of {population.name} opens in deficit, so nobody can share it",
        'set allocated_by = "income" or enabled = false',
    )
