"""Which assumption a chance hangs on, where assumptions go together: Shapley effects.

Given a record, assumptions trade off against each other, and a scenario may say that
some go together, so that much of what one of them explains another explains too. The
Shapley effect of an assumption is the part of the variance that it adds on average over
every order in which the assumptions could become known. So what two of them explain in
common is shared evenly between them, and all effects together are what all assumptions
explain: nothing is counted twice.

References
----------
Owen (2014), SIAM/ASA Journal on Uncertainty Quantification 2, 245-251, for the
effects; Owen and Prieur (2017), ibid. 5, 986-1002, for those of correlated normal
assumptions, which are the shares of R2 of Lindeman, Merenda and Gold (1980); for
estimates of these, Groemping (2007), The American Statistician 61, 139-147.
"""

from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import ndtri

from simulator.answers.uncertainty.estimate import main_effects, noise, ranks_of

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

ORDERS: Final = 64  # in which assumptions become known; each is taken backwards too
PARTS: Final = 32  # of the beliefs; one is left out at a time
FEW: Final = 8  # orders that are enough to see what a part left out does
BELIEFS_A_TERM: Final = 5  # fewer leave nothing to tell terms from noise
CURVED: Final = 2  # terms of an assumption: a line, and a bend
RIDGE: Final = 1e-9  # so slight that it only settles what goes together wholly
SEED: Final = 1953  # of the orders


def shared_effects(
    assumptions: xr.DataArray,
    achieved: xr.DataArray,
    futures: int,
    confidence: float = 0.95,
    worth: float | None = None,
) -> xr.Dataset:
    """Share a chance's spread among assumptions that go together.

    The chance is fitted by a sum of curves, one of each assumption's normal score, and
    the variance that this explains is shared. How much assumptions explain in some
    order is put right for the number of terms, as adjusted R2 is.

    Parameters
    ----------
    assumptions
        Value of each assumption, dims (assumption, belief).
    achieved, futures
        As of `estimate.chance_spread`.
    confidence
        Share of intervals that hold the true value.
    worth
        Number of independent beliefs that the beliefs are worth (`independence.worth`).

    Returns
    -------
    effects
        By assumption and the other dims, with `_low` and `_high`: `share` of the
        variance of the chance over beliefs, and `direction`, the rank correlation, as
        `estimate.main_effects` gives them. And `rest`: one less all shares, which is
        what assumptions do in other ways than side by side. Shares are NaN where the
        spread is no wider than noise, or beliefs are too few for so many assumptions.

    Notes
    -----
    An assumption that does nothing has a share where one that it goes with does
    something: who knows it knows something of the other. Intervals are from leaving
    out a part of the beliefs at a time (jackknife), with the error of orders added.
    """
    effects = main_effects(assumptions, achieved, futures, confidence, worth)
    share = (achieved / futures).transpose("belief", ...)
    beliefs, n = share.sizes["belief"], assumptions.sizes["assumption"]
    chances = share.values.reshape(beliefs, -1)
    between = share.var("belief", ddof=1) - noise(share, futures).mean("belief")
    size = np.where(between.values > 0.0, between.values, np.nan).ravel()
    terms = _terms(assumptions.transpose("assumption", "belief").values)
    if beliefs < BELIEFS_A_TERM * terms.values.shape[1]:
        value = error = np.full((n, len(size)), np.nan)
    else:
        value, error = _shared(terms, n, chances)
    half = float(ndtri(0.5 + confidence / 2.0)) * error
    half = half * np.sqrt(beliefs / (worth or beliefs))
    of = effects["share"].transpose("assumption", *share.dims[1:])
    for end, by in (("", 0.0), ("_low", -half), ("_high", half)):
        effects[f"share{end}"] = of.copy(data=((value + by) / size).reshape(of.shape))
    effects["rest"] = 1.0 - effects["share"].sum("assumption", skipna=False)
    return effects.assign_attrs(shared=1)


