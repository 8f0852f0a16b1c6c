"""Values that a term could have, and no year or fund has ever been like.

They are refused, because they are far more often a slip than a question: a percentage
for a fraction, thousands for millions, a year of a series left out.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.messages import Fault
from simulator.scenario import keys
from simulator.scenario.assumptions import Number, parse
from simulator.scenario.layers import KeyPath
from simulator.scenario.model import Scenario
from simulator.scenario.values import BILLIONS, RATE, SPREAD

# Of a thousand draws one lies beyond these ends, on either side together.
ENDS: Final = np.array([0.0005, 0.9995])
ENDS_OF_NORMAL: Final = np.array([-3.2905, 3.2905])


class Bound(NamedTuple):
    """How large a value may be, why, and what would be right."""

    most: float
    why: str
    remedy: str


GROWTH: Final = Bound(
    0.25,
    "retail prices rose by 24.2% in 1975, more than in any year since 1948 (ONS, CZBH)",
    "give -0.25 to 0.25",
)
JUMP: Final = GROWTH._replace(
    remedy="see whether a year is left out or a unit is another"
)
# Of the sections whose spreads are added to a growth rate; others multiply.
GROWING: Final = ("prices", "demand")
GROWTH_SPREAD: Final = Bound(
    0.15,
    "a draw 6.3 standard deviations out would be a fall of more than 100%",
    "give 0.15 at most",
)


def faults(scenario: Scenario) -> Iterator[Fault]:
    """Yield every value outside its plausible bounds."""
    for found in keys.walk(Scenario, scenario.plain()):
        for kind in found.metadata:
            number = getattr(kind, "number", kind)
            if isinstance(number, Number):
                yield from _faults(found.path, found.value, number)


def _faults(path: KeyPath, value: Any, number: Number) -> Iterator[Fault]:
    growth = number.fraction and number.low == RATE.low
    if growth:
        for place, low, high in _ends(path, value):
            worst = max(low, high, key=abs)
            if abs(worst) > GROWTH.most:
                yield _fault(place, f"{worst:.3g} a year", GROWTH)
    elif number == SPREAD and path[0] in GROWING and value > GROWTH_SPREAD.most:
        yield _fault(path, f"a spread of {value:.3g} a year", GROWTH_SPREAD)
    elif number == BILLIONS:
        for index, (before, after) in enumerate(pairwise(value), start=1):
            change = after / before - 1.0
            if abs(change) > GROWTH.most:
                said = f"{after:g} after {before:g}, {change:+.0%} in a year,"
                yield _fault((*path, str(index)), said, JUMP)


def _fault(path: KeyPath, said: str, bound: Bound) -> Fault:
    return Fault(path, f"{said} is not plausible: {bound.why}", bound.remedy)


def _ends(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, float, float]]:
    """Yield the place and the ends of each number: nearly all draws are between."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield (*path, str(index)), item, item
    elif isinstance(value, Mapping | float | int):
        low, high = parse(value).quantile(ENDS, ENDS_OF_NORMAL).tolist()
        yield path, low, high
