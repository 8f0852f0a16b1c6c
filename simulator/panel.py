"""Opening positions for a list of real trusts: what the list lacks is drawn."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from simulator import population, population_csv, rates, spreads, synthetic
from simulator.errors import PopulationError, Problems, SimulatorError
from simulator.population import Population
from simulator.population_csv import Row
from simulator.schema import TRUST_TYPES
from simulator.spreads import THOUSAND, Draws, Listed

DRAWN: Final = tuple(column for column in population.NUMBERS if column != "cost")
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

    What is drawn of a trust follows from its own code, type and spend, whoever else is
    in the list; so totals hold in expectation. Operating spend is taken as recurrent
    cost of the opening year.

    Parameters
    ----------
    panel_csv_text
        Table with the columns code, name, type and one of `SPEND_COLUMNS`, GBP
        million. Any of income, system, opportunity, carry_over, backlog (or
        backlog_gbp_m_YYYY_YY, of which the latest counts), pay_share and
        reported_balance are kept where a trust has them; other columns are passed
        over.
    like
        Packaged population. Its share of trusts in deficit by type, and its totals in
        proportion to spend, are those of the draws.
    name
        What the population is called, and what messages call the file.

    Raises
    ------
    Problems
        Everything that is wrong with the list, each with its place and remedy.
    """
    synthetic.check_packaged(like)
    panel = _read_panel(panel_csv_text, name)
    draws = Draws(like)
    drawn = [
        rates.draw(draws, trust, given)
        for trust, given in zip(panel.trusts, panel.given, strict=True)
    ]
    numbers: dict[str, Any] = {
        column: np.array(
            [
                given.get(column, own[column])
                for own, given in zip(drawn, panel.given, strict=True)
            ]
        )
        for column in DRAWN
    }
    marks = tuple(
        (*(() if system else ("system",)), *(c for c in DRAWN if c not in given))
        for system, given in zip(panel.systems, panel.given, strict=True)
    )
    columns = [c for c in population.COLUMNS if any(c in row for row in marks)]
    return Population(
        name=name,
        code=tuple(trust.code for trust in panel.trusts),
        trust_name=tuple(panel.names),
        trust_type=tuple(trust.type for trust in panel.trusts),
        system=tuple(
            system or spreads.own_system(draws, trust.code)
            for system, trust in zip(panel.systems, panel.trusts, strict=True)
        ),
        cost=np.array(panel.cost),
        **numbers,
        synthetic=(),
        drawn=marks,
        about=(
            f"{panel.about}; drawn like {like} where a trust lacks it: "
            f"{', '.join(columns) or 'nothing'}; each trust is drawn by its own code, "
            "so that published totals hold on average, not exactly."
        ),
    )


def _read_panel(text: str, name: str) -> Panel:
    """Read a list of trusts, in the order of their codes."""
    header, rows = population_csv.read_rows(text, name)
    problems: list[SimulatorError] = list(_panel_header_faults(header, name))
    if problems:
        raise Problems(problems)
    (spend,) = (column for column in SPEND_COLUMNS if column in header)
    sources = {column: _sources(column, header) for column in DRAWN}
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
