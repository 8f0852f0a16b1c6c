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

    `rate` has shape (year,), `results` (year, group result * LANES), `achieved`
    (outcome, LANES).
    """
    n_year = rate.shape[0]
    for d in range(LANES):
        met = True
        recurrent = target_money = productivity = target_total = 0.0
        for y in range(n_year):
            ask = results[y, 4 * LANES + d]
            saved = results[y, 5 * LANES + d] + results[y, 6 * LANES + d]
            met = met & (saved >= 0.95 * ask)
            recurrent += results[y, 5 * LANES + d]
            target_money += rate[y] * results[y, 2 * LANES + d]
            productivity += results[y, 9 * LANES + d]
            target_total += rate[y]
        cost_before = results[n_year - 1, 2 * LANES + d]
        real = productivity >= target_total * (1.0 - TIE)
        balance = results[n_year - 1, 7 * LANES + d] >= -TIE * cost_before
        achieved[0, d] = met
        achieved[1, d] = recurrent >= target_money * (1.0 - TIE)
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
