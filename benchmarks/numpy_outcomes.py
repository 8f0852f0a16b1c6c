"""Who achieves what, in NumPy or JAX's form of it: trusts and groups of them."""

from typing import Any, NamedTuple

from benchmarks.numpy_year import TIE, Accounts, Terms
from simulator.kernel.workspace import GROUP_RESULTS


class Totals(NamedTuple):
    """What a unit is judged on: money and rates over the years, and its balance."""

    saved: Any = 0.0
    recurrent: Any = 0.0
    wanted: Any = 0.0
    cash_releasing: Any = 0.0
    measured: Any = 0.0
    balance: Any = 0.0  # of the last year

    def and_of(self, year: Accounts, terms: Terms) -> "Totals":
        """Add a trust's year."""
        cost, saved = year.cost_before, year.recurrent + year.nonrecurrent
        return Totals(
            saved=self.saved + saved * cost,
            recurrent=self.recurrent + year.recurrent * cost,
            wanted=self.wanted + terms.rate * cost,
            cash_releasing=self.cash_releasing + year.cash_releasing,
            measured=self.measured + year.measured,
            balance=year.balance,
        )


def of_groups(xp: Any, results: Any, rate: Any) -> Totals:
    """Add up groups' results: (year, result, group, draw)."""
    row = {name: results[:, index] for index, name in enumerate(GROUP_RESULTS)}
    return Totals(
        saved=(row["recurrent"] + row["nonrecurrent"]).sum(axis=0),
        recurrent=row["recurrent"].sum(axis=0),
        wanted=xp.tensordot(rate, row["cost_before"], axes=1),
        cash_releasing=row["cash_releasing"].sum(axis=0),
        measured=row["measured"].sum(axis=0),
        balance=row["balance"][-1],
    )


def judged(xp: Any, total: Totals, rate: Any, own: Any) -> Any:
    """Judge units (unit, draw) on every outcome, in order: (outcome, unit, draw).

    `rate` has shape (year,); `own` is the row of the target's own outcome.
    """
    wanted, least = total.wanted * (1.0 - TIE), rate.sum() * (1.0 - TIE)
    balance = total.balance >= 0.0
    achieved = xp.stack(
        [
            total.saved >= wanted,
            total.recurrent >= wanted,
            total.cash_releasing >= least,
            total.measured >= least,
            balance,
        ]
    )
    return xp.concatenate([achieved, (achieved[own] & balance)[None]])
