"""Arrays that the kernel writes the results of a block into."""

import numpy as np
from numpy.typing import NDArray

from simulator.kernel.tables import Bins, PerDraw, Plan, Ranges
from simulator.kernel.workspace import GROUP_RESULTS, KEPT, LANES
from simulator.schema import OUTCOMES


def for_results(
    plan: Plan, n_trust: int, n_kind: int, n_system: int, n_unit: int, n_draw: int
) -> PerDraw:
    """Make room for a block's results; 0 trusts, types, systems or units: not kept."""
    n_target, n_year = plan.rate.shape
    n_result = len(GROUP_RESULTS)

    def kept(rows: int, n: int) -> NDArray[np.float32]:
        # Zeros: a type without trusts has no results.
        return np.zeros((rows, n_target, n_year, n, n_draw if n else 0), np.float32)

    return PerDraw(
        sector=np.empty((n_result, n_target, n_year, n_draw)),
        achieved=np.empty((n_target, len(OUTCOMES), n_draw), np.int8),
        trust=kept(len(KEPT), n_trust),
        kind=kept(n_result, n_kind),
        system=kept(n_result, n_system),
        units=for_units(n_target, n_unit, n_draw),
    )


def for_units(n_target: int, n_unit: int, n_draw: int) -> NDArray[np.int8]:
    """Make room for who achieves: trusts, types and systems; 0 of them: not kept."""
    # Zeros: a type without trusts achieves nothing.
    shape = n_target, len(OUTCOMES), n_unit, n_draw if n_unit else 0
    return np.zeros(shape, np.int8)


def for_bins(ranges: Ranges, n_draw: int) -> Bins:
    """Make room for the bins of a block."""
    n_batch = -(-n_draw // LANES)
    shapes = [(n_batch, *edges.shape[:-1], LANES) for edges in ranges]
    return Bins(*(np.empty(shape, np.uint8) for shape in shapes))
