"""A hindcast on a screen: year by year, published beside modelled."""

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.analysis.hindcast import MEASURES, hindcast
from simulator.report.answer import financial_year


def render(run: xr.DataTree) -> RenderableType:
    """Lay out a run of past years beside the published figures."""
    compared = hindcast(run)
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column("")
    table.add_column("year")
    for title in ("published", "model median", "50% band", "90% band", ""):
        table.add_column(title, justify="right", no_wrap=True)
    for measure in MEASURES:
        for y, year in enumerate(compared["year"].values):
            row = compared.sel(measure=measure.name, year=year)
            low90, low50, middle, high50, high90 = (
                _number(v) for v in row["model"].values
            )
            table.add_row(
                f"{measure.title}, {measure.unit}" if y == 0 else "",
                financial_year(int(year)),
                _published(row),
                middle,
                f"{low50} to {high50}",
                f"{low90} to {high90}",
                {1.0: "inside", 0.0: "OUTSIDE"}.get(float(row["within"]), ""),
            )
    return Group(
        Text(str(run.attrs["title"]), style="bold"),
        Text(f"{run.attrs['draws']:,} draws, seed {run.attrs['seed']}."),
        table,
        Text(verdict(compared), style="bold"),
        Text(str(run.attrs["population_about"])),
    )


def verdict(compared: xr.Dataset) -> str:
    """Say how many published figures lie inside the 90% band."""
    known = int(compared["within"].count())
    inside = int(compared["within"].sum())
    share = f" ({inside / known:.0%})" if known else ""
    return f"{inside} of {known} published figures lie inside the 90% band{share}."


def as_records(run: xr.DataTree) -> dict[str, object]:
    """Give the comparison for a script."""
    compared = hindcast(run)
    rows = []
    for measure in MEASURES:
        for year in compared["year"].values:
            row = compared.sel(measure=measure.name, year=year)
            ends = [float(row["published_low"]), float(row["published_high"])]
            known = not np.isnan(ends[0])
            levels = zip(row["quantile"].values, row["model"].values, strict=True)
            rows.append(
                {
                    "measure": measure.title,
                    "unit": measure.unit,
                    "year": int(year),
                    "published": ends if known else None,
                    "model": {f"{level:g}": float(value) for level, value in levels},
                    "inside": bool(row["within"] == 1.0) if known else None,
                }
            )
    return {
        "title": str(run.attrs["title"]),
        "draws": int(run.attrs["draws"]),
        "seed": int(run.attrs["seed"]),
        "verdict": verdict(compared),
        "rows": rows,
    }


def _published(row: xr.Dataset) -> str:
    low, high = float(row["published_low"]), float(row["published_high"])
    if np.isnan(low):
        return "-"
    return _number(low) if low == high else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}"
