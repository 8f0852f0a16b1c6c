"""Whether a run file says what its scenario gives: for a stranger to find out.

Three questions, each of which finds what the one before cannot: do the numbers hash to
what the file says of them; do they agree with each other; and does simulating some
draws again, chosen by chance, give the same bits?
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from simulator.engine import histograms, tallies
from simulator.engine.job import Job
from simulator.kernel.tables import Successes
from simulator.kernel.workspace import LANES
from simulator.runfile import completeness, digests, store, untrusted
from simulator.running import rebuild, second, second_checks, slabs, variables
from simulator.running.second import Second
from simulator.sampling import sobol
from simulator.sampling.stream import Stream
from simulator.schema import COORDINATES, DRAW, RECORD, VARIABLES, Variable
from simulator.statistics.independence import replicates_of
from simulator.types import OnProgress, Place

MakeStream = Callable[[int, int, int], Stream]
Progress = Callable[[int], AbstractContextManager[OnProgress]]

SPANS: Final = 16  # places in the run that are simulated again, each LANES draws
SLAB: Final = 8192
# Of what is stored as float32: sums of such numbers are off by some units in the last
# place of the largest.
ROUNDING: Final = 4e-7

Array = NDArray[Any]


class Verdict(NamedTuple):
    """One check: what was asked, what was found, and the first difference."""

    question: str
    found: str
    difference: str  # empty where all is well


def _unseen(draws: int) -> AbstractContextManager[OnProgress]:
    return nullcontext(lambda n_draw: None)


def verdicts(
    place: Place,
    *,
    seed: int,
    whole: bool = False,
    progress: Progress = _unseen,
) -> Iterator[Verdict]:
    """Check a run file; the verdicts come as they are reached.

    Parameters
    ----------
    place
        The run file.
    seed
        Of the choice of draws that are simulated again: to be unknown to whoever
        made the file.
    whole
        Whether to simulate every draw, and compare the counts by trust too.
    progress
        Of the draws that are then simulated: given their number, a context with what
        is called with the number of draws just finished.
    """
    place = Path(place)
    untrusted.check(place)
    store.open_run(place, ("/",), trusted=True).close()  # which refuses older formats
    with h5py.File(place, "r") as file:
        completeness.check(file)
        yield hashes(file)
        yield from _agreement(file)
    with store.open_run(place, ("/", "/provenance"), trusted=True) as tree:
        job = rebuild.job_of(tree)
        replicates = replicates_of(tree)
        table = second.of_run(tree).table
    beside = second.prepared(job, table) if table else None
    with h5py.File(place, "r") as file:
        yield _inputs(file, job)
        n_draw = int(file.attrs["draws"])
        size = n_draw if replicates == 1 else n_draw // replicates
        stream = Stream if replicates == 1 else sobol.sampler(job.scenario, size)
        if whole:
            with progress(n_draw) as on_progress:
                verdict = _simulated_whole(file, job, n_draw, size, stream, on_progress)
            yield verdict
        elif completeness.keeps_counts_only(file):
            yield _no_sample()
        else:
            yield _simulated_sample(file, job, n_draw, seed, stream)
        if beside is not None and (whole or DRAW in file):
            yield _second(file, beside, n_draw, seed, whole, progress)


# --- digests ------------------------------------------------------------------------


def hashes(file: h5py.File) -> Verdict:
    """Compare what a file holds with the digests in it."""
    question = "the numbers and the texts hash to the digests in the file"
    stated, attributes = digests.stated_in(file)
    found = {
        variable.path: digests.of_dataset(
            file[variable.path], digests.draw_axis(variable.dims)
        )
        for variable in variables_of(file)
    }
    differ = sorted(
        path for path in {*stated, *found} if stated.get(path) != found.get(path)
    )
    if differ:
        return Verdict(question, "no", f"{', '.join(differ)}: not as it was written")
    if digests.of_attributes(file) != attributes:
        return Verdict(question, "no", "an attribute is not as it was written")
    return Verdict(question, f"{len(found)} variables", "")


def variables_of(file: h5py.File) -> list[Variable]:
    """List every variable in a file, known by the schema or an assumption's."""
    known = {v.path: v for v in (*VARIABLES.values(), *COORDINATES.values())}
    found: list[Variable] = []

    def visit(name: str, thing: object) -> None:
        if isinstance(thing, h5py.Dataset):
            variable = known.get(f"/{name}")
            found.append(variable or slabs.assumption_named(name))

    file.visititems(visit)
    return found


