"""What a run rests on: its assumptions, and what made it."""

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from simulator import evidence
from simulator.answers.tornado.estimate import WEAK
from simulator.exports import tidy
from simulator.page.parts import Commands, Table
from simulator.plots.words import number
from simulator.scenario import toml as toml_text
from simulator.scenario.assumptions import parse
from simulator.scenario.assumptions_log import GRADES
from simulator.scenario.plain_names import plain_name

FIRST: Final = 5  # that are to be looked into
SHOWN: Final = 12  # the others are folded away
SAID_ABOVE: Final = (
    "note",
    "comparison",
    "not in the number",
    "population_about",
    "formulas",
)
COLUMNS: Final = ("assumption", "value", "grade", "source", "share of the spread")


def agenda(run: xr.DataTree, influences: pd.DataFrame) -> Table | None:
    """List what to look into first, in a table; as of `listed`."""
    found = listed(run, influences)
    first = found[found["influence"] > 0.0].head(FIRST)
    if first.empty:
        return None
    return Table(
        "agenda",
        "What to look into first: influence on the chance times the weakness of the "
        "evidence, 1 for A, 2 for B and 3 for C",
        ("assumption", "share of the spread", "grade", "influence times weakness"),
        tuple(
            (
                str(one["name"]),
                share_of(one),
                str(one["grade"]),
                number(100.0 * float(one["influence"])),
            )
            for _, one in first.iterrows()
        ),
        keys=tuple(first["key"]),
    )


def listed(run: xr.DataTree, influences: pd.DataFrame | None) -> pd.DataFrame:
    """List the graded assumptions, those first that move the answer and are weak.

    Parameters
    ----------
    run
        As `open` gives it.
    influences
        As `belief_tornado.influences` gives them; None where they are not known.

    Returns
    -------
    listed
        By `key`: `name` and `value` in words, `unit`, `grade`, `source`, `layer` that
        set it; `share` of the chance's spread with `low` and `high`, missing where it
        is not known or lost in noise; `influence`, that share times how weak the
        evidence is, 0 where it is not known.
    """
    found = tidy.assumptions(run)
    found = found[found["grade"].notna()]
    targets = [str(name) for name in run.to_dataset()["target"].values]
    found = found.assign(
        name=[plain_name(key, targets) for key in found["key"]],
        unit=[_unit(key) for key in found["key"]],
        is_sure=[not value.startswith("{") for value in found["value"]],
        value=[_in_words(value) for value in found["value"]],
        strong=[-WEAK[grade] for grade in found["grade"]],
    )
    shares = ["share", "low", "high"]
    if influences is None:
        found = found.assign(**dict.fromkeys(shares, np.nan))
    else:
        known = influences[influences["clear"]].set_index("assumption")[shares]
        found = found.join(known, on="key")
    found = found.assign(influence=(-found["share"] * found["strong"]).fillna(0.0))
    return found.sort_values(
        ["influence", "is_sure", "strong", "key"],
        ascending=[False, True, True, True],
        ignore_index=True,
    )


def _unit(key: str) -> str:
    entry = evidence.default_entry(key)
    return entry.unit if entry else ""


def _in_words(written: str) -> str:
    """Say what a value of a scenario is, which stands there as TOML or as a word."""
    if not written.startswith("{"):
        return written
    return parse(toml_text.read(f"value = {written}", "value")["value"]).describe()


def assumptions(run: xr.DataTree, influences: pd.DataFrame | None) -> list[Table]:
    """Lay the graded assumptions out in two tables; as of `listed`."""
    found = listed(run, influences)
    moving = (
        "influence times weakness of evidence first, then "
        if found["share"].notna().any()
        else ""
    )
    first = (
        f"Assumptions: {moving}those that are uncertain and have the weakest evidence. "
        f"{GRADES}"
    )
    rest = f"The other {len(found) - SHOWN} graded assumptions"
    return [
        _table("graded", first, found[:SHOWN]),
        replace(_table("more-graded", rest, found[SHOWN:]), folded=True, searched=True),
    ]


def _table(name: str, caption: str, found: pd.DataFrame) -> Table:
    rows = tuple(
        (
            str(one["name"]),
            f"{one['value']} ({one['unit']})" if one["unit"] else str(one["value"]),
            str(one["grade"]),
            str(one["source"] or ""),
            share_of(one),
        )
        for _, one in found.iterrows()
    )
    return Table(name, caption, COLUMNS, rows, words=4, keys=tuple(found["key"]))


def share_of(one: pd.Series) -> str:
    """Say an assumption's share of the spread with its interval, if it has one."""
    if np.isnan(one["share"]):
        return ""
    share, low, high = (number(100.0 * one[name]) for name in ("share", "low", "high"))
    return f"{share}% ({low} to {high})"


def made_from(run: xr.DataTree) -> Table:
    """Tell what the run is, and what made it."""
    about = tidy.about(run)
    rows = tuple(
        (str(one["item"]).replace("_", " "), str(one["value"] or ""))
        for _, one in about.iterrows()
        if one["item"] not in SAID_ABOVE
    )
    return Table(
        "made-from", "What made this run", ("", ""), rows, words=2, folded=True
    )


def to_verify(file: str) -> Commands:
    """Give the commands by which anybody can check the file."""
    return Commands(
        (
            f"simulator verify {file}",
            f"simulator rerun {file} -o again.h5",
            f"simulator show {file}",
        )
    )
