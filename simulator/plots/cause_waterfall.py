"""Why a target is missed: from a world without causes to what is delivered."""

from typing import Any, Final

import pandas as pd

from simulator.answers.why import report as causes_report
from simulator.answers.why.report import FORMS
from simulator.answers.why.simulate import QUANTITIES, Explanation, Question
from simulator.errors import SimulatorError
from simulator.plots import theme
from simulator.plots.figure import Figure
from simulator.plots.library import altair
from simulator.plots.words import MINUS, financial_year, joined, plain

BESIDE: Final = 110  # width of the numbers beside the bars, in pixels
BAR: Final = 30  # height of a bar with its gap, in pixels
WRITTEN: Final = {
    "delivered": "{}% a year",
    "balance": "GBP {}m",
    "chance": "{}% of futures",
}
LEVEL, FALL, RISE = "level", "lowers", "raises"


def steps(explained: Explanation, quantity: str) -> pd.DataFrame:
    """Give the steps from nothing in the way to what is delivered, in plain units.

    Returns
    -------
    steps
        In order: `cause`, `meaning`; `start` and `end` of its bar; `change` (of a
        level, the level itself) with `low` and `high`; `kind`, "level", "lowers" or
        "raises". In the unit of `causes_report.FORMS`.
    """
    question, shares = explained.question, explained.shares.sel(quantity=quantity)
    times = FORMS[quantity][0]
    one = question.second is None
    first, last = (
        (causes_report.WITHOUT, "delivered")
        if one
        else (question.first.name, question.second.name if question.second else "")
    )

    def ends(found: Any, name: str) -> dict[str, float]:
        parts = {"change": "", "low": "_low", "high": "_high"}
        return {key: times * float(found[f"{name}{end}"]) for key, end in parts.items()}

    at = ends(shares, "without")
    rows: list[dict[str, Any]] = [
        {"cause": first, "meaning": "", "kind": LEVEL, "start": 0.0, **at}
        | {"end": at["change"]}
    ]
    level = at["change"]
    for cause in question.causes:
        found = ends(shares.sel(cause=cause.name), "contribution")
        kind = RISE if found["change"] >= 0.0 else FALL
        rows.append(
            {"cause": cause.name, "meaning": cause.meaning, "kind": kind, **found}
            | {"start": level, "end": level + found["change"]}
        )
        level += found["change"]
    at = ends(shares, "with_all")
    rows.append(
        {"cause": last, "meaning": "", "kind": LEVEL, "start": 0.0, **at}
        | {"end": at["change"]}
    )
    return pd.DataFrame(rows)


def figure(explained: Explanation, quantity: str = "delivered") -> Figure:
    """Draw what a result is put down to; as of `plots.waterfall`."""
    if quantity not in QUANTITIES:
        problem = f"{quantity!r} is none of {', '.join(QUANTITIES)}"
        raise SimulatorError("quantity", problem)
    found = steps(explained, quantity)
    question, unit = explained.question, FORMS[quantity][2]
    target = None
    if question.second is None and quantity != "chance":
        asked = {"delivered": causes_report.mean_rate(question), "balance": 0.0}
        target = FORMS[quantity][0] * asked[quantity]
    draws = int(explained.shares.attrs["draws"])
    last = found.iloc[-1]
    level = (
        f"{WRITTEN[quantity].format(_number(quantity, last['change']))} "
        f"({_number(quantity, last['low'])} to {_number(quantity, last['high'])}, "
        f"{draws:,} draws)"
    )
    return Figure(
        chart=_chart(found, quantity, target),
        title=f"{question.target}: {_title(quantity, level)}. {_most(found, quantity)}",
        subtitle=(
            f"{_what(question, quantity)}, {unit}. A bar is what a cause "
            "adds on average over all orders of switching the causes on (Shapley "
            "value); together they add up exactly. ± and brackets: 95% Monte Carlo "
            "interval."
        ),
        alt=_alt(found, quantity, unit),
        columns=("cause", "what it is", f"adds, {unit}"),
        rows=tuple(
            (str(row["cause"]), str(row["meaning"]), _change(quantity, row))
            for _, row in found.iterrows()
        ),
    )


