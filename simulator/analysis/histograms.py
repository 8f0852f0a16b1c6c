"""Quantiles from integer histograms, which any order of counting leaves the same."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def histogram_quantiles(
    counts: NDArray[np.uint32], first: Floats, scale: Floats, levels: Sequence[float]
) -> Floats:
    """Read quantiles off histograms, on a straight line within the bin.

    Parameters
    ----------
    counts
        Number of draws in each bin: (..., bin). The end bins also hold what lies
        outside.
    first, scale
        Lower edge of the first bin, and bins per unit: (...).
    levels
        Shares of draws below.

    Returns
    -------
    quantiles
        Shape (..., level). Not a number where the quantile falls into an end bin of a
        histogram that has draws elsewhere too: then it lies outside the range.
    """
    n_bin = counts.shape[-1]
    flat = counts.reshape(-1, n_bin)
    below = np.cumsum(flat, axis=1, dtype=np.int64)
    total = below[:, -1:]
    out = np.empty((len(flat), len(levels)))
    rows = np.arange(len(flat))
    for column, level in enumerate(levels):
        wanted = level * total[:, 0]
        place = np.minimum((below < wanted[:, None]).sum(axis=1), n_bin - 1)
        inside = flat[rows, place]
        before = below[rows, place] - inside
        part = np.where(inside > 0, (wanted - before) / np.maximum(inside, 1), 0.5)
        value = first.ravel() + (place + part) / scale.ravel()
        outside = (place == 0) | (place == n_bin - 1)
        out[:, column] = np.where(outside, np.nan, value)
    return out.reshape(*counts.shape[:-1], len(levels))


def count_quantiles(counts: NDArray[np.int64], levels: Sequence[float]) -> Floats:
    """Find quantiles of a whole number whose value v was seen counts[..., v] times.

    The least value that at least `level` of the draws do not exceed: (..., level).
    """
    below = np.cumsum(counts, axis=-1)
    total = below[..., -1:]
    found = [(below < level * total).sum(axis=-1) for level in levels]
    return np.stack(found, axis=-1).astype(np.float64)
