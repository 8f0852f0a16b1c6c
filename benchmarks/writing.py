"""How fast a run file is written, beside h5py alone: python -m benchmarks.writing.

First the plain comparison, the same bytes in the same chunks: ours gets what the engine
hands on and hashes it; h5py gets ready arrays, once for the same file and once for
nothing but the arrays. Then whole runs as they are at a terminal, at two lengths: what
`--keep all` adds in seconds and in memory.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import h5py
import numpy as np

from benchmarks import case, processes
from simulator.engine import blocks
from simulator.engine.job import Job
from simulator.engine.shards import SHARD, Kept, Shard
from simulator.runfile import digests, store
from simulator.running import assemble, variables

REPEATS: Final = 7
# What a file has once, dimensions and attributes, takes 0.09 s however many the draws.
CASES: Final = (
    ("sector, every draw", 4 * SHARD, False),
    ("sector, three times the draws", 12 * SHARD, False),
    ("trajectories", 2048, True),
)
LENGTHS: Final = (2_000, 6_000)  # draws of whole runs; 0.9 and 2.6 GiB of file
RUNS: Final = 3


class Took(NamedTuple):
    """Medians of one way of writing."""

    seconds: float
    processor: float  # seconds of all threads


def slabs(job: Job, draws: int, keep: bool) -> list[tuple[Any, Any, int]]:
    """Simulate once; the slabs are then written again and again."""
    found: list[tuple[Any, Any, int]] = []

    def kept(made: Kept) -> None:
        found.extend((v, a, made.first_draw) for v, a in variables.of_kept(made))

    def shard(made: Shard) -> None:
        found.extend((v, a, made.first_draw) for v, a in variables.of_shard(made))

    if keep:
        blocks.simulate(job, draws, keep=draws, to_store=True, on_kept=kept)
    else:
        blocks.simulate(job, draws, to_store=True, on_shard=shard)
    return found


def ours(job: Job, given: list[tuple[Any, Any, int]], place: Path) -> None:
    """Write with the simulator's writer."""
    draws = 1 + max(f + a.shape[_axis(v)] - 1 for v, a, f in given)
    coordinates = assemble.coordinates(job)
    with store.RunWriter(place, coordinates, range(draws), range(draws), {}) as writer:
        for variable, values, first in given:
            writer.put_draws(variable, values, first)


class Part(NamedTuple):
    """A group or a variable as a file has it; `values` of those written whole."""

    path: str
    attributes: dict[str, Any]
    variable: dict[str, Any] | None  # what `create_dataset` asks; none of a group
    scales: list[str]  # paths of its dimensions
    values: Any


def parts_of(file: h5py.File, streamed: set[str]) -> list[Part]:
    """List what a file consists of, in the order in which it was made."""
    found = [Part("/", _attributes(file), None, [], None)]

    def visit(path: str, made: Any) -> None:
        if isinstance(made, h5py.Group):
            found.append(Part(path, _attributes(made), None, [], None))
            return
        names = "shape", "dtype", "chunks", "fletcher32"
        scales = [dim[0].name for dim in made.dims if len(dim)]
        whole = None if f"/{path}" in streamed else made[...]
        asked = {name: getattr(made, name) for name in names}
        found.append(Part(path, _attributes(made), asked, scales, whole))

    file.visititems(visit)
    return found


def _attributes(made: Any) -> dict[str, Any]:
    """Give the attributes but for those that HDF5 keeps of dimension scales itself."""
    own = {"CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST"}
    return {name: value for name, value in made.attrs.items() if name not in own}


def alone(
    parts: list[Part], ready: list[tuple[str, int, Any, int]], place: Path
) -> None:
    """Write parts of a file with h5py alone: arrays stand as the file wants them."""
    with h5py.File(place, "w", track_order=True) as file:
        for part in parts:
            if part.variable is None:
                made = file.require_group(part.path)
            else:
                made = file.create_dataset(part.path, **part.variable)
            if part.values is not None:
                made[...] = part.values
                made.make_scale()
            for name, value in part.attributes.items():
                made.attrs[name] = value
        for part in parts:
            for axis, scale in enumerate(part.scales):
                file[part.path].dims[axis].attach_scale(file[scale])
        for path, axis, values, first in ready:
            where: list[slice] = [slice(None)] * values.ndim
            where[axis] = slice(first, first + values.shape[axis])
            file[path][tuple(where)] = values


