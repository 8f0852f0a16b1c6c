"""A claim, and whether it holds: met where that was seen, else not met or open."""

from collections.abc import Callable
from typing import Final, NamedTuple

from simulator.assurance.facts import Facts

MET: Final = "met"
NOT_MET: Final = "not met"
OPEN: Final = "open"


class Found(NamedTuple):
    """Whether a claim holds, and what shows it, or what is missing."""

    state: str
    said: str


class Claim(NamedTuple):
    """Something a reviewer asks, and how it is found out.

    Attributes
    ----------
    group
        Level, or stage.
    asked
        The criterion or question.
    command
        What shows it to whoever doubts it; empty where people must be asked.
    look
        Gives the answer from the facts; None where no file can.
    """

    group: str
    asked: str
    command: str
    look: Callable[[Facts], Found] | None

    def found(self, facts: Facts) -> Found:
        """Find out; what no file can show is open."""
        if self.look is None:
            return Found(OPEN, "No file shows this: ask whoever answers for the run.")
        return self.look(facts)


def holds(seen: bool | None, yes: str, no: str, unknown: str) -> Found:
    """Say yes, no, or that it was not looked at."""
    if seen is None:
        return Found(OPEN, unknown)
    return Found(MET, yes) if seen else Found(NOT_MET, no)
