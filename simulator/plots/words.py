"""Numbers as charts say them, and the target that a chart is of by default."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr

from simulator.answers.headline.delivered import in_pairs, steps
from simulator.answers.headline.estimate import in_brief
from simulator.answers.text import chance, financial_year
from simulator.errors import RunFileError
from simulator.messages import nearest

__all__ = [
    "MINUS",
    "chance",
    "financial_year",
    "interval",
    "joined",
    "known",
    "known_name",
    "last_year",
    "main_target",
    "money",
    "number",
    "plain",
    "with_draws",
]


MINUS: Final = "\N{MINUS SIGN}"


def with_draws(said: str, draws: int) -> str:
    """Add the number of draws to an interval: 63% (62-64, 10,000 draws)."""
    told = f"{draws:,} draws"
    return f"{said[:-1]}, {told})" if said.endswith(")") else f"{said} ({told})"


def number(value: float, digits: int = 0) -> str:
    """Write a number with a true minus sign, and none before a zero."""
    said = f"{abs(value):,.{digits}f}"
    is_nought = not float(said.replace(",", ""))
    return said if value >= 0.0 or is_nought else f"{MINUS}{said}"


def interval(low: float, high: float, digits: int = 0) -> str:
    """Write two ends: 35 to 80."""
    return f"{number(low, digits)} to {number(high, digits)}"


def money(millions: float, digits: int = 1) -> str:
    """Write GBP m as billions of pounds."""
    said = number(millions / 1000.0, digits)
    return f"{MINUS}£{said[1:]}bn" if said.startswith(MINUS) else f"£{said}bn"


def plain(name: Any) -> str:
    """Write the name of a type or outcome as words."""
    return str(name).replace("cash_releasing", "cash-releasing").replace("_", " ")


def joined(words: Iterable[str]) -> str:
    """List words in a sentence: a, b and c."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def known(run: xr.DataTree, target: str) -> str:
    """Check that a run has a target of a name."""
    names = [str(name) for name in run.to_dataset()["target"].values]
    return known_name(target, names)


def known_name(target: str, names: Sequence[str]) -> str:
    """Check that a target is among those there are."""
    if target not in names:
        raise RunFileError(
            f"target '{target}'", "is not in this run", nearest(target, names)
        )
    return target


def main_target(run: xr.DataTree) -> str:
    """Choose the target to speak of where none is asked for.

    The highest that the sector has an even chance to achieve, or else the lowest.
    """
    answer = in_brief(run)
    more = steps(run, answer)
    if more:
        return more[0].lower
    first, _ = in_pairs(run.to_dataset())[0]
    return first


def last_year(run: xr.DataTree) -> str:
    """Write the last year of a run."""
    return financial_year(int(np.asarray(run.to_dataset()["year"].values)[-1]))
