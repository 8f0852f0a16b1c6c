"""When a run that is to reach a precision may stop.

It looks only after set numbers of draws, whatever the machine, the threads or an
interruption: so the same run always stops at the same place. The width of an interval
depends on the probability, not on the side of the truth that the estimate lies on, so
stopping by width leaves coverage as it is; stopping by a decision would not.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.engine.shards import SHARD
from simulator.errors import ScenarioError
from simulator.kernel.tables import Successes, Tally
from simulator.outcomes import BESIDE, HEADLINE_OUTCOME
from simulator.scenario import posterior
from simulator.scenario.model import Scenario
from simulator.scenario.values import PRIOR
from simulator.schema import CONFIDENCE, OUTCOMES
from simulator.statistics.independence import worth
from simulator.statistics.intervals import wilson, wilson_of_worth

GROWTH: Final = 1.25
LAST: Final = 10**12  # draws: as good as without end


def stops(most: int) -> list[int]:
    """List the numbers of draws after which to look: whole shards, the last `most`."""
    return [*_growing(most), most]


def _growing(most: int) -> Iterator[int]:
    shards = 1
    while shards * SHARD < most:
        yield shards * SHARD
        shards = max(shards + 1, int(shards * GROWTH))


def reached(
    scenario: Scenario, tally: Tally | Successes, draws: int, half_width: float
) -> bool:
    """Tell whether every headline probability is known to the wished half-width."""
    return bool(widest(scenario, tally, draws) <= half_width)


def widest(scenario: Scenario, tally: Tally | Successes, draws: int) -> float:
    """Find the widest interval of a headline probability: its half-width.

    Of a target they are the sector's and the median trust's on its own basis, and the
    sector's `BESIDE` it.
    """
    counts = np.array(list(_headline(scenario, tally)), dtype=np.int64)
    n = worth(draws, posterior.effective(scenario))
    low, high = wilson_of_worth(counts, draws, n, CONFIDENCE)
    return float(np.max(high - low)) / 2.0


def check(scenario: Scenario, half_width: float) -> None:
    """Refuse a half-width that no number of draws reaches: rows are too few."""
    if scenario.beliefs == PRIOR:
        return
    n = worth(LAST, posterior.effective(scenario))
    low, high = wilson(0.5 * n, n, CONFIDENCE)
    floor = float(high - low) / 2.0
    if half_width < floor:
        raise ScenarioError(
            "precision",
            f"{half_width} cannot be had: {scenario.beliefs} is worth {n:,.0f} equal "
            f"beliefs, which know a chance to {floor:.3f}",
            f"give {floor:.3f} or more, or beliefs = {PRIOR!r}",
        )


def _headline(scenario: Scenario, tally: Tally | Successes) -> Iterator[np.int64]:
    for k, target in enumerate(scenario.targets):
        own = OUTCOMES.index(HEADLINE_OUTCOME[target.basis])
        yield _median(tally.trust[k, own])
        for outcome in (own, *map(OUTCOMES.index, BESIDE)):
            yield tally.sector[k, outcome]


def _median(counts: NDArray[np.int64]) -> np.int64:
    ordered: NDArray[np.int64] = np.sort(counts)
    middle: np.int64 = ordered[(len(ordered) - 1) // 2]
    return middle
