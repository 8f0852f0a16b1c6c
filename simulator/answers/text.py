"""How numbers are written in every answer: chances, bands of levels, years."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr


def chance(row: Mapping[Any, Any], name: str) -> str:
    """Write a probability with its interval, no more precise than it is."""
    value, low, high = (float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    # What no draw showed is rare, not impossible: give the bound.
    if value == 0.0:
        return f"below {_bound(high)}%"
    if value == 1.0:
        return f"above {100 - float(_bound(1.0 - low)):g}%"
    digits = 1 if high - low < 0.01 or min(value, 1.0 - value) < 0.1 else 0
    return _percent((value, low, high), digits)


def whole_chance(row: Mapping[Any, Any], name: str) -> str:
    """Write a probability with its interval in whole percent, as on a summary.

    What is next to impossible, or next to certain, is only said to be that.
    """
    value, low, high = (float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    if high < 0.01 or value == 0.0:
        return f"under {np.ceil(100 * high):.0f}%"
    if low > 0.99 or value == 1.0:
        return f"over {np.floor(100 * low):.0f}%"
    return _percent((value, low, high), 0)


def _percent(parts: tuple[float, float, float], digits: int) -> str:
    """Write an estimate and its ends with so many digits, or more where it must be."""
    # Nothing but a certainty is written as 0% or 100%.
    while digits < 4 and any(
        0.0 < part < 1.0 and float(f"{100 * part:.{digits}f}") in (0.0, 100.0)
        for part in parts
    ):
        digits += 1
    value, low, high = (f"{100 * part:.{digits}f}" for part in parts)
    return f"{value}% ({low}-{high})"


def _bound(share: float) -> str:
    """Round a small percentage up to two digits."""
    size = 10.0 ** (np.floor(np.log10(100 * share)) - 1)
    return f"{np.ceil(100 * share / size) * size:.2g}"


def band(row: xr.Dataset, name: str, *, percent: bool = False) -> str:
    """Write a median, how far it may be off, and the 10% and 90% points."""
    scale, unit = (100, "%") if percent else (1, "")
    low, middle, high = (float(value) * scale for value in row[name])
    ends = [float(row[f"{name}{end}"][1]) * scale for end in ("_low", "_high")]
    off = max(middle - ends[0], ends[1] - middle)
    about = "" if off == 0.0 else f" ±{off:.0f}" if off >= 0.95 else f" ±{off:.1f}"
    return f"{middle:.0f}{unit}{about} ({low:.0f}-{high:.0f})"


def financial_year(first: int) -> str:
    """Write a financial year by its first calendar year: 2019 is 2019/20."""
    return f"{first}/{(int(first) + 1) % 100:02d}"
