"""Causes on a screen: what a result is put down to, adding up from top to bottom."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

import xarray as xr
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from simulator.answers.text import financial_year
from simulator.answers.why.simulate import QUANTITIES, Explanation, Question
from simulator.outcomes import PRODUCTIVITIES
from simulator.schema import CONFIDENCE

WITHOUT: Final = "with none of these in the way"
# How a quantity is written: its multiple, its digits, its unit, its unit for scripts.
FORMS: Final = {
    "delivered": (100.0, 3, "% a year", "fraction a year"),
    "balance": (1.0, 0, "GBP m", "GBP m"),
    "chance": (100.0, 1, "% of futures", "probability"),
}


def render(
    explained: Explanation, quantities: Sequence[str] = QUANTITIES
) -> RenderableType:
    """Lay out an explanation; of the quantities, those that are asked for."""
    return Group(
        Text(_title(explained.question), style="bold"),
        Text(_asked(explained)),
        Text(),
        _table(explained, quantities),
        Text(),
        *(Text(_largest(explained, name), style="bold") for name in quantities),
        *(Text(line) for line in notes(explained)),
    )


def _title(question: Question) -> str:
    first, second = question.first, question.second
    if second is None:
        return f"{first.title}: what is delivered of {question.target}, and why"
    return f"{question.target}: why {second.name} differs from {first.name}"


def _asked(explained: Explanation) -> str:
    sets = len(explained.question.sets)
    return (
        f"{explained.shares.attrs['draws']:,} draws, seed {explained.seed}, the same "
        f"for every set of causes ({sets}). A line is what a cause adds on average "
        "over all orders of switching the causes on (Shapley value), so the lines add "
        "up exactly. + raises, - lowers; ± and brackets: 95% Monte Carlo interval."
    )


def _table(explained: Explanation, quantities: Sequence[str]) -> Table:
    question, shares = explained.question, explained.shares
    one = question.second is None
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column("")
    for name in quantities:
        title = f"{_words(question, name)}\n{FORMS[name][2]}"
        table.add_column(_broken(title), justify="right", no_wrap=True)
    if one:
        asked = {"delivered": mean_rate(question), "balance": 0.0}
        cells = [number(n, asked[n]) if n in asked else "" for n in quantities]
        table.add_row("target", *cells)
    first, last = (WITHOUT, "delivered") if one else _names(question)
    table.add_row(first, *(_level(shares, "without", name) for name in quantities))
    for cause in question.causes:
        row = shares.sel(cause=cause.name)
        cells = [_change(row, "contribution", name) for name in quantities]
        table.add_row(f"  {cause.name}", *cells)
        table.add_row(Padding(Text(cause.meaning, style="dim"), (0, 0, 0, 4)))
    table.add_row(last, *(_level(shares, "with_all", name) for name in quantities))
    if one:
        gaps = {n: _value(shares, "with_all", n) - asked[n] for n in asked}
        cells = [number(n, gaps[n], "+") if n in gaps else "" for n in quantities]
        table.add_row("less target", *cells)
    else:
        cells = [_change(shares, "total", name) for name in quantities]
        table.add_row("difference", *cells)
    return table


def _broken(title: str) -> str:
    """Break the head of a column, so that there is room for what the lines mean."""
    return re.sub(r" (?=productivity|savings|\d{4}/|achieve)", "\n", title)


def _names(question: Question) -> tuple[str, str]:
    assert question.second is not None
    return question.first.name, question.second.name


def _words(question: Question, quantity: str) -> str:
    what = "productivity" if question.basis in PRODUCTIVITIES else "savings"
    return {
        "delivered": f"{question.basis.replace('_', '-')} {what}",
        "balance": f"balance in {financial_year(question.first.last_year)}",
        "chance": "chance to achieve",
    }[quantity]


def mean_rate(question: Question) -> float:
    """Give what the target asks on average over the years."""
    return math.fsum(question.world.rate) / question.first.years


def number(quantity: str, value: float, sign: str = "") -> str:
    """Write a number in its quantity's unit, without a minus before a zero."""
    times, digits, _, _ = FORMS[quantity]
    rounded = round(value * times, digits)
    return f"{rounded:{sign},.{digits}f}" if rounded else f"{0.0:.{digits}f}"


def _value(shares: xr.Dataset, name: str, quantity: str) -> float:
    return float(shares[name].sel(quantity=quantity))


def _ends(shares: xr.Dataset, name: str, quantity: str) -> tuple[float, float]:
    low, high = (_value(shares, f"{name}_{end}", quantity) for end in ("low", "high"))
    return low, high


