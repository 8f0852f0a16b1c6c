"""The path of a target on a screen: on course or not, what is missing, who is short."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.path.estimate import BANDS, path
from simulator.answers.text import chance, financial_year
from simulator.outcomes import OF_NAME

GROUPS: Final = ("/", "/sector")  # of the run file, that the path is read from
YEARS_ABREAST: Final = 4  # at most, in 100 columns
BAND_WORDS: Final = {
    "cash_releasing": "cash-releasing productivity, %",
    "measured": "measured productivity, %",
    "balance": "balance, GBP m",
    "trusts_in_deficit": "trusts in deficit",
    "one_off_share": "one-offs in savings, %",
    "unmet": "unmet demand, %",
    "backlog": "backlog, GBP m",
}
PERCENT: Final = ("cash_releasing", "measured", "one_off_share", "unmet")
READING: Final = (
    "On course: no year missed so far. Recovered: missed in some year, achieved in the "
    "end. Brackets: 95% Monte Carlo interval, one by one."
)
TRUSTS: Final = (
    "The path is the sector's. Trusts have none here: a run file holds the years of "
    "every draw for the sector alone."
)


def render(run: xr.DataTree, where: str, target: str | None = None) -> RenderableType:
    """Lay out the path of every target, or of one with all its years.

    Raises
    ------
    RunFileError
        Where the run has no such target.
    """
    found = path(run, None if target is None else [target])
    parts: list[RenderableType] = [
        Text(str(run.attrs["title"]), style="bold"),
        Text(_asked(run, found)),
        Text(),
        *_course(found),
        _end(found),
        Text(),
        _missing(found),
        Text(),
    ]
    if found.sizes["target"] == 1:
        row = found.isel(target=0)
        parts += [_missing_by_year(row), Text(), _bands(row), Text()]
    else:
        parts.append(Text("All years of one target: add --target NAME."))
    parts += [*(Text(note) for note in _doubts(found)), Text(TRUSTS)]
    return Group(*parts, Text(f"Run file: {where}"))


def as_records(
    run: xr.DataTree, where: str, target: str | None = None
) -> dict[str, object]:
    """Give the path for a script: plain numbers; null where there is none."""
    found = path(run, None if target is None else [target])
    return {
        "title": str(run.attrs["title"]),
        "draws": int(found.attrs["draws"]),
        "seed": int(run.attrs["seed"]),
        "confidence": float(found.attrs["confidence"]),
        "tail": float(found.attrs["tail"]),
        "years": [int(year) for year in found["year"].values],
        "targets": [_record(found.sel(target=t)) for t in found["target"].values],
        "of_trusts": TRUSTS,
        "file": where,
    }


def _record(row: xr.Dataset) -> dict[str, object]:
    record: dict[str, object] = {
        "target": str(row["target"].values),
        "outcome": str(row["outcome"].values),
        "missed_when": missed_when(str(row["outcome"].values)),
    }
    for name, values in row.data_vars.items():
        if name == "outcome":
            continue
        if "quantile" in values.dims:
            record[str(name)] = {
                f"{level:g}": _plain(values.sel(quantile=level).values.tolist())
                for level in values["quantile"].values
            }
        else:
            record[str(name)] = _plain(values.values.tolist())
    return record


def _plain(value: Any) -> Any:
    """Put null where a number is infinite or undefined, which JSON cannot say."""
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value if np.isfinite(value) else None


# --- words ----------------------------------------------------------------------------


def missed_when(outcome: str) -> str:
    """Say when a year of a target is missed."""
    return f"a year is missed if {OF_NAME[outcome].missed}"


def _asked(run: xr.DataTree, found: xr.Dataset) -> str:
    years = found["year"].values
    outcomes = sorted({str(name) for name in found["outcome"].values})
    meaning = "; ".join(missed_when(name) for name in outcomes)
    return (
        f"{run.sizes['trust']} trusts, {financial_year(years[0])} to "
        f"{financial_year(years[-1])}, {found.attrs['draws']:,} draws, seed "
        f"{run.attrs['seed']}. {meaning[0].upper()}{meaning[1:]}. {READING}"
    )


def _doubts(found: xr.Dataset) -> Iterator[str]:
    """Say where stored numbers are too coarse to tell."""
    for name in found["target"].values:
        row = found.sel(target=name)
        doubtful, flips = int(row["doubtful"]), int(row["flips"])
        if doubtful or flips:
            yield (
                f"{name}: in {doubtful:,} draws a year is met or missed by less than "
                f"the rounding of the file; in {flips:,} the file's verdict on the end "
                "was taken against its rounded numbers"
            )


# --- tables ---------------------------------------------------------------------------


def _course(found: xr.Dataset) -> Iterator[RenderableType]:
    years = found["year"].values
    for shown in np.array_split(years, -(-len(years) // YEARS_ABREAST)):
        table = _table("target: on course", [financial_year(year) for year in shown])
        for name in found["target"].values:
            row = found.sel(target=name)
            cells = [chance(row.sel(year=year), "on_course") for year in shown]
            table.add_row(_target(row), *cells)
        yield table
        yield Text()


def _end(found: xr.Dataset) -> Table:
    titles = ("draws achieved", "missed in some year", "recovered", "of those missed")
    table = _table("target: in the end", titles)
    for name in found["target"].values:
        row = found.sel(target=name)
        numbers = [f"{int(row[key]):,}" for key in ("achieved", "missed", "recovered")]
        if str(row["outcome"].values) == "any_means":
            recovery = "cannot be"
        elif int(row["missed"]) == 0:
            recovery = "none missed"
        else:
            recovery = chance(row, "recovery")
        table.add_row(_target(row), *numbers, recovery)
    return table


def _missing(found: xr.Dataset) -> Table:
    titles = ("mean of all futures", "mean of the worst tenth")
    table = _table("target: GBP m missing, all years", titles)
    for name in found["target"].values:
        row = found.sel(target=name)
        cells = [estimate(row, f"total_shortfall{which}") for which in ("", "_tail")]
        table.add_row(_target(row), *cells)
    return table


def _missing_by_year(row: xr.Dataset) -> Table:
    titles = ("first missed, draws", "mean of all futures", "mean of the worst tenth")
    table = _table("year: GBP m missing", titles)
    for year in row["year"].values:
        one = row.sel(year=year)
        cells = [estimate(one, f"shortfall{which}") for which in ("", "_tail")]
        first = f"{int(one['first_missed']):,}"
        table.add_row(financial_year(int(year)), first, *cells)
    return table


def _bands(row: xr.Dataset) -> Table:
    titles = ("year", "median", "its interval", "50% of futures", "90% of futures")
    table = _table("sector", titles)
    for name in BANDS:
        scale = 100.0 if name in PERCENT else 1.0
        digits = 1 if name in PERCENT else 0
        for y, year in enumerate(row["year"].values):
            low90, low50, middle, high50, high90 = scale * row[name].values[y]
            ends = [row[f"{name}{end}"].sel(quantile=0.5) for end in ("_low", "_high")]
            low, high = (scale * float(end.values[y]) for end in ends)
            table.add_row(
                BAND_WORDS[name] if y == 0 else "",
                financial_year(int(year)),
                _number(middle, digits),
                _span(low, high, digits),
                _span(low50, high50, digits),
                _span(low90, high90, digits),
            )
    return table


def _table(first: str, titles: Sequence[str]) -> Table:
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column(first)
    for title in titles:
        table.add_column(title, justify="right")
    return table


def _target(row: xr.Dataset) -> str:
    name, rate = str(row["target"].values), float(row["rate"])
    return name if "%" in name else f"{name} ({rate:.2%})"


def estimate(row: xr.Dataset, name: str) -> str:
    """Write the mean of a shortfall with its interval."""
    value, low, high = (float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    if value == 0.0:
        return "none in any draw"
    digits = 0 if not high - low < 2.0 else 1
    said = _number(value, digits)
    if not np.isfinite(low):
        return f"{said} (too few draws)"
    return f"{said} ({_span(low, high, digits)})"


def _span(low: float, high: float, digits: int) -> str:
    if not (np.isfinite(low) and np.isfinite(high)):
        return "too few draws"
    return f"{_number(low, digits)} to {_number(high, digits)}"


def _number(value: float, digits: int) -> str:
    said = f"{value:,.{digits}f}"
    return said.removeprefix("-") if float(said.replace(",", "")) == 0.0 else said
