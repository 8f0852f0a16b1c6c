"""Compile a part of the kernel: what `cache.compile_ahead` starts a process for.

At the first start, when nothing is in the cache, Numba compiles one function after the
other. Meanwhile this process compiles some stages of a year, groups, trusts' drivers
and histograms, and the run finds them in the cache when it comes to them: 6 of 18
seconds on two processors.
"""

import numpy as np

from simulator.kernel import (
    groups,
    histograms,
    normal,
    one_trust,
    outcomes,
    shocks,
    workspace,
)
from simulator.kernel.records import Begun, Belief, Drivers, Planned, Rules, Terms
from simulator.kernel.trust_year import (
    close_accounts,
    draw_one_offs,
    save_for_good,
)
from simulator.kernel.workspace import BINS, LANES
from simulator.outcomes import OUTCOMES


def compile_part() -> None:
    """Call each function once, as a run does, in the order of its needs.

    What is left out the run compiles itself meanwhile.
    """
    _stages()
    _groups()
    _shocks()
    _counts()


def _stages() -> None:
    three, four = (1.0,) * 3, (1.0,) * 4
    begun = Begun(*(1.0,) * len(Begun._fields))
    belief = Belief(*(1.0,) * len(Belief._fields))
    terms = Terms(1.0, 1.0, True, 1.0, 1.0, True, 1.0, 1.0, 1.0)
    rules = Rules(three, four, four, four, *(1.0,) * 6)
    brought = Drivers(*(1.0,) * 9, three)
    planned = Planned(1.0, 1.0, 1.0)
    saved = save_for_good(begun, planned, 1.0, three, four, brought, belief, rules)
    close_accounts(begun, planned, saved, 1.0, belief, terms, rules)
    draw_one_offs(1.0, 1.0, 1.0, four, 1.0, belief, rules)


def _groups() -> None:
    n_result, n_outcome = len(workspace.GROUP_RESULTS), len(OUTCOMES)
    one, sums = np.ones(2), np.ones((2, workspace.N_SUMS * LANES))
    achieved = np.zeros((n_outcome, LANES), np.int8)
    kept = np.zeros((n_result, 2, 2, 2, 2), np.float32)
    groups.close_group(
        one,
        1,
        sums,
        1,
        np.ones((n_result, 2, 2)),
        np.zeros((n_outcome, 2), np.int64),
        0,
        achieved,
        np.zeros((n_result, 2, LANES), np.uint8),
    )
    one_trust.keep_trust(
        np.ones(workspace.WORKSPACE), 1, 0, kept[: len(workspace.KEPT), 0, 0, 0]
    )
    outcomes.add_achieved(achieved, np.zeros((n_outcome, LANES)))
    outcomes.keep_achieved(achieved, 1, 0, np.zeros((n_outcome, 2, 2), np.int8), 0)
    groups.add_rows(one, one)
    groups.keep_group(sums, 1, 0, kept[:, 0], 0)


def _shocks() -> None:
    address, kind, pay_share = (
        np.zeros(1, np.uint32),
        np.zeros(1, np.int64),
        np.zeros(1),
    )
    for column in (address, kind, pay_share):  # as a population has them
        column.flags.writeable = False
    nation_year = np.zeros((1, workspace.N_NATION * LANES))
    shocks.make_drivers(
        1,
        1,
        address,
        kind,
        pay_share,
        np.zeros(2, np.int64),
        np.zeros(6),
        nation_year,
        np.zeros((1, 1, LANES)),
        np.zeros((1, 1, LANES)),
        np.zeros((1, 1, workspace.N_DRIVERS * LANES)),
        np.zeros((1, LANES)),
    )


def _counts() -> None:
    bins = np.zeros((2, 2, 2, 2, 2, LANES), np.uint8)
    counts = np.zeros((2, 2, 2, 2, BINS), np.uint32)
    histograms.count_bins(bins, 1, np.ones(2, np.int64), 0, 1, counts)
    normal.fill_uniforms(np.zeros(2, np.uint64), np.zeros(2))
    rows, levels = counts.reshape(-1, BINS), np.array([0.5])
    edges, found = np.ones((len(rows), 2)), np.ones((len(rows), 1))
    histograms.read_quantiles(rows, edges, levels, found)


if __name__ == "__main__":
    compile_part()
