"""What stands in the run file place by place, laid out in rows.

A grid is some variables and the dims that a row is a place of. Nothing is read before
rows are made of it.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from simulator import schema
from simulator.exports import columns
from simulator.exports.columns import OF_A_TYPE, OF_A_YEAR
from simulator.runfile.tree import of_draws
from simulator.schema import (
    DRAW,
    KEPT_DRAW,
    OUTCOME,
    QUANTILE,
    RESULTS,
    SPREAD,
    TARGET,
    TRUST,
    TRUST_TYPE,
    YEAR,
)

Dims: TypeAlias = tuple[str, ...]
Grid: TypeAlias = tuple[xr.Dataset, Dims]

KEPT: Final = "trajectories"  # the one table that a run may not have


def frame_of(dataset: xr.Dataset, dims: Dims) -> pd.DataFrame:
    """Lay variables out beside one another, a row for each place along the dims."""
    names = [*dims, *dataset.data_vars]
    frame = dataset.to_dataframe(dim_order=[*dims]).reset_index()[names]
    for name, values in dataset.data_vars.items():
        stored = np.dtype(values.encoding.get("dtype", values.dtype))
        # Whole numbers come from the file as floats, in case a place was not written.
        if stored.kind == "i" and frame[name].dtype.kind == "f":
            whole = "Int64" if frame[name].isna().any() else stored
            frame[name] = frame[name].astype(whole)
    return frame.rename(columns={KEPT_DRAW: DRAW})


def bands_of(run: xr.DataTree, level: str, results: Mapping[str, object]) -> xr.Dataset:
    """Give the bands of trusts, types or systems under the names of the results."""
    stored = {f"{level}_{name}": name for name in results}
    return run["bands"].to_dataset()[[*stored]].rename(stored)


def _trust_bands(run: xr.DataTree) -> Grid:
    return bands_of(run, "trust", SPREAD), (TARGET, TRUST, YEAR, QUANTILE)


def _sector(run: xr.DataTree) -> Grid:
    return of_draws(run, "sector")[[*RESULTS]], (TARGET, DRAW, YEAR)


def _sector_achieved(run: xr.DataTree) -> Grid:
    achieved = of_draws(run, "sector")["achieved"]
    return _spread_out(achieved, OUTCOME, "{}"), (TARGET, DRAW)


def _drivers(run: xr.DataTree) -> Grid:
    drawn = of_draws(run, "drivers")
    return drawn[["lever", *columns.assumptions(drawn)]], (DRAW,)


def _drivers_by_year(run: xr.DataTree) -> Grid:
    drawn = of_draws(run, "drivers")
    found = drawn[[*OF_A_YEAR]]
    for name in OF_A_TYPE:
        by_type = _spread_out(drawn[name], TRUST_TYPE, f"{name}_{{}}")
        found = found.assign(by_type.data_vars)
    return found, (DRAW, YEAR)


def _trajectories(run: xr.DataTree) -> Grid:
    kept = run[KEPT].to_dataset()[[*schema.KEPT]]
    return kept, (TARGET, KEPT_DRAW, TRUST, YEAR)


def _spread_out(values: xr.DataArray, dim: str, name: str) -> xr.Dataset:
    """Make a variable of each place along a dimension."""
    places = map(str, values[dim].values)
    found = {name.format(at): values.sel({dim: at}, drop=True) for at in places}
    return xr.Dataset(found)


GRIDS: Final[Mapping[str, Callable[[xr.DataTree], Grid]]] = {
    "trust_bands": _trust_bands,
    "sector": _sector,
    "sector_achieved": _sector_achieved,
    "drivers": _drivers,
    "drivers_by_year": _drivers_by_year,
    KEPT: _trajectories,
}
