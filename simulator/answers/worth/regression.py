"""What outputs are expected to be, given some beliefs: cross-fitted spline regression.

The expectation of every draw is fitted to other draws than those it is compared with,
so that a wide regression gains nothing by following noise.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from simulator.types import Floats

FOLDS: Final = 5
DRAWS_A_TERM: Final = 10  # fewer to fit each term of a regression carry too little
DEGREE: Final = 3
FINE, MIDDLE, COARSE = 8, 3, 1  # knots inside: of one belief, of a pair, of a group
FEW_VALUES: Final = 4  # a belief of so many values has a term for each
RIDGE: Final = 1e-8  # of the mean square of a term: settles terms that say the same


def terms(x: Floats) -> Floats:
    """Give the terms of a regression on some beliefs, a constant first: (draw, term).

    Parameters
    ----------
    x
        Beliefs: (belief, draw). One has a spline; a pair, a spline each and the
        products of two coarser ones; more have a coarse spline each and the product of
        every two.
    """
    n = x.shape[1]
    if len(x) == 1:
        parts = [spline(x[0], FINE)]
    elif len(x) == 2:
        first, second = (spline(own, MIDDLE) for own in x)
        both = (first[:, :, None] * second[:, None, :]).reshape(n, -1)
        parts = [*(spline(own, FINE) for own in x), both]
    else:
        level = [(own - own.mean()) / (own.std() or 1.0) for own in x]
        products = [one * other for one, other in combinations(level, 2)]
        parts = [*(spline(own, COARSE) for own in x), np.stack(products, axis=1)]
    return np.concatenate([np.ones((n, 1)), *parts], axis=1)


def spline(x: Floats, knots: int) -> Floats:
    """Give a cubic B-spline of a belief without a constant: (draw, term)."""
    values = np.unique(x)
    if len(values) <= FEW_VALUES:
        found: Floats = (x[:, None] == values[1:]).astype(np.float64)
        return found
    inside = np.quantile(x, np.arange(1, knots + 1) / (knots + 1))
    ends = [np.repeat(end, DEGREE + 1) for end in (values[0], values[-1])]
    placed = np.concatenate([ends[0], np.unique(inside), ends[1]])
    design = BSpline.design_matrix(x, placed, DEGREE).toarray()
    # They add up to 1, which is the constant's to say.
    return np.asarray(design[:, 1:] - design[:, 1:].mean(axis=0))


def carried(n_term: int, draws: int) -> bool:
    """Say whether draws carry a regression of so many terms."""
    return DRAWS_A_TERM * n_term <= draws * (FOLDS - 1) // FOLDS


def folds(draws: int) -> NDArray[np.int64]:
    """Say which fold each draw is in: (draw,)."""
    return np.arange(draws) % FOLDS


def expected(design: Floats, outputs: Floats) -> Floats:
    """Fit outputs on terms, each fold's by all other folds: (draw, output).

    What is fitted is drawn towards the mean by 1 - 1/F, the positive-part rule of
    James and Stein: terms that explain no more than chance would are left out, or
    every choice that rests on them would be worse than one made without.
    """
    fold = folds(len(design))
    found = np.empty_like(outputs)
    squares = [design[fold == k].T @ design[fold == k] for k in range(FOLDS)]
    products = [design[fold == k].T @ outputs[fold == k] for k in range(FOLDS)]
    sizes = [(outputs[fold == k] ** 2).sum(axis=0) for k in range(FOLDS)]
    whole = sum(squares), sum(products), sum(sizes)
    for k in range(FOLDS):
        own = fold == k
        square, product = whole[0] - squares[k], whole[1] - products[k]
        weights = _settled(square, product)
        n = len(fold) - int(own.sum())
        mean = product[0] / n  # the first term is a constant
        fitted = (weights * product).sum(axis=0) - n * mean**2
        left = whole[2] - sizes[k] - n * mean**2 - fitted
        freedom = max(len(square) - 1, 1) / max(n - len(square), 1)
        chance = left * freedom / np.where(fitted > 0.0, fitted, np.inf)
        pull = np.clip(1.0 - chance, 0.0, 1.0) * (fitted > 0.0)
        found[own] = mean + pull * (design[own] @ weights - mean)
    return found


def _settled(square: Floats, product: Floats) -> Floats:
    """Solve for the weights of terms, some of which may say the same."""
    # Terms of very different sizes are settled alike.
    settled = square + RIDGE * np.diag(np.diag(square) + RIDGE)
    return np.asarray(np.linalg.solve(settled, product))


def mean_of_others(outputs: Floats) -> Floats:
    """Give the mean over the other folds' draws: (draw, output)."""
    fold = folds(len(outputs))
    found = np.empty_like(outputs)
    for k in range(FOLDS):
        found[fold == k] = outputs[fold != k].mean(axis=0)
    return found


def groups(names: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    """Gather beliefs by the section of a scenario that they stand in."""
    sections = dict.fromkeys(name.split(".")[0] for name in names)
    for section in sections:
        members = [k for k, n in enumerate(names) if n.split(".")[0] == section]
        if 2 < len(members) < len(names):
            yield section, members
    if len(names) > 2:
        yield "all beliefs", list(range(len(names)))
