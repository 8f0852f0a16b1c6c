"""Shares of a total that add up exactly: Shapley values.

Several causes act together, and what one of them adds depends on which others act
already. The Shapley value of a cause is what it adds on average over every order in
which the causes could be switched on one by one. The values sum to the whole, so that
no interaction is left over.

References
----------
Shapley (1953), "A value for n-person games", Contributions to the Theory of Games II,
Annals of Mathematics Studies 28, 307-317.
"""

import math
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import xarray as xr

from simulator.schema import DRAW
from simulator.statistics.intervals import never, wilson_of_worth
from simulator.statistics.means import mean
from simulator.types import Floats

COALITION = "coalition"
CAUSE = "cause"


def shapley(values: Floats) -> Floats:
    """Share the worth of all players among them.

    Parameters
    ----------
    values
        Worth of every coalition, shape (2**k, ...): entry `s` is that of the players
        whose bit is set in `s`, so entry 0 is nobody and the last is everybody.

    Returns
    -------
    shares
        Shape (k, ...), in the order of the bits, lowest first. They sum to
        `values[-1] - values[0]`.

    Examples
    --------
    Two players are worth 1 and 3 alone, and 6 together:

    >>> shapley(np.array([0.0, 1.0, 3.0, 6.0]))
    array([2., 4.])
    """
    n = number_of_players(len(values))
    shares = np.zeros((n, *values.shape[1:]))
    for player in range(n):
        bit = 1 << player
        for others in range(len(values)):
            if not others & bit:
                added = values[others | bit] - values[others]
                shares[player] += weight(others.bit_count(), n) * added
    return shares


def weight(size: int, n: int) -> float:
    """Give the share of orders in which just `size` given others of n come first."""
    return math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)


def number_of_players(n_coalition: int) -> int:
    """Count the players of a table with a row for every coalition."""
    if n_coalition < 1 or n_coalition & (n_coalition - 1):
        raise ValueError(f"{n_coalition} is not the number of coalitions: 1, 2, 4, ...")
    return n_coalition.bit_length() - 1


def attribution(
    values: xr.DataArray, causes: Sequence[str], worth: float | None = None
) -> xr.Dataset:
    """Share the change from no cause to all causes, draw by draw.

    Parameters
    ----------
    values
        What happens with each set of causes acting, by `coalition`, `draw` and other
        dims; coalitions as in `shapley`.
    causes
        Names of the causes, in the order of the bits.
    worth
        Number of independent draws that the draws are worth (`independence.worth`);
        by default as many as there are.

    Returns
    -------
    shares
        Means over draws, each with a `_low` and a `_high`: `without`, with no cause
        acting; `contribution` by `cause`; `total`, the contributions' sum; `with_all`.
        Without + contributions = with_all, to rounding.
    """
    table = values.transpose(COALITION, ..., DRAW)
    shares = shapley(table.values)
    dims = [dim for dim in table.dims if dim not in (COALITION, DRAW)]
    parts: dict[str, tuple[list[Hashable], Floats]] = {
        "without": (dims, table.values[0]),
        "contribution": ([CAUSE, *dims], shares),
        "total": (dims, table.values[-1] - table.values[0]),
        "with_all": (dims, table.values[-1]),
    }
    found: dict[str, tuple[list[Hashable], Floats]] = {}
    for name, (names, by_draw) in parts.items():
        estimate = mean(by_draw, worth=worth)
        found[name] = names, estimate.value
        found[f"{name}_low"] = names, estimate.low
        found[f"{name}_high"] = names, estimate.high
    coordinates = {CAUSE: list(causes), **{dim: table[dim] for dim in dims}}
    draws = table.sizes[DRAW]
    worth = draws if worth is None else worth
    return xr.Dataset(found, coordinates, {"draws": draws, "worth": worth})


def bound_chances(shares: xr.Dataset, chance: Mapping[str, str]) -> xr.Dataset:
    """Widen the intervals of chances for what no draw has shown.

    A level gets Wilson's interval. What a cause adds in a draw lies between -1 and 1,
    and what no draw showed has a chance of up to `never`: so much is added to either
    side at least.

    Parameters
    ----------
    shares
        As `attribution` gives them.
    chance
        Where in them the mean over draws is a probability: a name by dim.
    """
    found = shares.copy(deep=True)
    draws, worth = shares.attrs["draws"], shares.attrs["worth"]
    for name in ("without", "with_all"):
        achieved = np.rint(shares[name].sel(chance) * draws)
        ends = wilson_of_worth(achieved, draws, worth)
        for end, bound in zip(("low", "high"), ends, strict=True):
            found[f"{name}_{end}"].loc[chance] = bound
    unseen = float(never(worth))
    # Without a cause nothing can differ, and a total of zero is certain.
    for name in ("contribution", "total") if shares.sizes[CAUSE] else ():
        middle = shares[name].sel(chance)
        low, high = (shares[f"{name}_{end}"].sel(chance) for end in ("low", "high"))
        found[f"{name}_low"].loc[chance] = np.minimum(low, middle - unseen)
        found[f"{name}_high"].loc[chance] = np.maximum(high, middle + unseen)
    return found
