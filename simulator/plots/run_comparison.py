"""Runs side by side: the chance of each target in one and in the other."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from simulator.answers.compare.report import detailed, points, verdict
from simulator.answers.compare.simulate import Comparison
from simulator.plots import theme
from simulator.plots.figure import Figure
from simulator.plots.library import altair
from simulator.plots.words import chance, known_name
from simulator.schema import OUTCOME, TARGET

BAND: Final = 24  # height of a target for every run, in pixels
SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross")


def pairs(found: Sequence[Comparison]) -> pd.DataFrame:
    """Give the chances that are compared, on the outcome that each target is meant on.

    Returns
    -------
    pairs
        By target and run: `chance`, `low`, `high`; for all but the first run also what
        it `differs` by, in words, and whether that is clear.
    """
    rows = []
    for k, one in enumerate(found):
        for target in one.basis:
            at = {TARGET: target, OUTCOME: one.own_outcome(target)}
            row = one.chances.sel(at)
            same = bool(one.identical.sel({TARGET: target}))
            for name, run in (("first", one.first), ("second", one.second)):
                if name == "first" and k:
                    continue
                ends = {
                    f"chance{end}": float(row[f"{name}{end}"])
                    for end in ("", "_low", "_high")
                }
                said = chance(ends, "chance")
                differs = "" if name == "first" else points(row)
                said = "" if name == "first" else verdict(row, same)
                rows.append(
                    {"target": target, "run": run, **ends, "said": said}
                    | {"differs": differs, "verdict": said}
                )
    return pd.DataFrame(rows)


def figure(found: Sequence[Comparison], target: str | None = None) -> Figure:
    """Draw a comparison with one run; as of `plots.comparison`."""
    shown = pairs(found)
    first = found[0]
    if target is None:
        target = detailed(first, None)
    known_name(target, list(first.basis))
    return Figure(
        chart=_chart(shown),
        title=" ".join(_sentence(one, target, shown) for one in found),
        subtitle=(
            "Chance that the sector achieves each target, on the same futures in all "
            "runs. Whiskers and brackets: 95% Monte Carlo interval, of a difference "
            "from paired draws."
        ),
        alt=_alt(shown, first.first),
        columns=("target", "run", "chance", "difference, points", ""),
        rows=tuple(
            (row["target"], row["run"], row["said"], row["differs"], row["verdict"])
            for _, row in shown.iterrows()
        ),
    )


def _sentence(one: Comparison, target: str, shown: pd.DataFrame) -> str:
    if target not in one.basis:
        return f"{target} is not in {one.second}."
    own = shown[shown["target"] == target].set_index("run")
    return (
        f"{target}: {own.loc[one.first, 'said']} in {one.first}, "
        f"{own.loc[one.second, 'said']} in {one.second}; a difference of "
        f"{own.loc[one.second, 'differs']} points, {one.draws:,} draws."
    )


def _alt(shown: pd.DataFrame, first: str) -> str:
    said = []
    for target, rows in shown.groupby("target", sort=False):
        runs = (f"{row['run']} {row['said']}" for _, row in rows.iterrows())
        said.append(f"{target}: {', '.join(runs)}")
    return f"Chances compared with {first}. {'; '.join(said)}."


def _chart(shown: pd.DataFrame) -> Any:
    alt = altair()
    runs = list(shown["run"].unique())
    targets = list(shown["target"].unique())
    n = len(runs)
    colours = alt.Scale(domain=runs, range=[theme.SERIES[k % 5] for k in range(n)])
    shapes = alt.Scale(domain=runs, range=[SHAPES[k % 5] for k in range(n)])
    x = alt.X(
        "chance:Q",
        title="chance of the sector",
        axis=alt.Axis(format=".0%", tickCount=6),
        scale=alt.Scale(domain=[0, 1]),
    )
    y = alt.Y(
        "target:N",
        title=None,
        sort=targets,
        axis=alt.Axis(ticks=False, grid=True, domain=False, offset=10),
        scale=alt.Scale(paddingInner=0.2),
    )
    offset = alt.YOffset("run:N", sort=runs)
    hover = shown["target"] + ", " + shown["run"] + ": " + shown["said"]
    base = alt.Chart().encode(
        y=y,
        yOffset=offset,
        color=alt.Color("run:N", title=None, scale=colours, sort=runs),
    )
    return alt.layer(
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("chance_low:Q"), x2="chance_high:Q"
        ),
        base.mark_point(filled=True, size=70, opacity=1, aria=True).encode(
            description=alt.Description("hover:N"),
            x=x,
            shape=alt.Shape("run:N", title=None, scale=shapes, sort=runs),
            tooltip=["run:N", "target:N", "said:N", "differs:N"],
        ),
        data=shown.assign(hover=hover),
    ).properties(width=theme.WIDTH - 60, height=BAND * len(targets) * max(1, n - 1))
