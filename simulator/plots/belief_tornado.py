"""What a chance hangs on: the assumptions that move it, and which way."""

from typing import Any, Final

import pandas as pd
import xarray as xr

from simulator.answers.uncertainty.simulate import Uncertainty
from simulator.errors import RunFileError
from simulator.plots import theme
from simulator.plots.figure import Figure
from simulator.plots.library import altair
from simulator.plots.words import chance, known_name, number, with_draws
from simulator.scenario.plain_names import plain_name

SHOWN: Final = 10
BAR: Final = 26
NAME: Final = 320  # width of the longest name, in pixels
UP, DOWN = "higher value, likelier", "higher value, less likely"


def influences(
    found: Uncertainty, target: str, outcome: str = "sector"
) -> pd.DataFrame:
    """Give how much of a chance's spread goes with each assumption, the most first.

    Returns
    -------
    influences
        By `assumption`, its key: `name` in plain words, `share` of the variance of the
        chance over beliefs with `low` and `high`, `direction` (rank correlation), and
        `clear`, whether its share is above nothing beyond noise.
    """
    row = found.assumptions.sel(target=target, outcome=outcome)
    frame = pd.DataFrame(
        {
            "assumption": row["assumption"].values.astype(str),
            "share": row["share"].values,
            "low": row["share_low"].values,
            "high": row["share_high"].values,
            "direction": row["direction"].values,
        }
    )
    names = [plain_name(key) for key in frame["assumption"]]
    frame = frame.assign(name=names, clear=frame["low"] > 0.0)
    return frame.sort_values("share", ascending=False, ignore_index=True)


def figure(found: Uncertainty, target: str | None = None) -> Figure:
    """Draw what a chance hangs on; as of `plots.tornado`."""
    names = [str(name) for name in found.chances["target"].values]
    target = names[0] if target is None else known_name(target, names)
    every = influences(found, target)
    shown = every[every["clear"]].head(SHOWN)
    row = found.chances.sel(target=target, outcome="sector")
    beliefs, futures = (int(found.chances.attrs[n]) for n in ("beliefs", "futures"))
    if shown.empty:
        raise RunFileError(
            f"target '{target}'",
            "hangs on no assumption that can be told from noise",
            "ask with more --draws, or of another --target",
        )
    whole = with_draws(chance(row, "probability"), beliefs * futures)
    return Figure(
        chart=_chart(shown),
        title=f"{target}: {whole} that the sector achieves; {_depends(row)}.",
        subtitle=(
            "Share of the spread of that chance over beliefs that goes with each "
            "assumption alone, and which way; whiskers: 95% Monte Carlo interval, "
            f"{beliefs:,} beliefs with {futures} futures each. {_rest(every, shown)}"
        ),
        alt=_alt(shown, target),
        columns=(
            "assumption",
            "share of the spread, %",
            "a higher value makes it",
            "key",
        ),
        rows=tuple(
            (
                str(one["name"]),
                _share(one),
                "likelier" if one["direction"] > 0.0 else "less likely",
                str(one["assumption"]),
            )
            for _, one in shown.iterrows()
        ),
    )


def _depends(row: xr.Dataset) -> str:
    low, high = (float(row["band"].sel(quantile=q)) for q in (0.1, 0.9))
    return (
        f"depending on what is true it is {low:.0%} to {high:.0%} (the middle 80% of "
        "beliefs)"
    )


def _rest(every: pd.DataFrame, shown: pd.DataFrame) -> str:
    rest = len(every) - len(shown)
    return f"{rest} others are not shown or cannot be told from noise." if rest else ""


def _share(one: Any) -> str:
    value, low, high = (number(100.0 * one[n]) for n in ("share", "low", "high"))
    return f"{value} ({low} to {high})"


def _alt(shown: pd.DataFrame, target: str) -> str:
    said = [
        f"{one['name']} {_share(one)}%, {UP if one['direction'] > 0.0 else DOWN}"
        for _, one in shown.iterrows()
    ]
    return f"Bar chart of what the chance of {target} hangs on: {'; '.join(said)}."


def _chart(shown: pd.DataFrame) -> Any:
    alt = altair()
    rows = shown.assign(
        way=[UP if value > 0.0 else DOWN for value in shown["direction"]],
        said=[_share(one) for _, one in shown.iterrows()],
    )
    rows["hover"] = rows["name"] + ": " + rows["said"] + "%, " + rows["way"]
    ways = [way for way in (UP, DOWN) if way in set(rows["way"])]
    colours = {UP: theme.BLUE, DOWN: theme.ORANGE}
    y = alt.Y(
        "name:N",
        sort=list(rows["name"]),
        title=None,
        axis=alt.Axis(ticks=False, grid=False, labelLimit=NAME),
    )
    # Left or right of the middle says which way, as colour alone must not.
    rows = rows.assign(
        **{
            name: rows[of].where(rows["direction"] > 0.0, -rows[of])
            for name, of in (("bar", "share"), ("from", "low"), ("to", "high"))
        }
    )
    x = alt.X(
        "bar:Q",
        title="share of the spread of the chance: left, a higher value makes it less "
        "likely; right, likelier",
        axis=alt.Axis(labelExpr="format(abs(datum.value), '.0%')"),
    )
    base = alt.Chart()
    layers = [
        base.mark_bar(height={"band": 0.66}, aria=True).encode(
            description=alt.Description("hover:N"),
            x=x,
            y=y,
            color=alt.Color(
                "way:N",
                title=None,
                scale=alt.Scale(domain=ways, range=[colours[way] for way in ways]),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="assumption"),
                alt.Tooltip("assumption:N", title="key"),
                alt.Tooltip("said:N", title="share, %"),
                alt.Tooltip("way:N", title="direction"),
            ],
        ),
        base.mark_rule(color=theme.INK, strokeWidth=1.5).encode(
            x="from:Q", x2="to:Q", y=y
        ),
        alt.Chart(pd.DataFrame({"zero": [0]}))
        .mark_rule(color=theme.INK)
        .encode(x="zero:Q"),
    ]
    height = BAR * len(rows)
    return alt.layer(*layers, data=rows).properties(
        width=theme.WIDTH - 120, height=height
    )
