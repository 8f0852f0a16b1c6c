"""What a run rests on: its assumptions, and what made it."""

from typing import Final

import pandas as pd
import xarray as xr

from simulator.answers.tornado.estimate import WEAK
from simulator.exports import tidy
from simulator.page.parts import Commands, Table
from simulator.plots.words import number
from simulator.scenario.assumptions_log import GRADES

FIRST: Final = 5  # that are to be looked into
SHOWN: Final = 12  # the others are folded away
TOLD: Final = (
    "note",
    "comparison",
    "not in the number",
    "population_about",
    "formulas",
)
COLUMNS: Final = ("assumption", "value", "grade", "source", "share of the spread")


def agenda(run: xr.DataTree, influences: pd.DataFrame) -> Table | None:
    """List what to look into first: influence times the weakness of the evidence.

    Parameters
    ----------
    run, influences
        As of `assumptions`.
    """
    graded, told = _graded(run, influences), _told(influences)
    first = graded[graded["influence"] > 0.0].head(FIRST)
    if first.empty:
        return None
    return Table(
        "agenda",
        "What to look into first: influence on the chance times the weakness of the "
        "evidence, 1 for A, 2 for B and 3 for C",
        ("assumption", "share of the spread", "grade", "influence times weakness"),
        tuple(
            (
                str(one["key"]),
                _said(told, str(one["key"])),
                str(one["grade"]),
                number(100.0 * float(one["influence"])),
            )
            for _, one in first.iterrows()
        ),
    )


def assumptions(run: xr.DataTree, influences: pd.DataFrame | None) -> list[Table]:
    """List the graded assumptions, those first that move the answer and are weak.

    Parameters
    ----------
    run
        As `open` gives it.
    influences
        As `belief_tornado.influences` gives them; None where they are not known.
    """
    told = _told(influences)
    rows = tuple(
        (
            str(one["key"]),
            str(one["value"]),
            str(one["grade"]),
            str(one["source"] or ""),
            _said(told, str(one["key"])),
        )
        for _, one in _graded(run, influences).iterrows()
    )
    moving = "influence times weakness of evidence first, then " if told else ""
    first = (
        f"Assumptions: {moving}those that are uncertain and have the weakest evidence. "
        f"{GRADES}"
    )
    return [
        Table("graded", first, COLUMNS, rows[:SHOWN], words=4),
        Table(
            "more-graded",
            f"The other {len(rows) - SHOWN} graded assumptions",
            COLUMNS,
            rows[SHOWN:],
            words=4,
            folded=True,
            searched=True,
        ),
    ]


def _graded(run: xr.DataTree, influences: pd.DataFrame | None) -> pd.DataFrame:
    """Sort the graded assumptions by influence times weakness, then by weakness."""
    found, told = tidy.assumptions(run), _told(influences)
    found = found[found["grade"].notna()]
    weights = [
        float(told[key]["share"]) * WEAK[grade] if key in told else 0.0
        for key, grade in zip(found["key"], found["grade"], strict=True)
    ]
    return found.assign(
        influence=weights,
        is_sure=[not value.startswith("{") for value in found["value"].astype(str)],
        strong=[-WEAK[grade] for grade in found["grade"]],
    ).sort_values(
        ["influence", "is_sure", "strong", "key"], ascending=[False, True, True, True]
    )


def _told(influences: pd.DataFrame | None) -> dict[str, pd.Series]:
    """Give the assumptions whose influence can be told from noise, by key."""
    if influences is None:
        return {}
    known = influences[influences["told"]]
    return {str(one["assumption"]): one for _, one in known.iterrows()}


def _said(told: dict[str, pd.Series], key: str) -> str:
    if key not in told:
        return ""
    share, low, high = (
        number(100.0 * told[key][name]) for name in ("share", "low", "high")
    )
    return f"{share}% ({low} to {high})"


def made_from(run: xr.DataTree) -> Table:
    """Tell what the run is, and what made it."""
    about = tidy.about(run)
    rows = tuple(
        (str(one["item"]).replace("_", " "), str(one["value"] or ""))
        for _, one in about.iterrows()
        if one["item"] not in TOLD
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
