"""From a run file alone back to what made it: scenario, population and job.

What comes out is checked against what the file says of itself, so that a number made
from it is a number of that run or an error, never another run's number.
"""

import json
from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr

from simulator.engine.job import Job
from simulator.errors import RunFileError, SimulatorError
from simulator.kernel import philox, workspace
from simulator.population import table as population_csv
from simulator.population.model import Population
from simulator.running import prepare as preparation
from simulator.running import provenance
from simulator.scenario import posterior
from simulator.scenario import toml as toml_text
from simulator.scenario.load import Loaded, scenario_from_tables
from simulator.scenario.model import Scenario
from simulator.scenario.sources import Origin, source_of
from simulator.scenario.values import PRIOR
from simulator.types import Floats

# What decides which numbers a seed gives and what the counts mean.
LAYOUTS: Final = {
    "random_number_layout": str(philox.LAYOUT_VERSION),
    "histogram_bins": str(workspace.BINS),
}
RUN_AGAIN: Final = "run its scenario again"
ALTERED: Final = "the file was altered; run its scenario again"


class Inputs(NamedTuple):
    """What a run is made from, besides its seed."""

    loaded: Loaded
    population: Population


def inputs_of(run: xr.DataTree) -> Inputs:
    """Make the scenario and the population of a run again.

    Parameters
    ----------
    run
        As `open` gives it: the root and `/provenance` at least.

    Returns
    -------
    Inputs
        The scenario with the layers and origins it was written with, which the
        resolved text no longer has; its `folder` is lost, and is the current one.

    Raises
    ------
    RunFileError
        Where the file does not say what made it, where what it says was altered, or
        where a version wrote it whose draws are other draws.
    """
    said = _Said(run)
    _check_layouts(said)
    loaded, population = _loaded(said), _population(said)
    # Digests by the same words that wrote them, seed and draws aside.
    made = provenance.of_run(loaded, population, 0, 0)
    if loaded.scenario.beliefs != PRIOR:
        _check_beliefs(said, made["beliefs_digest"])
    for name, what in (
        ("scenario_digest", "scenario_resolved"),
        ("population_digest", "population"),
    ):
        if made[name] != said.text(name):
            problem = f"{what} is not what {name} says it is"
            raise RunFileError(said.place, problem, ALTERED)
    return Inputs(loaded, population)


def job_of(run: xr.DataTree) -> Job:
    """Prepare a run again, histograms and all; `run` and errors as of `inputs_of`.

    The rates are those in the file to the bit, balancing items solved anew.
    """
    return _job_of(run, preparation.prepare)


def counting_job_of(run: xr.DataTree) -> Job:
    """Prepare a run again without histograms: half the time; else as `job_of`."""
    return _job_of(run, preparation.prepare_counts)


def _job_of(
    run: xr.DataTree, prepare: Callable[[Scenario, Population, int], Job]
) -> Job:
    loaded, population = inputs_of(run)
    said = _Said(run)
    job = prepare(loaded.scenario, population, said.number("seed"))
    _check_rates(f"{said.file}: /rate", run.to_dataset()["rate"].values, job)
    return job


# --- one future of one trust ----------------------------------------------------------


# --- what the file says ---------------------------------------------------------------


class _Said:
    """The provenance of a run, each text checked when it is read."""

    def __init__(self, run: xr.DataTree) -> None:
        self.file = str(run.to_dataset().encoding.get("source", "the run"))
        self.place = f"{self.file}: /provenance"
        found = run.children.get("provenance")
        self._attributes: Mapping[Any, Any] = {} if found is None else found.attrs

    def text(self, name: str) -> str:
        """Give an attribute that is text."""
        value = self._attributes.get(name)
        if not isinstance(value, str):
            raise RunFileError(self.place, f"does not say its {name}", RUN_AGAIN)
        return value

    def number(self, name: str) -> int:
        """Give a whole number that is written as text."""
        text = self.text(name)
        if not (text.isascii() and text.isdigit()):
            problem = f"{name} is '{text[:40]}', not a whole number"
            raise RunFileError(self.place, problem, RUN_AGAIN)
        return int(text)

    def table(self, name: str) -> dict[str, Any]:
        """Give a table that is written as JSON."""
        try:
            value = json.loads(self.text(name))
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise RunFileError(self.place, f"{name} is not a JSON table", RUN_AGAIN)
        return value

    def table_of_beliefs(self) -> posterior.Table | None:
        """Give the table of beliefs that stands in the file; None without one."""
        if provenance.TABLE not in self._attributes:
            return None
        text, name = self.text(provenance.TABLE), self.text("beliefs")
        try:
            return posterior.from_text(text, name)
        except SimulatorError as error:
            problem = f"{provenance.TABLE} cannot be used: {error}"
            raise RunFileError(self.place, problem, RUN_AGAIN) from error


