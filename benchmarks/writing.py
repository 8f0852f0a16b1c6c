"""How fast a run file is written, beside h5py alone: python -m benchmarks.writing.

The same bytes in the same chunks: the writer's own share is turning results into the
order of the file, rounding them and hashing them.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np

from benchmarks import case
from simulator import engine
from simulator.engine import Kept, Shard
from simulator.running import assembly, results
from simulator.storage import digests, store

REPEATS: Final = 5
DRAWS: Final = 4 * engine.SHARD
KEPT: Final = 2048


def slabs(job: engine.Job, keep: bool) -> list[tuple[Any, Any, int]]:
    """Simulate once; the slabs are then written again and again."""
    found: list[tuple[Any, Any, int]] = []
    draws = KEPT if keep else DRAWS
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


def measure(job: engine.Job, keep: bool, folder: Path) -> tuple[int, float, float]:
    """Give bytes, and the median seconds of ours and of h5py alone, by turns."""
    given = slabs(job, keep)
    mine, theirs = folder / "ours.h5", folder / "alone.h5"
    ours(job, given, mine)
    with h5py.File(mine) as file:
        ready = [
            (v.path, _axis(v), np.ascontiguousarray(a, dtype=file[v.path].dtype), f)
            for v, a, f in given
        ]
    size = sum(values.nbytes for _, _, values, _ in ready)
    timed: list[list[float]] = [[], []]
    for _ in range(REPEATS):
        timed[0].append(_seconds(lambda: ours(job, given, mine)))
        timed[1].append(_seconds(lambda: alone(mine, ready, theirs)))
    return size, statistics.median(timed[0]), statistics.median(timed[1])


def _axis(variable: Any) -> int:
    axis = digests.draw_axis(variable.dims)
    assert axis is not None
    return axis


def _seconds(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


if __name__ == "__main__":
    prepared = case.make().job
    for what, kept in (("sector, every draw", False), ("trajectories", True)):
        with tempfile.TemporaryDirectory() as name:
            n, mine_s, alone_s = measure(prepared, kept, Path(name))
        print(
            f"{what}: {n / 2**20:,.0f} MiB, ours {n / 2**20 / mine_s:,.0f} MiB/s, "
            f"h5py alone {n / 2**20 / alone_s:,.0f} MiB/s, ratio {alone_s / mine_s:.2f}"
        )
