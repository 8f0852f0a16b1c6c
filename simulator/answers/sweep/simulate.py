"""A scenario simulated at every point of a sweep, on the same futures at all of them.

What a point comes to is written down as soon as it is known, a line a point, so that a
sweep that was stopped goes on where it stood.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
import xarray as xr

from simulator.answers.sweep import points
from simulator.answers.sweep.points import Vary
from simulator.engine import blocks
from simulator.engine.shards import Shard
from simulator.errors import RunFileError, ScenarioError
from simulator.files import places, whole
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.messages import nearest, quote
from simulator.runfile import sweeps
from simulator.runfile.sweeps import POINT
from simulator.running import prepare, provenance, runs
from simulator.scenario.fitting import population_of
from simulator.scenario.load import Loaded, load_scenario
from simulator.schema import CONFIDENCE, OUTCOMES
from simulator.statistics.intervals import wilson
from simulator.types import Floats, OnProgress, Place

DRAWS: Final = 1_000
TARGET, OUTCOME = "target", "outcome"
# Of the sector, beside its chances: means over draws, of years or of the last one.
MEANS: Final = ("cash_releasing", "measured", "balance")
BEGUN: Final = ".begun"


def sweep(
    scenario: Place,
    vary: Sequence[str],
    output: Place | None = None,
    *,
    latin: int | None = None,
    draws: int = DRAWS,
    seed: int = runs.SEED,
    threads: int | None = None,
    settings: Sequence[str] = (),
    resume: bool = False,
    force: bool = False,
    on_progress: OnProgress = lambda n_draw: None,
) -> xr.Dataset:
    """Simulate a scenario over a range of levers and beliefs.

    Parameters
    ----------
    scenario
        Name of a packaged scenario, or path of a scenario file.
    vary
        What is varied, each `KEY=LOW:HIGH:N`: a key as `settings` has it, and N values
        evenly from one to the other. What is believed of it is overruled.
    output
        netCDF-4 file to write; by default none.
    latin
        Number of points of a Latin hypercube; by default every value with every other.
    draws, seed, threads, settings
        As of `run`. All points see the same futures.
    resume
        Whether to go on with a sweep of this output that was stopped.
    force
        Whether to replace a file that is there.
    on_progress
        Called with numbers of draws.

    Returns
    -------
    found
        A dimension for each key that is varied, named as it is with `__` for a dot (of
        a hypercube one of points, with their values), and target and outcome.
        `probability` that the sector achieves, with `_low` and `_high`; `achieved`,
        draws; and by target, mean over draws with the standard `_error`:
        `cash_releasing` and `measured`, rates a year, and `balance` of the last year,
        GBP m. `rate` by target, of the first point: balancing items are solved anew at
        each.

    Raises
    ------
    SimulatorError
        Where what is asked cannot be used, before anything is simulated.
    """
    runs.check(draws, seed, threads)
    varied = points.read(vary)
    values = points.grid(varied) if latin is None else points.latin(varied, latin, seed)
    at = [_settings(settings, varied, point) for point in values]
    # Both ends are tried first: a value that a key cannot have is said at once.
    for one in (at[0], at[-1]):
        load_scenario(scenario, one)
    base = load_scenario(scenario, settings)
    identity = _identity(base, varied, values, draws, seed)

    def simulated(some: Sequence[Sequence[str]]) -> Iterator[dict[str, Any]]:
        return (_row(scenario, one, draws, seed, threads, on_progress) for one in some)

    def gathered(rows: Sequence[dict[str, Any]]) -> xr.Dataset:
        return _gathered(base, varied, values, rows, identity, latin is not None)

    if output is None:
        return gathered(list(simulated(at)))
    place = Path(output)
    places.check(place, force=force)
    rows = _written(place, identity, resume)
    on_progress(len(rows) * draws)
    rows = _write(place, identity, rows, simulated(at[len(rows) :]))
    found = gathered(rows)
    with whole.begun(place) as path:
        found.to_netcdf(path, engine="h5netcdf")
    _begun(place).unlink()
    return found


def number_of(vary: Sequence[str], latin: int | None) -> int:
    """Count the points of a sweep."""
    varied = points.read(vary)
    return len(points.grid(varied)) if latin is None else latin


# --- one point ------------------------------------------------------------------------


def _settings(given: Sequence[str], varied: Sequence[Vary], point: Floats) -> list[str]:
    own = [
        f"{one.key}={float(value)!r}" for one, value in zip(varied, point, strict=True)
    ]
    return [*given, *own]


def _row(
    scenario: Place,
    settings: Sequence[str],
    draws: int,
    seed: int,
    threads: int | None,
    on_progress: OnProgress,
) -> dict[str, Any]:
    """Simulate one point: counts by target and outcome, means by target."""
    loaded = load_scenario(scenario, settings)
    job = prepare.prepare_counts(loaded.scenario, population_of(loaded), seed)
    results: list[Floats] = []
    tally = blocks.simulate(
        job,
        draws,
        threads=threads,
        on_shard=lambda shard: results.append(_means(shard)),
        on_progress=on_progress,
    )
    by_draw = np.concatenate(results, axis=-1)
    return {
        "achieved": tally.sector.tolist(),
        "mean": by_draw.mean(axis=-1).tolist(),
        "error": (by_draw.std(axis=-1, ddof=1) / np.sqrt(draws)).tolist(),
        "rate": job.plan.rate.mean(axis=1).tolist(),
    }


def _means(shard: Shard) -> Floats:
    """Give what means are taken of, in the order of `MEANS`: (mean, target, draw)."""
    sector = dict(zip(GROUP_RESULTS, shard.sector, strict=True))
    return np.stack(
        [
            sector["cash_releasing"].mean(axis=1),
            sector["measured"].mean(axis=1),
            sector["balance"][:, -1],
        ]
    )


# --- what was written -----------------------------------------------------------------


def _identity(
    loaded: Loaded, varied: Sequence[Vary], values: Floats, draws: int, seed: int
) -> dict[str, str]:
    """Say what a sweep is made from; equal sweeps go on from each other."""
    made = provenance.of_run(loaded, population_of(loaded), seed, draws)
    keys = ("scenario_digest", "population_digest", "kernel_digest", "seed", "draws")
    return {
        **{key: made[key] for key in (*keys, "simulator_version", "scenario_resolved")},
        "vary": " ".join(one.written for one in varied),
        sweeps.DIGEST: sweeps.points_digest(values),
    }


def _begun(place: Path) -> Path:
    return place.with_name(f"{place.name}{BEGUN}")


def _write(
    place: Path,
    identity: dict[str, str],
    before: Sequence[dict[str, Any]],
    coming: Iterable[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Write each point down as it comes; give all of them."""
    rows = list(before)

    def put(file: TextIO, what: dict[str, Any]) -> None:
        file.write(json.dumps(what) + "\n")
        file.flush()
        os.fsync(file.fileno())  # it outlives whatever ends the sweep

    is_new = places.kind(_begun(place)) is None
    with _begun(place).open("a", encoding="utf-8") as file:
        if is_new:
            put(file, identity)
        for row in coming:
            rows.append(row)
            put(file, row)
    return rows