def _check_layouts(said: _Said) -> None:
    for name, ours in LAYOUTS.items():
        theirs = said.text(name)
        if theirs != ours:
            version = said.text("simulator_version")
            raise RunFileError(
                said.place,
                f"{name} is {theirs} (simulator {version}), and that of this version "
                f"({provenance.version()}) is {ours}",
                f"use simulator {version}, or run its scenario again",
            )


def _check_beliefs(said: _Said, ours: str) -> None:
    if said.text("beliefs_digest") != ours:
        problem = f"beliefs {said.text('beliefs')!r} were other rows than they are now"
        raise RunFileError(said.place, problem, RUN_AGAIN)


def _refuse_older(said: _Said, missing: Set[str]) -> None:
    """Refuse a file of a version that did not know some keys of a scenario yet."""
    theirs = said.text("simulator_version")
    if missing and theirs != provenance.version():
        raise RunFileError(
            said.place,
            f"simulator {theirs}, which wrote it, did not know {min(missing)}",
            f"use simulator {theirs}, or run its scenario again",
        )


def _loaded(said: _Said) -> Loaded:
    """Take values from the resolved text, and where they come from as it was."""
    text = said.text("scenario_resolved")
    try:
        tables = toml_text.read(text, "scenario_resolved")
        own = said.table_of_beliefs()
        if own is not None:  # the file at its path may have gone
            tables["beliefs"] = PRIOR
        rebuilt = scenario_from_tables([tables])
    except SimulatorError as error:
        problem = f"scenario_resolved cannot be used: {error}"
        raise RunFileError(said.place, problem, RUN_AGAIN) from error
    origins, written = said.table("origins"), said.table("scenario_as_written")
    if origins.keys() != rebuilt.origins.keys():
        _refuse_older(said, rebuilt.origins.keys() - origins.keys())
        path = sorted(origins.keys() ^ rebuilt.origins.keys())[0]
        problem = f"origins and scenario_resolved do not agree on {path}"
        raise RunFileError(said.place, problem, ALTERED)
    if not all(isinstance(layer, str) for layer in written.values()):
        raise RunFileError(said.place, "scenario_as_written holds no text", ALTERED)
    scenario, tree = rebuilt.scenario, dict(rebuilt.tree)
    if own is not None:
        scenario, tree["beliefs"] = scenario.with_table(own), own.name
    return Loaded(
        scenario=scenario,
        origins={p: _origin(said, p, kept, tables) for p, kept in origins.items()},
        text=tuple(written.items()),
        tree=tree,
        folder=rebuilt.folder,
    )


def _origin(said: _Said, path: str, kept: object, tables: Mapping[str, Any]) -> Origin:
    """Turn `[layer, source, grade]` into an origin, its evidence id found again.

    The resolved text names a value's evidence id where there is one, else its
    citation: what differs from the citation is the id.
    """
    match kept:
        case [str(layer), str(source), str(grade)]:
            named = source_of(tables, tuple(path.split("."))) if source else None
            key = named if named and named != source else ""
            return Origin(layer=layer, source=source, grade=grade, key=key)
    problem = f"origins says nothing of use about {path}"
    raise RunFileError(said.place, problem, RUN_AGAIN)


def _population(said: _Said) -> Population:
    text, name = said.text("population"), said.text("population_name")
    try:
        read = population_csv.from_csv_text(text, name)
    except SimulatorError as error:
        problem = f"population cannot be used: {error}"
        raise RunFileError(said.place, problem, RUN_AGAIN) from error
    return replace(read, about=said.text("population_about"))


def _check_rates(place: str, stored: Floats, job: Job) -> None:
    """Refuse a job that asks for other rates than the file says."""
    rates = job.plan.rate
    if stored.shape != rates.shape:
        problem = f"has shape {stored.shape}, and the scenario asks for {rates.shape}"
        raise RunFileError(place, problem, ALTERED)
    for target, theirs, ours in zip(job.scenario.targets, stored, rates, strict=True):
        if not np.array_equal(theirs, ours):
            raise RunFileError(
                place,
                f"target {target.name} has {theirs.tolist()}, and its scenario gives "
                f"{ours.tolist()}",
                "it was altered, or solved by another version; run its scenario again",
            )
