"""`run()`: from a scenario to a run file, or to the same tree in memory."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, get_args

import xarray as xr

from simulator.errors import RunFileError, ScenarioError
from simulator.files import places
from simulator.kernel.tables import Successes, Tally
from simulator.runfile import parts, store, untrusted
from simulator.running import assemble, executing, second, stopping
from simulator.running.assemble import PLAIN, FillParts, Keep, Sampling, Work
from simulator.running.counting import Enough
from simulator.running.second import Choice
from simulator.scenario.fitting import population_of
from simulator.scenario.load import Loaded, load_scenario
from simulator.scenario.model import Scenario
from simulator.scenario.values import PRIOR
from simulator.types import OnProgress, Place

DRAWS: Final = 10_000
EVEN_DRAWS: Final = 2**14
MOST_DRAWS: Final = 10_000_000  # that a wished precision may take
LAST_DRAW: Final = 10**12  # more would take a hundred machines a month
MOST_THREADS: Final = 1024  # each holds a block of draws in memory
SEED: Final = 2019


def run(
    scenario: Place | Loaded,
    *,
    draws: int | None = None,
    seed: int = SEED,
    threads: int | None = None,
    keep: Keep = "none",
    settings: Sequence[str] = (),
    sampling: Sampling = PLAIN,
    precision: float | None = None,
    output: Place | None = None,
    force: bool = False,
    resume: bool = False,
    record: bool = True,
    executor: Any = None,
    on_progress: OnProgress = lambda n_draw: None,
) -> xr.DataTree:
    """Simulate a scenario and give its results.

    Parameters
    ----------
    scenario
        Name of a packaged scenario, path of a scenario file, or a loaded scenario.
    draws
        Number of sampled futures, by default 10,000; with `precision` the most.
    seed
        Key of the random numbers, 0 to 2**63 - 1. Two scenarios under one seed see the
        same futures.
    threads
        Number of threads; by default one for each processor. Moves no number.
    keep
        Whose trajectories to keep: of no draw, of the first 100, or of all. "counts"
        keeps not even the sector's draws: some MB for any number of draws.
    settings
        Changes to the scenario, as `--set` takes them: "demand.acute.trend=0.03".
    sampling
        "plain", independent draws; or "rqmc", 16 replicates of evenly spread draws,
        which know means and shares of trusts better: `draws` is then 16 times a
        power of two, by default 16,384.
    precision
        Half-width of the 95% interval that every headline probability is to reach:
        the run goes on until it does.
    output
        Path of the run file to write; by default the run stays in memory.
    force
        Whether to replace a run file that is there.
    resume
        Whether to go on with this very run, if it was begun and not finished.
    record
        Whether to count beside it who achieves in the same futures given the record
        of published years, where a packaged table of beliefs allows it.
    executor
        What computes the parts of a long run into `output`: an executor of
        `concurrent.futures`, or a client of Dask; `threads` is then of each worker.
    on_progress
        Called with the number of draws that were just finished.

    Returns
    -------
    tree
        What `open` gives of the run file: see docs/results-file.md.

    Raises
    ------
    SimulatorError
        Where the scenario, the population or the output cannot be used.
    """
    loaded = load(scenario, settings)
    how: dict[str, Any] = {"draws": draws, "seed": seed, "threads": threads}
    how |= {"keep": keep, "sampling": sampling, "precision": precision}
    how |= {"record": record, "on_progress": on_progress}
    if output is not None:
        place = Path(output)
        write(loaded, place, force=force, resume=resume, executor=executor, **how)
        return store.open_run(output, trusted=True)
    if executor is not None:
        raise ScenarioError("executor", "makes a run file", "give its path as output")
    began = time.perf_counter()
    work, stops, enough = prepared(loaded, **how)
    return assemble.in_memory(work, stops, enough, began)


def write(
    loaded: Loaded,
    place: Path,
    *,
    draws: int | None = None,
    seed: int = SEED,
    threads: int | None = None,
    keep: Keep = "none",
    sampling: Sampling = PLAIN,
    precision: float | None = None,
    force: bool = False,
    resume: bool = False,
    record: bool = True,
    executor: Any = None,
    on_progress: OnProgress = lambda n_draw: None,
    part: int | None = None,
) -> None:
    """Simulate a loaded scenario into a run file; parameters as of `run`.

    `part` is the number of draws of a part, by default some 20 seconds' work.
    """
    began = time.perf_counter()
    check_place(place, force)
    work, stops, enough = prepared(
        loaded, draws, seed, threads, keep, sampling, precision, record, on_progress
    )
    if precision is None:
        stops = assemble.stops_from(work.job, 0, stops[-1], part, work.replicate)
    asked = {"draws": str(stops[-1]), "precision": str(precision)}
    with parts.claimed(
        place, work.made_from() | asked, resume=resume, force=force, replaces=force
    ) as folder:
        if not (resume and folder.put_in_place()):
            fill_parts = on_executor(executor, threads)
            assemble.fill(folder, work, [], 0, stops, enough, began, fill_parts)


def prepared(
    loaded: Loaded,
    draws: int | None,
    seed: int,
    threads: int | None,
    keep: Keep,
    sampling: Sampling,
    precision: float | None,
    record: bool,
    on_progress: OnProgress,
) -> tuple[Work, list[int], Enough]:
    """Check what is asked and prepare it: the work, where to look, and for what."""
    usual = DRAWS if sampling == PLAIN else EVEN_DRAWS
    most = draws or (usual if precision is None else MOST_DRAWS)
    check_sampling(sampling, precision)
    check(most if draws is None else draws, seed, threads, keep, precision)
    if precision is not None:
        stopping.check(loaded.scenario, precision)
    if sampling != PLAIN and loaded.scenario.beliefs != PRIOR:
        raise ScenarioError(
            "sampling",
            "rows of a table of beliefs cannot be spread evenly",
            f"give {PLAIN}, or beliefs = {PRIOR!r}",
        )
    work = assemble.prepared(
        loaded,
        population_of(loaded),
        seed,
        keep,
        threads,
        on_progress,
        sampling=sampling,
        draws=most,
        precision=precision,
        record=second_answer(loaded.scenario, sampling, record),
    )

    def enough(tally: Tally | Successes, n: int) -> bool:
        return precision is not None and stopping.reached(
            work.job.scenario, tally, n, precision
        )

    return work, [most] if precision is None else stopping.stops(most), enough


def on_executor(executor: Any, threads: int | None) -> FillParts | None:
    """Have parts made by an executor, if there is one."""
    return executor and partial(executing.fill_parts, executor, threads)


def never(tally: Tally | Successes, n: int) -> bool:
    """Go on to the last stop."""
    return False


def second_answer(scenario: Scenario, sampling: Sampling, record: bool) -> Choice:
    """Choose the table of a run's second answer, or say why there is none."""
    if not record:
        return assemble.NOT_ASKED
    if sampling != PLAIN:
        return Choice("", "rows of a table of beliefs cannot be spread evenly")
    return second.choose(scenario)


