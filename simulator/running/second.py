"""The second answer of a run: who achieves in the same futures, given the record.

A run draws each belief on its own. Beside that, targets are simulated with joint rows
of beliefs given the record, under the same seed and so the same luck. Who achieves is
counted; money and bands are the first answer's alone.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple

import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.engine import blocks, tallies
from simulator.engine.job import Job
from simulator.engine.shards import Shard
from simulator.errors import RunFileError, ScenarioError
from simulator.kernel.tables import Successes
from simulator.runfile.memory import Writer
from simulator.running import beliefs as believing
from simulator.running import fingerprint, prepare, variables
from simulator.scenario import posterior, tables
from simulator.scenario.model import Scenario
from simulator.scenario.values import FOLLOWS, PRIOR
from simulator.schema import (
    DRAW,
    RECORD,
    RECORD_DIGEST,
    RECORD_OVERRULED,
    RECORD_TABLE,
    VARIABLES,
    WITHOUT_RECORD,
)
from simulator.types import OnProgress

Bools = NDArray[np.int8]

BY_DRAW: Final = VARIABLES[f"{RECORD}/sector_by_draw"]
# Where a file keeps each count.
COUNTS: Final = {
    "trust": f"{RECORD}/achieved",
    "kind": f"{RECORD}/type_achieved",
    "system": f"{RECORD}/system_achieved",
    "sector": f"{RECORD}/sector_achieved",
    "share": f"{RECORD}/trusts_achieving",
    "guarded": f"{RECORD}/guarded",
}
SLAB: Final = 2**16  # draws that are read together


class Choice(NamedTuple):
    """The table that a second answer is from; or "", and why there is none."""

    table: str
    without: str


def choose(scenario: Scenario) -> Choice:
    """Choose the table of beliefs for the second answer of a scenario.

    It is the packaged one with the latest figures that the scenario may know. There is
    none for years that the record is of: their answer would have been read off before.
    """
    if scenario.beliefs != PRIOR:
        return Choice("", "every draw is from beliefs given a record")
    if scenario.belief_correlations:
        return Choice("", "the scenario has its own word on which beliefs go together")
    try:
        name = believing.latest(scenario.as_known_at)
    except ScenarioError as error:
        return Choice("", error.problem)
    table = posterior.load(name)
    until = int(table.about["until"])
    if scenario.first_year <= until:
        return Choice("", f"the record, to {until}, is of these very years")
    if str(table.about["fingerprint"]) != fingerprint.fingerprint():
        return Choice("", f"{name} was found with another model than this one")
    for one in _by_form(scenario, name).values():
        form = one.targets[0].plan_follows
        if form not in table.rows:
            return Choice("", f"{name} says nothing of plans that follow the {form}")
        if not posterior.of(one):
            return Choice("", "the scenario has its own word on all that it changes")
    return Choice(name, "")


def _by_form(scenario: Scenario, table: str) -> dict[str, Scenario]:
    """Give the scenario with a table's beliefs, for the targets of each form."""
    found = {}
    for form in FOLLOWS:
        targets = tuple(t for t in scenario.targets if t.plan_follows == form)
        if targets:
            changed = {"beliefs": table, "targets": targets}
            found[form] = scenario.model_copy(update=changed)
    return found


def of_run(run: xr.DataTree) -> Choice:
    """Tell which table the second answer of a run is from, if it has one.

    Raises
    ------
    RunFileError
        Where its rows are others now.
    """
    said = run["provenance"].attrs
    name = str(said.get(RECORD_TABLE, ""))
    if not name:
        return Choice("", str(said.get(WITHOUT_RECORD, "")))
    known = name in tables.packaged()
    if not known or posterior.load(name).digest != said.get(RECORD_DIGEST):
        digest = str(said.get(RECORD_DIGEST))[:12]
        raise RunFileError(
            str(run.to_dataset().encoding.get("source", "the run")),
            f"has a second answer from {name} ({digest}), which this version has "
            f"{'otherwise' if known else 'not'}",
            f"use simulator {said.get('simulator_version')}, or run its scenario again",
        )
    return Choice(name, "")


class InTurn:
    """Tell of a draw once all of its passes are done, whatever thread does them."""

    def __init__(self, passes: int, on_progress: OnProgress) -> None:
        self._passes, self._told, self._left = passes, on_progress, 0
        self._lock = Lock()

    def __call__(self, n_draw: int) -> None:
        """Hear of draws of any pass."""
        with self._lock:
            finished, self._left = divmod(self._left + n_draw, self._passes)
        self._told(finished)


class Form(NamedTuple):
    """The targets of one form of plans, which has rows of its own."""

    job: Job
    places: NDArray[np.int64]  # among the run's targets

    def put(self, by_draw: Bools, first_draw: int, shard: Shard) -> None:
        """Put who achieves where it stands among all targets, and draws from first."""
        start = shard.first_draw - first_draw
        by_draw[self.places, :, start : start + shard.n_draw] = shard.achieved


