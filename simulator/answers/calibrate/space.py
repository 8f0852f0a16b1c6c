"""The beliefs that the record can change, as points of a space of normal numbers.

Each belief has its own quantile function, so that a standard normal number stands for
a value of it, and independent ones for what is believed before the record is read;
where the scenario says that beliefs go together, sums of independent ones.
"""

from typing import Final, NamedTuple

import numpy as np
from scipy.special import ndtr

from simulator.errors import ScenarioError
from simulator.scenario import correlation, dependence
from simulator.scenario.distributions import REACH, Uncertain
from simulator.scenario.model import Scenario
from simulator.scenario.uncertain import prior
from simulator.types import Floats

# How trusts plan, save and are paid is taken to be the same later, and is carried over.
STRUCTURAL: Final = ("delivery.", "prices.")
# How far prices, demand and money of some years were foretold wrongly, and where trusts
# stood before them, is not: it is averaged over.
OF_ITS_TIME: Final = ("demand.", "funding.", "opening.", "prices.premium")
IDLE: Final = ("prices.tail.size", "funding.reach_scale")  # in years that are past


class Space(NamedTuple):
    """What is uncertain of past years, by key path, before the record is read."""

    assumptions: dict[str, Uncertain]
    root: Floats | None = None  # of their correlations, (path, path); None for none

    @property
    def paths(self) -> tuple[str, ...]:
        """Give the key paths, in the order of the dimensions."""
        return tuple(self.assumptions)

    @property
    def carried(self) -> tuple[str, ...]:
        """Give those that hold for other years too."""
        return tuple(
            path
            for path in self.paths
            if path.startswith(STRUCTURAL) and not path.startswith(OF_ITS_TIME)
        )

    def values(self, points: Floats) -> Floats:
        """Turn normal numbers into values: both (point, path)."""
        joined = points if self.root is None else points @ self.root.T
        inside = np.clip(joined, -REACH, REACH)
        columns = [
            assumption.quantile(ndtr(normal), normal)
            for assumption, normal in zip(
                self.assumptions.values(), inside.T, strict=True
            )
        ]
        return np.stack(columns, axis=1)


def of_past(scenario: Scenario) -> Space:
    """Give what is uncertain of a scenario of past years and moves it.

    Raises
    ------
    ScenarioError
        Where one of them goes together with what the record says nothing of.
    """
    believed = prior(scenario)
    found = {
        path: assumption
        for path, assumption in believed.items()
        if path.startswith((*STRUCTURAL, *OF_ITS_TIME))
        and path not in IDLE
        and not assumption.is_certain
    }
    pairs = scenario.belief_correlations
    if not pairs:
        return Space(found)
    for path in dependence.correlated(pairs, believed):
        if path not in found:
            raise ScenarioError(
                dependence.TABLE,
                f"correlates {path}, of which the record says nothing",
                "leave that out of a scenario to calibrate",
            )
    root = correlation.cholesky(dependence.matrix(pairs, tuple(found)).tolist())
    return Space(found, np.array(root))
