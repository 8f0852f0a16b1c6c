"""The runs that are compared: files opened, scenarios simulated as those were."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Final

import xarray as xr

from simulator.answers.compare import paired, simulated
from simulator.answers.compare.paired import GROUPS, PairedRun
from simulator.errors import ScenarioError
from simulator.runfile import store
from simulator.running import runs
from simulator.scenario.packaged import is_run_file
from simulator.types import OnProgress, Place

Run = xr.DataTree | Place
Progress = Callable[[int, str], AbstractContextManager[OnProgress]]

TREE: Final = "run"  # what a run is called that has no file


def _unseen(draws: int, name: str) -> AbstractContextManager[OnProgress]:
    return nullcontext(lambda n_draw: None)


def gathered(
    of: Sequence[Run],
    *,
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    by_unit: bool = True,
    progress: Progress = _unseen,
) -> list[PairedRun]:
    """Open run files, and simulate scenarios as those were, each with its own name.

    Parameters
    ----------
    of
        Runs, run files, and scenarios by name or path.
    draws, seed, threads
        Of scenarios; draws and seed by default those of the runs, else as of `run`.
    by_unit
        Whether to keep who achieves in a scenario: trusts, types and systems.
    progress
        Given the number of draws and a name: a context with what is called with the
        number of draws just finished.

    Raises
    ------
    ScenarioError
        Where draws or a seed are given, and nothing is simulated.
    """
    opened = {
        index: one if isinstance(one, xr.DataTree) else store.open_run(one, GROUPS)
        for index, one in enumerate(of)
        if isinstance(one, xr.DataTree) or is_run_file(one)
    }
    if len(opened) == len(of) and (draws is not None or seed is not None):
        raise ScenarioError(
            "--draws and --seed", "are for scenarios, not run files", "leave them out"
        )
    draws, seed = _as_run(opened, draws, seed)
    known: dict[str, PairedRun] = {}
    found: list[PairedRun] = []
    for index, one in enumerate(of):
        place = TREE if isinstance(one, xr.DataTree) else str(one)
        if index in opened:
            run = paired.of_tree(place, opened[index])
        elif place in known:
            run = known[place]
        else:
            with progress(draws, place) as on_progress:
                run = known[place] = simulated.side(
                    place,
                    draws=draws,
                    seed=seed,
                    threads=threads,
                    by_unit=by_unit,
                    on_progress=on_progress,
                )
        again = sum(other.name.split(" (")[0] == place for other in found)
        name = f"{place} ({again + 1})" if again else place
        found.append(replace(run, name=name))
    return found


def _as_run(
    opened: Mapping[int, xr.DataTree], draws: int | None, seed: int | None
) -> tuple[int, int]:
    """Choose what to simulate with: what is given, or what the runs were made with."""
    made = [tree.attrs for tree in opened.values()]
    if draws is None:
        draws = max([int(one["draws"]) for one in made], default=runs.DRAWS)
    if seed is None:
        seed = next((int(one["seed"]) for one in made), runs.SEED)
    return draws, seed
