"""Which futures to look at, on a screen and for a script."""

import shlex
from typing import Any, Final

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.believed import BELIEF
from simulator.answers.futures.estimate import CAUSE, FUTURE, LUCK
from simulator.answers.layout import how_many, number, record, rows, table

SHOWN: Final = 10  # causes of a kind
NAMED: Final = 3  # causes of one future
WORDS: Final = {
    "median": "the tenth of futures around the median",
    "worst-tenth": "the worst tenth of futures",
    "achieved": "the futures that achieve it",
    "missed": "the futures that miss it",
}


def render(found: xr.Dataset, where: str) -> RenderableType:
    """Lay out what `estimate.futures` found in the run file `where`."""
    parts: list[RenderableType] = [
        Text(str(found.attrs["title"]), style="bold"),
        Text(_asked(found)),
        Text(),
        _causes(found),
        Text(),
        _futures(found),
        Text(),
        *(Text(line) for line in _notes(found)),
        Text("One of them as arithmetic, for the largest trust:"),
        Text(f"  {_explain(found, where)}", no_wrap=True, overflow="ignore"),
    ]
    return Group(*parts)


def as_records(found: xr.Dataset, where: str) -> dict[str, Any]:
    """Give everything for a script: plain numbers, points where it says so."""
    keys = ("title", "target", "outcome", "near", "size", "draws", "seed")
    names = [str(name) for name in found[CAUSE].values]
    made = []
    for row in rows(found, FUTURE):
        own = record(row)
        own["added"] = dict(
            zip(names, [float(value) for value in row["added"].values], strict=True)
        )
        made.append(own)
    return {
        **{key: found.attrs[key] for key in (*keys, "confidence")},
        "causes": [record(row.drop_vars("added")) for row in rows(found, CAUSE)],
        "futures": made,
        "explain": _explain(found, where),
    }


# --- words ----------------------------------------------------------------------------


def _asked(found: xr.Dataset) -> str:
    attrs = found.attrs
    return (
        f"Which futures of {attrs['target']} to look at: {WORDS[attrs['near']]}, "
        f"{attrs['size']:,} of {attrs['draws']:,}. {how_many(found)}"
    )


def _notes(found: xr.Dataset) -> list[str]:
    variable = (
        "what the sector could have met, points a year"
        if "could" in found
        else "whether it is achieved, points of chance"
    )
    shown = found[CAUSE].values[:SHOWN]
    named = [name for name in shown if str(name) in found[BELIEF].values]
    return [
        *(
            f"  - {name}: {found['meaning'].sel({BELIEF: name}).item()}"
            for name in named
        ),
        "luck: the mean over years of what beliefs do not say of a series; "
        + ", ".join(f"{name}: {words}" for name, words in LUCK.items())
        + ".",
        f"Adds: to {variable}, beyond the mean of all futures, in a linear regression; "
        f"brackets: {found.attrs['confidence']:.0%} Monte Carlo interval of the kind's "
        "mean. Typical futures are the closest to that mean in all causes at once.",
    ]


def _explain(found: xr.Dataset, where: str) -> str:
    first = int(found["draw"].values[0])
    words = ("explain", where, "--draw", str(first), "--trust", found.attrs["trust"])
    return shlex.join(["simulator", *words, "--target", found.attrs["target"]])


def _shown(found: xr.Dataset) -> list[str]:
    """Name the causes that add more or less than noise does; the first three anyway."""
    beyond = (found["adds_low"] > 0.0) | (found["adds_high"] < 0.0)
    names = [str(name) for name in found[CAUSE].values]
    return [
        name
        for k, (name, seen) in enumerate(zip(names, beyond.values, strict=True))
        if k < NAMED or seen
    ][:SHOWN]


# --- tables ---------------------------------------------------------------------------


def _causes(found: xr.Dataset) -> Table:
    titles = ("usually", "in these", "apart, sd", "adds, points")
    made = table("what sets them apart", titles)
    for name in _shown(found):
        row = found.sel({CAUSE: name})
        low, high = (float(row[f"adds{end}"]) for end in ("_low", "_high"))
        made.add_row(
            name,
            number(float(row["usual"])),
            number(float(row["here"])),
            f"{float(row['apart']):+.2f}",
            f"{float(row['adds']):+.2f} ({low:+.2f} to {high:+.2f})",
        )
    return made


def _futures(found: xr.Dataset) -> Table:
    rated = ["could meet"] if "could" in found else []
    made = table("draw", ["future", *rated, "achieved", "most of it, points"])
    made.columns[0].min_width = None
    made.columns[-1].justify = "left"
    names = found[CAUSE].values
    for row in rows(found, FUTURE):
        added = row["added"].values
        leading = np.argsort(-np.abs(added), kind="stable")[:NAMED]
        said = ", ".join(f"{names[k]} {added[k]:+.2f}" for k in leading)
        could = [f"{100 * float(row['could']):.2f}%"] if "could" in found else []
        made.add_row(
            f"{int(row['draw'])}",
            str(row["role"].values),
            *could,
            "yes" if bool(row["achieved"]) else "no",
            said,
        )
    return made