def load(scenario: Place | Loaded, settings: Sequence[str] = ()) -> Loaded:
    """Load a scenario by name or path, or take one that is loaded."""
    if isinstance(scenario, Loaded):
        if settings:
            raise ScenarioError(
                scenario.scenario.name,
                "is loaded already, so settings cannot be laid over it",
                "give the settings to load_scenario",
            )
        return scenario
    return load_scenario(scenario, settings)


def check(
    draws: int,
    seed: int,
    threads: int | None,
    keep: str = "none",
    precision: float | None = None,
) -> None:
    """Refuse numbers that no run can have."""
    if not 1 <= draws <= LAST_DRAW:
        raise ScenarioError(
            "draws", f"{draws} is out of range", f"give 1 to {LAST_DRAW:,}"
        )
    if not 0 <= seed < 2**63:
        raise ScenarioError("seed", f"{seed} is out of range", "give 0 to 2**63 - 1")
    check_threads(threads)
    if keep not in get_args(Keep):
        ways = ", ".join(repr(way) for way in get_args(Keep))
        raise ScenarioError("keep", f"{keep!r} is not a way to keep", f"give {ways}")
    if precision is not None and not 0.0 < precision < 0.5:
        raise ScenarioError(
            "precision",
            f"{precision} is not the half-width of a probability's interval",
            "give a fraction such as 0.005, half a point",
        )


def check_threads(threads: int | None) -> None:
    """Refuse a number of threads that no machine has."""
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        remedy = f"give 1 to {MOST_THREADS:,}"
        raise ScenarioError("threads", f"{threads} is out of range", remedy)


def check_sampling(sampling: str, precision: float | None) -> None:
    """Refuse a way to sample that there is not, or that does not fit."""
    if sampling not in get_args(Sampling):
        ways = ", ".join(repr(way) for way in get_args(Sampling))
        raise ScenarioError(
            "sampling", f"{sampling!r} is not a way to sample", f"give {ways}"
        )
    if sampling != PLAIN and precision is not None:
        raise ScenarioError(
            "sampling",
            "the number of evenly spread draws must be known in advance, so that a "
            "precision cannot be waited for",
            "give draws instead",
        )


def check_place(place: Path, force: bool, sources: Sequence[Path] = ()) -> None:
    """Refuse a place before the work, as `places.check`; a run replaces runs alone."""
    places.check(place, force=force, sources=sources)
    if places.kind(place) is not None:
        try:
            untrusted.recognise(place)
        except RunFileError as error:
            raise RunFileError(
                str(place),
                "is no run file of ours, and is not replaced",
                "-o another, or delete it first",
            ) from error
