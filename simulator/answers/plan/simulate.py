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

from simulator.answers.headline.estimate import PROBABILITIES
from simulator.answers.plan.costs import file_of, memory_of, seconds_of
from simulator.answers.plan.pilot import pilot
from simulator.errors import ScenarioError
from simulator.runfile import store
from simulator.running import assemble, runs, stopping
from simulator.running.assemble import Keep
from simulator.scenario.fitting import population_of
from simulator.scenario.load import Loaded
from simulator.schema import CONFIDENCE
from simulator.statistics.intervals import wilson
from simulator.types import OnStep, Place

MOST_TARGETS: Final = 1000
# A run that would take longer, or more of the disk, is not begun without a word.
LONG: Final = 3600.0  # seconds
LARGE: Final = 100e9  # bytes
# Trust-years, over all targets, that every machine computes, or keeps, in less.
QUICK: Final = 10**9


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
    scenario: Place | Loaded,
    *,
    draws: int | None = None,
    precision: float = 0.005,
    targets: int | None = None,
    keep: Keep = "none",
    seed: int = runs.SEED,
    threads: int | None = None,
    settings: tuple[str, ...] = (),
    on_step: OnStep = lambda words: None,
) -> Forecast:
    """Predict what a run takes, from a second's pilot on this machine.

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
    on_step
        Called with what is being done, in a few words.
    """
    draws = runs.DRAWS if draws is None else draws
    runs.check(draws, seed, threads, keep, precision)
    loaded = _with_targets(runs.load(scenario, settings), targets)
    found = pilot(loaded, draws, seed, keep, threads, on_step)
    asked = loaded.scenario
    needs = tuple(_needs(found.answer, precision))
    parts = assemble.stops_from(found.work.job, 0, draws, None)
    enough = max(need.draws for need in needs)
    stops = stopping.stops(runs.MOST_DRAWS)
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


def check_size(loaded: Loaded, draws: int, *, keep: Keep, threads: int | None) -> None:
    """Refuse a run that would take hours, or much of the disk, and say how much.

    Raises
    ------
    ScenarioError
        With what a pilot on this machine predicts.
    """
    asked = loaded.scenario
    n_trust = len(population_of(loaded))
    if draws * n_trust * asked.years * len(asked.targets) <= QUICK:
        return
    found = plan(loaded, draws=draws, keep=keep, threads=threads)
    _refuse_much(draws, found.seconds, found.file)


def check_longer(place: Path, draws: int) -> None:
    """Refuse to add draws to a run file where that would take hours, as `check_size`.

    What the draws took that it has is carried forward: of many draws, as the start
    would count among those of few.
    """
    with store.open_run(place, ("/", "/provenance")) as tree:
        sizes = tree.sizes
        if draws * sizes["trust"] * sizes["target"] * sizes["year"] <= QUICK:
            return
        times = max(draws / int(tree.attrs["draws"]), 1.0)
        seconds = float(tree["provenance"].attrs["seconds"])
    _refuse_much(draws, (times - 1.0) * seconds, int(times * place.stat().st_size))


def _refuse_much(draws: int, seconds: float, size: int) -> None:
    if seconds > LONG or size > LARGE:
        hours = f"{seconds / 3600:,.1f} hours"
        raise ScenarioError(
            "draws",
            f"{draws:,} would take about {hours} and {size / 1e9:,.1f} GB of disk",
            "ask for fewer, or add --yes to begin",
        )


def _with_targets(loaded: Loaded, n: int | None) -> Loaded:
    """Take the first n targets, over and over if there are fewer."""
    if n is None:
        return loaded
    if not 1 <= n <= MOST_TARGETS:
        remedy = f"give 1 to {MOST_TARGETS:,}"
        raise ScenarioError("targets", f"{n} is out of range", remedy)
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