@dataclass(frozen=True)
class Second:
    """A second answer that is prepared.

    Attributes
    ----------
    table
        Name of the beliefs given the record.
    whole
        The run's own job, of all targets.
    forms
        The targets by form of plans.
    """

    table: str
    whole: Job
    forms: tuple[Form, ...]

    def made_from(self) -> dict[str, str]:
        """Name what the numbers follow from beside what the first answer's do."""
        said = posterior.overruled(self.forms[0].job.scenario)
        return {
            RECORD_TABLE: self.table,
            RECORD_DIGEST: posterior.load(self.table).digest,
            RECORD_OVERRULED: json.dumps(said),
        }

    def simulated(
        self,
        draws: range,
        threads: int | None = None,
        on_progress: OnProgress = lambda n_draw: None,
        *,
        by_draw: bool = True,
    ) -> tuple[Bools, Successes]:
        """Simulate draws: whether the sector achieves, (target, outcome, draw); counts.

        Called `on_progress` with the draws of each form. Without `by_draw` there are
        no draws in the first.
        """
        counts = tallies.empty_successes(self.whole.trusts, self.whole.plan)
        n_draw = len(draws) if by_draw else 0
        achieved = np.empty((*counts.sector.shape, n_draw), np.int8)
        for form in self.forms:
            put = partial(form.put, achieved, draws.start)
            tally = blocks.simulate(
                form.job,
                len(draws),
                first_draw=draws.start,
                threads=threads,
                to_store=True,  # in single precision: half the memory
                on_shard=put if by_draw else lambda shard: None,
                on_progress=on_progress,
            )
            for name in COUNTS:
                getattr(counts, name)[form.places] = getattr(tally, name)
        return achieved, counts

    def chances(self, counts: Successes, draws: int) -> variables.Written:
        """Give probabilities with their intervals from the counts of all draws."""
        effective = np.empty(len(self.whole.plan.rate))
        found: dict[str, NDArray[Any]] = {"effective_beliefs": effective}
        for form in self.forms:
            effective[form.places] = posterior.effective(form.job.scenario)
            own = Successes(*(count[form.places] for count in counts))
            for variable, values in variables.of_successes(form.job, own, draws):
                shape = len(self.whole.plan.rate), *values.shape[1:]
                whole = found.setdefault(variable.name, np.empty(shape))
                whole[form.places] = values
        for name, values in found.items():
            yield VARIABLES[f"{RECORD}/{name}"], values


def prepared(job: Job, table: str) -> Second:
    """Prepare the second answer of a run, at the rates of the first."""
    forms = []
    for form, scenario in _by_form(job.scenario, table).items():
        places = [
            place
            for place, target in enumerate(job.scenario.targets)
            if target.plan_follows == form
        ]
        own = prepare.prepare_counts(
            scenario, job.population, job.seed, job.plan.rate[places]
        )
        forms.append(Form(own, np.array(places)))
    return Second(table, job, tuple(forms))


# --- in a file ------------------------------------------------------------------------


def write(
    writer: Writer,
    of: Second,
    sources: Sequence[Path],
    draws: range,
    threads: int | None,
    on_progress: OnProgress,
    *,
    whole: bool,
    by_draw: bool,
) -> None:
    """Write draws that stand in other files, then draws that are simulated now.

    Parameters
    ----------
    writer
        Of the file.
    of
        What is simulated.
    sources
        Parts of the run, or the shorter run, in the order of their draws.
    draws
        Those to simulate, after all that stand in files.
    threads, on_progress
        As of `Second.simulated`.
    whole
        Whether these are all draws of the run, so that chances follow from them.
    by_draw
        Whether to write whether the sector achieves in each draw; else counts only.
    """
    total = tallies.empty_successes(of.whole.trusts, of.whole.plan)
    for source in sources:
        with h5py.File(source, "r") as file:
            for first, values in _slabs(file) if by_draw else ():
                writer.put_draws(BY_DRAW, values, first)
            tallies.add_tally(total, read(file))
    if draws:
        achieved, counts = of.simulated(draws, threads, on_progress, by_draw=by_draw)
        if by_draw:
            writer.put_draws(BY_DRAW, achieved, draws.start)
        tallies.add_tally(total, counts)
    for name, path in COUNTS.items():
        writer.put(VARIABLES[path], getattr(total, name))
    if whole:
        for variable, chances in of.chances(total, draws.stop):
            writer.put(variable, chances)


def read(file: h5py.File) -> Successes:
    """Read the counts of a file."""
    return Successes(**{name: file[path][...] for name, path in COUNTS.items()})


def _slabs(file: h5py.File) -> Iterator[tuple[int, Bools]]:
    dataset, first = file[BY_DRAW.path], int(file[DRAW][0])
    for start in range(0, dataset.shape[-1], SLAB):
        yield first + start, dataset[..., start : start + SLAB]
