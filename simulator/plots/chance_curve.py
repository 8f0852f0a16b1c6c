"""The chance to achieve against the rate asked, and the rate that a chance allows."""

from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from simulator.answers.headline.beside import has_both
from simulator.answers.headline.estimate import GIVEN, in_brief, own_outcome
from simulator.answers.target import estimate as curves
from simulator.outcomes import OF_NAME
from simulator.plots import theme
from simulator.plots.figure import Figure
from simulator.plots.library import altair
from simulator.plots.words import chance, joined, known, main_target, plain, with_draws
from simulator.statistics.independence import effective_of, replicates_of, worth

SHAPES: Final = ("circle", "square", "triangle-up")
CHANCES: Final = (0.8, 0.5)  # whose rates are marked
PLANS: Final = {
    "gap": "plans start from a trust's own gap",
    "tariff": "plans follow the tariff",
    GIVEN: "plans start from the gap, given the record",
}


class Allowed(NamedTuple):
    """The highest rate that has a chance, with its interval; of one kind of plans."""

    plans: str
    chance: float
    rate: float
    low: float
    high: float
    reached: str


def points(run: xr.DataTree, outcome: str | None = None) -> pd.DataFrame:
    """Give the chance of every target as a table, with the ends of its interval.

    Parameters
    ----------
    run
        As `open` gives it.
    outcome
        What achieving means; by default what each target is meant on.

    Returns
    -------
    points
        By target: `rate` and `chance`, `low` and `high`, all fractions; `plans`, what
        plans start from; and `on_curve`, whether its rate is the same in all years and
        for all trusts, so that it is a point of a curve.
    """
    root = run.to_dataset()
    own = own_outcome(root)
    rows = []
    for name in root["target"].values:
        one = root.sel(target=name)
        judged = outcome or str(own.sel(target=name).values)
        rate = one["rate"].values
        even = bool(np.all(rate == rate[0]) and not one["deficit_addon"].values.any())
        ends = {
            f"{part or 'chance'}": float(
                one[f"sector_probability{'_' * bool(part)}{part}"].sel(outcome=judged)
            )
            for part in ("", "low", "high")
        }
        rows.append(
            {
                "target": str(name),
                "rate": float(rate.mean()),
                **ends,
                "plans": str(one["plan_follows"].values),
                "outcome": judged,
                "on_curve": even,
            }
        )
    if outcome is None:
        rows += _given_the_record(run, rows)
    return pd.DataFrame(rows).sort_values(["plans", "rate"], ignore_index=True)


