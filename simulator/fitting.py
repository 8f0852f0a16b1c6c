"""Whether a scenario and its population go together."""

from collections.abc import Iterator

from simulator.population import Population
from simulator.scenario import Scenario
from simulator.spreads import YEARS
from simulator.wording import Fault


def faults(scenario: Scenario, population: Population) -> Iterator[Fault]:
    """Yield what of a scenario cannot be of a population."""
    yield from _opening_year(scenario, population)


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
