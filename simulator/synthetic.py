"""Opening positions drawn under published figures: the packaged ones, and a list's.

Money is worked out in whole GBP thousand, so that sums hold exactly and the last
bits of a logarithm on some machine do not matter. Every draw is keyed by population,
trust code and variable, so a trust keeps its draws whoever else is in the list.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from statistics import NormalDist
from typing import Any, Final, NamedTuple

import numpy as np

from simulator import evidence, population
from simulator.errors import PopulationError, Problems, SimulatorError
from simulator.population import Population, Row
from simulator.schema import TRUST_TYPES

PACKAGED: Final = ("providers-2012", "providers-2018")
GROUPS: Final = ("acute", "non_acute")
THOUSAND: Final = 1000
SPEND_COLUMNS: Final = ("opex_gbp_m", "operating_spend", "spend", "cost")

_LETTERS: Final = dict(zip(TRUST_TYPES, "ASMCB", strict=True))
_ABOUT: Final = {
    "providers-2012": (
        "All 247 trusts are synthetic: codes, names, systems and every figure are "
        "drawn, so that the published totals of 2012/13 hold exactly."
    ),
    "providers-2018": (
        "All 234 trusts are synthetic: codes, names, systems and every figure are "
        "drawn, so that the published totals of 2017/18 hold exactly; income and cost "
        "are carried forward to 2018/19 with that year's planned growth and unchanged "
        "margins, while reported_balance and backlog stay those of 2017/18."
    ),
}


class Years(NamedTuple):
    """First calendar years of the figures that a packaged population stands on."""

    base: int
    opening: int
    backlog: int
    backlog_by_type: int


YEARS: Final = {
    "providers-2012": Years(2012, 2012, 2013, 2013),
    "providers-2018": Years(2017, 2018, 2017, 2016),
}


class Listed(NamedTuple):
    """A trust before anything of it is drawn; `size` in GBP thousand a year."""

    code: str
    type: str
    size: int

    @property
    def group(self) -> str:
        """Say whether the trust is acute: the split that is published."""
        return _group(self.type)


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What drawn figures must add to: numbers of trusts, and GBP thousand.

    Parameters
    ----------
    in_deficit
        Number of trusts in deficit, by type.
    gross_deficit, gross_surplus
        Sums of deficits and of surpluses, both 0 or more, by group.
    support, one_offs
        Support funds and one-offs inside the reported balances.
    backlog
        Maintenance put off, by type.
    largest_deficit, largest_surplus
        Of one acute trust, where they are published.
    """

    in_deficit: Mapping[str, int]
    gross_deficit: Mapping[str, int]
    gross_surplus: Mapping[str, int]
    support: int
    one_offs: int
    backlog: Mapping[str, int]
    largest_deficit: int | None = None
    largest_surplus: int | None = None


class Balances(NamedTuple):
    """Of each trust, GBP thousand: reported = income + support - cost + one_off."""

    reported: list[int]
    support: list[int]
    one_off: list[int]