def _given_the_record(
    run: xr.DataTree, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Give the second answer of a run that has one, where plans follow the gap."""
    answer = in_brief(run)
    if not has_both(answer):
        return []
    found = answer.sel(beliefs=GIVEN, of="sector")
    ends = {"chance": "chance", "low": "chance_low", "high": "chance_high"}
    return [
        {**row, "plans": GIVEN}
        | {
            end: float(found[name].sel(target=row["target"]))
            for end, name in ends.items()
        }
        for row in rows
        if row["plans"] == "gap"
    ]


def allowed(run: xr.DataTree, found: pd.DataFrame) -> list[Allowed]:
    """Find the rates that have the chances marked, on the curve of each kind of plans.

    A run of draws that are not independent, or of few beliefs, has none.
    """
    draws = int(run.attrs["draws"])
    if replicates_of(run) > 1 or worth(draws, effective_of(run)) < draws:
        return []
    achieved = run["counts"]["sector_achieved"]
    parts = []
    for plans, rows in _curves(found):
        outcome = str(rows["outcome"].iloc[0])
        counts = achieved.sel(target=list(rows["target"])).drop_vars("target")
        counts = counts.rename(target=curves.RATE).assign_coords(
            {curves.RATE: rows["rate"].to_numpy()}
        )
        curve = curves.curve(counts, draws)
        for level in CHANCES:
            one = curves.highest_rate(curve, outcome, [level]).isel(chance=0)
            rate, low, high = (
                float(one[name]) for name in ("rate", "rate_low", "rate_high")
            )
            reached = str(one["reached"].values)
            parts.append(Allowed(plans, level, rate, low, high, reached))
    return parts


def _curves(found: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Take the points that make a curve: two or more of one outcome and kind."""
    on_curve = found[found["on_curve"]].drop_duplicates(["plans", "rate"])
    parts = [(str(plans), rows) for plans, rows in on_curve.groupby("plans")]
    parts = [part for part in parts if part[0] != GIVEN]
    return [
        (plans, rows)
        for plans, rows in parts
        if len(rows) > 1 and rows["outcome"].nunique() == 1
    ]


def figure(
    run: xr.DataTree, target: str | None = None, outcome: str | None = None
) -> Figure:
    """Draw the chance against the rate; as of `plots.curve`."""
    found = points(run, outcome)
    target = main_target(run) if target is None else known(run, target)
    marks = allowed(run, found)
    draws = int(run.attrs["draws"])
    row = found[found["target"] == target].iloc[0]
    said = with_draws(_chance(row), draws)
    answers = _answers(marks, str(row["plans"]))
    return Figure(
        chart=_chart(found, marks),
        title=f"{target}: {said}. {answers}".strip(),
        subtitle=(
            f"Chance that {OF_NAME[str(row['outcome'])].meaning}, by the rate asked. "
            "Whiskers: 95% Monte Carlo interval of a chance. Diamonds: the highest "
            "rate with a chance of 80% and of 50%; their bars reach from one rate that "
            "was run to the next, as nothing between them was. Hollow: more is asked "
            "of some trusts or years."
        ),
        alt=_alt(found, marks),
        columns=("target", "rate asked, % a year", "plans", "chance of the sector"),
        rows=tuple(
            (
                str(row["target"]),
                f"{100 * row['rate']:.2f}",
                PLANS[str(row["plans"])],
                _chance(row),
            )
            for _, row in found.iterrows()
        ),
    )


def _chance(row: Any) -> str:
    ends = {"": "chance", "_low": "low", "_high": "high"}
    found = {f"chance{end}": float(row[name]) for end, name in ends.items()}
    return chance(found, "chance")


def _answers(marks: list[Allowed], plans: str) -> str:
    phrases = [
        f"of {mark.chance:.0%} is {_rate(mark)}"
        for mark in marks
        if mark.plans == plans
    ]
    return f"The most with a chance {joined(phrases)}." if phrases else ""


def _rate(mark: Allowed) -> str:
    """Write the rate that a chance allows, with its interval."""
    if mark.reached == curves.NO_RATE:
        return "none of the rates asked"
    if mark.reached == curves.EVERY_RATE:
        return f"{mark.rate:.1%} and more"
    low, high = (f"{100 * end:.1f}" for end in (mark.low, mark.high))
    return f"{mark.rate:.1%} ({low}-{high})"


def _alt(found: pd.DataFrame, marks: list[Allowed]) -> str:
    parts = []
    for plans, rows in found.groupby("plans"):
        phrases = (f"{row['target']} {_chance(row)}" for _, row in rows.iterrows())
        answers = _answers(marks, str(plans))
        words = PLANS[str(plans)].capitalize()
        parts.append(f"{words}: {'; '.join(phrases)}. {answers}".strip())
    outcome = plain(found["outcome"].iloc[0])
    return f"Line chart of the chance of {outcome} by target. {' '.join(parts)}"


def _chart(found: pd.DataFrame, marks: list[Allowed]) -> Any:
    alt = altair()
    shown = found.assign(
        plans=found["plans"].map(PLANS), said=[_chance(r) for _, r in found.iterrows()]
    )
    shown["hover"] = shown["target"] + ": " + shown["said"] + ", " + shown["plans"]
    names = [words for words in PLANS.values() if words in set(shown["plans"])]
    x = alt.X(
        "rate:Q",
        title="rate asked, % of cost a year",
        axis=alt.Axis(format=".1~%", tickCount=8),
        scale=alt.Scale(nice=False, padding=14),
    )
    y = alt.Y(
        "chance:Q",
        title="chance of the sector",
        axis=alt.Axis(format=".0%", values=[0, 0.2, 0.4, 0.5, 0.6, 0.8, 1]),
        scale=alt.Scale(domain=[0, 1]),
    )
    legend = alt.Legend() if len(names) > 1 else None
    colours = alt.Scale(domain=names, range=list(theme.SERIES[: len(names)]))
    shapes = alt.Scale(domain=names, range=list(SHAPES[: len(names)]))
    colour = alt.Color("plans:N", title=None, scale=colours, legend=legend)
    shape = alt.Shape("plans:N", title=None, scale=shapes, legend=legend)
    points = alt.Chart().encode(
        x=x,
        y=y,
        color=colour,
        shape=shape,
        tooltip=[alt.Tooltip("target:N"), alt.Tooltip("said:N", title="chance")],
        description=alt.Description("hover:N"),
    )
    whiskers = alt.Chart().mark_rule(strokeWidth=1.5)
    # A target that asks more of some trusts or years is a point beside the curve.
    beside = points.transform_filter("!datum.on_curve")
    layers = [
        *(_line(alt, shown, k, name, x, y) for k, name in enumerate(names)),
        whiskers.encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour),
        points.transform_filter("datum.on_curve").mark_point(
            filled=True, size=60, opacity=1, aria=True
        ),
        beside.mark_point(
            filled=False, fill=theme.PAPER, size=60, opacity=1, aria=True
        ),
        *_marked(alt, marks),
    ]
    return alt.layer(*layers, data=shown).properties(
        width=theme.WIDTH, height=theme.HEIGHT
    )


def _line(alt: Any, shown: pd.DataFrame, k: int, name: str, x: Any, y: Any) -> Any:
    rows = shown[(shown["plans"] == name) & shown["on_curve"]]
    line = alt.Chart(rows).mark_line(
        interpolate="monotone",
        strokeWidth=2.5,
        color=theme.SERIES[k],
        strokeDash=list(theme.DASHES[k]),
    )
    return line.encode(x=x, y=y)


def _marked(alt: Any, marks: list[Allowed]) -> list[Any]:
    """Mark the rates that have the chances, and say them beside the first curve."""
    shown = [mark for mark in marks if mark.reached == curves.FOUND]
    if not shown:
        return []
    rows = pd.DataFrame(
        [
            {
                "rate": mark.rate,
                "low": mark.low,
                "high": mark.high,
                "chance": mark.chance,
                "said": f"{mark.chance:.0%}: at most {_rate(mark)}",
            }
            for mark in shown
            if mark.plans == shown[0].plans
        ]
    )
    base = alt.Chart(rows).encode(y="chance:Q")
    return [
        base.mark_rule(strokeDash=[2, 3], color=theme.GREY).encode(),
        base.mark_rule(strokeWidth=3, color=theme.INK).encode(x="low:Q", x2="high:Q"),
        base.mark_point(
            shape="diamond", filled=True, size=130, color=theme.INK, opacity=1
        ).encode(x="rate:Q"),
        base.mark_text(align="right", dy=-8, fontSize=12).encode(
            x=alt.value(theme.WIDTH), text="said:N"
        ),
    ]
