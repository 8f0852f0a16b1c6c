"""Draw from what is left of the prior once a likelihood is known: tempered, in steps.

Particles start from the prior, standard normal numbers. The likelihood is let in little
by little; after each step likely particles are multiplied, and all are moved by a chain
that leaves their distribution as it is.

References
----------
Del Moral, Doucet and Jasra (2006), Journal of the Royal Statistical Society B 68,
411-436, for the method; Rudolf and Sprungk (2018), Foundations of Computational
Mathematics 18, 309-343, for moves about a fitted normal distribution.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from simulator.types import Floats

Log = Callable[[Floats], Floats]

KEPT: Final = 0.5  # effective share of particles that each step leaves
MOVES: Final = 4  # after each step
LAST_MOVES: Final = 60  # at most, after the last step
FORGOTTEN: Final = 0.1  # correlation with where particles stood, after the last moves
HALVINGS: Final = 30
ACCEPTED: Final = 0.3  # share of moves that is aimed at


def least(n_dimension: int) -> int:
    """Give the fewest particles that the moves can be fitted to.

    Moves are about a normal distribution fitted to the particles, which fills all
    dimensions only if more than `n_dimension` particles are distinct. Each step leaves
    about half of them so: it keeps `KEPT` of n effective, so that u = n w has mean 1
    and mean square 2, and a particle is chosen at all with chance
    min(u, 1) >= u - u**2 / 4, whose mean is 1/2. Moves that are refused leave fewer, so
    this is twice that: of narrow likelihoods in 29 dimensions, a third failed with
    3 (n + 1) particles, and none of 120 with 4 (n + 1).
    """
    return 4 * (n_dimension + 1)


class Particles(NamedTuple):
    """Draws from the posterior.

    Parameters
    ----------
    points
        (particle, dimension).
    log_likelihood
        (particle,).
    log_evidence
        Log of the likelihood averaged over the prior.
    remembered
        Largest correlation over dimensions of particles with where the last moves
        found them.
    """

    points: Floats
    log_likelihood: Floats
    log_evidence: float
    remembered: float


def draw(log: Log, n_particle: int, n_dimension: int, rng: Generator) -> Particles:
    """Draw particles from prior times likelihood.

    Parameters
    ----------
    log
        Log likelihood of points, (particle, dimension), whose prior is standard
        normal: (particle,).
    n_particle, n_dimension
        How many.
    rng
        Source of all chance.
    """
    points = rng.standard_normal((n_particle, n_dimension))
    likely = log(points)
    power, evidence = 0.0, 0.0
    step = 0.5
    while power < 1.0:
        more = _next(likely, power)
        weights = (more - power) * likely
        top = float(weights.max())
        share = np.exp(weights - top)
        evidence += top + float(np.log(share.mean()))
        power = more
        chosen = systematic(share / share.sum(), n_particle, rng)
        points, likely = points[chosen], likely[chosen]
        for _ in range(MOVES):
            points, likely, step = _moved(log, points, likely, power, step, rng)
    began, remembered = points, 1.0
    for _ in range(LAST_MOVES):
        points, likely, step = _moved(log, points, likely, 1.0, step, rng)
        remembered = _correlation(began, points)
        if remembered < FORGOTTEN:
            break
    return Particles(points, likely, evidence, remembered)


def effective(weights: Floats) -> float:
    """Give the number of equal draws that weighted ones are worth (Kish)."""
    return float(weights.sum() ** 2 / np.sum(weights**2))


def systematic(weights: Floats, n: int, rng: Generator) -> NDArray[np.int64]:
    """Choose n rows in proportion to weights that add up to 1, each as often as due."""
    places = (rng.random() + np.arange(n)) / n
    chosen = np.searchsorted(np.cumsum(weights), places)
    return np.asarray(np.minimum(chosen, len(weights) - 1), np.int64)


def _next(likely: Floats, power: float) -> float:
    """Find how much of the likelihood to let in, so that enough particles count."""

    def enough(tried: float) -> bool:
        weights = (tried - power) * likely
        return effective(np.exp(weights - weights.max())) >= KEPT * len(likely)

    if enough(1.0):
        return 1.0
    low, high = power, 1.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if enough(middle) else (low, middle)
    return high


def _moved(
    log: Log,
    points: Floats,
    likely: Floats,
    power: float,
    step: float,
    rng: Generator,
) -> tuple[Floats, Floats, float]:
    """Move all particles once, and aim the step at a good share of moves accepted."""
    centre = points.mean(axis=0)
    root = np.linalg.cholesky(np.cov(points.T))
    noise = rng.standard_normal(points.shape) @ root.T
    stay = np.sqrt(1.0 - step**2)
    tried = centre + stay * (points - centre) + step * noise
    found = log(tried)

    def over(x: Floats, likelihood: Floats) -> Floats:
        """Give log prior times likelihood over the fitted normal."""
        z = np.linalg.solve(root, (x - centre).T)
        return np.asarray(
            power * likelihood - 0.5 * np.sum(x**2, axis=1) + 0.5 * np.sum(z**2, axis=0)
        )

    better = over(tried, found) - over(points, likely)
    accepted = np.log(rng.random(len(points))) < better
    points = np.where(accepted[:, None], tried, points)
    likely = np.where(accepted, found, likely)
    step = float(np.clip(step * np.exp(accepted.mean() - ACCEPTED), 0.05, 0.99))
    return points, likely, step


def _correlation(before: Floats, after: Floats) -> float:
    pairs = (
        np.corrcoef(one, two)[0, 1] for one, two in zip(before.T, after.T, strict=True)
    )
    return max(abs(float(pair)) for pair in pairs)
