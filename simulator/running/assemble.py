"""A run put together: the work to do, its parts, and the file or tree at the end."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import xarray as xr

from simulator.engine.job import Job
from simulator.engine.shards import SHARD
from simulator.engine.tallies import add_tally, empty_successes
from simulator.kernel.tables import Tally
from simulator.kernel.workspace import BINS, GROUP_RESULTS, SPREAD
from simulator.population.model import Population
from simulator.runfile import receipts
from simulator.runfile.digests import WISHED
from simulator.runfile.memory import Memory, Writer
from simulator.runfile.parts import PartFolder
from simulator.runfile.receipts import Receipt
from simulator.runfile.store import RunWriter
from simulator.running import prepare, provenance, second, slabs, variables
from simulator.running.counting import Counting, Enough
from simulator.running.second import Choice, Second
from simulator.running.slabs import Source
from simulator.sampling import sobol
from simulator.sampling.stream import Stream
from simulator.scenario import idle, posterior
from simulator.scenario.load import Loaded
from simulator.scenario.model import years
from simulator.scenario.values import PRIOR
from simulator.schema import (
    COUNTS_ONLY,
    EDGES,
    LEFT_OUT,
    MAKER,
    OUTCOMES,
    QUANTILES,
    TRUST_TYPES,
    WITHOUT_RECORD,
)
from simulator.statistics.independence import EFFECTIVE
from simulator.types import OnProgress

SAMPLE: Final = 100  # draws that keep="sample" keeps
# Trust-years, over all targets, that a part of a long run holds: some 20 seconds.
PART: Final = 10**9

Keep = Literal["none", "sample", "all", "counts"]
Sampling = Literal["plain", "rqmc"]
PLAIN: Final = "plain"
NOT_ASKED: Final = Choice("", "it was not asked for")


@dataclass(frozen=True)
class Work:
    """A run that is prepared: what its numbers follow from, and how to make them."""

    loaded: Loaded
    population: Population
    job: Job
    keep: Keep
    threads: int
    on_progress: OnProgress
    sampling: Sampling = PLAIN
    replicate: int = 0  # draws in a replicate, where draws are not independent
    precision: float | None = None  # half-width that was asked for
    stream: Callable[[int, int, int], Stream] = Stream
    second: Second | None = None  # the chances given the record, beside the draws' own
    without: str = ""  # why there is no second answer

    def made_from(self) -> dict[str, str]:
        """Name all that the numbers of a draw follow from."""
        made = provenance.made_from(self.loaded, self.population, self.job.seed)
        made["code_digest"] = provenance.code_digest()
        return made | self._made_with()

    def made(self, draws: int) -> dict[str, str]:
        """Say in full what a run of some draws is made from: see `order.work_of`."""
        said = provenance.of_run(self.loaded, self.population, self.job.seed, draws)
        return said | self._made_with()

    def _made_with(self) -> dict[str, str]:
        return {"keep": self.keep, "sampling": self.sampling} | self.beside()

    def beside(self) -> dict[str, str]:
        """Say what stands beside the draws' own answer, or why nothing does."""
        if self.second is None:
            return {WITHOUT_RECORD: self.without}
        return self.second.made_from()

    def write_second(
        self, writer: Writer, sources: Sequence[Path], draws: range, *, whole: bool
    ) -> None:
        """Write the second answer, if there is one: as of `second.write`."""
        if self.second is not None:
            how = self.threads, self.on_progress
            by_draw = not self.counts_only
            second.write(
                writer, self.second, sources, draws, *how, whole=whole, by_draw=by_draw
            )

    def passes(self) -> int:
        """Count how often each draw is simulated: once, and once for each form."""
        return 1 if self.second is None else 1 + len(self.second.forms)

    @property
    def counts_only(self) -> bool:
        """Tell whether nothing is kept draw by draw, not even the sector."""
        return self.keep == COUNTS_ONLY

    def shown(self, draws: range) -> range:
        """Tell which of some draws a file shows one by one: all, or none."""
        return draws[:0] if self.counts_only else draws

    def kept(self, draws: range) -> range:
        """Tell which of some draws keep their trajectories."""
        most = {"none": 0, "sample": SAMPLE, "all": draws.stop, COUNTS_ONLY: 0}
        stop = most[self.keep]
        return range(draws.start, max(draws.start, min(draws.stop, stop)))

    def simulated(self, draws: range) -> list[Source]:
        """Simulate some draws; each replicate is a source of its own."""
        size = self.replicate or len(draws)
        return [
            slabs.simulated(
                self.job,
                size,
                counts_only=self.counts_only,
                first_draw=first,
                threads=self.threads,
                keep=self.kept(range(first, first + size)).stop,
                stream=self.stream,
                on_progress=self.on_progress,
            )
            for first in range(draws.start, draws.stop, size)
        ]


