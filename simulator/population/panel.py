"""Opening positions for a list of real trusts: what the list lacks is drawn."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.errors import PopulationError, Problems, SimulatorError
from simulator.messages import quote
from simulator.population import (
    allocation,
    lists,
    plausible,
    rates,
    successors,
    synthetic,
)
from simulator.population import (
    model as population,
)
from simulator.population import (
    rows as csv_rows,
)
from simulator.population.allocation import THOUSAND, Draws, Listed
from simulator.population.model import Population
from simulator.population.rows import Fault, Row
from simulator.schema import TRUST_TYPES

DRAWN: Final = tuple(column for column in population.NUMBERS if column != "cost")
SPEND_COLUMNS: Final = ("opex_gbp_m", "operating_spend", "spend", "cost")
KNOWN: Final = (*population.LABELS, *SPEND_COLUMNS, *DRAWN, population.MARKS)
NUMBERS: Final = frozenset((*SPEND_COLUMNS, *DRAWN))

_DATED: Final = re.compile(r"(income|backlog|reported_balance)_gbp_m_\d{4}_\d{2}")


class Panel(NamedTuple):
    """A list of real trusts by code, with what the list says of them."""

    trusts: list[Listed]
    names: list[str]
    cost: list[float]
    systems: list[str]
    given: list[dict[str, float]]
    about: str
    read_as: tuple[str, ...]


def build(
    panel_csv_text: str,
    like: str,
    name: str,
    *,
    file: str | None = None,
    ignore: Sequence[str] = (),
) -> Population:
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
        reported_balance are kept where a trust has them.
    like
        Packaged population. Its share of trusts in deficit by type, and its totals in
        proportion to spend, are those of the draws.
    name
        What the population is called.
    file
        What messages call the list; `name` where it is not given.
    ignore
        Further columns, passed over. A column that is neither known nor named here
        is refused: it may be a known one misspelt.

    Raises
    ------
    Problems
        Everything that is wrong with the list, each with its place and remedy.
    """
    panel = read(panel_csv_text, like, name if file is None else file, ignore)
    return fill(panel, like, name)


def fill(panel: Panel, like: str, name: str) -> Population:
    """Draw what a list that was read lacks; see `build`."""
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
    what_is_drawn = (
        f"drawn like {like} where a trust lacks it: {', '.join(columns)}; each trust "
        "is drawn by its own code, so that published totals hold on average, not "
        "exactly"
    )
    return Population(
        name=name,
        code=tuple(trust.code for trust in panel.trusts),
        trust_name=tuple(panel.names),
        trust_type=tuple(trust.type for trust in panel.trusts),
        system=tuple(
            system or allocation.own_system(draws, trust.code)
            for system, trust in zip(panel.systems, panel.trusts, strict=True)
        ),
        cost=np.array(panel.cost),
        **numbers,
        synthetic=(),
        drawn=marks,
        about=f"{panel.about}; {what_is_drawn if columns else 'nothing is drawn'}.",
    )


def read(text: str, like: str, file: str, ignore: Sequence[str] = ()) -> Panel:
    """Read a list of trusts, in the order of their codes; see `build`."""
    synthetic.check_packaged(like)
    listed = lists.read(text, file, like, frozenset(KNOWN), NUMBERS, ignore)
    header, rows = (*listed.header, *listed.ignored), listed.rows
    problems = list(_header_faults(header, ignore, f"{file}: line 1"))
    if problems:
        raise Problems(problems)
    kept = [column for column in header if column not in ignore]
    (spend,) = (column for column in SPEND_COLUMNS if column in kept)
    sources = {column: _sources(column, kept) for column in DRAWN}
    faults = [*listed.faults, *_retired(rows, like)]
    trusts, cost, given = [], [], []
    rows.sort(key=lambda row: row.cells["code"])
    for row in rows:
        value = _read_spend(row, spend, faults)
        kind = _read_type(row, faults)
        trusts.append(Listed(row.cells["code"], kind, round((value or 1.0) * THOUSAND)))
        cost.append(value or 1.0)
        given.append(_read_given(row, sources, value, faults))
    faults += _label_faults(rows, kept)
    if faults:
        raise Problems(csv_rows.errors(file, _as_headed(faults, listed.heading)))
    care = sum(row.cells["type"] not in TRUST_TYPES for row in rows)
    trust_count = "one trust" if len(rows) == 1 else f"{len(rows)} trusts"
    systems = [row.cells["system"] if "system" in kept else "" for row in rows]
    return Panel(
        trusts,
        [row.cells["name"] for row in rows],
        cost,
        systems,
        given,
        f"Codes, names, types and operating spend of {trust_count} are as listed"
        + (f" (care trusts count as mental health: {care})" if care else ""),
        listed.read_as,
    )


