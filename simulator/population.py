"""The opening position of every trust, as arrays that check themselves.

`Population` is the value; `from_csv_text` and `to_csv_text` turn a table that an
analyst can edit into it and back. Files are opened elsewhere.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import PopulationError, Problems, SimulatorError
from simulator.schema import TRUST_TYPES

FloatArray = NDArray[np.float64]

LABELS: Final = ("code", "name", "type", "system")
NUMBERS: Final = (
    "income",
    "cost",
    "opportunity",
    "carry_over",
    "backlog",
    "pay_share",
    "reported_balance",
)
MARKS: Final = "synthetic"
COLUMNS: Final = (*LABELS, *NUMBERS, MARKS)
EVERYTHING: Final = "all"
TYPE_WORDS: Final = {"care_trust": "mental_health"}  # what other lists call a type

_FIELDS: Final = {"name": "trust_name", "type": "trust_type"}  # column -> field
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_BUILD: Final = "`simulator population build` draws what is lacking"


class _Table(NamedTuple):
    """Trusts by column, in the order they were given."""

    labels: dict[str, tuple[str, ...]]
    numbers: dict[str, FloatArray]
    drawn: tuple[tuple[str, ...], ...]


class _Fault(NamedTuple):
    row: int
    column: str
    problem: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Population:
    """Every trust simulated, and where it stands before year one.

    Trusts stand in one order, by system and then code, whatever order they come in.
    Arrays are read-only, shape (trust,).

    Parameters
    ----------
    name
        What the population is called.
    code, trust_name, trust_type, system
        Of each trust: organisation code (unique), name, one of `TRUST_TYPES`, and
        the local health system it belongs to.
    income
        Income of the opening year without support funds, GBP million, above 0.
    cost
        Recurrent cost of the opening year, GBP million, above 0.
    opportunity
        Savings that could still be found, fraction of cost, from 0 to below 1.
    carry_over
        Savings of the year before that must be found again, fraction of cost, from
        0 to below 1.
    backlog
        Maintenance put off, GBP million, 0 or more.
    pay_share
        Pay as a share of cost, between 0 and 1.
    reported_balance
        Last outturn with support and one-offs, GBP million; surplus is positive.
    synthetic
        Columns that are drawn, not real, for at least one trust; `("all",)` where
        nothing is real.
    about
        One plain sentence on what is synthetic.
    drawn
        Of each trust, the columns that are drawn. May be left out where `synthetic`
        holds for every trust; otherwise `synthetic` is taken from it.

    Raises
    ------
    Problems
        Everything that is wrong with the trusts, at once.
    """

    name: str
    code: tuple[str, ...]
    trust_name: tuple[str, ...]
    trust_type: tuple[str, ...]
    system: tuple[str, ...]
    income: FloatArray
    cost: FloatArray
    opportunity: FloatArray
    carry_over: FloatArray
    backlog: FloatArray
    pay_share: FloatArray
    reported_balance: FloatArray
    synthetic: tuple[str, ...]
    about: str
    drawn: tuple[tuple[str, ...], ...] = ()

    address: NDArray[np.uint32] = field(init=False)
    """Stable 32-bit hash of each code, by which its random numbers are drawn."""
    type_index: NDArray[np.int64] = field(init=False)
    """Place of each trust's type in `TRUST_TYPES`."""
    system_names: tuple[str, ...] = field(init=False)
    """The systems, sorted."""
    system_index: NDArray[np.int64] = field(init=False)
    """Place of each trust's system in `system_names`."""

    def __post_init__(self) -> None:
        table = _columns_of(self)
        problems = [
            PopulationError(
                f"{self.name}: {_trust(table, fault.row)}, {fault.column}",
                fault.problem,
                fault.remedy,
            )
            for fault in _faults(table, lambda row: _trust(table, row))
        ]
        if problems:
            raise Problems(problems)
        for name, value in _settled(table).items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.code)

    def __repr__(self) -> str:
        return f"<Population {self.name}: {len(self)} trusts, {self.digest()[:12]}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Population):
            return NotImplemented
        return to_csv_text(self) == to_csv_text(other)

    def __hash__(self) -> int:
        return hash(self.digest())

    def digest(self) -> str:
        """Hash the trusts, their figures and what is drawn; not `name` or `about`.

        Returns
        -------
        str
            SHA-256 of the table that `to_csv_text` writes, in hexadecimal.
        """
        return hashlib.sha256(to_csv_text(self).encode()).hexdigest()


