"""What a run costs in seconds, memory and disk, from what its pilot cost.

What comes draw by draw is counted from its shape; what is compressed, and how long it
all takes, is carried forward from the pilot.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator import drivers
from simulator.answers.plan.pilot import Pilot
from simulator.answers.plan.weigh import CHECKSUM
from simulator.engine import buffers, tallies
from simulator.engine.blocks import AHEAD, KEEPING_BLOCK, KEPT_AHEAD
from simulator.engine.shards import SHARD
from simulator.kernel.workspace import BLOCK, GROUP_RESULTS, KEPT
from simulator.runfile import store
from simulator.running.assemble import Work
from simulator.sampling.stream import Stream
from simulator.scenario.model import years
from simulator.schema import (
    COORDINATES,
    DRAW,
    KEPT_DRAW,
    OUTCOMES,
    TRUST_TYPES,
    VARIABLES,
    Variable,
    assumption,
)


def seconds_of(found: Pilot, draws: int, parts: int) -> float:
    """Carry the pilot's seconds forward: computing by draw, the rest by the file.

    What follows the last draw is mostly compressing, in proportion to what comes out.
    A run in parts does it for every part, and writes what comes draw by draw again.
    """
    many = found.draws[1]
    computing = found.computing / many * draws
    growth = compressed_bytes(found, draws) / compressed_bytes(found, many)
    finishing = found.finishing * growth
    whole = found.preparing + computing + finishing
    if parts == 1:
        return whole
    copied = sum(streamed_bytes(found, draws).values()) / found.bytes_a_second
    return whole + parts * finishing + copied


# --- memory ---------------------------------------------------------------------------


def memory_of(found: Pilot, draws: int, parts: int) -> int:
    """Add up what a run holds at its fullest: the arrays that the engine makes.

    Every thread has room for its bins and for a block, in double; all count into the
    same histograms. Some shards, in single, are being filled while the oldest is
    written, and some trajectories wait; the histograms are copied once as they are
    written, and where there are parts they are added up besides.
    """
    work = found.work
    job, threads = work.job, work.threads
    tally = tallies.empty_tally(job.trusts, job.plan, job.ranges)
    counts = _bytes(tally)
    copied = max(_bytes([values]) for values in tally)
    bins = _bytes(buffers.for_bins(job.ranges, BLOCK))
    n_target, n_year = len(job.scenario.targets), job.scenario.years
    n_trust = len(job.population.code)

    n_sector = n_target * n_year * len(GROUP_RESULTS)
    others = n_target * len(OUTCOMES) + _drawn_bytes(work)
    shard = min(draws, SHARD) * (4 * n_sector + others)
    block = BLOCK * (8 * n_sector + others)
    shards = min(
        1 + math.ceil(AHEAD * threads * BLOCK / SHARD), math.ceil(draws / SHARD)
    )
    blocks = min(threads, math.ceil(draws / BLOCK))

    kept = len(work.kept(range(draws)))
    kept_block = min(kept, KEEPING_BLOCK) * len(KEPT) * n_target * n_year * n_trust * 4
    kept_blocks = math.ceil(kept / KEEPING_BLOCK)
    computed = min(threads, kept_blocks)
    waiting = min(KEPT_AHEAD * threads + 1, kept_blocks)
    arrays = counts + threads * bins + shards * shard + blocks * block
    arrays += (computed + waiting) * kept_block + copied
    if parts > 1:
        arrays += 2 * counts
    return found.at_rest + arrays


def _bytes(arrays: Iterable[NDArray[Any]]) -> int:
    return sum(int(values.nbytes) for values in arrays)


def _drawn_bytes(work: Work) -> int:
    """Find what a draw brings to everybody, in bytes a draw."""
    n = 64
    stream = Stream(work.job.seed, 0, n)
    drawn = drivers.draw_from(work.job.scenario, stream)
    arrays = [value for name, value in vars(drawn).items() if name != "assumptions"]
    return _bytes([*arrays, *drawn.assumptions.values()]) // n


# --- the file -------------------------------------------------------------------------


def file_of(found: Pilot, draws: int) -> int:
    """Add up the file: what comes draw by draw by its shape, the rest as measured.

    Compressed counts grow with the logarithm of the draws, as the bits of a number do.
    """
    rest = found.files[1][""]
    counted = sum(streamed_bytes(found, draws).values())
    return rest + counted + compressed_bytes(found, draws)


def compressed_bytes(found: Pilot, draws: int) -> int:
    """Carry forward what is written once, and compressed."""
    small, large = found.files
    counted = streamed_bytes(found, draws)
    return sum(
        _carried_forward(found, small[path], measured, draws)
        for path, measured in large.items()
        if path and path not in counted
    )


def streamed_bytes(found: Pilot, draws: int) -> dict[str, int]:
    """Count what comes draw by draw, by the path of the variable."""
    sizes = _sizes(found.work, draws)
    known = {variable.path: variable for variable in COORDINATES.values()} | VARIABLES
    counted = {}
    for path in found.files[1]:
        variable = known.get(path) or assumption(path.rpartition("/")[2])
        if path and any(dim in variable.dims for dim in (DRAW, KEPT_DRAW)):
            counted[path] = _stored_bytes(variable, sizes)
    return counted


def _carried_forward(found: Pilot, small: int, large: int, draws: int) -> int:
    few, many = found.draws
    if many == few:
        return large
    by_log = max(large - small, 0) / math.log(many / few)
    return round(large + by_log * math.log(draws / many))


def _sizes(work: Work, draws: int) -> dict[str, int]:
    job = work.job
    return {
        "target": len(job.scenario.targets),
        "trust": len(job.population.code),
        "trust_type": len(TRUST_TYPES),
        "outcome": len(OUTCOMES),
        "year": len(years(job.scenario)),
        DRAW: draws,
        KEPT_DRAW: len(work.kept(range(draws))),
    }


def _stored_bytes(variable: Variable, sizes: dict[str, int]) -> int:
    """Count whole chunks, as HDF5 stores them, each with its checksum."""
    shape = tuple(sizes[dim] for dim in variable.dims)
    width = 1 if variable.dtype == "bool" else np.dtype(variable.dtype).itemsize
    if variable.name in COORDINATES:
        return width * math.prod(shape)  # in one piece
    chunk = store.chunks_of(variable, shape)
    number = math.prod(-(-n // step) for n, step in zip(shape, chunk, strict=True))
    return number * (width * math.prod(chunk) + CHECKSUM)
