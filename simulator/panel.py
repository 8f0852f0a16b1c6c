"""Opening positions for a list of real trusts: what the list lacks is drawn."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np

from simulator import evidence, population, population_csv, spreads, synthetic
from simulator.errors import PopulationError, Problems, SimulatorError
from simulator.population import Population
from simulator.population_csv import Row
from simulator.schema import TRUST_TYPES
from simulator.spreads import GROUPS, THOUSAND, Balances, Draws, Listed, Totals

SPEND_COLUMNS: Final = ("opex_gbp_m", "operating_spend", "spend", "cost")


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
    synthetic.check_packaged(like)
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
    totals, opened = synthetic.published(like), synthetic.base_year(like)
    cost = spreads.thousands(opened.cost)

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
        share = part([kind for kind in TRUST_TYPES if spreads.group_of(kind) == group])
        deficit = round(totals.gross_deficit[group] * share)
        surplus = round(totals.gross_surplus[group] * share)
        unlucky = sum(
            n for kind, n in in_deficit.items() if spreads.group_of(kind) == group
        )
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
    backlog = spreads.draw_backlog(draws, alike, scaled(draws.like, alike).backlog)
    return {
        "income": dict(enumerate(spreads.millions(income).tolist())),
        "opportunity": dict(enumerate(spreads.draw_opportunity(draws, trusts))),
        "carry_over": dict(
            enumerate(spreads.carry_over(draws.like, balances.one_off, cost))
        ),
        "backlog": dict(zip(lacking, spreads.millions(backlog).tolist(), strict=True)),
        "pay_share": dict(enumerate(spreads.draw_pay_share(draws, trusts))),
        "reported_balance": dict(
            enumerate(spreads.millions(balances.reported).tolist())
        ),
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
        free,
        spreads.draw_reported(draws, alike, scaled(draws.like, alike)),
        strict=True,
    ):
        reported[row] = balance
    in_deficit = [balance < 0 for balance in reported]
    totals = scaled(draws.like, trusts)
    support = spreads.draw_support(draws, trusts, in_deficit, totals.support)
    one_off = spreads.draw_one_offs(draws, trusts, in_deficit, totals.one_offs)
    for row in every:
        if "income" in given[row] and "reported_balance" not in given[row]:
            reported[row] += support[row] + one_off[row]
    return Balances(reported, support, one_off)


def _panel_systems(draws: Draws, panel: Panel) -> list[str]:
    """Keep the systems that are given; draw as many others as the country has."""
    lacking = [row for row, system in enumerate(panel.systems) if not system]
    most = int(evidence.number("opening.systems"))
    count = round(Fraction(most * len(lacking), len(synthetic.base_year(draws.like))))
    alike = [panel.trusts[row] for row in lacking]
    systems = list(panel.systems)
    drawn = spreads.draw_systems(draws, alike, min(max(count, 1), most))
    for row, system in zip(lacking, drawn, strict=True):
        systems[row] = system
    return systems


def _read_panel(text: str, name: str) -> Panel:
    """Read a list of trusts, in the order of their codes."""
    header, rows = population_csv.read_rows(text, name)
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
    value = population_csv.read_number(cell, place, problems)
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
                value = population_csv.read_number(
                    row.cells[name], row.place(name), problems
                )
                if value is not None:
                    given[column] = value
                break
    return given
