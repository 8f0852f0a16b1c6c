"""Beliefs given the record, of both forms of plans, as a table to draw from."""

from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from simulator.answers.calibrate import (
    calibrating,
    foretelling,
    observed,
    remembered,
    sampling,
    space,
    table_text,
)
from simulator.answers.calibrate.calibrating import Posterior
from simulator.answers.calibrate.remembered import Remembered
from simulator.errors import ScenarioError
from simulator.kernel.workspace import LANES
from simulator.population.model import Population
from simulator.running import fingerprint, provenance, runs
from simulator.scenario import posterior
from simulator.scenario.fitting import population_of
from simulator.scenario.load import Loaded
from simulator.scenario.model import Scenario
from simulator.scenario.values import FOLLOWS
from simulator.types import OnProgress, Place

SHARE_TRIED: Final = 5  # one in so many beliefs is simulated in each earlier round


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
    runs.check(beliefs, seed, threads)
    loaded = runs.load(scenario)
    check(loaded.scenario, until, known_at, beliefs, rows, least)
    asked = name, until, known_at, beliefs, rows, seed, threads, least, on_progress
    work = Work(loaded, population_of(loaded), *asked)
    if output is None:
        return work.made(None)
    place, how = Path(output), {"force": force, "resume": resume}
    return remembered.written(place, work.made, work.made_from(), futures=LANES, **how)


class Work(NamedTuple):
    """A calibration to be made; parameters as of `calibrate`."""

    loaded: Loaded
    population: Population
    name: str
    until: int | None
    known_at: str | None
    beliefs: int
    rows: int
    seed: int
    threads: int | None
    least: float
    on_progress: OnProgress

    def made(self, known: Remembered | None) -> str:
        """Make the table; `known` is what was foretold before it was cut short."""
        found = {}
        for form in FOLLOWS:
            found[form] = self.conditioned(form, known)
            found[form].check(self.least)
        return table_text.to_text(self.about(), found, self.rows, self.seed)

    def about(self) -> dict[str, Any]:
        """Say in the table how it was made."""
        scenario = self.loaded.scenario
        return {
            "name": self.name,
            "scenario": scenario.name,
            "until": self.until or scenario.last_year,
            "known_at": self.known_at or "",
            "beliefs": self.beliefs,
            "futures": LANES,
            "seed": self.seed,
        }

    def made_from(self) -> dict[str, str]:
        """Name all that the table follows from."""
        made = provenance.made_from(self.loaded, self.population, self.seed)
        made |= {name: str(value) for name, value in self.about().items()}
        made |= {"rows": str(self.rows), "least": str(self.least)}
        return made | {"fingerprint": fingerprint.fingerprint()}

    def conditioned(self, form: str, known: Remembered | None) -> Posterior:
        """Condition the beliefs of one form of plans."""
        bank = calibrating.bank(
            self.loaded.scenario,
            self.population,
            form,
            seed=self.seed,
            beliefs=_first(self.beliefs),
            threads=self.threads,
            remembered=known,
            on_progress=self.on_progress,
        )
        fitted = observed.fitted(
            bank.foreteller.observations, until=self.until, known_at=self.known_at
        )
        likely = calibrating.likelihood(bank, fitted)
        learnt = calibrating.refined(
            bank,
            likely,
            seed=self.seed,
            tried=_tried(self.beliefs),
            on_progress=self.on_progress,
        )
        return calibrating.weighted(
            learnt, likely, self.beliefs, seed=self.seed, on_progress=self.on_progress
        )


def check(
    scenario: Scenario,
    until: int | None,
    known_at: str | None,
    beliefs: int,
    rows: int,
    least: float,
) -> None:
    """Refuse at once what no table can come of; parameters as of `calibrate`."""
    if known_at is not None:
        try:
            date.fromisoformat(known_at)
        except ValueError:
            problem = f"{known_at!r} is not a day"
            raise ScenarioError("known_at", problem, "write 2019-01-31") from None
    _check_figures(scenario, until, known_at)
    _check_beliefs(scenario, beliefs)
    if not posterior.LEAST <= rows <= posterior.MOST:
        raise ScenarioError(
            "rows",
            f"{rows} is out of range",
            f"give {posterior.LEAST:,} to {posterior.MOST:,}",
        )
    if least > beliefs:
        raise ScenarioError(
            "least",
            f"{beliefs:,} weighted beliefs cannot be worth {least:,.0f} equal ones",
            f"give {beliefs:,} or less, or more beliefs",
        )


def _check_beliefs(scenario: Scenario, beliefs: int) -> None:
    """Refuse fewer beliefs than the sampler can move about, or more than a table's.

    It has the fewest in the rounds in which one in `SHARE_TRIED` is simulated.
    """
    uncertain = len(space.of_past(scenario).paths)
    low = SHARE_TRIED * sampling.least(uncertain)
    if beliefs < low:
        raise ScenarioError(
            "beliefs",
            f"{beliefs:,} are too few to tell {uncertain} uncertain assumptions apart "
            "by the record",
            f"give {low:,} or more",
        )
    if beliefs > posterior.MOST:
        problem = f"{beliefs:,} are more than a table can hold"
        raise ScenarioError("beliefs", problem, f"give {posterior.MOST:,} or fewer")


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
    return beliefs // SHARE_TRIED
