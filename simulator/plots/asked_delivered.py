"""What is asked of trusts and what they save, beside the record of past years."""

from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from simulator import evidence
from simulator.answers.headline.report import PLANNED_BEFORE
from simulator.evidence.record import BY_NAME, figures
from simulator.plots import theme
from simulator.plots.figure import Figure
from simulator.plots.library import altair
from simulator.plots.words import (
    financial_year,
    interval,
    known,
    main_target,
    number,
)
from simulator.runfile.tree import of_draws

LEVELS: Final = (0.10, 0.50, 0.90)
PUBLISHED: Final = "published"
SIMULATED: Final = "simulated"
PARTS: Final = ("recurrent", "one-off", "not split")


def savings(run: xr.DataTree, target: str) -> pd.DataFrame:
    """Give savings planned and made by year: as published, then as simulated.

    Returns
    -------
    savings
        By year: `planned`, `made` and of it `recurrent`, percent of cost before
        savings, NaN where nothing was published; `made_low` and `made_high`,
        `planned_low` and `planned_high`, between which 80% of draws lie; `asked`, the
        target's rate; `kind`, published or simulated.
    """
    first = int(run.to_dataset()["year"].values[0])
    frames = [_published(first), _simulated(run, target)]
    return pd.concat([one for one in frames if len(one)], ignore_index=True)


def _published(first: int) -> pd.DataFrame:
    made, share = (
        {year: figure.value for year, figure in figures(BY_NAME[name]).items()}
        for name in ("delivered", "recurrent_share")
    )
    planned = _planned(first)
    rows = [
        {
            "year": financial_year(year),
            "kind": PUBLISHED,
            "planned": 100.0 * planned.get(year, np.nan),
            "made": 100.0 * made.get(year, np.nan),
            "recurrent": 100.0 * made.get(year, np.nan) * share.get(year, np.nan),
        }
        for year in sorted(planned.keys() | made.keys())
        if year < first
    ]
    return pd.DataFrame(rows)


def _planned(first: int) -> dict[int, float]:
    """Give what had been planned for each year, also for the last before the run.

    A plan is known before its year begins; the record ends with what was saved.
    """
    known = {year: f.value for year, f in figures(BY_NAME["planned"]).items()}
    latest = f"{PLANNED_BEFORE}.{first - 1}"
    if latest in evidence.figures():
        known[first - 1] = sum(evidence.bounds(latest)) / 2.0
    return known


def _simulated(run: xr.DataTree, target: str) -> pd.DataFrame:
    sector = of_draws(run, "sector").sel(target=target)
    cost, *money = (
        sector[name].transpose("draw", "year").values.astype(np.float64)
        for name in ("cost_before", "ask", "recurrent", "nonrecurrent")
    )
    planned, recurrent, one_off = (100.0 * each / cost for each in money)
    made = recurrent + one_off
    # Middles of parts do not add up: the middle of the whole is split as it is on
    # average.
    share = recurrent.mean(axis=0) / made.mean(axis=0)
    asked = 100.0 * run.to_dataset()["rate"].sel(target=target).values
    rows = []
    for y, year in enumerate(sector["year"].values):
        ends = [np.quantile(values[:, y], LEVELS) for values in (planned, made)]
        (plan_low, plan, plan_high), (low, middle, high) = ends
        rows.append(
            {
                "year": financial_year(int(year)),
                "kind": SIMULATED,
                "planned": plan,
                "planned_low": plan_low,
                "planned_high": plan_high,
                "made": middle,
                "made_low": low,
                "made_high": high,
                "recurrent": middle * share[y],
                "asked": asked[y],
            }
        )
    return pd.DataFrame(rows)


def figure(run: xr.DataTree, target: str | None = None) -> Figure:
    """Draw what is asked and what is delivered; as of `plots.asked_and_delivered`."""
    target = main_target(run) if target is None else known(run, target)
    found = savings(run, target)
    first = found[found["kind"] == SIMULATED].iloc[0]
    draws = f"{int(run.attrs['draws']):,} draws"
    ends = {
        name: f"{number(first[name], 1)}% "
        f"({interval(first[f'{name}_low'], first[f'{name}_high'], 1)}"
        for name in ("planned", "made")
    }
    return Figure(
        chart=_chart(found),
        title=(
            f"{target}: in {first['year']} the sector plans {ends['planned']}) and "
            f"saves {ends['made']}, {draws}) of its cost.{_before(found)}"
        ),
        subtitle=(
            "Savings, % of cost before savings. Bars: what is saved, published until "
            f"the line, then the middle of all futures under {target}; whiskers and "
            "brackets: 80% of futures. Diamonds: what was planned."
        ),
        alt=_alt(found, target),
        columns=("year", "", "planned", "saved", "of it recurrent", "80% of futures"),
        rows=tuple(_row(row) for _, row in found.iterrows()),
    )