class Terms(NamedTuple):
    """What a chance is fitted by.

    Attributes
    ----------
    values
        One, then the terms of each assumption in turn: (belief, term).
    owner
        Number of the assumption of each term, -1 of the first: (term,).
    """

    values: Floats
    owner: Whole


def _terms(assumptions: Floats) -> Terms:
    """Turn values, (assumption, belief), into terms; one that never varies has none."""
    beliefs = assumptions.shape[1]
    columns, owner = [np.ones(beliefs)], [-1]
    different = [len(np.unique(values)) for values in assumptions]
    bends = beliefs >= BELIEFS_A_TERM * (1 + CURVED * len(assumptions))
    for number, values in enumerate(assumptions):
        score = ndtri((ranks_of(values) + 0.5) / beliefs)
        degrees = min(CURVED if bends else 1, different[number] - 1)
        for degree in range(1, degrees + 1):
            columns.append(score**degree)
            owner.append(number)
    return Terms(np.stack(columns, axis=1), np.array(owner))


def _shared(terms: Terms, n: int, chances: Floats) -> tuple[Floats, Floats]:
    """Find each assumption's part of the variance, (assumption, column), and its error.

    Sums of products add up over beliefs, so that leaving some out is a subtraction.
    """
    each = np.arange(len(chances)) % PARTS
    parts = [
        _Sums.of(terms.values[each == k], chances[each == k]) for k in range(PARTS)
    ]
    whole = _Sums(*(np.sum(sums, axis=0) for sums in zip(*parts, strict=True)))
    rng = np.random.default_rng(SEED)
    orders = [rng.permutation(n) for _ in range(ORDERS)]

    def found(sums: _Sums, some: int) -> Floats:
        return np.stack([_pair(sums, terms.owner, order) for order in orders[:some]])

    pairs = found(whole, ORDERS)
    without = [found(whole.less(part), FEW).mean(axis=0) for part in parts]
    of_beliefs = (PARTS - 1) * np.var(without, axis=0)
    of_orders = pairs.var(axis=0, ddof=1) / ORDERS
    return pairs.mean(axis=0), np.sqrt(of_beliefs + of_orders)


class _Sums(NamedTuple):
    """What a fit needs of the beliefs: how many, and sums of products over them."""

    beliefs: Floats
    terms: Floats  # (term, term)
    both: Floats  # (term, column)
    squares: Floats  # (column,)

    @classmethod
    def of(cls, terms: Floats, chances: Floats) -> "_Sums":
        return cls(
            np.array(float(len(terms))),
            terms.T @ terms,
            terms.T @ chances,
            (chances**2).sum(axis=0),
        )

    def less(self, part: "_Sums") -> "_Sums":
        return _Sums(*(one - other for one, other in zip(self, part, strict=True)))


def _pair(sums: _Sums, owner: Whole, order: Whole) -> Floats:
    """Average what each assumption adds in an order, and in that order backwards."""
    return (_added(sums, owner, order) + _added(sums, owner, order[::-1])) / 2.0


def _added(sums: _Sums, owner: Whole, order: Whole) -> Floats:
    """Find how much variance each assumption adds to explain: (assumption, column)."""
    place = np.empty(len(order) + 1, np.int64)
    place[order], place[-1] = np.arange(len(order)), -1  # the first term comes first
    columns = np.argsort(place[owner], kind="stable")
    gram = sums.terms[np.ix_(columns, columns)]
    gram[np.diag_indices_from(gram)] *= 1.0 + RIDGE
    root = np.linalg.cholesky(gram)
    fitted = solve_triangular(root, sums.both[columns], lower=True)
    left = sums.squares - np.cumsum(fitted**2, axis=0)
    freedom = sums.beliefs - 1.0 - np.arange(len(columns))
    unexplained = left / freedom[:, None]  # after each term
    added = np.zeros((len(order), fitted.shape[1]))
    np.add.at(added, owner[columns[1:]], -np.diff(unexplained, axis=0))
    return added
