"""Each belief at its low and high value, each lever in two positions.

All else is as drawn, and the futures are the same for all: what moves is moved by one
belief or lever alone.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator import evidence
from simulator.answers.tornado.estimate import LEVER, moves
from simulator.answers.tornado.levers import Lever, left_out, levers, with_values
from simulator.engine import blocks
from simulator.engine.job import Job
from simulator.engine.shards import Shard
from simulator.errors import ScenarioError
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.messages import nearest, quote
from simulator.outcomes import HEADLINE_OUTCOME, OF_NAME, PRODUCTIVITIES
from simulator.population.model import Population
from simulator.running import prepare, runs
from simulator.sampling import addresses
from simulator.sampling.stream import Stream
from simulator.scenario import idle
from simulator.scenario.distributions import TENTH
from simulator.scenario.fitting import population_of
from simulator.scenario.load import Loaded
from simulator.scenario.model import Scenario, Target
from simulator.scenario.uncertain import uncertain
from simulator.scenario.values import PRIOR
from simulator.schema import OUTCOMES
from simulator.types import Floats, OnProgress, Place

DRAWS: Final = 1_000
LEVELS: Final = (0.1, 0.9)  # of what is believed: low and high
ENDS: Final = (-TENTH, TENTH)  # the same of a standard normal
NEVER, SURELY = 1.0 - 2.0**-53, 0.0  # the numbers that decide whether a thing happens


class Held(Stream):
    """A stream in which one belief stands at its low value, or at its high one."""

    def __init__(
        self, seed: int, first_draw: int, n_draw: int, path: str, end: int
    ) -> None:
        super().__init__(seed, first_draw, n_draw)
        self.path = path
        self.end = end

    def value(self, path: str, assumption: object) -> Floats:
        """Give one assumption: (draw,)."""
        drawn = super().value(path, assumption)  # type: ignore[arg-type]
        if path != self.path:
            return drawn
        level = np.full(1, LEVELS[self.end]), np.full(1, ENDS[self.end])
        return np.full_like(drawn, assumption.quantile(*level)[0])  # type: ignore[attr-defined]

    def uniforms(self, who: int, where: int) -> Floats:
        """Give four numbers in (0, 1): (4, draw)."""
        found = super().uniforms(who, where)
        name = self.path.split(".")[1]
        if self.path.endswith(".happens") and (
            (who, where) == addresses.of_programme(name)
        ):
            found[:] = (NEVER, SURELY)[self.end]
        return found


class Seen(NamedTuple):
    """What a simulation shows of the sector in every draw."""

    achieved: NDArray[np.bool_]  # (draw,)
    delivered: Floats  # the mean rate of the outcome, or balance in GBP m: (draw,)


class Input(NamedTuple):
    """Something that is moved: what it is at each end, and how it is simulated."""

    name: str
    kind: str  # belief or lever
    ends: tuple[str, str]
    grade: str
    meaning: str
    source: str
    see: Callable[[int], Seen]


def tornado(
    scenario: Place | Loaded,
    target: str,
    *,
    outcome: str | None = None,
    draws: int = DRAWS,
    seed: int = runs.SEED,
    threads: int | None = None,
    settings: Sequence[str] = (),
    on_progress: OnProgress = lambda n_draw: None,
) -> xr.Dataset:
    """Find how far each belief and each lever moves an answer by itself.

    Parameters
    ----------
    scenario
        Name of a packaged scenario, path of a scenario file, or a loaded one.
    target
        Name of a target of it.
    outcome
        What achieving means; by default as the target is meant.
    draws, seed, threads, settings
        As of `run`.
    on_progress
        Called with numbers of draws, of `simulated(scenario, target, draws)`.

    Returns
    -------
    found
        As `estimate.moves` gives it, and by input its `kind`, `meaning`, `source`,
        and what it is at `low` and at `high`. By `lever`, those that were left where
        they are, the reason `why`.

    Raises
    ------
    SimulatorError
        Where what is asked cannot be used.
    """
    runs.check(draws, seed, threads)
    loaded = runs.load(scenario, settings)
    asked = _with_one_target(loaded.scenario, target)
    outcome = _outcome(asked.targets[0], outcome)
    work = _Work(population_of(loaded), outcome, draws, threads, on_progress)
    job = prepare.prepare_counts(asked, work.population, seed)
    base = work.see(job, Stream)
    named, seen = [], []
    moved = levers(loaded, asked)
    for one in _inputs(loaded, asked, moved, job, work):
        named.append(one)
        seen.append((one.see(0), one.see(1)))
    found = moves(
        base.achieved,
        base.delivered,
        np.stack([[low.achieved, high.achieved] for low, high in seen]),
        np.stack([[low.delivered, high.delivered] for low, high in seen]),
        [one.name for one in named],
        [one.grade for one in named],
    )
    for name in ("kind", "meaning", "source"):
        found[name] = "input", [getattr(one, name) for one in named]
    for k, end in enumerate(("low", "high")):
        found[end] = "input", [one.ends[k] for one in named]
    rest = left_out(asked, moved)
    found["why"] = LEVER, list(rest.values())
    found[LEVER] = list(rest)
    return found.assign_attrs(
        title=asked.title, target=target, outcome=outcome, draws=draws, seed=seed
    ).sortby(abs(found["swing"]), ascending=False)


def simulated(loaded: Loaded, target: str, draws: int) -> int:
    """Count the draws that `tornado` simulates in all."""
    asked = _with_one_target(loaded.scenario, target)
    n_input = len(_beliefs(asked)) + len(levers(loaded, asked))
    return (1 + 2 * n_input) * draws


class _Work(NamedTuple):
    """Of whom, of what and how to simulate."""

    population: Population
    outcome: str
    draws: int
    threads: int | None
    on_progress: OnProgress

    def see(self, job: Job, stream: Callable[[int, int, int], Stream]) -> Seen:
        """Simulate, and keep what is asked about."""
        row = OUTCOMES.index(self.outcome)
        achieved, delivered = list[NDArray[np.bool_]](), list[Floats]()

        def add(shard: Shard) -> None:
            achieved.append(shard.achieved[0, row].astype(bool))
            delivered.append(_delivered(shard, self.outcome))

        blocks.simulate(
            job,
            self.draws,
            threads=self.threads,
            stream=stream,
            on_shard=add,
            on_progress=self.on_progress,
        )
        return Seen(np.concatenate(achieved), np.concatenate(delivered))


def _delivered(shard: Shard, outcome: str) -> Floats:
    """Give the mean rate that was delivered, or the last year's balance: (draw,)."""
    of_target = shard.sector[:, 0]
    results = dict(zip(GROUP_RESULTS, of_target, strict=True))
    if outcome in PRODUCTIVITIES:
        return np.asarray(results[outcome].mean(axis=0))
    if not OF_NAME[outcome].falls:
        return np.asarray(results["balance"][-1])
    saved = results["recurrent"]
    if outcome == "any_means":
        saved = saved + results["nonrecurrent"]
    return np.asarray(saved.sum(axis=0) / results["cost_before"].sum(axis=0))