def _before(found: pd.DataFrame) -> str:
    """Say what was published last."""
    past = found[found["kind"] == PUBLISHED]
    saved, planned = past.dropna(subset=["made"]), past.dropna(subset=["planned"])
    if saved.empty or planned.empty:
        return ""
    made, plan = saved.iloc[-1], planned.iloc[-1]
    return (
        f" It had planned {number(plan['planned'], 1)}% for {plan['year']} and saved "
        f"{number(made['made'], 1)}% in {made['year']}."
    )


def _row(row: Any) -> tuple[str, ...]:
    def said(value: float) -> str:
        return "not published" if np.isnan(value) else number(value, 1)

    low, high = row.get("made_low", np.nan), row.get("made_high", np.nan)
    spread = "" if np.isnan(low) else interval(low, high, 1)
    three = (said(row[name]) for name in ("planned", "made", "recurrent"))
    return (row["year"], row["kind"], *three, spread)


def _alt(found: pd.DataFrame, target: str) -> str:
    phrases = []
    for _, row in found.iterrows():
        year, kind, planned, made, recurrent, spread = _row(row)
        ends = f" ({spread})" if spread else ""
        phrases.append(
            f"{year} {kind}: planned {planned}, saved {made}{ends}, recurrent "
            f"{recurrent}"
        )
    return (
        f"Bar chart of savings in percent of cost under {target} and before it. "
        f"{'; '.join(phrases)}."
    )


def _chart(found: pd.DataFrame) -> Any:
    alt = altair()
    bars = _bars(found)
    order = list(found["year"])
    years = alt.Axis(labelAngle=0, labelExpr="slice(datum.label, 2)")
    x = alt.X("year:O", title=None, sort=order, axis=years)
    parts = [name for name in PARTS if name in set(bars["part"])]
    colours = dict(zip(PARTS, (theme.BLUE, "#8fb8dc", "#b9b9b9"), strict=True))
    base = alt.Chart(bars)
    axis = alt.Axis(format=".0f", tickMinStep=1)
    layers = [
        base.mark_bar(stroke=theme.BLUE, strokeWidth=0.6, aria=True).encode(
            description=alt.Description("hover:N"),
            x=x,
            y=alt.Y("start:Q", title="% of cost", axis=axis),
            y2="end:Q",
            color=alt.Color(
                "part:N",
                title="saved:",
                scale=alt.Scale(domain=parts, range=[colours[name] for name in parts]),
            ),
            opacity=alt.Opacity(
                "kind:N",
                scale=alt.Scale(domain=[PUBLISHED, SIMULATED], range=[0.55, 1.0]),
                legend=None,
            ),
            tooltip=["year:O", "kind:N", "part:N", alt.Tooltip("size:Q", format=".1f")],
        )
    ]
    rest = alt.Chart(found.assign(hover=found.apply(_planned_said, axis=1)))
    layers += [
        rest.mark_rule(color=theme.INK, strokeWidth=1.5).encode(
            x=x, y="made_low:Q", y2="made_high:Q"
        ),
        rest.mark_point(
            shape="diamond",
            filled=True,
            size=90,
            color=theme.ORANGE,
            opacity=1,
            aria=True,
        ).encode(
            x=x,
            y="planned:Q",
            description=alt.Description("hover:N"),
            tooltip=alt.Tooltip("hover:N", title=" "),
        ),
        *_border(alt, found, order),
    ]
    return (
        alt.layer(*layers)
        .properties(width=theme.WIDTH, height=theme.HEIGHT)
        .resolve_scale(color="independent")
    )


def _planned_said(row: Any) -> str:
    return f"{row['year']} planned: {_row(row)[2]}% of cost"


def _bars(found: pd.DataFrame) -> pd.DataFrame:
    """Stack recurrent and one-off savings, or savings that were not published apart."""
    rows = []
    for _, row in found.dropna(subset=["made"]).iterrows():
        split = row["recurrent"]
        whole = [("not split", 0.0, row["made"])]
        both = [("recurrent", 0.0, split), ("one-off", split, row["made"])]
        for part, start, end in whole if np.isnan(split) else both:
            rows.append(
                {
                    "year": row["year"],
                    "kind": row["kind"],
                    "part": part,
                    "start": start,
                    "end": end,
                    "size": end - start,
                    "hover": f"{row['year']} {row['kind']}, {part}: "
                    f"{number(end - start, 1)}% of cost",
                }
            )
    return pd.DataFrame(rows)


def _border(alt: Any, found: pd.DataFrame, order: list[str]) -> list[Any]:
    """Draw a line between what was published and what is simulated."""
    if not (found["kind"] == PUBLISHED).any():
        return []
    first = found[found["kind"] == SIMULATED].iloc[:1]
    x = alt.X("year:O", sort=order, bandPosition=0)
    base = alt.Chart(first)
    line = base.mark_rule(strokeDash=[4, 3], color=theme.GREY, xOffset=-4).encode(x=x)
    words = {"fontSize": 12, "color": theme.SOFT, "baseline": "top"}
    after = base.mark_text(align="left", dx=2, text="simulated", **words)
    before = base.mark_text(align="right", dx=-9, text="published", **words)
    top = alt.value(-2)
    return [line, after.encode(x=x, y=top), before.encode(x=x, y=top)]
