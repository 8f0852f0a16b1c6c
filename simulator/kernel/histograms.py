"""Integer histograms over draws: exact in any order of counting."""

import numpy as np
from numpy.typing import NDArray

from simulator.kernel import lanes
from simulator.kernel.jit import compiled, inlined
from simulator.kernel.lanes import LANES
from simulator.kernel.prefetch import prefetch
from simulator.kernel.tables import Counts, Floats

LINE = 16  # counts in a line of the cache


@inlined
def bin_row(values: Floats, edges: Floats, bins: NDArray[np.uint8]) -> None:
    """Find the bins of `LANES` values; what lies outside goes to an end bin.

    `edges` holds the histogram's first edge and its bins per unit.
    """
    first, scale = edges[0], edges[1]
    for d in range(LANES):
        place = (values[d] - first) * scale
        bins[d] = np.uint8(np.int32(min(max(place, 0.0), lanes.BINS - 1.0)))


@compiled
def count_bins(
    bins: NDArray[np.uint8],
    n_draw: int,
    members: Counts,
    histograms: NDArray[np.uint32],
) -> None:
    """Count a block's bins of trusts or groups, of those that have members.

    `bins` has shape (batch, target, unit, result, year, LANES), `members` (unit,),
    `histograms` (target, unit, result, year, BINS); only the first `n_draw` draws
    count. Bins and histograms come from main memory, so those of the row after next
    are asked for while a row is counted: a third of the time.
    """
    n_unit = members.shape[0]
    per_unit = histograms.shape[2] * histograms.shape[3]
    rows = bins.reshape(bins.shape[0], -1, LANES)
    counts = histograms.reshape(-1, lanes.BINS)
    for row in range(counts.shape[0]):
        if members[row // per_unit % n_unit] == 0:
            continue
        histogram = counts[row]
        later = min(row + 2, counts.shape[0] - 1)
        for batch in range((n_draw + LANES - 1) // LANES):
            prefetch(counts[later], batch * LINE)
            prefetch(rows[batch, later], 0)
            places = rows[batch, row]
            for d in range(min(LANES, n_draw - batch * LANES)):
                histogram[places[d]] += np.uint32(1)


@compiled
def read_quantiles(
    histograms: NDArray[np.uint32], edges: Floats, levels: Floats, quantiles: Floats
) -> None:
    """Read quantiles off histograms, on a straight line within the bin.

    Shapes: `histograms` (unit, BINS), `edges` (unit, 2) as in `bin_row`, `levels`
    (level,) in rising order, `quantiles` (unit, level). A quantile in an end bin, which
    also holds what lies outside, is not a number.
    """
    last = lanes.BINS - 1
    for unit in range(histograms.shape[0]):
        total = 0.0  # whole numbers below 2**53, exact as floats
        for place in range(lanes.BINS):
            total += histograms[unit, place]
        place, below = 0, 0.0
        for column in range(levels.shape[0]):
            wanted = levels[column] * total
            while place < last and below + histograms[unit, place] < wanted:
                below += histograms[unit, place]
                place += 1
            part = (wanted - below) / max(float(histograms[unit, place]), 1.0)
            value = edges[unit, 0] + (place + part) / edges[unit, 1]
            outside = (place == 0) | (place == last)
            quantiles[unit, column] = np.nan if outside else value