# --- agreement within the file ------------------------------------------------------


def _agreement(file: h5py.File) -> Iterator[Verdict]:
    counts, n_draw = slabs.read_successes(file), int(file.attrs["draws"])
    yield _counts(file, counts, n_draw)
    if not completeness.keeps_counts_only(file):
        yield _accounts(file)
    if RECORD in file:
        question = "counts given the record and draws agree"
        yield _verdict(question, second_checks.disagreement(file, n_draw), n_draw)


def _counts(file: h5py.File, counts: Successes, n_draw: int) -> Verdict:
    question = "counts, probabilities, bands and draws agree"
    n_trust = counts.share.shape[-1]
    some_kind = np.isin(
        file["/trust_type"].asstr()[...], file["/type_of_trust"].asstr()[...]
    )
    pairs: dict[str, tuple[Any, Any]] = {
        "/counts/trusts_achieving": (counts.share.sum(axis=-1), n_draw),
        "/achieved": (counts.trust.sum(axis=-1), counts.share @ np.arange(n_trust)),
        "/counts/guarded": (file.attrs["guarded"], counts.guarded),
    }
    if not completeness.keeps_counts_only(file):
        achieved = file["/sector/achieved"]
        by_draw = sum(
            achieved[:, :, start : start + SLAB].sum(axis=-1, dtype=np.int64)
            for start in range(0, n_draw, SLAB)
        )
        pairs["/counts/sector_achieved"] = counts.sector, by_draw
        for name, known in (("trust", ...), ("system", ...), ("type", some_kind)):
            path = f"/counts/{name}_histogram"
            pairs[path] = file[path][...].sum(axis=-1)[:, known], n_draw
    for path, (one, other) in pairs.items():
        if not np.array_equal(one, np.broadcast_to(other, np.shape(one))):
            return Verdict(question, "no", f"{path} does not follow from the draws")
    return Verdict(question, f"{n_draw:,} draws", "")


def _accounts(file: h5py.File) -> Verdict:
    question = "the accounts of every draw and year add up"
    sector = {name: file[f"/sector/{name}"] for name in file["/sector"]}
    shape = sector["income"].shape
    for k in range(shape[0]):
        for start in range(0, shape[1], SLAB):
            part = slice(start, start + SLAB)
            row = {
                name: values[k, part].astype(np.float64)
                for name, values in sector.items()
                if name != "achieved"
            }
            wrong = _first_imbalance(row)
            if wrong:
                return Verdict(question, "no", f"/sector, target {k}: {wrong}")
    return Verdict(question, f"{shape[0]} x {shape[1]:,} x {shape[2]}", "")


def _first_imbalance(row: dict[str, Array]) -> str:
    """Name an identity of the accounts that does not hold (docs/model.md)."""
    allowed = ROUNDING * (row["income"] + row["cost"])
    underlying = row["income"] - row["cost"]
    if (np.abs(row["underlying"] - underlying) > allowed).any():
        return "underlying is not what income and cost leave"
    # Deferred cost comes back once: nothing in the first year, and later no more than
    # the one-offs that were made the year before.
    owed = underlying + row["support"] + row["nonrecurrent"] - row["balance"]
    most = np.zeros_like(owed)
    most[:, 1:] = row["nonrecurrent"][:, :-1]
    if ((owed < -allowed) | (owed > most + allowed)).any():
        return (
            "balance is not what income, support, cost and last year's one-offs leave"
        )
    if (row["shortfall"] < 0.0).any():
        return "a shortfall is below zero"
    made = row["recurrent"] + row["nonrecurrent"] + row["shortfall"]
    # A last one-off may go beyond what is asked: then there is no shortfall.
    if (made < row["ask"] - allowed).any():
        return "savings and shortfall are less than what is asked"
    return ""


# --- against the model --------------------------------------------------------------


def _inputs(file: h5py.File, job: Job) -> Verdict:
    question = "targets, trusts and bins follow from the scenario"
    expected = {v.path: values for v, values in variables.of_inputs(job)}
    expected["/counts/trust_range"] = job.ranges.trust
    expected["/counts/type_range"] = job.ranges.kind
    expected["/counts/system_range"] = job.ranges.system
    there = {path: values for path, values in expected.items() if path in file}
    for path, values in there.items():
        stored = file[path]
        found = stored.asstr()[...] if values.dtype.kind in "UO" else stored[...]
        if not np.array_equal(found, values):
            return Verdict(question, "no", f"{path} is another")
    return Verdict(question, f"{len(there)} variables", "")


