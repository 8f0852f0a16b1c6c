"""A few draws of a run, timed and weighed: what a forecast starts from.

The true path is taken, with the threads that the run is to have: prepared, computed
and written, in a folder that goes again.
"""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import h5py
import xarray as xr

from simulator import answer, assembly, engine, inputs, runs, store
from simulator.analysis.headline import headline
from simulator.assembly import Keep, Work
from simulator.inputs import Loaded
from simulator.kernel.lanes import BLOCK

FEW: Final = 128  # draws of the smaller run
LONG_ENOUGH: Final = 0.8  # seconds that the larger is to compute for


@dataclass(frozen=True)
class Pilot:
    """What two short runs showed."""

    work: Work
    draws: tuple[int, int]  # of the smaller and the larger
    seconds: tuple[float, float]  # of them whole: preparing, computing, writing
    preparing: float  # seconds, once
    computing: float  # seconds of the larger without writing
    at_rest: int  # bytes of memory that the process holds between runs
    files: tuple[dict[str, int], dict[str, int]]  # bytes by variable; "" is the rest
    answer: xr.Dataset  # the headline of the larger


def pilot(
    loaded: Loaded, draws: int, seed: int, keep: Keep, threads: int | None
) -> Pilot:
    """Run twice with few draws, whole, and once without writing; all of it timed."""
    population = inputs.load_population(loaded.scenario.population, loaded.folder)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "pilot.h5"

        def run(n: int) -> float:
            began = time.perf_counter()
            how: dict[str, Any] = {"seed": seed, "threads": threads, "keep": keep}
            runs.write(loaded, place, draws=n, force=True, **how)
            return time.perf_counter() - began

        run(1)  # compiled code is loaded, or compiled
        at_rest = _memory_in_use()
        began = time.perf_counter()
        work = assembly.prepared(
            loaded, population, seed, keep, threads, lambda n_draw: None
        )
        preparing = time.perf_counter() - began
        many, computing = _long_enough(work, draws)
        few = min(FEW, draws)
        first = run(few)
        small = _bytes_by_variable(place)
        second = run(many)
        large = _bytes_by_variable(place)
        with store.open_run(place, answer.GROUPS) as tree:
            found = headline(tree).load()
    return Pilot(
        work,
        (few, many),
        (first, second),
        preparing,
        computing,
        at_rest,
        (small, large),
        found,
    )


def _long_enough(work: Work, draws: int) -> tuple[int, float]:
    """Find a number of draws that keeps all threads busy for a while."""
    n = min(work.threads * BLOCK, draws)
    while True:
        began = time.perf_counter()
        keep = len(work.kept(range(n)))
        for _ in engine.simulate(work.job, n, threads=work.threads, keep=keep):
            pass  # what it gives is thrown away
        seconds = time.perf_counter() - began
        if seconds >= LONG_ENOUGH or n == draws:
            return n, seconds
        n = min(2 * n, draws)


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
