"""Whether the draws of a run are independent, and what to do where they are not.

Draws of one row of beliefs given a record share what is believed, and the rows of a
table are themselves worth fewer equal beliefs than they are. Then intervals are those
of fewer independent draws; see `worth`.
"""

import math
from typing import Final, overload

import numpy as np
import scipy
import xarray as xr
from numpy.typing import NDArray

from simulator.errors import RunFileError
from simulator.types import Floats

EFFECTIVE: Final = "effective_beliefs"  # the root's attribute, of a run from a record


@overload
def worth(draws: float, effective: float = math.inf) -> float: ...
@overload
def worth(draws: float, effective: Floats) -> Floats: ...
def worth(draws: float, effective: float | Floats = math.inf) -> float | Floats:
    """Tell how many independent draws some draws are worth.

    Parameters
    ----------
    draws
        Number of draws.
    effective
        Number of equal beliefs that a table's rows are worth; infinite where every
        draw has beliefs of its own.

    Returns
    -------
    worth
        1 / (1 / draws + 1 / effective). What hung on beliefs alone would be known as
        from so many independent draws; as some of it is luck, it is known no worse.
    """
    if isinstance(effective, float) and math.isinf(effective):
        return float(draws)  # to the bit
    return 1.0 / (1.0 / draws + 1.0 / effective)


def effective_of(run: xr.DataTree) -> float:
    """Tell how many equal beliefs the draws of a run are from, as of `worth`."""
    return float(run.attrs.get(EFFECTIVE, math.inf))


def replicates_of(run: xr.DataTree) -> int:
    """Tell in how many replicates the draws came; 1 where they are independent."""
    return int(run.attrs.get("replicates", 1))


def need_independent(run: xr.DataTree, place: str) -> None:
    """Refuse a run whose draws are not independent: intervals would be wrong."""
    if replicates_of(run) > 1:
        raise RunFileError(
            place,
            "was sampled with --sampling rqmc: its draws are not independent, as this "
            "needs",
            "run the scenario without --sampling",
        )


def by_replicate(values: NDArray[np.generic], replicates: int) -> Floats:
    """Split draws on the last axis into their replicates: (..., replicate, draw)."""
    n_draw = values.shape[-1] // replicates
    split = values.reshape(*values.shape[:-1], replicates, n_draw)
    return np.asarray(split, dtype=np.float64)


def widening(replicates: int, confidence: float, wanted: float) -> float:
    """Tell how much wider Student's interval is at another confidence."""
    one, other = (
        scipy.special.stdtrit(replicates - 1, 0.5 + c / 2.0)
        for c in (confidence, wanted)
    )
    return float(other / one)
