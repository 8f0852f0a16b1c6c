"""What is read of the published trust accounts: codes, headings and years.

The accounts (Trust Accounts Consolidation, TAC) are long tables: one line a value,
named by a subcode (which line of a schedule) and a main code (which column). Row
numbers and tables move from year to year, subcodes do not: nothing here goes by row.
"""

import re
from types import MappingProxyType
from typing import Final

VALUES: Final = "All data"
TRUSTS: Final = "List of Providers"
# Headings of the two sheets: what we call a column, and how it is spelt in some year.
VALUE_HEADINGS: Final = MappingProxyType(
    {
        "name": ("OrganisationName", "Organisation Name"),
        "main": ("MainCode", "Main Code"),
        "sub": ("SubCode", "Sub Code"),
        "value": ("Total", "Value number"),
    }
)
TRUST_HEADINGS: Final = MappingProxyType(
    {
        "name": ("Full name of Provider", "Full name of provider"),
        "code": ("NHS code",),
        "sector": ("Sector",),
        "authorised": ("Authorisation date",),
        "region": ("Region",),
        "comment": ("Comments",),
    }
)

# (main code, subcode) of this year's figures: what we call them. GBP thousand.
THIS_YEAR: Final = MappingProxyType(
    {
        ("A02CY01", "SCI0100A"): "care_income",
        ("A02CY01", "SCI0110A"): "other_income",
        ("A07CY01", "INC1365"): "income",
        ("A08CY01", "EXP0390"): "expenses",
        ("A02CY01", "SCI0125A"): "expenses_negative",
        ("A02CY01", "SCI0240"): "surplus",
        ("A02CY01", "SCI0210"): "absorption",
        ("A28CY01", "OTD0230"): "control_total",
        ("A08CY01", "EXP0260"): "impairments",
        ("A09CY01", "STA0360"): "pay",
        ("A11CY01", "SCI1295"): "pfi_remeasurement",
        ("A07CY01", "INC1250A"): "donated_assets_a",
        ("A07CY01", "INC1250B"): "donated_assets_b",
        ("A07CY01", "INC1250C"): "donated_assets_c",
        ("A07CY01", "INC1260A"): "donated_cash_a",
        ("A07CY01", "INC1260B"): "donated_cash_b",
        ("A07CY01", "INC1260C"): "donated_cash_c",
    }
)
DONATIONS: Final = tuple(n for n in THIS_YEAR.values() if n.startswith("donated_"))
NEEDED: Final = ("income", "expenses", "surplus", "pay")
CODES: Final = MappingProxyType({name: key for key, name in THIS_YEAR.items()})

# Breakeven performance of NHS trusts and their operating income, every year since
# 2009/10: A28PY03 is 2009/10, A28PY04 the year after and so on, whatever is left out
# between. A28PY02 is the total up to 2008/09, A28CY01 the year of the workbook.
HISTORY: Final = MappingProxyType({"OTD0280": "surplus", "OTD0300": "income"})
HISTORY_THIS_YEAR: Final = "A28CY01"
_HISTORY_COLUMN: Final = re.compile(r"A28PY(\d\d)")
FIRST_COLUMN: Final = 3
BEFORE_FIRST: Final = 2006  # financial year of column 0, by the formula 2006 + nn

# Trusts' types as the list of providers spells them, blanks and capitals aside.
SECTORS: Final = MappingProxyType(
    {
        "acute": "acute",
        "acute and community": "acute",
        "acute & community": "acute",
        "community": "community",
        "mental health": "mental_health",
        "mental health and learning disability": "mental_health",
        "mental health and community": "mental_health",
        "mental health & community": "mental_health",
        "care trust": "mental_health",
        "specialist": "specialist",
        "acute specialist": "specialist",
        "ambulance": "ambulance",
    }
)

_YEAR: Final = re.compile(r"(?<!\d)(20\d\d)\s*[-_/ ]\s*(?:20)?(\d\d)(?!\d)")
_SHORT: Final = re.compile(r"(?<!\d)(\d\d)[-_](\d\d)(?!\d)")


def history_year(main: str) -> int | None:
    """Give the first calendar year of a column of the breakeven history.

    Examples
    --------
    >>> history_year("A28PY03"), history_year("A28PY12"), history_year("A28PY02")
    (2009, 2018, None)
    """
    found = _HISTORY_COLUMN.fullmatch(main)
    if found is None or int(found[1]) < FIRST_COLUMN:
        return None
    return BEFORE_FIRST + int(found[1])


def year_in(name: str) -> int | None:
    """Find the one financial year that a file's name has in it, by its first year.

    Examples
    --------
    >>> year_in("TAC NHS trusts 2021-22.xlsx"), year_in("tac_fts_202122.xlsx")
    (2021, None)
    """
    found = {int(first) for first, last in _YEAR.findall(name) if _follow(first, last)}
    if not found:
        short = _SHORT.findall(name)
        found = {2000 + int(first) for first, last in short if _follow(first, last)}
    return found.pop() if len(found) == 1 else None


def _follow(first: str, last: str) -> bool:
    return (int(first) + 1) % 100 == int(last)
