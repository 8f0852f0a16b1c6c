"""What some charts need simulated beside the run: causes and beliefs."""

from collections.abc import Callable, Sequence

import xarray as xr

from simulator.answers.compare import paired
from simulator.answers.compare import simulate as comparing
from simulator.answers.compare.simulate import Comparison
from simulator.answers.uncertainty import simulate as uncertainty
from simulator.answers.uncertainty.simulate import Uncertainty
from simulator.answers.why import simulate as attributing
from simulator.answers.why.simulate import Explanation
from simulator.running import replay
from simulator.statistics.independence import need_independent

Done = Callable[[int], None]


def causes(run: xr.DataTree, target: str) -> attributing.Question:
    """Ask why a target of a run is missed."""
    found = replay.of_run(run)
    return attributing.ask([(found.scenario, found.population)], target)


def explained(
    run: xr.DataTree,
    question: attributing.Question,
    *,
    draws: int = attributing.DRAWS,
    threads: int | None = None,
    on_progress: Done = lambda n: None,
) -> Explanation:
    """Put what a target delivers down to causes, on the futures of the run.

    `on_progress` is called with numbers of sets of causes, of `len(question.sets)`.
    """
    seed = int(run.attrs["seed"])
    return attributing.answer(
        question, draws=draws, seed=seed, threads=threads, on_progress=on_progress
    )


def believed(
    run: xr.DataTree,
    target: str,
    *,
    draws: int = uncertainty.DRAWS,
    threads: int | None = None,
    on_progress: Done = lambda n: None,
) -> Uncertainty:
    """Split the uncertainty of a target of a run into beliefs and luck.

    `on_progress` is called with numbers of draws, of `uncertainty.simulated(draws)`.
    """
    found = replay.of_run(run)
    return uncertainty.split(
        found.scenario,
        found.population,
        draws=draws,
        seed=int(run.attrs["seed"]),
        threads=threads,
        target=target,
        on_progress=on_progress,
    )


def compared(named: Sequence[tuple[str, xr.DataTree]]) -> list[Comparison]:
    """Compare runs, each with what to call it, with the first of them."""
    for name, run in named:
        need_independent(run, name)
    return comparing.against_first(
        [paired.of_tree(name, run) for name, run in named], by_unit=False
    )
