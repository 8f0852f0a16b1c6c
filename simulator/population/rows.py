"""Rows of comma-separated values, and what is wrong with them by line and column."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from simulator.errors import PopulationError, Problems, SimulatorError
from simulator.messages import quote
from simulator.population.model import BUILD

FEW: Final = 3  # faults in the same words that are listed one by one

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_FIGURES: Final = re.compile(r"'[^']*'|[-+.,\d]+(e[-+]\d+)?")


class Row(NamedTuple):
    """One row of a table: the line where it starts, and its cells by column."""

    line: int
    cells: dict[str, str]


class Fault(NamedTuple):
    """What is wrong with a cell, or with a whole line where `column` is empty."""

    line: int
    column: str
    problem: str
    remedy: str = ""


def read_rows(
    text: str, file: str, separator: str = ","
) -> tuple[tuple[str, ...], list[Row]]:
    """Split a table into its header and its rows, every cell stripped of spaces.

    Byte-order marks, Windows line ends, empty lines and columns without anything in
    them are let pass; a row with more or fewer cells than the header is not, nor is
    a table without rows.
    """
    source = io.StringIO(text.removeprefix("\ufeff"), newline="")
    reader = csv.reader(source, delimiter=separator)
    lines: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((start, [cell.strip() for cell in cells]))
            start = reader.line_num + 1
    except csv.Error as fault:
        raise PopulationError(
            f"{file}: line {start}",
            f"cannot be read: {fault}",
            "save the table as CSV again",
        ) from fault
    if not lines:
        remedy = "the first line names the columns: code, name, type and so on"
        raise PopulationError(file, "is empty", remedy)
    (first, header), *rest = lines
    ragged = [
        Fault(
            line,
            "",
            f"has {len(cells)} values for {len(header)} columns",
            "look for a comma too many or too few; a value with a comma in it stands "
            "in double quotes",
        )
        for line, cells in rest
        if len(cells) != len(header)
    ]
    problems: list[SimulatorError] = [
        *_header_faults(header, rest, f"{file}: line {first}"),
        *errors(file, ragged),
    ]
    if not rest and not problems:
        problems = [PopulationError(file, "has no trusts below its header", "add one")]
    if problems:
        raise Problems(problems)
    return tuple(column for column in header if column), [
        Row(line, {c: cell for c, cell in zip(header, cells, strict=True) if c})
        for line, cells in rest
    ]


def read_number(row: Row, column: str, faults: list[Fault]) -> float | None:
    """Read one number; where it is none, add to `faults` why and give None."""
    cell = row.cells[column]
    if _NUMBER.fullmatch(cell):
        return float(cell)
    if not cell:
        problem, remedy = "is empty", f"give a number; {BUILD}"
    elif _THOUSANDS.fullmatch(cell):
        problem = f"{quote(cell)} has a thousands separator"
        remedy = f"write {cell.replace(',', '')}"
    elif _NUMBER.fullmatch(cell.removesuffix("%")):
        problem = f"{quote(cell)} is a percentage"
        remedy = f"write {float(cell.removesuffix('%')) / 100:g}"
    elif _NUMBER.fullmatch(cell.strip("()")):
        problem = f"{quote(cell)} is in brackets"
        remedy = f"write -{cell.strip('()')}"
    else:
        problem = f"{quote(cell)} is not a number"
        remedy = "write digits only, as in 412.5"
    faults.append(Fault(row.line, column, problem, remedy))
    return None


def errors(file: str, faults: Sequence[Fault]) -> list[SimulatorError]:
    """Make an error of each fault, or one of many that differ only in their figures.

    They stand in the order of their lines; the error of many says the first of them.
    """
    faults = sorted(faults, key=lambda fault: fault.line)
    by_words: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        by_words.setdefault(_words(fault), []).append(fault)
    said: list[SimulatorError] = []
    for fault in faults:
        first, *others = by_words[_words(fault)]
        place = f"{file}: line {fault.line}"
        if len(others) >= FEW:
            if fault is not first:
                continue
            place += f" and {len(others)} more up to line {others[-1].line}"
        if fault.column:
            place += f", column {quote(fault.column)}"
        said.append(PopulationError(place, fault.problem, fault.remedy))
    return said


def _words(fault: Fault) -> tuple[str, str]:
    """Say what kind of fault it is: its column, and its words without the figures."""
    return fault.column, _FIGURES.sub("", fault.problem)


def _header_faults(
    header: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]], place: str
) -> Iterator[PopulationError]:
    for separator, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            yield PopulationError(
                place, f"the columns are separated by {word}", "save with commas"
            )
            return
    for column in sorted({column for column in header if header.count(column) > 1}):
        if column:
            yield PopulationError(
                place, f"column {quote(column)} is there twice", "leave out one of them"
            )
    for index, column in enumerate(header):
        held = [line for line, cells in rows if index < len(cells) and cells[index]]
        if not column and held:
            yield PopulationError(
                place,
                f"column {index + 1} has no name, but line {held[0]} has a value in it",
                "name it, or delete the column",
            )
