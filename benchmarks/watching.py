"""What one waits for at a screen: python -m benchmarks.watching [CHECKOUT...].

Runs in memory, a comparison, a plan: in this checkout and in others that are named, by
turns, so that whatever else the machine does falls on all alike. First what a process
does that has begun and has done it before; then commands, from their start.
"""

import contextlib
import dataclasses
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve()
TURNS: Final = 3
REPEATS: Final = 2  # in a turn; the first is not counted
SCENARIO: Final = "long-term-plan"
OTHER: Final = "long-term-plan-high-demand"
COMPARED: Final = 1_000  # draws
RUN: Final = ("run", SCENARIO, "--draws", "10000", "--force", "-o", "run.h5")
COMMANDS: Final = {
    "`simulator plan`": ("plan", SCENARIO),
    "`simulator show FILE`": ("show", "run.h5"),
    "`simulator run`": RUN,
}

Seconds = tuple[float, float]  # on the wall, and of processors


def in_this_process() -> dict[str, Seconds]:
    """Time everything in this process: medians."""
    import simulator as sim  # noqa: PLC0415 - of whatever checkout is measured
    from simulator.cli import main as command  # noqa: PLC0415

    whole = sim.load_scenario(SCENARIO)
    few = whole.scenario.model_copy(update={"targets": whole.scenario.targets[:5]})
    five = dataclasses.replace(whole, scenario=few, tree=few.plain())

    def run(what: object, draws: int) -> Callable[[], object]:
        return lambda: sim.run(what, draws=draws)

    def both() -> None:
        for name in (SCENARIO, OTHER):
            sim.run(name, draws=COMPARED)

    def compare() -> None:
        how = ("--draws", str(COMPARED))
        with contextlib.redirect_stdout(io.StringIO()):
            command(["compare", SCENARIO, OTHER, *how], standalone_mode=False)

    n = len(whole.scenario.targets)
    ways = {
        "64 draws of 5 targets": run(five, 64),
        f"64 draws of {n} targets": run(SCENARIO, 64),
        "1,000 draws of 5 targets": run(five, 1_000),
        f"1,000 draws of {n} targets": run(SCENARIO, 1_000),
        f"two runs of {COMPARED:,} draws": both,
        "`compare` of these two": compare,
    }
    return {
        name: _median([_timed(way) for _ in range(REPEATS)][1:])
        for name, way in ways.items()
    }


def _timed(way: Callable[[], object]) -> Seconds:
    began, used = time.perf_counter(), time.process_time()
    way()
    return time.perf_counter() - began, time.process_time() - used


def _median(found: list[Seconds]) -> Seconds:
    wall, used = (statistics.median(each) for each in zip(*found, strict=True))
    return wall, used


def one_turn(checkout: Path, folder: Path) -> dict[str, Seconds]:
    """Measure a checkout once."""
    named = os.environ | {"PYTHONPATH": str(checkout)}

    def python(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=folder,
            env=named,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
        )
        return done.stdout

    def process(*words: str) -> Seconds:
        began, before = time.perf_counter(), os.times()
        python("-m", "simulator.cli", *words)
        after = os.times()
        used = sum(after[2:4]) - sum(before[2:4])  # of children
        return time.perf_counter() - began, used

    process(*RUN)  # what is compiled once is compiled, and there is a file to show
    found = json.loads(python(str(HERE), "--in-this-process"))
    return found | {name: process(*words) for name, words in COMMANDS.items()}


def main() -> None:
    """Measure this checkout and those that are named, and print a table."""
    from benchmarks import machine, tables  # noqa: PLC0415 - not of those measured

    checkouts = [HERE.parent.parent, *map(Path, sys.argv[1:])]
    turns: dict[Path, list[dict[str, Seconds]]] = {place: [] for place in checkouts}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(TURNS):
            for place in checkouts:
                turns[place].append(one_turn(place, Path(folder)))
                print(f"turn {number + 1} of {TURNS}: {place.name}", file=sys.stderr)
    for name, value in machine.described():
        print(f"{name}: {value}")
    print(f"load: {os.getloadavg()[1]:.1f} over five minutes\n")
    rows = [
        (name, *(_words([took[name] for took in found]) for found in turns.values()))
        for name in turns[checkouts[0]][0]
    ]
    print(tables.table(("", *(place.name for place in checkouts)), rows))


def _words(found: list[Seconds]) -> str:
    wall, used = _median(found)
    return f"{wall:.2f} s ({used:.2f})"


if __name__ == "__main__":
    if sys.argv[1:] == ["--in-this-process"]:
        print(json.dumps(in_this_process()))
    else:
        main()
