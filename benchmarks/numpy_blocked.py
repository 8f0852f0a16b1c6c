"""The model in NumPy made as fast as we know how: small blocks, nothing allocated.

Draws go through in tiles that keep an array of all trusts in the second-level cache;
every operation writes into memory that is there already; shocks are drawn once for all
targets; quantiles come from integer histograms over the simulator's own ranges.
"""

import queue
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import numpy_nation
from benchmarks.blocked_counts import Counts
from benchmarks.blocked_order import by_turns, plan_in, trusts_in
from benchmarks.blocked_year import Tile
from benchmarks.case import Case
from benchmarks.numpy_nation import Nation
from benchmarks.outcome import Outcome
from simulator.kernel.workspace import GROUP_RESULTS

Floats = NDArray[np.float64]

TILE: Final = 32  # draws: 234 trusts x 32 x 8 bytes = 60 KB an array
BLOCK: Final = 1024  # draws whose bins are counted together


def run(case: Case, draws: int, threads: int) -> Outcome:
    """Simulate and reduce; threads share the blocks out."""
    rng = np.random.default_rng(case.job.seed)
    nation = numpy_nation.draw(case.scenario, rng, draws)
    order = by_turns(case.trusts)
    trusts, plan = trusts_in(order, case.trusts), plan_in(order, case.plan)
    yearly = np.empty((len(GROUP_RESULTS), *case.plan.rate.shape, draws))
    rooms: queue.SimpleQueue[tuple[Tile, Counts]] = queue.SimpleQueue()
    for _ in range(threads):
        rooms.put((Tile(trusts, plan, TILE), Counts(case, order, BLOCK)))

    def block(first: int) -> None:
        tile, counts = rooms.get()
        last = min(first + BLOCK, draws)
        one_block(case.job.seed, nation, first, last, tile, counts, yearly)
        rooms.put((tile, counts))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(block, range(0, draws, BLOCK)))
    total = rooms.get()[1]
    for _ in range(threads - 1):
        total.add(rooms.get()[1])
    return total.outcome(draws, yearly)


def one_block(
    seed: int,
    nation: Nation,
    first: int,
    last: int,
    tile: Tile,
    counts: Counts,
    yearly: Floats,
) -> None:
    """Carry every trust through a block of draws under every target."""
    rng = np.random.Generator(np.random.SFC64([seed, first]))
    tiles = [slice(start, start + TILE) for start in range(first, last, TILE)]
    drivers, size = tile.drivers(nation, rng, tiles)
    for k in range(yearly.shape[1]):
        for number, draws in enumerate(tiles):
            width = min(last, draws.stop) - draws.start
            tile.open(nation, draws)
            for y in range(yearly.shape[2]):
                tile.carry_year(k, y, drivers[number][y], size[number])
                counts.take_year(k, y, tile, number * TILE)
            counts.judge(k, tile, width)
            seen = counts.sector[:, :, :width].swapaxes(0, 1)
            yearly[:, k, :, draws.start : draws.start + width] = seen
        counts.count_bins(k, last - first)
