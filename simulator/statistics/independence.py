"""Whether the draws of a run are independent, and what to do where they are not."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import stdtrit

from simulator.errors import RunFileError
from simulator.types import Floats


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
    one, other = (stdtrit(replicates - 1, 0.5 + c / 2.0) for c in (confidence, wanted))
    return float(other / one)
