"""What a run rests on: its assumptions, and what made it."""

from typing import Final

import pandas as pd
import xarray as xr

from simulator.exports import tidy
from simulator.page.parts import Commands, Table
from simulator.plots.words import number
from simulator.scenario.assumptions_log import GRADES

WEAKEST_FIRST: Final = ("C", "B", "A")
SHOWN: Final = 12  # the others are folded away
TOLD: Final = (
    "note",
    "comparison",
    "not in the number",
    "population_about",
    "formulas",
)
COLUMNS: Final = ("assumption", "value", "grade", "source", "share of the spread")


def assumptions(run: xr.DataTree, influences: pd.DataFrame | None) -> list[Table]:
    """List the graded assumptions, those first that move the answer and are weak.

    Parameters
    ----------
    run
        As `open` gives it.
    influences
        As `belief_tornado.influences` gives them; None where they are not known.
    """
    found = tidy.assumptions(run)
    found = found[found["grade"].notna()]
    told = {}
    if influences is not None:
        known = influences[influences["told"]]
        told = {str(one["assumption"]): one for _, one in known.iterrows()}
    shares = [float(told[key]["share"]) if key in told else 0.0 for key in found["key"]]
    sorted_rows = found.assign(
        share=shares,
        is_sure=[not value.startswith("{") for value in found["value"].astype(str)],
        weak=[WEAKEST_FIRST.index(grade) for grade in found["grade"]],
    ).sort_values(
        ["share", "is_sure", "weak", "key"], ascending=[False, True, True, True]
    )
    rows = tuple(
        (
            str(one["key"]),
            str(one["value"]),
            str(one["grade"]),
            str(one["source"] or ""),
            _said(told, str(one["key"])),
        )
        for _, one in sorted_rows.iterrows()
    )
    moving = "those that move the chance most, then " if told else ""
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
