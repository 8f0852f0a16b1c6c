"""What trusts plan to end the year with, from NHS England's oversight framework data.

One table a kind of trust, one line a trust, metric and quarter. Metric OF0079 is the
planned surplus or deficit of the year, % of income, without deficit support.
"""

import csv
import io
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from simulator.errors import PopulationError, Problems, SimulatorError
from simulator.files import reading
from simulator.messages import quote

METRIC: Final = "OF0079"
COLUMNS: Final = (
    *("Quarter", "Trust_code", "Metric_ID", "Reporting_date", "Units", "Value"),
)
PERCENT: Final = "%"
WIDEST: Final = 100.0  # per cent of income either way; no trust has planned half of it
MOST_SAID: Final = 12


class Plans(NamedTuple):
    """Planned surpluses of a year.

    Parameters
    ----------
    year
        The plan that they are of, as published: "2025/26 plan".
    percent
        By code, % of income; below 0 is a deficit.
    """

    year: str
    percent: Mapping[str, float]


class _Line(NamedTuple):
    place: str
    quarter: str
    code: str
    year: str
    percent: float


def read_plans(paths: Iterable[str | os.PathLike[str]]) -> Plans:
    """Read planned surpluses: of acute, mental health and community, ambulance trusts.

    Parameters
    ----------
    paths
        Tables of the oversight framework's trust data. Of a table of several quarters
        the last one counts.

    Raises
    ------
    PopulationError, Problems
        Where one is no such table or a figure is none; a trust is in two of them; or
        they are plans of different years.
    """
    kept = [line for path in map(Path, paths) for line in _last_quarter(path)]
    faults: list[SimulatorError] = []
    first: dict[str, _Line] = {}
    for line in kept:
        before = first.setdefault(line.code, line)
        if before is not line:
            problem = f"{line.code} has a planned surplus in {before.place} too"
            faults.append(PopulationError(line.place, problem, "give each file once"))
        if line.year != kept[0].year:
            problem = (
                f"{quote(line.year)} is another year than {quote(kept[0].year)} in "
                f"{kept[0].place}"
            )
            faults.append(PopulationError(line.place, problem, "give files of a year"))
    if faults:
        raise Problems(faults[:MOST_SAID])
    return Plans(kept[0].year, {line.code: line.percent for line in kept})


def _last_quarter(path: Path) -> list[_Line]:
    found = list(_lines(path))
    if not found:
        problem = f"has no planned surplus (metric {METRIC})"
        remedy = "give the trust data of the oversight framework, not its league table"
        raise PopulationError(path.name, problem, remedy)
    last = max(_order(line) for line in found)
    return [line for line in found if _order(line) == last]


def _order(line: _Line) -> tuple[str, str]:
    """Put quarters, as "Q3 2025/26", in order."""
    quarter, _, year = line.quarter.partition(" ")
    return year, quarter


def _lines(path: Path) -> Iterator[_Line]:
    text = reading.text_of(path, path.name, PopulationError)
    rows = csv.DictReader(io.StringIO(text, newline=""))
    try:
        lacking = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if lacking:
            problem = f"has no column {', '.join(map(quote, lacking))}"
            remedy = "give the trust data of NHS England's oversight framework (CSV)"
            raise PopulationError(f"{path.name}: line 1", problem, remedy)
        for row in rows:
            if (row["Metric_ID"] or "").strip() == METRIC:
                found = _line(row, f"{path.name}: line {rows.line_num}")
                if found is not None:
                    yield found
    except csv.Error as fault:
        place = f"{path.name}: line {rows.line_num}"
        problem = f"cannot be read as comma-separated values ({fault})"
        raise PopulationError(place, problem, "download it again") from None


def _line(row: Mapping[str, str | None], place: str) -> _Line | None:
    """Read one line; None where it has no value."""
    cell = {name: (row[name] or "").strip() for name in COLUMNS}
    if not cell["Value"]:
        return None
    if cell["Units"] != PERCENT:
        problem = f"its unit is {quote(cell['Units'])}, not '{PERCENT}'"
        raise PopulationError(place, problem, "was the table changed?")
    if not cell["Trust_code"] or not cell["Quarter"]:
        raise PopulationError(place, "has no trust code or quarter")
    try:
        value = float(cell["Value"])
    except ValueError:
        value = math.nan
    if not abs(value) <= WIDEST:
        problem = f"{quote(cell['Value'])} is no planned surplus in % of income"
        raise PopulationError(place, problem, "was the table changed?")
    code = cell["Trust_code"].upper()
    return _Line(place, cell["Quarter"], code, cell["Reporting_date"], value)
