"""Would it have told you so: what was published, on the bands that were foretold."""

from typing import Any, Final

import pandas as pd
import xarray as xr

from simulator.answers.hindcast.report import verdict
from simulator.evidence.record import BY_NAME, MONEY, Measure
from simulator.plots import theme
from simulator.plots.figure import Figure
from simulator.plots.library import altair
from simulator.plots.words import financial_year, interval, known_name, number

COLUMNS: Final = 4
PANEL: Final = (150, 110)
INSIDE, OUTSIDE = "published, inside the 90% band", "published, outside it"
LEVELS: Final = {0.05: "q05", 0.25: "q25", 0.50: "q50", 0.75: "q75", 0.95: "q95"}


def scored_figures(scored: xr.Dataset, target: str) -> pd.DataFrame:
    """Give every figure that is scored beside its bands, in the units of a reader.

    Returns
    -------
    figures
        By measure and year: `published`, `q05` to `q95` and `inside`, money in GBP bn
        and shares in percent.
    """
    one = scored.sel(target=target)
    rows = []
    for name in one["measure"].values:
        measure, row = BY_NAME[str(name)], one.sel(measure=name)
        times = 0.001 if measure.unit == MONEY else 100.0
        for year in row["year"].values[row["pit"].notnull().values]:
            at = row.sel(year=year)
            bands = {
                short: times * float(at["model"].sel(quantile=level))
                for level, short in LEVELS.items()
            }
            rows.append(
                {
                    "measure": _title(measure),
                    "year": financial_year(int(year)),
                    "published": times * float(at["published"]),
                    **bands,
                    "inside": INSIDE if at["inside_90"] == 1.0 else OUTSIDE,
                    "half": bool(at["inside_50"] == 1.0),
                }
            )
    return pd.DataFrame(rows)


def _title(measure: Measure) -> str:
    said = f"{measure.title}, {'£bn' if measure.unit == MONEY else measure.unit}"
    return said[0].upper() + said[1:]


def figure(scored: xr.Dataset, target: str | None = None, draws: int = 0) -> Figure:
    """Draw a scored hindcast; as of `plots.hindcast`."""
    names = [str(name) for name in scored["target"].values]
    target = names[0] if target is None else known_name(target, names)
    found = scored_figures(scored, target)
    first, *_ = verdict([scored.sel(target=target)])
    years = found["year"]
    told = f" {draws:,} draws." if draws else ""
    return Figure(
        chart=_chart(found),
        title=first,
        subtitle=(
            f"Years {years.min()} to {years.max()} as the model foretells them from "
            f"the year before, under {target}.{told} Dark bands should hold half of "
            "the published figures, light bands 90%. Line: half of all futures below."
        ),
        alt=_alt(found),
        columns=(
            "measure",
            "year",
            "published",
            "median",
            "50% band",
            "90% band",
            "in",
        ),
        rows=tuple(_row(row) for _, row in found.iterrows()),
        wide=COLUMNS * (PANEL[0] + 50),
    )


def _row(row: Any) -> tuple[str, ...]:
    digits = 2 if row["measure"].endswith("bn") else 1
    where = "50%" if row["half"] else "90%" if row["inside"] == INSIDE else "neither"
    return (
        row["measure"],
        row["year"],
        number(row["published"], digits),
        number(row["q50"], digits),
        interval(row["q25"], row["q75"], digits),
        interval(row["q05"], row["q95"], digits),
        where,
    )


def _alt(found: pd.DataFrame) -> str:
    told = []
    for measure, rows in found.groupby("measure", sort=False):
        inside = int((rows["inside"] == INSIDE).sum())
        told.append(f"{measure}: {inside} of {len(rows)} inside")
    return (
        "Small charts of published figures on the 90% bands that were foretold. "
        f"{'; '.join(told)}."
    )


def _chart(found: pd.DataFrame) -> Any:
    """Draw a panel for each measure: one chart that is repeated, as that is quick."""
    alt = altair()
    rows = found.assign(hover=[_hover(row) for _, row in found.iterrows()])
    width, height = PANEL
    return (
        alt.layer(*_layers(alt), data=rows)
        .properties(width=width, height=height)
        .facet(
            alt.Facet(
                "measure:N",
                title=None,
                sort=list(found["measure"].unique()),
                header=alt.Header(
                    labelFontSize=12, labelAnchor="start", labelPadding=4
                ),
            ),
            columns=COLUMNS,
            spacing={"row": 52, "column": 52},
            bounds="flush",  # or panels shift by the widths of their labels
        )
        .resolve_scale(x="independent", y="independent")
    )


def _hover(row: Any) -> str:
    said = _row(row)
    return f"{row['year']}: published {said[2]}, foretold {said[5]}"


def _layers(alt: Any) -> list[Any]:
    """Draw bands, the middle, and the published figure upon them."""
    axis = alt.Axis(labelAngle=0, labelFontSize=10, labelExpr="slice(datum.label, 2)")
    base = alt.Chart().encode(x=alt.X("year:O", title=None, axis=axis))
    y_axis = alt.Axis(tickCount=4, minExtent=34, format="~f")
    scale = alt.Scale(zero=False, nice=True)
    kinds = [INSIDE, OUTSIDE]
    points = base.mark_point(filled=True, size=60, opacity=1, aria=True).encode(
        description=alt.Description("hover:N"),
        y=alt.Y("published:Q"),
        color=alt.Color(
            "inside:N",
            title=None,
            scale=alt.Scale(domain=kinds, range=[theme.INK, theme.ORANGE]),
        ),
        shape=alt.Shape(
            "inside:N",
            title=None,
            scale=alt.Scale(domain=kinds, range=["circle", "triangle-up"]),
        ),
        tooltip=[
            alt.Tooltip("year:O"),
            alt.Tooltip("published:Q", format=".2f"),
            alt.Tooltip("inside:N"),
        ],
    )
    band = {"color": theme.BLUE, "size": 18}
    # Bars, as a measure may have been published of single years.
    return [
        base.mark_bar(opacity=0.18, **band).encode(
            y=alt.Y("q05:Q", title=None, scale=scale, axis=y_axis), y2=alt.Y2("q95:Q")
        ),
        base.mark_bar(opacity=0.35, **band).encode(
            y=alt.Y("q25:Q"), y2=alt.Y2("q75:Q")
        ),
        base.mark_tick(color=theme.BLUE, thickness=2, size=18).encode(y=alt.Y("q50:Q")),
        points,
    ]
