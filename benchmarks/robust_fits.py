"""Beliefs given the record in other ways, and the chances that they give the sector.

One stand-in of the simulation serves every line that leaves figures out or weighs them
otherwise; the beliefs that it proposes are simulated and weighted, as in
`simulator calibrate`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.trial_record import PAST, PLAN, prepared
from simulator.answers.calibrate import calibrating, observed, table_text
from simulator.answers.calibrate.calibrating import SEED, Bank, Posterior
from simulator.answers.calibrate.likelihood import STUDENT
from simulator.engine import blocks
from simulator.evidence.record import BY_NAME
from simulator.scenario import posterior
from simulator.scenario.fitting import population_of
from simulator.scenario.load import load_scenario
from simulator.scenario.posterior import Table
from simulator.schema import OUTCOMES

Bools = NDArray[np.bool_]

SHIPPED: Final = "record-2013-2017"
SHOWN: Final = ("cash_releasing", "measured", "balance")


class Sizes(NamedTuple):
    """How many of what: as docs/calibration.md has them."""

    first: int = 1_600  # beliefs of the prior that a stand-in is fitted to
    tried: int = 800  # of each of two further rounds
    beliefs: int = 800  # that are weighted, a line
    draws: int = 4_000  # of a chance, and of a hindcast
    early: int = 2_000  # beliefs weighted by early years
    other: int = 1_200  # beliefs weighted with another seed
    trials: int = 40  # of simulation-based calibration
    rows: int = 500  # of each of its posteriors


QUICK: Final = Sizes(600, 130, 130, 256, 640, 130, 3, 130)


class Line(NamedTuple):
    """A way to read the record: which figures count, and what the likelihood is."""

    words: str
    counts: Bools
    discrepancy: float = 1.0
    student: float | None = None


def lines(bank: Bank) -> Iterator[Line]:
    """Give every way that is tried, the usual one first."""
    observations = bank.foreteller.observations
    fitted = observed.fitted(observations)
    yield Line("all, fitted anew", fitted)
    yield Line("half the discrepancy", fitted, discrepancy=0.5)
    yield Line("twice the discrepancy", fitted, discrepancy=2.0)
    yield Line("Student's likelihood", fitted, student=STUDENT)
    counted = [o for o, yes in zip(observations, fitted, strict=True) if yes]
    for year in sorted({o.year for o in counted}):
        others = np.array([o.year != year for o in observations])
        yield Line(f"without {year}/{(year + 1) % 100}", fitted & others)
    for name in dict.fromkeys(o.measure for o in counted):
        others = np.array([o.measure != name for o in observations])
        yield Line(f"without {BY_NAME[name].title}", fitted & others)


def of_prior(form: str, n: int, seed: int = SEED) -> Bank:
    """Simulate beliefs of the prior, of past years."""
    loaded = load_scenario(PAST)
    return calibrating.bank(
        loaded.scenario, population_of(loaded), form, seed=seed, beliefs=n
    )


def learnt(form: str, sizes: Sizes, seed: int = SEED) -> Bank:
    """Let a stand-in learn where the whole record leads, as `calibrate` does."""
    bank = of_prior(form, sizes.first, seed)
    fitted = observed.fitted(bank.foreteller.observations)
    likely = calibrating.likelihood(bank, fitted)
    return calibrating.refined(bank, likely, seed=seed, tried=sizes.tried)


def fit(bank: Bank, line: Line, n: int, seed: int = SEED) -> Posterior:
    """Weigh n beliefs by the record, read in one way."""
    likely = calibrating.likelihood(
        bank, line.counts, discrepancy=line.discrepancy, student=line.student
    )
    return calibrating.weighted(bank, likely, n, seed=seed)


def as_table(form: str, found: Posterior, name: str) -> Table:
    """Turn weighted beliefs into a table to draw from, of as many rows."""
    text = table_text.to_text({"name": name}, {form: found}, len(found.values), SEED)
    return posterior.from_text(text, name)


def chances(form: str, given: Table | None, draws: int) -> list[float]:
    """Give the sector's chances of 1.1% and of balance: from the prior, or a table."""
    job = prepared(PLAN, form)
    if given is not None:
        job = replace(job, scenario=job.scenario.with_table(given))
    tally = blocks.simulate(job, draws)
    return [float(tally.sector[0, OUTCOMES.index(x)]) / draws for x in SHOWN]


def moved(one: Table, other: Table, form: str) -> dict[str, float]:
    """Give how far means of a table lie from another's, in its standard deviations."""
    rows = one.rows[form]
    away = np.abs(other.rows[form].mean(axis=0) - rows.mean(axis=0)) / rows.std(axis=0)
    return dict(zip(one.prior, away.tolist(), strict=True))
