"""What tells one model from another: the numbers that it gives of past years.

Beliefs given the record belong to the model that they were found with. A model that is
written otherwise and gives the same numbers is the same; one whose equations, built-in
beliefs, past scenario or opening positions differ is another.
"""

import hashlib
from functools import cache
from typing import Final

import numpy as np

from simulator import drivers
from simulator.engine.few import everything
from simulator.errors import ScenarioError
from simulator.kernel.workspace import LANES
from simulator.scenario import posterior
from simulator.scenario.fitting import population_of
from simulator.scenario.load import load_scenario
from simulator.scenario.model import Scenario, by_year
from simulator.scenario.values import PRIOR

PAST: Final = "hindcast-2013"  # the scenario of past years, of both forms of plans


@cache
def fingerprint() -> str:
    """Give a digest of what the model says of a few futures of past years."""
    loaded = load_scenario(PAST)
    scenario, population = loaded.scenario, population_of(loaded)
    rates = [by_year(t.path or 0.0, scenario.years) for t in scenario.targets]
    seen = everything(
        drivers.trusts(population, scenario),
        drivers.plan(scenario, population, np.array(rates)),
        drivers.nation(drivers.draw(scenario, 0, 0, LANES)),
        0,
        LANES,
        by_trust=False,
    )
    numbers = seen.sector.astype("<f4").tobytes()
    return hashlib.sha256(numbers).hexdigest()[:16]


def check(scenario: Scenario) -> None:
    """Refuse beliefs that were found with another model."""
    if scenario.beliefs == PRIOR:
        return
    theirs = str(posterior.table_of(scenario).about["fingerprint"])
    if theirs != fingerprint():
        raise ScenarioError(
            f"beliefs: {scenario.beliefs}",
            f"were found with another model: it gives {theirs} of past years, and this "
            f"one {fingerprint()}",
            f"make them again: simulator calibrate {PAST}, or give beliefs = {PRIOR!r}",
        )