def prepared(
    loaded: Loaded,
    population: Population,
    seed: int,
    keep: Keep,
    threads: int | None,
    on_progress: OnProgress,
    *,
    sampling: Sampling = PLAIN,
    draws: int = 0,
    precision: float | None = None,
    record: Choice = NOT_ASKED,
) -> Work:
    """Prepare a run; parameters as of `runs.run`.

    Evenly spread draws need their number in advance.
    """
    threads = threads or os.cpu_count() or 1
    job = prepare.prepare(loaded.scenario, population, seed, threads)
    work = Work(
        loaded, population, job, keep, threads, on_progress, precision=precision
    )
    if record.table:
        beside = second.prepared(job, record.table)
        in_turn = second.InTurn(1 + len(beside.forms), on_progress)
        work = replace(work, second=beside, on_progress=in_turn)
    else:
        work = replace(work, without=record.without)
    if sampling == PLAIN:
        return work
    size = sobol.replicate_size(draws)
    stream = sobol.sampler(loaded.scenario, size)
    return replace(work, sampling=sampling, replicate=size, stream=stream)


FillParts = Callable[[PartFolder, Work, int, Sequence[int], Enough], int]


def stops_from(
    job: Job, first: int, last: int, part: int | None, replicate: int = 0
) -> list[int]:
    """List where the parts of a run end: in whole shards of draws, or replicates."""
    step = part or usual_part(job)
    if replicate and last > step:
        step = replicate
    return [*range(first + step, last, step), last]


