"""The five years of a target as fans: where its futures spread to."""

from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from simulator.plots import theme
from simulator.plots.figure import Figure
from simulator.plots.library import altair
from simulator.plots.words import (
    financial_year,
    interval,
    known,
    main_target,
    money,
    number,
)
from simulator.runfile.tree import of_draws
from simulator.statistics.independence import replicates_of
from simulator.statistics.quantiles import quantile_interval

Floats = NDArray[np.float64]

LEVELS: Final = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
PANEL: Final = (284, 170)  # width and height of each of the four


class Series(NamedTuple):
    """What a fan is of, and how its numbers are written."""

    panel: str
    name: str
    digits: int


SERIES: Final = (
    Series("Balance of the sector, £bn", "balance", 1),
    Series("Savings, % of cost", "recurrent", 1),
    Series("Savings, % of cost", "one-off", 1),
    Series("Trusts in deficit", "trusts in deficit", 0),
    Series("Productivity, % a year", "cash-releasing", 1),
    Series("Productivity, % a year", "measured", 1),
)


def spreads(run: xr.DataTree, target: str) -> pd.DataFrame:
    """Give the spread over draws of what the fans show.

    Returns
    -------
    spreads
        By series and year: `q05` to `q95`, and `off`, how far the median may be off
        of Monte Carlo error; money in GBP bn, rates in percent.
    """
    sector = of_draws(run, "sector").sel(target=target)
    even = replicates_of(run) == 1
    rows = []
    for series in SERIES:
        values = _values(sector, series.name)
        found = np.quantile(values, LEVELS, axis=0, method="inverted_cdf")
        low, high = quantile_interval(values.T, [0.5])
        off = np.maximum(high[:, 0] - found[3], found[3] - low[:, 0])
        for y, year in enumerate(sector["year"].values):
            ends = {f"q{100 * q:02.0f}": found[k, y] for k, q in enumerate(LEVELS)}
            rows.append(
                {
                    "panel": series.panel,
                    "series": series.name,
                    "year": financial_year(int(year)),
                    **ends,
                    "off": float(off[y]) if even else np.nan,
                }
            )
    return pd.DataFrame(rows)


def _values(sector: xr.Dataset, name: str) -> Floats:
    """Take a series by draw and year, in the unit that is shown."""

    def of(variable: str) -> Floats:
        taken = sector[variable].transpose("draw", "year").values
        return np.asarray(taken, np.float64)

    match name:
        case "balance":
            return of("balance") / 1000.0
        case "recurrent":
            return 100.0 * of("recurrent") / of("cost_before")
        case "one-off":
            return 100.0 * of("nonrecurrent") / of("cost_before")
        case "trusts in deficit":
            return of("trusts_in_deficit")
        case "cash-releasing":
            return 100.0 * of("cash_releasing")
        case _:
            return 100.0 * of("measured")


def figure(run: xr.DataTree, target: str | None = None) -> Figure:
    """Draw the fans of a target; as of `plots.fan`."""
    target = main_target(run) if target is None else known(run, target)
    found = spreads(run, target)
    last = found[found["year"] == found["year"].iloc[-1]].set_index("series")
    balance, deficit = last.loc["balance"], last.loc["trusts in deficit"]
    ends = [money(1000.0 * balance[name]) for name in ("q50", "q10", "q90")]
    trusts = [number(deficit[name]) for name in ("q50", "q10", "q90")]
    off = "" if np.isnan(deficit["off"]) else f" ±{number(deficit['off'], 0)}"
    draws = f"{int(run.attrs['draws']):,} draws"
    return Figure(
        chart=_chart(found),
        title=(
            f"{target}: in {balance['year']} the sector's balance is {ends[0]} "
            f"({ends[1]} to {ends[2]}, {draws}), and {trusts[0]}{off} of "
            f"{run.sizes['trust']} trusts are in deficit ({trusts[1]} to {trusts[2]})."
        ),
        subtitle=(
            "Lines: half of all futures lie above, half below. Dark bands: half of all "
            "futures; light bands: 90%. In brackets: 80%. Each year and figure by "
            "itself: no line is one future."
        ),
        alt=_alt(found, target),
        columns=("", "year", "median", "80% of futures", "90% of futures"),
        rows=tuple(_row(row) for _, row in found.iterrows()),
        wide=2 * PANEL[0] + 90,
    )


