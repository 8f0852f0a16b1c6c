"""How much of an answer is belief and how much is luck: two designs of runs.

Ten runs that share some groups of random numbers split the variance of every output;
a nested run shows how far each chance moves with what is believed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.answers.uncertainty.estimate import chance_spread, main_effects
from simulator.answers.uncertainty.shared_effects import shared_effects
from simulator.engine import blocks
from simulator.engine.job import Job
from simulator.engine.shards import Shard
from simulator.errors import ScenarioError
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.outcomes import HEADLINE_OUTCOME
from simulator.population.model import Population
from simulator.running import prepare, runs
from simulator.sampling import addresses
from simulator.sampling.addresses import GROUPS
from simulator.sampling.grouped import FUTURES, Nested, Swapped, other_seed
from simulator.sampling.stream import Stream
from simulator.scenario import posterior
from simulator.scenario.model import Scenario
from simulator.scenario.uncertain import uncertain
from simulator.schema import OUTCOMES
from simulator.statistics.independence import worth
from simulator.statistics.sobol_indices import group_shares
from simulator.types import Floats, OnProgress

SIDES: Final = ("a", "b")
OUTPUTS: Final = (
    "sector",
    "sustained",
    "balance",
    "share_achieving",
    "cash_releasing",
    "measured",
    "final_balance",
)
CHANCES: Final = ("sector", "sustained", "balance")

DRAWS: Final = 2_048
LEAST_DRAWS: Final = 256  # fewer leave intervals that say nothing
DRAWS_A_BELIEF: Final = 4


@dataclass(frozen=True)
class Uncertainty:
    """What is belief and what is luck, of every target.

    Attributes
    ----------
    shares
        Of `group_shares`, over target and output: the sector's achievement on the
        target's own basis, `sustained` and `balance` (each 0 or 1), the share of trusts
        that achieve, the sector's productivity, cash-releasing and measured, summed
        over years, and its balance in the last year, GBP m.
    chances
        Of `chance_spread`, over target and outcome `CHANCES` of the sector.
    assumptions
        Of `main_effects`, over assumption, target and outcome; of beliefs that go
        together, stated so or given a record, of `shared_effects`.
    """

    shares: xr.Dataset
    chances: xr.Dataset
    assumptions: xr.Dataset


def split(
    scenario: Scenario,
    population: Population,
    *,
    draws: int = DRAWS,
    seed: int = 2019,
    threads: int | None = None,
    target: str | None = None,
    on_progress: OnProgress = lambda n_draw: None,
) -> Uncertainty:
    """Split what a scenario leaves open into what is believed and luck.

    Parameters
    ----------
    scenario, population
        What is asked, and of whom.
    draws
        Draws of each of the ten runs that split the variance; a quarter as many beliefs
        are followed through `FUTURES` futures each. See `simulated` for the total.
    seed
        Key of the random numbers; run "a" sees the futures of a plain run.
    threads
        Number of threads; moves no number.
    target
        Name of the only target to look at; by default all.
    on_progress
        Called with the number of draws just simulated, of `simulated(draws)`.
    """
    _check(draws, seed, threads)
    if target is not None:
        scenario = _with_one_target(scenario, target)
    work = Work(
        prepare.prepare_counts(scenario, population, seed), threads, on_progress
    )
    whole, swapped = _ten_runs(work, draws)
    achieved, assumptions = _nested_run(work, draws // DRAWS_A_BELIEF)
    effective = posterior.effective(scenario)
    # What goes together is shared out; what does not, each takes for itself.
    together = scenario.belief_correlations or not math.isinf(effective)
    effects = shared_effects if together else main_effects
    n = worth(draws, effective), worth(achieved.sizes["belief"], effective)
    return Uncertainty(
        shares=group_shares(whole, swapped, worth=n[0]),
        chances=chance_spread(achieved, FUTURES, worth=n[1]),
        assumptions=effects(assumptions, achieved, FUTURES, worth=n[1]),
    )


def simulated(draws: int) -> int:
    """Count the draws that `split` simulates in all."""
    runs = len(SIDES) * (1 + len(GROUPS))
    return runs * draws + draws // DRAWS_A_BELIEF * FUTURES


def _check(draws: int, seed: int, threads: int | None) -> None:
    if draws < LEAST_DRAWS or draws % DRAWS_A_BELIEF:
        raise ScenarioError(
            "draws",
            f"{draws} draws cannot be split into beliefs and luck",
            f"give a multiple of {DRAWS_A_BELIEF}, {LEAST_DRAWS} or more",
        )
    runs.check(draws, seed, threads)


def _with_one_target(scenario: Scenario, name: str) -> Scenario:
    names = [target.name for target in scenario.targets]
    if name not in names:
        near = get_close_matches(name, names, n=1, cutoff=0.4)
        remedy = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names)}"
        raise ScenarioError("target", f"{scenario.name} has no target {name!r}", remedy)
    chosen = scenario.targets[names.index(name)]
    return scenario.model_copy(update={"targets": (chosen,)})


class Work(NamedTuple):
    """A prepared job, and how to run it."""

    job: Job
    threads: int | None
    on_progress: OnProgress


# --- variance by groups -------------------------------------------------------------


def _ten_runs(work: Work, draws: int) -> tuple[xr.DataArray, xr.DataArray]:
    """Run both sides, whole and with each group from the other: outputs by draw."""
    seeds = dict(zip(SIDES, (work.job.seed, other_seed(work.job.seed)), strict=True))
    whole, swapped = [], []
    for side, seed in seeds.items():
        own = dict.fromkeys(GROUPS, seed)
        other = seeds[SIDES[1 - SIDES.index(side)]]
        whole.append(_outputs(work, own, draws))
        swapped.append(
            xr.concat(
                [_outputs(work, own | {group: other}, draws) for group in GROUPS],
                dim="group",
            )
        )
    sides = xr.DataArray(list(SIDES), dims="side", name="side")
    both = xr.concat(swapped, dim=sides).assign_coords(group=list(GROUPS))
    return xr.concat(whole, dim=sides), both


def _outputs(work: Work, seeds: dict[str, int], draws: int) -> xr.DataArray:
    """Run with each group's numbers under its seed: (output, target, draw)."""
    job = replace(work.job, seed=seeds["trust"])

    def stream(_: int, first_draw: int, n_draw: int) -> Stream:
        return Swapped(seeds, first_draw, n_draw)

    def read(shard: Shard) -> Floats:
        return _of_shard(job, shard)

    return xr.DataArray(
        _by_draw(work._replace(job=job), draws, stream, read, by_unit=True),
        dims=("output", "target", "draw"),
        coords={"output": list(OUTPUTS), "target": _names(job.scenario)},
    )


