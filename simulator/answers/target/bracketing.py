"""Which rates to try next, so that a chance is bracketed closely."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.answers.target.estimate import RATE, Crossing, crossings
from simulator.schema import OUTCOME
from simulator.statistics.intervals import wilson
from simulator.types import Floats

Whole = NDArray[np.int64]


def rates_to_add(
    curve: xr.Dataset,
    outcome: str,
    chances: Sequence[float],
    resolution: float,
    most: int,
) -> Floats:
    """Choose the rates to try next, so that every crossing is bracketed closely.

    A crossing of a chance, by the estimate or an end of its interval, lies between two
    neighbouring rates. Where they are further apart than `resolution` and than the
    interval of the inverse is wide, rates are put between them.

    Parameters
    ----------
    curve, outcome, chances
        As of `highest_rate`.
    resolution
        Distance of two rates that is always close enough.
    most
        Number of rates to add at most: first where most crossings lie.

    Returns
    -------
    rates
        In rising order; none where every bracket is close enough.
    """
    rates = curve[RATE].values
    chosen = curve.sel({OUTCOME: outcome})
    width = np.diff(rates)
    n_crossing = np.zeros(len(width), np.int64)
    enough = np.full(len(width), np.inf)  # the least of what its crossings ask
    for chance in chances:
        found = crossings(chosen, rates, chance)
        ends = [np.nan_to_num(end.rate, nan=rates[0]) for end in found[1:]]
        wanted = np.maximum(ends[1] - ends[0], resolution)
        for crossing in found:
            within = (crossing.last >= 0) & (crossing.last < len(width))
            _mark(n_crossing, enough, crossing.last[within], wanted[within])
        peaks = _hidden_peaks(chosen, found, chance)
        _mark(n_crossing, enough, peaks, np.full(len(peaks), 10.0 * resolution))
    # Equal parts of a rounded number can be a hair wider than what is asked.
    open_pieces = np.flatnonzero(width > enough * (1.0 + 1e-9))
    order = np.argsort(-n_crossing[open_pieces], kind="stable")
    open_pieces = open_pieces[order][:most]
    added = []
    for piece in open_pieces:
        parts = int(np.ceil(width[piece] / enough[piece]))
        n = min(max(most // len(open_pieces), 1), max(parts - 1, 1))
        added.append(np.linspace(rates[piece], rates[piece + 1], n + 2)[1:-1])
    return np.sort(np.concatenate(added)) if added else np.empty(0)


def _mark(n_crossing: Whole, enough: Floats, pieces: Whole, wanted: Floats) -> None:
    np.add.at(n_crossing, pieces, 1)
    np.minimum.at(enough, pieces, wanted)


def _hidden_peaks(
    chosen: xr.Dataset, found: tuple[Crossing, Crossing, Crossing], chance: float
) -> Whole:
    """List pieces beside the best rate where a chance that is missed may be reached.

    Only a curve that may rise has a peak between two rates; it is taken to reach at
    most as far above the best rate as that is above its neighbours.
    """
    n, worth = chosen.sizes[RATE], chosen.attrs["worth"]
    fitted = chosen["fitted"].transpose(RATE, ...).values.reshape(n, -1)
    high = wilson(fitted * worth, worth, chosen.attrs["confidence"])[1]
    columns = np.arange(fitted.shape[1])
    best = fitted.argmax(axis=0)
    before, after = np.maximum(best - 1, 0), np.minimum(best + 1, n - 1)
    beside = np.minimum(fitted[before, columns], fitted[after, columns])
    reach = high[best, columns] + fitted[best, columns] - beside
    wanted = ~chosen["monotone"].values.reshape(-1) & (found[0].last < 0)
    wanted &= reach >= chance
    pieces = [before[wanted & (before < best)], best[wanted & (best < after)]]
    return np.unique(np.concatenate(pieces))
