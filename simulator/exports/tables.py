"""Which tables a run has, and how to go through them without holding them whole."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from simulator.errors import RunFileError
from simulator.exports import columns
from simulator.exports.columns import ALWAYS, BY_DRAW, NAMES, Column
from simulator.exports.grids import GRIDS, Dims, frame_of
from simulator.exports.tidy import NONE_KEPT, SMALL, names
from simulator.messages import nearest
from simulator.schema import TARGET

SLAB_ROWS: Final = 2**18  # held in memory at once; some 30 MB with all its columns
SUMMARIES: Final = "summaries"  # stands for every table that is not by draw


class Table(NamedTuple):
    """A table that can be gone through without holding all of it."""

    name: str
    columns: tuple[Column, ...]
    rows: int
    chunks: Callable[[], Iterator[pd.DataFrame]]
    """Its rows in order, some at a time."""


def choose(run: xr.DataTree, asked: Sequence[str] = ()) -> tuple[str, ...]:
    """Settle which tables are meant.

    Parameters
    ----------
    run
        As `open` gives it.
    asked
        Names of tables; "summaries" stands for all that are not by draw. Without any,
        all that the run has.

    Returns
    -------
    names
        In their order, `definitions`, `assumptions` and `about` always at the end.

    Raises
    ------
    RunFileError
        Where there is no such table.
    """
    found = names(run)
    chosen = {*ALWAYS, *(() if asked else found)}
    for name in asked:
        if name == SUMMARIES:
            chosen |= {each for each in found if each not in BY_DRAW}
        elif name in found:
            chosen.add(name)
        elif name in NAMES:
            raise RunFileError(name, NONE_KEPT, "run again with --keep sample")
        else:
            remedy = nearest(name, [*found, SUMMARIES])
            raise RunFileError("tables", f"there is no '{name}'", remedy)
    return tuple(name for name in found if name in chosen)


def open_tables(run: xr.DataTree, chosen: Sequence[str]) -> list[Table]:
    """Give tables of a run, in the order of their names, to be gone through."""
    return [_table(run, name, chosen) for name in chosen]


def _table(run: xr.DataTree, name: str, chosen: Sequence[str]) -> Table:
    words = columns.of_table(name, run)
    if name in GRIDS:
        dataset, dims = GRIDS[name](run)
        rows = int(np.prod([dataset.sizes[dim] for dim in dims]))
        return Table(name, words, rows, lambda: _slabs(dataset, dims))
    frame = SMALL[name](run)
    if name == "definitions":  # of what stands beside it, and of no more
        frame = frame[frame["table"].isin(chosen)]
    return Table(name, words, len(frame), lambda: iter([frame]))


def _slabs(dataset: xr.Dataset, dims: Dims) -> Iterator[pd.DataFrame]:
    """Go through a target at a time, and through some of its draws or trusts."""
    many = next(dim for dim in dims if dim != TARGET)
    others = [dataset.sizes[dim] for dim in dims if dim not in (TARGET, many)]
    step = max(1, SLAB_ROWS // int(np.prod(others)))
    for target in range(dataset.sizes[TARGET] if TARGET in dims else 1):
        one = dataset.isel({TARGET: [target]}) if TARGET in dims else dataset
        for start in range(0, dataset.sizes[many], step):
            yield frame_of(one.isel({many: slice(start, start + step)}), dims)
