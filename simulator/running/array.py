"""A run in parts by programs that know nothing of each other: an array of jobs.

Each job is told how many parts there are and which is its own, computes that and leaves
it in a folder with its receipt. Once all are there, they are joined to the run file
that one program would have written. There is no other engine and no order: a job may be
killed, repeated, or run on any machine that has the folder.
"""

import os
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from simulator.engine.shards import SHARD
from simulator.errors import RunFileError, ScenarioError
from simulator.files import places, whole
from simulator.kernel.workspace import BLOCK
from simulator.runfile import parts, receipts
from simulator.runfile.receipts import MANIFEST, FinishedParts, Receipt
from simulator.running import assemble, order, runs
from simulator.running.assemble import PLAIN, Keep, Sampling, Work
from simulator.scenario.load import Loaded
from simulator.types import OnProgress, Place

ORDER: Final = "order"  # what the manifest calls the run, in full


class Part(NamedTuple):
    """A part of a run that stands in its folder.

    Attributes
    ----------
    file
        Path of the part.
    first_draw, draws
        Number of its first draw, and how many it holds.
    sha256
        Of the file.
    computed
        Whether it was computed just now; otherwise it was there.
    """

    file: Path
    first_draw: int
    draws: int
    sha256: str
    computed: bool


def part(
    scenario: Place | Loaded,
    folder: Place,
    *,
    number: int,
    of: int,
    draws: int | None = None,
    seed: int = runs.SEED,
    threads: int | None = None,
    keep: Keep = "none",
    settings: Sequence[str] = (),
    sampling: Sampling = PLAIN,
    record: bool = True,
    on_progress: OnProgress = lambda n_draw: None,
) -> Part:
    """Compute one part of a run into a folder, unless it is there.

    Parameters
    ----------
    scenario
        Name of a packaged scenario, path of a scenario file, or a loaded scenario.
    folder
        Where all parts of the run go; made if need be. Other programs may write there.
    number, of
        Which part this is, from 1, and how many there are.
    draws
        Of the whole run, by default 10,000.
    seed, threads, keep, settings, sampling, record, on_progress
        As of `run`.

    Returns
    -------
    part
        What stands in the folder now.

    Raises
    ------
    SimulatorError
        Where the scenario cannot be used, or the folder is of another run.
    """
    work, stops, _ = runs.prepared(
        runs.load(scenario, settings),
        draws=draws,
        seed=seed,
        threads=threads,
        keep=keep,
        sampling=sampling,
        precision=None,
        record=record,
        on_progress=on_progress,
    )
    total = stops[-1]
    mine = divided(total, of, work.replicate)[_checked(number, of) - 1]
    shelf = _shelf(Path(folder), work, total)
    for receipt in receipts.found_in(shelf.path):
        if (receipt.first_draw, receipt.stop) == (mine.start, mine.stop):
            try:
                shelf.adopt(receipt)
            except RunFileError:  # it was changed, and is made anew
                continue
            return _told(shelf, receipt, computed=False)
    _clear_leftovers(shelf.path, mine)
    try:
        receipt = assemble.compute_part(work, mine, shelf.path, shelf.made_from)
    except OSError as error:
        raise places.cannot_write(folder, error) from error
    shelf.adopt(receipt)
    return _told(shelf, receipt, computed=True)


def _told(shelf: FinishedParts, receipt: Receipt, *, computed: bool) -> Part:
    file = shelf.path / receipt.file
    draws = receipt.first_draw, receipt.draws
    return Part(file, *draws, receipt.sha256, computed)


def join(
    folder: Place,
    output: Place,
    *,
    force: bool = False,
    threads: int | None = None,
) -> None:
    """Join the parts of a run to the run file that one program would have written.

    Parameters
    ----------
    folder
        In which `part` left the parts. It is left as it is.
    output
        Path of the run file.
    force
        Whether to replace a run file that is there.
    threads
        For the bands, by default one for each processor. Moves no number.

    Raises
    ------
    SimulatorError
        Where parts are missing, were changed, or are not of one run, or the file
        cannot be written.
    """
    began = time.perf_counter()
    path, place = Path(folder), Path(output)
    runs.check_place(place, force)
    shelf, work, total = _found(path, threads)
    for receipt in receipts.found_in(path):
        shelf.adopt(receipt)
    _check_all_there(shelf, total)
    made_from = shelf.made_from | {"joined": "yes"}
    with parts.claimed(
        place, made_from, resume=False, force=force, replaces=force
    ) as claimed:
        before = shelf.files()
        assemble.fill(claimed, work, before, total, [total], runs.never, began)