def _row(row: Any) -> tuple[str, ...]:
    digits = _digits(row)
    off = "" if np.isnan(row["off"]) else f" ±{number(row['off'], digits + 1)}"
    return (
        _title(row),
        row["year"],
        f"{number(row['q50'], digits)}{off}",
        interval(row["q10"], row["q90"], digits),
        interval(row["q05"], row["q95"], digits),
    )


def _hover(row: Any) -> str:
    _, year, middle, most, _ = _row(row)
    return f"{row['series']} {year}: {middle}; 80% of futures: {most}"


def _digits(row: Any) -> int:
    return next(series.digits for series in SERIES if series.name == row["series"])


def _title(row: Any) -> str:
    shared = sum(series.panel == row["panel"] for series in SERIES) > 1
    return f"{row['panel']}: {row['series']}" if shared else str(row["panel"])


def _alt(found: pd.DataFrame, target: str) -> str:
    parts = []
    for _, rows in found.groupby("series", sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        ends = [
            f"{row['year']} {number(row['q50'], _digits(row))} "
            f"({interval(row['q10'], row['q90'], _digits(row))})"
            for row in (first, last)
        ]
        parts.append(f"{_title(last)}: from {ends[0]} to {ends[1]}")
    return (
        f"Four fan charts of {target}, medians with 80% of futures in brackets. "
        f"{'; '.join(parts)}."
    )


def _chart(found: pd.DataFrame) -> Any:
    alt = altair()
    panels = [
        _panel(alt, panel, rows) for panel, rows in found.groupby("panel", sort=False)
    ]
    apart = {"color": "independent", "strokeDash": "independent"}
    # Not rows of columns: Altair copies every part of a part again.
    return alt.concat(*panels, columns=2, spacing=30).resolve_scale(**apart)


def _panel(alt: Any, panel: str, rows: pd.DataFrame) -> Any:
    names = list(rows["series"].unique())
    shown = rows.assign(
        said=[_row(row)[2] for _, row in rows.iterrows()],
        hover=[_hover(row) for _, row in rows.iterrows()],
    )
    colours = alt.Scale(domain=names, range=list(theme.SERIES[: len(names)]))
    colour = alt.Color("series:N", scale=colours, legend=None)
    short = alt.Axis(labelAngle=0, labelExpr="slice(datum.label, 2)")
    x = alt.X("year:O", title=None, axis=short)
    base = alt.Chart().encode(x=x, color=colour)
    # No zero line where all lies far from it: the fan is what is to be seen.
    scale = alt.Scale(zero=False, nice=True)
    digits = _digits(rows.iloc[0])
    axis = alt.Axis(format=f",.{digits}f", tickCount=5, minExtent=34)
    # Channels by their classes: Altair takes long to guess the class of a text.
    layers = [
        base.mark_area(opacity=0.16, interpolate="linear").encode(
            y=alt.Y("q05:Q", title=None, scale=scale, axis=axis), y2=alt.Y2("q95:Q")
        ),
        base.mark_area(opacity=0.32).encode(y=alt.Y("q25:Q"), y2=alt.Y2("q75:Q")),
        base.mark_line(strokeWidth=2.5).encode(
            y=alt.Y("q50:Q"),
            strokeDash=alt.StrokeDash(
                "series:N",
                legend=None,
                scale=alt.Scale(
                    domain=names, range=[list(d) for d in theme.DASHES[: len(names)]]
                ),
            ),
        ),
        base.mark_point(filled=True, opacity=1, size=40, aria=True).encode(
            y=alt.Y("q50:Q"),
            description=alt.Description("hover:N"),
            tooltip=[
                alt.Tooltip("series:N"),
                alt.Tooltip("year:O"),
                alt.Tooltip("said:N", title="median"),
            ],
        ),
    ]
    if len(names) > 1:  # named beside their lines
        named = base.transform_filter(alt.datum.year == rows["year"].iloc[-1])
        layers.append(
            named.mark_text(align="right", dx=2, dy=-9, fontSize=12).encode(
                y=alt.Y("q50:Q"), text=alt.Text("series:N"), color=alt.value(theme.INK)
            )
        )
    if rows["q05"].min() < 0.0 < rows["q95"].max():
        zero = alt.Chart(pd.DataFrame({"zero": [0]}))
        layers.insert(0, zero.mark_rule(color=theme.GREY).encode(y=alt.Y("zero:Q")))
    width, height = PANEL
    title = alt.TitleParams(panel, fontSize=13, fontWeight="normal", offset=6)
    return alt.layer(*layers, data=shown).properties(
        width=width, height=height, title=title
    )
