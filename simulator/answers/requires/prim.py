"""Boxes of beliefs in which success is likely: the patient rule induction method.

A box is a set of limits, each on one side of one belief. Peeling takes thin slices off
the box, each time the one whose loss raises the share of successes most; pruning drops
limits that draws not used for peeling do not bear out.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from simulator.types import Floats

Flags = NDArray[np.bool_]
Order = NDArray[np.int64]

ALPHA: Final = 0.05  # share of the box that a slice takes off
LEAST: Final = 0.05  # share of all draws that a box holds at least
CHANCE: Final = 0.05  # with which a limit that does nothing would look as good
AT_LEAST, AT_MOST = 0, 1  # the sides of a limit


class Limit(NamedTuple):
    """One side of a box: a belief is at least, or at most, a value."""

    belief: int
    side: int
    value: float

    def meets(self, x: Floats) -> Flags:
        """Say which draws meet it; `x` is (belief, draw)."""
        own = x[self.belief]
        met = own >= self.value if self.side == AT_LEAST else own <= self.value
        return np.asarray(met)


Box = tuple[Limit, ...]


def inside(box: Sequence[Limit], x: Floats) -> Flags:
    """Say which draws lie in a box: (draw,)."""
    within = np.ones(x.shape[1], bool)
    for limit in box:
        within &= limit.meets(x)
    return within


def peel(x: Floats, y: Flags) -> list[Box]:
    """Peel a box down to `LEAST` of the draws: every box on the way, whole first.

    Parameters
    ----------
    x
        Beliefs: (belief, draw).
    y
        Successes: (draw,).

    Notes
    -----
    Of two slices the better one raises the share of successes more for each draw that
    it takes, so that a belief of two values, whose slices are thick, competes fairly.

    References
    ----------
    Friedman and Fisher (1999), Statistics and Computing 9, 123-143; for scenarios,
    Bryant and Lempert (2010), Technological Forecasting and Social Change 77, 34-49;
    the gain for each draw taken is that of Kwakkel's EMA Workbench.
    """
    least = LEAST * x.shape[1]
    # Draws by rising belief: a slice stands at an end, and only the ends are read.
    order = np.argsort(x, axis=1, kind="stable")
    limits: dict[tuple[int, int], Limit] = {}
    boxes: list[Box] = [()]
    while True:
        found = _best_slice(x, y, order, least)
        if found is None:
            return boxes
        limit, taken = found
        limits[limit[:2]] = limit
        boxes.append(tuple(limits.values()))
        stays = np.ones(len(y), bool)
        stays[taken] = False
        order = order[stays[order]].reshape(len(x), -1)


def _best_slice(
    x: Floats, y: Flags, order: Order, least: float
) -> tuple[Limit, Order] | None:
    """Find the slice to take off, as the limit it leaves and the draws it takes."""
    n = order.shape[1]
    success = float(y[order[0]].sum())
    best, found = 0.0, None
    for side, ranked in ((AT_LEAST, order), (AT_MOST, order[:, ::-1])):
        taken, lost = _slices(x, y, ranked)
        left = n - taken
        fits = (left >= max(least, 1.0)) & (taken > 0)
        rise = (success - lost) / np.maximum(left, 1) - success / n
        gain = np.where(fits, rise / np.maximum(taken, 1), 0.0)
        belief = int(gain.argmax())
        if gain[belief] > best:
            best, edge = float(gain[belief]), int(taken[belief])
            value = float(x[belief, ranked[belief, edge]])
            found = Limit(belief, side, value), ranked[belief, :edge]
    return found


def _slices(x: Floats, y: Flags, ranked: Order) -> tuple[Order, Floats]:
    """Count the draws of each belief's first slice, and the successes among them."""
    n = ranked.shape[1]
    k = min(max(int(ALPHA * n), 1), n - 1)
    head = ranked[:, : k + 1]
    values = np.take_along_axis(x, head, axis=1)
    taken = (values != values[:, -1:]).sum(axis=1)
    # Where many draws share the value at the edge, all of them go.
    for belief in np.flatnonzero(taken == 0):
        taken[belief] = (x[belief, ranked[belief]] == values[belief, -1]).sum()
    lost = np.cumsum(y[head], axis=1, dtype=np.float64)
    rows = np.arange(len(x))
    sums = lost[rows, np.clip(taken, 1, k + 1) - 1]
    for belief in np.flatnonzero(taken > k):
        sums[belief] = y[ranked[belief, : taken[belief]]].sum()
    return np.where(taken < n, taken, 0), sums


def prune(box: Box, x: Floats, y: Flags) -> Box:
    """Drop limits, the weakest first, until each is borne out by other draws.

    A limit's quasi-p-value is the chance that a binomial with the share of successes
    of the box without it shows as many as the box with it. One above `CHANCE` goes.

    References
    ----------
    Bryant and Lempert (2010), as of `peel`; on draws that found the box, as they have
    it, limits on beliefs that matter to nothing are borne out too.
    """
    limits = list(box)
    fails = np.array([~limit.meets(x) for limit in limits]).reshape(
        len(limits), x.shape[1]
    )
    while limits:
        number = fails.sum(axis=0)
        within = number == 0
        without = (number - fails) == 0  # (limit, draw)
        share = (without & y).sum(axis=1) / np.maximum(without.sum(axis=1), 1)
        n, seen = within.sum(), (within & y).sum()
        p = np.where(seen == 0, 1.0, bdtrc(seen - 1.0, n, share))
        weakest = int(p.argmax())
        if p[weakest] <= CHANCE:
            break
        del limits[weakest]
        fails = np.delete(fails, weakest, axis=0)
    return tuple(limits)
