"""Counts over draws: of none yet, and added up, which no order can change."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.engine import units
from simulator.engine.histograms import empty_spreads
from simulator.kernel.tables import Plan, Ranges, Successes, Tally, Trusts
from simulator.schema import OUTCOMES

Counted = TypeVar("Counted", Tally, Successes)


def empty_tally(trusts: Trusts, plan: Plan, ranges: Ranges) -> Tally:
    """Make a tally of nothing."""
    return Tally(*empty_successes(trusts, plan), *empty_spreads(ranges))


def empty_successes(trusts: Trusts, plan: Plan) -> Successes:
    """Count no draws yet."""
    n_target, n_outcome = len(plan.rate), len(OUTCOMES)
    n_trust, n_kind, n_system = units.of(trusts)
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
