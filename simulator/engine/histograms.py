"""Histograms that all threads count into, a stripe at a time under its lock.

Histograms take most of a run's memory, so there is one of each and not one a thread.
Whole numbers add up to the same in any order.
"""

from collections.abc import Iterator
from threading import Lock
from typing import Final, NamedTuple

import numpy as np

from simulator.engine import units
from simulator.kernel.histograms import count_bins
from simulator.kernel.tables import Bins, Counts, Plan, Ranges, Spreads, Trusts
from simulator.kernel.workspace import BINS

STRIPE: Final = 64  # trusts or groups, each under a target: about half a millisecond


class Stripe(NamedTuple):
    """Neighbours in one array of histograms, numbered on from target to target."""

    family: int  # trusts, types or systems, in the order of `Spreads`
    first: int
    stop: int
    lock: Lock


class Histograms:
    """The histograms of a run, and who may count into them."""

    def __init__(self, trusts: Trusts, ranges: Ranges) -> None:
        self.spreads = empty_spreads(ranges)
        if any(values.shape[2] * values.shape[3] % 2 for values in self.spreads):
            raise ValueError("a unit needs an even number of histograms")
        n_trust, n_kind, n_system = (edges.shape[1] for edges in ranges)
        self.members: tuple[Counts, ...] = (
            np.ones(n_trust, np.int64),
            np.bincount(trusts.kind, minlength=n_kind),
            np.ones(n_system, np.int64),
        )
        self.stripes = list(_stripes(self.spreads))

    def count(self, bins: Bins, n_draw: int, thread: int = 0) -> None:
        """Count what a block has binned; each thread begins at another stripe."""
        turn = 7 * thread % max(len(self.stripes), 1)
        for family, first, stop, lock in self.stripes[turn:] + self.stripes[:turn]:
            with lock:
                count_bins(
                    bins[family],
                    n_draw,
                    self.members[family],
                    first,
                    stop,
                    self.spreads[family],
                )


def _stripes(spreads: Spreads) -> Iterator[Stripe]:
    for family, values in enumerate(spreads):
        if values.size:  # without ranges nothing is counted
            n_unit = values.shape[0] * values.shape[1]
            for first in range(0, n_unit, STRIPE):
                yield Stripe(family, first, min(first + STRIPE, n_unit), Lock())


def empty_spreads(ranges: Ranges) -> Spreads:
    """Make histograms of nothing."""
    return Spreads(*(np.zeros((*e.shape[:-1], BINS), np.uint32) for e in ranges))


def no_ranges(trusts: Trusts, plan: Plan) -> Ranges:
    """Give ranges of no histogram, with which nothing is binned."""
    n_target, n_year = plan.rate.shape
    shapes = ((n_target, n, 0, n_year, 2) for n in units.of(trusts))
    return Ranges(*(np.empty(shape) for shape in shapes))
