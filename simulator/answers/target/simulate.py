"""The highest rate that can be asked: a scenario simulated for rate after rate.

A candidate rate is a target of its own, and all see the same futures, so that a rate's
chance is the same whichever others are tried beside it. Rates are tried from coarse to
fine: first over the whole range from nothing to the largest ask, then where a chance
that is asked for is crossed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr

from simulator.answers.target import estimate as curves
from simulator.answers.target.bracketing import rates_to_add
from simulator.answers.target.estimate import CHANCES, RATE
from simulator.engine import blocks
from simulator.errors import RunFileError, ScenarioError
from simulator.kernel.tables import Tally
from simulator.messages import nearest, quote
from simulator.outcomes import HEADLINE_OUTCOME
from simulator.population.model import Population
from simulator.runfile import store
from simulator.running import prepare, rebuild, runs
from simulator.scenario import posterior
from simulator.scenario.fitting import population_of
from simulator.scenario.load import Loaded
from simulator.scenario.model import Scenario, Target
from simulator.scenario.packaged import is_run_file
from simulator.schema import (
    CONFIDENCE,
    OUTCOME,
    OUTCOMES,
    SYSTEM,
    TRUST,
    TRUST_TYPE,
    TRUST_TYPES,
)
from simulator.types import Floats, OnStep, Place

RESOLUTION: Final = 0.0001  # of a rate: 0.01 points
COARSE: Final = 16  # steps over the whole range
AT_ONCE: Final = 32  # rates simulated together: about 10 MB each
# Whose chance: the dimension that they stand along.
LEVELS: Final = {
    "sector": None,
    "type": TRUST_TYPE,
    "system": SYSTEM,
    "trust": TRUST,
}
DEFAULT: Final = "cash_releasing"
BASIS_OF: Final = {outcome: basis for basis, outcome in HEADLINE_OUTCOME.items()}


@dataclass(frozen=True)
class Asked:
    """What is simulated for every rate, and how."""

    loaded: Loaded
    population: Population
    draws: int
    seed: int
    threads: int | None
    template: Target  # the target of every rate, but for its rate

    def counts(self, rates: Floats, by: str) -> xr.Dataset:
        """Count what happens at each rate, on the same draws for all.

        Returns
        -------
        counts
            `achieved`, draws: (rate, outcome), then the dimension of the level if it
            has one; `guarded`, trust-years that had to be kept from passing zero:
            (rate,).
        """
        parts = [
            self._counts(rates[start : start + AT_ONCE], by)
            for start in range(0, len(rates), AT_ONCE)
        ]
        return xr.concat(parts, dim=RATE)

    def curve_of(self, counts: xr.Dataset) -> xr.Dataset:
        """Estimate the curve from counts of all rates."""
        effective = posterior.effective(self.tried(1))
        return curves.curve(counts["achieved"], self.draws, CONFIDENCE, effective)

    def tried(self, n: int) -> Scenario:
        """Give the scenario with so many targets of rates to be tried."""
        targets = {"targets": (self.template,) * n}
        return self.loaded.scenario.model_copy(update=targets)

    def _counts(self, rates: Floats, by: str) -> xr.Dataset:
        scenario = self.loaded.scenario
        tried = self.tried(len(rates))
        by_year = np.repeat(rates[:, None], scenario.years, axis=1)
        job = prepare.prepare_counts(tried, self.population, self.seed, by_year)
        tally = blocks.simulate(job, self.draws, threads=self.threads)
        achieved = _of_level(tally, rates, by, self.population)
        guarded = xr.DataArray(tally.guarded, dims=RATE)
        return xr.Dataset({"achieved": achieved, "guarded": guarded})


def curve(
    scenario: Place | Loaded,
    *,
    by: str = "sector",
    outcome: str | None = None,
    like: str | None = None,
    chances: Sequence[float] = CHANCES,
    rates: Sequence[float] | Floats | None = None,
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    settings: Sequence[str] = (),
    on_step: OnStep = lambda words: None,
) -> xr.Dataset:
    """Estimate the chance to achieve as a curve over the rate that is asked.

    Parameters
    ----------
    scenario
        Name of a packaged scenario, path of a scenario file or of a run file, or a
        loaded scenario. Of a run file, its scenario, population, draws and seed.
    by
        Whose chance: that of the "sector", or of each "type", "system" or "trust".
    outcome
        The outcome whose curve is refined; all are given. By default that of the basis
        of the target `like`, or real.
    like
        Name of a target of the scenario whose basis and deficit add-on each rate has.
        By default there is no add-on. A rate is the same in every year.
    chances
        Where the curve is refined until neighbouring rates are no further apart than
        0.01 points, or than the interval of the inverse is wide.
    rates
        Rates to try, fractions of cost a year, instead of all this.
    draws, seed, threads
        As of `run`; by default 10,000 draws under seed 2019, or a run file's own.
    settings
        Changes to the scenario, as `--set` takes them.
    on_step
        Called with what is tried next, in words.

    Returns
    -------
    curve
        As `estimate.curve` gives it, and by rate `guarded`: trust-years in which
        cost or income had to be kept from passing zero. Its attributes say what was
        simulated; `estimate.highest_rate` finds the highest rate on it.

    Raises
    ------
    SimulatorError
        Where what is asked cannot be used.
    """
    asked = _asked(scenario, settings, draws, seed, threads, like, outcome)
    outcome = outcome or HEADLINE_OUTCOME[asked.template.basis]
    _check_question(by, chances)
    most = asked.loaded.scenario.delivery.ask_max
    if rates is not None:
        first = np.unique(_checked_rates(rates))
    else:
        # Closer together at low rates, where targets lie.
        first = most * (np.arange(COARSE + 1) / COARSE) ** 2
    on_step(_words(first))
    counts = asked.counts(first, by)
    found = asked.curve_of(counts)
    while rates is None:
        more = rates_to_add(found, outcome, chances, RESOLUTION, AT_ONCE)
        if len(more) == 0:
            break
        on_step(_words(more))
        counts = xr.concat([counts, asked.counts(more, by)], dim=RATE)
        found = asked.curve_of(counts)
    found["guarded"] = counts["guarded"].sortby(RATE)
    return found.assign_attrs(_said_of(asked, by, outcome))


# --- what is asked --------------------------------------------------------------------


def _asked(
    scenario: Place | Loaded,
    settings: Sequence[str],
    draws: int | None,
    seed: int | None,
    threads: int | None,
    like: str | None,
    outcome: str | None,
) -> Asked:
    if not isinstance(scenario, Loaded) and is_run_file(scenario):
        (loaded, population), of_file = _from_run_file(str(scenario), settings)
        draws = of_file["draws"] if draws is None else draws
        seed = of_file["seed"] if seed is None else seed
    else:
        loaded = runs.load(scenario, settings)
        population = population_of(loaded)
    if outcome is not None and outcome not in OUTCOMES:
        raise ScenarioError(
            "outcome",
            f"{quote(outcome)} is not an outcome",
            nearest(outcome, OUTCOMES),
        )
    draws = runs.DRAWS if draws is None else draws
    seed = runs.SEED if seed is None else seed
    runs.check(draws, seed, threads, "none", None)
    template = _template(loaded.scenario, like, outcome)
    return Asked(loaded, population, draws, seed, threads, template)


def _from_run_file(
    place: str, settings: Sequence[str]
) -> tuple[rebuild.Inputs, dict[str, int]]:
    """Make the inputs of a run file again, and give its draws and seed."""
    if settings:
        raise RunFileError(
            place,
            "holds a scenario that settings would change",
            "name the scenario instead, with its settings",
        )
    with store.open_run(place, ("/", "/provenance")) as run:
        if run.attrs.get("sampling", "plain") != "plain":
            raise RunFileError(
                place,
                "holds evenly spread draws, and a curve takes independent ones",
                "name the scenario instead",
            )
        of_file = {name: int(run.attrs[name]) for name in ("draws", "seed")}
        return rebuild.inputs_of(run), of_file


def _template(scenario: Scenario, like: str | None, outcome: str | None) -> Target:
    """Make the target that stands for every rate."""
    if like is None:
        basis = BASIS_OF.get(outcome or DEFAULT, DEFAULT)
        return Target(name="a rate tried", rate=0.0, basis=basis)
    targets = {target.name: target for target in scenario.targets}
    if like not in targets:
        raise ScenarioError(
            "like", f"there is no target {quote(like)}", nearest(like, targets)
        )
    return targets[like].model_copy(
        update={"rate": 0.0, "path": None, "balancing_item": None}
    )


def _check_question(by: str, chances: Sequence[float]) -> None:
    if by not in LEVELS:
        raise ScenarioError("by", f"{quote(by)} is not a level", nearest(by, LEVELS))
    for chance in chances:
        if not 0.0 < chance < 1.0:
            raise ScenarioError(
                "probability", f"{chance:g} is not between 0 and 1", "give 0.8 for 80%"
            )


def _checked_rates(rates: Sequence[float] | Floats) -> Floats:
    given = np.asarray(rates, dtype=np.float64)
    if given.ndim != 1 or given.size == 0:
        raise ScenarioError("rates", "are not a list", "give one or more rates")
    for rate in given[~((given >= 0.0) & (given < 1.0))]:
        raise ScenarioError(
            "rates", f"{rate:g} is not a rate a year", "give 0.011 for 1.1%"
        )
    return given


def _words(rates: Floats) -> str:
    return f"{len(rates)} rates between {rates.min():.2%} and {rates.max():.2%}"


# --- what is counted ------------------------------------------------------------------


def _of_level(
    tally: Tally, rates: Floats, by: str, population: Population
) -> xr.DataArray:
    """Take the counts of one level: (rate, outcome) and its dimension."""
    coords: dict[str, object] = {RATE: rates, OUTCOME: list(OUTCOMES)}
    dim = LEVELS[by]
    if dim is None:
        return xr.DataArray(tally.sector, dims=(RATE, OUTCOME), coords=coords)
    counts, names = {
        "type": (tally.kind, np.array(TRUST_TYPES)),
        "system": (tally.system, np.array(population.system_names)),
        "trust": (tally.trust, np.array(population.code)),
    }[by]
    found = xr.DataArray(
        counts, dims=(RATE, OUTCOME, dim), coords={**coords, dim: names}
    )
    if by == "type":  # a type without trusts achieves nothing and fails nothing
        present = np.isin(TRUST_TYPES, population.trust_type)
        found = found.isel({dim: np.flatnonzero(present)})
    return found


def _said_of(asked: Asked, by: str, outcome: str) -> dict[str, object]:
    scenario = asked.loaded.scenario
    addon = asked.template.deficit_addon
    return {
        "title": scenario.title,
        "scenario": scenario.name,
        "trusts": len(asked.population),
        "first_year": scenario.first_year,
        "last_year": scenario.last_year,
        "seed": asked.seed,
        "by": by,
        "outcome": outcome,
        "basis": asked.template.basis,
        "deficit_addon": list(addon) if isinstance(addon, tuple) else addon,
        "resolution": RESOLUTION,
        "population_about": asked.population.about,
    }
