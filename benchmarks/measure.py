"""Time by turns: every contender once, then every contender again.

What else the machine does, and how warm it is, then falls on all of them alike.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Timed(NamedTuple):
    """Seconds of each repeat, and what the first one gave."""

    seconds: list[float]
    found: Any

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


class Turn(NamedTuple):
    """Something to time, and how often."""

    run: Callable[[], Any]
    repeats: int


def by_turns(turns: Mapping[str, Turn], say: Callable[[str], None]) -> dict[str, Timed]:
    """Time everything by turns."""
    timed: dict[str, Timed] = {}
    for number in range(max(turn.repeats for turn in turns.values())):
        for name, turn in turns.items():
            if number >= turn.repeats:
                continue
            began = time.perf_counter()
            found = turn.run()
            seconds = time.perf_counter() - began
            say(f"{name}: {seconds:.2f} s")
            if number == 0:
                timed[name] = Timed([seconds], found)
            else:
                timed[name].seconds.append(seconds)
    return timed
