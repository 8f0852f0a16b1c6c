"""What the answers' reports share: tables, how numbers are written, plain records."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from rich.table import Table

from simulator.outcomes import OF_NAME

NAME: Final = 26  # letters of most names of beliefs


def table(first: str, titles: Sequence[str]) -> Table:
    """Begin a table: a first column of names, and columns of figures."""
    made = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    # A name is needed whole, to be typed.
    made.add_column(first, min_width=NAME, overflow="fold")
    for title in titles:
        made.add_column(title, justify="right")
    return made


def number(value: float) -> str:
    """Write a belief's value as a scenario file would, to three figures.

    Examples
    --------
    >>> number(0.504365), number(-0.0000134), number(-0.0000009), number(12.0)
    ('0.504', '-0.00001', '0', '12')
    """
    if abs(value) >= 1e-3:
        return f"{value:.3g}"
    # Adding 0 turns a rounded -0 into 0.
    return f"{round(value, 5) + 0.0:.5f}".rstrip("0").rstrip(".")


def percent(row: xr.Dataset, name: str, digits: int = 0) -> str:
    """Write a share that may be below zero for noise, with its interval."""
    # Adding 0 turns a rounded -0 into 0.
    value, low, high = (
        round(100 * float(row[f"{name}{end}"]), digits) + 0
        for end in ("", "_low", "_high")
    )
    return f"{value:.{digits}f}% ({low:.{digits}f} to {high:.{digits}f})"


def how_many(found: xr.Dataset) -> str:
    """Say what was asked of which run: outcome, draws and seed."""
    outcome = OF_NAME[str(found.attrs["outcome"])]
    return (
        f"Achieved: {outcome.meaning}. {found.attrs['draws']:,} draws, seed "
        f"{found.attrs['seed']}."
    )


def rows(found: xr.Dataset, dim: str) -> Iterator[xr.Dataset]:
    """Take what lies along a dimension one by one."""
    along = found[[name for name in found if dim in found[name].dims]]
    return (along.isel({dim: k}) for k in range(found.sizes[dim]))


def record(found: xr.Dataset, prefix: str = "") -> dict[str, Any]:
    """Give the single numbers and texts for a script; null where there is none."""
    return {
        str(name).removeprefix(prefix): plain(values.values[()])
        for name, values in {**found.coords, **found.data_vars}.items()
        if values.ndim == 0
    }


def plain(value: Any) -> Any:
    """Turn a value of an array into one of JSON."""
    if isinstance(value, str | np.str_):
        return str(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if np.isfinite(value) else None