def _written(place: Path, identity: dict[str, str], resume: bool) -> list[Any]:
    """Read the points of a sweep that was stopped; a line cut short is done again."""
    begun = _begun(place)
    if places.kind(begun) is None:
        return []
    if not resume:
        raise RunFileError(
            str(begun),
            "is there: a sweep of this output was stopped",
            "add --resume to go on with it, or delete it",
        )
    if places.kind(begun) != "file":
        raise RunFileError(str(begun), "is no regular file", "move it away")
    lines = begun.read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines[:-1]]  # the last is empty, or cut short
    if not rows or rows[0] != identity:
        raise RunFileError(
            str(begun),
            "is of another sweep: scenario, points, draws, seed or version differ",
            "delete it, or -o another",
        )
    kept = "".join(f"{line}\n" for line in lines[:-1])
    begun.write_text(kept, encoding="utf-8")
    return rows[1:]


# --- the file -------------------------------------------------------------------------


def _gathered(
    loaded: Loaded,
    varied: Sequence[Vary],
    values: Floats,
    rows: Sequence[dict[str, Any]],
    identity: dict[str, str],
    is_latin: bool,
) -> xr.Dataset:
    draws = int(identity["draws"])
    names = [one.key.replace(".", "__") for one in varied]
    targets = [target.name for target in loaded.scenario.targets]
    dims, shape = ([POINT], [len(values)]) if is_latin else (names, _shape(varied))
    coords: dict[str, Any] = {TARGET: targets, OUTCOME: list(OUTCOMES)}
    for k, (name, one) in enumerate(zip(names, varied, strict=True)):
        along = values[:, k] if is_latin else np.linspace(one.low, one.high, one.number)
        named = {"long_name": one.key}
        coords[name] = (POINT if is_latin else name, along, named)
    achieved = np.array([row["achieved"] for row in rows], dtype=np.int64)
    low, high = wilson(achieved, draws, CONFIDENCE)
    found = xr.Dataset(coords=coords)

    def put(name: str, array: Any, units: str, *more: str) -> None:
        own = np.asarray(array)
        laid = own.reshape(*shape, *own.shape[1:])
        found[name] = (*dims, *more), laid, {"units": units}

    put("achieved", achieved, "1", TARGET, OUTCOME)
    for name, part in (
        ("probability", achieved / draws),
        ("probability_low", low),
        ("probability_high", high),
    ):
        put(name, part, "1", TARGET, OUTCOME)
    for k, name in enumerate(MEANS):
        units = "GBP m" if name == "balance" else "1"
        put(name, [row["mean"][k] for row in rows], units, TARGET)
        put(f"{name}_error", [row["error"][k] for row in rows], units, TARGET)
    put("rate", [row["rate"] for row in rows], "1", TARGET)
    return found.assign_attrs(
        title=loaded.scenario.title,
        scenario=loaded.scenario.name,
        confidence=CONFIDENCE,
        points=len(values),
        **identity | {"draws": draws, "seed": int(identity["seed"])},
    )


def _shape(varied: Sequence[Vary]) -> list[int]:
    return [one.number for one in varied]


def chosen_target(loaded: Loaded, target: str | None) -> str:
    """Name the target to show: that asked for, or the first."""
    return _among([one.name for one in loaded.scenario.targets], target)


def chosen(found: xr.Dataset, target: str | None) -> str:
    """Name the target of a sweep to show: that asked for, or the first."""
    return _among([str(name) for name in found[TARGET].values], target)


def _among(names: Sequence[str], target: str | None) -> str:
    if target is not None and target not in names:
        problem = f"there is no target {quote(target)}"
        raise ScenarioError("target", problem, nearest(target, names))
    return target or names[0]


def each(found: xr.Dataset) -> Iterator[xr.Dataset]:
    """Take the points one by one, the last key fastest."""
    dims = [dim for dim in found.dims if dim not in (TARGET, OUTCOME)]
    for index in np.ndindex(*(found.sizes[dim] for dim in dims)):
        yield found.isel(dict(zip(dims, index, strict=True)))
