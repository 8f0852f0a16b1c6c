"""A quick stand-in for the simulation: polynomials in what is believed.

It only proposes. Every belief that it proposes is simulated, and weighted by how much
likelier the simulation makes it than the stand-in said.
"""

from dataclasses import dataclass

import numpy as np

from simulator.answers.calibrate.remembered import Foretold
from simulator.types import Floats


@dataclass(frozen=True)
class Emulator:
    """Polynomials for the means and for the logarithms of the spreads.

    Attributes
    ----------
    centre, width
        By which values are put on one scale: (path,).
    means, logs
        Coefficients: (term, observation).
    missed
        Standard deviation of what the polynomial of a mean misses: (observation,).
    """

    centre: Floats
    width: Floats
    means: Floats
    logs: Floats
    missed: Floats

    def foretell(self, values: Floats) -> Foretold:
        """Stand in for the simulation of beliefs, (belief, path)."""
        terms = _terms((values - self.centre) / self.width)
        return Foretold(
            terms @ self.means, np.hypot(np.exp(terms @ self.logs), self.missed)
        )


def fit(values: Floats, foretold: Foretold, weights: Floats) -> Emulator:
    """Fit to simulated beliefs by weighted least squares.

    Parameters
    ----------
    values
        (belief, path); several times as many beliefs as terms.
    foretold
        What simulation gave of them.
    weights
        How much each counts: (belief,).
    """
    centre, width = values.mean(axis=0), values.std(axis=0)
    terms = _terms((values - centre) / width)
    root = np.sqrt(weights)[:, None]
    wanted = np.concatenate([foretold.mean, np.log(foretold.sd)], axis=1)
    # A ridge so slight that it only settles what the beliefs leave open.
    gram = (terms * root).T @ (terms * root)
    gram[np.diag_indices_from(gram)] += 1e-6 * weights.sum()
    found = np.linalg.solve(gram, (terms * root).T @ (wanted * root))
    n = foretold.mean.shape[1]
    away = foretold.mean - terms @ found[:, :n]
    # What is fitted with so many terms looks better than it is.
    left = max(1.0 - terms.shape[1] / len(values), 0.1)
    missed = np.sqrt(np.average(away**2, axis=0, weights=weights) / left)
    return Emulator(centre, width, found[:, :n], found[:, n:], missed)


def _terms(x: Floats) -> Floats:
    """Give one, each, all products of two, and cubes: (belief, term)."""
    rows, columns = np.triu_indices(x.shape[1])
    return np.concatenate(
        [np.ones((len(x), 1)), x, x[:, rows] * x[:, columns], x**3], axis=1
    )
