"""The table of trusts: does a trust cost the same in a larger population?"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from benchmarks import case as cases
from benchmarks import ours
from benchmarks.case import Case
from benchmarks.measure import Turn, by_turns
from benchmarks.sizes import Sizes

DRAWS = 8192


class Row(NamedTuple):
    """One population."""

    trusts: int
    seconds: float
    speed: float  # trust-years a second


def measure(sizes: Sizes, ready: Case, say: Callable[[str], None]) -> list[Row]:
    """Measure multiples of the population, two threads."""
    draws = min(DRAWS, sizes.draws)
    turns, made = {}, {}
    for times in sizes.trusts:
        case = ready if times == 1.0 else cases.make(ready.n_target, times)
        name = f"{len(case.trusts.income)} trusts"
        made[name] = case
        turns[name] = Turn(partial(ours.run, case, draws, 2), sizes.repeats)
    timed = by_turns(turns, say)
    return [
        Row(
            len(case.trusts.income),
            timed[name].median,
            draws * case.trust_years / timed[name].median,
        )
        for name, case in made.items()
    ]
