"""Who achieves what, draw by draw: a trust on its own accounts, a group on its sums."""

import numpy as np
from numpy.typing import NDArray

from simulator.kernel import workspace
from simulator.kernel.jit import compiled, inlined, pasted
from simulator.kernel.tables import Counts, Floats
from simulator.kernel.trust_year import TIE
from simulator.kernel.workspace import LANES
from simulator.outcomes import (
    ANY_MEANS,
    BALANCE,
    CASH_RELEASING,
    MEASURED,
    RECURRENT,
    SUSTAINED,
)

MET_PLAN = 0.95  # part of a savings plan that counts as all of it


@pasted
def judge_trust(
    target_total: float, own: int, w: Floats, achieved: NDArray[np.int8]
) -> None:
    """Judge a trust after its last year.

    `target_total` is the sum of the target's rates over the years, `own` the row of
    the outcome that the target is meant on, `w` the workspace; `achieved` has shape
    (outcome, LANES).
    """
    for d in range(LANES):
        wanted = w[workspace.TARGET_TOTAL + d] * (1.0 - TIE)
        rate = target_total * (1.0 - TIE)
        achieved[ANY_MEANS, d] = w[workspace.SAVED_TOTAL + d] >= wanted
        achieved[RECURRENT, d] = w[workspace.RECURRENT_TOTAL + d] >= wanted
        achieved[CASH_RELEASING, d] = w[workspace.CASH_RELEASING_TOTAL + d] >= rate
        achieved[MEASURED, d] = w[workspace.MEASURED_TOTAL + d] >= rate
        achieved[BALANCE, d] = w[workspace.BALANCE + d] >= 0.0
    for d in range(LANES):
        achieved[SUSTAINED, d] = achieved[own, d] & achieved[BALANCE, d]


@inlined
def judge_group(
    rate: Floats, own: int, results: Floats, achieved: NDArray[np.int8]
) -> None:
    """Judge a group on its sums of money.

    `rate` has shape (year,), `own` is as of `judge_trust`, `results` has shape (year,
    N_SUMS * LANES), `achieved` (outcome, LANES).
    """
    n_year, target_total = rate.shape[0], 0.0
    saved, recurrent, cash_releasing = 0, LANES, 2 * LANES
    measured, target_money = 3 * LANES, 4 * LANES
    totals = np.zeros(5 * LANES)
    for y in range(n_year):
        year, wanted = results[y], rate[y]
        target_total += wanted
        for d in range(LANES):
            for_good = year[workspace.SUM_RECURRENT + d]
            totals[saved + d] += for_good + year[workspace.SUM_NONRECURRENT + d]
            totals[recurrent + d] += for_good
            totals[cash_releasing + d] += year[workspace.SUM_CASH_RELEASING + d]
            totals[measured + d] += year[workspace.SUM_MEASURED + d]
            totals[target_money + d] += wanted * year[workspace.SUM_COST_BEFORE + d]
    last = results[n_year - 1]
    for d in range(LANES):
        wanted = totals[target_money + d] * (1.0 - TIE)
        least = target_total * (1.0 - TIE)
        achieved[ANY_MEANS, d] = totals[saved + d] >= wanted
        achieved[RECURRENT, d] = totals[recurrent + d] >= wanted
        achieved[CASH_RELEASING, d] = totals[cash_releasing + d] >= least
        achieved[MEASURED, d] = totals[measured + d] >= least
        achieved[BALANCE, d] = last[workspace.SUM_BALANCE + d] >= 0.0
    for d in range(LANES):
        achieved[SUSTAINED, d] = achieved[own, d] & achieved[BALANCE, d]


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
