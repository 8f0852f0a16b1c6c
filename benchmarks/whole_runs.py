"""The tables of whole processes: cold, warm, help, and over draws."""

import math
import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import c_peer, case, processes
from benchmarks.case import SCENARIO
from benchmarks.measure import Turn, by_turns
from benchmarks.processes import Finished
from benchmarks.sizes import Sizes

SIMULATOR: Final = ("-m", "simulator.cli")
IMPORTS: Final = "import numba, h5py, xarray, pydantic"
COUNTS_AS_STARTUP: Final = ("numba", "xarray")
ONE_TARGET: Final = f"""\
name = "one-target"
title = "One target, to be run on many draws"
extends = "{SCENARIO}"

[[targets]]
name = "1.1%"
rate = 0.011
basis = "cash_releasing"
source = "a benchmark"
"""

Say = Callable[[str], None]


class DefaultJob(NamedTuple):
    """`simulator run long-term-plan`, and what it is held against."""

    cold: Finished
    warm: Finished
    imports: Finished
    help: Finished
    targets: int
    c_seconds: float  # the C peer on the same job, two threads; nan without gcc
    file_size: int  # bytes
    help_loads: list[str]  # of numba and xarray


def measure(sizes: Sizes, say: Say) -> DefaultJob:
    """Measure the default job."""
    shipped = case.shipped()
    draws = sizes.draws
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = (*SIMULATOR, "run", SCENARIO, "--force", "--draws", str(draws))
        cold = [
            processes.run(
                command, folder, {"NHS_SIMULATOR_CACHE": tempfile.mkdtemp(dir=folder)}
            )
            for _ in range(sizes.cold)
        ]
        for one in cold:
            say(f"default job, cold: {one.seconds:.2f} s, {one.peak:.0f} MiB")
        processes.run(command, folder)
        turns = {
            "default job, warm": partial(processes.run, command, folder),
            "imports alone": partial(processes.run, ("-c", IMPORTS), folder),
            "--help": partial(processes.run, (*SIMULATOR, "--help"), folder),
        }
        if c_peer.missing() is None:
            turns["C peer, the same job"] = partial(c_peer.run, shipped, draws, 2)
        repeated = _repeated(turns, sizes.process_repeats, say)
        c_seconds = [one.seconds for one in repeated.get("C peer, the same job", [])]
        size = (folder / f"{SCENARIO}.h5").stat().st_size
        return DefaultJob(
            cold=processes.middle(cold),
            warm=processes.middle(repeated["default job, warm"]),
            imports=processes.middle(repeated["imports alone"]),
            help=processes.middle(repeated["--help"]),
            targets=shipped.n_target,
            c_seconds=statistics.median(c_seconds) if c_seconds else math.nan,
            file_size=size,
            help_loads=loaded_by_help(folder),
        )


def _repeated(turns: dict[str, Callable[[], object]], repeats: int, say: Say):
    found: dict[str, list[Finished]] = {name: [] for name in turns}
    for _ in range(repeats):
        timed = by_turns({name: Turn(run, 1) for name, run in turns.items()}, say)
        for name, one in timed.items():
            whole = isinstance(one.found, Finished)
            found[name].append(one.found if whole else Finished(one.median, 0.0))
    return found


def loaded_by_help(folder: Path) -> list[str]:
    """List which of the slow packages `--help` imports."""
    place = folder / "loaded"
    code = (
        "import sys, atexit, pathlib; from simulator.cli import main\n"
        f"slow = {COUNTS_AS_STARTUP!r}\n"
        "def say(): pathlib.Path('loaded').write_text(\n"
        "    ' '.join(name for name in slow if name in sys.modules))\n"
        "atexit.register(say); main(['--help'])\n"
    )
    processes.run(("-c", code), folder)
    return place.read_text(encoding="utf-8").split()


class DrawsRow(NamedTuple):
    """A whole run of one target."""

    draws: int
    repeats: int
    finished: Finished
    file_size: int


def over_draws(sizes: Sizes, say: Say) -> list[DrawsRow]:
    """Run one target on more and more draws; a million once."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one-target.toml").write_text(ONE_TARGET, encoding="utf-8")
        for draws in sizes.process_draws:
            repeats = 1 if draws >= 1_000_000 else min(sizes.process_repeats, 3)
            command = (*SIMULATOR, "run", "one-target.toml", "--force")
            found = [
                processes.run((*command, "--draws", str(draws)), folder)
                for _ in range(repeats)
            ]
            middle = processes.middle(found)
            say(
                f"one target, {draws:,} draws: {middle.seconds:.2f} s, "
                f"{middle.peak:.0f} MiB"
            )
            size = (folder / "one-target.h5").stat().st_size
            rows.append(DrawsRow(draws, repeats, middle, size))
    return rows
