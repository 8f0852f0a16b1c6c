"""What it would be worth to know more, on a screen, for a script and for R."""

import io
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.believed import BELIEF
from simulator.answers.layout import how_many, percent, record, rows, table
from simulator.answers.worth import regression
from simulator.answers.worth.estimate import REGRET, UNIT, net_benefit
from simulator.outcomes import OF_NAME

SHOWN: Final = 8  # beliefs, where so many are worth anything
RULE: Final = (
    "What is saved is saved by a rule fitted to some of the draws and judged by the "
    "others: whoever knew exactly could do a little better, never worse. Values of "
    "several do not add up. Of nothing, noise may make a little less than nothing."
)


def render(found: xr.Dataset, checked: xr.Dataset | None = None) -> RenderableType:
    """Lay out what `estimate.worth` found, and what simulations say of it."""
    parts: list[RenderableType] = [
        Text(str(found.attrs["title"]), style="bold"),
        Text(_asked(found)),
        Text(),
        Text(sentence(found), style="bold"),
        Text(),
    ]
    whole = [*leading(found, "section"), *leading(found, "all")]
    for first, units in (
        ("knowing one belief", leading(found, "belief")[:SHOWN]),
        ("knowing two", leading(found, "pair")),
        ("knowing all of", whole),
    ):
        if units:
            parts += [_table(found, first, units), Text()]
    if checked is not None:
        parts += [_checked(found, checked), Text()]
    return Group(*parts, *(Text(line) for line in _notes(found)))


def as_records(found: xr.Dataset, checked: xr.Dataset | None = None) -> dict[str, Any]:
    """Give everything for a script: fractions and GBP m, null where unknown."""
    attrs = found.attrs
    keys = ("title", "target", "outcome", "rate", "regret", "draws", "seed")
    numbers = record(found)
    made = {
        **{key: attrs[key] for key in (*keys, "confidence")},
        "point": attrs["point"],
        "wrong_calls_now": numbers["wrong"],
        "loss_now": numbers["loss"],
        "best_rate_now": numbers["best"],
        "units": [record(row) for row in rows(found, UNIT)],
    }
    if checked is not None:
        made["simulated"] = [record(row) for row in rows(checked, UNIT)]
    return made


def as_csv(given: xr.Dataset, regret: float) -> tuple[str, str]:
    """Write beliefs and net benefits, a line a draw, as R's voi and BCEA read them."""
    beliefs = given["value"].transpose("draw", BELIEF)
    benefits = net_benefit(given, regret)
    names = [str(name) for name in given[BELIEF].values]
    asked = [f"{100 * rate:.2f}%" for rate in benefits["asked"].values]
    return _lines(names, beliefs.values), _lines(asked, benefits.values)


def _lines(names: list[str], values: np.ndarray[Any, Any]) -> str:
    text = io.StringIO()
    text.write(",".join(f'"{name}"' for name in names) + "\n")
    np.savetxt(text, values, fmt="%.9g", delimiter=",")
    return text.getvalue()


# --- words ----------------------------------------------------------------------------


def _asked(found: xr.Dataset) -> str:
    attrs = found.attrs
    rated = not np.isnan(float(found["loss"]))
    money = (
        f" Money: what a wrong rate costs, where missing a target by GBP 1m costs "
        f"{attrs['regret']:g} times what asking GBP 1m too little costs."
        if rated
        else ""
    )
    return (
        f"What it would be worth to know what is believed, before {attrs['target']} is "
        f"called achievable or not, and before a rate is asked. {how_many(found)}"
        f"{money} Brackets: {attrs['confidence']:.0%} Monte Carlo interval."
    )


def sentence(found: xr.Dataset) -> str:
    """Answer in a few sentences."""
    attrs = found.attrs
    wrong = 100 * float(found["wrong"])
    said = (
        f"Whoever calls {attrs['target']} achievable or not, by what is likelier, is "
        f"wrong in {wrong:.0f}% of futures."
    )
    first_ones = leading(found, "belief")
    if not first_ones:
        return f"{said} Knowing any one belief would change nothing beyond noise."
    first = found.sel({UNIT: first_ones[0]})
    said = f"{said} To know {first_ones[0]} would put {_right(first)}"
    if not np.isnan(float(found["loss"])):
        said = (
            f"{said}, and save GBP {_money(first)} million of the "
            f"{float(found['loss']):,.0f} lost by asking for the best rate now, "
            f"{100 * float(found['best']):.2f}%"
        )
    whole = found.sel({UNIT: "all beliefs"}) if "all beliefs" in found[UNIT] else None
    if whole is None or np.isnan(float(whole["calls"])):
        return f"{said}."
    return f"{said}. To know all beliefs would put {_right(whole)}."


