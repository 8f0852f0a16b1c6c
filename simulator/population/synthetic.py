"""The packaged populations: every trust drawn, every published total held exactly."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np

from simulator import evidence
from simulator.errors import PopulationError
from simulator.population import allocation
from simulator.population import model as population
from simulator.population.allocation import THOUSAND, YEARS, Draws, Listed, Totals
from simulator.population.model import Population
from simulator.schema import TRUST_TYPES

PACKAGED: Final = tuple(YEARS)

_LETTERS: Final = dict(zip(TRUST_TYPES, "ASMCB", strict=True))
_ABOUT: Final = {
    "providers-2012": (
        "All 247 trusts are synthetic: codes, names, systems and every figure are "
        "drawn, so that the published totals of 2012/13 hold exactly."
    ),
    "providers-2015": (
        "All 240 trusts are synthetic: codes, names, systems and every figure are "
        "drawn, so that the published totals of 2015/16 hold exactly, and so does a "
        "gross deficit that is judgement because none was published."
    ),
    "providers-2018": (
        "All 234 trusts are synthetic: codes, names, systems and every figure are "
        "drawn, so that the published totals of 2017/18 hold exactly; income and cost "
        "are carried forward to 2018/19 with that year's planned growth and unchanged "
        "margins, while reported_balance and backlog stay those of 2017/18."
    ),
    "providers-2025": (
        "All 205 trusts are synthetic: codes, names, systems and every figure are "
        "drawn. Acute and specialist trusts hold the totals that they planned for "
        "2025/26 before deficit support; what mental health, community and ambulance "
        "trusts earn and planned is judgement, as is the underlying deficit."
    ),
}


@cache
def packaged(name: str) -> Population:
    """Give a packaged population: one of `PACKAGED`.

    Examples
    --------
    >>> len(packaged("providers-2018"))
    234
    """
    opened = base_year(name)
    years = YEARS[name]
    if years.opening == years.base:
        return opened
    growth = round(evidence.number(f"opening.income_growth.{years.opening}") * 10_000)
    income, cost = (
        allocation.share_out(sum(values) * (10_000 + growth) // 10_000, values)
        for values in (
            allocation.thousands(opened.income),
            allocation.thousands(opened.cost),
        )
    )
    return replace(
        opened, income=allocation.millions(income), cost=allocation.millions(cost)
    )


@cache
def base_year(name: str) -> Population:
    """Give a packaged population in its base year, before it is carried forward."""
    check_packaged(name)
    totals = published(name)
    trusts = _listed(name)
    draws = Draws(name)
    balances = allocation.draw_balances(draws, trusts, totals)
    sizes = [trust.size for trust in trusts]
    one_off, reported = balances.one_off, balances.reported
    cost = [s - r + o for s, r, o in zip(sizes, reported, one_off, strict=True)]
    income = [s - x for s, x in zip(sizes, balances.support, strict=True)]
    opportunity = evidence.number(f"opening.opportunity.{YEARS[name].opening}")
    pay_share = evidence.number("opening.pay_share.mean")
    return Population(
        name=name,
        code=tuple(trust.code for trust in trusts),
        trust_name=tuple(map(_synthetic_name, trusts)),
        trust_type=tuple(trust.type for trust in trusts),
        system=tuple(allocation.draw_systems(draws, trusts)),
        income=allocation.millions(income),
        cost=allocation.millions(cost),
        opportunity=_with_mean(
            [
                allocation.opportunity(name, number)
                for number in draws.even_normals(trusts, "opportunity")
            ],
            cost,
            opportunity,
        ),
        carry_over=np.array(allocation.carry_over(name, one_off, cost)),
        backlog=allocation.millions(
            allocation.draw_backlog(draws, trusts, totals.backlog)
        ),
        pay_share=_with_mean(
            [
                allocation.pay_share(trust.type, number)
                for trust, number in zip(
                    trusts, draws.even_normals(trusts, "pay_share"), strict=True
                )
            ],
            cost,
            pay_share,
        ),
        reported_balance=allocation.millions(reported),
        synthetic=(population.EVERYTHING,),
        about=_ABOUT[name],
    )


def published(name: str) -> Totals:
    """Gather the published figures that a packaged population holds exactly."""
    years = YEARS[name]

    def money(key: str) -> int:
        return round(evidence.number(f"opening.{key}.{years.base}") * THOUSAND)

    def known(key: str) -> int | None:
        given = f"opening.{key}.{years.base}" in evidence.figures()
        return money(key) if given else None

    largest, gap = known("largest_deficit"), known("best_to_worst")
    deficit = {kind: money(f"gross_deficit.{kind}") for kind in TRUST_TYPES}
    net = {kind: money(f"net.{kind}") for kind in TRUST_TYPES}
    backlog = allocation.share_out(
        round(evidence.number(f"opening.backlog.total.{years.backlog}") * THOUSAND),
        [
            evidence.number(f"opening.backlog.{kind}.{years.backlog_by_type}")
            for kind in TRUST_TYPES
        ],
    )

    return Totals(
        in_deficit={
            kind: int(evidence.number(f"opening.in_deficit.{kind}.{years.base}"))
            for kind in TRUST_TYPES
        },
        gross_deficit=deficit,
        gross_surplus={kind: net[kind] + deficit[kind] for kind in TRUST_TYPES},
        support=money("support"),
        one_offs=money("net.total") - money("support") - money("underlying"),
        backlog=dict(zip(TRUST_TYPES, backlog, strict=True)),
        largest_deficit=largest,
        largest_surplus=None if largest is None or gap is None else gap - largest,
    )


def check_packaged(name: str) -> None:
    """Refuse a name that is not of `PACKAGED`."""
    if name not in PACKAGED:
        remedy = population.nearest(name, PACKAGED)
        raise PopulationError(f"population '{name}'", "is not packaged", remedy)


def _listed(name: str) -> list[Listed]:
    """Draw the trusts of a packaged population, with their income as size."""
    base = YEARS[name].base
    counts = {
        kind: int(evidence.number(f"opening.trusts.{kind}.{base}"))
        for kind in TRUST_TYPES
    }
    income = allocation.share_out(
        round(evidence.number(f"opening.income.{base}") * THOUSAND),
        [n * allocation.of_year(name, f"size.{kind}") for kind, n in counts.items()],
    )
    trusts = []
    for (kind, count), total in zip(counts.items(), income, strict=True):
        spread = allocation.of_year(name, f"size_spread.{kind}")
        codes = [f"SYN-{_LETTERS[kind]}{number:03d}" for number in range(1, count + 1)]
        of_no_size = [Listed(code, kind, 1) for code in codes]
        numbers = Draws(name).even_normals(of_no_size, "size")
        sizes = allocation.share_out(
            total, [math.exp(spread * number) for number in numbers]
        )
        trusts += [
            Listed(code, kind, size) for code, size in zip(codes, sizes, strict=True)
        ]
    return trusts


def _with_mean(
    values: Sequence[float], weights: Sequence[float], mean: float
) -> population.FloatArray:
    """Scale fractions so that their mean by weight is as published."""
    products = (value * weight for value, weight in zip(values, weights, strict=True))
    scale = mean * math.fsum(weights) / math.fsum(products)
    return np.array([round(value * scale, 6) for value in values])


def _synthetic_name(trust: Listed) -> str:
    return f"Synthetic {trust.type.replace('_', ' ')} trust {int(trust.code[-3:])}"
