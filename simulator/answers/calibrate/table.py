"""Beliefs given the record, of both forms of plans, as a table to draw from."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulator.answers.calibrate import calibrating, foretelling, observed
from simulator.answers.calibrate import remembered as remembering
from simulator.answers.calibrate.calibrating import Bank, Posterior
from simulator.answers.calibrate.observed import Observation
from simulator.answers.calibrate.remembered import Remembered
from simulator.errors import ScenarioError
from simulator.kernel.workspace import LANES
from simulator.running import fingerprint, provenance, runs
from simulator.scenario import posterior, vintage
from simulator.scenario.fitting import population_of
from simulator.scenario.load import Loaded
from simulator.scenario.model import Scenario
from simulator.scenario.values import FOLLOWS
from simulator.types import OnProgress, Place

LEAST_BELIEFS: Final = 200  # fewer say nothing


def calibrate(
    scenario: Place | Loaded,
    *,
    name: str = "mine",
    until: int | None = None,
    known_at: str | None = None,
    beliefs: int = calibrating.BELIEFS,
    rows: int = calibrating.ROWS,
    seed: int = calibrating.SEED,
    threads: int | None = None,
    least: float = calibrating.LEAST_EFFECTIVE,
    output: Place | None = None,
    force: bool = False,
    resume: bool = False,
    on_progress: OnProgress = lambda n_draw: None,
) -> str:
    """Condition beliefs on the published record, and write the table of them.

    Parameters
    ----------
    scenario
        Of past years, with a target of each form of plans: its name or path, or loaded.
    name
        Of the table.
    until
        Last year whose figures count; by default all that are published.
    known_at
        Day after which no figure may have been published.
    beliefs
        How many are weighted, of each form; two fifths as many fit the first stand-in.
    rows
        Of each form, in the table.
    seed
        Of all random numbers.
    threads
        Number of threads; moves no number.
    least
        Equal beliefs that the weighted ones must be worth.
    output
        Path of the table to write; without it the text is only given.
    force
        Whether to replace a file that is there.
    resume
        Whether to go on with this very calibration, if it was begun and not finished.
    on_progress
        Called with numbers of simulated draws, of `simulated(beliefs)`.

    Returns
    -------
    text
        Of the table.

    Raises
    ------
    ScenarioError
        Where the weighted beliefs are worth too few.
    RunFileError
        Where the table cannot be written.

    Examples
    --------
    >>> import simulator as sim
    >>> text = sim.calibrate("hindcast-2013")                  # doctest: +SKIP
    """
    check(beliefs, rows, known_at)
    runs.check(beliefs, seed, threads)
    loaded = runs.load(scenario)
    population = population_of(loaded)
    _check_figures(loaded.scenario, until, known_at)
    about = {
        "name": name,
        "scenario": loaded.scenario.name,
        "until": until or loaded.scenario.last_year,
        "known_at": known_at or "",
        "beliefs": beliefs,
        "futures": LANES,
        "seed": seed,
    }

    def made(remembered: Remembered | None) -> str:
        found = {}
        for form in FOLLOWS:
            bank = calibrating.bank(
                loaded.scenario,
                population,
                form,
                seed=seed,
                beliefs=_first(beliefs),
                threads=threads,
                remembered=remembered,
                on_progress=on_progress,
            )
            found[form] = conditioned(
                bank,
                beliefs,
                until=until,
                known_at=known_at,
                seed=seed,
                on_progress=on_progress,
            )
            found[form].check(least)
        return to_text(about, found, rows, seed)

    if output is None:
        return made(None)
    from_what = provenance.made_from(loaded, population, seed)
    from_what |= {name: str(value) for name, value in about.items()}
    from_what |= {"rows": str(rows), "least": str(least)}
    from_what["fingerprint"] = fingerprint.fingerprint()
    return remembering.written(
        Path(output), made, from_what, futures=LANES, force=force, resume=resume
    )


def conditioned(
    bank: Bank,
    beliefs: int,
    *,
    until: int | None = None,
    known_at: str | None = None,
    seed: int = calibrating.SEED,
    on_progress: OnProgress = lambda n_draw: None,
) -> Posterior:
    """Condition the beliefs of one form of plans; parameters as of `calibrate`."""
    observations = bank.foreteller.observations
    fitted = observed.fitted(observations, until=until, known_at=known_at)
    likely = calibrating.likelihood(bank, fitted)
    learnt = calibrating.refined(
        bank, likely, seed=seed, tried=_tried(beliefs), on_progress=on_progress
    )
    return calibrating.weighted(
        learnt, likely, beliefs, seed=seed, on_progress=on_progress
    )


def check(beliefs: int, rows: int, known_at: str | None) -> None:
    """Refuse numbers that no table can have."""
    for name, value, low in (
        ("beliefs", beliefs, LEAST_BELIEFS),
        ("rows", rows, posterior.LEAST),
    ):
        if not low <= value <= posterior.MOST:
            problem = f"{value} is out of range"
            raise ScenarioError(name, problem, f"give {low:,} to {posterior.MOST:,}")
    if known_at is not None:
        try:
            date.fromisoformat(known_at)
        except ValueError:
            problem = f"{known_at!r} is not a day"
            raise ScenarioError("known_at", problem, "write 2019-01-31") from None


def _check_figures(scenario: Scenario, until: int | None, known_at: str | None) -> None:
    """Refuse a scenario, a year or a day that leaves nothing to weigh beliefs by."""
    figures = observed.of_years(scenario.first_year, scenario.last_year)
    if not observed.fitted(figures, until=until, known_at=known_at).any():
        raise ScenarioError(
            scenario.name,
            f"nothing that counts was published of {scenario.first_year} to "
            f"{until or scenario.last_year}{f' by {known_at}' if known_at else ''}",
            "give a scenario of past years such as hindcast-2013, and a later year or "
            "day",
        )


def simulated(beliefs: int) -> int:
    """Count the draws that `calibrate` simulates."""
    luck = foretelling.FIRST * (foretelling.MANY + LANES)
    each = _first(beliefs) + calibrating.ROUNDS * _tried(beliefs) + beliefs
    return len(FOLLOWS) * (luck + each * LANES)


def _first(beliefs: int) -> int:
    return max(2 * beliefs // 5, 600)  # more than the stand-in has terms


def _tried(beliefs: int) -> int:
    return beliefs // 5


def to_text(
    about: Mapping[str, Any],
    found: Mapping[str, Posterior],
    rows: int,
    seed: int,
) -> str:
    """Write posteriors of each form of plans as a table; `about` says how made."""
    one = next(iter(found.values()))
    said: dict[str, Any] = {
        **about,
        "published_by": published_by(one),
        "fingerprint": fingerprint.fingerprint(),
        "record": record_digest(one.observations),
    }
    for form, given in found.items():
        said[form] = {
            "log_evidence": round(given.log_evidence, 2),
            "effective": round(given.effective, 1),
            "remembered": round(given.remembered, 3),
        }
    for form, given in found.items():
        said[f"narrowed_{form}"] = {
            path: round(share, 3)
            for path, share in calibrating.contraction(given).items()
        }
    said["columns_of_figures"] = [
        *("published", "error", "discrepancy", "counts", "date", "source"),
        *(f"{form} {what}" for form in found for what in ("mean", "sd")),
    ]
    said["figures"] = {
        o.name: [
            *(o.value, o.error, o.discrepancy, bool(one.fitted[k])),
            *(o.published, o.source),
            *(x for p in found.values() for x in _predicted(p, k)),
        ]
        for k, o in enumerate(one.observations)
    }
    carried = one.space.carried
    return posterior.to_text(
        said,
        {path: one.space.assumptions[path] for path in carried},
        {form: p.rows(rows, seed) for form, p in found.items()},
    )


def _predicted(of: Posterior, k: int) -> tuple[float, float]:
    """Give mean and standard deviation of a figure, luck with them, to five figures."""
    mean = float(of.weights @ of.foretold.mean[:, k])
    spread = of.weights @ (
        (of.foretold.mean[:, k] - mean) ** 2 + of.foretold.sd[:, k] ** 2
    )
    return float(f"{mean:.5g}"), float(f"{np.sqrt(spread):.5g}")


def published_by(of: Posterior) -> str:
    """Give the last day on which a figure that counts was published."""
    days = [
        vintage.last_day(o.published)
        for o, counts in zip(of.observations, of.fitted, strict=True)
        if counts and o.source != observed.THIS_PROJECT
    ]
    return max(days).isoformat()


def record_digest(observations: Sequence[Observation]) -> str:
    """Give a digest of the figures, their errors and the discrepancies."""
    text = json.dumps([list(o) for o in observations])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