def measure(
    job: Job, draws: int, keep: bool, folder: Path
) -> tuple[int, Took, Took, Took]:
    """Give bytes, and what was taken by turns.

    By ours, by h5py alone for the same file, and by it for the arrays and nothing else.
    """
    given = slabs(job, draws, keep)
    mine, theirs = folder / "ours.h5", folder / "alone.h5"
    ours(job, given, mine)
    with h5py.File(mine) as file:
        ready = [
            (v.path, _axis(v), np.ascontiguousarray(a, dtype=file[v.path].dtype), f)
            for v, a, f in given
        ]
        same = parts_of(file, {path for path, *_ in ready})
    arrays = [
        part._replace(attributes={}, scales=[])
        for part in same
        if part.variable is not None and part.values is None
    ]
    size = sum(values.nbytes for _, _, values, _ in ready)
    ways = (
        partial(ours, job, given, mine),
        partial(alone, same, ready, theirs),
        partial(alone, arrays, ready, theirs),
    )
    timed: list[list[Took]] = [[], [], []]
    for _ in range(REPEATS):
        for way, took in zip(ways, timed, strict=True):
            took.append(_took(way))
    medians = (_median(took) for took in timed)
    return size, *medians


def whole_runs() -> None:
    """Print what `--keep all` adds to whole runs, and how memory grows with draws."""
    peaks = []
    for draws in LENGTHS:
        found: dict[str, list[processes.Finished]] = {"none": [], "all": []}
        for _ in range(RUNS):
            for keep, finished in found.items():
                with tempfile.TemporaryDirectory() as name:
                    finished.append(_whole_run(draws, keep, Path(name)))
        none, every = (processes.middle(finished) for finished in found.values())
        print(
            f"{case.SCENARIO}, {draws:,} draws: {none.seconds:.1f} s and "
            f"{none.peak:,.0f} MiB of memory; with --keep all {every.seconds:.1f} s "
            f"and {every.peak:,.0f} MiB"
        )
        peaks.append(every.peak)
    print(f"memory with --keep all, longer over shorter: {peaks[1] / peaks[0]:.2f}")


def _whole_run(draws: int, keep: str, folder: Path) -> processes.Finished:
    command = ("-m", "simulator.cli", "run", case.SCENARIO, "--keep", keep)
    _settle()
    return processes.run((*command, "--draws", str(draws)), folder)


def _axis(variable: Any) -> int:
    axis = digests.draw_axis(variable.dims)
    assert axis is not None
    return axis


def _took(run: Callable[[], None]) -> Took:
    _settle()
    began, used = time.perf_counter(), time.process_time()
    run()
    return Took(time.perf_counter() - began, time.process_time() - used)


def _settle() -> None:
    """Let the disk finish, so that nobody waits for bytes of the one before."""
    if hasattr(os, "sync"):
        os.sync()


def _median(took: list[Took]) -> Took:
    return Took(*(statistics.median(column) for column in zip(*took, strict=True)))


if __name__ == "__main__":
    prepared = case.make().job
    for what, n_draw, kept in CASES:
        with tempfile.TemporaryDirectory() as name:
            n, *took = measure(prepared, n_draw, kept, Path(name))
        mine, same, arrays = (n / 2**20 / one.seconds for one in took)
        processor = " and ".join(f"{one.processor:.2f}" for one in took[:2])
        print(
            f"{what}: {n / 2**20:,.0f} MiB, ours {mine:,.0f} MiB/s; h5py alone "
            f"{same:,.0f} MiB/s, ratio {mine / same:.2f} (processor {processor} s); "
            f"arrays without a name or a unit {arrays:,.0f} MiB/s, "
            f"ratio {mine / arrays:.2f}"
        )
    whole_runs()
