"""Drivers into the kernel, block by block, on as many threads as asked.

A block of draws is computed from its address alone and adds only integers to what
blocks share, so results do not depend on threads, order or sharding.
"""

import os
import queue
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator import drivers
from simulator.drivers import Drawn
from simulator.engine.histograms import Histograms, empty_spreads
from simulator.errors import ScenarioError
from simulator.kernel import workspace
from simulator.kernel.block import fixed_of, simulate_block
from simulator.kernel.tables import (
    Bins,
    Fixed,
    Nation,
    PerDraw,
    Plan,
    Ranges,
    Successes,
    Tally,
    Trusts,
)
from simulator.kernel.workspace import BLOCK, LANES
from simulator.population.model import Population
from simulator.sampling.stream import Stream
from simulator.scenario.model import Scenario
from simulator.schema import OUTCOMES, TRUST_TYPES
from simulator.types import Floats, OnProgress

Counted = TypeVar("Counted", Tally, Successes)

SHARD: Final = 16 * BLOCK  # draws handed on together
# Kept trajectories are large: their blocks are small so that memory stays flat.
KEEPING_BLOCK: Final = 128
AHEAD: Final = 6  # blocks a thread that may wait to be handed on
KEPT_AHEAD: Final = 1  # the same of kept trajectories, which are written more slowly
LARGEST: Final = float(np.finfo(np.float32).max)  # that a run file can hold


@dataclass(frozen=True)
class Job:
    """Everything that a block needs but its place."""

    scenario: Scenario
    population: Population
    seed: int
    trusts: Trusts
    plan: Plan
    ranges: Ranges
    notes: tuple[str, ...]  # what is to be said beside the results

    @cached_property
    def fixed(self) -> Fixed:
        """What the block loop reads of trusts and groups."""
        return fixed_of(self.trusts, self.plan, len(TRUST_TYPES))


class Shard(NamedTuple):
    """Consecutive draws, computed: what is kept of each of them."""

    first_draw: int
    n_draw: int
    drawn: Drawn
    sector: Floats  # (group result, target, year, draw); no draws if `stored`
    # As the run file holds them; no draws where that is not asked for.
    stored: NDArray[np.float32]  # (group result, target, draw, year)
    achieved: NDArray[np.int8]  # (target, outcome, draw)
    # Trusts, then types, then systems; no units where they are not asked for.
    units: NDArray[np.int8]  # (target, outcome, unit, draw)


class Kept(NamedTuple):
    """The trajectories of consecutive draws, in the order of the run file."""

    first_draw: int
    values: NDArray[np.float32]  # (kept result, target, draw, trust, year)


class Block(NamedTuple):
    """Draws that a thread computes together, from and to, within their shard."""

    shard: Shard
    start: int
    stop: int
    kept: bool


