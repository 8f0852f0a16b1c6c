"""Drivers into the kernel, block by block, on as many threads as asked.

A block of draws is computed from its address alone and adds only integers to what
blocks share, so results do not depend on threads, order or sharding.
"""

import os
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator import drivers
from simulator.drivers import Drawn
from simulator.kernel import lanes
from simulator.kernel.block import simulate_block
from simulator.kernel.lanes import BINS, BLOCK, LANES
from simulator.kernel.tables import Bins, Nation, PerDraw, Plan, Ranges, Tally, Trusts
from simulator.population import Population
from simulator.scenario import Scenario, Target
from simulator.schema import OUTCOMES, TRUST_TYPES

Floats = NDArray[np.float64]

SHARD: Final = 8 * BLOCK  # draws handed on together
PILOT: Final = 128  # draws that set the ranges of the histograms
# Kept trajectories are large: their blocks are small so that memory stays flat.
KEEPING_BLOCK: Final = 128
# The balancing item: rates tried in a round, and rounds; to 1e-9 of the range.
GRID: Final = 16
ROUNDS: Final = 8


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


class Shard(NamedTuple):
    """Consecutive draws, computed: what is kept of each of them."""

    first_draw: int
    n_draw: int
    drawn: Drawn
    sector: Floats  # (group result, target, year, draw)
    achieved: NDArray[np.int8]  # (target, outcome, draw)
    trajectories: NDArray[np.float32]  # (kept result, target, year, trust, draw)


class Desk(NamedTuple):
    """What a thread works with: its own counts, and room that it uses again."""

    tally: Tally
    bins: Bins


def prepare(scenario: Scenario, population: Population, seed: int) -> Job:
    """Solve the balancing items and set the ranges of the histograms."""
    drivers.check_addresses(scenario)
    trusts = drivers.trusts(population, scenario)
    rates, notes = _rates(scenario, population, trusts)
    plan = drivers.plan(scenario, population, rates)
    ranges = _pilot(scenario, trusts, plan, seed)
    return Job(scenario, population, seed, trusts, plan, ranges, notes)


def simulate(
    job: Job,
    draws: int,
    *,
    first_draw: int = 0,
    threads: int | None = None,
    keep: int = 0,
    done: Callable[[int], None] = lambda n_draw: None,
) -> Iterator[Shard | Tally]:
    """Simulate consecutive draws in shards, in order; their tally comes last.

    Parameters
    ----------
    job
        From `prepare`.
    draws
        Number of draws.
    first_draw
        Number of the first of them.
    threads
        Number of threads; by default one for each processor.
    keep
        Number of draws, from draw 0, whose trajectories are kept.
    done
        Called from the threads with the number of draws that a block finished.
    """
    threads = threads or os.cpu_count() or 1
    desks: queue.SimpleQueue[Desk] = queue.SimpleQueue()
    for _ in range(threads):
        desks.put(
            Desk(empty_tally(job.trusts, job.plan), room_for_bins(job.ranges, BLOCK))
        )
    with ThreadPoolExecutor(threads) as pool:
        # One shard ahead, so that threads have work while a shard is written.
        waiting: list[tuple[Shard, list[Future[None]]]] = []
        stop = first_draw + draws
        for first in range(first_draw, stop, SHARD):
            waiting.append(_submit(pool, job, first, stop, keep, desks, done))
            if len(waiting) == 2:
                yield _finished(*waiting.pop(0))
        for shard, futures in waiting:
            yield _finished(shard, futures)
    total = desks.get().tally
    for _ in range(threads - 1):
        add_tally(total, desks.get().tally)
    yield total


def _submit(
    pool: ThreadPoolExecutor,
    job: Job,
    first: int,
    stop: int,
    keep: int,
    desks: queue.SimpleQueue[Desk],
    done: Callable[[int], None],
) -> tuple[Shard, list[Future[None]]]:
    n_draw = min(SHARD, stop - first)
    n_target, n_year = job.plan.rate.shape
    kept = min(max(keep - first, 0), n_draw)
    shape = (len(lanes.KEPT), n_target, n_year, len(job.population.code), kept)
    shard = Shard(
        first_draw=first,
        n_draw=n_draw,
        drawn=drivers.draw(job.scenario, job.seed, first, n_draw),
        sector=np.empty((len(lanes.GROUP_RESULTS), n_target, n_year, n_draw)),
        achieved=np.empty((n_target, len(OUTCOMES), n_draw), np.int8),
        trajectories=np.empty(shape, np.float32),
    )

    def compute(start: int, stop: int) -> None:
        desk = desks.get()
        try:
            _compute(job, shard, start, stop, kept, desk)
        finally:  # or the next block would wait for a desk for ever
            desks.put(desk)
        done(stop - start)

    return shard, [pool.submit(compute, *span) for span in _blocks(n_draw, kept)]


