"""What an analyst asks for: one scenario, frozen, which checks itself.

Every number has its built-in default in the evidence, none here, so that each comes
with a source. Rates and shares are fractions, money is GBP million nominal unless
said, a year is the first calendar year of a financial year (2019 = 2019/20).
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import (
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from simulator.messages import Fault, refuse
from simulator.scenario import dependence, keys, rules
from simulator.scenario.assumptions import Belief, ByYear, Number, Years
from simulator.scenario.dependence import BeliefCorrelation
from simulator.scenario.keys import Section
from simulator.scenario.kinds import (
    LONGEST_PATH,
    LONGEST_TITLE,
    Day,
    OneOf,
    Prose,
    Text,
)
from simulator.scenario.money import (
    Funding,
    Prices,
)
from simulator.scenario.saving import (
    Conditions,
    Correlations,
    Delivery,
    Demand,
    Opening,
    Programme,
)
from simulator.scenario.values import (
    FILLED,
    FIRST_YEAR,
    FOLLOWS,
    ONE_RATE,
    PATH,
    PRIOR,
    REAL,
    TARGET_RATE,
    YEARS,
    Label,
    Name,
)
from simulator.schema import BASES


class BalancingItem(Section):
    """A rate to be solved: what would close the sector's gap by a year."""

    year: Annotated[int, FIRST_YEAR]
    """Year in which the level is reached."""
    underlying: Annotated[
        float, Number(low=-1e6, high=1e6, lever=True, unit="GBP million")
    ]
    """Underlying balance of the sector to reach, GBP million; surplus is positive."""


class Target(Section):
    """A rate that is taken out of prices, and the basis it is judged on."""

    name: Label
    """Words of its own: it heads a line of every table."""
    rate: Annotated[float, ONE_RATE] | None = None
    """The same rate every year; or `path`, or `balancing_item`: exactly one of them."""
    path: Annotated[tuple[float, ...], PATH] | None = None
    """In place of `rate`: a rate for each year."""
    balancing_item: BalancingItem | None = None
    """In place of `rate`: what the rate is to bring about."""
    basis: Annotated[str, OneOf(BASES, REAL)]
    """Which efficiency is meant."""
    deficit_addon: Annotated[ByYear, Years(number=TARGET_RATE)] = 0.0
    """Rate asked on top of trusts in deficit, where plans follow the tariff."""
    from_prices: Annotated[ByYear, Years(number=TARGET_RATE)] | None = None
    """Rate that is taken out of prices, where it is not the target's own: a plan of 6%
    of cost can be asked for under a tariff that takes 2%."""
    plan_follows: Annotated[str, OneOf(FOLLOWS)] = "gap"
    """What plans start from: `gap`, a floor and part of the trust's own gap; or
    `tariff`, the target and part of what that leaves."""


class Scenario(Section):
    """One set of assumptions to simulate."""

    name: Name
    """Short name: letters, digits, - and _."""
    title: Annotated[str, Text(longest=LONGEST_TITLE)]
    """One line that heads every answer."""
    about: Annotated[str, Prose()] = ""
    """What the scenario is, and why, in as many lines as it takes."""
    population: Annotated[str, Text(longest=LONGEST_PATH)]
    """Opening positions: a packaged population, or the path of a table."""
    first_year: Annotated[int, FIRST_YEAR]
    """First year simulated; the year before is the opening year."""
    years: Annotated[int, YEARS]
    """Number of years simulated."""
    as_known_at: Annotated[str, Day()] | None = None
    """Day after which no source may have been published."""
    beliefs: Annotated[str, Text(longest=LONGEST_PATH)] = PRIOR
    """What is believed: `prior`, each built-in belief on its own; or beliefs given the
    published record, a packaged table or the path of one made by `calibrate`."""
    funding: Funding
    prices: Prices
    demand: Demand
    delivery: Delivery
    opening: Opening
    correlations: Correlations
    belief_correlations: Mapping[Name, BeliefCorrelation] | None = None
    """Rank correlations between beliefs, by names of your own; none unless stated."""
    programmes: Mapping[Name, Programme] = Field(default_factory=dict)
    """Programmes by name."""
    conditions: Conditions
    targets: Annotated[tuple[Target, ...], *FILLED]
    """Targets, each run on the same futures."""
    _table: Any = PrivateAttr(default=None)

    @property
    def table(self) -> Any:
        """Give the table of beliefs that came with the scenario; None without one."""
        return self._table

    def with_table(self, table: Any) -> Self:
        """Take beliefs from a table at hand, whatever stands at its path by now."""
        changed = self.model_copy(update={"beliefs": table.name})
        changed._table = table
        return changed

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = type(self).faults(self.plain())
        if faults:
            raise ValidationError.from_exception_data(
                type(self).__name__,
                [
                    InitErrorDetails(
                        type=refuse(fault.problem, fault.remedy),
                        loc=fault.path,
                        input=None,
                    )
                    for fault in faults
                ],
            )
        return self

    @classmethod
    def faults(cls, tree: Mapping[str, Any]) -> list[Fault]:
        """List what does not fit together in plain tables, valid or not."""
        values = list(keys.walk(cls, tree))
        lists = [
            rules.YearList(found.path, len(found.value), kind.opening)
            for found in values
            for kind in found.metadata
            if isinstance(kind, Years | Belief) and not kind.any_length
            if isinstance(found.value, list | tuple)
        ]
        beliefs = [
            ".".join(found.path)
            for found in values
            if any(isinstance(kind, Belief) for kind in found.metadata)
        ]
        return [*rules.faults(tree, lists), *dependence.faults(tree, beliefs)]

    @property
    def last_year(self) -> int:
        """Last year simulated."""
        return self.first_year + self.years - 1

    def plain(self) -> dict[str, Any]:
        """Give every value as a file writes it: nested tables, nothing left out."""
        return self.model_dump(mode="json", exclude_none=True)


def by_year(value: float | Sequence[float], n: int) -> list[float]:
    """Spell out a value that may be one number for all years."""
    return [float(value)] * n if isinstance(value, int | float) else list(value)


def years(scenario: Scenario) -> range:
    """List the financial years, each by its first calendar year."""
    return range(scenario.first_year, scenario.first_year + scenario.years)
