"""What terms that the model leaves out would do, to the record and to the answer.

`python -m benchmarks.trials` prints the tables of docs/model.md. Each term has a prior
from outside the scored figures, and is tried on the same beliefs and the same luck as
the model without it: by how likely it makes what was published of 2013/14 to 2017/18,
by what a forecast from the prior scores, and by the chances of the 1.1% target, before
and given the record. `--in-full TERM` calibrates with one of them as a further belief.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from benchmarks import trial_record, trial_year
from benchmarks.trial_record import (
    PAST,
    PLAN,
    SEED,
    TRIALS,
    Trial,
    Weighed,
    measured,
    prepared,
    tried,
    values_of,
)
from simulator import drivers, evidence
from simulator.answers.calibrate import calibrating, sampling
from simulator.answers.hindcast import estimate as hindcast
from simulator.sampling.stream import Stream
from simulator.scenario.model import years
from simulator.scenario.values import FOLLOWS
from simulator.schema import OUTCOMES
from simulator.types import Floats

DRAWS: Final = 2_048  # of the prior: whole rows of the kernel
FUTURES: Final = 4  # of each weighted belief, under the plan
# Fewer equal beliefs say too little: with 20 to 50 the evidence was 0.3 to 1.5 short of
# what a calibration in full gave, and the errors a few times too small.
LEAST_WORTH: Final = 50
SHOWN: Final = ("cash_releasing", "measured", "balance")


class Given(Stream):
    """Random numbers of draws some of whose beliefs are given, by key path: (draw,)."""

    def __init__(self, seed: int, beliefs: Mapping[str, Floats]) -> None:
        super().__init__(seed, 0, len(next(iter(beliefs.values()))))
        self.beliefs = beliefs

    def value(self, path: str, assumption: Any) -> Floats:
        """Draw one assumption: (draw,)."""
        given = self.beliefs.get(path)
        return super().value(path, assumption) if given is None else given


class Share(NamedTuple):
    """A weighted mean, and what each belief does to it, which gives its error."""

    mean: float
    influence: Floats  # (belief,)

    def less(self, other: "Share") -> str:
        """Write how far it is from another on the same beliefs, in points."""
        error = np.sqrt(np.sum((self.influence - other.influence) ** 2))
        more = round(100 * (self.mean - other.mean))  # whole, or -0 would be written
        return f"{more:+d} ± {100 * error:.0f}"


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


def given(
    form: str, weighed: Weighed, trials: Sequence[Trial] = TRIALS
) -> list[dict[str, Share]]:
    """Give the chances of the target given the record, of each trial."""
    job = prepared(PLAN, form)
    rows = {path: np.repeat(v, FUTURES) for path, v in weighed.beliefs.items()}
    drawn = drivers.draw_from(job.scenario, Given(SEED, rows))
    found = []
    for trial, terms, weights in zip(
        trials, weighed.terms, weighed.weights, strict=True
    ):
        on = tried(trial, np.repeat(terms, FUTURES))
        seen = trial_year.follow(job, 0, drawn, on)
        by_belief = seen.achieved.reshape(len(OUTCOMES), -1, FUTURES)
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
    weighed = trial_record.weigh(form)
    away = f"{weighed.away:.0e} standard deviations of luck from the kernel"
    print(f"\nplans follow the {form}; without a term {away}\n")
    head = "evidence", "worth", "given the record", "in 90%", "in 50%", "CRPS"
    row("tried", *head, *[name.replace("_", "-") for name in SHOWN] * 2)
    row(*["---"] * (1 + len(head) + 2 * len(SHOWN)))
    prior, record = before(form), given(form, weighed)
    for index, trial in enumerate(TRIALS):
        weights = weighed.weights[index]
        worth = sampling.effective(weights)
        more, error = nats(weights, weighed.weights[0])
        by_record = f"{weighed.evidence:.1f}", f"{worth:.0f}", ""
        if trial.term:
            values = middle(weighed.terms[index], weights)
            by_record = f"{more:+.1f} ± {error:.1f}", f"{worth:.0f}", values
        if worth < LEAST_WORTH:
            by_record = "", f"{worth:.0f}", ""
        row(
            trial.words,
            *by_record,
            *scored(form, trial),
            *said(prior, index),
            *(said(record, index) if worth >= LEAST_WORTH else [""] * len(SHOWN)),
        )


def said(found: Sequence[Mapping[str, Share]], index: int) -> Iterator[str]:
    """Write the chances as shipped, or what a term adds to them."""
    for name in SHOWN:
        one, plain = found[index][name], found[0][name]
        yield one.less(plain) if index else f"{100 * one.mean:.0f}"


def line(form: str, trial: Trial) -> None:
    """Print what a calibration in full says of a term, and of the chances with it."""
    weighed = trial_record.in_full(form, trial)
    (weights,), (found,) = weighed.weights, given(form, weighed, [trial])
    row(
        form,
        trial.words,
        f"{weighed.evidence:.1f}",
        f"{sampling.effective(weights):.0f}",
        middle(weighed.terms[0], weights),
        *(f"{100 * found[name].mean:.0f}" for name in SHOWN),
    )


def main() -> None:
    """Print a table for each form of plans, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", choices=FOLLOWS, action="append")
    terms = [trial.term for trial in TRIALS if trial.term]
    parser.add_argument("--in-full", choices=dict.fromkeys(terms))
    asked = parser.parse_args()
    for form in asked.plans or FOLLOWS:
        if asked.in_full:
            line(form, TRIALS[1 + terms.index(asked.in_full)])
        else:
            table(form)


if __name__ == "__main__":
    main()
