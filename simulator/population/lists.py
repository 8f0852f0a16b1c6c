"""A list of trusts as an analyst keeps it, made into columns and numbers of ours."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from simulator import evidence
from simulator.errors import PopulationError, Problems, SimulatorError
from simulator.messages import quote
from simulator.population import cells, headings, rows
from simulator.population.allocation import YEARS
from simulator.population.headings import (
    CODE,
    OPERATING_INCOME,
    PLANNED,
    REPORTED,
    SAVINGS_PLAN,
    SPEND,
    Heading,
)
from simulator.population.rows import Fault, Row

TITLES: Final = 12  # lines above the headings that are looked at
SHARES: Final = ("opportunity", "carry_over", "pay_share")
SURPLUSES: Final = (REPORTED, PLANNED)
ACCOUNTS: Final = (OPERATING_INCOME, PLANNED, SAVINGS_PLAN)  # what they become is ours
SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
_TOTALS: Final = ("total", "grand total", "england", "all trusts", "sum", "sector")


class Trusts(NamedTuple):
    """The rows of a list, under columns of ours.

    Parameters
    ----------
    header
        Columns of ours, or unknown ones as they are.
    rows
        With numbers as plain digits: GBP million, fractions of 1.
    read_as
        What each renamed or converted column was read as, in words.
    heading
        How a column of ours is headed in the list.
    faults
        What was not understood.
    ignored
        Headings that were passed over.
    """

    header: tuple[str, ...]
    rows: list[Row]
    read_as: tuple[str, ...]
    heading: Mapping[str, str]
    faults: list[Fault]
    ignored: tuple[str, ...]


def read(
    text: str,
    file: str,
    like: str,
    known: frozenset[str],
    numbers: frozenset[str],
    ignore: Sequence[str],
) -> Trusts:
    """Read a list of trusts, whatever Excel has done to it.

    Parameters
    ----------
    text, file
        The table, and what messages call it.
    like
        Packaged population that it is built like.
    known, numbers
        Columns of ours, and those among them that hold numbers.
    ignore
        Headings that are passed over.

    Raises
    ------
    Problems
        Where the table itself cannot be read.
    """
    text = _without_hint(text)
    separator = _separator(text)
    meant = frozenset((*known, *ACCOUNTS))
    _check_titles(text, file, separator, meant)
    header, found = rows.read_rows(text, file, separator)
    kept = [heading for heading in header if heading not in ignore]
    headed = {heading: headings.read(heading, meant) for heading in kept}
    _check_twice(headed, file)
    column = {h: own.column or h for h, own in headed.items()}
    heading = {own: h for h, own in column.items()}
    faults: list[Fault] = []
    comma = separator != ","
    made = [_converted(row, headed, numbers, comma, faults) for row in found]
    for row in made:
        _derive(row, like, heading, faults)
    derived = [
        c for c in (SPEND, REPORTED, "carry_over") if any(c in r.cells for r in made)
    ]
    names = [name for name in column.values() if name not in ACCOUNTS]
    names += [name for name in derived if name not in names]
    for row in made:
        for name in names:
            row.cells.setdefault(name, "")
    return Trusts(
        tuple(names),
        made,
        tuple(
            headings.said(h, own)
            for h, own in headed.items()
            if own.column and (h != own.column or own.column in ACCOUNTS)
        ),
        heading,
        faults,
        tuple(heading for heading in header if heading in ignore),
    )


def _without_hint(text: str) -> str:
    """Leave out the line by which Excel tells itself the separator."""
    bare = text.removeprefix("\ufeff")
    first, _, rest = bare.partition("\n")
    return rest if first.strip().lower() in ("sep=;", "sep=,", "sep=\t") else bare


def _separator(text: str) -> str:
    """Find what separates the cells: what the first line has most of."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return max(SEPARATORS, key=outside.count)


