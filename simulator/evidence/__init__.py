"""Published figures and built-in assumptions, each with its source and grade.

The data are the TOML files of this folder: `defaults.toml` holds the built-in
values of a scenario, every other file holds published figures.
"""

from simulator.evidence.registry import (
    Entry,
    bounds,
    default_entry,
    defaults,
    figure,
    figures,
    number,
    series,
)

__all__ = [
    "Entry",
    "bounds",
    "default_entry",
    "defaults",
    "figure",
    "figures",
    "number",
    "series",
]
