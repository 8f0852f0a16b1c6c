"""Groups of trusts - a system, a type, the sector - judged on sums of money."""

import numpy as np
from numpy.typing import NDArray

from simulator.kernel import workspace
from simulator.kernel.histograms import bin_row
from simulator.kernel.jit import compiled, inlined
from simulator.kernel.outcomes import count_achieved, judge_group
from simulator.kernel.tables import Counts, Floats
from simulator.kernel.trust_year import TIE
from simulator.kernel.workspace import LANES


@inlined
def add_rows(rows: Floats, group: Floats) -> None:
    """Add a group's sums to those of a larger one, both flat and of one length."""
    for j in range(group.shape[0]):
        group[j] += rows[j]


@inlined
def read_group(sums: Floats) -> None:
    """Turn a group's sums of one year into its results, where they stand.

    Money stays as sums (GBP m); productivity, pressure and unmet demand become means
    weighted by cost before savings. What is judged as zero is zero.
    """
    for d in range(LANES):
        cost_before = sums[workspace.SUM_COST_BEFORE + d]
        balance = sums[workspace.SUM_BALANCE + d]
        near = abs(balance) <= TIE * cost_before
        sums[workspace.SUM_BALANCE + d] = 0.0 if near else balance
        cost = sums[workspace.SUM_COST + d]
        sums[workspace.SUM_UNDERLYING + d] = sums[workspace.SUM_INCOME + d] - cost
        sums[workspace.SUM_CASH_RELEASING + d] /= cost_before
        sums[workspace.SUM_MEASURED + d] /= cost_before
        sums[workspace.SUM_PRESSURE + d] /= cost_before
        sums[workspace.SUM_UNMET + d] /= cost_before


@compiled
def settle_group(
    rate: Floats, own: int, sums: Floats, achieved: NDArray[np.int8]
) -> None:
    """Read and judge one group of trusts.

    `sums` (year, N_SUMS * LANES) come in; results stand in `sums`, and in `achieved`
    (outcome, LANES), afterwards. `own` is the row of the target's own outcome.
    """
    for y in range(rate.shape[0]):
        read_group(sums[y])
    judge_group(rate, own, sums, achieved)


@compiled
def close_group(
    rate: Floats,
    own: int,
    sums: Floats,
    valid: int,
    ranges: Floats,
    counts: Counts,
    g: int,
    achieved: NDArray[np.int8],
    bins: NDArray[np.uint8],
) -> None:
    """Settle, count and bin one group of trusts.

    As `settle_group`; `bins` has shape (group result, year, LANES), `ranges` (group
    result, year, 2).
    """
    settle_group(rate, own, sums, achieved)
    count_achieved(achieved, valid, counts, g)
    for result in range(ranges.shape[0]):
        for y in range(rate.shape[0]):
            values = sums[y, result * LANES : (result + 1) * LANES]
            bin_row(values, ranges[result, y], bins[result, y])


@compiled
def keep_group(
    results: Floats, valid: int, start: int, kept: NDArray[np.float32], g: int
) -> None:
    """Keep a settled group's batch, (result, year, group, draw), where asked."""
    if kept.shape[2] > 0:
        for result in range(kept.shape[0]):
            row = result * LANES
            for y in range(kept.shape[1]):
                for d in range(valid):
                    kept[result, y, g, start + d] = results[y, row + d]
