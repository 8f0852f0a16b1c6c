"""An order of trusts in which systems add up in a few long operations.

First the first trust of every system, then the second of every system that has two, and
so on, large systems first: the n-th trusts stand in one run, over a run of systems.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.kernel.tables import Plan, Trusts


@dataclass(frozen=True)
class Order:
    """How trusts and systems stand while they are computed."""

    trust: NDArray[np.int64]  # place in the population of each trust
    system: NDArray[np.int64]  # number of each system
    runs: tuple[tuple[int, int], ...]  # begin and end of the n-th trusts


def by_turns(trusts: Trusts) -> Order:
    """Find the order."""
    sizes = np.diff(trusts.first)
    system = np.argsort(-sizes, kind="stable")
    turns = [
        trusts.first[system[: np.count_nonzero(sizes > turn)]] + turn
        for turn in range(sizes.max())
    ]
    ends = np.cumsum([len(turn) for turn in turns])
    runs = zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)
    return Order(np.concatenate(turns), system, tuple(runs))


def trusts_in(order: Order, trusts: Trusts) -> Trusts:
    """Put trusts in that order; `first` no longer means anything."""
    return Trusts(
        **{
            name: values if name == "first" else values[order.trust]
            for name, values in trusts._asdict().items()
        }
    )


def plan_in(order: Order, plan: Plan) -> Plan:
    """Put what a plan has for each trust in that order."""
    return plan._replace(
        support=plan.support[order.trust], need_limit=plan.need_limit[order.trust]
    )
