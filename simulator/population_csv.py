"""A table of opening positions that an analyst can edit, read into a `Population`."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from simulator import population
from simulator.errors import PopulationError, Problems, SimulatorError
from simulator.population import (
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

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")


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
    header, rows = read_rows(text, name)
    problems: list[SimulatorError] = [*_header_faults(header, name)]
    if problems:
        raise Problems(problems)
    unread: set[tuple[int, str]] = set()
    numbers = {column: np.zeros(len(rows)) for column in NUMBERS}
    for index, row in enumerate(rows):
        for column in NUMBERS:
            value = read_number(row.cells[column], row.place(column), problems)
            if value is None:
                unread.add((index, column))
            else:
                numbers[column][index] = value
    table = Table(
        {column: tuple(row.cells[column] for row in rows) for column in LABELS},
        numbers,
        tuple(_marks(row.cells.get(MARKS, "")) for row in rows),
    )
    for fault in population.faults(table, lambda row: f"line {rows[row].line}"):
        if (fault.row, fault.column) not in unread:
            place = rows[fault.row].place(fault.column)
            problems.append(PopulationError(place, fault.problem, fault.remedy))
    if problems:
        raise Problems(problems)
    fields: dict[str, Any] = {FIELDS.get(c, c): v for c, v in table.labels.items()}
    fields |= table.numbers
    return Population(
        name=name,
        **fields,
        synthetic=(),
        drawn=table.drawn,
        about=_about(name, table.drawn),
    )


class Row(NamedTuple):
    """One row of a table: where it starts, and its cells by column."""

    file: str
    line: int
    cells: dict[str, str]

    def place(self, column: str) -> str:
        """Say where a cell is, as messages do."""
        return f"{self.file}: line {self.line}, column '{column}'"


def read_rows(text: str, name: str) -> tuple[tuple[str, ...], list[Row]]:
    """Split a table into its header and its rows, every cell stripped of spaces.

    Byte-order marks, Windows line ends and empty lines are let pass; a row with more
    or fewer cells than the header is not, nor is a table without rows.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    lines: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((start, [cell.strip() for cell in cells]))
            start = reader.line_num + 1
    except csv.Error as fault:
        raise PopulationError(
            f"{name}: line {start}",
            f"cannot be read: {fault}",
            "save the table as CSV again",
        ) from fault
    if not lines:
        raise PopulationError(
            name, "is empty", f"the first line is {','.join(COLUMNS)}"
        )
    (first, header), *rest = lines
    problems = [
        *_separator_faults(header, f"{name}: line {first}"),
        *(
            PopulationError(
                f"{name}: line {line}",
                f"has {len(cells)} values for {len(header)} columns",
                "look for a comma too many or too few; a value with a comma in it "
                "stands in double quotes",
            )
            for line, cells in rest
            if len(cells) != len(header)
        ),
    ]
    if not rest and not problems:
        problems = [PopulationError(name, "has no trusts below its header", "add one")]
    if problems:
        raise Problems(problems)
    return tuple(header), [
        Row(name, line, dict(zip(header, cells, strict=True))) for line, cells in rest
    ]


def read_number(cell: str, place: str, problems: list[SimulatorError]) -> float | None:
    """Read one number; where it is none, add to `problems` why and give None."""
    if _NUMBER.fullmatch(cell):
        return float(cell)
    if not cell:
        problem, remedy = "is empty", f"give a number; {BUILD}"
    elif _THOUSANDS.fullmatch(cell):
        problem = f"'{cell}' has a thousands separator"
        remedy = f"write {cell.replace(',', '')}"
    elif _NUMBER.fullmatch(cell.removesuffix("%")):
        problem = f"'{cell}' is a percentage"
        remedy = f"write {float(cell.removesuffix('%')) / 100:g}"
    elif _NUMBER.fullmatch(cell.strip("()")):
        problem, remedy = f"'{cell}' is in brackets", f"write -{cell.strip('()')}"
    else:
        problem, remedy = f"'{cell}' is not a number", "write digits only, as in 412.5"
    problems.append(PopulationError(place, problem, remedy))
    return None


def _separator_faults(header: list[str], place: str) -> Iterator[PopulationError]:
    for separator, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            yield PopulationError(
                place, f"the columns are separated by {word}", "save with commas"
            )
            return
    for column in sorted({column for column in header if header.count(column) > 1}):
        yield PopulationError(
            place, f"column '{column}' is there twice", "leave out one of them"
        )


def _header_faults(header: Sequence[str], name: str) -> Iterator[PopulationError]:
    for column in header:
        if column not in COLUMNS:
            yield PopulationError(
                f"{name}: line 1, column '{column}'",
                "unknown column",
                population.nearest(column, COLUMNS),
            )
    for column in COLUMNS:
        if column not in header and column != MARKS:
            yield PopulationError(
                f"{name}: line 1", f"column '{column}' is missing", f"add it; {BUILD}"
            )


def _marks(cell: str) -> tuple[str, ...]:
    return tuple(mark.strip() for mark in cell.split(";") if mark.strip())


def _about(name: str, drawn: Sequence[tuple[str, ...]]) -> str:
    columns = population.union([population.in_order(marks) for marks in drawn])
    if not columns:
        return f"All figures are as given in {name}."
    if columns == (EVERYTHING,):
        return f"All trusts of {name} are synthetic."
    return f"As given in {name}, but drawn for some trusts: {', '.join(columns)}."
