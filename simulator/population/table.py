"""A table of opening positions that an analyst can edit, read into a `Population`."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from simulator.errors import PopulationError, Problems, SimulatorError
from simulator.messages import quote
from simulator.population import model as population
from simulator.population import plausible
from simulator.population import rows as csv_rows
from simulator.population.model import (
    BUILD,
    COLUMNS,
    EVERYTHING,
    FIELDS,
    LABELS,
    MARKS,
    NUMBERS,
    Population,
    Table,
)
from simulator.population.rows import Fault


def from_csv_text(text: str, name: str) -> Population:
    """Read a population from a table.

    Parameters
    ----------
    text
        Comma-separated, with the columns `COLUMNS` in any order. `synthetic` may be
        left out where every figure is real.
    name
        What the population is called, and what messages call the file.

    Raises
    ------
    Problems
        Everything that is wrong, each with its line, column and remedy.
    """
    header, rows = csv_rows.read_rows(text, name)
    problems: list[SimulatorError] = [*_header_faults(header, name)]
    if problems:
        raise Problems(problems)
    faults: list[Fault] = []
    numbers = {column: np.zeros(len(rows)) for column in NUMBERS}
    for index, row in enumerate(rows):
        for column in NUMBERS:
            value = csv_rows.read_number(row, column, faults)
            numbers[column][index] = np.nan if value is None else value
    table = Table(
        {column: tuple(row.cells[column] for row in rows) for column in LABELS},
        numbers,
        tuple(_marks(row.cells.get(MARKS, "")) for row in rows),
    )
    said = {(fault.line, fault.column) for fault in faults}
    for found in (
        *population.faults(table, lambda row: f"line {rows[row].line}"),
        *_doubts(table),
    ):
        line = rows[found.row].line
        if (line, found.column) not in said:
            said.add((line, found.column))
            faults.append(Fault(line, found.column, found.problem, found.remedy))
    if faults:
        raise Problems(csv_rows.errors(name, faults))
    fields: dict[str, Any] = {FIELDS.get(c, c): v for c, v in table.labels.items()}
    fields |= table.numbers
    return Population(
        name=name,
        **fields,
        synthetic=(),
        drawn=table.drawn,
        about=_about(name, table.drawn),
    )


def _header_faults(header: Sequence[str], name: str) -> Iterator[PopulationError]:
    for column in header:
        if column not in COLUMNS:
            yield PopulationError(
                f"{name}: line 1, column {quote(column)}",
                "unknown column",
                population.nearest(column, COLUMNS),
            )
    for column in COLUMNS:
        if column not in header and column != MARKS:
            yield PopulationError(
                f"{name}: line 1", f"column '{column}' is missing", f"add it; {BUILD}"
            )


def _doubts(table: Table) -> Iterator[population.Fault]:
    """Find figures that no trust can have."""
    for row, cost in enumerate(table.numbers["cost"].tolist()):
        known = None if plausible.doubt("cost", cost, None) else cost
        for column, values in table.numbers.items():
            doubt = plausible.doubt(column, values[row].item(), known)
            if doubt:
                yield population.Fault(row, column, *doubt)


def _marks(cell: str) -> tuple[str, ...]:
    return tuple(mark.strip() for mark in cell.split(";") if mark.strip())


def _about(name: str, drawn: Sequence[tuple[str, ...]]) -> str:
    columns = population.union([population.in_order(marks) for marks in drawn])
    if not columns:
        return f"All figures are as given in {name}."
    if columns == (EVERYTHING,):
        return f"All trusts of {name} are synthetic."
    return (
        f"As given in {name}, but drawn for some trusts: {', '.join(columns)}; "
        "published totals hold on average, not exactly."
    )
