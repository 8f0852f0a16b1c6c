"""Random numbers that fill their space evenly: randomised quasi-Monte Carlo.

Draws come in replicates of equal size. Within one, what is believed and what happens to
the nation and to types of trust comes from a scrambled Sobol' sequence, whose points
lie more evenly than independent ones; the trusts' own shocks stay as they are. Each
replicate is scrambled anew and on its own, so that their means are independent and
unbiased: the spread of these tells the error. Draws of one replicate are not
independent, so an interval that counts draws does not hold.

Each number has a dimension of its own whatever the scenario, so that changing an
assumption, a target, a trust or the size of a shock changes no other number. Unlike in
a plain run, the number of years and a series' persistence do: the rotation below hangs
on them; and a programme's place in the list does. Dimensions come in the
order of what moves the answer, as the first ones are the most even:

1. the assumptions that move it most;
2. the first component of each national series, then the other assumptions;
3. the first component of demand by type, then the other components.

A series' years are turned so that its first component moves their total and the others
only the path to it. Turning independent normals gives independent normals.

References
----------
Owen (1997), Annals of Statistics 25, 1541-1562; Matousek (1998), Journal of Complexity
14, 527-556, for the scrambling; Joe and Kuo (2008), SIAM Journal on Scientific
Computing 30, 2635-2654, for the directions; L'Ecuyer (2018), Randomized quasi-Monte
Carlo: an introduction for practitioners, for the use of replicates.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ScenarioError
from simulator.kernel import normal
from simulator.sampling import addresses
from simulator.sampling.addresses import Series
from simulator.sampling.rotation import rotation_to, total_direction
from simulator.sampling.stream import Stream
from simulator.scenario.model import Scenario, years
from simulator.scenario.uncertain import (
    BELIEFS,
    CONDITIONS,
    FUNDING,
    OPENING,
    PLANS,
    PRICES,
    SCALES,
)
from simulator.schema import TRUST_TYPES
from simulator.types import Floats

Words = NDArray[np.uint64]

REPLICATES: Final = 16  # 95% intervals over so many held in 94% of runs
COMPONENTS: Final = 5  # of a series; later ones are independent draws
PROGRAMMES: Final = 8  # the first of a scenario; others are independent draws

LEADING: Final = (
    "delivery.real_share",
    "prices.pressure",
    "delivery.plan_floor",
    "delivery.cost_elasticity",
    "delivery.gap_closed",
    "funding.reach_scale",
    "prices.funded_drift",
    "delivery.opportunity_scale",
    "prices.pressure_other",
    "delivery.plan_limit",
)
OTHERS: Final = (
    *(f"delivery.{name}" for name in (*BELIEFS, *PLANS, *SCALES)),
    *(f"delivery.{name}" for name in ("frontier", "quality", "rebound")),
    *(f"demand.{kind}.trend" for kind in TRUST_TYPES),
    *(f"prices.{name}" for name in (*PRICES, "tail.size")),
    *(f"funding.{name}" for name in FUNDING),
    *(f"opening.{name}" for name in OPENING),
    "demand.bias",
    *(f"conditions.{name}" for name in CONDITIONS),
)

# In the order of what moves the answer, most first.
_BY_NAME = {series.name: series for series in addresses.SHOCKS}
NATIONAL: Final = (
    _BY_NAME["demand"],
    _BY_NAME["pay"],
    _BY_NAME["nonpay"],
    addresses.DELIVERY,
    _BY_NAME["pressure"],
)
EVERY: Final = (*NATIONAL, *addresses.BY_TYPE)


def _dimensions() -> Iterator[str]:
    """Name what each dimension is for, in order."""
    yield from LEADING
    yield from (f"{series.name} 0" for series in NATIONAL)
    yield from (path for path in OTHERS if path not in LEADING)
    yield from (f"{series.name} 0" for series in addresses.BY_TYPE)
    for component in range(1, COMPONENTS):
        yield from (f"{series.name} {component}" for series in EVERY)
    yield from (f"high inflation {y}" for y in range(COMPONENTS))
    for index in range(PROGRAMMES):
        yield from (f"programme {index} {what}" for what in ("happens", "realised"))


DIMENSION: Final = {name: index for index, name in enumerate(_dimensions())}


def sampler(scenario: Scenario, size: int) -> Callable[[int, int, int], Stream]:
    """Give what makes the streams of a scenario: `stream=` of `engine.simulate`.

    Parameters
    ----------
    scenario
        What is asked.
    size
        Draws in a replicate, a power of two: draws 0 to size - 1 are the first.
    """
    if size < 1 or size & (size - 1):
        raise ScenarioError(
            "draws", f"{size} draws a replicate is no power of two", "give 1,024, say"
        )
    return partial(SobolStream, scenario, size)


def replicate_size(draws: int, replicates: int = REPLICATES) -> int:
    """Find how many draws a replicate has; must be a power of two."""
    size, rest = divmod(draws, replicates)
    if rest or size < 2 or size & (size - 1):
        below = replicates * 2 ** max(int(math.log2(max(size, 2))), 1)
        raise ScenarioError(
            "draws",
            f"{draws:,} draws are not {replicates} replicates of a power of two",
            f"give {below:,} or {2 * below:,}",
        )
    return size


class SobolStream(Stream):
    """Random numbers of consecutive draws, by who, year and what; most from a sequence.

    Parameters
    ----------
    scenario, size
        As of `sampler`.
    seed, first_draw, n_draw
        As of `Stream`.
    """

    def __init__(
        self, scenario: Scenario, size: int, seed: int, first_draw: int, n_draw: int
    ) -> None:
        super().__init__(seed, first_draw, n_draw)
        self._points = points(seed, size, first_draw, n_draw)
        self._rows = _rows(scenario)
        self._turned = self._turn(scenario)

    def words(self, who: int, where: int) -> Words:
        """Give the four words of an address: (4, draw).

        Those behind the normals of a year are not of the sequence: see `normals`.
        """
        words = super().words(who, where)
        if (who, where) in self._rows:
            row, name = self._rows[who, where]
            words[row] = self._points[DIMENSION[name]]
        return words

    def normals(self, who: int, where: int) -> Floats:
        """Give four standard normals: (4, draw)."""
        z = super().normals(who, where)
        for row, values in self._turned.get((who, where), ()):
            z[row] = values
        return z

    def _turn(
        self, scenario: Scenario
    ) -> dict[tuple[int, int], list[tuple[int, Floats]]]:
        """Turn each series' components into its years' normals, by address."""
        rotated: dict[tuple[int, int], list[tuple[int, Floats]]] = {}
        for series in EVERY:
            components = self._components(scenario, series)
            rotation = rotation_to(
                total_direction(_persistence(scenario, series), scenario.years)
            )
            for y, year in enumerate(years(scenario)):
                values = np.zeros(self.n_draw)
                # Spelled out: a library's last bit depends on the machine.
                for k, component in enumerate(components):
                    values = values + rotation[y][k] * component
                rotated.setdefault(series.at(year), []).append((series.word, values))
        return rotated

    def _components(self, scenario: Scenario, series: Series) -> list[Floats]:
        found = []
        for k, year in enumerate(years(scenario)):
            if k < COMPONENTS:
                values = np.empty(self.n_draw)
                words = self._points[DIMENSION[f"{series.name} {k}"]]
                normal.fill_normals(words, values)
            else:
                values = super().normals(*series.at(year))[series.word]
            found.append(values)
        return found


def points(seed: int, size: int, first_draw: int, n_draw: int) -> Words:
    """Give the words of consecutive draws, of as many replicates as they span.

    Shape (dimension, draw); 32 bits each.
    """
    parts = []
    draw, stop = first_draw, first_draw + n_draw
    while draw < stop:
        replicate, index = divmod(draw, size)
        n = min(size - index, stop - draw)
        parts.append(_of_replicate(seed, replicate, index, n))
        draw += n
    return np.concatenate(parts, axis=1)


def _of_replicate(seed: int, replicate: int, index: int, n: int) -> Words:
    # Loading it takes a second that a plain run need not wait.
    from scipy.stats import qmc  # noqa: PLC0415

    bits = np.random.PCG64(np.random.SeedSequence((seed, replicate)))
    sequence = qmc.Sobol(
        len(DIMENSION), scramble=True, bits=32, rng=np.random.Generator(bits)
    )
    if index:
        sequence.fast_forward(index)
    # The first points are only given by whole powers of two.
    whole = n if index else 1 << (n - 1).bit_length()
    share = sequence.random(whole)[:n]
    words: Words = np.ascontiguousarray((share * 2.0**32).astype(np.uint64).T)
    return words


def _rows(scenario: Scenario) -> dict[tuple[int, int], tuple[int, str]]:
    """Find which word of an address comes from which dimension, but for normals."""
    rows: dict[tuple[int, int], tuple[int, str]] = {
        addresses.of_assumption(path): (0, path)
        for path in DIMENSION
        if path in (*LEADING, *OTHERS)
    }
    for y, year in enumerate(years(scenario)):
        if y < COMPONENTS:
            regime = addresses.REGIME
            rows[regime.at(year)] = (regime.word, f"high inflation {y}")
    for index, name in enumerate(scenario.programmes):
        if index < PROGRAMMES:
            path = f"programmes.{name}"
            rows[addresses.of_programme(name)] = (0, f"programme {index} happens")
            realised = addresses.of_assumption(f"{path}.realisation")
            rows[realised] = (0, f"programme {index} realised")
    return rows


def _persistence(scenario: Scenario, series: Series) -> float:
    prices = scenario.prices
    shocks = {
        "pay": prices.pay_shock,
        "nonpay": prices.nonpay_shock,
        "pressure": prices.pressure_shock,
        "demand": scenario.demand.national_shock,
    }
    return shocks[series.name].persistence if series in addresses.SHOCKS else 0.0
