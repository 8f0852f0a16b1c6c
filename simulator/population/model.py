"""The opening position of every trust, as arrays that check themselves.

A population is what its table says: `to_csv_text` writes that, and equality and the
digest go by it. `table` reads one that an analyst edited.
"""

import csv
import hashlib
import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator import messages
from simulator.errors import PopulationError, Problems
from simulator.messages import quote
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
FIELDS: Final = {"name": "trust_name", "type": "trust_type"}  # column -> field
BUILD: Final = "`simulator population build` draws what is lacking"
LONGEST: Final = {"code": 40, "name": 200, "system": 100}  # characters


class Table(NamedTuple):
    """Trusts by column, in the order they were given."""

    labels: dict[str, tuple[str, ...]]
    numbers: dict[str, FloatArray]
    drawn: tuple[tuple[str, ...], ...]


class Fault(NamedTuple):
    """What is wrong with one figure or label of a table."""

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
            for fault in faults(table, lambda row: _trust(table, row))
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


def claim_of(
    population: Population, allocated_by: str, types: Sequence[str]
) -> FloatArray:
    """Give what each trust's share of a fund is in proportion to.

    Parameters
    ----------
    population
        Opening positions.
    allocated_by
        `opening_deficit`; anything else is by income.
    types
        Of trust that the fund is for; others claim nothing.

    Returns
    -------
    array
        GBP million, 0 or more, shape (trust,).
    """
    deficit = np.maximum(-population.reported_balance, 0.0)
    base = deficit if allocated_by == "opening_deficit" else population.income
    claim: FloatArray = base * np.isin(population.trust_type, types)
    return claim


def to_csv_text(population: Population) -> str:
    """Write a population as a table; reading it gives the same population back."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    labels = [getattr(population, FIELDS.get(c, c)) for c in LABELS]
    numbers = [map(repr, getattr(population, c).tolist()) for c in NUMBERS]
    marks = map(";".join, population.drawn)
    writer.writerows(zip(*labels, *numbers, marks, strict=True))
    return text.getvalue()


def nearest(word: str, known: Iterable[str]) -> str:
    """Ask whether a known word was meant, or list them where none is near."""
    known = list(known)
    close = near_word(word, known)
    return messages.nearest(close or word, known)


def near_word(word: str, known: Sequence[str]) -> str:
    """Give the known word that was probably meant, or none."""
    plain = word[: LONGEST["name"]].strip().lower().replace(" ", "_").replace("-", "_")
    if TYPE_WORDS.get(plain) in known:
        return TYPE_WORDS[plain]
    return messages.near(plain, known)


def _columns_of(population: Population) -> Table:
    """Gather the columns as they were given, each of the same length."""
    labels = {c: tuple(getattr(population, FIELDS.get(c, c))) for c in LABELS}
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
    return Table(labels, numbers, drawn)


def _settled(table: Table) -> dict[str, object]:
    """Put the trusts in canonical order and work out what follows from them."""
    code, system = table.labels["code"], table.labels["system"]
    order = sorted(range(len(code)), key=lambda row: (system[row], code[row]))
    drawn = tuple(in_order(table.drawn[row]) for row in order)
    names = tuple(sorted(set(system)))
    types = table.labels["type"]
    settled: dict[str, object] = {
        "drawn": drawn,
        "synthetic": union(drawn),
        "address": _read_only([address(code[row]) for row in order], np.uint32),
        "type_index": _read_only(
            [TRUST_TYPES.index(types[r]) for r in order], np.int64
        ),
        "system_names": names,
        "system_index": _read_only([names.index(system[r]) for r in order], np.int64),
    }
    for column, labels in table.labels.items():
        settled[FIELDS.get(column, column)] = tuple(labels[row] for row in order)
    for column, numbers in table.numbers.items():
        # Adding zero turns minus zero into zero, so that equal tables read equal.
        settled[column] = _read_only(numbers[order] + 0.0, np.float64)
    return settled


def faults(table: Table, where: Callable[[int], str]) -> Iterator[Fault]:
    """Find everything that is wrong; `where` names a trust in a message."""
    yield from code_faults(table.labels["code"], where)
    for column, longest in LONGEST.items():
        for row, label in enumerate(table.labels[column]):
            wrong = wrong_label(label, longest)
            if wrong:
                yield Fault(row, column, *wrong)
    for row, kind in enumerate(table.labels["type"]):
        if kind not in TRUST_TYPES:
            yield Fault(
                row, "type", f"unknown type {quote(kind)}", nearest(kind, TRUST_TYPES)
            )
    for row, system in enumerate(table.labels["system"]):
        if not system:
            yield Fault(row, "system", "is empty", f"give its system; {BUILD}")
    for column, values in table.numbers.items():
        for row, value in enumerate(values.tolist()):
            wrong = wrong_number(column, value)
            if wrong:
                yield Fault(row, column, *wrong)
    for row, marks in enumerate(table.drawn):
        for mark in marks:
            if mark not in (*LABELS, *NUMBERS, EVERYTHING):
                remedy = nearest(mark, (*LABELS, *NUMBERS, EVERYTHING))
                yield Fault(row, MARKS, f"unknown column {quote(mark)}", remedy)


def code_faults(codes: Sequence[str], where: Callable[[int], str]) -> Iterator[Fault]:
    """Find codes that are empty, given twice or of one address with another."""
    seen: dict[str, int] = {}
    taken: dict[int, str] = {}
    for row, code in enumerate(codes):
        if not code:
            yield Fault(row, "code", "is empty", "give each trust a code of its own")
            continue
        if code in seen:
            yield Fault(
                row,
                "code",
                f"{quote(code)} is the code of {where(seen[code])} too",
                "give each trust once",
            )
            continue
        seen[code] = row
        other = taken.setdefault(address(code), code)
        if other != code:
            yield Fault(
                row,
                "code",
                f"'{other}' and '{code}' have the same 32-bit address, so the same "
                "random numbers",
                "change one of the two, for example by a letter at its end",
            )


def wrong_label(label: str, longest: int) -> tuple[str, str] | None:
    """Say what is wrong with a code or name and what would be right, if anything is."""
    for letter in label:
        kind = unicodedata.category(letter)
        if letter in "\r\n" or kind in ("Zl", "Zp"):
            return "has a line break in it", "write it on one line"
        if kind in ("Cc", "Cf", "Cs"):
            problem = f"has a character in it that cannot be seen (U+{ord(letter):04X})"
            return problem, "type it again without it"
    if len(label) > longest:
        return f"is {len(label)} characters long", f"use at most {longest}"
    return None


def wrong_number(column: str, value: float) -> tuple[str, str] | None:
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


def _trust(table: Table, row: int) -> str:
    return f"trust {row + 1} ({quote(table.labels['code'][row])})"


def in_order(marks: Sequence[str]) -> tuple[str, ...]:
    """Put the columns that are drawn in the order of a table, `all` for every one."""
    columns = (*LABELS, *NUMBERS)
    if EVERYTHING in marks or all(column in marks for column in columns):
        return (EVERYTHING,)
    return tuple(column for column in columns if column in marks)


def union(drawn: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Name the columns that are drawn for some trust, `all` where all are for all."""
    if all(marks == (EVERYTHING,) for marks in drawn):
        return (EVERYTHING,)
    found = {mark for marks in drawn for mark in marks}
    columns = (*LABELS, *NUMBERS)
    return tuple(c for c in columns if c in found or EVERYTHING in found)


def _read_only(values: Any, kind: Any) -> NDArray[Any]:
    array = np.array(values, dtype=kind)
    array.setflags(write=False)
    return array