@cache
def packaged(name: str) -> Population:
    """Give a packaged population: `providers-2012` or `providers-2018`.

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
        share_out(sum(values) * (10_000 + growth) // 10_000, values)
        for values in (_thousands(opened.income), _thousands(opened.cost))
    )
    return replace(opened, income=_millions(income), cost=_millions(cost))


@cache
def base_year(name: str) -> Population:
    """Give a packaged population in its base year, before it is carried forward."""
    _check_packaged(name)
    totals = published(name)
    trusts = _listed(name)
    draws = Draws(name, even=True)
    balances = draw_balances(draws, trusts, totals)
    sizes = [trust.size for trust in trusts]
    one_off, reported = balances.one_off, balances.reported
    cost = [s - r + o for s, r, o in zip(sizes, reported, one_off, strict=True)]
    income = [s - x for s, x in zip(sizes, balances.support, strict=True)]
    opportunity = evidence.number(f"opening.opportunity.{YEARS[name].opening}")
    pay_share = evidence.number("opening.pay_share.mean")
    systems = int(evidence.number("opening.systems"))
    return Population(
        name=name,
        code=tuple(trust.code for trust in trusts),
        trust_name=tuple(map(_synthetic_name, trusts)),
        trust_type=tuple(trust.type for trust in trusts),
        system=tuple(draw_systems(draws, trusts, systems)),
        income=_millions(income),
        cost=_millions(cost),
        opportunity=_with_mean(draw_opportunity(draws, trusts), cost, opportunity),
        carry_over=np.array(carry_over(name, one_off, cost)),
        backlog=_millions(draw_backlog(draws, trusts, totals.backlog)),
        pay_share=_with_mean(draw_pay_share(draws, trusts), cost, pay_share),
        reported_balance=_millions(reported),
        synthetic=(population.EVERYTHING,),
        about=_ABOUT[name],
    )


def published(name: str) -> Totals:
    """Gather the published figures that a packaged population holds exactly."""
    years = YEARS[name]

    def money(key: str) -> int:
        return round(evidence.number(f"opening.{key}.{years.base}") * THOUSAND)

    deficit = {group: money(f"gross_deficit.{group}") for group in GROUPS}
    net = {group: money(f"net.{group}") for group in GROUPS}
    backlog = share_out(
        round(evidence.number(f"opening.backlog.total.{years.backlog}") * THOUSAND),
        [
            evidence.number(f"opening.backlog.{kind}.{years.backlog_by_type}")
            for kind in TRUST_TYPES
        ],
    )
    largest = gap = None
    if f"opening.largest_deficit.{years.base}" in evidence.figures():
        largest, gap = money("largest_deficit"), money("best_to_worst")
    return Totals(
        in_deficit={
            kind: int(evidence.number(f"opening.in_deficit.{kind}.{years.base}"))
            for kind in TRUST_TYPES
        },
        gross_deficit=deficit,
        gross_surplus={group: net[group] + deficit[group] for group in GROUPS},
        support=money("support"),
        one_offs=money("net.total") - money("support") - money("underlying"),
        backlog=dict(zip(TRUST_TYPES, backlog, strict=True)),
        largest_deficit=largest,
        largest_surplus=None if largest is None or gap is None else gap - largest,
    )


class Draws(NamedTuple):
    """Where draws come from.

    Parameters
    ----------
    like
        Packaged population whose key, years and shapes are used.
    even
        Whether numbers are spaced evenly over the trusts asked for, so that few
        trusts show a whole distribution. Otherwise a trust's number does not depend
        on the others.
    """

    like: str
    even: bool

    def uniform(self, code: str, variable: str) -> float:
        """Give the uniform number in (0, 1) of one variable of one trust."""
        key = "\x1f".join((self.like, code, variable)).encode()
        hashed = hashlib.blake2b(key, digest_size=8).digest()
        return ((int.from_bytes(hashed, "little") >> 11) + 0.5) / 2**53

    def normals(self, trusts: Sequence[Listed], variable: str) -> list[float]:
        """Give the standard normal numbers of one variable, tails cut."""
        draws = [self.uniform(trust.code, variable) for trust in trusts]
        if self.even:
            ranked = sorted(draws)
            draws = [(ranked.index(draw) + 0.5) / len(draws) for draw in draws]
        return [_bounded_normal(draw) for draw in draws]


def draw_balances(draws: Draws, trusts: Sequence[Listed], totals: Totals) -> Balances:
    """Draw the reported balance, the support and the one-offs of each trust.

    Parameters
    ----------
    draws
        Where numbers come from.
    trusts
        With their size, GBP thousand.
    totals
        What the draws add to, exactly.
    """
    reported = draw_reported(draws, trusts, totals)
    in_deficit = [balance < 0 for balance in reported]
    return Balances(
        reported,
        draw_support(draws, trusts, in_deficit, totals.support),
        draw_one_offs(draws, trusts, in_deficit, totals.one_offs),
    )


def draw_reported(draws: Draws, trusts: Sequence[Listed], totals: Totals) -> list[int]:
    """Draw the reported balance of each trust, GBP thousand; surplus is positive."""
    unlucky = _in_deficit(draws, trusts, totals.in_deficit)
    reported = [0] * len(trusts)
    sides = (
        ("deficit", -1, totals.gross_deficit, totals.largest_deficit),
        ("surplus", 1, totals.gross_surplus, totals.largest_surplus),
    )
    for word, sign, gross, largest in sides:
        for group in GROUPS:
            rows = [
                row
                for row, trust in enumerate(trusts)
                if trust.group == group and (row in unlucky) == (sign < 0)
            ]
            weights = _lognormal(draws, [trusts[row] for row in rows], word)
            pinned = largest if group == "acute" else None
            parts = share_out(gross[group], weights, pinned)
            for row, part in zip(rows, parts, strict=True):
                reported[row] = sign * part
    return reported


def draw_support(
    draws: Draws, trusts: Sequence[Listed], in_deficit: Sequence[bool], total: int
) -> list[int]:
    """Share out the support funds of the base year, GBP thousand."""
    base = YEARS[draws.like].base
    other = evidence.number(f"opening.shape.support_non_acute.{base}")
    helped = evidence.number(f"opening.shape.support_in_deficit.{base}")
    weights = [
        trust.size
        * (1.0 if trust.group == "acute" else other)
        * (helped if deficit else 1.0)
        for trust, deficit in zip(trusts, in_deficit, strict=True)
    ]
    return share_out(total, weights)


def draw_one_offs(
    draws: Draws, trusts: Sequence[Listed], in_deficit: Sequence[bool], total: int
) -> list[int]:
    """Share out the one-offs of the base year, GBP thousand."""
    more = evidence.number("opening.shape.one_off_in_deficit")
    weights = _lognormal(draws, trusts, "one_off")
    weights = [
        weight * (more if deficit else 1.0)
        for weight, deficit in zip(weights, in_deficit, strict=True)
    ]
    return share_out(total, weights)


def carry_over(like: str, one_off: Sequence[int], cost: Sequence[int]) -> list[float]:
    """Give the savings to be found again, fraction of cost, as one-offs are spread."""
    mean = evidence.number(f"opening.carry_over.{YEARS[like].base}")
    scale = mean * sum(cost) / sum(one_off)
    return [round(scale * o / c, 6) for o, c in zip(one_off, cost, strict=True)]


def draw_opportunity(draws: Draws, trusts: Sequence[Listed]) -> list[float]:
    """Draw the opportunity of each trust, fraction of cost."""
    mean = evidence.number(f"opening.opportunity.{YEARS[draws.like].opening}")
    spread = evidence.number("opening.opportunity_spread") / _bounded_normal(0.9)
    numbers = draws.normals(trusts, "opportunity")
    return [round(mean * (1 + spread * number), 6) for number in numbers]


def draw_pay_share(draws: Draws, trusts: Sequence[Listed]) -> list[float]:
    """Draw the pay share of each trust, fraction of cost."""
    spread = evidence.number("opening.shape.pay_share")
    numbers = draws.normals(trusts, "pay_share")
    return [
        round(evidence.number(f"opening.pay_share.{trust.type}") + spread * number, 6)
        for trust, number in zip(trusts, numbers, strict=True)
    ]


def draw_backlog(
    draws: Draws, trusts: Sequence[Listed], totals: Mapping[str, int]
) -> list[int]:
    """Share out the backlog of each type, GBP thousand."""
    backlog = [0] * len(trusts)
    for kind in TRUST_TYPES:
        rows = [row for row, trust in enumerate(trusts) if trust.type == kind]
        weights = _lognormal(draws, [trusts[row] for row in rows], "backlog")
        for row, part in zip(rows, share_out(totals[kind], weights), strict=True):
            backlog[row] = part
    return backlog


def draw_systems(draws: Draws, trusts: Sequence[Listed], count: int) -> list[str]:
    """Put each trust into one of so many systems, each with an acute trust.

    A trust takes the system with the highest draw, so that one system more moves few
    trusts. Then systems without an acute trust, if there are enough, get one from
    the system that has most.
    """
    names = [f"system-{number:02d}" for number in range(1, count + 1)]
    chosen = [
        max(names, key=lambda name: draws.uniform(trust.code, name)) for trust in trusts
    ]
    acute = [row for row, trust in enumerate(trusts) if trust.group == "acute"]
    for name in names if len(acute) >= count else []:
        held = [chosen[row] for row in acute]
        if name not in held:
            richest = max(names, key=held.count)
            moved = max(
                (draws.uniform(trusts[row].code, name), row)
                for row in acute
                if chosen[row] == richest
            )
            chosen[moved[1]] = name
    return chosen


def share_out(
    total: int, weights: Sequence[float], largest: int | None = None
) -> list[int]:
    """Share a whole number out by weight, exactly, with 1 or more for each if it can.

    Parameters
    ----------
    total
        What the parts add to, 0 or more.
    weights
        Above 0.
    largest
        What the part with the largest weight gets, whatever its weight.

    Examples
    --------
    >>> share_out(10, [1, 1, 1])
    [4, 3, 3]
    >>> share_out(10, [1, 2, 1], largest=7)
    [2, 7, 1]
    """
    if not weights:
        return []
    if largest is not None and len(weights) > 1:
        top = max(range(len(weights)), key=weights.__getitem__)
        rest = [weight for row, weight in enumerate(weights) if row != top]
        parts = share_out(total - largest, rest)
        return [*parts[:top], largest, *parts[top:]]
    # Fractions, because rounded shares can add to more than there is to share.
    exact = [Fraction(weight) for weight in weights]
    scale = total / sum(exact)
    shares = [scale * weight for weight in exact]
    parts = [math.floor(share) for share in shares]
    first = sorted(range(len(parts)), key=lambda row: (parts[row] - shares[row], row))
    for row in first[: total - sum(parts)]:
        parts[row] += 1
    for _ in range(parts.count(0) if total >= len(parts) else 0):
        parts[parts.index(max(parts))] -= 1
        parts[parts.index(0)] += 1
    return parts


class Panel(NamedTuple):
    """A list of real trusts by code, with what the list says of them."""

    trusts: list[Listed]
    names: list[str]
    cost: list[float]
    systems: list[str]
    given: list[dict[str, float]]
    about: str


def build(panel_csv_text: str, like: str, name: str) -> Population:
    """Draw what a list of real trusts lacks, under the published totals of `like`.

    A trust keeps its draws whoever else is in the list; only totals are shared out
    anew. Operating spend is taken as recurrent cost of the opening year.

    Parameters
    ----------
    panel_csv_text
        Table with the columns code, name, type and one of `SPEND_COLUMNS`, GBP
        million. Any of income, system, opportunity, carry_over, backlog (or
        backlog_gbp_m_YYYY_YY, of which the latest counts), pay_share and
        reported_balance are kept where a trust has them; other columns are passed
        over.
    like
        Packaged population. Its share of trusts in deficit by type, and its totals
        scaled by spend, hold for the trusts whose balance is drawn.
    name
        What the population is called, and what messages call the file.

    Raises
    ------
    Problems
        Everything that is wrong with the list, each with its place and remedy.
    """
    _check_packaged(like)
    panel = _read_panel(panel_csv_text, name)
    draws = Draws(like, even=False)
    drawn = _panel_numbers(draws, panel)
    numbers: dict[str, Any] = {
        column: np.array(
            [
                given[column] if column in given else values[row]
                for row, given in enumerate(panel.given)
            ]
        )
        for column, values in drawn.items()
    }
    marks = tuple(
        (*(() if system else ("system",)), *(c for c in drawn if c not in given))
        for system, given in zip(panel.systems, panel.given, strict=True)
    )
    columns = [c for c in population.COLUMNS if any(c in row for row in marks)]
    return Population(
        name=name,
        code=tuple(trust.code for trust in panel.trusts),
        trust_name=tuple(panel.names),
        trust_type=tuple(trust.type for trust in panel.trusts),
        system=tuple(_panel_systems(draws, panel)),
        cost=np.array(panel.cost),
        **numbers,
        synthetic=(),
        drawn=marks,
        about=(
            f"{panel.about}; drawn like {like} where a trust lacks it: "
            f"{', '.join(columns) or 'nothing'}."
        ),
    )


def scaled(like: str, trusts: Sequence[Listed]) -> Totals:
    """Scale the published totals of a packaged population to other trusts.

    Totals go by cost, within the group or type they are published for; numbers in
    deficit go by number of trusts. A group too small to have a trust in deficit, or
    one in surplus, keeps its net balance.
    """
    totals, opened = published(like), base_year(like)
    cost = _thousands(opened.cost)

    def part(kinds: Sequence[str]) -> Fraction:
        theirs = sum(trust.size for trust in trusts if trust.type in kinds)
        ours = sum(
            c for c, t in zip(cost, opened.trust_type, strict=True) if t in kinds
        )
        return Fraction(theirs, ours)

    in_deficit, gross_deficit, gross_surplus = {}, {}, {}
    for kind in TRUST_TYPES:
        ours = opened.trust_type.count(kind)
        theirs = sum(trust.type == kind for trust in trusts)
        in_deficit[kind] = round(Fraction(theirs * totals.in_deficit[kind], ours))
    for group in GROUPS:
        share = part([kind for kind in TRUST_TYPES if _group(kind) == group])
        deficit = round(totals.gross_deficit[group] * share)
        surplus = round(totals.gross_surplus[group] * share)
        unlucky = sum(n for kind, n in in_deficit.items() if _group(kind) == group)
        members = sum(trust.group == group for trust in trusts)
        if unlucky in (0, members):
            net = surplus - deficit
            deficit, surplus = (max(-net, 0), 0) if unlucky else (0, max(net, 0))
        gross_deficit[group], gross_surplus[group] = deficit, surplus
    return Totals(
        in_deficit=in_deficit,
        gross_deficit=gross_deficit,
        gross_surplus=gross_surplus,
        support=round(totals.support * part(TRUST_TYPES)),
        one_offs=round(totals.one_offs * part(TRUST_TYPES)),
        backlog={
            kind: round(totals.backlog[kind] * part([kind])) for kind in TRUST_TYPES
        },
    )


def _panel_numbers(draws: Draws, panel: Panel) -> dict[str, Mapping[int, float]]:
    """Draw every figure a list may lack, by column and row."""
    trusts = panel.trusts
    cost = [trust.size for trust in trusts]
    balances = _panel_balances(draws, panel)
    income = [
        c + reported - support - one_off
        for c, reported, support, one_off in zip(cost, *balances, strict=True)
    ]
    # A known backlog is not part of the total that the others share.
    lacking = [row for row, given in enumerate(panel.given) if "backlog" not in given]
    alike = [trusts[row] for row in lacking]
    backlog = draw_backlog(draws, alike, scaled(draws.like, alike).backlog)
    return {
        "income": dict(enumerate(_millions(income).tolist())),
        "opportunity": dict(enumerate(draw_opportunity(draws, trusts))),
        "carry_over": dict(enumerate(carry_over(draws.like, balances.one_off, cost))),
        "backlog": dict(zip(lacking, _millions(backlog).tolist(), strict=True)),
        "pay_share": dict(enumerate(draw_pay_share(draws, trusts))),
        "reported_balance": dict(enumerate(_millions(balances.reported).tolist())),
    }


def _panel_balances(draws: Draws, panel: Panel) -> Balances:
    """Draw balances for the trusts that lack them, and support and one-offs for all.

    A trust with a known income but no known balance gets the one that follows.
    """
    trusts, given = panel.trusts, panel.given
    every = range(len(trusts))
    reported = [
        round(
            THOUSAND
            * given[row].get(
                "reported_balance", given[row].get("income", 0) - panel.cost[row]
            )
        )
        for row in every
    ]
    free = [r for r in every if not given[r].keys() & {"reported_balance", "income"}]
    alike = [trusts[row] for row in free]
    for row, balance in zip(
        free, draw_reported(draws, alike, scaled(draws.like, alike)), strict=True
    ):
        reported[row] = balance
    in_deficit = [balance < 0 for balance in reported]
    totals = scaled(draws.like, trusts)
    support = draw_support(draws, trusts, in_deficit, totals.support)
    one_off = draw_one_offs(draws, trusts, in_deficit, totals.one_offs)
    for row in every:
        if "income" in given[row] and "reported_balance" not in given[row]:
            reported[row] += support[row] + one_off[row]
    return Balances(reported, support, one_off)


def _panel_systems(draws: Draws, panel: Panel) -> list[str]:
    """Keep the systems that are given; draw as many others as the country has."""
    lacking = [row for row, system in enumerate(panel.systems) if not system]
    most = int(evidence.number("opening.systems"))
    count = round(Fraction(most * len(lacking), len(base_year(draws.like))))
    alike = [panel.trusts[row] for row in lacking]
    systems = list(panel.systems)
    drawn = draw_systems(draws, alike, min(max(count, 1), most))
    for row, system in zip(lacking, drawn, strict=True):
        systems[row] = system
    return systems


def _read_panel(text: str, name: str) -> Panel:
    """Read a list of trusts, in the order of their codes."""
    header, rows = population.read_rows(text, name)
    problems: list[SimulatorError] = list(_panel_header_faults(header, name))
    if problems:
        raise Problems(problems)
    (spend,) = (column for column in SPEND_COLUMNS if column in header)
    sources = {column: _sources(column, header) for column in population.NUMBERS}
    del sources["cost"]
    marked = [row for row in rows if row.cells.get(population.MARKS)]
    if marked:
        place = marked[0].place(population.MARKS)
        problem = f"'{marked[0].cells[population.MARKS]}' is drawn already, not real"
        remedy = "start from the list of real figures, without this column"
        problems.append(PopulationError(place, problem, remedy))
    trusts, cost, given = [], [], []
    rows.sort(key=lambda row: row.cells["code"])
    for row in rows:
        value = _read_spend(row, spend, problems)
        kind = _read_type(row, problems)
        trusts.append(Listed(row.cells["code"], kind, round(value * THOUSAND)))
        cost.append(value)
        given.append(_read_given(row, sources, problems))
    if problems:
        raise Problems(problems)
    care = sum(row.cells["type"] not in TRUST_TYPES for row in rows)
    return Panel(
        trusts,
        [row.cells["name"] for row in rows],
        cost,
        [row.cells.get("system", "") for row in rows],
        given,
        f"Codes, names, types and operating spend of {len(rows)} trusts are as listed"
        + (f" (care trusts count as mental health: {care})" if care else ""),
    )


def _panel_header_faults(header: Sequence[str], name: str) -> Iterator[PopulationError]:
    place = f"{name}: line 1"
    for column in ("code", "name", "type"):
        if column not in header:
            remedy = population.nearest(column, header)
            yield PopulationError(place, f"column '{column}' is missing", remedy)
    spend = [column for column in SPEND_COLUMNS if column in header]
    if not spend:
        yield PopulationError(
            place,
            "operating spend is missing",
            f"give it in a column called {' or '.join(SPEND_COLUMNS)}, GBP million",
        )
    elif len(spend) > 1:
        yield PopulationError(
            place, f"operating spend is there twice: {', '.join(spend)}", "keep one"
        )


def _sources(column: str, header: Sequence[str]) -> list[str]:
    """Name the columns of a list that give one of ours, the one to prefer first."""
    dated = [name for name in header if name.startswith(f"{column}_gbp_m_")]
    return [name for name in header if name == column] + sorted(dated, reverse=True)


def _read_spend(row: Row, column: str, problems: list[SimulatorError]) -> float:
    place, cell = row.place(column), row.cells[column]
    if not cell:
        problems.append(
            PopulationError(place, "is empty", "every trust needs its operating spend")
        )
        return 1.0
    value = population.read_number(cell, place, problems)
    if value is not None and value * THOUSAND < 1:
        problems.append(
            PopulationError(place, f"{cell} is not above 0", "give GBP million a year")
        )
    return 1.0 if value is None else value


def _read_type(row: Row, problems: list[SimulatorError]) -> str:
    cell = row.cells["type"]
    kind = population.TYPE_WORDS.get(cell, cell)
    if kind not in TRUST_TYPES:
        remedy = population.nearest(cell, TRUST_TYPES)
        place = row.place("type")
        problems.append(PopulationError(place, f"unknown type '{cell}'", remedy))
        return TRUST_TYPES[0]
    return kind


def _read_given(
    row: Row, sources: Mapping[str, Sequence[str]], problems: list[SimulatorError]
) -> dict[str, float]:
    """Read the figures that a list has of one trust; an empty cell is none."""
    given = {}
    for column, names in sources.items():
        for name in names:
            if row.cells[name]:
                value = population.read_number(
                    row.cells[name], row.place(name), problems
                )
                if value is not None:
                    given[column] = value
                break
    return given


def _with_mean(
    values: Sequence[float], weights: Sequence[float], mean: float
) -> population.FloatArray:
    """Scale fractions so that their mean by weight is as published."""
    products = (value * weight for value, weight in zip(values, weights, strict=True))
    scale = mean * math.fsum(weights) / math.fsum(products)
    return np.array([round(value * scale, 6) for value in values])


def _check_packaged(name: str) -> None:
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
    income = share_out(
        round(evidence.number(f"opening.income.{base}") * THOUSAND),
        [n * evidence.number(f"opening.size.{kind}") for kind, n in counts.items()],
    )
    trusts = []
    for (kind, count), total in zip(counts.items(), income, strict=True):
        spread = evidence.number(f"opening.size_spread.{kind}")
        codes = [f"SYN-{_LETTERS[kind]}{number:03d}" for number in range(1, count + 1)]
        alike = [Listed(code, kind, 1) for code in codes]
        numbers = Draws(name, even=True).normals(alike, "size")
        sizes = share_out(total, [math.exp(spread * number) for number in numbers])
        trusts += [
            Listed(code, kind, size) for code, size in zip(codes, sizes, strict=True)
        ]
    return trusts


def _in_deficit(
    draws: Draws, trusts: Sequence[Listed], counts: Mapping[str, int]
) -> set[int]:
    """Pick, of each type, the trusts in deficit: those with the lowest draws."""
    picked: set[int] = set()
    for kind in TRUST_TYPES:
        rows = [row for row, trust in enumerate(trusts) if trust.type == kind]
        rows.sort(key=lambda row: draws.uniform(trusts[row].code, "in_deficit"))
        picked.update(rows[: counts[kind]])
    return picked


def _lognormal(draws: Draws, trusts: Sequence[Listed], shape: str) -> list[float]:
    """Draw weights around the sizes of trusts, as widely as `shape` says."""
    spread = evidence.number(f"opening.shape.{shape}")
    numbers = draws.normals(trusts, shape)
    return [
        trust.size * math.exp(spread * number)
        for trust, number in zip(trusts, numbers, strict=True)
    ]


def _bounded_normal(share: float) -> float:
    """Give a normal quantile; no trust is beyond the 0.5% and the 99.5% point."""
    return NormalDist().inv_cdf(0.005 + 0.99 * share)


def _synthetic_name(trust: Listed) -> str:
    return f"Synthetic {trust.type.replace('_', ' ')} trust {int(trust.code[-3:])}"


def _group(kind: str) -> str:
    return "acute" if kind == "acute" else "non_acute"


def _thousands(values: population.FloatArray) -> list[int]:
    return [round(value * THOUSAND) for value in values.tolist()]


def _millions(values: Sequence[int]) -> population.FloatArray:
    return np.array(values, dtype=np.float64) / THOUSAND