def _simulated_sample(
    file: h5py.File, job: Job, n_draw: int, seed: int, stream: MakeStream
) -> Verdict:
    starts = _chosen(n_draw, seed)
    question = f"draws chosen by chance ({seed}) come out the same to the bit"
    seen = 0
    counting = replace(job, ranges=histograms.no_ranges(job.trusts, job.plan))
    for start in starts:
        size = min(LANES, n_draw)
        made = slabs.simulated(counting, size, first_draw=start, stream=stream)
        try:
            made(partial(_compare, file))
        except DiffersError as difference:
            return Verdict(question, "no", str(difference))
        seen += size
    return Verdict(question, f"{seen:,} draws at {len(starts)} places", "")


def _no_sample() -> Verdict:
    question = "draws chosen by chance come out the same to the bit"
    found = "not looked at: the file holds counts only; --whole simulates every draw"
    return Verdict(question, found, "")


def _chosen(n_draw: int, seed: int) -> list[int]:
    """Choose where draws are simulated again."""
    last = max(1, n_draw - LANES + 1)
    choose = np.random.default_rng(seed)
    return [int(start) for start in np.unique(choose.integers(0, last, SPANS))]


def _second(
    file: h5py.File,
    of: Second,
    n_draw: int,
    seed: int,
    whole: bool,
    progress: Progress,
) -> Verdict:
    question = "the same draws come out the same given the record"
    if not whole:
        starts = _chosen(n_draw, seed)
        wrong = second_checks.of_sample(file, of, starts, n_draw)
        return _verdict(question, wrong, min(LANES, n_draw) * len(starts))
    with progress(n_draw * len(of.forms)) as on_progress:
        wrong = second_checks.of_whole(file, of, n_draw, on_progress)
    return _verdict(question, wrong, n_draw)


def _verdict(question: str, wrong: str, draws: int) -> Verdict:
    return Verdict(question, "no" if wrong else f"{draws:,} draws", wrong)


def _simulated_whole(
    file: h5py.File,
    job: Job,
    n_draw: int,
    size: int,
    stream: MakeStream,
    on_progress: OnProgress,
) -> Verdict:
    question = "every draw comes out the same to the bit, and so do the counts"
    total, each = tallies.empty_tally(job.trusts, job.plan, job.ranges), []
    for first in range(0, n_draw, size):
        made = slabs.simulated(
            job,
            size,
            counts_only=completeness.keeps_counts_only(file),
            first_draw=first,
            stream=stream,
            on_progress=on_progress,
        )
        try:
            tally = made(partial(_compare, file))
        except DiffersError as difference:
            return Verdict(question, "no", str(difference))
        tallies.add_tally(total, tally)
        each.append(tally)
    for name, counts in total._asdict().items():
        stored = file.get(slabs.COUNTS[name])  # None: left out of a run of counts
        if stored is not None and not np.array_equal(counts, stored):
            return Verdict(question, "no", f"{slabs.COUNTS[name]} is another")
    replicates = each if size < n_draw else []
    for variable, values in variables.of_tally(job, total, n_draw, replicates):
        found = file[variable.path][...]
        expected = values.astype(found.dtype)
        if not np.array_equal(found, expected, equal_nan=True):
            return Verdict(question, "no", f"{variable.path} is another")
    return Verdict(question, f"{n_draw:,} draws", "")


class DiffersError(Exception):
    """A draw that comes out otherwise than it is stored: there is no need to go on."""


def _compare(
    file: h5py.File, variable: Variable, values: NDArray[Any], first_draw: int
) -> None:
    """Refuse draws of a variable that differ from those that are stored."""
    stored = file[variable.path]
    axis = digests.draw_axis(variable.dims)
    assert axis is not None
    place: list[slice] = [slice(None)] * stored.ndim
    place[axis] = slice(first_draw, first_draw + values.shape[axis])
    found = stored[tuple(place)]
    differs = np.moveaxis(found != values.astype(found.dtype), axis, 0)
    if differs.any():
        by_draw = differs.reshape(differs.shape[0], -1).any(axis=1)
        draw = first_draw + int(np.argmax(by_draw))
        raise DiffersError(f"{variable.path} is another in draw {draw:,}")