def _blocks(n_draw: int, kept: int) -> Iterator[tuple[int, int]]:
    """Split a shard's draws; those that are kept stand in blocks of their own."""
    for start in range(0, kept, KEEPING_BLOCK):
        yield start, min(start + KEEPING_BLOCK, kept)
    for start in range(kept, n_draw, BLOCK):
        yield start, min(start + BLOCK, n_draw)


def _finished(shard: Shard, futures: list[Future[None]]) -> Shard:
    for future in futures:
        future.result()
    return shard


def _compute(
    job: Job, shard: Shard, start: int, stop: int, kept: int, desk: Desk
) -> None:
    """Compute draws `start` to `stop` of a shard into their own slots."""
    n_trust = len(job.population.code) if stop <= kept else 0
    results = _room(job.plan, n_trust, 0, 0, stop - start)
    simulate_block(
        job.seed,
        shard.first_draw + start,
        stop - start,
        job.trusts,
        job.plan,
        drivers.nation(part_of(shard.drawn, start, stop)),
        job.ranges,
        desk.bins,
        desk.tally,
        results,
    )
    shard.sector[..., start:stop] = results.sector
    shard.achieved[..., start:stop] = results.achieved
    if n_trust:
        shard.trajectories[..., start:stop] = results.trust


def _room(plan: Plan, n_trust: int, n_kind: int, n_system: int, n_draw: int) -> PerDraw:
    """Make room for a block's results; 0 trusts, types or systems: not kept."""
    n_target, n_year = plan.rate.shape
    n_result = len(lanes.GROUP_RESULTS)

    def kept(rows: int, n: int) -> NDArray[np.float32]:
        # Zeros: a type without trusts has no results.
        return np.zeros((rows, n_target, n_year, n, n_draw if n else 0), np.float32)

    return PerDraw(
        sector=np.empty((n_result, n_target, n_year, n_draw)),
        achieved=np.empty((n_target, len(OUTCOMES), n_draw), np.int8),
        trust=kept(len(lanes.KEPT), n_trust),
        kind=kept(n_result, n_kind),
        system=kept(n_result, n_system),
    )


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


def empty_tally(trusts: Trusts, plan: Plan) -> Tally:
    """Make a tally of nothing."""
    n_target, n_kind, n_year = plan.funded.shape
    n_trust, n_system = len(trusts.income), len(trusts.first) - 1
    n_outcome, n_result = len(OUTCOMES), len(lanes.GROUP_RESULTS)
    return Tally(
        trust=np.zeros((n_target, n_outcome, n_trust), np.int64),
        kind=np.zeros((n_target, n_outcome, n_kind), np.int64),
        system=np.zeros((n_target, n_outcome, n_system), np.int64),
        sector=np.zeros((n_target, n_outcome), np.int64),
        share=np.zeros((n_target, n_outcome, n_trust + 1), np.int64),
        guarded=np.zeros(n_target, np.int64),
        trust_spread=np.zeros(
            (n_target, n_trust, len(lanes.SPREAD), n_year, BINS), np.uint32
        ),
        kind_spread=np.zeros((n_target, n_kind, n_result, n_year, BINS), np.uint32),
        system_spread=np.zeros((n_target, n_system, n_result, n_year, BINS), np.uint32),
    )


def add_tally(total: Tally, other: Tally) -> None:
    """Add one tally to another, exactly."""
    for name in Tally._fields:
        whole: NDArray[np.integer[Any]] = getattr(total, name)
        whole += getattr(other, name)


# --- the ranges of histograms -------------------------------------------------------


