"""Checks that are run now, each with its command, its time and what it found."""

import datetime
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from simulator.errors import SimulatorError
from simulator.running import extend, verify

VERIFY: Final = "verify"
RERUN: Final = "rerun"
TESTS: Final = "tests"
LINT: Final = "lint"
COMMANDS: Final = {
    TESTS: ("pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow"),
    LINT: ("ruff", "check", "--quiet", "--no-cache"),
}


class Check(NamedTuple):
    """One check that was run.

    Attributes
    ----------
    kind
        `VERIFY`, `RERUN`, `TESTS` or `LINT`.
    question
        What was asked.
    command
        Whoever doubts it types this.
    found
        What came out, in a line.
    passed
        Whether all was well.
    at
        When it began, in UTC.
    seconds
        How long it took.
    """

    kind: str
    question: str
    command: str
    found: str
    passed: bool
    at: str
    seconds: float


def verified(file: Path) -> Iterator[Check]:
    """Check a run file as `simulator verify` does, some draws simulated again."""
    command = f"simulator verify {file}"
    at, began = _now(), time.monotonic()
    try:
        for one in verify.verdicts(file, seed=secrets.randbits(32)):
            found, took = one.difference or one.found, time.monotonic() - began
            passed = not one.difference
            yield Check(VERIFY, one.question, command, found, passed, at, took)
            at, began = _now(), time.monotonic()
    except SimulatorError as error:
        question = "the file is a whole run file"
        took = time.monotonic() - began
        yield Check(VERIFY, question, command, str(error), False, at, took)


def made_again(
    file: Path, threads: int | None, on_progress: Callable[[int], None]
) -> Check:
    """Make the whole run again from its file alone, and compare every number."""
    at, began = _now(), time.monotonic()
    with TemporaryDirectory(prefix="assure-") as folder:
        place = Path(folder) / "again.h5"
        try:
            equal = extend.rerun(file, place, threads=threads, on_progress=on_progress)
            found = "every number, to the bit" if equal else "other numbers"
        except SimulatorError as error:
            equal, found = False, str(error)
    question = "the file alone gives the same numbers again"
    command = f"simulator rerun {file} -o again.h5"
    took = time.monotonic() - began
    return Check(RERUN, question, command, found, equal, at, took)


def of_checkout(kind: str, folder: Path) -> Check:
    """Run the fast tests, or look for untidy code, where the source is."""
    words = ("-m", *COMMANDS[kind])
    question = {
        TESTS: "the fast tests of the source pass",
        LINT: "the source keeps to its coding standard",
    }[kind]
    at, began = _now(), time.monotonic()
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    last = next((line.strip("= ") for line in reversed(lines) if line.strip()), "")
    found = f"exit code {done.returncode}{f': {last}' if last else ''}"
    command = f"python {' '.join(words)}".replace("not slow", '"not slow"')
    passed, took = done.returncode == 0, time.monotonic() - began
    return Check(kind, question, command, found, passed, at, took)


def passed(found: Sequence[Check], kind: str) -> bool | None:
    """Say whether all checks of a kind passed; None where none was run."""
    own = [one.passed for one in found if one.kind == kind]
    return all(own) if own else None


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
