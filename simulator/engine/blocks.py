"""Drivers into the kernel, block by block, on as many threads as asked.

A block of draws is computed from its address alone and adds only integers to what
blocks share, so results do not depend on threads, order or sharding.
"""

import os
import queue
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator import drivers
from simulator.engine import buffers, finite, shards, tallies, units
from simulator.engine.histograms import Histograms
from simulator.engine.job import Job
from simulator.engine.shards import Kept, Shard
from simulator.kernel.block import simulate_block
from simulator.kernel.tables import Bins, PerDraw, Successes, Tally
from simulator.kernel.workspace import BLOCK
from simulator.sampling.stream import Stream
from simulator.types import OnProgress

# Kept trajectories are large: their blocks are small so that memory stays flat.
KEEPING_BLOCK: Final = 128
AHEAD: Final = 6  # blocks a thread that may wait to be handed on
KEPT_AHEAD: Final = 1  # the same of kept trajectories, which are written more slowly

OnShard = Callable[[Shard], object]
OnKept = Callable[[Kept], object]


class Block(NamedTuple):
    """Draws that a thread computes together, from and to, within their shard."""

    shard: Shard
    start: int
    stop: int
    kept: bool


class Worker(NamedTuple):
    """What a thread works with: its own counts, and room for every block."""

    number: int
    successes: Successes
    bins: Bins
    results: PerDraw  # of a block
    kept: PerDraw  # of a block whose trajectories are kept


def simulate(
    job: Job,
    draws: int,
    *,
    first_draw: int = 0,
    threads: int | None = None,
    keep: int = 0,
    by_unit: bool = False,
    to_store: bool = False,
    stream: Callable[[int, int, int], Stream] = Stream,
    on_shard: OnShard = lambda shard: None,
    on_kept: OnKept = lambda kept: None,
    on_progress: OnProgress = lambda n_draw: None,
) -> Tally:
    """Simulate consecutive draws, and count them.

    What is kept of the draws is handed on as it is ready, in the order of the draws and
    to the caller's thread; nothing is held on to.

    Parameters
    ----------
    job
        From `running.prepare`.
    draws
        Number of draws.
    first_draw
        Number of the first of them.
    threads
        Number of threads; by default one for each processor.
    keep
        Number of draws, from draw 0, whose trajectories are kept.
    by_unit
        Whether to keep who achieves what in every draw.
    to_store
        Whether to give the sector's results as a run file holds them, not in double.
    stream
        What makes a shard's random numbers from seed, first draw and number of draws;
        the trusts' own shocks are the kernel's.
    on_shard, on_kept
        Called with each shard, and before it with the trajectories of its blocks.
    on_progress
        Called from the threads with the number of draws that a block finished.

    Returns
    -------
    tally
        Counts over all of these draws.
    """
    threads = threads or os.cpu_count() or 1
    n_unit = units.of(job.trusts).n if by_unit else 0
    n_kept = min(max(keep - first_draw, 0), draws)
    histograms = Histograms(job.trusts, job.ranges)
    workers: queue.SimpleQueue[Worker] = queue.SimpleQueue()
    for number in range(threads):
        workers.put(_worker(job, number, n_unit, n_kept))

    def compute(block: Block) -> NDArray[np.float32]:
        worker = workers.get()
        try:
            trajectories = _compute(job, block, worker, histograms)
        finally:  # or the next block would wait for a worker for ever
            workers.put(worker)
        on_progress(block.stop - block.start)
        return trajectories

    empty = shards.of_draws(
        job, first_draw, first_draw + draws, n_unit, to_store, stream
    )
    to_do = (block for shard in empty for block in _blocks(shard, keep))
    with ThreadPoolExecutor(threads) as pool:
        for block, trajectories in _in_order(pool, compute, to_do, threads):
            if block.kept:
                on_kept(Kept(block.shard.first_draw + block.start, trajectories))
            if block.stop == block.shard.n_draw:
                on_shard(block.shard)
    total = tallies.empty_successes(job.trusts, job.plan)
    for _ in range(threads):
        tallies.add_tally(total, workers.get().successes)
    return Tally(*total, *histograms.spreads)


def _worker(job: Job, number: int, n_unit: int, n_kept: int) -> Worker:
    n_trust = len(job.population.code) if n_kept else 0
    n_draw = min(n_kept, KEEPING_BLOCK)
    return Worker(
        number=number,
        successes=tallies.empty_successes(job.trusts, job.plan),
        bins=buffers.for_bins(job.ranges, BLOCK),
        results=buffers.for_results(job.plan, 0, 0, 0, n_unit, BLOCK),
        kept=buffers.for_results(job.plan, n_trust, 0, 0, n_unit, n_draw),
    )


def _blocks(shard: Shard, keep: int) -> Iterator[Block]:
    """Split a shard's draws; those that are kept stand in blocks of their own."""
    kept = min(max(keep - shard.first_draw, 0), shard.n_draw)
    for start in range(0, kept, KEEPING_BLOCK):
        yield Block(shard, start, min(start + KEEPING_BLOCK, kept), True)
    for start in range(kept, shard.n_draw, BLOCK):
        yield Block(shard, start, min(start + BLOCK, shard.n_draw), False)


def _in_order(
    pool: ThreadPoolExecutor,
    compute: Callable[[Block], NDArray[np.float32]],
    to_do: Iterable[Block],
    threads: int,
) -> Iterator[tuple[Block, NDArray[np.float32]]]:
    """Compute some blocks ahead, so that threads have work while others are written."""
    waiting: deque[tuple[Block, Future[NDArray[np.float32]]]] = deque()
    for block in to_do:
        waiting.append((block, pool.submit(compute, block)))
        if len(waiting) > (KEPT_AHEAD if block.kept else AHEAD) * threads:
            first, future = waiting.popleft()
            yield first, future.result()
    while waiting:
        first, future = waiting.popleft()
        yield first, future.result()


def _compute(
    job: Job, block: Block, worker: Worker, histograms: Histograms
) -> NDArray[np.float32]:
    """Compute a block into its slots of the shard; gives its trajectories.

    The results are turned into the file's order here, so that all threads share in it
    and the one that writes has nothing left to do but to write.
    """
    shard, start, stop, kept = block
    n_draw = stop - start
    drawn = drivers.part_of(shard.drawn, start, stop)
    results = worker.kept if kept else worker.results
    simulate_block(
        job.seed,
        shard.first_draw + start,
        n_draw,
        job.fixed,
        job.plan,
        drivers.nation(drawn),
        job.ranges,
        worker.bins,
        worker.successes,
        results,
    )
    histograms.count(worker.bins, n_draw, worker.number)
    sector = results.sector[..., :n_draw]
    finite.check(job, shard.first_draw + start, drawn, sector)
    if shard.stored.size:
        shard.stored[:, :, start:stop] = sector.swapaxes(2, 3)
    else:
        shard.sector[..., start:stop] = sector
    shard.achieved[..., start:stop] = results.achieved[..., :n_draw]
    if shard.units.size:
        shard.units[..., start:stop] = results.units[..., :n_draw]
    return np.ascontiguousarray(results.trust[..., :n_draw].swapaxes(2, 4))
