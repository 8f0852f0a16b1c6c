"""A few draws of a run, timed and weighed: what a forecast starts from.

The true path is taken, with the threads that the run is to have: prepared, computed
and written, in a folder that goes again.
"""

import hashlib
import math
import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import xarray as xr

from simulator.answers.headline.estimate import GROUPS, headline
from simulator.engine import blocks
from simulator.kernel.block import carry_batch
from simulator.kernel.histograms import count_bins
from simulator.kernel.shocks import make_drivers
from simulator.kernel.workspace import BLOCK
from simulator.runfile import parts, store
from simulator.running import assemble, runs
from simulator.running.assemble import Keep, Work
from simulator.scenario.fitting import population_of
from simulator.scenario.load import Loaded
from simulator.types import OnStep

FEW: Final = 128  # draws of the smaller run
LONG_ENOUGH: Final = 0.4  # seconds that the larger is to compute for
MUCH: Final = 2**23  # bytes for the disk's speed


@dataclass(frozen=True)
class Pilot:
    """What some short runs showed; seconds are of the larger where not said."""

    work: Work
    draws: tuple[int, int]  # of the smaller run and of the larger
    preparing: float  # seconds before the first draw, loading compiled code among them
    computing: float  # seconds from the first draw to the last
    finishing: float  # seconds after the last draw: tables, compressed, and the disk
    bytes_a_second: float  # written, hashed and read back
    at_rest: int  # bytes of memory that the process holds between runs
    files: tuple[dict[str, int], dict[str, int]]  # bytes by variable; "" is the rest
    answer: xr.Dataset  # the headline


def pilot(
    loaded: Loaded,
    draws: int,
    seed: int,
    keep: Keep,
    threads: int | None,
    on_step: OnStep = lambda words: None,
) -> Pilot:
    """Prepare, then run with few draws and with as many as show what a draw takes.

    `on_step` is called with what is being done.
    """
    population = population_of(loaded)

    def prepare() -> tuple[Work, float]:
        began = time.perf_counter()
        record = runs.second_answer(loaded.scenario, assemble.PLAIN, True)
        work = assemble.prepared(
            loaded, population, seed, keep, threads, lambda n_draw: None, record=record
        )
        return work, time.perf_counter() - began

    on_step("preparing")
    work, preparing = prepare()
    if _compiled_just_now():  # which the run to come need not do again
        work, preparing = prepare()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "pilot.h5"
        few = min(FEW, draws)
        on_step(f"pilot of {few:,} draws")
        _timed(work, place, few)
        at_rest = _memory_in_use()
        small = _bytes_by_variable(place)
        many = _enough(work, draws)
        on_step(f"pilot of {many:,} draws")
        computing, finishing = _timed(work, place, many)
        large = _bytes_by_variable(place)
        with store.open_run(place, GROUPS, trusted=True) as tree:
            found = headline(tree).load()
        speed = _bytes_a_second(Path(folder) / "bytes")
    return Pilot(
        work=work,
        draws=(few, many),
        preparing=preparing,
        computing=computing,
        finishing=finishing,
        bytes_a_second=speed,
        at_rest=at_rest,
        files=(small, large),
        answer=found,
    )


def _timed(work: Work, place: Path, draws: int) -> tuple[float, float]:
    """Run into a file; gives seconds up to the last draw, and after it."""
    done: list[float] = []
    watched = replace(work, on_progress=lambda n_draw: done.append(time.perf_counter()))
    began = time.perf_counter()
    place.unlink(missing_ok=True)
    with parts.claimed(
        place, work.made_from(), resume=False, force=False, replaces=False
    ) as folder:
        assemble.fill(folder, watched, [], 0, [draws], lambda *_: True, began)
    return max(done) - began, time.perf_counter() - max(done)


def _compiled_just_now() -> bool:
    """Tell whether code had to be compiled, which the next run need not do again."""
    longest: tuple[Any, ...] = (carry_batch, make_drivers, count_bins)
    return any(sum(function.stats.cache_misses.values()) > 0 for function in longest)


def _enough(work: Work, draws: int) -> int:
    """Choose a number of draws that keeps all threads busy for a while."""
    n = min(2 * work.threads * BLOCK, draws)
    keep = len(work.kept(range(n)))
    began = time.perf_counter()
    for _ in blocks.simulate(work.job, n, threads=work.threads, keep=keep):
        pass  # what it gives is thrown away
    rate = n / (time.perf_counter() - began)
    long: int = 2 ** round(math.log2(rate * LONG_ENOUGH))
    return max(n, min(long, draws))


def _bytes_a_second(place: Path) -> float:
    """Time the way of bytes through a file: hashed, written and read back."""
    values = np.zeros(MUCH, np.uint8).tobytes()
    began = time.perf_counter()
    hashlib.sha256(values)
    with place.open("wb") as file:
        file.write(values)
        file.flush()
        os.fsync(file.fileno())
    place.read_bytes()
    return MUCH / (time.perf_counter() - began)


def _memory_in_use() -> int:
    """Find what the process holds in memory now, in bytes."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    # Elsewhere: as measured on Linux with Python 3.11.
    return 220 * 2**20


def _bytes_by_variable(place: Path) -> dict[str, int]:
    """Find what each variable takes in a file, and under "" all the rest."""
    found = {"": place.stat().st_size}

    def note(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            found[f"/{name}"] = item.id.get_storage_size()
            found[""] -= found[f"/{name}"]

    with h5py.File(place, "r") as file:
        file.visititems(note)
    return found
