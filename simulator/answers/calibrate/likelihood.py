"""How likely what was published is, of beliefs that are known by their simulations.

A synthetic likelihood: what a belief foretells is taken to be normal over luck, with
the belief's own means and spreads, and correlations of all beliefs together. What the
model gets wrong and errors of measurement are added. Student's distribution, with its
longer tails, shows whether the answer hangs on that form.

References
----------
Wood (2010), Nature 466, 1102-1104, for the synthetic likelihood; Kennedy and O'Hagan
(2001), Journal of the Royal Statistical Society B 63, 425-464, for the discrepancy.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.types import Floats

Bools = NDArray[np.bool_]

STUDENT: Final = 5.0  # degrees of freedom, where a Student likelihood is asked for


@dataclass(frozen=True)
class Likelihood:
    """What was published, and how far it may lie from what is foretold.

    Attributes
    ----------
    published
        (observation,).
    errors
        Covariance of measurement and discrepancy: (observation, observation).
    luck
        Correlation of luck: (observation, observation).
    fitted
        Which observations count: (observation,).
    student
        Degrees of freedom; None for the normal form.
    scale
        Multiple of luck's spreads; 1 but in a negative control.
    """

    published: Floats
    errors: Floats
    luck: Floats
    fitted: Bools
    student: float | None = None
    scale: float = 1.0

    def covariance(self, sd: Floats) -> Floats:
        """Give the covariance of what counts: (..., observation, observation)."""
        block = np.ix_(self.fitted, self.fitted)
        spread = self.scale * sd[..., self.fitted]
        return np.asarray(
            self.luck[block] * spread[..., :, None] * spread[..., None, :]
            + self.errors[block]
        )

    def log(self, mean: Floats, sd: Floats) -> Floats:
        """Give the log likelihood of each belief: (belief,).

        Parameters
        ----------
        mean, sd
            As foretold, over luck: (belief, observation).
        """
        away = self.published[self.fitted] - mean[:, self.fitted]
        root = np.linalg.cholesky(self.covariance(sd))
        standard = np.linalg.solve(root, away[..., None])[..., 0]
        squares = np.sum(standard**2, axis=1)
        halves = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        n = away.shape[1]
        if self.student is None:
            return np.asarray(
                -0.5 * squares - halves - 0.5 * n * math.log(2.0 * math.pi)
            )
        # Scaled so that the covariance is the same.
        df = self.student
        scale = df - 2.0
        constant = math.lgamma((df + n) / 2.0) - math.lgamma(df / 2.0)
        constant -= 0.5 * n * math.log(scale * math.pi)
        return np.asarray(
            constant - halves - 0.5 * (df + n) * np.log1p(squares / scale)
        )
