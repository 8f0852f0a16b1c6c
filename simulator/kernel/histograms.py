"""Integer histograms over draws: exact in any order of counting."""

import math

import numpy as np
from numpy.typing import NDArray

from simulator.kernel import workspace
from simulator.kernel.jit import compiled, inlined
from simulator.kernel.prefetch import prefetch
from simulator.kernel.tables import Counts, Floats
from simulator.kernel.workspace import LANES

LINE = 16  # counts in a line of the cache
LINES_A_BATCH = (
    workspace.BINS // LINE * LANES // workspace.BLOCK
)  # so that a block has all


@inlined
def bin_row(values: Floats, edges: Floats, bins: NDArray[np.uint8]) -> None:
    """Find the bins of `LANES` values; what lies outside goes to an end bin.

    `edges` holds the histogram's first edge and its bins per unit.
    """
    first, scale = edges[0], edges[1]
    for d in range(LANES):
        place = (values[d] - first) * scale
        bins[d] = np.uint8(np.int32(min(max(place, 0.0), workspace.BINS - 1.0)))


@compiled
def count_bins(
    bins: NDArray[np.uint8],
    n_draw: int,
    members: Counts,
    first: int,
    stop: int,
    histograms: NDArray[np.uint32],
) -> None:
    """Count a block's bins of some trusts or groups, of those that have members.

    `bins` has shape (batch, target, unit, result, year, LANES), `members` (unit,),
    `histograms` (target, unit, result, year, BINS). Only the first `n_draw` draws
    count, of the units from `first` to `stop`, numbered on from target to target.

    Bins and histograms come from main memory, so those of the rows after next are asked
    for while two are counted: a third of the time. Two by turns, because additions to
    one bin in close succession wait for each other.
    """
    n_unit, n_row = members.shape[0], histograms.shape[2] * histograms.shape[3]
    rows = bins.reshape(bins.shape[0], -1, LANES)
    counts = histograms.reshape(-1, workspace.BINS)
    last = counts.shape[0] - 1
    for row in range(first * n_row, stop * n_row, 2):  # `n_row` is even
        if members[row // n_row % n_unit] == 0:
            continue
        one, two = counts[row], counts[row + 1]
        for batch in range((n_draw + LANES - 1) // LANES):
            for later in (min(row + 4, last), min(row + 5, last)):
                prefetch(rows[batch, later], 0)
                for line in range(batch * LINES_A_BATCH, (batch + 1) * LINES_A_BATCH):
                    prefetch(counts[later], line * LINE)
            of_one, of_two = rows[batch, row], rows[batch, row + 1]
            for d in range(min(LANES, n_draw - batch * LANES)):
                one[of_one[d]] += np.uint32(1)
                two[of_two[d]] += np.uint32(1)


@compiled
def read_quantiles(
    histograms: NDArray[np.uint32], edges: Floats, levels: Floats, quantiles: Floats
) -> None:
    """Read quantiles off histograms, on a straight line within the bin.

    Shapes: `histograms` (unit, BINS), `edges` (unit, 2) as in `bin_row`, `levels`
    (level,) in rising order, `quantiles` (unit, level). A quantile in an end bin, which
    also holds what lies outside, is not a number.
    """
    last = workspace.BINS - 1
    for unit in range(histograms.shape[0]):
        total = np.int64(0)
        for place in range(workspace.BINS):
            total += np.int64(histograms[unit, place])
        place, below = 0, np.int64(0)
        for column in range(levels.shape[0]):
            wanted = levels[column] * total
            least = np.int64(math.ceil(wanted))
            while place < last and below + np.int64(histograms[unit, place]) < least:
                below += np.int64(histograms[unit, place])
                place += 1
            part = (wanted - below) / max(float(histograms[unit, place]), 1.0)
            value = edges[unit, 0] + (place + part) / edges[unit, 1]
            outside = (place == 0) | (place == last)
            quantiles[unit, column] = np.nan if outside else value
