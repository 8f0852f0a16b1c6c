"""What terms that the model leaves out would do, to the record and to the answer.

`python -m benchmarks.trials` prints the tables of docs/model.md. Each term has a prior
from outside the scored figures, and is tried on the same beliefs and the same luck as
the model without it: by how likely it makes what was published of 2013/14 to 2017/18,
by what a forecast from the prior scores, and by the chances of the 1.1% target, before
and given the record.

The evidence is weighed by beliefs drawn from the prior times a power of the likelihood
that the stand-in of `simulator calibrate` gives them, so that they reach beyond what
the record leaves of the model as it is. Each is then simulated with and without the
term.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from benchmarks import trial_year
from benchmarks.trial_year import Seen, Values
from simulator import drivers, evidence
from simulator.answers import measures
from simulator.answers.calibrate import calibrating, foretelling, observed, sampling
from simulator.answers.calibrate.calibrating import Bank, generator
from simulator.answers.calibrate.foretelling import Luck
from simulator.answers.calibrate.likelihood import Likelihood
from simulator.answers.hindcast import estimate as hindcast
from simulator.engine import blocks
from simulator.engine.blocks import Job
from simulator.kernel.workspace import GROUP_RESULTS, LANES
from simulator.population.load import load_population
from simulator.running import prepare
from simulator.sampling.stream import Stream
from simulator.scenario.distributions import Triangular, Uncertain, Uniform
from simulator.scenario.load import load_scenario
from simulator.scenario.model import FOLLOWS, years
from simulator.schema import OUTCOMES, TRUST_TYPES
from simulator.types import Floats

PLAN, PAST = "long-term-plan", "hindcast-2013"
RATE: Final = 0.011
SEED: Final = 2019
DRAWS: Final = 2_048  # of the prior: whole rows of the kernel
BELIEFS: Final = 1_024  # that the evidence is weighed by
FUTURES: Final = 4  # of each of them, under the plan
FIRST, TRIED = 800, 300  # that the stand-in is fitted to
POWER: Final = 0.4  # of the stand-in's likelihood, where beliefs are drawn
SHOWN: Final = ("cash_releasing", "measured", "balance")


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
    # The sketch's range, from memory.
    Trial("target on 75-95% of income", "priced", Uniform(low=0.75, high=0.95)),
    # National prices paid for 29bn of the 69bn of care (Monitor, September 2013); at
    # most, all but training, research and other income heeds them.
    Trial("target on 42-90% of income", "priced", Uniform(low=0.42, high=0.90)),
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


class Given(Stream):
    """Random numbers of draws some of whose beliefs are given, by key path: (draw,)."""

    def __init__(self, seed: int, beliefs: Mapping[str, Floats]) -> None:
        super().__init__(seed, 0, len(next(iter(beliefs.values()))))
        self.beliefs = beliefs

    def value(self, path: str, assumption: Any) -> Floats:
        """Draw one assumption: (draw,)."""
        given = self.beliefs.get(path)
        return super().value(path, assumption) if given is None else given


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
        mean, sd = foretold_by(bank, asked, values, trial, terms[-1])
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
    bank: Bank, job: Job, values: Floats, trial: Trial, terms: Floats
) -> tuple[Floats, Floats]:
    """Give mean and spread over luck of what is published: (belief, observation)."""
    foreteller = bank.foreteller
    job = replace(job, seed=foreteller.job.seed)
    found = []
    for start in range(0, len(values), foretelling.TOGETHER):
        some = slice(start, start + foretelling.TOGETHER)
        beliefs = dict(zip(foreteller.space.paths, values[some].T, strict=True))
        luck = Luck(job.seed, LANES, beliefs, True)
        drawn = drivers.draw_from(job.scenario, luck)
        for k, term in enumerate(terms[some]):
            one = blocks.part_of(drawn, k * LANES, (k + 1) * LANES)
            on = tried(trial, np.full(LANES, term))
            shown = measured(job, trial_year.follow(job, 0, one, on))
            found.append(
                [shown[o.measure].sel(year=o.year) for o in foreteller.observations]
            )
    futures = np.array(found)  # (belief, observation, future)
    mean = futures.mean(axis=2) + foreteller.shift
    return mean, futures.std(axis=2, ddof=1) * foreteller.stretch


# --- what the tables say --------------------------------------------------------------


class Share(NamedTuple):
    """A weighted mean, and what each belief does to it, which gives its error."""

    mean: float
    influence: Floats  # (belief,)

    def less(self, other: "Share") -> str:
        """Write how far it is from another on the same beliefs, in points."""
        error = np.sqrt(np.sum((self.influence - other.influence) ** 2))
        return f"{100 * (self.mean - other.mean):+.0f} ± {100 * error:.0f}"


def share(achieved: Floats, weights: Floats) -> Share:
    """Give the chance of what beliefs achieve, (belief,), by their weights."""
    part = weights / weights.sum()
    mean = float(part @ achieved)
    return Share(mean, part * (achieved - mean))


def nats(weights: Floats, base: Floats) -> tuple[float, float]:
    """Give the difference of log evidence, and its Monte Carlo error."""
    one, other = weights / weights.mean(), base / base.mean()
    error = np.std(one - other, ddof=1) / np.sqrt(len(base))
    return float(np.log(weights.mean() / base.mean())), float(error)


def middle(values: Floats, weights: Floats) -> str:
    """Write the middle of a term given the record, and its 5% and 95% points."""
    found = calibrating.quantiles(
        values[:, None], weights / weights.sum(), (0.05, 0.5, 0.95)
    )[:, 0]
    low, centre, high = (f"{x:.2g}" for x in found)
    return f"{centre} ({low} to {high})"


def scored(form: str, trial: Trial) -> Iterator[str]:
    """Score a forecast from the prior: figures in both bands, CRPS over persistence."""
    job = prepared(PAST, form, trial.past)
    drawn = drivers.draw(job.scenario, SEED, 0, DRAWS)
    on = tried(trial, values_of(trial, DRAWS))
    shown = measured(job, trial_year.follow(job, 0, drawn, on))
    funds = dict(zip(years(job.scenario), job.plan.support.sum(axis=0), strict=True))
    origin = job.scenario.first_year - 1
    funds[origin] = evidence.number(f"opening.support.{origin}")
    found = hindcast.score(xr.Dataset(shown).transpose("draw", "year"), funds)
    for name in ("inside_90", "inside_50"):
        yield f"{int(found[name].sum())}"
    yield f"{float(found['all_ratio'].sel(naive='persistence')):.2f}"


def before(form: str) -> list[dict[str, Share]]:
    """Give the chances of the target before the record, of each trial."""
    job = prepared(PLAN, form)
    drawn = drivers.draw(job.scenario, SEED, 0, DRAWS)
    equal, found = np.ones(DRAWS), []
    for trial in TRIALS:
        on = tried(trial, values_of(trial, DRAWS))
        seen = trial_year.follow(job, 0, drawn, on)
        found.append(chances(seen.achieved, equal))
    return found


def given(form: str, weighed: Weighed) -> list[dict[str, Share]]:
    """Give the chances of the target given the record, of each trial."""
    job = prepared(PLAN, form)
    rows = {path: np.repeat(v, FUTURES) for path, v in weighed.beliefs.items()}
    drawn = drivers.draw_from(job.scenario, Given(SEED, rows))
    found = []
    for trial, terms, weights in zip(
        TRIALS, weighed.terms, weighed.weights, strict=True
    ):
        on = tried(trial, np.repeat(terms, FUTURES))
        seen = trial_year.follow(job, 0, drawn, on)
        by_belief = seen.achieved.reshape(len(OUTCOMES), BELIEFS, FUTURES)
        found.append(chances(by_belief.mean(axis=2), weights))
    return found


def chances(achieved: NDArray[Any], weights: Floats) -> dict[str, Share]:
    """Give the chance of each outcome that is shown; `achieved`: (outcome, belief)."""
    return {
        name: share(1.0 * achieved[OUTCOMES.index(name)], weights) for name in SHOWN
    }


def row(*cells: str) -> None:
    """Print a row of a table."""
    print("|", " | ".join(cells), "|", flush=True)


def table(form: str) -> None:
    """Print what the record says of each term, and what it adds to the chances."""
    weighed = weigh(form)
    away = f"{weighed.away:.0e} standard deviations of luck from the kernel"
    print(f"\nplans follow the {form}; without a term {away}\n")
    head = "evidence", "worth", "given the record", "in 90%", "in 50%", "CRPS"
    row("tried", *head, *[name.replace("_", "-") for name in SHOWN] * 2)
    row(*["---"] * (1 + len(head) + 2 * len(SHOWN)))
    both = before(form), given(form, weighed)
    for index, trial in enumerate(TRIALS):
        weights = weighed.weights[index]
        more, error = nats(weights, weighed.weights[0])
        row(
            trial.words,
            f"{more:+.1f} ± {error:.1f}" if trial.term else f"{weighed.evidence:.1f}",
            f"{sampling.effective(weights):.0f}",
            middle(weighed.terms[index], weights) if trial.term else "",
            *scored(form, trial),
            *(
                found[index][name].less(found[0][name])
                if trial.term
                else f"{100 * found[0][name].mean:.0f}"
                for found in both
                for name in SHOWN
            ),
        )


def main() -> None:
    """Print a table for each form of plans, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", choices=FOLLOWS, action="append")
    for form in parser.parse_args().plans or FOLLOWS:
        table(form)


if __name__ == "__main__":
    main()
