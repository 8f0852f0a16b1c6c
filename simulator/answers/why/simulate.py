"""Why: what a result is put down to, so that the parts add up exactly.

Every set of causes is simulated on the same draws, and each cause gets its Shapley
value in every draw. So nothing is left over, and luck common to all sets cancels.
"""

import dataclasses
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr

from simulator.answers.why import causes
from simulator.answers.why.causes import Cause, World
from simulator.drivers import trusts
from simulator.engine import blocks
from simulator.engine.job import Job
from simulator.engine.shards import Shard
from simulator.errors import ScenarioError
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.outcomes import HEADLINE_OUTCOME, PRODUCTIVITIES
from simulator.population.model import Population
from simulator.running import prepare, runs
from simulator.sampling.stream import Stream
from simulator.scenario import posterior
from simulator.scenario.model import Scenario
from simulator.schema import DRAW, OUTCOMES
from simulator.statistics.independence import worth
from simulator.statistics.shapley import COALITION, attribution, bound_chances
from simulator.types import Floats, OnProgress

DRAWS: Final = 1_000
QUANTITY: Final = "quantity"
# What is put down to causes, all from the same simulations: savings on the target's
# basis, fraction a year; the sector's balance in the last year, GBP m; and the chance
# that the sector achieves the target on its basis.
QUANTITIES: Final = ("delivered", "balance", "chance")


@dataclass(frozen=True)
class Question:
    """What is to be explained, and all that must be simulated for it.

    Attributes
    ----------
    world
        One scenario and its target; or the first of two that are compared.
    second
        The scenario whose difference from the first is explained.
    population
        Of whom it is asked.
    causes
        Those that matter.
    absent
        Those that a scenario has not, or two scenarios share.
    sets
        A world for every set of causes, in the order of `shapley`.
    all_real
        Of one scenario and a target on the real basis: the world without the causes
        where all recurrent savings that are reported are real.
    """

    world: World
    second: Scenario | None
    population: Population
    causes: tuple[Cause, ...]
    absent: tuple[Cause, ...]
    sets: tuple[World, ...]
    all_real: World | None = None

    @property
    def first(self) -> Scenario:
        """Give the scenario that is explained, or the first of two."""
        return self.world.scenario

    @property
    def target(self) -> str:
        """Name the target."""
        return self.first.targets[0].name

    @property
    def basis(self) -> str:
        """Tell which efficiency the target is meant on."""
        return self.first.targets[0].basis


@dataclass(frozen=True)
class Explanation:
    """What a result is put down to.

    Attributes
    ----------
    question
        What was asked.
    seed
        Of the draws.
    shares
        As `attribution` gives them, by `quantity`: see `QUANTITIES`.
    all_real
        What is delivered, mean over draws, in the question's world of that name.
    """

    question: Question
    seed: int
    shares: xr.Dataset
    all_real: float | None


# --- questions ----------------------------------------------------------------------


def ask(what: Sequence[tuple[Scenario, Population]], target: str) -> Question:
    """Ask why a target is delivered or not, or why a second scenario differs.

    Parameters
    ----------
    what
        One scenario with its population, or two.
    target
        Name of a target that each of them has.

    Raises
    ------
    ScenarioError
        Where there is no such target, or two scenarios cannot be mixed.
    """
    worlds = [_world(scenario, population, target) for scenario, population in what]
    if len(worlds) == 1:
        return _gap(worlds[0], what[0][1])
    _check_alike(*what[0], *what[1], target)
    return _difference(worlds[0], worlds[1], what[0][1])


def _world(scenario: Scenario, population: Population, target: str) -> World:
    """Pick one target of a scenario; a balancing item is solved for."""
    names = [item.name for item in scenario.targets]
    if target not in names:
        raise ScenarioError(
            f"target '{target}'",
            f"{scenario.name} has no such target",
            f"choose from: {', '.join(names)}",
        )
    item = scenario.targets[names.index(target)]
    one = scenario.model_copy(update={"targets": (item,)})
    rates, _ = prepare.rates_of(one, population, trusts(population, one))
    return World(one, tuple(rates[0].tolist()))


def _gap(world: World, population: Population) -> Question:
    whole = causes.without(world, ())
    acting, absent = _parted(
        causes.REFERENCES, lambda name: causes.without(world, {name}) != whole
    )
    names = {cause.name for cause in acting}
    sets = [causes.without(world, names - present) for present in _sets(acting)]
    real = world.scenario.targets[0].basis in PRODUCTIVITIES
    all_real = causes.all_reported_is_real(sets[0]) if real else None
    return Question(world, None, population, acting, absent, tuple(sets), all_real)


def _difference(one: World, other: World, population: Population) -> Question:
    whole = causes.mixed(one, other, ())
    differing, shared = _parted(
        causes.GROUPS, lambda name: causes.mixed(one, other, {name}) != whole
    )
    sets = tuple(causes.mixed(one, other, present) for present in _sets(differing))
    return Question(one, other.scenario, population, differing, shared, sets)