def divided(draws: int, of: int, replicate: int = 0) -> list[range]:
    """Divide draws into parts as equal as can be: of whole shards, or else blocks.

    Parameters
    ----------
    draws, of
        How many draws, and how many parts.
    replicate
        Draws of a replicate, where draws are evenly spread: each is then a part.
    """
    step = replicate or (SHARD if draws >= of * SHARD else BLOCK)
    n_step = -(-draws // step)
    if of < 1 or n_step < of or (replicate and n_step != of):
        most = n_step if replicate else -(-draws // BLOCK)
        raise ScenarioError(
            "of",
            f"{draws:,} draws cannot be computed in {of:,} parts"
            + (": each replicate is one" if replicate else ""),
            f"give {most}" if replicate or most == 1 else f"give 1 to {most:,}",
        )
    ends = [min(n_step * k // of * step, draws) for k in range(of + 1)]
    return [range(*pair) for pair in pairwise(ends)]


def _checked(number: int, of: int) -> int:
    if not 1 <= number <= of:
        raise ScenarioError("number", f"there is no part {number}", f"give 1 to {of}")
    return number


def _shelf(folder: Path, work: Work, draws: int) -> FinishedParts:
    """Make the folder of a run, or see that the one that is there is of this run."""
    made_from = work.made_from() | {"draws": str(draws)}
    found: Mapping[str, Any] | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = receipts.of_folder(folder)
        if found is None:
            _check_empty(folder)
            manifest = {"made_from": made_from, ORDER: work.made(draws)}
            receipts.write_json(folder / MANIFEST, manifest)
            # Another program may have written its own since: the last one counts.
            found = receipts.of_folder(folder)
    except OSError as error:
        raise places.cannot_write(folder, error) from error
    assert found is not None
    _check_run(folder, found["made_from"], made_from)
    return FinishedParts(folder, made_from)


def _check_run(
    folder: Path, theirs: Mapping[str, str], ours: Mapping[str, str]
) -> None:
    differ = sorted(k for k in {*theirs, *ours} if theirs.get(k) != ours.get(k))
    if differ:
        raise RunFileError(
            str(folder),
            f"holds parts of another run: {', '.join(differ)} differ",
            "give every part the same options and versions, or choose -o another",
        )


def _check_empty(folder: Path) -> None:
    """Refuse a folder of other things; another program may just have begun here."""
    for item in folder.iterdir():
        if not parts.OURS.fullmatch(item.name):
            raise RunFileError(
                str(folder),
                f"holds what is no part of a run: {item.name}",
                "choose -o another: a folder that is empty, or not there",
            )


def _clear_leftovers(folder: Path, draws: range) -> None:
    """Delete what was left of these draws by a process of this machine that is gone."""
    begun = whole.temporary(folder / f"draws-{draws.start:012d}.h5").name
    before, _, after = begun.rpartition(str(os.getpid()))
    for file in folder.glob(f"{before}*{after}"):
        process = file.name.removeprefix(before).removesuffix(after)
        if process.isdecimal() and not parts.is_running(int(process)):
            file.unlink(missing_ok=True)


def _found(folder: Path, threads: int | None) -> tuple[FinishedParts, Work, int]:
    """Prepare the run whose parts are in a folder, by what the folder says of it."""
    found = receipts.of_folder(folder)
    if found is None or not isinstance(found.get(ORDER), dict):
        raise RunFileError(
            str(folder),
            "holds no parts of a run" if found is None else "is not of `part`",
            "give the folder that simulator part -o was given",
        )
    manifest = str(folder / MANIFEST)
    work = order.work_of(found[ORDER], manifest, threads=threads)
    draws = int(found[ORDER]["draws"])
    ours = work.made_from() | {"draws": str(draws)}
    order.check_machine(found["made_from"], ours, manifest)
    return FinishedParts(folder, ours), work, draws


def _check_all_there(shelf: FinishedParts, draws: int) -> None:
    missing = shelf.missing(range(draws))
    if missing:
        first = missing[0]
        lacking = sum(len(some) for some in missing)
        raise RunFileError(
            str(shelf.path),
            f"lacks {lacking:,} of {draws:,} draws, the first of them draws "
            f"{first.start:,} to {first.stop - 1:,}",
            "compute the parts that failed, with simulator part, then join again",
        )
