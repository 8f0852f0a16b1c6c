"""Who achieves what, draw by draw: a trust on its own accounts, a group on its sums."""

import numpy as np
from numpy.typing import NDArray

from simulator.kernel import lanes
from simulator.kernel.jit import compiled, inlined, pasted
from simulator.kernel.lanes import LANES
from simulator.kernel.tables import Counts, Floats

TIE = 1e-9  # relative: a target met to within rounding is met


@pasted
def judge_trust(target_total: float, w: Floats, achieved: NDArray[np.int8]) -> None:
    """Judge a trust after its last year.

    `target_total` is the sum of the target's rates over the years, `w` the workspace,
    `achieved` has shape (outcome, LANES).
    """
    for d in range(LANES):
        wanted = w[lanes.TARGET_TOTAL + d] * (1.0 - TIE)
        real = w[lanes.REAL_TOTAL + d] >= target_total * (1.0 - TIE)
        balance = w[lanes.BALANCE + d] >= -TIE * w[lanes.COST_BEFORE + d]
        achieved[0, d] = w[lanes.MET + d] > 0.0
        achieved[1, d] = w[lanes.RECURRENT_TOTAL + d] >= wanted
        achieved[2, d] = real
        achieved[3, d] = balance
        achieved[4, d] = real & balance


@inlined
def judge_group(rate: Floats, results: Floats, achieved: NDArray[np.int8]) -> None:
    """Judge a group on its sums of money.

    `rate` has shape (year,), `results` (year, N_SUMS * LANES), `achieved` (outcome,
    LANES).
    """
    n_year, target_total = rate.shape[0], 0.0
    met, recurrent, productivity, target_money = 0, LANES, 2 * LANES, 3 * LANES
    totals = np.empty(4 * LANES)
    for d in range(LANES):
        totals[met + d] = 1.0
        totals[recurrent + d] = 0.0
        totals[productivity + d] = 0.0
        totals[target_money + d] = 0.0
    for y in range(n_year):
        year, wanted = results[y], rate[y]
        target_total += wanted
        for d in range(LANES):
            ask = year[lanes.SUM_ASK + d]
            for_good = year[lanes.SUM_RECURRENT + d]
            saved = for_good + year[lanes.SUM_NONRECURRENT + d]
            totals[met + d] *= 1.0 if saved >= 0.95 * ask else 0.0
            totals[recurrent + d] += for_good
            totals[productivity + d] += year[lanes.SUM_PRODUCTIVITY + d]
            totals[target_money + d] += wanted * year[lanes.SUM_COST_BEFORE + d]
    last = results[n_year - 1]
    for d in range(LANES):
        real = totals[productivity + d] >= target_total * (1.0 - TIE)
        in_balance = -TIE * last[lanes.SUM_COST_BEFORE + d]
        balance = last[lanes.SUM_BALANCE + d] >= in_balance
        wanted = totals[target_money + d] * (1.0 - TIE)
        achieved[0, d] = totals[met + d] > 0.0
        achieved[1, d] = totals[recurrent + d] >= wanted
        achieved[2, d] = real
        achieved[3, d] = balance
        achieved[4, d] = real & balance


@inlined
def count_achieved(
    achieved: NDArray[np.int8], valid: int, counts: Counts, unit: int
) -> None:
    """Count the draws of a batch in which a unit achieves: (outcome, unit)."""
    for outcome in range(achieved.shape[0]):
        for d in range(valid):
            counts[outcome, unit] += achieved[outcome, d]


@inlined
def add_achieved(achieved: NDArray[np.int8], achieving: Floats) -> None:
    """Add a trust to those that achieve in each draw, both (outcome, LANES)."""
    for outcome in range(achieved.shape[0]):
        for d in range(LANES):
            achieving[outcome, d] += achieved[outcome, d]


@compiled
def keep_achieved(
    achieved: NDArray[np.int8],
    valid: int,
    start: int,
    kept: NDArray[np.int8],
    unit: int,
) -> None:
    """Keep what a unit achieves in each draw of a batch: (outcome, unit, draw)."""
    for outcome in range(kept.shape[0]):
        for d in range(valid):
            kept[outcome, unit, start + d] = achieved[outcome, d]