def _what(question: Question, quantity: str) -> str:
    basis = plain(question.basis)
    return {
        "delivered": f"{basis[0].upper()}{basis[1:]} savings or productivity",
        "balance": f"Balance of {financial_year(question.first.last_year)}",
        "chance": "Chance to achieve",
    }[quantity]


def _title(quantity: str, level: str) -> str:
    said = {
        "delivered": f"{level} is delivered",
        "balance": f"the last year's balance is {level}",
        "chance": f"it is achieved in {level}",
    }
    return said[quantity]


def _number(quantity: str, value: float, sign: str = "") -> str:
    """Write a number that has its unit already, with a true minus."""
    times = FORMS[quantity][0]
    return causes_report.number(quantity, value / times, sign).replace("-", MINUS)


def _change(quantity: str, row: Any) -> str:
    sign = "" if row["kind"] == LEVEL else "+"
    half = (row["high"] - row["low"]) / 2.0
    value = _number(quantity, row["change"], sign)
    return f"{value} ±{_number(quantity, half)}"


def _most(found: pd.DataFrame, quantity: str) -> str:
    """Name the causes that lower it most, and can be told from nothing."""
    clear = found[(found["kind"] == FALL) & (found["high"] < 0.0)]
    if clear.empty:
        return "No cause that lowers it can be told from nothing at this many draws."
    named = [
        f"{row['cause']} ({_number(quantity, row['change'], '+')})"
        for _, row in clear.nsmallest(2, "change").iterrows()
    ]
    return f"Lowered most by {joined(named)}."


def _alt(found: pd.DataFrame, quantity: str, unit: str) -> str:
    clear = [f"{row['cause']} {_change(quantity, row)}" for _, row in found.iterrows()]
    return f"Waterfall chart, {unit}: {'; '.join(clear)}."


def _chart(found: pd.DataFrame, quantity: str, target: float | None) -> Any:
    alt = altair()
    said = [_change(quantity, row) for _, row in found.iterrows()]
    shown = found.assign(said=said, hover=found["cause"] + ": " + said)
    wide = theme.WIDTH - 220
    kinds = [kind for kind in (LEVEL, FALL, RISE) if kind in set(shown["kind"])]
    colours = {LEVEL: theme.GREY, FALL: theme.ORANGE, RISE: theme.BLUE}
    order = list(shown["cause"])
    y = alt.Y("cause:N", sort=order, title=None, axis=alt.Axis(ticks=False, grid=False))
    x = alt.X(
        "start:Q",
        title=FORMS[quantity][2],
        scale=alt.Scale(zero=True, nice=True),
    )
    base = alt.Chart()
    layers = [
        base.mark_bar(height={"band": 0.68}, aria=True).encode(
            description=alt.Description("hover:N"),
            x=x,
            x2="end:Q",
            y=y,
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(domain=kinds, range=[colours[k] for k in kinds]),
            ),
            tooltip=["cause:N", "meaning:N", alt.Tooltip("said:N", title="adds")],
        ),
        base.mark_text(align="right", fontSize=12, color=theme.INK).encode(
            x=alt.value(wide + BESIDE), y=y, text="said:N"
        ),
    ]
    if target is not None:
        line = alt.Chart(pd.DataFrame({"at": [target], "said": ["target"]}))
        rule = line.mark_rule(color=theme.INK, strokeDash=[4, 3]).encode(x="at:Q")
        words = line.mark_text(dy=-8, fontSize=12, color=theme.INK)
        layers += [rule, words.encode(x="at:Q", y=alt.value(0), text="said:N")]
    height = BAR * len(shown)
    return alt.layer(*layers, data=shown).properties(width=wide, height=height)