class Desk(NamedTuple):
    """What a thread works with: its own counts, and room that it uses again."""

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
    on_progress: OnProgress = lambda n_draw: None,
) -> Iterator[Shard | Kept | Tally]:
    """Simulate consecutive draws in order; their tally comes last.

    Trajectories come block by block as they are ready, each shard after its blocks.

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
    on_progress
        Called from the threads with the number of draws that a block finished.
    """
    threads = threads or os.cpu_count() or 1
    n_unit = _number_of_units(job) if by_unit else 0
    n_kept = min(max(keep - first_draw, 0), draws)
    histograms = Histograms(job.trusts, job.ranges)
    desks: queue.SimpleQueue[Desk] = queue.SimpleQueue()
    for number in range(threads):
        desks.put(_desk(job, number, n_unit, n_kept))

    def compute(block: Block) -> NDArray[np.float32]:
        desk = desks.get()
        try:
            trajectories = _compute(job, block, desk, histograms)
        finally:  # or the next block would wait for a desk for ever
            desks.put(desk)
        on_progress(block.stop - block.start)
        return trajectories

    # Some blocks ahead, so that threads have work while results are written.
    waiting: deque[tuple[Block, Future[NDArray[np.float32]]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for shard in _shards(
            job, first_draw, first_draw + draws, n_unit, to_store, stream
        ):
            for block in _blocks(shard, keep):
                waiting.append((block, pool.submit(compute, block)))
                if len(waiting) > (KEPT_AHEAD if block.kept else AHEAD) * threads:
                    yield from _finished(*waiting.popleft())
        while waiting:
            yield from _finished(*waiting.popleft())
    total = empty_successes(job.trusts, job.plan)
    for _ in range(threads):
        add_tally(total, desks.get().successes)
    yield Tally(*total, *histograms.spreads)


def _desk(job: Job, number: int, n_unit: int, n_kept: int) -> Desk:
    n_trust = len(job.population.code) if n_kept else 0
    n_draw = min(n_kept, KEEPING_BLOCK)
    return Desk(
        number=number,
        successes=empty_successes(job.trusts, job.plan),
        bins=room_for_bins(job.ranges, BLOCK),
        results=_room(job.plan, 0, 0, 0, n_unit, BLOCK),
        kept=_room(job.plan, n_trust, 0, 0, n_unit, n_draw),
    )


def _shards(
    job: Job,
    first: int,
    stop: int,
    n_unit: int,
    to_store: bool,
    stream: Callable[[int, int, int], Stream],
) -> Iterator[Shard]:
    """Make room for shard after shard; each ends where a chunk of the file ends."""
    n_target, n_year = job.plan.rate.shape
    n_result = len(workspace.GROUP_RESULTS)
    while first < stop:
        n_draw = min(SHARD - first % SHARD, stop - first)
        n_stored = n_draw if to_store else 0
        n_double = n_draw - n_stored
        yield Shard(
            first_draw=first,
            n_draw=n_draw,
            drawn=drivers.draw_from(job.scenario, stream(job.seed, first, n_draw)),
            sector=np.empty((n_result, n_target, n_year, n_double)),
            stored=np.empty((n_result, n_target, n_stored, n_year), np.float32),
            achieved=np.empty((n_target, len(OUTCOMES), n_draw), np.int8),
            units=_units(n_target, n_unit, n_draw),
        )
        first += n_draw


def _blocks(shard: Shard, keep: int) -> Iterator[Block]:
    """Split a shard's draws; those that are kept stand in blocks of their own."""
    kept = min(max(keep - shard.first_draw, 0), shard.n_draw)
    for start in range(0, kept, KEEPING_BLOCK):
        yield Block(shard, start, min(start + KEEPING_BLOCK, kept), True)
    for start in range(kept, shard.n_draw, BLOCK):
        yield Block(shard, start, min(start + BLOCK, shard.n_draw), False)


def _finished(
    block: Block, future: Future[NDArray[np.float32]]
) -> Iterator[Shard | Kept]:
    trajectories = future.result()
    if block.kept:
        yield Kept(block.shard.first_draw + block.start, trajectories)
    if block.stop == block.shard.n_draw:
        yield block.shard


def _compute(
    job: Job, block: Block, desk: Desk, histograms: Histograms
) -> NDArray[np.float32]:
    """Compute a block into its slots of the shard; gives its trajectories.

    The results are turned into the file's order here, so that all threads share in it
    and the one that writes has nothing left to do but to write.
    """
    shard, start, stop, kept = block
    n_draw = stop - start
    results = desk.kept if kept else desk.results
    simulate_block(
        job.seed,
        shard.first_draw + start,
        n_draw,
        job.fixed,
        job.plan,
        drivers.nation(part_of(shard.drawn, start, stop)),
        job.ranges,
        desk.bins,
        desk.successes,
        results,
    )
    histograms.count(desk.bins, n_draw, desk.number)
    sector = results.sector[..., :n_draw]
    # Of NaN, either comparison is false; a maximum of it is NaN.
    if not (sector.min() >= -LARGEST and sector.max() <= LARGEST):
        raise _not_finite(job, block, sector)
    if shard.stored.size:
        shard.stored[:, :, start:stop] = sector.swapaxes(2, 3)
    else:
        shard.sector[..., start:stop] = sector
    shard.achieved[..., start:stop] = results.achieved[..., :n_draw]
    if shard.units.size:
        shard.units[..., start:stop] = results.units[..., :n_draw]
    return np.ascontiguousarray(results.trust[..., :n_draw].swapaxes(2, 4))


def _not_finite(job: Job, block: Block, sector: Floats) -> ScenarioError:
    """Say where a result of a block is no number: its draw, computed again by trust."""
    wrong = ~(np.abs(sector) <= LARGEST)
    draw = int(np.flatnonzero(wrong.any(axis=(0, 1, 2)))[0])
    number = block.shard.first_draw + block.start + draw
    start = block.start + draw
    nation = drivers.nation(part_of(block.shard.drawn, start, start + 1))
    seen = everything(job.trusts, job.plan, nation, job.seed, 1, number)
    # The first year counts, then the first trust: what follows may be its consequence.
    by_trust = ~(np.abs(seen.trust[..., 0]) <= LARGEST).transpose(2, 3, 1, 0)
    in_sector = wrong[..., draw].transpose(2, 1, 0)
    if by_trust.any():
        year, trust, target, result = np.argwhere(by_trust)[0]
        who, name = f"trust {job.population.code[trust]}", workspace.KEPT[result]
    else:
        year, target, result = np.argwhere(in_sector)[0]
        who, name = "the sector", workspace.GROUP_RESULTS[result]
    asked, first = job.scenario.targets[target].name, job.scenario.first_year
    return ScenarioError(
        f"draw {number}, {who}, {first + year}, target '{asked}'",
        f"'{name}' is not a finite number, so that this run cannot be counted",
        "look for the value that is far from what it can mean: simulator show",
    )


def _room(
    plan: Plan, n_trust: int, n_kind: int, n_system: int, n_unit: int, n_draw: int
) -> PerDraw:
    """Make room for a block's results; 0 trusts, types, systems or units: not kept."""
    n_target, n_year = plan.rate.shape
    n_result = len(workspace.GROUP_RESULTS)

    def kept(rows: int, n: int) -> NDArray[np.float32]:
        # Zeros: a type without trusts has no results.
        return np.zeros((rows, n_target, n_year, n, n_draw if n else 0), np.float32)

    return PerDraw(
        sector=np.empty((n_result, n_target, n_year, n_draw)),
        achieved=np.empty((n_target, len(OUTCOMES), n_draw), np.int8),
        trust=kept(len(workspace.KEPT), n_trust),
        kind=kept(n_result, n_kind),
        system=kept(n_result, n_system),
        units=_units(n_target, n_unit, n_draw),
    )


def _units(n_target: int, n_unit: int, n_draw: int) -> NDArray[np.int8]:
    # Zeros: a type without trusts achieves nothing.
    shape = n_target, len(OUTCOMES), n_unit, n_draw if n_unit else 0
    return np.zeros(shape, np.int8)


def _number_of_units(job: Job) -> int:
    """Count trusts, types and systems together."""
    return len(job.trusts.income) + len(TRUST_TYPES) + len(job.trusts.first) - 1


def room_for_bins(ranges: Ranges, n_draw: int) -> Bins:
    """Make room for the bins of a block."""
    n_batch = -(-n_draw // LANES)
    shapes = [(n_batch, *edges.shape[:-1], LANES) for edges in ranges]
    return Bins(*(np.empty(shape, np.uint8) for shape in shapes))


def part_of(drawn: Drawn, start: int, stop: int) -> Drawn:
    """Take some of the draws."""
    parts: dict[str, Any] = {
        name: value[..., start:stop]
        for name, value in vars(drawn).items()
        if name != "assumptions"
    }
    assumptions = {path: v[start:stop] for path, v in drawn.assumptions.items()}
    return Drawn(assumptions=assumptions, **parts)


def empty_tally(trusts: Trusts, plan: Plan, ranges: Ranges) -> Tally:
    """Make a tally of nothing."""
    return Tally(*empty_successes(trusts, plan), *empty_spreads(ranges))


def empty_successes(trusts: Trusts, plan: Plan) -> Successes:
    """Count no draws yet."""
    n_target, n_kind = len(plan.rate), len(TRUST_TYPES)
    n_trust, n_system = len(trusts.income), len(trusts.first) - 1
    n_outcome = len(OUTCOMES)
    return Successes(
        trust=np.zeros((n_target, n_outcome, n_trust), np.int64),
        kind=np.zeros((n_target, n_outcome, n_kind), np.int64),
        system=np.zeros((n_target, n_outcome, n_system), np.int64),
        sector=np.zeros((n_target, n_outcome), np.int64),
        share=np.zeros((n_target, n_outcome, n_trust + 1), np.int64),
        guarded=np.zeros(n_target, np.int64),
    )


def add_tally(total: Counted, other: Counted) -> None:
    """Add the counts of other draws, exactly."""
    for name in other._fields:
        whole: NDArray[np.integer[Any]] = getattr(total, name)
        whole += getattr(other, name)


def everything(
    trusts: Trusts,
    plan: Plan,
    nation: Nation,
    seed: int,
    n_draw: int,
    first_draw: int = 0,
    *,
    by_trust: bool = True,
) -> PerDraw:
    """Simulate a few draws, at most `BLOCK`, and keep every result of each.

    Without `by_trust` only those of the sector and of the types, in half the time.
    """
    n_kind = len(TRUST_TYPES)
    n_trust, n_system = len(trusts.income), len(trusts.first) - 1
    n_kept = (n_trust, n_kind, n_system) if by_trust else (0, n_kind, 0)
    seen = _room(plan, *n_kept, 0, n_draw)
    unbinned = no_ranges(trusts, plan)
    simulate_block(
        seed,
        first_draw,
        n_draw,
        fixed_of(trusts, plan, n_kind),
        plan,
        nation,
        unbinned,
        room_for_bins(unbinned, n_draw),
        empty_successes(trusts, plan),
        seen,
    )
    return seen


def no_ranges(trusts: Trusts, plan: Plan) -> Ranges:
    """Give ranges of no histogram, with which nothing is binned."""
    n_target, n_year = plan.rate.shape
    sizes = len(trusts.income), len(TRUST_TYPES), len(trusts.first) - 1
    return Ranges(*(np.empty((n_target, n, 0, n_year, 2)) for n in sizes))
