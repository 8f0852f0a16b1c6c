"""Terms that are tried, each with its prior, and what the record says of them.

Beliefs are drawn from the prior times a power of the likelihood that the stand-in of
`simulator calibrate` gives them, so that they reach beyond what the record leaves of
the model as it is. Each is then simulated with and without a term, on the same luck.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, NamedTuple

import numpy as np
import xarray as xr

from benchmarks import trial_year
from benchmarks.trial_year import Seen, Values
from simulator import drivers
from simulator.answers import measures
from simulator.answers.calibrate import calibrating, foretelling, observed, sampling
from simulator.answers.calibrate.calibrating import Bank, generator
from simulator.answers.calibrate.foretelling import Foreteller, Foretold, Luck
from simulator.answers.calibrate.likelihood import Likelihood
from simulator.answers.calibrate.space import Space
from simulator.engine.job import Job
from simulator.kernel.workspace import GROUP_RESULTS, LANES
from simulator.population.load import load_population
from simulator.running import prepare
from simulator.scenario.distributions import Certain, Triangular, Uncertain, Uniform
from simulator.scenario.load import load_scenario
from simulator.scenario.model import years
from simulator.schema import TRUST_TYPES
from simulator.types import Floats, OnProgress

PLAN, PAST = "long-term-plan", "hindcast-2013"
RATE: Final = 0.011
SEED: Final = 2019
BELIEFS: Final = 1_024  # that the evidence is weighed by
FIRST, TRIED = 800, 300  # that the stand-in is fitted to
IN_FULL: Final = 2_000  # that are weighted where a term is calibrated in full
POWER: Final = 0.4  # of the stand-in's likelihood, where beliefs are drawn


class Trial(NamedTuple):
    """A term that is tried: its name in `trial_year`, its prior, and past settings."""

    words: str
    term: str = ""
    prior: Uncertain = Uniform(low=0.0, high=1.0)
    past: tuple[str, ...] = ()


# What plans of the sector asked beyond the year before, funds apart, as a share of
# cost: 0.1% (as published, with refusals) to 0.8% (all in balance) in 2016/17, and 0.4%
# in 2017/18.
CONTROL_TOTAL: Final = Triangular(low=0.001, mode=0.004, high=0.008)
TRIALS: Final = (
    Trial("as shipped"),
    # As it was before 0.4.0.
    Trial("target on all income", "national_share", Certain(value=1.0)),
    # Were local prices to follow national ones nearly in full: judgement.
    Trial("target on 75-95%", "national_share", Uniform(low=0.75, high=0.95)),
    Trial("30-90% of a surplus spent", "spent", Uniform(low=0.3, high=0.9)),
    Trial("the same, for good", "spent_for_good", Uniform(low=0.3, high=0.9)),
    # Nobody has measured it.
    Trial("surplus nets carry-over", "netted", Uniform(low=0.0, high=1.0)),
    Trial("last one-off aims at a control total", "step", CONTROL_TOTAL),
    Trial("the same, or at balance if in reach", "step_or_balance", CONTROL_TOTAL),
    # Trusts switched just over 300m in 2015/16 (HSJ, May 2016: 270m found, 84 trusts);
    # of other years only the national sum is known. It is no longer support then.
    Trial(
        "trusts switch capital to revenue",
        "switched",
        Uniform(low=0.0, high=2.0),
        ("funding.support.revenue_support.amount=[511, 0, 0, 0, 0]",),
    ),
)


class Weighed(NamedTuple):
    """Beliefs of one form of plans, and how likely each makes the record.

    `weights` are likelihoods over what the beliefs were drawn by, up to a factor that
    all trials share: (trial, belief). `terms` are values of each trial's term.
    """

    beliefs: dict[str, Floats]  # (belief,), those that are carried to other years
    terms: Floats  # (trial, belief)
    weights: Floats  # (trial, belief)
    evidence: float  # log, of the model as shipped
    away: float  # largest difference from the kernel, in standard deviations of luck


def prepared(name: str, form: str, settings: Sequence[str] = ()) -> Job:
    """Prepare a scenario under the one target that is asked about."""
    loaded = load_scenario(name, settings)
    population = load_population(loaded.scenario.population, loaded.folder)
    target = next(
        t
        for t in loaded.scenario.targets
        if t.plan_follows == form
        and (name == PAST or t.rate == RATE)
        and t.deficit_addon == 0.0
    )
    one = loaded.scenario.model_copy(update={"targets": (target,)})
    return prepare.prepare_counts(one, population, SEED)


def values_of(trial: Trial, n: int) -> Floats:
    """Draw values of a trial's term, the same quantiles for all: (n,)."""
    uniform = generator(SEED, 50).random(n)
    return trial.prior.quantile(uniform, np.zeros(n))


def tried(trial: Trial, values: Floats) -> Values:
    """Turn a trial's term on."""
    return {trial.term: values} if trial.term else {}


