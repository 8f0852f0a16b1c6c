"""The population that a scenario names, and whether the two go together."""

import math
from collections.abc import Iterator
from typing import Final

from simulator.errors import Problems, ScenarioError
from simulator.messages import Fault, dotted
from simulator.population.allocation import YEARS
from simulator.population.load import load_population
from simulator.population.model import Population, claim_of
from simulator.scenario import layers, precedent
from simulator.scenario.layers import KeyPath
from simulator.scenario.load import Loaded
from simulator.scenario.model import Scenario
from simulator.scenario.money import SupportFund

WHOLE: Final = 1.01  # shares of a fund may sum to this much: totals are rounded


def faults(scenario: Scenario, population: Population) -> Iterator[Fault]:
    """Yield what of a scenario cannot be of a population."""
    yield from _opening_year(scenario, population)
    for name, fund in scenario.funding.support.items():
        if fund.enabled:
            yield from _fund(("funding", "support", name), fund, population)


def _opening_year(scenario: Scenario, population: Population) -> Iterator[Fault]:
    """See that a packaged population opens in the year before the first."""
    if population.name not in YEARS:
        return
    first = YEARS[population.name].opening + 1
    if scenario.first_year != first:
        name, asked = population.name, scenario.first_year
        problem = f"{asked}, but {name} opens in {first - 1}, the year before {first}"
        fitting = [n for n, years in YEARS.items() if years.opening + 1 == asked]
        other = f"population = {fitting[0]}" if fitting else "a list of trusts"
        remedy = f"give {first}, or {other} that opens in {asked - 1}"
        yield Fault(("first_year",), problem, remedy)


def _fund(
    path: tuple[str, ...], fund: SupportFund, population: Population
) -> Iterator[Fault]:
    """See that a fund pays no more than there is, and no more than trusts earn."""
    income = math.fsum(population.income)
    claim = math.fsum(claim_of(population, fund.allocated_by, fund.types))
    whole = claim if fund.shared_over is None else fund.shared_over
    amounts = fund.amount if isinstance(fund.amount, tuple) else (fund.amount,)
    most = max(amounts)
    if claim > WHOLE * whole:
        problem = (
            f"of a fund of {most:,.0f}m, trusts would be paid "
            f"{most * claim / whole:,.0f}m: {whole:,.0f}m stands for the whole "
            f"{_claimed(fund)}, and theirs is {claim:,.0f}m"
        )
        remedy = f"give {math.ceil(claim)} or more, or leave it out"
        yield Fault((*path, "shared_over"), problem, remedy)
    elif whole > 0.0 and most * claim / whole > income:
        problem = f"pays {most * claim / whole:,.0f}m, and trusts earn {income:,.0f}m"
        yield Fault((*path, "amount"), problem, "give GBP million a year")


def _claimed(fund: SupportFund) -> str:
    """Name what trusts' shares of a fund are parts of."""
    return "opening deficit" if fund.allocated_by == "opening_deficit" else "income"


def population_of(loaded: Loaded) -> Population:
    """Read the opening positions that a scenario names, and see that they can be run.

    Raises
    ------
    SimulatorError
        Where there is no such population, or all that is implausible or does not go
        together.
    """
    population = load_population(loaded.scenario.population, loaded.folder)
    problems = [
        ScenarioError(
            f"{_layer_of(loaded, fault.path)}: {dotted(fault.path)}",
            fault.problem,
            fault.remedy,
        )
        for fault in (
            *precedent.faults(loaded.scenario),
            *faults(loaded.scenario, population),
        )
    ]
    if problems:
        raise Problems(problems)
    return population


def _layer_of(loaded: Loaded, path: KeyPath) -> str:
    """Name the layer that sets a value, or the highest of a table's."""
    inside = [
        origin.layer
        for key, origin in loaded.origins.items()
        if layers.overlap(tuple(key.split(".")), path)
    ]
    order = [name for name, _ in loaded.text]
    return max(inside, key=lambda name: order.index(name) if name in order else -1)
