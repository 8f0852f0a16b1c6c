"""The drivers of every trust: the nation's and its type's, and its own shocks.

They are the same under every target, and so are made before the first.
"""

import numpy as np
from numpy.typing import NDArray

from simulator.kernel import workspace
from simulator.kernel.elementary import exp
from simulator.kernel.jit import compiled, pasted
from simulator.kernel.normal import fill_normals
from simulator.kernel.philox import fill_words
from simulator.kernel.tables import Counts, Floats
from simulator.kernel.workspace import LANES


@compiled
def make_drivers(
    seed: int,
    first_draw: int,
    address: NDArray[np.uint32],
    kind: NDArray[np.int64],
    pay_share: Floats,
    where: Counts,
    spread: Floats,
    nation_year: Floats,
    nation_demand: Floats,
    nation_pressure: Floats,
    drivers: Floats,
    plan_size: Floats,
) -> None:
    """Make every trust's demand, cost and delivery paths for `LANES` draws.

    Shapes: `nation_year` (year, N_NATION * LANES), `nation_demand` and
    `nation_pressure` (type, year, LANES), `drivers` (trust, year, N_DRIVERS * LANES),
    `plan_size` (trust, LANES); the rest as in `Fixed` and `Plan`, but alone: what is
    compiled for few arrays is compiled sooner.
    """
    n_trust, n_year = drivers.shape[0], drivers.shape[1]
    words = np.empty((3 * n_year + 4, LANES), np.uint64)
    z = np.empty((3 * n_year + 3, LANES))
    for i in range(n_trust):
        make_trust_drivers(
            seed,
            first_draw,
            address[i],
            pay_share[i],
            where,
            spread,
            nation_year,
            nation_demand[kind[i]],
            nation_pressure[kind[i]],
            words,
            z,
            drivers[i],
            plan_size[i],
        )


@pasted
def make_trust_drivers(
    seed: int,
    first_draw: int,
    address: int,
    pay_share: float,
    where: Counts,
    spread: Floats,
    nation_year: Floats,
    nation_demand: Floats,
    nation_pressure: Floats,
    words: NDArray[np.uint64],
    z: Floats,
    drivers: Floats,
    plan_size: Floats,
) -> None:
    """Make one trust's demand, cost and delivery paths for `LANES` draws.

    `drivers` has shape (year, N_DRIVERS * LANES), `plan_size` (LANES,). The rest is
    scratch, LANES long: `words`, 3 * year + 4 rows, and the normals `z`, 3 * year + 3:
    three for each year and three that stay. See the table in `philox` for who uses
    which word.
    """
    n_year = drivers.shape[0]
    # The type of Python's whole numbers, so that `fill_words` is compiled only once.
    who = int(np.int64(address))
    # Of four words three are used: the next year's first takes the place of the last.
    for y in range(n_year + 1):
        fill_words(seed, first_draw, who, int(where[y]), words[3 * y : 3 * y + 4])
    n_normal = 3 * n_year + 3
    fill_normals(words[:n_normal].ravel(), z.ravel())
    stay = z[3 * n_year :].ravel()
    for y in range(n_year):
        combine_drivers(
            pay_share,
            spread,
            nation_year[y],
            nation_demand[y],
            nation_pressure[y],
            z[3 * y : 3 * y + 3].ravel(),
            stay,
            drivers[y],
        )
    # A logarithm about - sd^2 / 2, so that plans are no larger on average.
    size_sd = spread[5]
    for d in range(LANES):
        plan_size[d] = exp(size_sd * (stay[2 * LANES + d] - 0.5 * size_sd))


@pasted
def combine_drivers(
    pay_share: float,
    spread: Floats,
    nation: Floats,
    demand: Floats,
    pressure: Floats,
    z: Floats,
    stay: Floats,
    drivers: Floats,
) -> None:
    """Add a trust's own shocks to the nation's and its type's, one year.

    `z` holds the year's normals for demand, pressure and delivery, `stay` those of
    every year for the drift of pressure and for delivery.
    """
    # Read before the loop: what it writes might overlap for all the compiler knows.
    demand_sd, pressure_sd, drift_sd = spread[0], spread[1], spread[2]
    delivery_sd, persistent_sd = spread[3], spread[4]
    for d in range(LANES):
        drivers[workspace.DEMAND + d] = demand[d] + demand_sd * z[d]
        drivers[workspace.INFLATION + d] = (
            pay_share * nation[workspace.PAY + d]
            + (1.0 - pay_share) * nation[workspace.NONPAY + d]
        )
        drivers[workspace.PRESSURE + d] = (
            pressure[d] + drift_sd * stay[d] + pressure_sd * z[LANES + d]
        )
        drivers[workspace.DELIVERY + d] = exp(
            nation[workspace.DELIVERY_LOG + d]
            + persistent_sd * stay[LANES + d]
            + delivery_sd * z[2 * LANES + d]
        )