def _pilot(scenario: Scenario, trusts: Trusts, plan: Plan, seed: int) -> Ranges:
    """Set each histogram's range from the first draws, whatever the run's length.

    Half a span is left on either side of what the pilot draws show.
    """
    nation = drivers.nation(drivers.draw(scenario, seed, 0, PILOT))
    found = [
        _pilot_target(trusts, _one_target(plan, k), nation, seed)
        for k in range(len(plan.rate))
    ]
    return Ranges(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _pilot_target(trusts: Trusts, plan: Plan, nation: Nation, seed: int) -> Ranges:
    seen = everything(trusts, plan, nation, seed, PILOT)
    row = {name: seen.trust[index] for index, name in enumerate(lanes.KEPT)}
    margin = row["balance"] / np.maximum(row["income"], np.float32(1e-9))
    spread = [margin, row["recurrent"], row["nonrecurrent"], row["productivity"]]
    sizes = np.bincount(trusts.kind, minlength=len(TRUST_TYPES)), np.diff(trusts.first)
    return Ranges(
        trust=_ranges(np.stack(spread)),
        kind=_group_ranges(seen.kind, sizes[0]),
        system=_group_ranges(seen.system, sizes[1]),
    )


def everything(
    trusts: Trusts, plan: Plan, nation: Nation, seed: int, n_draw: int
) -> PerDraw:
    """Simulate a few draws, at most `BLOCK`, and keep every result of each."""
    n_target, n_kind, n_year = plan.funded.shape
    n_trust, n_system = len(trusts.income), len(trusts.first) - 1
    seen = _room(plan, n_trust, n_kind, n_system, n_draw)

    unbinned = Ranges(
        *(np.empty((n_target, n, 0, n_year, 2)) for n in (n_trust, n_kind, n_system))
    )
    tally = empty_tally(trusts, plan)
    simulate_block(
        seed,
        0,
        n_draw,
        trusts,
        plan,
        nation,
        unbinned,
        room_for_bins(unbinned, n_draw),
        tally,
        seen,
    )
    return seen


def _ranges(values: NDArray[np.float32]) -> Floats:
    """Turn (result, target, year, unit, draw) into (target, unit, result, year, 2)."""
    low = values.min(-1).astype(np.float64)
    span = values.max(-1).astype(np.float64) - low
    # A quantity that never varies still needs bins of some width.
    span = np.where(span > 0.0, span, np.maximum(np.abs(low) * 1e-6, 1e-9))
    edges = np.stack([low - 0.5 * span, BINS / (2.0 * span)], -1)
    return np.ascontiguousarray(edges.transpose(1, 3, 0, 2, 4))


def _group_ranges(values: NDArray[np.float32], sizes: NDArray[np.int64]) -> Floats:
    """Set ranges of a group's results; numbers of trusts get a bin each if they can."""
    ranges = _ranges(values)
    counted = ranges[:, :, lanes.TRUSTS_IN_DEFICIT]
    counted[..., 0] = -0.5
    counted[..., 1] = (BINS / np.maximum(sizes + 1, BINS))[None, :, None]
    return ranges


def _one_target(plan: Plan, k: int) -> Plan:
    one = slice(k, k + 1)
    return plan._replace(
        rate=plan.rate[one],
        deficit_addon=plan.deficit_addon[one],
        price=plan.price[one],
        funded=plan.funded[one],
    )


# --- the balancing item -------------------------------------------------------------


def _rates(
    scenario: Scenario, population: Population, trusts: Trusts
) -> tuple[Floats, tuple[str, ...]]:
    """Give every target's rate, (target, year), and what is to be said of them.

    A balancing item is solved for.
    """
    n = scenario.years
    rows, notes = [], []
    for target in scenario.targets:
        if target.balancing_item is not None:
            rate, note = _balancing_rate(scenario, population, trusts, target)
            rows.append([rate] * n)
            notes.append(note)
        elif target.path is not None:
            rows.append(list(target.path))
        else:
            assert target.rate is not None
            rows.append([target.rate] * n)
    return np.array(rows, dtype=np.float64), tuple(notes)


def _balancing_rate(
    scenario: Scenario, population: Population, trusts: Trusts, target: Target
) -> tuple[float, str]:
    """Find the yearly rate that closes the sector's gap when all stands at its middle.

    The least rate up to the largest ask at which the sector's underlying balance
    reaches the stated level in the stated year. Where no rate does, which is an answer
    too, the rate that comes closest. Either way a grid is put on ever smaller
    brackets: the balance is not monotone in the rate, as a target that lowers prices
    further than trusts can follow loses more than it saves.
    """
    item = target.balancing_item
    assert item is not None
    low, high = 0.0, scenario.delivery.ask_max
    reaches = False
    for _ in range(ROUNDS):
        rates = low + (high - low) * np.arange(GRID + 1) / GRID
        levels = _underlying(scenario, population, trusts, target, rates)
        closing = np.flatnonzero(levels >= item.underlying)
        reaches = len(closing) > 0
        best = int(closing[0] if reaches else np.argmax(levels))
        if reaches and best == 0:
            break
        low = float(rates[max(best - 1, 0)])
        high = float(rates[best if reaches else min(best + 1, GRID)])
    rate, level = float(rates[best]), float(levels[best])
    what = f"an underlying balance of {item.underlying:,.0f}m in {item.year}"
    if reaches:
        return (
            rate,
            f"{target.name}: {rate:.2%} a year reaches {what} at central values",
        )
    return rate, (
        f"{target.name}: NO rate reaches {what} at central values; {rate:.2%} a year "
        f"comes closest, with {level:,.0f}m, and is what its line shows"
    )


def _underlying(
    scenario: Scenario,
    population: Population,
    trusts: Trusts,
    target: Target,
    rates: Floats,
) -> Floats:
    """Find the sector's underlying balance for candidate rates, without any luck."""
    item = target.balancing_item
    assert item is not None
    tried = scenario.model_copy(update={"targets": (target,) * len(rates)})
    by_year = np.repeat(rates[:, None], scenario.years, axis=1)
    plan = drivers.without_luck(drivers.plan(tried, population, by_year))
    nation = drivers.nation(drivers.central(scenario))
    sector = everything(trusts, plan, nation, 0, 1).sector
    row = lanes.GROUP_RESULTS.index("underlying")
    return sector[row, :, item.year - scenario.first_year, 0]