def _level(shares: xr.Dataset, name: str, quantity: str) -> str:
    """Write a level with its interval; a chance that no draw showed as a bound."""
    value = _value(shares, name, quantity)
    low, high = _ends(shares, name, quantity)
    if quantity != "chance":
        return f"{number(quantity, value)} ±{number(quantity, (high - low) / 2)}"
    if value == 0.0:
        return f"below {number(quantity, high)}"
    if value == 1.0:
        return f"above {number(quantity, low)}"
    ends = f"{number(quantity, low)}-{number(quantity, high)}"
    return f"{number(quantity, value)} ({ends})"


def _change(shares: xr.Dataset, name: str, quantity: str) -> str:
    low, high = _ends(shares, name, quantity)
    value = number(quantity, _value(shares, name, quantity), "+")
    return f"{value} ±{number(quantity, (high - low) / 2)}"


def _largest(explained: Explanation, quantity: str) -> str:
    """Name the causes that lower and raise a quantity most, if any is clear."""
    what = _words(explained.question, quantity)
    what = what[0].upper() + what[1:]
    clear = {}
    for cause in explained.question.causes:
        row = explained.shares.sel(cause=cause.name)
        low, high = _ends(row, "contribution", quantity)
        if low > 0.0 or high < 0.0:
            clear[cause.name] = _value(row, "contribution", quantity)
    said = []
    for word, most in (("lowered", min), ("raised", max)):
        name = most(clear, key=lambda cause: clear[cause], default="")
        if name and (clear[name] < 0.0) == (word == "lowered"):
            said.append(f"{word} most by {name} ({number(quantity, clear[name], '+')})")
    if said:
        return f"{what}: {', '.join(said)}."
    if explained.question.causes:
        return f"{what}: no cause can be told from nothing at this number of draws."
    return f"{what}: nothing differs, so the difference is exactly 0."


def notes(explained: Explanation) -> Iterator[str]:
    """Say what the lines mean, and what they do not."""
    question = explained.question
    one = question.second is None
    if one:
        yield from _on_basis(explained)
        yield "A line compares the scenario with a yardstick, not a forecast, in which:"
        for cause in question.causes:
            yield f"  - without {cause.name}: {cause.reference}"
    if question.absent:
        names = ", ".join(cause.name for cause in question.absent)
        where = "Not in this scenario" if one else "The same in both"
        yield f"{where}, so exactly 0: {names}."


def _on_basis(explained: Explanation) -> Iterator[str]:
    question = explained.question
    if explained.all_real is not None:
        without = _value(explained.shares, "without", "delivered")
        yield (
            f"{WITHOUT.capitalize()}, {number('delivered', without)}% a year is "
            "delivered: only part of what is reported as saved lowers the cost of care "
            "for good. Were all of it real, it would be "
            f"{number('delivered', explained.all_real)}%."
        )
    if question.basis == "reported":
        yield (
            "A one-off saving counts again in every year in which it is found again, "
            "so more than the target may be reported."
        )
    if any(cause.name == "one-offs" for cause in question.causes):
        yield (
            "What is met by one-offs is planned again the year after: plans are larger "
            "for it and more is saved for good. One-offs also hold up the last year's "
            "balance."
        )


def as_records(
    explained: Explanation, quantities: Sequence[str] = QUANTITIES
) -> dict[str, object]:
    """Give the explanation for a script: plain numbers, no rounding."""
    question, shares = explained.question, explained.shares
    known = (*question.causes, *question.absent)
    return {
        "first": question.first.name,
        "second": question.second.name if question.second else None,
        "target": question.target,
        "rate": mean_rate(question),
        "basis": question.basis,
        "draws": int(shares.attrs["draws"]),
        "seed": explained.seed,
        "confidence": CONFIDENCE,
        "sets_of_causes": len(question.sets),
        "quantities": {name: _record(explained, name) for name in quantities},
        "without_if_all_reported_is_real": explained.all_real,
        "meaning": {cause.name: cause.meaning for cause in known},
        "reference": {c.name: c.reference for c in known if c.reference},
        "notes": list(notes(explained)),
    }


def _record(explained: Explanation, quantity: str) -> dict[str, object]:
    shares = explained.shares

    def read(found: xr.Dataset, name: str) -> dict[str, float]:
        low, high = _ends(found, name, quantity)
        return {"estimate": _value(found, name, quantity), "low": low, "high": high}

    nothing = {"estimate": 0.0, "low": 0.0, "high": 0.0}
    by_cause = {
        cause.name: read(shares.sel(cause=cause.name), "contribution")
        for cause in explained.question.causes
    }
    by_cause |= {cause.name: nothing for cause in explained.question.absent}
    return {
        "unit": FORMS[quantity][3],
        "without": read(shares, "without"),
        "causes": by_cause,
        "total": read(shares, "total"),
        "with_all": read(shares, "with_all"),
    }
