"""Published trust accounts, read from NHS England's workbooks value by value."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from simulator.errors import PopulationError, Problems, SimulatorError
from simulator.messages import nearest, quote
from simulator.population.imports import tac_codes as codes
from simulator.population.imports import workbooks
from simulator.population.imports.workbooks import Line, Workbook
from simulator.types import OnProgress

HEADER_WITHIN: Final = 20  # rows
WIDEST: Final = 20  # columns of a sheet that are looked at
MOST_SAID: Final = 12  # faults of one workbook that are listed
ROUNDING: Final = 2.0  # GBP thousand that a sum may miss its parts by
TELL_EVERY: Final = 20_000  # rows
_SCHEDULES: Final = "tac02soci"  # a sheet of the blank schedules that trusts fill in


class Accounts(NamedTuple):
    """One trust's accounts of one year, GBP thousand as published.

    Parameters
    ----------
    code, name, type, region
        As the workbook lists it; the type is one of `TRUST_TYPES`.
    year
        First calendar year.
    values
        Of this year, by the names of `codes.THIS_YEAR`; what is blank is not there.
    history
        Breakeven performance and operating income of earlier years and this, by year:
        NHS trusts only.
    comment
        What the list says of the trust, such as a merger.
    is_foundation
        Whether the list gives a day on which it was authorised as a foundation trust:
        such a trust has no control total, whatever stands in its line.
    """

    code: str
    name: str
    type: str
    region: str
    year: int
    values: Mapping[str, float]
    history: Mapping[int, Mapping[str, float]]
    comment: str
    is_foundation: bool

    @property
    def is_nhs_trust(self) -> bool:
        """Say whether it is an NHS trust: only these give a control total."""
        return "control_total" in self.values and not self.is_foundation


class Provider(NamedTuple):
    """A line of the list of providers."""

    row: int
    code: str
    name: str
    type: str
    region: str
    comment: str
    is_foundation: bool


def read(
    path: Path, year: int | None = None, on_progress: OnProgress = lambda more: None
) -> list[Accounts]:
    """Read the accounts of every trust of one published workbook.

    Parameters
    ----------
    path
        The workbook, of NHS trusts or of foundation trusts.
    year
        First calendar year of the accounts; taken from the file's name unless given.
    on_progress
        Called with how much more was read, of `work`.

    Returns
    -------
    list of Accounts
        In the order of their codes.

    Raises
    ------
    PopulationError, Problems
        Where it is no such workbook, naming sheet, row and what was expected.
    """
    place = path.name
    year = codes.year_in(path.stem) if year is None else year
    with workbooks.opened(path, place, on_progress) as book:
        values = _sheet(book, codes.VALUES)
        providers = _providers(book, _sheet(book, codes.TRUSTS))
        if year is None:
            problem = "its name does not say which year the accounts are of"
            remedy = "add --year 2023 for 2023/24, or have 2023-24 in the name"
            raise PopulationError(place, problem, remedy)
        with workbooks.bounded(on_progress, workbooks.unpacked(path)) as more:
            return _accounts(book, values, providers, year, more)


def work(path: Path) -> int:
    """Give what `read` tells the progress of: bytes, each gone through twice."""
    return 2 * workbooks.unpacked(path)


# --- the list of providers ------------------------------------------------------------


def _sheet(book: Workbook, name: str) -> str:
    found = book.find(name)
    if found is not None:
        return found
    blank = any("".join(own.split()).casefold() == _SCHEDULES for own in book.sheets)
    if blank:
        raise PopulationError(
            book.place,
            "is the blank schedules that trusts fill in (TAC illustrative file): it "
            "has no trust's figures",
            f"give the published data, a workbook with sheets '{codes.TRUSTS}' and "
            f"'{codes.VALUES}'",
        )
    listed = ", ".join(map(quote, book.sheets[:8]))
    raise PopulationError(
        book.place,
        f"has no sheet '{name}'; it has {listed}",
        "give a workbook of NHS England's published trust accounts (TAC) data",
    )


def _providers(book: Workbook, sheet: str) -> dict[str, Provider]:
    """Read the list of providers: by name, blanks and capitals aside."""
    where = f"{book.place}: sheet '{sheet}'"
    lines = book.lines(sheet, WIDEST)
    columns = _columns(lines, codes.TRUST_HEADINGS, ("name", "code", "sector"), where)
    found: dict[str, Provider] = {}
    taken: dict[str, int] = {}
    faults: list[SimulatorError] = []
    for row, cells in lines:
        text = {c: _text(cells, index) for c, index in columns.items()}
        if not any(text.values()):
            continue
        if not text["name"] or not text["code"]:
            if not text["code"]:
                continue  # a note below the list
            faults.append(PopulationError(f"{where}, row {row}", "has no name"))
            continue
        kind = codes.SECTORS.get(" ".join(text["sector"].casefold().split()))
        if kind is None:
            problem = f"unknown sector {quote(text['sector'])}"
            remedy = nearest(text["sector"], codes.SECTORS)
            faults.append(PopulationError(f"{where}, row {row}", problem, remedy))
            continue
        own = Provider(
            row,
            text["code"].upper(),
            text["name"],
            kind,
            text.get("region", ""),
            text.get("comment", ""),
            bool(text.get("authorised")),
        )
        for taken_by, what in (
            (taken.get(own.code), own.code),
            (_row(found, own), own.name),
        ):
            if taken_by is not None:
                problem = f"{quote(what)} is in row {taken_by} too"
                faults.append(PopulationError(f"{where}, row {row}", problem))
        found[_key(own.name)] = own
        taken[own.code] = row
    _raise(faults)
    if not found:
        raise PopulationError(where, "lists no trusts", "give the published workbook")
    return found


def _row(found: Mapping[str, Provider], own: Provider) -> int | None:
    other = found.get(_key(own.name))
    return None if other is None else other.row


# --- all data -------------------------------------------------------------------------


def _accounts(
    book: Workbook,
    sheet: str,
    providers: Mapping[str, Provider],
    year: int,
    on_progress: OnProgress,
) -> list[Accounts]:
    where = f"{book.place}: sheet '{sheet}'"
    values, history = _values(book, sheet, providers, year, where, on_progress)
    faults = list(_doubts(values, providers, where))
    _raise(faults)
    return [
        Accounts(
            own.code,
            own.name,
            own.type,
            own.region,
            year,
            values[own.code],
            history.get(own.code, {}),
            own.comment,
            own.is_foundation,
        )
        for own in sorted(providers.values(), key=lambda one: one.code)
        if own.code in values
    ]


Values = dict[str, dict[str, float]]
History = dict[str, dict[int, dict[str, float]]]


def _values(
    book: Workbook,
    sheet: str,
    providers: Mapping[str, Provider],
    year: int,
    where: str,
    on_progress: OnProgress,
) -> tuple[Values, History]:
    """Read every value that is wanted, each once."""
    lines = book.lines(sheet, WIDEST)
    columns = _columns(lines, codes.VALUE_HEADINGS, tuple(codes.VALUE_HEADINGS), where)
    at_name, at_main, at_sub, at_value = (
        columns[name] for name in ("name", "main", "sub", "value")
    )
    values: Values = {}
    history: History = {}
    seen: dict[tuple[str, str, str], int] = {}
    faults: list[SimulatorError] = []
    known: dict[Any, Provider] = {}  # a name as it is written, looked up once
    for row, cells in lines:
        if row % TELL_EVERY == 0:
            on_progress(TELL_EVERY * workbooks.ROW)
        main, sub = _code(cells, at_main), _code(cells, at_sub)
        name = codes.THIS_YEAR.get((main, sub))
        past = _past(main, sub, year)
        if name is None and past is None:
            continue
        raw = cells[at_name] if at_name < len(cells) else None
        own = known.get(raw) or providers.get(_key(str(raw or "")))
        if own is None:
            problem = f"{quote(str(raw))} is not in the list of providers"
            faults.append(PopulationError(f"{where}, row {row}", problem))
            if len(faults) > MOST_SAID:
                break
            continue
        known[raw] = own
        before = seen.setdefault((own.code, main, sub), row)
        if before != row:
            problem = f"{own.code} has {sub}, {main} in row {before} too"
            remedy = "each value stands once: download the workbook again"
            faults.append(PopulationError(f"{where}, row {row}", problem, remedy))
            continue
        value = _number(cells, at_value, f"{where}, row {row}: {sub}", faults)
        if value is None:
            continue
        if name is not None:
            values.setdefault(own.code, {})[name] = value
        if past is not None:
            on, what = past
            history.setdefault(own.code, {}).setdefault(on, {})[what] = value
    _raise(faults)
    if not values:
        problem = "has none of the values that are read, such as INC1365, A07CY01"
        raise PopulationError(where, problem, "give the published workbook")
    return values, history


def _past(main: str, sub: str, year: int) -> tuple[int, str] | None:
    what = codes.HISTORY.get(sub)
    if what is None:
        return None
    on = year if main == codes.HISTORY_THIS_YEAR else codes.history_year(main)
    return None if on is None or on > year else (on, what)


def _doubts(
    values: Values, providers: Mapping[str, Provider], where: str
) -> Iterator[PopulationError]:
    """Find accounts that lack a value, or whose sums do not come out."""
    by_code = {own.code: own for own in providers.values()}
    for code, own in sorted(values.items()):
        place = f"{where}: {code}, {by_code[code].name}"
        for name in codes.NEEDED:
            if name not in own:
                main, sub = codes.CODES[name]
                problem = f"has no {name.replace('_', ' ')} ({sub}, {main})"
                yield PopulationError(place, problem, "was the workbook changed?")
        parts = own.get("care_income"), own.get("other_income")
        if None not in parts and "income" in own:
            total = sum(part for part in parts if part is not None)
            if abs(total - own["income"]) > ROUNDING:
                yield PopulationError(
                    place,
                    f"its income (INC1365) is {own['income']:,.0f}, but patient care "
                    f"and other income (SCI0100A, SCI0110A) come to {total:,.0f}",
                )
        other = own.get("expenses_negative")
        differs = abs((other or 0.0) + own.get("expenses", 0.0)) > ROUNDING
        if other is not None and "expenses" in own and differs:
            yield PopulationError(
                place,
                f"its expenses are {own['expenses']:,.0f} (EXP0390, positive) and "
                f"{other:,.0f} (SCI0125A, negative)",
            )
        for name in ("income", "expenses", "pay"):
            if name in own and own[name] <= 0:
                sub = codes.CODES[name][1]
                problem = f"its {name} ({sub}) is {own[name]:,.0f}, not above 0"
                yield PopulationError(place, problem)


# --- cells ----------------------------------------------------------------------------


def _columns(
    lines: Iterator[Line],
    headings: Mapping[str, Sequence[str]],
    needed: Iterable[str],
    where: str,
) -> dict[str, int]:
    """Find the header row, and where each column that is wanted stands."""
    spelt = {_key(word): name for name, words in headings.items() for word in words}
    best: tuple[int, dict[str, int], int] = (0, {}, 1)
    for row, cells in lines:
        found: dict[str, int] = {}
        for index, cell in enumerate(cells):
            name = spelt.get(_key(str(cell))) if cell is not None else None
            if name is not None:
                if name in found:
                    problem = f"has two columns {quote(str(cell))}"
                    raise PopulationError(f"{where}, row {row}", problem)
                found[name] = index
        if all(name in found for name in needed):
            return found
        best = max(best, (len(found), found, row), key=lambda one: one[0])
        if row >= HEADER_WITHIN:
            break
    count, held, row = best
    lacking = [" or ".join(map(quote, headings[n])) for n in needed if n not in held]
    problem = f"has no column {', nor '.join(lacking)}"
    expected = ", ".join(words[0] for words in headings.values())
    at = f"row {row}" if count else f"rows 1 to {HEADER_WITHIN}"
    raise PopulationError(f"{where}, {at}", problem, f"expected are: {expected}")


def _number(
    cells: Sequence[Any], index: int, place: str, faults: list[SimulatorError]
) -> float | None:
    """Read a number; blank is none, and anything else is a fault."""
    cell = cells[index] if index < len(cells) else None
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        problem = f"{quote(str(cell))} is not a number"
        faults.append(PopulationError(place, problem, "expected is GBP thousand"))
        return None
    value = float(cell)
    if not abs(value) < 1e9:
        problem = f"{value:g} is no trust's figure in GBP thousand"
        faults.append(PopulationError(place, problem))
        return None
    return value


def _code(cells: Sequence[Any], index: int) -> str:
    cell = cells[index] if index < len(cells) else None
    return cell.strip() if isinstance(cell, str) else ""


def _text(cells: Sequence[Any], index: int) -> str:
    cell = cells[index] if index < len(cells) else None
    return "" if cell is None else " ".join(str(cell).split())


def _key(name: str) -> str:
    """Make names equal that differ in blanks and capitals: these change by year."""
    return "".join(name.split()).casefold()


def _raise(faults: Sequence[SimulatorError]) -> None:
    if not faults:
        return
    said = list(faults[:MOST_SAID])
    if len(faults) > MOST_SAID:
        more = len(faults) - MOST_SAID
        said.append(PopulationError("and", f"{more:,} or more faults like these"))
    raise Problems(said)