def _parted(
    known: Iterable[Cause], matters: Callable[[str], bool]
) -> tuple[tuple[Cause, ...], tuple[Cause, ...]]:
    """Part the causes that matter from those that change nothing."""
    found = {cause: matters(cause.name) for cause in known}
    return (
        tuple(cause for cause, does in found.items() if does),
        tuple(cause for cause, does in found.items() if not does),
    )


def _sets(players: Sequence[Cause]) -> list[set[str]]:
    """List every set of causes; bit i of its place says whether cause i is in it."""
    return [
        {cause.name for i, cause in enumerate(players) if place >> i & 1}
        for place in range(2 ** len(players))
    ]


def _check_alike(
    one: Scenario, trusts: Population, other: Scenario, others: Population, target: str
) -> None:
    place = f"{one.name} and {other.name}"
    if (one.first_year, one.years) != (other.first_year, other.years):
        said = [f"{s.first_year} to {s.last_year}" for s in (one, other)]
        raise ScenarioError(
            place,
            f"run over different years: {' and '.join(said)}",
            "give both the same first_year and years",
        )
    if trusts.digest() != others.digest():
        raise ScenarioError(
            place, "have different opening positions", "give both one population"
        )
    bases = [t.basis for s in (one, other) for t in s.targets if t.name == target]
    if bases[0] != bases[1]:
        raise ScenarioError(
            f"target '{target}'",
            f"has basis {bases[0]} in {one.name} and {bases[1]} in {other.name}",
            "give it one basis",
        )


# --- answers ------------------------------------------------------------------------


def answer(
    question: Question,
    *,
    draws: int = DRAWS,
    seed: int,
    threads: int | None = None,
    on_progress: OnProgress = lambda n: None,
) -> Explanation:
    """Simulate every set of causes and share the result among them.

    Parameters
    ----------
    question
        As `ask` gives it.
    draws, seed
        Number of draws, from draw 0, and the key of their random numbers.
    threads
        Number of threads; by default one for each processor. Moves no number.
    on_progress
        Called with the number of sets of causes that were simulated.
    """
    if draws < 2:
        raise ScenarioError(
            "draws", f"{draws} is too few for an interval", "give 2 or more"
        )
    runs.check(draws, seed, threads)
    table = np.empty((len(question.sets), len(QUANTITIES), draws))

    def simulate(place: int) -> None:
        table[place] = _simulated(question, question.sets[place], draws, seed)
        on_progress(1)

    # Set by set, as the draws of one are too few to keep the threads busy.
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        list(pool.map(simulate, range(len(table))))
    values = xr.DataArray(
        table, dims=(COALITION, QUANTITY, DRAW), coords={QUANTITY: list(QUANTITIES)}
    )
    names = [cause.name for cause in question.causes]
    effective = min(posterior.effective(world.scenario) for world in question.sets)
    shares = attribution(values, names, worth(draws, effective))
    shares = bound_chances(shares, {QUANTITY: "chance"})
    all_real = None
    if question.all_real:
        delivered = _simulated(question, question.all_real, draws, seed)[0]
        all_real = float(delivered.mean())
    return Explanation(question, seed, shares, all_real)


def _simulated(question: Question, world: World, draws: int, seed: int) -> Floats:
    """Simulate one world: (quantity, draw)."""
    job = _job(world, question.population, seed)
    stream = Stream if world.runs_out else causes.Plentiful
    found: list[Floats] = []
    blocks.simulate(
        job,
        draws,
        threads=1,
        stream=stream,
        on_shard=lambda shard: found.append(_quantities(question.basis, shard)),
    )
    return np.concatenate(found, axis=-1)


def _job(world: World, population: Population, seed: int) -> Job:
    rates = np.array([world.rate])
    job = prepare.prepare_counts(world.scenario, population, seed, rates)
    if world.found_again:
        return job
    nothing = np.zeros_like(job.trusts.carry_over)
    return dataclasses.replace(job, trusts=job.trusts._replace(carry_over=nothing))


def _quantities(basis: str, shard: Shard) -> Floats:
    """Read `QUANTITIES` of the sector off a shard: (quantity, draw)."""
    row = {name: shard.sector[i, 0] for i, name in enumerate(GROUP_RESULTS)}
    if basis in PRODUCTIVITIES:
        delivered = row[basis].mean(axis=0)
    else:
        one_offs = row["nonrecurrent"] if basis == "reported" else 0.0
        saved = (row["recurrent"] + one_offs).sum(axis=0)
        delivered = saved / row["cost_before"].sum(axis=0)
    own = OUTCOMES.index(HEADLINE_OUTCOME[basis])
    return np.stack([delivered, row["balance"][-1], shard.achieved[0, own]])