def _right(row: xr.Dataset) -> str:
    if float(row["calls_low"]) <= 0.0:
        return "none of these calls right beyond noise"
    return f"{_points(row)} points of these calls right"


def _notes(found: xr.Dataset) -> Iterator[str]:
    for name in leading(found, "belief")[:SHOWN]:
        meaning = str(found["belief_meaning"].sel({BELIEF: name}).values)
        yield f"  - {name}: {meaning or 'No built-in meaning.'}"
    variable = (
        "the most that the sector could have met"
        if not np.isnan(float(found["loss"]))
        else f"whether this holds: {OF_NAME[str(found.attrs['outcome'])].meaning}"
    )
    yield (
        f"Variance explained: of {variable}. Calls put right: points of futures. "
        f"Evidence: its grade today, from A, published figures, to C, judgement. {RULE}"
    )
    if found.attrs["regret"] == REGRET and not np.isnan(float(found["loss"])):
        yield (
            f"A miss costs {REGRET:g} times as much unless --regret says otherwise: "
            "then the best rate is the one that has an 80% chance, the level that "
            "`target` looks for. It is a judgement. A rate of one point a year is GBP "
            f"{found.attrs['point']:,.0f}m over all years."
        )
    refused = found["kind"].where(np.isnan(found["explains"]), drop=True)
    for unit in refused[UNIT].values:
        n_term = int(found["terms"].sel({UNIT: unit}))
        need = n_term * regression.DRAWS_A_TERM * regression.FOLDS
        yield (
            f"Not given, {unit}: a regression of {n_term:,} terms needs "
            f"{-(-need // (regression.FOLDS - 1)):,} draws."
        )


# --- tables ---------------------------------------------------------------------------


def leading(found: xr.Dataset, kind: str) -> list[str]:
    """Name the units of a kind that are worth something, the most valuable first."""
    own = found.isel({UNIT: (found["kind"] == kind).values})
    rated = not np.isnan(float(found["loss"]))
    by = "money" if rated else "explains"
    size = own[by].fillna(-np.inf).values
    if kind == "belief":  # most of many are worth nothing
        size = np.where((own[f"{by}_low"] > 0.0).values, size, -np.inf)
    order = [k for k in np.argsort(-size, kind="stable") if np.isfinite(size[k])]
    return [str(own[UNIT].values[k]) for k in order]


def _table(found: xr.Dataset, first: str, units: list[str]) -> Table:
    rated = not np.isnan(float(found["loss"]))
    graded = bool((found["kind"].sel({UNIT: units}) == "belief").any())
    titles = ["variance explained", "calls put right"]
    titles += ["GBP m saved"] * rated + ["evidence"] * graded
    made = table(first, titles)
    grades = dict(zip(found[BELIEF].values, found["belief_grade"].values, strict=True))
    for unit in units:
        row = found.sel({UNIT: unit})
        cells = [percent(row, "explains"), _points(row)]
        cells += [_money(row)] * rated + [str(grades.get(unit, ""))] * graded
        made.add_row(unit, *cells)
    return made


def _checked(found: xr.Dataset, checked: xr.Dataset) -> Table:
    made = table("by nested simulation", ["calls put right", "GBP m saved"])
    for row in rows(checked, UNIT):
        made.add_row(str(row[UNIT].values), _points(row), _money(row))
    made.caption = (
        f"{checked.attrs['outer']} values of a belief, each in "
        f"{checked.attrs['inner']} futures that share nothing else: no regression. It "
        "should agree with the tables above to within the brackets."
    )
    made.caption_justify = "left"
    return made


def _points(row: xr.Dataset) -> str:
    return _figure(row, "calls", 100.0, 1)


def _money(row: xr.Dataset) -> str:
    return _figure(row, "money", 1.0, 0)


def _figure(row: xr.Dataset, name: str, scale: float, digits: int) -> str:
    value, low, high = (
        # Adding 0 turns a rounded -0 into 0.
        round(scale * float(row[f"{name}{end}"]), digits) + 0.0
        for end in ("", "_low", "_high")
    )
    return f"{value:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"
