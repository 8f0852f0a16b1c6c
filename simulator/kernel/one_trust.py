"""One trust, `LANES` draws at once: its opening position, its rules, what is kept.

What a trust carries stands in the rows of a flat workspace (see `workspace`).
"""

import numpy as np
from numpy.typing import NDArray

from simulator.kernel import workspace
from simulator.kernel.jit import compiled, inlined, pasted
from simulator.kernel.records import Rules
from simulator.kernel.tables import Floats, Plan
from simulator.kernel.workspace import LANES


@inlined
def fill(values: Floats, value: float) -> None:
    """Set every number of a flat array."""
    for j in range(values.shape[0]):
        values[j] = value


@pasted
def open_trust(opening: Floats, other_weight: float, w: Floats) -> None:
    """Set the workspace, in which beliefs stand already, to a trust's opening position.

    `opening` holds the first `N_STATE` rows, a number each; `other_weight` is what the
    belief about the income of trusts that are not acute does to this one's.
    """
    # In loops over the workspace itself: views of it would have their uses counted.
    for row in range(workspace.N_STATE):
        value = opening[row]
        for d in range(LANES):
            w[row * LANES + d] = value
    for row in (workspace.POOL_0, workspace.POOL_1, workspace.POOL_2):
        for d in range(LANES):
            w[row + d] *= w[workspace.BELIEF + workspace.OPPORTUNITY_SCALE + d]
    for row in (
        workspace.SOURCE_0,
        workspace.SOURCE_1,
        workspace.SOURCE_2,
        workspace.SOURCE_3,
    ):
        for d in range(LANES):
            w[row + d] *= w[workspace.BELIEF + workspace.ONE_OFF_SCALE + d]
    for d in range(LANES):
        w[workspace.COST + d] *= 1.0 + w[workspace.BELIEF + workspace.OPENING_COST + d]
        more = other_weight * w[workspace.BELIEF + workspace.OPENING_OTHER + d]
        w[workspace.INCOME + d] *= 1.0 + more
    for j in range(workspace.SAVED_TOTAL, workspace.GUARDED + LANES):
        w[j] = 0.0


@pasted
def year_rules(plan: Plan, y: int) -> Rules:
    """Gather the rules of one year."""
    one_offs = plan.one_offs
    return Rules(
        (plan.access[y, 0], plan.access[y, 1], plan.access[y, 2]),
        (
            one_offs.renewal[0],
            one_offs.renewal[1],
            one_offs.renewal[2],
            one_offs.renewal[3],
        ),
        (
            one_offs.cap[0],
            one_offs.cap[1],
            one_offs.cap[2],
            one_offs.cap[3],
        ),
        (
            one_offs.payback[0],
            one_offs.payback[1],
            one_offs.payback[2],
            one_offs.payback[3],
        ),
        plan.limits[0],
        plan.limits[1],
        plan.limits[2],
        plan.limits[3],
        plan.limits[4],
        plan.limits[5],
    )


@compiled
def keep_trust(w: Floats, valid: int, start: int, kept: NDArray[np.float32]) -> None:
    """Keep a trust's year of a batch of draws: (kept result, draw)."""
    for result in range(kept.shape[0]):
        row = workspace.KEPT_ROWS[result]
        for d in range(valid):
            kept[result, start + d] = w[row + d]
    for d in range(valid):
        underlying = w[workspace.INCOME + d] - w[workspace.COST + d]
        kept[workspace.KEPT_UNDERLYING, start + d] = underlying
