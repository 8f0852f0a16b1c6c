"""`run()`: the one place where inputs, engine, store and provenance meet."""

import io
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import xarray as xr

from simulator import engine, inputs, preparation, provenance, results, store
from simulator.drivers import years
from simulator.engine import Job, Kept, Shard
from simulator.errors import RunFileError, ScenarioError
from simulator.inputs import Loaded
from simulator.schema import OUTCOMES, QUANTILES, TRUST_TYPES

DRAWS: Final = 10_000
SEED: Final = 2019
SAMPLE: Final = 100  # draws that keep="sample" keeps

Keep = Literal["none", "sample", "all"]


def run(
    scenario: str | Path | Loaded,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    threads: int | None = None,
    keep: Keep = "none",
    settings: Sequence[str] = (),
    output: str | Path | None = None,
    force: bool = False,
    done: Callable[[int], None] = lambda n_draw: None,
) -> xr.DataTree:
    """Simulate a scenario and give its results.

    Parameters
    ----------
    scenario
        Name of a packaged scenario, path of a scenario file, or a loaded scenario.
    draws
        Number of sampled futures.
    seed
        Key of the random numbers, 0 to 2**63 - 1. Two scenarios under one seed see the
        same futures.
    threads
        Number of threads; by default one for each processor. Moves no number.
    keep
        Whose trajectories to keep: of no draw, of the first 100, or of all.
    settings
        Changes to the scenario, as `--set` takes them: "demand.acute.trend=0.03".
    output
        Path of the run file to write; by default the run stays in memory.
    force
        Whether to replace a file that is there.
    done
        Called with the number of draws each finished block held.

    Returns
    -------
    tree
        What `open` gives of the run file: see docs/results-file.md.

    Raises
    ------
    SimulatorError
        Where the scenario, the population or the output cannot be used.
    """
    place: Path | io.BytesIO = io.BytesIO() if output is None else Path(output)
    write(
        load(scenario, settings),
        place,
        draws=draws,
        seed=seed,
        threads=threads,
        keep=keep,
        force=force,
        done=done,
    )
    return store.open_run(place)


def write(
    loaded: Loaded,
    place: Path | io.BytesIO,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    threads: int | None = None,
    keep: Keep = "none",
    force: bool = False,
    done: Callable[[int], None] = lambda n_draw: None,
) -> None:
    """Simulate a loaded scenario into a run file; parameters as of `run`."""
    began = time.perf_counter()
    _check_numbers(draws, seed, threads)
    if keep not in get_args(Keep):
        ways = ", ".join(repr(way) for way in get_args(Keep))
        raise ScenarioError("keep", f"{keep!r} is not a way to keep", f"give {ways}")
    if isinstance(place, Path):
        _check_place(place, force)
    population = inputs.load_population(loaded.scenario.population, loaded.folder)
    job = preparation.prepare(loaded.scenario, population, seed)
    kept = {"none": 0, "sample": min(SAMPLE, draws), "all": draws}[keep]
    threads = threads or os.cpu_count() or 1

    attributes = _attributes(loaded, job, draws)
    with store.RunWriter(place, _coordinates(job), draws, kept, attributes) as writer:
        for variable, values in results.of_inputs(job):
            writer.put(variable, values)
        for part in engine.simulate(job, draws, threads=threads, keep=kept, done=done):
            if isinstance(part, Shard):
                for variable, values in results.of_shard(part):
                    writer.put_draws(variable, values, part.first_draw)
            elif isinstance(part, Kept):
                for variable, values in results.of_kept(part):
                    writer.put_draws(variable, values, part.first_draw)
            else:
                for variable, values in results.of_tally(job, part, draws):
                    writer.put(variable, values)
                writer.note("/", {"guarded": part.guarded})
        made_from = provenance.of_run(loaded, population, seed, draws)
        seconds = time.perf_counter() - began
        writer.note("/provenance", made_from)
        writer.note("/provenance", provenance.of_machine(seconds, threads))


def load(scenario: str | Path | Loaded, settings: Sequence[str] = ()) -> Loaded:
    """Load a scenario by name or path, or take one that is loaded."""
    if isinstance(scenario, Loaded):
        if settings:
            raise ScenarioError(
                scenario.scenario.name,
                "is loaded already, so settings cannot be laid over it",
                "give the settings to load_scenario",
            )
        return scenario
    return inputs.load_scenario(scenario, settings)


def _check_numbers(draws: int, seed: int, threads: int | None) -> None:
    if draws < 1:
        raise ScenarioError(
            "draws", f"{draws} is not a number of draws", "give 1 or more"
        )
    if not 0 <= seed < 2**63:
        raise ScenarioError("seed", f"{seed} is out of range", "give 0 to 2**63 - 1")
    if threads is not None and threads < 1:
        raise ScenarioError("threads", f"{threads} is too few", "give 1 or more")


def _check_place(place: Path, force: bool) -> None:
    """Refuse a place before the work, not after it."""
    if place.is_dir():
        raise RunFileError(str(place), "is a folder", "give the path of a file")
    if place.exists() and not force:
        raise RunFileError(
            str(place), "is there already", "add --force to replace it, or -o another"
        )
    if not place.parent.is_dir():
        raise RunFileError(
            str(place), f"there is no folder {place.parent}", "make it, or -o another"
        )


def _coordinates(job: Job) -> dict[str, np.ndarray[Any, Any]]:
    return {
        "target": np.array([target.name for target in job.scenario.targets]),
        "trust": np.array(job.population.code),
        "trust_type": np.array(TRUST_TYPES),
        "system": np.array(job.population.system_names),
        "outcome": np.array(OUTCOMES),
        "year": np.array(list(years(job.scenario))),
        "quantile": np.array(QUANTILES),
    }


def _attributes(loaded: Loaded, job: Job, draws: int) -> dict[str, Any]:
    scenario = loaded.scenario
    return {
        "title": scenario.title,
        "scenario": scenario.name,
        "source": f"NHS efficiency scenario simulator {provenance.version()}",
        "draws": np.int64(draws),
        "seed": np.int64(job.seed),
        "population": job.population.name,
        "population_about": job.population.about,
        "notes": "\n".join(job.notes),
    }
