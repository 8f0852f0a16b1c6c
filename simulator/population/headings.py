"""What a heading of an analyst's table means: which column of ours, in which unit."""

import re
from types import MappingProxyType
from typing import Final, NamedTuple

CODE: Final = "code"
OPERATING_INCOME: Final = "operating_income"
REPORTED: Final = "reported_balance"
PLANNED: Final = "planned_surplus"
SAVINGS_PLAN: Final = "savings_plan"
SPEND: Final = "operating_spend"
# What a column is called in words, where its name does not say it.
WORDS: Final = MappingProxyType(
    {
        OPERATING_INCOME: "operating income as in the accounts, support included",
        "income": "income without support funds",
        REPORTED: "reported surplus",
        PLANNED: "planned surplus",
        SAVINGS_PLAN: "savings planned for the opening year",
        SPEND: "operating spend",
        "opex_gbp_m": "operating spend",
        "spend": "operating spend",
        "cost": "operating spend",
        "system": "local system",
    }
)
# Spellings, letters and digits alone; ours are known as they are.
_SPELT: Final = MappingProxyType(
    {
        CODE: (
            *("trustcode", "odscode", "orgcode", "organisationcode", "providercode"),
            *("nhscode", "trustodscode", "odsorganisationcode"),
        ),
        "name": (
            *("trustname", "trust", "organisation", "organisationname", "orgname"),
            *("provider", "providername", "nameoftrust", "nameofprovider"),
            *("fullnameofprovider", "nhstrust"),
        ),
        "type": ("trusttype", "sector", "providertype", "organisationtype", "orgtype"),
        "system": (
            *("ics", "icb", "icbname", "icsname", "stp", "integratedcaresystem"),
            *("integratedcareboard", "localsystem", "healthsystem", "systemname"),
        ),
        SPEND: (
            *("spend", "operatingexpenditure", "operatingexpenses", "opex", "costs"),
            *("expenditure", "operatingcosts", "operatingcost", "totalcost"),
            *("totalexpenditure", "totaloperatingexpenditure", "totaloperatingspend"),
        ),
        OPERATING_INCOME: (
            *("totaloperatingincome", "totalincome", "turnover", "revenue"),
            "operatingrevenue",
        ),
        REPORTED: (
            *("reportedsurplus", "reportedsurplusdeficit", "surplus", "surplusdeficit"),
            *("outturnsurplusdeficit", "adjustedfinancialperformance", "outturn"),
            *("adjustedsurplusdeficit", "netsurplus", "netsurplusdeficit"),
        ),
        PLANNED: (
            *("plan", "plannedsurplusdeficit", "planneddeficit", "surplusplan"),
            *("plannedposition", "surplusdeficitplan", "controltotal"),
            *("plannedsurplusexcdsf", "plannedsurplusdeficitexcdsf"),
        ),
        SAVINGS_PLAN: (
            *("cip", "cipplan", "ciptarget", "efficiencyplan", "savingstarget"),
            *("costimprovementprogramme", "savings", "plannedsavings", "efficiencies"),
        ),
        "pay_share": ("pay", "paypercent", "payasashareofcost", "staffcostshare"),
        "backlog": ("backlogmaintenance", "maintenancebacklog", "totalbacklog"),
        "carry_over": ("carriedover",),
    }
)
_OF: Final = {spelt: name for name, all_of in _SPELT.items() for spelt in all_of}
_UNIT: Final = re.compile(
    r"[(\[]?\s*(?P<unit>(?:£|gbp)\s*(?:m|mn|million|millions|000s?|k|thousands?|bn|"
    r"billions?)?|(?:£|gbp)?\s*'000s?|%|percent|per cent|pct)\s*[)\]]?\s*$",
    re.IGNORECASE,
)
_YEAR: Final = re.compile(r"\b20\d\d\s*[-/_]\s*(?:20)?\d\d\b")
MILLIONS: Final = 1.0
PERCENT: Final = "%"


class Heading(NamedTuple):
    """What a heading means.

    Parameters
    ----------
    column
        Column of ours; empty where it is not known.
    scale
        What one unit of it is, GBP million; 1 where it does not say.
    percent
        Whether its numbers are percentages.
    """

    column: str
    scale: float = MILLIONS
    percent: bool = False


def read(text: str, known: frozenset[str]) -> Heading:
    """Say what a heading means.

    Parameters
    ----------
    text
        As it stands in the table.
    known
        Columns of ours, which mean themselves.

    Examples
    --------
    >>> read("Total operating income (£000)", frozenset())
    Heading(column='operating_income', scale=0.001, percent=False)
    >>> read("Planned surplus %", frozenset({"planned_surplus"}))
    Heading(column='planned_surplus', scale=1.0, percent=True)
    """
    if text in known:
        return Heading(text)
    found = _UNIT.search(text)
    unit = found["unit"].lower() if found else ""
    bare = text[: found.start()] if found else text
    words = _YEAR.sub("", bare)
    plain = "_".join(re.findall(r"[a-z0-9]+", words.lower()))
    column = plain if plain in known else _OF.get(plain.replace("_", ""), "")
    if unit in ("%", "percent", "per cent", "pct"):
        return Heading(column, percent=True)
    return Heading(column, _scale(unit))


def said(text: str, meant: Heading) -> str:
    """Say as what a heading is read, for whoever wrote it."""
    words = WORDS.get(meant.column, meant.column)
    unit = "in %" if meant.percent else _UNITS.get(meant.scale, "")
    return f"'{text}' as {words}{', ' + unit if unit else ''}"


_UNITS: Final = {1e-3: "in GBP thousand", 1e-6: "in pounds", 1e3: "in GBP billion"}


def _scale(unit: str) -> float:
    plain = re.sub(r"[£'\s]|gbp", "", unit)
    if not unit or plain in ("m", "mn", "million", "millions"):
        return MILLIONS
    if plain in ("000", "000s", "k", "thousand", "thousands"):
        return 1e-3
    if plain in ("bn", "billion", "billions"):
        return 1e3
    return 1e-6
