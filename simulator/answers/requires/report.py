"""What would have to be true, on a screen and for a script."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.believed import BELIEF
from simulator.answers.layout import how_many, number, record, rows, table
from simulator.answers.requires.estimate import AS_IT_IS, FOUND, LIMIT
from simulator.answers.requires.prim import LEAST
from simulator.answers.text import chance

SHOWN: Final = 8  # beliefs by themselves


def render(found: xr.Dataset) -> RenderableType:
    """Lay out what `estimate.requires` found."""
    attrs = found.attrs
    parts: list[RenderableType] = [
        Text(str(attrs["title"]), style="bold"),
        Text(_asked(found)),
        Text(),
        Text(sentence(found), style="bold"),
        Text(),
    ]
    if found.sizes[LIMIT]:
        parts += [_limits(found), Text()]
    single = _by_themselves(found)
    if single:
        parts += [_alone(found, single), Text()]
    parts += [Text(line) for line in _notes(found, single)]
    return Group(*parts)


def as_records(found: xr.Dataset) -> dict[str, Any]:
    """Give everything for a script: fractions, no rounding, null where unknown."""
    keys = ("title", "target", "outcome", "probability", "reached", "draws", "seed")
    more = ("confidence", "draws_checked", "resamples")
    numbers = record(found)
    box = {
        name: {
            "estimate": numbers[name],
            "low": numbers[f"{name}_low"],
            "high": numbers[f"{name}_high"],
            "of_draws": numbers[f"{name}_of"],
        }
        for name in ("whole", "chance", "mass", "coverage")
    }
    return {
        **{key: found.attrs[key] for key in (*keys, *more)},
        **box,
        "chance_in_the_draws_that_found_it": numbers["found_chance"],
        "limits": [record(row, "limit_") for row in rows(found, LIMIT)],
        "beliefs": [record(row, "alone_") for row in rows(found, BELIEF)],
    }


# --- words ----------------------------------------------------------------------------


def _asked(found: xr.Dataset) -> str:
    attrs = found.attrs
    checked = attrs["draws_checked"]
    return (
        f"What would have to be true for the sector's chance of {attrs['target']} to "
        f"be {100 * attrs['probability']:g}%. {how_many(found)} Half of the draws find "
        "limits to what is believed, a quarter chooses among them, and the other "
        f"{checked:,} say how likely the target is within them. Brackets: "
        f"{attrs['confidence']:.0%} Monte Carlo interval."
    )


def sentence(found: xr.Dataset) -> str:
    """Answer in a sentence or two."""
    attrs = found.attrs
    target, asked = attrs["target"], f"{100 * attrs['probability']:g}%"
    whole = chance(found, "whole")
    if attrs["reached"] == AS_IT_IS:
        return (
            f"{target} has a chance of {whole} as things are believed: nothing more "
            f"need be true for {asked}."
        )
    box = (
        f"{chance(found, 'chance')} where {_all_limits(found)}. That is so in "
        f"{chance(found, 'mass')} of futures, which hold "
        f"{chance(found, 'coverage')} of all that achieve it."
        if found.sizes[LIMIT]
        else ""
    )
    if attrs["reached"] == FOUND:
        short = (
            f" That is short of {asked} beyond noise: more draws will find better "
            "limits."
            if float(found["chance_high"]) < attrs["probability"]
            else ""
        )
        return f"{target} has a chance of {box} Over all futures: {whole}.{short}"
    least = f"{LEAST:.0%}"
    none = (
        f"No limits to what is believed that leave {least} of futures or more give "
        f"{target} a chance of {asked}."
    )
    if float(found["whole"]) == 0.0:
        return f"{none} No draw achieves it: the chance over all futures is {whole}."
    if not box:
        return f"{none} None made it likelier than it is over all futures: {whole}."
    return f"{none} The best found: {box} Over all futures: {whole}."


def _all_limits(found: xr.Dataset) -> str:
    said = [
        f"{row['limit_belief'].item()} is {row['limit_side'].item()} "
        f"{number(float(row['limit_value']))}"
        for row in rows(found, LIMIT)
    ]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def _notes(found: xr.Dataset, single: list[str]) -> Iterator[str]:
    named = [str(name) for name in found["limit_belief"].values]
    for name in dict.fromkeys((*named, *single)):
        row = found.sel({BELIEF: name})
        grade = str(row["grade"].values)
        graded = f" Evidence: grade {grade}." if grade else ""
        meaning = str(row["meaning"].values) or "No built-in meaning."
        yield f"  - {name}: {meaning}{graded}"
    if found.sizes[LIMIT]:
        yield (
            "Met by: share of futures; beside it the middle 80% of all futures. Found "
            f"again: of {found.attrs['resamples']} resamples of the draws, those whose "
            "limits have one on that side of that belief; between: the middle 80% of "
            "where it then lies."
        )
    yield (
        "These are conditions on what is believed, not levers: nobody can set them. "
        "They hold for the futures of this run, and say nothing of causes outside it."
    )


# --- tables ---------------------------------------------------------------------------


def _limits(found: xr.Dataset) -> Table:
    titles = (
        "limit",
        "met by",
        "middle 80%",
        "found again",
        "between",
    )
    made = table("what must be true", titles)
    times = int(found.attrs["resamples"])
    for row in rows(found, LIMIT):
        name = str(row["limit_belief"].values)
        own = found.sel({BELIEF: name})
        low, high = float(row["limit_value_low"]), float(row["limit_value_high"])
        made.add_row(
            name,
            f"{row['limit_side'].item()} {number(float(row['limit_value']))}",
            f"{100 * float(row['limit_met']):.0f}%",
            f"{number(float(own['lower_tenth']))} to "
            f"{number(float(own['upper_tenth']))}",
            f"{round(float(row['limit_kept']) * times)} of {times}",
            f"{number(low)} to {number(high)}" if np.isfinite(low) else "never",
        )
    return made


def _by_themselves(found: xr.Dataset) -> list[str]:
    """Name the beliefs whose two ends differ beyond noise, the furthest apart first."""
    apart = (found["alone_best"] - found["alone_worst"]).fillna(0.0).values
    beyond = (found["alone_best_low"] > found["alone_worst_high"]).values
    order = np.argsort(-apart, kind="stable")
    return [str(found[BELIEF].values[k]) for k in order if beyond[k]][:SHOWN]


def _alone(found: xr.Dataset, names: list[str]) -> Table:
    asked = f"{100 * found.attrs['probability']:g}%"
    titles = (
        "in its worst tenth",
        "in its best tenth",
        f"{asked} where it is",
        "in futures",
    )
    made = table("chance by one belief alone", titles)
    for name in names:
        row = found.sel({BELIEF: name})
        threshold = float(row["alone_threshold"])
        beyond = float(row["alone_beyond"])
        cells = ("at no value", "")
        if beyond == 1.0:
            cells = ("at any value", "")
        elif np.isfinite(threshold):
            where = f"{row['alone_side'].item()} {number(threshold)}"
            cells = (where, f"{100 * beyond:.0f}%")
        made.add_row(
            name, chance(row, "alone_worst"), chance(row, "alone_best"), *cells
        )
    return made
