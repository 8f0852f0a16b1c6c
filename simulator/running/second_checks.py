"""Whether the second answer in a file is what it says: see `verify`.

Each check names the first difference; an empty text is none.
"""

from collections.abc import Iterable

import h5py
import numpy as np

from simulator.kernel.workspace import LANES
from simulator.running import second
from simulator.running.second import BY_DRAW, COUNTS, Second
from simulator.types import OnProgress


def disagreement(file: h5py.File, n_draw: int) -> str:
    """Compare the counts with the draws, and with each other."""
    counts = second.read(file)
    so_many = np.arange(counts.share.shape[-1])
    pairs = {
        "share": (counts.share.sum(axis=-1), np.full(counts.sector.shape, n_draw)),
        "trust": (counts.trust.sum(axis=-1), counts.share @ so_many),
    }
    if BY_DRAW.path in file:  # not so in a run of counts only
        by_draw = file[BY_DRAW.path]
        achieved = sum(
            by_draw[..., start : start + second.SLAB].sum(axis=-1, dtype=np.int64)
            for start in range(0, n_draw, second.SLAB)
        )
        pairs["sector"] = counts.sector, achieved
    for name, (one, other) in pairs.items():
        if not np.array_equal(one, other):
            return f"{COUNTS[name]} does not follow from the draws"
    return ""


def of_sample(file: h5py.File, of: Second, starts: Iterable[int], n_draw: int) -> str:
    """Simulate some draws again."""
    for start in starts:
        draws = range(start, min(start + LANES, n_draw))
        found, _ = of.simulated(draws)
        if not np.array_equal(found, file[BY_DRAW.path][..., start : draws.stop]):
            return f"{BY_DRAW.path} is another in draws {start:,} to {draws.stop - 1:,}"
    return ""


def of_whole(file: h5py.File, of: Second, n_draw: int, on_progress: OnProgress) -> str:
    """Simulate every draw again, and count."""
    by_draw = BY_DRAW.path in file  # not so in a run of counts only
    found, counts = of.simulated(
        range(n_draw), on_progress=on_progress, by_draw=by_draw
    )
    if by_draw and not np.array_equal(found, file[BY_DRAW.path]):
        return f"{BY_DRAW.path} is another"
    stored = second.read(file)
    for name, path in COUNTS.items():
        if not np.array_equal(getattr(counts, name), getattr(stored, name)):
            return f"{path} is another"
    for variable, values in of.chances(counts, n_draw):
        if not np.array_equal(values, file[variable.path], equal_nan=True):
            return f"{variable.path} is another"
    return ""
