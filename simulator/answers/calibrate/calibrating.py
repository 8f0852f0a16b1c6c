"""From a past scenario and the record to beliefs given the record.

1. Beliefs of the prior are simulated, and a polynomial is fitted to what they foretell.
2. The polynomial stands in for the simulation while a sampler finds which beliefs the
   record leaves; some are simulated, and the polynomial is fitted again.
3. Beliefs that the last sampler gives are simulated and weighted by how much likelier
   they are than the polynomial said: the polynomial proposes, the simulation decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.answers.calibrate import emulator, foretelling, observed, sampling, space
from simulator.answers.calibrate.emulator import Emulator
from simulator.answers.calibrate.foretelling import Foreteller
from simulator.answers.calibrate.likelihood import Likelihood
from simulator.answers.calibrate.observed import Observation
from simulator.answers.calibrate.remembered import Foretold, Remembered
from simulator.answers.calibrate.sampling import Particles
from simulator.answers.calibrate.space import Space
from simulator.errors import ScenarioError
from simulator.kernel.workspace import LANES
from simulator.population.model import Population
from simulator.running import prepare
from simulator.scenario.model import Scenario
from simulator.types import Floats, OnProgress

Bools = NDArray[np.bool_]

PRIOR: Final = 1_600  # beliefs that the first polynomial is fitted to
TRIED: Final = 800  # beliefs of each further round
BELIEFS: Final = 4_000  # that are weighted in the end
ROUNDS: Final = 2
ROWS: Final = 4_000
LEAST_EFFECTIVE: Final = 1_000
SEED: Final = 2013
# The polynomial is to be right where the record leads: beliefs of later rounds count
# more than those of the prior.
PRIOR_WEIGHT: Final = 0.1


@dataclass(frozen=True)
class Bank:
    """Simulated beliefs, and a stand-in for the simulation of others.

    Attributes
    ----------
    foreteller
        What simulates.
    values, foretold, weights
        Beliefs that were simulated, (belief, path); what they foretell; and how much
        each counts for the stand-in.
    """

    foreteller: Foreteller
    values: Floats
    foretold: Foretold
    weights: Floats

    def stand_in(self) -> Emulator:
        """Fit the stand-in."""
        return emulator.fit(self.values, self.foretold, self.weights)

    def add(self, values: Floats, on_progress: OnProgress = lambda n: None) -> "Bank":
        """Simulate more beliefs, which count in full."""
        more = self.foreteller.foretell(values, on_progress)
        return replace(
            self,
            values=np.concatenate([self.values, values]),
            foretold=Foretold(
                np.concatenate([self.foretold.mean, more.mean]),
                np.concatenate([self.foretold.sd, more.sd]),
            ),
            weights=np.concatenate([self.weights, np.ones(len(values))]),
        )


@dataclass(frozen=True)
class Posterior:
    """Beliefs given the record, weighted.

    Attributes
    ----------
    space
        What is uncertain.
    observations, fitted
        What was published, and which of it counts.
    values
        (belief, path).
    weights
        Adding up to 1: (belief,).
    foretold
        What simulation gives of each belief.
    log_evidence
        Log of the likelihood averaged over the prior.
    effective
        Number of equal beliefs that the weighted ones are worth.
    remembered
        See `sampling.Particles`.
    """

    space: Space
    observations: Sequence[Observation]
    fitted: Bools
    values: Floats
    weights: Floats
    foretold: Foretold
    log_evidence: float
    effective: float
    remembered: float

    def rows(self, n: int, seed: int) -> Floats:
        """Give n equal rows of those that are carried over: (row, path)."""
        chosen = sampling.systematic(self.weights, n, generator(seed, 9))
        columns = [self.space.paths.index(path) for path in self.space.carried]
        return self.values[chosen][:, columns]

    def check(self, least: float = LEAST_EFFECTIVE) -> None:
        """Refuse what too few beliefs carry."""
        if self.effective < least:
            raise ScenarioError(
                "beliefs",
                f"{len(self.values):,} weighted beliefs are worth {self.effective:,.0f}"
                f" equal ones, and {least:,.0f} are wanted",
                "give more --beliefs",
            )


def generator(seed: int, what: int) -> np.random.Generator:
    """Give the source of chance of one step."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, what))))


