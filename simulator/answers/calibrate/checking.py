"""Whether conditioning does what it says: known beliefs must be found again.

Beliefs are drawn from the prior, figures are simulated from them, and the prior is
conditioned on those figures. Among draws from what comes out, the true belief must have
every rank equally often.

References
----------
Talts, Betancourt, Simpson, Vehtari and Gelman (2018), Validating Bayesian inference
algorithms with simulation-based calibration, arXiv:1804.06788.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from simulator.answers.calibrate import calibrating
from simulator.answers.calibrate.calibrating import Bank, generator
from simulator.types import Floats

Bools = NDArray[np.bool_]

BINS = 10


def ranks(
    of: Bank,
    fitted: Bools,
    *,
    trials: int,
    rows: int = 400,
    seed: int = calibrating.SEED,
    trust: float = 1.0,
) -> Floats:
    """Rank true beliefs among those that the stand-in finds from their own figures.

    Parameters
    ----------
    of
        Simulated beliefs.
    fitted
        Which figures count.
    trials
        How many true beliefs; each is followed through one future of its own.
    rows
        Draws of each posterior.
    seed
        Of all random numbers.
    trust
        Share of all errors that the likelihood counts: 1 is right, and less is a
        negative control, too sure of itself.

    Returns
    -------
    ranks
        Share of rows below the truth: (trial, path).
    """
    foreteller, past = of.foreteller, of.foreteller.space
    points = generator(seed, 20).standard_normal((trials, len(past.paths)))
    truth = past.values(points)
    errors = calibrating.likelihood(of, fitted).errors
    published = foreteller.one_future_each(truth, seed + 1)
    noise = generator(seed, 21).standard_normal(published.shape)
    published = published + noise @ np.linalg.cholesky(errors).T
    found = np.empty(truth.shape)
    for k in range(trials):
        likely = calibrating.likelihood(of, fitted, published=published[k])
        trusted = replace(likely, errors=trust * errors, scale=np.sqrt(trust))
        drawn = calibrating.proposed(of, trusted, rows, generator(seed, 100 + k))
        found[k] = (past.values(drawn.points) < truth[k]).mean(axis=0)
    return found


def uneven(found: Floats) -> Floats:
    """Give how likely ranks so uneven are by chance, of each belief: (path,)."""
    trials = len(found)
    places = np.minimum((found * BINS).astype(np.int64), BINS - 1)
    counts = np.stack([(places == k).sum(axis=0) for k in range(BINS)])
    due = trials / BINS
    return np.asarray(chdtrc(BINS - 1, ((counts - due) ** 2 / due).sum(axis=0)))