def _of_shard(job: Job, shard: Shard) -> Floats:
    """Read the outputs, in the order of `OUTPUTS`: (output, target, draw)."""
    own = _own(job.scenario)
    by_target = np.arange(len(own))
    trusts = shard.units[by_target, own, : len(job.trusts.income)]
    sector = dict(zip(GROUP_RESULTS, shard.sector, strict=True))
    return np.stack(
        [
            *_of_sector(job.scenario, shard),
            trusts.mean(axis=1),
            sector["cash_releasing"].sum(axis=1),
            sector["measured"].sum(axis=1),
            sector["balance"][:, -1],
        ]
    )


def _of_sector(scenario: Scenario, shard: Shard) -> list[NDArray[np.int8]]:
    """Read whether the sector achieves, in the order of `CHANCES`: (target, draw)."""
    own = _own(scenario)
    return [
        shard.achieved[np.arange(len(own)), own],
        shard.achieved[:, OUTCOMES.index("sustained")],
        shard.achieved[:, OUTCOMES.index("balance")],
    ]


def _own(scenario: Scenario) -> NDArray[np.int64]:
    """Find the outcome of each target's own basis: (target,)."""
    names = [HEADLINE_OUTCOME[target.basis] for target in scenario.targets]
    return np.array([OUTCOMES.index(name) for name in names])


def _names(scenario: Scenario) -> list[str]:
    return [target.name for target in scenario.targets]


def _by_draw(
    work: Work,
    draws: int,
    stream: Callable[[int, int, int], Stream],
    read: Callable[[Shard], NDArray[Any]],
    *,
    by_unit: bool = False,
) -> NDArray[Any]:
    """Simulate, and put together what is read of each shard: (..., draw)."""
    found: list[NDArray[Any]] = []
    blocks.simulate(
        work.job,
        draws,
        threads=work.threads,
        by_unit=by_unit,
        stream=stream,
        on_shard=lambda shard: found.append(read(shard)),
        on_progress=work.on_progress,
    )
    return np.concatenate(found, axis=-1)


# --- chances by belief --------------------------------------------------------------


def _nested_run(work: Work, beliefs: int) -> tuple[xr.DataArray, xr.DataArray]:
    """Follow each belief through its futures.

    Gives how many achieve, (outcome, target, belief), and the value of each uncertain
    assumption that counts in the run, (assumption, belief).
    """
    scenario = work.job.scenario

    def count(shard: Shard) -> NDArray[np.int64]:
        # Shards hold whole beliefs: their size is a multiple of the futures of one.
        achieved = np.stack(_of_sector(scenario, shard))
        by_belief = achieved.reshape(*achieved.shape[:-1], -1, FUTURES)
        return np.asarray(by_belief.sum(axis=-1, dtype=np.int64))

    values = _assumptions(scenario, Stream(work.job.seed, 0, beliefs))
    found = xr.DataArray(
        _by_draw(work, beliefs * FUTURES, Nested, count),
        dims=("outcome", "target", "belief"),
        coords={"outcome": list(CHANCES), "target": _names(scenario)},
    )
    return found, xr.DataArray(
        np.array(list(values.values())).reshape(len(values), beliefs),
        dims=("assumption", "belief"),
        coords={"assumption": list(values)},
    )


def _assumptions(scenario: Scenario, stream: Stream) -> dict[str, Floats]:
    """Draw what is believed: assumptions that are uncertain and not idle.

    Whether a programme happens goes by `programmes.NAME.happens`, 0 or 1.
    """
    values = {
        path: stream.value(path, assumption)
        for path, assumption in uncertain(scenario).items()
        if not assumption.is_certain and not _idle(scenario, path)
    }
    for name, programme in scenario.programmes.items():
        if programme.enabled and 0.0 < programme.probability < 1.0:
            path = f"programmes.{name}"
            chance = stream.uniforms(*addresses.of_programme(name))[0]
            values[f"{path}.happens"] = np.where(chance < programme.probability, 1.0, 0)
    return values


def _idle(scenario: Scenario, path: str) -> bool:
    """Say whether nothing in the run depends on an assumption."""
    if path == "prices.tail.size":
        return scenario.prices.tail.enter == 0.0
    parts = path.split(".")
    return parts[0] == "programmes" and not scenario.programmes[parts[1]].enabled