def address(code: str) -> int:
    """Give the 32-bit address of a trust's random numbers, the same on any machine.

    Examples
    --------
    >>> address("RJ1")
    3693066312
    """
    hashed = hashlib.blake2b(code.encode(), digest_size=4).digest()
    return int.from_bytes(hashed, "little")


def to_csv_text(population: Population) -> str:
    """Write a population as a table; reading it gives the same population back."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    labels = [getattr(population, _FIELDS.get(c, c)) for c in LABELS]
    numbers = [map(repr, getattr(population, c).tolist()) for c in NUMBERS]
    marks = map(";".join, population.drawn)
    writer.writerows(zip(*labels, *numbers, marks, strict=True))
    return text.getvalue()


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
    table = _Table(
        {column: tuple(row.cells[column] for row in rows) for column in LABELS},
        numbers,
        tuple(_marks(row.cells.get(MARKS, "")) for row in rows),
    )
    for fault in _faults(table, lambda row: f"line {rows[row].line}"):
        if (fault.row, fault.column) not in unread:
            place = rows[fault.row].place(fault.column)
            problems.append(PopulationError(place, fault.problem, fault.remedy))
    if problems:
        raise Problems(problems)
    fields: dict[str, Any] = {_FIELDS.get(c, c): v for c, v in table.labels.items()}
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
            f"{name}: line {start}", f"cannot be read: {fault}"
        ) from (fault)
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
        problems = [PopulationError(name, "has no trusts below its header")]
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
        problem, remedy = "is empty", f"give a number; {_BUILD}"
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


def nearest(word: str, known: Iterable[str]) -> str:
    """Ask whether a known word was meant, or list them where none is near."""
    known = list(known)
    plain = word.strip().lower().replace(" ", "_").replace("-", "_")
    near = [TYPE_WORDS[plain]] if TYPE_WORDS.get(plain) in known else []
    near = near or get_close_matches(plain, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"choose from: {', '.join(known)}"


def _separator_faults(header: list[str], place: str) -> Iterator[PopulationError]:
    for separator, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            yield PopulationError(
                place, f"the columns are separated by {word}", "save with commas"
            )
            return
    for column in sorted({column for column in header if header.count(column) > 1}):
        yield PopulationError(place, f"column '{column}' is there twice")


def _header_faults(header: Sequence[str], name: str) -> Iterator[PopulationError]:
    for column in header:
        if column not in COLUMNS:
            yield PopulationError(
                f"{name}: line 1, column '{column}'",
                "unknown column",
                nearest(column, COLUMNS),
            )
    for column in COLUMNS:
        if column not in header and column != MARKS:
            yield PopulationError(
                f"{name}: line 1", f"column '{column}' is missing", f"add it; {_BUILD}"
            )


def _columns_of(population: Population) -> _Table:
    """Gather the columns as they were given, each of the same length."""
    labels = {c: tuple(getattr(population, _FIELDS.get(c, c))) for c in LABELS}
    numbers = {c: np.array(getattr(population, c), dtype=np.float64) for c in NUMBERS}
    count = len(labels["code"])
    same = (tuple(population.synthetic),) * count
    drawn = tuple(map(tuple, population.drawn)) or same
    if not count:
        raise PopulationError(population.name, "has no trusts", "give at least one")
    sizes = {c: len(values) for c, values in (labels | {"drawn": drawn}).items()}
    sizes |= {c: values.size for c, values in numbers.items()}
    for column, size in sizes.items():
        if size != count:
            raise PopulationError(
                population.name, f"{column} has {size} values for {count} trusts"
            )
    return _Table(labels, numbers, drawn)


def _settled(table: _Table) -> dict[str, object]:
    """Put the trusts in canonical order and work out what follows from them."""
    code, system = table.labels["code"], table.labels["system"]
    order = sorted(range(len(code)), key=lambda row: (system[row], code[row]))
    drawn = tuple(_in_order(table.drawn[row]) for row in order)
    names = tuple(sorted(set(system)))
    types = table.labels["type"]
    settled: dict[str, object] = {
        "drawn": drawn,
        "synthetic": _union(drawn),
        "address": _read_only([address(code[row]) for row in order], np.uint32),
        "type_index": _read_only(
            [TRUST_TYPES.index(types[r]) for r in order], np.int64
        ),
        "system_names": names,
        "system_index": _read_only([names.index(system[r]) for r in order], np.int64),
    }
    for column, labels in table.labels.items():
        settled[_FIELDS.get(column, column)] = tuple(labels[row] for row in order)
    for column, numbers in table.numbers.items():
        # Adding zero turns minus zero into zero, so that equal tables read equal.
        settled[column] = _read_only(numbers[order] + 0.0, np.float64)
    return settled


def _faults(table: _Table, where: Callable[[int], str]) -> Iterator[_Fault]:
    """Find everything that is wrong; `where` names a trust in a message."""
    yield from _code_faults(table.labels["code"], where)
    for row, kind in enumerate(table.labels["type"]):
        if kind not in TRUST_TYPES:
            yield _Fault(
                row, "type", f"unknown type '{kind}'", nearest(kind, TRUST_TYPES)
            )
    for row, system in enumerate(table.labels["system"]):
        if not system:
            yield _Fault(row, "system", "is empty", f"give its system; {_BUILD}")
    for column, values in table.numbers.items():
        for row, value in enumerate(values.tolist()):
            wrong = _wrong_number(column, value)
            if wrong:
                yield _Fault(row, column, *wrong)
    for row, marks in enumerate(table.drawn):
        for mark in marks:
            if mark not in (*LABELS, *NUMBERS, EVERYTHING):
                remedy = nearest(mark, (*LABELS, *NUMBERS, EVERYTHING))
                yield _Fault(row, MARKS, f"unknown column '{mark}'", remedy)


def _code_faults(codes: Sequence[str], where: Callable[[int], str]) -> Iterator[_Fault]:
    seen: dict[str, int] = {}
    taken: dict[int, str] = {}
    for row, code in enumerate(codes):
        if not code:
            yield _Fault(row, "code", "is empty", "give each trust a code of its own")
            continue
        if code in seen:
            yield _Fault(
                row,
                "code",
                f"'{code}' is the code of {where(seen[code])} too",
                "give each trust once",
            )
            continue
        seen[code] = row
        other = taken.setdefault(address(code), code)
        if other != code:
            yield _Fault(
                row,
                "code",
                f"'{other}' and '{code}' have the same 32-bit address, so the same "
                "random numbers",
                "change one of the two, for example by a letter at its end",
            )


def _wrong_number(column: str, value: float) -> tuple[str, str] | None:
    """Say what is wrong with a figure and what would be right, if anything is."""
    if not np.isfinite(value):
        return f"{value} is not a finite number", "give a number"
    if column in ("income", "cost") and value <= 0:
        return f"{value:g} is not above 0", "give GBP million a year"
    if column == "backlog" and value < 0:
        return f"{value:g} is below 0", "give GBP million, 0 or more"
    fraction = column in ("opportunity", "carry_over", "pay_share")
    lowest_allowed = column != "pay_share"
    if not fraction or 0 < value < 1 or (lowest_allowed and value == 0):
        return None
    if 1 <= value < 100:
        remedy = f"write {value / 100:g} for {value:g}%"
    else:
        remedy = "write 0.05 for 5%"
    span = "from 0 to below 1" if lowest_allowed else "between 0 and 1"
    return f"{value:g} is not a fraction of cost {span}", remedy


def _trust(table: _Table, row: int) -> str:
    return f"trust {row + 1} ('{table.labels['code'][row]}')"


def _marks(cell: str) -> tuple[str, ...]:
    return tuple(mark.strip() for mark in cell.split(";") if mark.strip())


def _in_order(marks: Sequence[str]) -> tuple[str, ...]:
    columns = (*LABELS, *NUMBERS)
    if EVERYTHING in marks or all(column in marks for column in columns):
        return (EVERYTHING,)
    return tuple(column for column in columns if column in marks)


def _union(drawn: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Name the columns that are drawn for some trust, `all` where all are for all."""
    if all(marks == (EVERYTHING,) for marks in drawn):
        return (EVERYTHING,)
    found = {mark for marks in drawn for mark in marks}
    columns = (*LABELS, *NUMBERS)
    return tuple(c for c in columns if c in found or EVERYTHING in found)


def _about(name: str, drawn: Sequence[tuple[str, ...]]) -> str:
    columns = _union([_in_order(marks) for marks in drawn])
    if not columns:
        return f"All figures are as given in {name}."
    if columns == (EVERYTHING,):
        return f"All trusts of {name} are synthetic."
    return f"As given in {name}, but drawn for some trusts: {', '.join(columns)}."


def _read_only(values: Any, kind: Any) -> NDArray[Any]:
    array = np.array(values, dtype=kind)
    array.setflags(write=False)
    return array
