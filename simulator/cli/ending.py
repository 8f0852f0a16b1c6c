"""How a command ends that did not do its work: what is said, and the exit code.

1: something that the user can put right; 2: usage; 130: interrupted; 141: whoever read
the output has left. A bug shows its traceback.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Final

import click

from simulator.cli.printing import print_json
from simulator.cli.streams import INTERRUPTED
from simulator.errors import Problems, SimulatorError

AGAIN: Final = 0.02  # seconds


@contextmanager
def interrupts_heard() -> Iterator[None]:
    """Send an interrupt again that Python dropped.

    One that arrives while some object goes, as h5py's do by the hundred, is printed as
    "ignored" and lost, and the run goes on.
    """
    before = sys.unraisablehook

    def hear(lost: "sys.UnraisableHookArgs") -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            # A little later: sent from here it would be dropped here.
            Timer(AGAIN, signal.raise_signal, [signal.SIGINT]).start()
        else:
            before(lost)

    sys.unraisablehook = hear
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def reporting_errors(*, as_json: bool) -> Iterator[None]:
    """Say on standard error what went wrong, and give it its exit code.

    A script that asked for JSON finds it on standard output too.
    """
    try:
        yield
    except SimulatorError as error:
        _say(str(error))
        if as_json:
            _print_errors(error)
        raise click.exceptions.Exit(1) from error
    except click.UsageError as error:  # which click says itself
        if as_json:
            _print_errors(SimulatorError("command line", error.format_message()))
        raise
    except KeyboardInterrupt as error:
        lines = ["Interrupted.", *getattr(error, "__notes__", [])]
        _say("\n".join(lines))
        if as_json:
            _print_errors(SimulatorError("command", " ".join(lines)))
        raise click.exceptions.Exit(INTERRUPTED) from error


def _print_errors(error: SimulatorError) -> None:
    problems = error.problems if isinstance(error, Problems) else (error,)
    said = [
        {"place": one.place, "problem": one.problem, "remedy": one.remedy}
        for one in problems
    ]
    print_json({**error.found, "errors": said})


@contextmanager
def kept(place: Path | None) -> Iterator[None]:
    """Run into a file; who interrupts is told what is kept of it, and how to go on."""
    try:
        yield
    except KeyboardInterrupt as error:
        if place is not None:
            error.add_note(_what_is_kept(place))
        raise


def _what_is_kept(place: Path) -> str:
    from simulator.runfile import parts

    draws = parts.draws_kept(place)
    if not draws:
        return (
            f"{place}: nothing of this run is kept, as the first part of it was not "
            "finished; a part is some 20 seconds' work"
        )
    return (
        f"{parts.folder_of(place)}: {draws:,} draws are kept; the same command with "
        "--resume goes on from there"
    )


def _say(text: str) -> None:
    """Write lines; what is no letter, and would steer the terminal, as its number."""
    shown = (
        letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1]
        for letter in text
    )
    # By print: click writes UTF-8 where the stream says ASCII.
    print("".join(shown), file=sys.stderr)
