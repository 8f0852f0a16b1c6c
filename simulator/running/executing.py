"""The parts of a run on an executor: processes of this machine, Dask, or one's own.

A worker is sent the run as texts (see `order`), prepares it once, and computes the
draws it is told. It writes its part straight into the run's folder where it sees the
same one, and else sends the file back. This process alone takes parts into the run, in
whatever order they come, and decides when there are enough: so the run is the one that
threads make, and a part that comes twice or too late changes nothing.
"""

import json
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import asdict
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from simulator.engine.tallies import empty_successes
from simulator.errors import RunFileError, ScenarioError
from simulator.runfile import receipts
from simulator.runfile.parts import PartFolder
from simulator.runfile.receipts import Receipt
from simulator.running import assemble, order
from simulator.running.assemble import Work
from simulator.running.counting import Counting, Enough

RETRIES: Final = 3  # of a part whose worker was lost, where the executor can
FEW: Final = 4  # workers, where an executor does not say how many it has
AHEAD: Final = 2  # parts for each worker that are under way or wait for it


class Engine(NamedTuple):
    """What is asked of an executor, whatever it is."""

    submit: Callable[..., Future[Any]]
    workers: int
    share: Callable[[str], Any]  # a text that all workers get, sent once
    lost: tuple[type[Exception], ...]  # what it raises where workers are gone


def engine_of(executor: Any) -> Engine:
    """Take an executor of `concurrent.futures`, or a client of Dask."""
    if isinstance(executor, Executor):
        workers = getattr(executor, "_max_workers", FEW)
        return Engine(executor.submit, workers, str, (BrokenExecutor,))
    if hasattr(executor, "get_executor") and hasattr(executor, "scatter"):
        from distributed import KilledWorker  # noqa: PLC0415 - an extra
        from distributed.comm.core import CommClosedError  # noqa: PLC0415

        pool = executor.get_executor(pure=False, retries=RETRIES)
        share = partial(executor.scatter, broadcast=True, hash=False)
        lost = BrokenExecutor, KilledWorker, CommClosedError
        return Engine(pool.submit, max(1, len(executor.ncores())), share, lost)
    raise ScenarioError(
        "executor",
        f"is a {type(executor).__name__}, which takes no tasks",
        "give an executor of concurrent.futures or a client of Dask",
    )


def fill_parts(
    executor: Any,
    threads: int | None,
    folder: PartFolder,
    work: Work,
    first: int,
    stops: Sequence[int],
    enough: Enough,
) -> int:
    """Have the parts computed that are not there; gives the draw after the last.

    Parameters
    ----------
    executor
        As of `engine_of`.
    threads
        Of each worker, by default one for each of its processors.
    folder, work, first, stops, enough
        As of `assemble.fill`.
    """
    engine = engine_of(executor)
    said = {"made_from": folder.made_from, "order": work.made(stops[-1])}
    shared = engine.share(json.dumps(said))
    where = str(folder.path.resolve()), folder.token()
    none = empty_successes(work.job.trusts, work.job.plan)
    counting = Counting(folder, none, first, stops, enough)
    work.on_progress(counting.there * work.passes())
    waiting = _waiting(folder, work, first, stops)
    under_way: dict[Future[Any], range] = {}
    try:
        while (found := counting.look()) is None:
            for draws in islice(waiting, AHEAD * engine.workers - len(under_way)):
                task = draws.start, draws.stop, *where, threads
                under_way[engine.submit(compute, shared, *task)] = draws
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                draws = under_way.pop(future)
                folder.adopt(_received(folder, future.result()))
                work.on_progress(len(draws) * work.passes())
    except engine.lost as error:
        raise RunFileError(
            str(folder.path),
            f"a worker was lost ({type(error).__name__}: {error})",
            "finished parts are kept: give the command again with --resume",
        ) from error
    except (ImportError, AttributeError) as error:  # as it is unpickled there
        raise RunFileError(
            "a worker",
            f"does not know this version of the simulator ({error})",
            "install the same versions of Python and the simulator everywhere",
        ) from error
    finally:
        for future in under_way:
            future.cancel()
    return found


def _waiting(
    folder: PartFolder, work: Work, first: int, stops: Sequence[int]
) -> Iterator[range]:
    """List the parts to compute, in order; none is longer than is usual."""
    step = work.replicate or assemble.usual_part(work.job)
    for start, stop in zip((first, *stops), stops, strict=False):
        for gap in folder.missing(range(start, stop)):
            for begin in range(gap.start, gap.stop, step):
                yield range(begin, min(begin + step, gap.stop))


def _received(folder: PartFolder, answer: Mapping[str, Any]) -> Receipt:
    """Take what a worker sent: a receipt, and the part where it is not here."""
    receipt = Receipt(**answer["receipt"])
    content = answer.get("content")
    if content is not None:
        receipts.store(folder.path, receipt, content)
    return receipt


# --- at a worker ----------------------------------------------------------------------


def compute(
    said: str, start: int, stop: int, folder: str, token: str, threads: int | None
) -> dict[str, Any]:
    """Compute some draws of a run, at a worker; in and out go plain values.

    Parameters
    ----------
    said
        JSON: `order`, the run as texts, and `made_from`, what it follows from.
    start, stop
        The first of the draws, and the one after the last.
    folder, token
        Path of the run's folder, and what stands in it if it is the same folder here.
    threads
        Of this worker, by default one for each processor.

    Returns
    -------
    answer
        `receipt`, and `content`, the bytes of the part, where the folder is not shared.
    """
    work, made_from = _prepared(said, threads)
    draws = range(start, stop)
    if receipts.token_in(Path(folder)) == token:
        receipt = assemble.compute_part(work, draws, Path(folder), made_from)
        return {"receipt": asdict(receipt)}
    with tempfile.TemporaryDirectory() as own:
        receipt = assemble.compute_part(work, draws, Path(own), made_from)
        content = (Path(own) / receipt.file).read_bytes()
    return {"receipt": asdict(receipt), "content": content}


@lru_cache(maxsize=1)
def _prepared(said: str, threads: int | None) -> tuple[Work, dict[str, str]]:
    found = json.loads(said)
    here = f"worker {socket.gethostname()}"
    work = order.work_of(found["order"], here, threads=threads)
    made_from = {str(name): str(text) for name, text in found["made_from"].items()}
    order.check_machine(made_from, work.made_from(), here)
    return work, made_from
