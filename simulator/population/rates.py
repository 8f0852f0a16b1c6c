"""Published totals as rates: what one trust has, whoever else is in the list.

A packaged population shares its totals out, so that they hold exactly and a trust's
part depends on all the others. Here they become a chance of deficit and amounts for
each pound of cost, by type. A trust's figures then follow from its own code, type and
cost, and the totals hold in expectation.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

from simulator import evidence
from simulator.population import allocation, synthetic
from simulator.population.allocation import TAIL, THOUSAND, YEARS, Draws, Listed
from simulator.schema import TRUST_TYPES


class Rates(NamedTuple):
    """Of the trusts of one type, in the base year of a packaged population.

    Parameters
    ----------
    in_deficit
        Chance that a trust is in deficit.
    deficit, surplus
        Mean deficit of a trust in deficit and mean surplus of another, both 0 or more,
        share of cost.
    support, one_offs
        Mean, share of cost, of a trust that is not in deficit and of one that is.
    backlog
        Mean, share of cost.
    carry_over
        Savings to be found again, for each pound of one-offs.
    """

    in_deficit: float
    deficit: float
    surplus: float
    support: tuple[float, float]
    one_offs: tuple[float, float]
    backlog: float
    carry_over: float


@cache
def rates(like: str) -> Mapping[str, Rates]:
    """Give the rates of each type that a packaged population's totals come to."""
    totals, opened = synthetic.published(like), synthetic.base_year(like)
    cost = dict.fromkeys(TRUST_TYPES, 0)
    for kind, own in zip(
        opened.trust_type, allocation.thousands(opened.cost), strict=True
    ):
        cost[kind] += own
    chance = {
        kind: totals.in_deficit[kind] / opened.trust_type.count(kind)
        for kind in TRUST_TYPES
    }

    def for_a_pound(
        total: int, weight: Callable[[str, bool], float]
    ) -> dict[str, tuple[float, float]]:
        """Spread a total over cost, by type: to trusts not in deficit, and in deficit.

        `weight` is of a type and whether in deficit.
        """
        scale = total / math.fsum(
            cost[kind]
            * (
                chance[kind] * weight(kind, True)
                + (1 - chance[kind]) * weight(kind, False)
            )
            for kind in TRUST_TYPES
        )
        return {
            kind: (scale * weight(kind, False), scale * weight(kind, True))
            for kind in TRUST_TYPES
        }

    support = for_a_pound(
        totals.support,
        lambda kind, unlucky: allocation.support_weight(like, kind, unlucky),
    )
    one_offs = for_a_pound(
        totals.one_offs, lambda _, unlucky: allocation.one_off_weight(unlucky)
    )
    carried = evidence.number(f"opening.carry_over.{YEARS[like].base}")
    return {
        kind: Rates(
            in_deficit=chance[kind],
            deficit=_share(totals.gross_deficit[kind], cost[kind] * chance[kind]),
            surplus=_share(totals.gross_surplus[kind], cost[kind] * (1 - chance[kind])),
            support=support[kind],
            one_offs=one_offs[kind],
            backlog=totals.backlog[kind] / cost[kind],
            carry_over=carried * sum(cost.values()) / totals.one_offs,
        )
        for kind in TRUST_TYPES
    }


def draw(draws: Draws, trust: Listed, given: Mapping[str, float]) -> dict[str, float]:
    """Draw every figure that a list may lack of one trust.

    Parameters
    ----------
    draws
        Where numbers come from.
    trust
        With its recurrent cost as size, GBP thousand.
    given
        What the list has of it, by column, GBP million or fraction. A known income or
        reported balance shapes the rest.

    Returns
    -------
    dict of str to float
        By column, GBP million or fraction of cost.
    """
    of_type = rates(draws.like)[trust.type]
    reported = _reported(draws, trust, given, of_type)
    in_deficit = reported < 0
    support = round(trust.size * of_type.support[in_deficit])
    one_off = round(
        trust.size * of_type.one_offs[in_deficit] * _multiple(draws, trust, "one_off")
    )
    if "income" in given and "reported_balance" not in given:
        reported += support + one_off
    backlog = round(trust.size * of_type.backlog * _multiple(draws, trust, "backlog"))
    number = draws.normal(trust.code, "opportunity")
    return {
        "income": (trust.size + reported - support - one_off) / THOUSAND,
        "opportunity": allocation.opportunity(draws.like, number),
        "carry_over": round(of_type.carry_over * one_off / trust.size, 6),
        "backlog": backlog / THOUSAND,
        "pay_share": allocation.pay_share(
            trust.type, draws.normal(trust.code, "pay_share")
        ),
        "reported_balance": reported / THOUSAND,
    }


def _reported(
    draws: Draws, trust: Listed, given: Mapping[str, float], of_type: Rates
) -> int:
    """Give the reported balance, GBP thousand: known, from a known income, or drawn.

    Where the income is known, support and one-offs are still to be added.
    """
    if "reported_balance" in given:
        return round(given["reported_balance"] * THOUSAND)
    if "income" in given:
        return round(given["income"] * THOUSAND) - trust.size
    if draws.uniform(trust.code, "in_deficit") < of_type.in_deficit:
        size = trust.size * of_type.deficit * _multiple(draws, trust, "deficit")
        return -max(round(size), 1)
    return round(trust.size * of_type.surplus * _multiple(draws, trust, "surplus"))


def _multiple(draws: Draws, trust: Listed, shape: str) -> float:
    """Draw how many times the mean a trust has, as widely as `shape` says."""
    number = draws.normal(trust.code, shape)
    many = allocation.multiplier(draws.like, shape, number)
    return many / _mean_multiple(draws.like, shape)


@cache
def _mean_multiple(like: str, shape: str) -> float:
    """Give the mean of a lognormal number whose tails are cut."""
    spread = allocation.of_year(like, f"shape.{shape}")
    normal, end = NormalDist(), allocation.bounded_normal(1.0)
    kept = normal.cdf(end - spread) - normal.cdf(-end - spread)
    return math.exp(spread**2 / 2) * kept / (1 - 2 * TAIL)


def _share(total: int, cost: float) -> float:
    """Give a total for each pound of cost: none where no trust can have it."""
    return total / cost if cost else 0.0
