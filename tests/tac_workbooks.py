"""Made workbooks in the layouts of NHS England's trust accounts data."""

import csv
import gzip
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from openpyxl import Workbook

CODES = Path(__file__).parent / "data" / "tac_codes.csv.gz"
YEARS = ("2019-20", "2020-21", "2021-22", "2022-23", "2023-24")
SECTORS = ("Acute", "Mental Health", "Community", "Specialist", "Ambulance")
LIST = (
    *("Full name of Provider", "NHS code", "Authorisation date"),
    *("Region", "Sector", "Comments"),
)

Row = list[Any]


class Made(NamedTuple):
    """What a made workbook says: (code, main code, subcode) -> GBP thousand."""

    path: Path
    values: dict[tuple[str, str, str], int]
    names: dict[str, str]


def schedule(year: str) -> list[tuple[str, str, str, str, list[str]]]:
    """Every line of a year: sheet, table, row, subcode, main codes."""
    with gzip.open(CODES, "rt", encoding="utf-8") as file:
        return [
            (r["sheet"], r["table"], r["row"], r["subcode"], r["maincodes"].split(";"))
            for r in csv.DictReader(file)
            if r["year"] == year
        ]


def figures(code: str, year: str, is_nhs_trust: bool) -> dict[tuple[str, str], int]:
    """Whole accounts of one trust that add up, GBP thousand, by its code alone."""
    draw = random.Random(f"{code} {year}")
    care, other = draw.randrange(80_000, 900_000), draw.randrange(5_000, 90_000)
    income = care + other
    surplus = round(income * draw.gauss(-0.01, 0.03))
    absorption, impairments = draw.randrange(-900, 900), draw.randrange(-2_000, 9_000)
    found = {
        ("A02CY01", "SCI0100A"): care,
        ("A02CY01", "SCI0110A"): other,
        ("A07CY01", "INC1365"): income,
        ("A08CY01", "EXP0390"): income - surplus - 1_000,
        ("A02CY01", "SCI0125A"): -(income - surplus - 1_000),
        ("A02CY01", "SCI0240"): surplus,
        ("A02CY01", "SCI0210"): absorption,
        ("A08CY01", "EXP0260"): impairments,
        ("A09CY01", "STA0360"): round(0.62 * income),
        ("A09CY01P", "STA0360"): round(0.5 * income),
        ("A09CY01O", "STA0360"): round(0.12 * income),
        ("A07CY01", "INC1250A"): draw.randrange(0, 500),
        ("A07CY01", "INC1260C"): draw.randrange(0, 500),
        ("A02PY01", "SCI0240"): 777,  # last year's: to be ignored
        ("A07PY01", "INC1365"): 888,
    }
    if year == "2023-24":
        found["A11CY01", "SCI1295"] = draw.randrange(0, 4_000)
    if is_nhs_trust:
        parts = surplus - absorption + impairments
        parts += found.get(("A11CY01", "SCI1295"), 0)
        parts -= found["A07CY01", "INC1250A"] + found["A07CY01", "INC1260C"]
        found["A28CY01", "OTD0230"] = parts + draw.randrange(-400, 400)
        last = int(year[:4])
        for column in range(2, last - 2006):
            main = f"A28PY{column:02}"
            found[main, "OTD0280"] = draw.randrange(-20_000, 9_000)
            found[main, "OTD0300"] = round(income * 0.96 ** (last - 2006 - column))
        found["A28CY01", "OTD0280"] = found["A28CY01", "OTD0230"]
        found["A28CY01", "OTD0300"] = income
    return found


def make(
    path: Path,
    year: str = "2023-24",
    *,
    trusts: int = 3,
    kind: str = "NHS trusts",
    every: bool = False,
    bend: Callable[[list[Row], list[Row]], None] | None = None,
) -> Made:
    """Write a workbook of `trusts` trusts; `bend` changes its two sheets' rows.

    With `every`, each trust has a line for every subcode of the year's schedules.
    """
    nhs = kind == "NHS trusts"
    spelt = year == "2021-22"
    header = [
        *("Organisation Name" if spelt else "OrganisationName", "WorkSheetName"),
        *("TableID", "MainCode", "RowNumber", "SubCode"),
        "Value number" if spelt else "Total",
    ]
    lines = schedule(year)
    where = {sub: (sheet, table, row) for sheet, table, row, sub, _ in lines}
    listed: list[Row] = [list(LIST)]
    values: list[Row] = [header]
    made = Made(path, {}, {})
    for number in range(trusts):
        code = f"R{'XY'[nhs]}{number:03}"
        name = f"Made {kind[:-1]} {number}"
        made.names[code] = name
        sector = SECTORS[number % len(SECTORS)]
        listed.append(
            [name, code, None if nhs else "2008-04-01", "London", sector, None]
        )
        own = figures(code, year, nhs)
        for (main, sub), value in own.items():
            made.values[code, main, sub] = value
            sheet, table, row = where.get(sub, ("TAC00", "1", "1"))
            values.append([name, sheet, table, main, row, sub, value])
        if every:
            for sheet, table, row, sub, mains in lines:
                if sub.startswith("OTD") and not nhs:
                    continue  # filled in by NHS trusts alone
                for main in mains:
                    if (main, sub) not in own:
                        values.append([name, sheet, table, main, row, sub, 1])
    if bend is not None:
        bend(listed, values)
    write(path, {"List of Providers": listed, "All data": values})
    return made


def write(path: Path, sheets: dict[str, Iterable[Row]]) -> None:
    """Write a workbook of these sheets."""
    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
