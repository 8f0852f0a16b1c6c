"""Where a run is computed: `--on` opened as an executor.

Between machines only TLS will do: whoever can reach a scheduler that asks for no
certificate can run any code on its workers, and on whoever asks it. On one machine
all stays on the loopback, and no page of Dask's is opened.
"""

import logging
import multiprocessing
import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from simulator.errors import ScenarioError

WAYS: Final = "give processes:N, local:N, or tls://HOST:PORT of a Dask scheduler"
EXTRA: Final = 'pip install "nhs-efficiency-simulator[dask]"'
MOST_WORKERS: Final = 1024
PATIENCE: Final = "15s"  # until a scheduler answers
LOOPBACK: Final = "127.0.0.1"
_LOCAL: Final = re.compile(r"(processes|local):(\d{1,6})", re.ASCII)
_REMOTE: Final = re.compile(r"(tls|tcp)://(\S+):\d{1,5}", re.ASCII)


class Opened(NamedTuple):
    """An executor, and how many threads each of its workers has; None: its own."""

    executor: Any
    threads: int | None


@contextmanager
def opened(on: str | None, threads: int | None = None) -> Iterator[Opened]:
    """Open an executor by its name, and close it in the end.

    Parameters
    ----------
    on
        "processes:N", "local:N" for a Dask cluster of this machine, or the address of a
        Dask scheduler; None for threads of this program, where there is no executor.
    threads
        Of each worker; by default the processors are shared out.

    Raises
    ------
    ScenarioError
        Where there is no such executor, or it must not be used.
    """
    if on is None:
        yield Opened(None, threads)
        return
    local, remote = _LOCAL.fullmatch(on), _REMOTE.fullmatch(on)
    if local is not None:
        way, workers = local[1], _number_of(on, int(local[2]))
        each = threads or max(1, (os.cpu_count() or 1) // workers)
        with _processes(workers) if way == "processes" else _cluster(on, workers) as it:
            yield Opened(it, each)
    elif remote is not None:
        with _client(on, secure=remote[1] == "tls") as client:
            yield Opened(client, threads)
    else:
        raise ScenarioError("--on", f"{on!r} is no place to compute", WAYS)


def _number_of(on: str, workers: int) -> int:
    if not 1 <= workers <= MOST_WORKERS:
        remedy = f"give 1 to {MOST_WORKERS:,} workers"
        raise ScenarioError("--on", f"{on!r} has {workers:,} workers", remedy)
    return workers


@contextmanager
def _processes(workers: int) -> Iterator[ProcessPoolExecutor]:
    # Not forked: threads that the kernel and HDF5 hold do not survive that.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_deaf)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()  # or its part would be waited for
        raise
    pool.shutdown()


def _deaf() -> None:
    """Leave an interrupt, which all processes of a terminal get, to the first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _cluster(on: str, workers: int) -> Iterator[Any]:
    distributed = _distributed(on)
    with (
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,  # the kernel has its own
            host=LOOPBACK,
            dashboard_address=None,
            memory_limit=0,  # or workers are killed that only map a file
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@contextmanager
def _client(on: str, *, secure: bool) -> Iterator[Any]:
    if not secure:
        raise ScenarioError(
            "--on",
            f"{on} is neither encrypted nor asks who calls: anybody on the network "
            "could run programs on its workers",
            "start scheduler and workers with certificates, and give tls://",
        )
    distributed = _distributed(on)
    security = distributed.Security()  # from Dask's own configuration
    if security.get_connection_args("client").get("ssl_context") is None:
        raise ScenarioError(
            "--on",
            f"{on} needs certificates, and Dask's configuration names none",
            "set distributed.comm.tls.ca-file and distributed.comm.tls.client.cert "
            "and .key there: see docs/scale.md",
        )
    try:
        client = distributed.Client(on, security=security, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise ScenarioError(
            "--on", f"{on} cannot be reached ({error})", "look whether it runs"
        ) from error
    with client:
        if not client.ncores():
            raise ScenarioError("--on", f"{on} has no workers", "start some")
        yield client


def _distributed(on: str) -> Any:
    try:
        import distributed  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ScenarioError(
            "--on", f"{on} needs Dask, which is not installed", EXTRA
        ) from error
    return distributed