# --- what is moved --------------------------------------------------------------------


def _beliefs(scenario: Scenario) -> list[str]:
    """Name the beliefs that are uncertain and move a result."""
    if scenario.beliefs != PRIOR:
        raise ScenarioError(
            "beliefs",
            "given the record are drawn together, and cannot be moved one by one",
            'set beliefs = "prior"',
        )
    unread = idle.unread(scenario)
    named = [
        path
        for path, assumption in uncertain(scenario).items()
        if not assumption.is_certain and path not in unread
    ]
    for name, programme in scenario.programmes.items():
        if programme.enabled and 0.0 < programme.probability < 1.0:
            named.append(f"programmes.{name}.happens")
    return named


def _inputs(
    loaded: Loaded,
    scenario: Scenario,
    moved: Sequence[Lever],
    job: Job,
    work: _Work,
) -> Iterator[Input]:
    known = uncertain(scenario)
    for path in _beliefs(scenario):
        # Whether a programme happens rests on what its probability rests on.
        origin = loaded.origins.get(path.replace(".happens", ".probability"))
        ends = ("never", "surely")
        if path in known:
            low, high = (
                known[path].quantile(np.full(1, level), np.full(1, end))[0]  # type: ignore[union-attr]
                for level, end in zip(LEVELS, ENDS, strict=True)
            )
            ends = (f"{low:.3g}", f"{high:.3g}")
        grade, source = (origin.grade, origin.source) if origin else ("", "")
        see = _held(path, job, work)
        yield Input(path, "belief", ends, grade, _meaning(path), source, see)
    for one in moved:
        see = _switched(one, scenario, job, work)
        yield Input(
            one.name, "lever", one.ends, one.grade, one.meaning, one.source, see
        )


def _held(path: str, job: Job, work: _Work) -> Callable[[int], Seen]:
    def see(end: int) -> Seen:
        def stream(seed: int, first_draw: int, n_draw: int) -> Stream:
            return Held(seed, first_draw, n_draw, path, end)

        return work.see(job, stream)

    return see


def _switched(
    lever: Lever, scenario: Scenario, job: Job, work: _Work
) -> Callable[[int], Seen]:
    def see(end: int) -> Seen:
        changed = with_values(scenario, lever.values[end])
        rates = job.plan.rate  # a rate that was solved for stays as it was
        made = prepare.prepare_counts(changed, work.population, job.seed, rates)
        return work.see(made, Stream)

    return see


def _meaning(path: str) -> str:
    entry = evidence.default_entry(path)
    return "" if entry is None else entry.meaning


# --- what is asked --------------------------------------------------------------------


def _with_one_target(scenario: Scenario, name: str) -> Scenario:
    own = {target.name: target for target in scenario.targets}
    if name not in own:
        problem = f"{scenario.name} has no target {quote(name)}"
        raise ScenarioError("target", problem, nearest(name, own))
    return scenario.model_copy(update={"targets": (own[name],)})


def _outcome(target: Target, outcome: str | None) -> str:
    if outcome is not None and outcome not in OUTCOMES:
        problem = f"{quote(outcome)} is not an outcome"
        raise ScenarioError("outcome", problem, nearest(outcome, OUTCOMES))
    return outcome or HEADLINE_OUTCOME[target.basis]
