"""What a run will take, before it is run: draws, seconds, memory and disk.

Nothing is guessed: a short run of the same scenario, on the machine and threads that
the run is to use, shows what a draw and what a file cost. What comes draw by draw is
then counted; what is compressed, and how long it all takes, is carried forward.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import xarray as xr

from simulator.analysis.intervals import wilson
from simulator.errors import ScenarioError
from simulator.inputs import Loaded
from simulator.questions.costs import file_of, memory_of, seconds_of
from simulator.questions.pilot import pilot
from simulator.running import assembly, checkpoints, runs
from simulator.running.assembly import Keep
from simulator.schema import CONFIDENCE

# Of the headline, in its order.
PROBABILITIES: Final = ("sector", "median_trust", "balance", "sustained")


@dataclass(frozen=True)
class Need:
    """Draws that one headline probability needs for a half-width.

    `draws` at the pilot's estimate; `most` at the value within its interval that
    needs most.
    """

    target: str
    of: str
    probability: float
    low: float
    high: float
    draws: int
    most: int


@dataclass(frozen=True)
class Forecast:
    """What a run is predicted to take; bytes, seconds and draws."""

    title: str
    targets: int
    trusts: int
    years: int
    draws: int
    threads: int
    keep: str
    seconds: float
    memory: int
    file: int
    parts: int
    pilot_draws: int
    precision: float
    worst_case: int  # draws that any probability at all needs at most
    needs: tuple[Need, ...]  # by target, then as of `PROBABILITIES`
    stops_at: int  # where a run with this precision would stop


def plan(
    scenario: str | Path | Loaded,
    *,
    draws: int | None = None,
    precision: float = 0.005,
    targets: int | None = None,
    keep: Keep = "none",
    seed: int = runs.SEED,
    threads: int | None = None,
    settings: tuple[str, ...] = (),
) -> Forecast:
    """Predict what a run takes, from a few seconds' pilot on this machine.

    Parameters
    ----------
    scenario, seed, threads, keep, settings
        As of `run`.
    draws
        Number of draws to plan for; by default 10,000.
    precision
        Half-width that the 95% interval of a headline probability is to have.
    targets
        Number of targets to plan for, those of the scenario over and over; by default
        its own.
    """
    draws = runs.DRAWS if draws is None else draws
    runs.check(draws, seed, threads, keep, precision)
    loaded = _with_targets(runs.load(scenario, settings), targets)
    found = pilot(loaded, draws, seed, keep, threads)
    asked = loaded.scenario
    needs = tuple(_needs(found.answer, precision))
    parts = assembly.stops_from(found.work.job, 0, draws, None)
    enough = max(need.draws for need in needs)
    stops = checkpoints.stops(runs.MOST_DRAWS)
    return Forecast(
        title=asked.title,
        targets=len(asked.targets),
        trusts=len(found.work.population),
        years=asked.years,
        draws=draws,
        threads=found.work.threads,
        keep=keep,
        seconds=seconds_of(found, draws, len(parts)),
        memory=memory_of(found, draws, len(parts)),
        file=file_of(found, draws),
        parts=len(parts),
        pilot_draws=found.draws[1],
        precision=precision,
        worst_case=draws_for(0.5, precision),
        needs=needs,
        stops_at=next((n for n in stops if n >= enough), stops[-1]),
    )


def _with_targets(loaded: Loaded, n: int | None) -> Loaded:
    """Take the first n targets, over and over if there are fewer."""
    if n is None:
        return loaded
    if n < 1:
        raise ScenarioError("targets", f"{n} is too few", "give 1 or more")
    had = loaded.scenario.targets
    repeated = tuple(
        target.model_copy(update={"name": f"{target.name} ({index // len(had) + 1})"})
        if index >= len(had)
        else target
        for index, target in enumerate(islice(cycle(had), n))
    )
    scenario = loaded.scenario.model_copy(update={"targets": repeated})
    origins = {
        path: origin
        for path, origin in loaded.origins.items()
        if not path.startswith("targets.")
    }
    for index in range(n):
        start = f"targets.{index % len(had)}."
        for path, origin in loaded.origins.items():
            if path.startswith(start):
                origins[f"targets.{index}.{path.removeprefix(start)}"] = origin
    tree = scenario.plain()
    return replace(loaded, scenario=scenario, tree=tree, origins=origins)


# --- draws ----------------------------------------------------------------------------


def draws_for(probability: float, half_width: float) -> int:
    """Find the fewest draws whose Wilson interval has a half-width.

    Examples
    --------
    >>> draws_for(0.5, 0.005)
    38411
    """
    low, high = 1, 1
    while _half_width(probability, high) > half_width:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        wide = _half_width(probability, middle) > half_width
        low, high = (middle, high) if wide else (low, middle)
    return high


def _half_width(probability: float, draws: int) -> float:
    low, high = wilson(probability * draws, draws, CONFIDENCE)
    return float(high - low) / 2.0


def _needs(answer: xr.Dataset, precision: float) -> Iterator[Need]:
    """Say how many draws each headline probability needs."""
    for target in answer["target"].values:
        row = answer.sel(target=target)
        for name in PROBABILITIES:
            estimate, low, high = (
                float(row[f"{name}_probability{end}"]) for end in ("", "_low", "_high")
            )
            worst = min(max(0.5, low), high)  # of those in the interval
            yield Need(
                str(target),
                name,
                estimate,
                low,
                high,
                draws_for(estimate, precision),
                draws_for(worst, precision),
            )
