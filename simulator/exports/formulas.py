"""Texts that a spreadsheet would run: recognised, and made harmless.

A cell of CSV has no type. What begins with =, +, - or @, or with a tab or the end of a
line before it, a spreadsheet takes for a formula, which may reach out to the network.
In CSV such a text gets a ' before it; a number is a number, whatever its sign. A cell
of a workbook has a type, and is marked there, so that editing it makes no formula.
"""

import re
from typing import Final

import pandas as pd

_FORMULA: Final = re.compile(r"[=+\-@\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
RULE: Final = (
    "a text that begins with =, +, -, @, a tab or the end of a line, and is no number, "
    "has a ' before it in CSV files, so that no spreadsheet runs it"
)


def runs(text: str) -> bool:
    """Tell whether a spreadsheet would take a text for a formula."""
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)


def quoted(frame: pd.DataFrame) -> pd.DataFrame:
    """Put a ' before every text that a spreadsheet would run."""
    found = {}
    for name, values in frame.items():
        if not pd.api.types.is_numeric_dtype(values.dtype):
            texts = {t: f"'{t}" for t in values.dropna().unique() if runs(str(t))}
            if texts:
                found[name] = values.map(lambda t, to=texts: to.get(t, t))
    return frame.assign(**found) if found else frame
