"""A few draws of a run, timed and weighed: what a forecast starts from.

The true path is taken, with the threads that the run is to have, but for the file: of
what would stand in it a sample is packed in memory.
"""

import hashlib
import math
import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.answers.headline.estimate import chances, own_outcome
from simulator.answers.plan.weigh import Weighed, Whole, weighed
from simulator.engine import blocks
from simulator.engine.job import Job
from simulator.kernel.block import carry_batch
from simulator.kernel.histograms import count_bins
from simulator.kernel.shocks import make_drivers
from simulator.kernel.tables import Ranges
from simulator.kernel.workspace import BLOCK
from simulator.running import assemble, prepare, runs, variables
from simulator.running.assemble import Keep, Work
from simulator.scenario.fitting import population_of
from simulator.scenario.load import Loaded
from simulator.schema import Variable
from simulator.types import OnStep

FEW: Final = 128  # draws of the smaller run
SOME: Final = slice(0, 3)  # its targets: enough to show how what is packed grows
LONG_ENOUGH: Final = 0.3  # seconds that the larger is to compute for
MUCH: Final = 2**22  # bytes for the disk's speed


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
    answer: xr.Dataset  # the headline's chances


def pilot(
    loaded: Loaded,
    draws: int,
    seed: int,
    keep: Keep,
    threads: int | None,
    on_step: OnStep = lambda words: None,
) -> Pilot:
    """Prepare, then run with few draws and with as many as show what a draw takes.

    Both stay in memory. `on_step` is called with what is being done.
    """
    population = population_of(loaded)

    def prepared() -> tuple[Work, float]:
        began = time.perf_counter()
        record = runs.second_answer(loaded.scenario, assemble.PLAIN, True)
        work = assemble.prepared(
            loaded, population, seed, keep, threads, lambda n_draw: None, record=record
        )
        return work, time.perf_counter() - began

    on_step("preparing")
    work, preparing = prepared()
    if _compiled_just_now():  # which the run to come need not do again
        work, preparing = prepared()
    at_rest = _memory_in_use()
    few = min(FEW, draws)
    on_step(f"pilot of {few:,} draws")
    some = _of_some_targets(work.job)
    began = time.perf_counter()
    tally = blocks.simulate(some, few, threads=work.threads)
    trust_years = few * some.plan.rate.size / (time.perf_counter() - began)
    many = _enough(work, draws, trust_years / work.job.plan.rate.size)
    before = _histograms(variables.of_counts(some, tally))
    on_step(f"pilot of {many:,} draws")
    whole = Whole(assemble.coordinates(work.job, second=work.second is not None))
    computing, reducing = _timed(work, whole, many)
    large = weighed(whole)
    after = _histograms((each, values[SOME]) for each, values in whole.variables())
    small = {
        path: round(large.files[path] * before[path] / after[path]) for path in before
    }
    unpacked = sum(values.nbytes for _, values in whole.variables())
    hashing, writing = _seconds_a_byte()
    finishing = reducing + large.seconds + unpacked * hashing
    finishing += sum(large.files.values()) * writing
    root = whole.tree(range(0), range(0)).to_dataset()
    return Pilot(
        work=work,
        draws=(few, many),
        preparing=preparing,
        computing=computing,
        finishing=finishing,
        bytes_a_second=1.0 / (hashing + writing),
        at_rest=at_rest,
        files=(large.files | small, large.files),
        answer=chances(root, own_outcome(root)),
    )


def _of_some_targets(job: Job) -> Job:
    """Take the first targets of a job."""
    return replace(
        job,
        scenario=job.scenario.model_copy(
            update={"targets": job.scenario.targets[SOME]}
        ),
        plan=prepare.some_targets(job.plan, SOME),
        ranges=Ranges(*(edges[SOME] for edges in job.ranges)),
    )


def _histograms(given: Iterable[tuple[Variable, NDArray[Any]]]) -> dict[str, int]:
    """Weigh histograms, by path; all else hardly grows with draws."""
    found = Weighed()
    for variable, values in given:
        if variable.name.endswith("histogram"):
            found.add(variable, values)
    return found.files


def _timed(work: Work, whole: Whole, draws: int) -> tuple[float, float]:
    """Run in memory; gives seconds up to the last draw, and after it."""
    done: list[float] = []
    watched = replace(work, on_progress=lambda n_draw: done.append(time.perf_counter()))
    began = time.perf_counter()
    assemble.put_together(whole, watched, [draws], lambda *_: True, began)
    return max(done) - began, time.perf_counter() - max(done)


def _compiled_just_now() -> bool:
    """Tell whether code had to be compiled, which the next run need not do again."""
    longest: tuple[Any, ...] = (carry_batch, make_drivers, count_bins)
    return any(sum(function.stats.cache_misses.values()) > 0 for function in longest)


def _enough(work: Work, draws: int, rate: float) -> int:
    """Choose a number of draws that keeps all threads busy for a while.

    `rate` is draws a second on one thread.
    """
    wanted: int = 2 ** round(math.log2(rate * work.threads * LONG_ENOUGH))
    return min(max(work.threads * BLOCK, wanted), draws)


def _seconds_a_byte() -> tuple[float, float]:
    """Time the way of bytes into a file: hashed, then written and read back."""
    values = np.zeros(MUCH, np.uint8).tobytes()
    began = time.perf_counter()
    hashlib.sha256(values)
    hashed = time.perf_counter()
    with tempfile.TemporaryFile() as file:
        file.write(values)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        file.read()
    return (hashed - began) / MUCH, (time.perf_counter() - hashed) / MUCH


def _memory_in_use() -> int:
    """Find what the process holds in memory now, in bytes."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    # Elsewhere: as measured on Linux with Python 3.11.
    return 220 * 2**20
