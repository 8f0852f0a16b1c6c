"""How a chance changes along one key that is varied, or across two."""

from typing import Any

import pandas as pd
import xarray as xr

from simulator.answers.layout import number
from simulator.answers.sweep.simulate import chosen
from simulator.errors import RunFileError
from simulator.outcomes import OF_NAME
from simulator.plots import theme
from simulator.plots.figure import Figure
from simulator.plots.library import altair
from simulator.plots.words import chance
from simulator.runfile.sweeps import POINT, keys_of

CELL = 44  # pixels of a line of cells
DARK = 0.75  # the chance from which words on a cell are white


def points(found: xr.Dataset, target: str, outcome: str) -> pd.DataFrame:
    """Give the chance of a target at every point of a grid.

    Returns
    -------
    points
        A column for each key, named as the key is; `chance` with `low` and `high`.
    """
    own = found.sel(target=target, outcome=outcome)
    keys = keys_of(found)
    names = ("probability", "probability_low", "probability_high")
    frame = own[list(names)].to_dataframe().reset_index()
    frame = frame[[*keys, *names]]
    frame.columns = pd.Index([*_written(found), "chance", "low", "high"])
    return frame


def figure(
    found: xr.Dataset, target: str | None = None, outcome: str = "cash_releasing"
) -> Figure:
    """Draw a sweep of one or two keys; as of `plots.sweep`."""
    keys = _written(found)
    if POINT in found.dims or len(keys) > 2:
        what = "a hypercube" if POINT in found.dims else f"{len(keys)} varied keys"
        raise RunFileError(
            str(found.attrs["title"]),
            f"is a sweep of {what}, which no one chart shows",
            "sweep one key or two, every value with every other",
        )
    name = chosen(found, target)
    frame = points(found, name, outcome)
    said = [_said(row) for _, row in frame.iterrows()]
    frame = frame.assign(said=said)
    least, most = frame["chance"].idxmin(), frame["chance"].idxmax()
    draws = int(found.attrs["draws"])
    bands = "Band and brackets:" if len(keys) == 1 else "Brackets:"
    ends = [f"{said[k]} at {_at(frame.loc[k], keys)}" for k in (least, most)]
    return Figure(
        chart=_along(frame, *keys) if len(keys) == 1 else _across(frame, *keys),
        title=(
            f"{name}: the chance to achieve runs from {ends[0]} to {ends[1]} "
            f"({draws:,} draws a point)."
        ),
        subtitle=(
            f"Chance that {OF_NAME[outcome].meaning}, with {' and '.join(keys)} set "
            "and all else as in the scenario, on the same futures at every point. "
            f"{bands} {found.attrs['confidence']:.0%} Monte Carlo interval."
        ),
        alt=_alt(frame, keys, name),
        columns=(*keys, "chance"),
        rows=tuple(
            (*(number(float(row[key])) for key in keys), row["said"])
            for _, row in frame.iterrows()
        ),
    )


def _written(found: xr.Dataset) -> list[str]:
    return [str(found[key].attrs["long_name"]) for key in keys_of(found)]


def _said(row: Any) -> str:
    ends = {"": row["chance"], "_low": row["low"], "_high": row["high"]}
    return chance({f"chance{end}": value for end, value in ends.items()}, "chance")


def _at(row: Any, keys: list[str]) -> str:
    return ", ".join(f"{key} = {number(float(row[key]))}" for key in keys)


def _alt(frame: pd.DataFrame, keys: list[str], name: str) -> str:
    what = "Line chart" if len(keys) == 1 else "Grid of cells"
    told = [f"{_at(row, keys)}: {row['said']}" for _, row in frame.iterrows()]
    return f"{what} of the chance of {name}. {'; '.join(told)}."


def _along(frame: pd.DataFrame, key: str) -> Any:
    """Draw a line with its band; dots in a key's name would be taken for fields."""
    alt = altair()
    shown = frame.rename(columns={key: "value"})
    shown["hover"] = shown["value"].map(number) + ": " + shown["said"]
    x = alt.X("value:Q", title=key, scale=alt.Scale(zero=False, nice=False))
    y = alt.Y(
        "chance:Q",
        title="chance to achieve",
        axis=alt.Axis(format=".0%"),
        scale=alt.Scale(domain=[0, 1]),
    )
    base = alt.Chart().encode(x=x)
    return alt.layer(
        base.mark_area(opacity=0.2, color=theme.BLUE).encode(
            y=alt.Y("low:Q"), y2="high:Q"
        ),
        base.mark_line(strokeWidth=2, color=theme.BLUE).encode(y=y),
        base.mark_point(
            filled=True, size=70, opacity=1, color=theme.BLUE, aria=True
        ).encode(
            description=alt.Description("hover:N"),
            y=y,
            tooltip=[
                alt.Tooltip("value:Q", title=key),
                alt.Tooltip("said:N", title="chance"),
            ],
        ),
        data=shown,
    ).properties(width=theme.WIDTH, height=theme.HEIGHT)


def _across(frame: pd.DataFrame, first: str, second: str) -> Any:
    """Draw a cell for each pair of values, the chance written on it."""
    alt = altair()
    shown = pd.DataFrame(
        {
            "down": [number(float(value)) for value in frame[first]],
            "across": [number(float(value)) for value in frame[second]],
            "chance": frame["chance"],
            "said": frame["said"],
            "percent": [f"{100 * value:.0f}%" for value in frame["chance"]],
        }
    )
    shown["hover"] = shown["down"] + ", " + shown["across"] + ": " + shown["said"]
    orders = [list(dict.fromkeys(shown[name])) for name in ("down", "across")]
    y = alt.Y("down:N", title=first, sort=orders[0][::-1])
    x = alt.X("across:N", title=second, sort=orders[1], axis=alt.Axis(labelAngle=0))
    base = alt.Chart().encode(x=x, y=y)
    scale = alt.Scale(domain=[0, 1], range=[theme.PAPER, theme.BLUE])
    legend = alt.Legend(title="chance to achieve", format=".0%")
    return alt.layer(
        base.mark_rect(stroke=theme.GRID, aria=True).encode(
            description=alt.Description("hover:N"),
            color=alt.Color("chance:Q", scale=scale, legend=legend),
            tooltip=[
                alt.Tooltip("down:N", title=first),
                alt.Tooltip("across:N", title=second),
                alt.Tooltip("said:N", title="chance"),
            ],
        ),
        base.mark_text(fontSize=12).encode(
            text="percent:N",
            color=alt.condition(
                alt.datum["chance"] > DARK,
                alt.value(theme.PAPER),
                alt.value(theme.INK),
            ),
        ),
        data=shown,
    ).properties(width=theme.WIDTH, height=CELL * len(orders[0]))
