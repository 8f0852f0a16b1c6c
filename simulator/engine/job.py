"""A job: all that simulating draws needs but which draws."""

from dataclasses import dataclass
from functools import cached_property

from simulator.kernel.block import fixed_of
from simulator.kernel.tables import Fixed, Plan, Ranges, Trusts
from simulator.population.model import Population
from simulator.scenario.model import Scenario
from simulator.schema import TRUST_TYPES


@dataclass(frozen=True)
class Job:
    """Everything that a block needs but its place."""

    scenario: Scenario
    population: Population
    seed: int
    trusts: Trusts
    plan: Plan
    ranges: Ranges
    notes: tuple[str, ...]  # what is to be said beside the results

    @cached_property
    def fixed(self) -> Fixed:
        """What the block loop reads of trusts and groups."""
        return fixed_of(self.trusts, self.plan, len(TRUST_TYPES))
