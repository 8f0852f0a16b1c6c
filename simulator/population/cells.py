"""Cells as Excel and people write them: understood, or refused; never misread."""

import re
from types import MappingProxyType
from typing import Final, NamedTuple

from simulator.messages import quote

_PLAIN: Final = re.compile(r"\d+\.?\d*|\.\d+|\d+\.?\d*[eE][+-]?\d+")
_GROUPED: Final = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_SPACED: Final = re.compile(r"\d{1,3}( \d{3})+(\.\d+)?")
_COMMA: Final = re.compile(r"\d+,\d+")
_CODE_LOST: Final = re.compile(r"\d(\.\d+)?[eE]\+?\d{2,}")
_SHAPE: Final = re.compile(
    r"(?P<sign>[-+]?)\s*(?:(?:£|GBP)\s*)?(?P<inner>-?)\s*"
    r"(?P<body>[\d.,](?:[\d., ]*[\d.])?(?:e[-+]?\d+)?)"
    r"\s*(?:m|mn|million)?\s*(?P<percent>%?)\s*(?P<last>-?)",
    re.IGNORECASE,
)
_SPACES: Final = str.maketrans(dict.fromkeys("\xa0\u2007\u2009\u202f", " "))
_MINUS: Final = str.maketrans(dict.fromkeys("\u2212\u2013\u2012", "-"))
_EXCEL: Final = ("#REF!", "#DIV/0!", "#N/A", "#VALUE!", "#NAME?", "#NUM!", "#NULL!")
_NOTHING: Final = ("-", "--", "n/a", "na", "nil", "none", "..", ".", "?", "tbc")

_LONGEST: Final = (
    "mentalhealthandlearningdisabilityandmentalhealthlearningdisability"
    "andcommunitytrusts"
)
# Types of trust as published lists spell them, letters alone.
TYPES: Final = MappingProxyType(
    {
        "acute": "acute",
        "acutetrust": "acute",
        "acuteteaching": "acute",
        "acutelarge": "acute",
        "acutemedium": "acute",
        "acutesmall": "acute",
        "acutemultiservice": "acute",
        "acuteandcommunity": "acute",
        "acuteandacuteandcommunitytrusts": "acute",
        "largeacute": "acute",
        "smallacute": "acute",
        "teachingacute": "acute",
        "specialist": "specialist",
        "acutespecialist": "specialist",
        "acutespecialisttrusts": "specialist",
        "specialisttrust": "specialist",
        "specialistacute": "specialist",
        "mentalhealth": "mental_health",
        "mentalhealthtrust": "mental_health",
        "mh": "mental_health",
        "mentalhealthandlearningdisability": "mental_health",
        "mentalhealthandcommunity": "mental_health",
        _LONGEST: "mental_health",
        "caretrust": "care_trust",
        "caretrusts": "care_trust",
        "community": "community",
        "communitytrust": "community",
        "communitytrusts": "community",
        "ambulance": "ambulance",
        "ambulancetrust": "ambulance",
        "ambulancetrusts": "ambulance",
    }
)


class Read(NamedTuple):
    """A number as digits, or what is wrong with the cell."""

    digits: str = ""
    percent: bool = False
    problem: str = ""
    remedy: str = ""


def number(cell: str, decimal_comma: bool = False) -> Read:
    """Read a number as Excel shows it.

    Understood are thousands separators, pounds, percent signs, brackets and trailing
    minus for negative numbers, an apostrophe that makes text of it, and wide spaces.

    Parameters
    ----------
    cell
        What stands in the table; not empty.
    decimal_comma
        Whether the table may write a comma for the decimal point, as one that is
        separated by semicolons may.

    Examples
    --------
    >>> number("£1,234.5").digits, number("(12.3)").digits, number("65%")[:2]
    ('1234.5', '-12.3', ('65', True))
    """
    text = cell.translate(_SPACES).translate(_MINUS).strip().removeprefix("'")
    if text.upper() in _EXCEL:
        return Read(problem=f"{quote(cell)} is an error of Excel's", remedy=_EMPTY)
    if text.lower() in _NOTHING:
        problem = f"{quote(cell)} may be 0 or not known"
        return Read(problem=problem, remedy="write 0, or leave it empty")
    bracketed = text.startswith("(") and text.endswith(")")
    shape = _SHAPE.fullmatch(text[1:-1].strip() if bracketed else text)
    if shape is None:
        return _refused(cell, text)
    minus = [bracketed, *(shape[part] == "-" for part in ("sign", "inner", "last"))]
    digits = _digits(shape["body"], decimal_comma)
    if digits is None or sum(minus) > 1:
        return _refused(cell, shape["body"])
    return Read(digits="-" * any(minus) + digits, percent=bool(shape["percent"]))


_EMPTY: Final = "mend it in Excel, or leave it empty"


def _digits(text: str, decimal_comma: bool) -> str | None:
    if _PLAIN.fullmatch(text):
        return text
    if decimal_comma:
        # 1,234 may be either here: only what cannot be thousands is a decimal.
        fits = _COMMA.fullmatch(text) and not _GROUPED.fullmatch(text)
        return text.replace(",", ".") if fits else None
    if _GROUPED.fullmatch(text) or _SPACED.fullmatch(text):
        return re.sub("[, ]", "", text)
    return None


def _refused(cell: str, text: str) -> Read:
    lower = re.sub(r"^[-+(]?\s*(£|gbp)?\s*", "", text.lower())
    for end, unit, factor in (("bn", "billion", 1e3), ("k", "thousand", 1e-3)):
        bare = lower.removesuffix(end).strip()
        if lower.endswith(end) and _PLAIN.fullmatch(bare):
            remedy = f"write {float(bare) * factor:g}, in GBP million"
            return Read(problem=f"{quote(cell)} is in GBP {unit}", remedy=remedy)
    if _GROUPED.fullmatch(text) or _COMMA.fullmatch(text):
        problem = f"{quote(cell)} may have a decimal comma or a thousands separator"
        return Read(problem=problem, remedy="write it with a point, and none for 1000s")
    problem = f"{quote(cell)} is not a number"
    return Read(problem=problem, remedy="write digits only, as in 412.5")


def kind(cell: str) -> str:
    """Give the type of trust that a cell means, or the cell as it is."""
    plain = re.sub(r"[^a-z]", "", cell.lower().replace("&", "and"))
    return TYPES.get(plain, cell)


def lost_code(cell: str) -> bool:
    """Tell whether Excel has made a number of a code, such as 5E4 of 50000."""
    return _CODE_LOST.fullmatch(cell) is not None
