"""Integer histograms and their quantiles, in NumPy."""

import numpy as np
from numpy.typing import NDArray

from simulator.schema import QUANTILES

Floats = NDArray[np.float64]


def of_histograms(counts: NDArray[np.int64], edges: Floats) -> Floats:
    """Read quantiles on a straight line within the bin: (..., quantile).

    `counts` has bins last; `edges` has first edge and bins per unit last.
    """
    below = np.cumsum(counts, axis=-1)
    total = below[..., -1]
    found = []
    for level in QUANTILES:
        wanted = level * total
        place = (below < wanted[..., None]).sum(axis=-1)
        inside = np.take_along_axis(counts, place[..., None], axis=-1)[..., 0]
        before = np.take_along_axis(below, place[..., None], axis=-1)[..., 0] - inside
        part = (wanted - before) / np.maximum(inside, 1)
        value = edges[..., 0] + (place + part) / edges[..., 1]
        outside = (place == 0) | (place == counts.shape[-1] - 1)
        found.append(np.where(outside, np.nan, value))
    return np.stack(found, axis=-1)


def of_numbers(counts: NDArray[np.int64]) -> Floats:
    """Find quantiles of a number whose value v was seen counts[..., v] times."""
    below = np.cumsum(counts, axis=-1)
    total = below[..., -1:]
    found = [(below < level * total).sum(axis=-1) for level in QUANTILES]
    return np.stack(found, axis=-1).astype(np.float64)


def add_counts(bins: NDArray[np.uint8], histograms: NDArray[np.int64]) -> None:
    """Count bins (year, result, unit, draw) into (year, result, unit, bin)."""
    n_unit, n_bin = histograms.shape[-2:]
    offset = (np.arange(n_unit) * n_bin)[:, None]
    for y in range(bins.shape[0]):
        for row in range(bins.shape[1]):
            counted = np.bincount(
                (bins[y, row] + offset).ravel(), minlength=n_unit * n_bin
            )
            histograms[y, row] += counted.reshape(n_unit, n_bin)
