"""Programmes: whether each happens, what it opens and what it costs."""

import numpy as np

from simulator.sampling import addresses
from simulator.sampling.stream import Stream
from simulator.scenario.model import Scenario, by_year
from simulator.schema import POOLS, TRUST_TYPES
from simulator.types import Floats


def new_opportunity(
    scenario: Scenario, stream: Stream, values: dict[str, Floats]
) -> Floats:
    """Give the opportunity that a year adds: (type, pool, year, draw)."""
    n = scenario.years
    new = np.empty((len(TRUST_TYPES), len(POOLS), n, stream.n_draw))
    for j, pool in enumerate(POOLS):
        share = getattr(scenario.delivery.pool_shares, pool)
        new[:, j] = share * values["delivery.frontier"]
    for name, programme in scenario.programmes.items():
        if not programme.enabled:
            continue
        realised = programme.opportunity * values[f"programmes.{name}.realisation"]
        realised = realised * happens(scenario, stream, name)
        j = POOLS.index(programme.pool)
        for kind in programme.types:
            for y, part in enumerate(programme.ramp[:n]):
                new[TRUST_TYPES.index(kind), j, y] += part * realised
    return new


def happens(scenario: Scenario, stream: Stream, name: str) -> Floats:
    """Draw whether a programme happens: 0 or 1, (draw,)."""
    chance = stream.uniforms(*addresses.of_programme(name))[0]
    return np.where(chance < scenario.programmes[name].probability, 1.0, 0.0)


def upfront(scenario: Scenario, stream: Stream) -> Floats:
    """Add up what the programmes that happen cost: (type, year, draw)."""
    n = scenario.years
    cost = np.zeros((len(TRUST_TYPES), n, stream.n_draw))
    for name, programme in scenario.programmes.items():
        if programme.enabled:
            by_draw = happens(scenario, stream, name)
            yearly = np.array(by_year(programme.upfront_cost, n))[:, None] * by_draw
            for kind in programme.types:
                cost[TRUST_TYPES.index(kind)] += yearly
    return cost
