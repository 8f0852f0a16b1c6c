"""Do two runs of the model agree within Monte Carlo error?"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.outcome import Outcome, Seen
from simulator.kernel.workspace import GROUP_RESULTS

# Standard errors of a difference. A hundred correlated ones for the sector; thousands
# for the trusts, where the largest of so many chance differences is about four.
LARGEST_SECTOR = 4.5
LARGEST_TRUST = 6.0
FEWEST = 10

Floats = NDArray[np.float64]


class Agreement(NamedTuple):
    """The largest differences, in standard errors."""

    sector: float  # of the sector's probabilities
    balance: float  # of the sector's mean balance
    trust: float  # of the trusts' probabilities

    @property
    def holds(self) -> bool:
        """Whether chance alone can explain the differences."""
        worst = max(self.sector, self.balance)
        return worst < LARGEST_SECTOR and self.trust < LARGEST_TRUST

    def said(self) -> str:
        """Say it in words."""
        verdict = "within" if self.holds else "NOT within"
        return (
            f"{verdict} Monte Carlo error: largest differences {self.sector:.1f} "
            f"(sector's chances), {self.balance:.1f} (its mean balance), "
            f"{self.trust:.1f} (trusts' chances) standard errors"
        )


def compare(one: Outcome | Seen, other: Outcome | Seen) -> Agreement:
    """Compare two independent runs."""
    n = np.array([one.yearly.shape[-1], other.yearly.shape[-1]])
    row = GROUP_RESULTS.index("balance")
    balances = one.yearly[row], other.yearly[row]
    # One spread for both: a run of few draws does not know its own.
    squares = sum(b.var(-1) * size for b, size in zip(balances, n, strict=True))
    error = np.sqrt(squares / n.sum() * (1.0 / n).sum())
    gap = np.abs(balances[0].mean(-1) - balances[1].mean(-1))
    return Agreement(
        sector=shares_apart(one.sector, other.sector, n),
        balance=float((gap / error).max()),
        trust=shares_apart(one.trust, other.trust, n),
    )


def shares_apart(one: Floats, other: Floats, n: NDArray[np.int64]) -> float:
    """Find the largest difference of two shares, in standard errors.

    Shares so near 0 or 1 that fewer than `FEWEST` draws of the shorter run can be
    expected on that side are left out: they are not normal.
    """
    pooled = (one * n[0] + other * n[1]) / n.sum()
    enough = np.minimum(pooled, 1.0 - pooled) * n.min() >= FEWEST
    error = np.sqrt(pooled * (1.0 - pooled) * (1.0 / n).sum())[enough]
    apart = np.abs(one - other)[enough] / error
    return float(apart.max(initial=0.0))
