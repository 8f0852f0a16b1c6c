"""How fast a run file is written, beside h5py alone: python -m benchmarks.writing.

First the plain comparison, the same bytes in the same chunks: ours gets what the engine
hands on, hashes it and describes it; h5py gets ready arrays. Then whole runs as they
are at a terminal, at two lengths: what `--keep all` adds in seconds and in memory.
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
from simulator import engine
from simulator.engine import Kept, Shard
from simulator.running import assembly, results
from simulator.storage import digests, store

REPEATS: Final = 7
# What a file has once, dimensions and attributes, takes 0.09 s however many the draws.
CASES: Final = (
    ("sector, every draw", 4 * engine.SHARD, False),
    ("sector, three times the draws", 12 * engine.SHARD, False),
    ("trajectories", 2048, True),
)
LENGTHS: Final = (2_000, 6_000)  # draws of whole runs; 0.9 and 2.6 GiB of file
RUNS: Final = 3


class Took(NamedTuple):
    """Medians of one way of writing."""

    seconds: float
    processor: float  # seconds of all threads


def slabs(job: engine.Job, draws: int, keep: bool) -> list[tuple[Any, Any, int]]:
    """Simulate once; the slabs are then written again and again."""
    found: list[tuple[Any, Any, int]] = []
    how: dict[str, Any] = {"keep": draws if keep else 0, "to_store": True}
    for part in engine.simulate(job, draws, **how):
        if isinstance(part, Kept):
            found += [(v, a, part.first_draw) for v, a in results.of_kept(part)]
        elif isinstance(part, Shard) and not keep:
            found += [(v, a, part.first_draw) for v, a in results.of_shard(part)]
    return found


def ours(job: engine.Job, given: list[tuple[Any, Any, int]], place: Path) -> None:
    """Write with the simulator's writer."""
    draws = 1 + max(f + a.shape[_axis(v)] - 1 for v, a, f in given)
    coordinates = assembly.coordinates(job)
    with store.RunWriter(place, coordinates, range(draws), range(draws), {}) as writer:
        for variable, values, first in given:
            writer.put_draws(variable, values, first)


def alone(like: Path, ready: list[tuple[str, int, Any, int]], place: Path) -> None:
    """Write the same with h5py alone: arrays that stand as the file wants them."""
    with h5py.File(like) as model, h5py.File(place, "w") as file:
        for path, axis, values, first in ready:
            if path not in file:
                made = model[path]
                file.create_dataset(
                    path,
                    made.shape,
                    made.dtype,
                    chunks=made.chunks,
                    fletcher32=made.fletcher32,
                )
            where: list[slice] = [slice(None)] * values.ndim
            where[axis] = slice(first, first + values.shape[axis])
            file[path][tuple(where)] = values


def measure(
    job: engine.Job, draws: int, keep: bool, folder: Path
) -> tuple[int, Took, Took]:
    """Give bytes, and what ours and h5py alone took, by turns."""
    given = slabs(job, draws, keep)
    mine, theirs = folder / "ours.h5", folder / "alone.h5"
    ours(job, given, mine)
    with h5py.File(mine) as file:
        ready = [
            (v.path, _axis(v), np.ascontiguousarray(a, dtype=file[v.path].dtype), f)
            for v, a, f in given
        ]
    size = sum(values.nbytes for _, _, values, _ in ready)
    timed: list[list[Took]] = [[], []]
    for _ in range(REPEATS):
        timed[0].append(_took(partial(ours, job, given, mine)))
        timed[1].append(_took(partial(alone, mine, ready, theirs)))
    return size, _median(timed[0]), _median(timed[1])


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
            n, mine, h5py_alone = measure(prepared, n_draw, kept, Path(name))
        speed, plain = (n / 2**20 / took.seconds for took in (mine, h5py_alone))
        print(
            f"{what}: {n / 2**20:,.0f} MiB, ours {speed:,.0f} MiB/s, "
            f"h5py alone {plain:,.0f} MiB/s, ratio {speed / plain:.2f} "
            f"(processor {mine.processor:.2f} s and {h5py_alone.processor:.2f} s)"
        )
    whole_runs()