def usual_part(job: Job) -> int:
    """Give the number of draws in a part: whole shards, some 20 seconds' work."""
    n_target, n_year = job.plan.rate.shape
    size = SHARD * int(n_target * n_year) * len(job.population.code)
    return max(1, PART // size) * SHARD


def fill(
    folder: PartFolder,
    work: Work,
    before: Sequence[Path],
    first: int,
    stops: Sequence[int],
    enough: Enough,
    began: float,
    fill_parts: FillParts | None = None,
) -> None:
    """Compute the draws from `first` up to a stop, then write the run file.

    It is the first stop at which there is `enough`, or the last. A run of one part
    goes into the run file at once; a longer one waits in parts, which `fill_parts`
    makes where it is not this process. Draws `before` the first stand in other files.
    """
    sources = list(before)
    if len(stops) == 1 and not folder.parts and fill_parts is None:
        draws = stops[0]
        new = range(first, draws)
    else:
        draws = (fill_parts or _fill_parts)(folder, work, first, stops, enough)
        new = range(draws, draws)
        sources += folder.files(draws)

    def write_all(place: Path) -> None:
        with _writer(place, work, range(draws), whole=True) as writer:
            _put_inputs(writer, work)
            waiting = [slabs.stored(file) for file in sources]
            if new:
                waiting += work.simulated(new)
            tallies = slabs.write(writer, waiting)
            work.write_second(writer, sources, new, whole=True)
            _put_results(writer, work, tallies, draws, began)

    folder.finish(write_all)


def in_memory(
    work: Work, stops: Sequence[int], enough: Enough, began: float
) -> xr.DataTree:
    """Compute the draws up to a stop, and give what `fill` would write of them."""
    memory = Memory(_coordinates(work, whole=True))
    draws = put_together(memory, work, stops, enough, began)
    return memory.tree(work.shown(range(draws)), work.kept(range(draws)))


def put_together(
    memory: Memory, work: Work, stops: Sequence[int], enough: Enough, began: float
) -> int:
    """Compute the draws up to a stop and put them into a memory; gives their number."""
    _put_inputs(memory, work)
    draws, tallies = 0, list[Tally]()
    for stop in stops:
        found = slabs.write(memory, work.simulated(range(draws, stop)))
        if tallies:
            add_tally(tallies[0], found[0])
            tallies += found[1:]
        else:
            tallies = found
        draws = stop
        if enough(tallies[0], draws):
            break
    work.write_second(memory, [], range(draws), whole=True)
    _put_results(memory, work, tallies, draws, began)
    memory.note("/", _attributes(work, draws))
    return draws


def _put_inputs(writer: Writer, work: Work) -> None:
    for variable, values in variables.of_inputs(work.job):
        writer.put(variable, values)


def _put_results(
    writer: Writer, work: Work, tallies: Sequence[Tally], draws: int, began: float
) -> None:
    """Put what all draws give together, by the tally of all and each source's."""
    tally, *each = tallies
    if work.sampling == PLAIN:
        each = []
    for variable, values in variables.of_counts(work.job, tally):
        if not (work.counts_only and LEFT_OUT & {*variable.dims}):
            writer.put(variable, values)
    for variable, values in variables.of_tally(
        work.job, tally, draws, each, work.threads
    ):
        writer.put(variable, values)
    writer.note("/", {"guarded": tally.guarded})
    writer.note("/provenance", work.made(draws))
    seconds = time.perf_counter() - began
    writer.note("/provenance", provenance.of_machine(seconds, work.threads))


def _fill_parts(
    folder: PartFolder, work: Work, first: int, stops: Sequence[int], enough: Enough
) -> int:
    """Compute the parts that are not there; gives the draw after the last."""
    none = empty_successes(work.job.trusts, work.job.plan)
    counting = Counting(folder, none, first, stops, enough)
    work.on_progress(counting.there * work.passes())
    while (found := counting.look()) is None:
        draws = counting.next()
        draws = draws[: work.replicate or len(draws)]  # each a part: see `prepared`
        folder.adopt(compute_part(work, draws, folder.path, folder.made_from))
    return found


def compute_part(
    work: Work, draws: range, folder: Path, made_from: Mapping[str, str]
) -> Receipt:
    """Compute some draws of a run into a part, apart from the run that it is of.

    Parameters
    ----------
    work
        The run, prepared.
    draws
        Which to compute.
    folder
        Where the part and its receipt go; other processes may write there too.
    made_from
        What the run follows from, as the folder it goes to says it.

    Returns
    -------
    Receipt
        For the run's own folder to take, see `FinishedParts.adopt`.
    """

    def write(place: Path) -> None:
        with _writer(place, work, draws, whole=False) as writer:
            tally, *_ = slabs.write(writer, work.simulated(draws))
            for variable, values in variables.of_counts(work.job, tally):
                writer.put(variable, values)
            work.write_second(writer, [], draws, whole=False)

    return receipts.made(folder, made_from, draws, write)


def _writer(place: Path, work: Work, draws: range, *, whole: bool) -> RunWriter:
    attributes = _attributes(work, len(draws))
    dims = _coordinates(work, whole=whole)
    shown, kept = work.shown(draws), work.kept(draws)
    return RunWriter(place, dims, shown, kept, attributes)


def _coordinates(work: Work, *, whole: bool) -> dict[str, np.ndarray[Any, Any]]:
    """Give the coordinates of a file; parts need bins, and a run of counts does not."""
    found = coordinates(work.job, second=work.second is not None)
    left_out = LEFT_OUT if whole and work.counts_only else ()
    return {name: values for name, values in found.items() if name not in left_out}


def coordinates(job: Job, *, second: bool = False) -> dict[str, np.ndarray[Any, Any]]:
    """Give the values of every dimension of a run file but the draws."""
    numbers = np.arange(len(job.population.code) + 1)
    return {
        "target": np.array([target.name for target in job.scenario.targets]),
        "trust": np.array(job.population.code),
        "trust_type": np.array(TRUST_TYPES),
        "system": np.array(job.population.system_names),
        "outcome": np.array(OUTCOMES),
        "year": np.array(list(years(job.scenario))),
        "quantile": np.array(QUANTILES),
        "trust_result": np.array(SPREAD),
        "group_result": np.array(GROUP_RESULTS),
        "bin": np.arange(BINS),
        "edge": np.array(EDGES),
        "number_of_trusts": numbers,
        **({"how_many_trusts": numbers} if second else {}),
    }


def _attributes(work: Work, draws: int) -> dict[str, Any]:
    scenario, job = work.loaded.scenario, work.job
    asked: dict[str, Any] = {}
    if work.precision is not None:
        asked[WISHED] = work.precision
    if scenario.beliefs != PRIOR:
        asked[EFFECTIVE] = posterior.effective(scenario)
    return asked | {
        "title": scenario.title,
        "scenario": scenario.name,
        "source": f"{MAKER} {provenance.version()}",
        "draws": np.int64(draws),
        "seed": np.int64(job.seed),
        "sampling": work.sampling,
        "replicates": np.int64(draws // work.replicate if work.replicate else 1),
        "population": job.population.name,
        "population_about": job.population.about,
        "notes": "\n".join((*idle.notes(scenario), *job.notes)),
    }
