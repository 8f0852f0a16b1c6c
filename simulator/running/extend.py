"""From a run file alone: more draws, or the same run again."""

import secrets
import time
from pathlib import Path
from typing import Any

import h5py

from simulator.errors import RunFileError
from simulator.files import places
from simulator.runfile import completeness, parts, store, untrusted
from simulator.running import assemble, provenance, rebuild, runs, second, verify
from simulator.running.assemble import PLAIN, Keep
from simulator.schema import COUNTS_ONLY
from simulator.types import OnProgress


def extend(
    place: Path,
    draws: int,
    *,
    output: Path | None = None,
    threads: int | None = None,
    force: bool = False,
    resume: bool = False,
    executor: Any = None,
    on_progress: OnProgress = lambda n_draw: None,
    part: int | None = None,
) -> None:
    """Add draws to a run file; the result is that of a run of `draws` from scratch.

    Parameters
    ----------
    place
        The run file.
    draws
        How many it is to have in the end.
    output
        Path of the longer run; by default it takes the place of the shorter.
    threads, force, resume, executor, on_progress, part
        As of `run` and `write`.
    """
    began = time.perf_counter()
    with store.open_run(place, ("/", "/provenance")) as tree:
        loaded, population = rebuild.inputs_of(tree)
        had = int(tree.attrs["draws"])
        seed = int(tree.attrs["seed"])
        made_with: Any = tree["provenance"].attrs
        keep: Keep = made_with["keep"]
        digest = provenance.digest_of(made_with)
        record = second.of_run(tree)
    if made_with["sampling"] != PLAIN:
        raise RunFileError(
            str(place),
            "holds evenly spread draws, to which none can be added",
            "run its scenario again with more draws",
        )
    if keep == COUNTS_ONLY:
        raise RunFileError(
            str(place),
            "holds counts only, and not what the bands of more draws need",
            "run its scenario again with more draws",
        )
    if draws <= had:
        raise RunFileError(
            str(place), f"has {had:,} draws already", "ask for more with --draws"
        )
    runs.check(draws, seed, threads, keep, None)
    if output is None:
        places.check(place, force=True, otherwise="give -o another")
    else:
        runs.check_place(output, force, [place])
    _check_draws(place)
    target = output or place
    work = assemble.prepared(
        loaded, population, seed, keep, threads, on_progress, record=record
    )
    stops = assemble.stops_from(work.job, had, draws, part)
    made_from = work.made_from() | {"extends": digest, "draws": str(draws)}
    with parts.claimed(
        target,
        made_from,
        resume=resume,
        force=force,
        replaces=force or output is None,
    ) as folder:
        if not (resume and folder.put_in_place()):
            fill_parts = runs.on_executor(executor, threads)
            before = [place]
            assemble.fill(
                folder, work, before, had, stops, runs.never, began, fill_parts
            )


def rerun(
    place: Path,
    output: Path,
    *,
    threads: int | None = None,
    force: bool = False,
    resume: bool = False,
    on_progress: OnProgress = lambda n_draw: None,
) -> bool:
    """Make a run again from its file alone; parameters as of `extend`.

    Gives whether every number is the same.
    """
    began = time.perf_counter()
    runs.check_place(output, force, [place])
    _check_digests(place)
    with store.open_run(place, ("/", "/provenance")) as tree:
        loaded, population = rebuild.inputs_of(tree)
        draws, seed = int(tree.attrs["draws"]), int(tree.attrs["seed"])
        keep: Keep = tree["provenance"].attrs["keep"]
        sampling = tree["provenance"].attrs["sampling"]
        before = provenance.digest_of(tree["provenance"].attrs)
        record = second.of_run(tree)
    work = assemble.prepared(
        loaded,
        population,
        seed,
        keep,
        threads,
        on_progress,
        sampling=sampling,
        draws=draws,
        record=record,
    )
    stops = assemble.stops_from(work.job, 0, draws, None, work.replicate)
    with parts.claimed(
        output, work.made_from(), resume=resume, force=force, replaces=force
    ) as folder:
        if not (resume and folder.put_in_place()):
            assemble.fill(folder, work, [], 0, stops, runs.never, began)
    with store.open_run(output, ("/", "/provenance"), trusted=True) as tree:
        return provenance.digest_of(tree["provenance"].attrs) == before


def _check_digests(place: Path) -> None:
    """Refuse a file whose digests, which are compared later, are not its numbers'."""
    untrusted.check(place)
    with h5py.File(place, "r") as file:
        completeness.check(file)  # which refuses older formats
        verdict = verify.hashes(file)
    if verdict.difference:
        raise RunFileError(
            str(place),
            f"is not what it says: {verdict.difference}",
            f"do not rely on it; simulator verify {place} says more",
        )


def _check_draws(place: Path) -> None:
    """Refuse draws that this version does not give: two kinds must not be mixed."""
    for verdict in verify.verdicts(place, seed=secrets.randbits(32)):
        if verdict.difference:
            raise RunFileError(
                str(place),
                f"holds draws that do not come out again: {verdict.difference}",
                "run its scenario anew",
            )