def _check_titles(text: str, file: str, separator: str, known: frozenset[str]) -> None:
    """Say where the headings stand, if lines stand above them."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for number, line in zip(range(TITLES), reader, strict=False):
            found = sum(bool(headings.read(c.strip(), known).column) for c in line)
            if found >= 3:
                if number and any(map(str.strip, text.splitlines()[:number])):
                    raise PopulationError(
                        f"{file}: line {number + 1}",
                        "holds the headings, and other lines stand above them",
                        "delete the lines above",
                    )
                return
    except csv.Error:
        return  # which `read_rows` says


def _check_twice(headed: Mapping[str, Heading], file: str) -> None:
    problems: list[SimulatorError] = []
    first: dict[str, str] = {}
    for heading, own in headed.items():
        other = first.setdefault(own.column, heading) if own.column else heading
        if other != heading:
            problem = f"{quote(other)} and {quote(heading)} both mean '{own.column}'"
            remedy = f"keep one, or add --ignore-columns {quote(heading)}"
            problems.append(PopulationError(f"{file}: line 1", problem, remedy))
    if {*SURPLUSES} <= first.keys():
        one, two = (quote(first[name]) for name in SURPLUSES)
        problem = f"{one} and {two} are two surpluses of a trust"
        remedy = "keep the one that it is to open with"
        problems.append(PopulationError(f"{file}: line 1", problem, remedy))
    if problems:
        raise Problems(problems)


def _converted(
    row: Row,
    headed: Mapping[str, Heading],
    numbers: frozenset[str],
    comma: bool,
    faults: list[Fault],
) -> Row:
    """Give a row under our columns, its numbers plain."""
    made: dict[str, str] = {}
    for heading, own in headed.items():
        cell, column = row.cells[heading], own.column or heading
        if column == "type":
            cell = cells.kind(cell)
        elif column == CODE:
            _check_code(row, heading, faults)
        elif column in numbers or column in ACCOUNTS or _is_dated(column, numbers):
            cell = _plain(row, heading, own, cell, comma, faults) if cell else cell
        made[column] = cell
    return Row(row.line, made)


def _check_code(row: Row, heading: str, faults: list[Fault]) -> None:
    cell = row.cells[heading]
    if cells.lost_code(cell):
        problem = f"{quote(cell)} looks like a code that Excel made a number of"
        faults.append(Fault(row.line, heading, problem, "format the column as text"))
    elif not cell and any(c.lower() in _TOTALS for c in row.cells.values()):
        faults.append(Fault(row.line, "", "is a line of totals", "delete it"))


def _plain(
    row: Row, heading: str, own: Heading, cell: str, comma: bool, faults: list[Fault]
) -> str:
    """Write a number as plain digits, GBP million or fraction of 1."""
    found = cells.number(cell, comma)
    if found.problem:
        faults.append(Fault(row.line, heading, found.problem, found.remedy))
        return ""
    percent = found.percent or own.percent
    if percent and own.column in (*SHARES, *SURPLUSES, SAVINGS_PLAN):
        value = repr(round(float(found.digits) / 100, 12))
        return f"{value}%" if own.column not in SHARES else value
    if percent:
        problem = f"{quote(cell)} is a percentage"
        faults.append(Fault(row.line, heading, problem, "give GBP million"))
        return ""
    if own.scale == headings.MILLIONS:
        return found.digits
    return repr(round(float(found.digits) * own.scale, 9))


def _derive(
    row: Row, like: str, heading: Mapping[str, str], faults: list[Fault]
) -> None:
    """Turn what accounts and plans say into spend, surplus and savings carried over."""
    own = row.cells
    income = _amount(own.pop(OPERATING_INCOME, ""))
    spend_in = next((c for c in _SPENDS if c in own), SPEND)
    spend = _amount(own.get(spend_in, ""))
    surplus_in = PLANNED if own.get(PLANNED) else REPORTED
    surplus = own.pop(PLANNED, "") or own.get(REPORTED, "")
    balance = _share_of(surplus, income if income is not None else spend)
    if balance is None and income is not None and spend is not None and not surplus:
        balance = income - spend
    if surplus.endswith("%") and balance is None:
        problem = "is a share of income, and the trust has none"
        column = heading.get(surplus_in, surplus_in)
        faults.append(Fault(row.line, column, problem, "give operating income too"))
        own[REPORTED] = ""
    elif balance is not None and surplus != own.get(REPORTED):
        own[REPORTED] = surplus if _amount(surplus) else repr(round(balance, 9))
    elif surplus.endswith("%") and balance is not None:
        own[REPORTED] = repr(round(balance, 9))
    if spend is None and income is not None:
        own[spend_in] = repr(round(income - (balance or 0.0), 9))
        spend = income - (balance or 0.0)
    plan = own.pop(SAVINGS_PLAN, "")
    if plan and not own.get("carry_over"):
        _carry_over(row, plan, spend, like, heading, faults)


_SPENDS: Final = (SPEND, "opex_gbp_m", "spend", "cost")


def _carry_over(
    row: Row,
    plan: str,
    spend: float | None,
    like: str,
    heading: Mapping[str, str],
    faults: list[Fault],
) -> None:
    """Let a trust find again, of its plan, what the sector finds again of its own."""
    column = heading.get(SAVINGS_PLAN, SAVINGS_PLAN)
    planned, carried = sector_plan(like)
    if planned is None:
        problem = f"no published plan of the sector is known for {like}"
        remedy = f"leave it out: --ignore-columns {quote(column)}"
        faults.append(Fault(row.line, column, problem, remedy))
        return
    amount = _amount(plan.removesuffix("%"))
    share = amount if plan.endswith("%") else None
    if share is None and amount is not None and spend:
        share = amount / spend
    if share is None:
        return
    if not 0.0 <= share <= 0.25:
        problem = f"is {share:.0%} of cost, and no trust plans so much"
        faults.append(Fault(row.line, column, problem, "give GBP million, or a %"))
        return
    row.cells["carry_over"] = repr(round(share * carried / planned, 6))


def sector_plan(like: str) -> tuple[float | None, float]:
    """Give what the sector planned to save, and had to find again: shares of cost."""
    base = YEARS[like].base
    keys = (
        f"finance.savings_rate_planned.{base}",
        f"today.savings_rate_required.{base}",
    )
    known = [key for key in keys if key in evidence.figures()]
    carried = evidence.number(f"opening.carry_over.{base}")
    return (evidence.number(known[0]) if known else None), carried


def _is_dated(column: str, numbers: frozenset[str]) -> bool:
    stem, found, _ = column.partition("_gbp_m_")
    return bool(found) and stem in numbers


def _amount(digits: str) -> float | None:
    try:
        return float(digits)
    except ValueError:
        return None


def _share_of(digits: str, whole: float | None) -> float | None:
    if not digits.endswith("%"):
        return _amount(digits)
    share = _amount(digits.removesuffix("%"))
    return None if share is None or whole is None else share * whole