def bank(
    scenario: Scenario,
    population: Population,
    follows: str,
    *,
    seed: int = SEED,
    beliefs: int = PRIOR,
    futures: int = LANES,
    threads: int | None = None,
    remembered: Remembered | None = None,
    on_progress: OnProgress = lambda n: None,
) -> Bank:
    """Simulate beliefs of the prior.

    Parameters
    ----------
    scenario, population
        Of past years.
    follows
        What plans follow: the scenario's first target of that kind is simulated.
    seed
        Of all random numbers.
    beliefs, futures
        How many, and of each.
    threads
        Number of threads; moves no number.
    remembered
        What beliefs foretold before, in a calibration that goes on.
    on_progress
        Called with numbers of draws.
    """
    targets = [t for t in scenario.targets if t.plan_follows == follows]
    if not targets:
        raise ScenarioError(
            scenario.name, f"has no target whose plans follow the {follows}", "add one"
        )
    one = scenario.model_copy(update={"targets": (targets[0],)})
    job = prepare.prepare_counts(one, population, seed)
    past = space.of_past(one)
    observations = observed.of_years(one.first_year, one.last_year)
    points = generator(seed, 0).standard_normal((beliefs, len(past.paths)))
    values = past.values(points)
    foreteller = foretelling.prepared(
        job,
        past,
        observations,
        values[: foretelling.FIRST],
        futures=futures,
        threads=threads,
        remembered=remembered,
        on_progress=on_progress,
    )
    return Bank(
        foreteller,
        values,
        foreteller.foretell(values, on_progress),
        np.full(beliefs, PRIOR_WEIGHT),
    )


def likelihood(
    of: Bank,
    fitted: Bools,
    *,
    published: Floats | None = None,
    discrepancy: float = 1.0,
    student: float | None = None,
) -> Likelihood:
    """Say what counts, and how much the model and the figures may be off.

    Parameters
    ----------
    of
        What foretells.
    fitted
        Which observations count.
    published
        Figures in the place of those published.
    discrepancy
        Multiple of the stated discrepancy.
    student
        Degrees of freedom of a Student likelihood.
    """
    observations = of.foreteller.observations
    if published is None:
        published = np.array([o.value for o in observations])
    errors = observed.errors(observations, discrepancy)
    return Likelihood(published, errors, of.foreteller.correlation, fitted, student)


def proposed(
    of: Bank, likely: Likelihood, n: int, rng: np.random.Generator
) -> Particles:
    """Draw beliefs by the stand-in alone."""
    stand_in, past = of.stand_in(), of.foreteller.space

    def log(points: Floats) -> Floats:
        foretold = stand_in.foretell(past.values(points))
        return likely.log(foretold.mean, foretold.sd)

    return sampling.draw(log, n, len(past.paths), rng)


def refined(
    of: Bank,
    likely: Likelihood,
    *,
    seed: int = SEED,
    rounds: int = ROUNDS,
    tried: int = TRIED,
    on_progress: OnProgress = lambda n: None,
) -> Bank:
    """Simulate beliefs where the record leads, and let the stand-in learn from them."""
    for number in range(rounds):
        found = proposed(of, likely, tried, generator(seed, 1 + number))
        of = of.add(of.foreteller.space.values(found.points), on_progress)
    return of


def weighted(
    of: Bank,
    likely: Likelihood,
    n: int,
    *,
    seed: int = SEED,
    on_progress: OnProgress = lambda n: None,
) -> Posterior:
    """Draw beliefs by the stand-in, simulate them, and weight them."""
    found = proposed(of, likely, n, generator(seed, 8))
    past = of.foreteller.space
    values = past.values(found.points)
    foretold = of.foreteller.foretell(values, on_progress)
    return _posterior(
        of.foreteller, likely, values, foretold, found.log_likelihood, found
    )


def _posterior(
    foreteller: Foreteller,
    likely: Likelihood,
    values: Floats,
    foretold: Foretold,
    proposal: Floats,
    found: Particles,
) -> Posterior:
    logs = likely.log(foretold.mean, foretold.sd) - proposal
    weights = np.exp(logs - logs.max())
    evidence = found.log_evidence + float(logs.max() + np.log(weights.mean()))
    return Posterior(
        foreteller.space,
        foreteller.observations,
        likely.fitted,
        values,
        weights / weights.sum(),
        foretold,
        evidence,
        sampling.effective(weights),
        found.remembered,
    )


def quantiles(values: Floats, weights: Floats, levels: Sequence[float]) -> Floats:
    """Give weighted quantiles of each column: (level, column)."""
    found = np.empty((len(levels), values.shape[1]))
    for column, row in enumerate(values.T):
        order = np.argsort(row, kind="stable")
        below = np.cumsum(weights[order]) - 0.5 * weights[order]
        found[:, column] = np.interp(levels, below, row[order])
    return found


def contraction(of: Posterior) -> Mapping[str, float]:
    """Give by how much the record narrows each belief: 0 not at all, 1 to a point.

    One less the ratio of variances, after and before.
    """
    points = generator(0, 7).standard_normal((20_000, len(of.space.paths)))
    before = of.space.values(points).var(axis=0)
    mean = of.weights @ of.values
    after = of.weights @ (of.values - mean) ** 2
    return dict(zip(of.space.paths, (1.0 - after / before).tolist(), strict=True))
