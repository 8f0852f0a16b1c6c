"""Standard output and standard error, whatever they are: any encoding, pipe or disk."""

import codecs
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import click

from simulator.errors import SimulatorError

INTERRUPTED: Final = 130  # as a shell says of a program that an interrupt ended
PIPE_CLOSED: Final = 141  # ... and of one that nobody reads any more
NEAREST: Final = "simulator-nearest"
# Of letters that an encoding lacks; any other loses its accent, or becomes a "?".
SUBSTITUTES: Final = {
    "±": "+/-",
    "×": "x",  # noqa: RUF001 - these very signs
    "≥": ">=",
    "≤": "<=",
    "…": "...",
    "£": "GBP ",
    "€": "EUR ",
    **dict.fromkeys("‘’", "'"),  # noqa: RUF001
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("‐‑‒–—−", "-"),  # noqa: RUF001
}


def settle() -> None:
    """Have a stream write what is nearest to a letter that its encoding lacks."""
    codecs.register_error(NEAREST, _nearest)
    for stream in (sys.stdout, sys.stderr):
        change = getattr(stream, "reconfigure", None)  # none where there is no stream
        if change is not None:
            change(errors=NEAREST)


def fitting(text: str, encoding: str) -> str:
    """Write a text as a stream of that encoding will show it."""
    return text.encode(encoding, NEAREST).decode(encoding)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    lost = error.object[error.start : error.end]
    return "".join(map(_substitute, lost)), error.end


def _substitute(letter: str) -> str:
    bare = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return SUBSTITUTES.get(letter) or bare or "?"


def is_terminal(stream: Any) -> bool:
    """Tell whether somebody watches; FORCE_COLOR in a pipe makes nobody watch."""
    return stream is not None and bool(stream.isatty())


@contextmanager
def writing() -> Iterator[None]:
    """Write to standard output; what it does not take is said, or ends the command.

    Raises
    ------
    SimulatorError
        Where it cannot be written, as on a full disk.
    Exit
        Where its reader has left, as `head` does: that is no error to tell of.
    """
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError as error:
        _give_up()
        raise click.exceptions.Exit(PIPE_CLOSED) from error
    except OSError as error:
        _give_up()
        raise SimulatorError(
            "standard output",
            f"cannot be written ({error.strerror or error})",
            "make room, or send it somewhere else",
        ) from error


def _give_up() -> None:
    """Let what is still to be written go nowhere: Python would try again at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
