"""A tornado on a screen and for a script."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.layout import how_many, record, rows, table
from simulator.answers.text import chance
from simulator.answers.tornado.estimate import INPUT, LEVER
from simulator.answers.tornado.levers import ANYWHERE
from simulator.outcomes import OF_NAME

WIDE: Final = 9  # letters of a bar on either side
SHOWN: Final = 16  # inputs, of those that move anything
AGENDA: Final = 5


def render(found: xr.Dataset) -> RenderableType:
    """Lay out what `simulate.tornado` found."""
    parts: list[RenderableType] = [
        Text(str(found.attrs["title"]), style="bold"),
        Text(_asked(found)),
        Text(),
        _bars(found),
        Text(),
        Text(_agenda(found), style="bold"),
        *(Text(line) for line in _notes(found)),
    ]
    return Group(*parts)


def as_records(found: xr.Dataset) -> dict[str, Any]:
    """Give everything for a script: fractions, and GBP m of a balance."""
    keys = ("title", "target", "outcome", "draws", "seed", "confidence")
    numbers = record(found)
    made = []
    for row in rows(found, INPUT):
        own = record(row)
        for name in ("chance", "delivered"):
            own[f"{name}_at"] = {
                side: float(row[name].sel(side=side)) for side in ("low", "high")
            }
        made.append(own)
    base = ("base_chance", "base_chance_low", "base_chance_high", "base_delivered")
    return {
        **{key: found.attrs[key] for key in keys},
        **{key: numbers[key] for key in base},
        "inputs": made,
        "left_out": [
            {"lever": str(name), "why": str(why)}
            for name, why in zip(found[LEVER].values, found["why"].values, strict=True)
        ],
    }


# --- words ----------------------------------------------------------------------------


def _unit(found: xr.Dataset) -> tuple[float, str, int]:
    """Give what a delivered figure is multiplied by, its unit and its decimals."""
    if OF_NAME[str(found.attrs["outcome"])].falls:
        return 100.0, "points a year", 2
    return 1.0, "GBP m in the last year", 0


def _asked(found: xr.Dataset) -> str:
    scale, unit, digits = _unit(found)
    return (
        f"How far each belief and lever moves {found.attrs['target']} by itself, all "
        f"else as drawn. {how_many(found)} As drawn: a chance of "
        f"{chance(found, 'base_chance')}, and "
        f"{scale * float(found['base_delivered']):,.{digits}f} {unit} on average."
    )


def _agenda(found: xr.Dataset) -> str:
    order = np.argsort(-found["agenda"].values, kind="stable")[:AGENDA]
    names = [
        f"{found[INPUT].values[k]} ({found['grade'].values[k]})"
        for k in order
        if found["agenda"].values[k] > 0.0
    ]
    if not names:
        return "No graded belief moves anything."
    return (
        f"To look into first, influence times weakness of evidence: {', '.join(names)}."
    )


def _notes(found: xr.Dataset) -> list[str]:
    return [
        "Low and high: the 10% and the 90% point of what is believed; two positions of "
        "a lever, whose source --json gives. Moves: what is delivered at high less at "
        f"low. ± and brackets: {found.attrs['confidence']:.0%} Monte Carlo interval of "
        "paired draws. The bar: from low (<) to high (>) around what is delivered as "
        "drawn.",
        *_left_out(found),
    ]


def _left_out(found: xr.Dataset) -> Iterator[str]:
    """Say which levers are left where they are; a script gets all, with the reason."""
    anywhere = [
        str(name)
        for name, why in zip(found[LEVER].values, found["why"].values, strict=True)
        if why == ANYWHERE
    ]
    if anywhere:
        yield (
            f"Left where they are, as {ANYWHERE}: {', '.join(anywhere)}. To see one "
            "moved, set it."
        )


def _bars(found: xr.Dataset) -> Table:
    scale, unit, digits = _unit(found)
    short = unit.replace(" a year", "").replace(" in the last year", "")
    titles = ("low", "high", f"moves, {short}", "chance", "", "grade")
    made = table("belief or lever", titles)
    widest = float(np.abs(found["delivered"].values).max()) or 1.0
    for row in list(rows(found, INPUT))[:SHOWN]:
        sides = [float(row["delivered"].sel(side=side)) for side in ("low", "high")]
        turns = [100.0 * float(row["chance"].sel(side=s)) for s in ("low", "high")]
        value = scale * float(row["swing"])
        half = scale * float(row["swing_high"] - row["swing_low"]) / 2.0
        made.add_row(
            str(row[INPUT].values),
            str(row["low"].values),
            str(row["high"].values),
            f"{value:+,.{digits}f} ±{half:,.{digits + 1}f}",
            f"{turns[0]:.0f}-{turns[1]:.0f}%",
            _bar(sides, widest),
            str(row["grade"].values),
        )
    return made


def _bar(sides: list[float], widest: float) -> str:
    """Draw from the one end to the other around the middle."""
    bar = [" "] * (2 * WIDE + 1)
    for value, letter in zip(sides, "<>", strict=True):
        length = round(abs(value) / widest * WIDE)
        step = 1 if value > 0.0 else -1
        for k in range(1, length + 1):
            bar[WIDE + step * k] = letter
    bar[WIDE] = "|"
    return "".join(bar)
