"""Quantiles from integer histograms, which any order of counting leaves the same."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.kernel.histograms import read_quantiles
from simulator.kernel.workspace import BINS
from simulator.types import Floats


def histogram_quantiles(
    counts: NDArray[np.uint32],
    edges: Floats,
    levels: Sequence[float],
    threads: int = 1,
) -> Floats:
    """Read quantiles off histograms, on a straight line within the bin.

    Parameters
    ----------
    counts
        Number of draws in each bin: (..., bin). The end bins also hold what lies
        outside.
    edges
        Lower edge of the first bin, and bins per unit: (..., 2).
    levels
        Shares of draws below, in rising order.
    threads
        Number of threads that share the histograms.

    Returns
    -------
    quantiles
        Shape (..., level). Not a number where a quantile falls into an end bin: then it
        lies outside the range.
    """
    n_bin, shape = counts.shape[-1], (*counts.shape[:-1], len(levels))
    if n_bin != BINS:
        raise ValueError(f"histograms have {BINS} bins, not {n_bin}")
    quantiles = np.empty(shape)
    rows = counts.reshape(-1, n_bin)
    where = np.ascontiguousarray(edges).reshape(-1, 2)
    found = quantiles.reshape(-1, len(levels))
    wanted = np.array(levels)

    def read(first: int, stop: int) -> None:
        some = slice(first, stop)
        read_quantiles(rows[some], where[some], wanted, found[some])

    ends = np.linspace(0, len(rows), threads + 1, dtype=int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(read, ends[:-1], ends[1:]))
    return quantiles


def count_quantiles(
    counts: NDArray[np.integer[Any]], levels: Sequence[float]
) -> Floats:
    """Find quantiles of a whole number whose value v was seen counts[..., v] times.

    The least value that at least `level` of the draws do not exceed: (..., level).
    """
    seen = np.flatnonzero(counts.reshape(-1, counts.shape[-1]).any(axis=0))
    below = np.cumsum(counts[..., : seen.max(initial=0) + 1], axis=-1, dtype=np.int64)
    total = below[..., -1:]
    found = [(below < level * total).sum(axis=-1) for level in levels]
    return np.stack(found, axis=-1).astype(np.float64)
