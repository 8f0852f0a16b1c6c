"""Codes of trusts that are no more, and who took them over."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from simulator import evidence
from simulator.population.allocation import YEARS

_STEM: Final = "trusts.successor."


class Successor(NamedTuple):
    """A trust that took another over.

    Parameters
    ----------
    code
        Its code.
    on
        Day from which it holds, as 2019-04-01.
    what
        Who went where, in words.
    """

    code: str
    on: str
    what: str


@cache
def successors() -> dict[str, Successor]:
    """Give the successor of each code that is no more."""
    found = {}
    for key, entry in evidence.figures().items():
        if key.startswith(_STEM):
            on, _, what = entry.note.removesuffix(".").partition(": ")
            found[key.removeprefix(_STEM)] = Successor(str(entry.value), on, what)
    return found


def retired(codes: Sequence[str], like: str) -> Iterator[tuple[int, str, str]]:
    """Find codes that were no more when a packaged population opens.

    Yields
    ------
    tuple
        The row, what is wrong and what would be right.
    """
    opened = f"{YEARS[like].opening}-04-01"
    for row, code in enumerate(codes):
        own = successors().get(code.upper())
        if own is None or own.on > opened:
            continue
        there = own.code in codes
        remedy = f"add it to {own.code}" if there else f"give {own.code} in its place"
        yield row, f"'{code}' is no more: {own.what}, {own.on}", remedy
