"""When targets are missed: who is still on course at the end of each year."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import xarray as xr

from simulator.answers.headline.delivered import in_pairs
from simulator.answers.path.estimate import path
from simulator.outcomes import OF_NAME
from simulator.plots import theme
from simulator.plots.figure import Figure
from simulator.plots.library import altair
from simulator.plots.words import (
    chance,
    financial_year,
    known,
    main_target,
    with_draws,
)

MOST = 4  # lines that are told apart at a glance


def courses(run: xr.DataTree, targets: Sequence[str]) -> pd.DataFrame:
    """Give the share of futures in which no year is missed so far.

    Returns
    -------
    courses
        By target and year: `on_course` with `_low` and `_high`, and `first_missed`, the
        share of futures in which the year is the first that is missed.
    """
    found = path(run, targets)
    draws = int(run.attrs["draws"])
    rows = []
    for target in targets:
        for year in found["year"].values:
            one = found.sel(target=target, year=year)
            ends = {
                f"on_course{end}": float(one[f"on_course{end}"])
                for end in ("", "_low", "_high")
            }
            missed = float(one["first_missed"]) / draws
            rows.append(
                {"target": target, "year": financial_year(int(year)), **ends}
                | {"first_missed": missed}
            )
    return pd.DataFrame(rows)


def chosen(run: xr.DataTree, target: str) -> list[str]:
    """Choose targets to show beside one: the next higher ones of the same kind."""
    root = run.to_dataset()
    rate = root["rate"].mean("year")
    follows, basis = root["plan_follows"], root["basis"]
    same_terms = [
        name
        for name, _ in in_pairs(root)
        if str(basis.sel(target=name).values) == str(basis.sel(target=target).values)
        and str(follows.sel(target=name).values)
        == str(follows.sel(target=target).values)
        and float(rate.sel(target=name)) > float(rate.sel(target=target))
    ]
    same_terms.sort(key=lambda name: float(rate.sel(target=name)))
    return [target, *same_terms][:MOST]


def figure(run: xr.DataTree, target: str | None = None) -> Figure:
    """Draw who is on course year by year; as of `plots.path`."""
    target = main_target(run) if target is None else known(run, target)
    targets = chosen(run, target)
    found = courses(run, targets)
    own = found[found["target"] == target]
    draws = int(run.attrs["draws"])
    outcome = str(path(run, [target])["outcome"].values[0])
    worst = own.loc[own["first_missed"].idxmax()]
    return Figure(
        chart=_chart(found, targets),
        title=(
            f"{target}: {with_draws(_said(own.iloc[-1]), draws)} of futures are on "
            "course in every year; the year first missed is most often "
            f"{worst['year']} ({worst['first_missed']:.0%})."
        ),
        subtitle=(
            "Share of futures in which no year has been missed so far. A year is "
            f"missed when {OF_NAME[outcome].missed}. A later year may make up for it. "
            "Bands and brackets: 95% Monte Carlo interval."
        ),
        alt=_alt(found, targets),
        columns=("target", "year", "still on course", "first missed in this year"),
        rows=tuple(
            (row["target"], row["year"], _said(row), f"{row['first_missed']:.1%}")
            for _, row in found.iterrows()
        ),
    )


def _said(row: Any) -> str:
    ends = {f"chance{end}": row[f"on_course{end}"] for end in ("", "_low", "_high")}
    return chance(ends, "chance")


def _alt(found: pd.DataFrame, targets: Sequence[str]) -> str:
    phrases = []
    for target in targets:
        rows = found[found["target"] == target]
        years = (f"{row['year']} {_said(row)}" for _, row in rows.iterrows())
        phrases.append(f"{target}: {', '.join(years)}")
    return f"Line chart of the futures still on course. {'; '.join(phrases)}."


def _chart(found: pd.DataFrame, targets: list[str]) -> Any:
    alt = altair()
    shown = found.assign(said=[_said(row) for _, row in found.iterrows()])
    shown["hover"] = shown["target"] + ", " + shown["year"] + ": " + shown["said"]
    colours = alt.Scale(domain=targets, range=list(theme.SERIES[: len(targets)]))
    shapes = alt.Scale(
        domain=targets,
        range=["circle", "square", "triangle-up", "diamond"][: len(targets)],
    )
    legend = alt.Legend(symbolOpacity=1)
    colour = alt.Color("target:N", scale=colours, title=None, legend=legend)
    x = alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0))
    y = alt.Y(
        "on_course:Q",
        title="still on course",
        axis=alt.Axis(format=".0%"),
        scale=alt.Scale(domain=[0, 1]),
    )
    base = alt.Chart().encode(x=x, color=colour)
    tooltip = ["target:N", "year:O", alt.Tooltip("said:N", title="on course")]
    return alt.layer(
        base.mark_area(opacity=0.2).encode(
            y=alt.Y("on_course_low:Q"), y2="on_course_high:Q"
        ),
        base.mark_line(strokeWidth=2).encode(y=y),
        base.mark_point(filled=True, size=70, opacity=1, aria=True).encode(
            description=alt.Description("hover:N"),
            y=y,
            shape=alt.Shape("target:N", scale=shapes, title=None, legend=legend),
            tooltip=tooltip,
        ),
        data=shown,
    ).properties(width=theme.WIDTH, height=theme.HEIGHT)
