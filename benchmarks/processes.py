"""Whole processes: wall time and peak memory, as somebody at a terminal has them."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
# Started through a small process of its own: Linux counts the memory of whoever starts
# a process into the peak of what it starts.
LAUNCHER: Final = """
import json, os, sys, time
began = time.perf_counter()
child = os.posix_spawn(
    sys.argv[1],
    sys.argv[1:],
    os.environ,
    file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
)
_, status, used = os.wait4(child, 0)
seconds = time.perf_counter() - began
print(json.dumps([seconds, used.ru_maxrss, os.waitstatus_to_exitcode(status)]))
"""


class Finished(NamedTuple):
    """One process."""

    seconds: float
    peak: float  # MiB of memory


def run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Finished:
    """Run Python with some arguments."""
    command = [sys.executable, "-I", "-S", "-c", LAUNCHER, sys.executable, *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    seconds, kibibytes, code = json.loads(done.stdout)
    if code:
        raise RuntimeError(f"{' '.join(arguments)} ended with {code}")
    return Finished(seconds, kibibytes / 1024)


def middle(finished: Sequence[Finished]) -> Finished:
    """Take the medians."""
    return Finished(
        statistics.median(one.seconds for one in finished),
        statistics.median(one.peak for one in finished),
    )
