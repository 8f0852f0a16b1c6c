"""One case to measure: so many targets, so many trusts, everything else as shipped."""

from dataclasses import dataclass, replace

import numpy as np

from simulator.engine.job import Job
from simulator.kernel.tables import Plan, Trusts
from simulator.outcomes import BASES
from simulator.population.load import load_population
from simulator.population.model import Population
from simulator.running import prepare
from simulator.scenario.load import load_scenario
from simulator.scenario.model import Scenario, Target

SCENARIO = "long-term-plan"
SEED = 2019
LOWEST, HIGHEST = 0.005, 0.04  # the rates that targets are spread over
ADDON = 0.005  # asked of trusts in deficit, where plans follow the tariff: every fourth


@dataclass(frozen=True)
class Case:
    """A prepared job; `trust_years` of one draw and one target."""

    job: Job

    @property
    def scenario(self) -> Scenario:
        return self.job.scenario

    @property
    def trusts(self) -> Trusts:
        return self.job.trusts

    @property
    def plan(self) -> Plan:
        return self.job.plan

    @property
    def n_target(self) -> int:
        return len(self.job.plan.rate)

    @property
    def trust_years(self) -> int:
        """How many trust-years a draw has, over all targets."""
        return self.n_target * len(self.job.trusts.income) * self.job.scenario.years


def make(n_target: int = 10, trusts: float = 1.0) -> Case:
    """Prepare the shipped scenario with fixed targets and a multiple of its trusts."""
    loaded = load_scenario(SCENARIO)
    population = load_population(loaded.scenario.population, loaded.folder)
    scenario = loaded.scenario.model_copy(update={"targets": targets(n_target)})
    return Case(prepare.prepare(scenario, resized(population, trusts), SEED))


def shipped() -> Case:
    """Prepare the shipped scenario as it is, balancing item and all."""
    loaded = load_scenario(SCENARIO)
    population = load_population(loaded.scenario.population, loaded.folder)
    return Case(prepare.prepare(loaded.scenario, population, SEED))


def targets(n: int) -> tuple[Target, ...]:
    """Spread targets evenly over the range of rates; all of them fixed."""
    return tuple(
        Target(
            name=f"{index}: {rate:.2%}",
            rate=round(float(rate), 6),
            basis=BASES[index % len(BASES)],
            deficit_addon=ADDON if index % 4 == 3 else 0.0,
            plan_follows="tariff" if index % 4 == 3 else "gap",
        )
        for index, rate in enumerate(np.linspace(LOWEST, HIGHEST, n))
    )


def resized(population: Population, times: float) -> Population:
    """Repeat the trusts under new codes, or leave some out; systems stay whole."""
    if times == 1.0:
        return population
    wanted = round(times * len(population))
    rows = np.arange(wanted) % len(population)
    copy = np.arange(wanted) // len(population)

    def taken(values: tuple[str, ...], suffix: str = "") -> tuple[str, ...]:
        again = [f"{suffix}{n}" if suffix and n else "" for n in copy]
        return tuple(values[row] + end for row, end in zip(rows, again, strict=True))

    return replace(
        population,
        name=f"{population.name} x {times:g}",
        code=taken(population.code, "-"),
        trust_name=taken(population.trust_name, ", copy "),
        trust_type=taken(population.trust_type),
        system=taken(population.system, ", copy "),
        income=population.income[rows],
        cost=population.cost[rows],
        opportunity=population.opportunity[rows],
        carry_over=population.carry_over[rows],
        backlog=population.backlog[rows],
        pay_share=population.pay_share[rows],
        reported_balance=population.reported_balance[rows],
        drawn=tuple(population.drawn[row] for row in rows),
    )