def measured(job: Job, seen: Seen) -> dict[str, xr.DataArray]:
    """Give what is published, of each draw: (year, draw)."""
    dims, by = ("year", "draw"), {"year": list(years(job.scenario))}
    sector = xr.Dataset(
        {n: (dims, seen.sector[:, r, 0]) for r, n in enumerate(GROUP_RESULTS)}, by
    )
    balance, short = (
        {
            kind: xr.DataArray(seen.kind[:, GROUP_RESULTS.index(name), g], by, dims)
            for g, kind in enumerate(TRUST_TYPES)
        }
        for name in ("balance", "trusts_in_deficit")
    )
    n_trust = np.bincount(job.trusts.kind, minlength=len(TRUST_TYPES)).tolist()
    return measures.of_sector(sector, sum(n_trust)) | measures.of_types(
        balance, short, dict(zip(TRUST_TYPES, n_trust, strict=True))
    )


# --- the record -----------------------------------------------------------------------


def weigh(form: str) -> Weighed:
    """Weigh every trial's term by the record, on the same beliefs and luck."""
    bank, likely = learnt(form)
    past, job = bank.foreteller.space, prepared(PAST, form)
    stand_in = bank.stand_in()

    def log(points: Floats) -> Floats:
        foretold = stand_in.foretell(past.values(points))
        return POWER * likely.log(foretold.mean, foretold.sd)

    rng = generator(calibrating.SEED, 51)
    found = sampling.draw(log, BELIEFS, len(past.paths), rng)
    values = past.values(found.points)
    terms, logs = [], []
    for number, trial in enumerate(TRIALS):
        asked = prepared(PAST, form, trial.past) if trial.past else job
        terms.append(values_of(trial, BELIEFS))
        mean, sd = foretold_by(bank.foreteller, asked, values, trial, terms[-1])
        if number == 0:
            by_kernel = bank.foreteller.foretell(values[:LANES])
            away = np.abs(mean[:LANES] - by_kernel.mean) / by_kernel.sd
        logs.append(likely.log(mean, sd) - found.log_likelihood)
        print(".", end="", file=sys.stderr, flush=True)
    weights = np.exp(np.array(logs) - logs[0].max())
    evidence = found.log_evidence + logs[0].max() + np.log(weights[0].mean())
    beliefs = dict(zip(past.paths, values.T, strict=True))
    return Weighed(
        {path: beliefs[path] for path in past.carried},
        np.array(terms),
        weights,
        float(evidence),
        float(away.max()),
    )


def learnt(form: str) -> tuple[Bank, Likelihood]:
    """Simulate beliefs by the kernel, so that the stand-in learns from them."""
    loaded = load_scenario(PAST)
    population = load_population(loaded.scenario.population, loaded.folder)
    bank = calibrating.bank(loaded.scenario, population, form, beliefs=FIRST)
    likely = calibrating.likelihood(bank, observed.fitted(bank.foreteller.observations))
    return calibrating.refined(bank, likely, tried=TRIED), likely


def foretold_by(
    foreteller: Foreteller, job: Job, values: Floats, trial: Trial, terms: Floats
) -> tuple[Floats, Floats]:
    """Give mean and spread over luck of what is published: (belief, observation)."""
    job = replace(job, seed=foreteller.job.seed)
    found = []
    for start in range(0, len(values), foretelling.TOGETHER):
        some = slice(start, start + foretelling.TOGETHER)
        beliefs = dict(zip(foreteller.space.paths, values[some].T, strict=True))
        luck = Luck(job.seed, LANES, beliefs, True)
        drawn = drivers.draw_from(job.scenario, luck)
        for k, term in enumerate(terms[some]):
            one = drivers.part_of(drawn, k * LANES, (k + 1) * LANES)
            on = tried(trial, np.full(LANES, term))
            shown = measured(job, trial_year.follow(job, 0, one, on))
            found.append(
                [shown[o.measure].sel(year=o.year) for o in foreteller.observations]
            )
    futures = np.array(found)  # (belief, observation, future)
    mean = futures.mean(axis=2) + foreteller.shift
    return mean, futures.std(axis=2, ddof=1) * foreteller.stretch


@dataclass(frozen=True, kw_only=True)
class Trying(Foreteller):
    """A foreteller whose last belief is a trial's term."""

    trial: Trial = TRIALS[0]

    def foretell(
        self, values: Floats, on_progress: OnProgress = lambda n: None
    ) -> Foretold:
        """Follow beliefs, (belief, path), through the futures."""
        return Foretold(*foretold_by(self, self.job, values, self.trial, values[:, -1]))


def in_full(form: str, trial: Trial) -> Weighed:
    """Calibrate with a term as one more belief, as `simulator calibrate` would."""
    base, likely = learnt(form)
    plain = base.foreteller
    space = Space({**plain.space.assumptions, trial.term: trial.prior})
    parts = {field.name: getattr(plain, field.name) for field in fields(plain)}
    job = replace(prepared(PAST, form, trial.past), seed=plain.job.seed)
    trying = Trying(**parts | {"job": job, "space": space}, trial=trial)
    points = generator(calibrating.SEED, 52).standard_normal((FIRST, len(space.paths)))
    values = space.values(points)
    weights = np.full(FIRST, calibrating.PRIOR_WEIGHT)
    bank = Bank(trying, values, trying.foretell(values), weights)
    bank = calibrating.refined(bank, likely, tried=TRIED)
    found = calibrating.weighted(bank, likely, IN_FULL)
    beliefs = dict(zip(space.paths, found.values.T, strict=True))
    return Weighed(
        {path: beliefs[path] for path in space.carried},
        beliefs[trial.term][None],
        found.weights[None],
        found.log_evidence,
        0.0,
    )