def _retired(rows: Sequence[Row], like: str) -> Iterator[Fault]:
    for row, problem, remedy in successors.retired(
        [row.cells.get("code", "") for row in rows], like
    ):
        yield Fault(rows[row].line, "code", problem, remedy)


def _as_headed(faults: Sequence[Fault], heading: Mapping[str, str]) -> list[Fault]:
    """Name columns as the list does, and each cell's fault once: the first found."""
    seen: dict[tuple[int, str], Fault] = {}
    for fault in faults:
        column = heading.get(fault.column, fault.column)
        seen.setdefault((fault.line, column), fault._replace(column=column))
    return list(seen.values())


def _header_faults(
    header: Sequence[str], ignore: Sequence[str], place: str
) -> Iterator[SimulatorError]:
    for column in ignore:
        if column not in header:
            problem = f"there is no column {quote(column)} to ignore"
            yield PopulationError(place, problem, population.nearest(column, header))
    kept = [column for column in header if column not in ignore]
    strange = {
        column: population.near_word(column, KNOWN)
        for column in kept
        if not _is_known(column)
    }
    for column in ("code", "name", "type"):
        if column not in (*kept, *strange.values()):
            yield PopulationError(place, f"column '{column}' is missing", "add it")
    spend = [column for column in SPEND_COLUMNS if column in kept]
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
    for column, near in strange.items():
        if near:
            remedy = f"did you mean '{near}'? If not, add --ignore-columns {column}"
            yield PopulationError(place, f"unknown column {quote(column)}", remedy)
    far = [column for column, near in strange.items() if not near]
    if far:
        yield PopulationError(
            place,
            f"unknown column{'s' if len(far) > 1 else ''} {', '.join(map(quote, far))}",
            f"delete what is not needed, or add --ignore-columns {','.join(far)}",
        )


def _is_known(column: str) -> bool:
    return column in KNOWN or _DATED.fullmatch(column) is not None


def _sources(column: str, header: Sequence[str]) -> list[str]:
    """Name the columns of a list that give one of ours, the one to prefer first."""
    dated = [name for name in header if name.startswith(f"{column}_gbp_m_")]
    return [name for name in header if name == column] + sorted(dated, reverse=True)


def _label_faults(rows: Sequence[Row], kept: Sequence[str]) -> Iterator[Fault]:
    codes = [row.cells["code"] for row in rows]
    for row, column, problem, remedy in population.code_faults(
        codes, lambda row: f"line {rows[row].line}"
    ):
        yield Fault(rows[row].line, column, problem, remedy)
    for own in rows:
        for column, longest in population.LONGEST.items():
            wrong = population.wrong_label(own.cells.get(column, ""), longest)
            if column in kept and wrong:
                yield Fault(own.line, column, *wrong)
        mark = own.cells.get(population.MARKS) if population.MARKS in kept else ""
        if mark:
            problem = f"{quote(mark)} is drawn already, not real"
            remedy = "start from the list of real figures, without this column"
            yield Fault(own.line, population.MARKS, problem, remedy)


def _read_spend(row: Row, column: str, faults: list[Fault]) -> float | None:
    if not row.cells[column]:
        remedy = "every trust needs its operating spend"
        faults.append(Fault(row.line, column, "is empty", remedy))
        return None
    return _number(row, column, "cost", None, faults)


def _read_type(row: Row, faults: list[Fault]) -> str:
    cell = row.cells["type"]
    kind = population.TYPE_WORDS.get(cell, cell)
    if kind not in TRUST_TYPES:
        remedy = population.nearest(cell, TRUST_TYPES)
        faults.append(Fault(row.line, "type", f"unknown type {quote(cell)}", remedy))
        return TRUST_TYPES[0]
    return kind


def _read_given(
    row: Row,
    sources: Mapping[str, Sequence[str]],
    cost: float | None,
    faults: list[Fault],
) -> dict[str, float]:
    """Read the figures that a list has of one trust; an empty cell is none."""
    given = {}
    for column, names in sources.items():
        name = next((name for name in names if row.cells[name]), "")
        value = _number(row, name, column, cost, faults) if name else None
        if value is not None:
            given[column] = value
    return given


def _number(
    row: Row, name: str, column: str, cost: float | None, faults: list[Fault]
) -> float | None:
    """Read the cell of `name`, which gives our `column`, or say what is wrong."""
    value = csv_rows.read_number(row, name, faults)
    if value is None:
        return None
    wrong = population.wrong_number(column, value)
    wrong = wrong or plausible.doubt(column, value, cost)
    if wrong:
        faults.append(Fault(row.line, name, *wrong))
        return None
    return value
