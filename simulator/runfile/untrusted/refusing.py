"""How a file is refused: where in it, and why."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from simulator.errors import RunFileError

REMEDY: Final = "do not use it: fetch the file again, or run its scenario again"
IS_SWEEP: Final = "is the file of a sweep, not of a run"
LONGEST_NAME: Final = 200  # characters of a name that are shown, or allowed
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

# What h5py raises when libhdf5 fails, or gives what cannot be a value of Python.
_FAILURES: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
)


def refuse(where: str, problem: str) -> RunFileError:
    """Make the error of a file that is not to be used."""
    return RunFileError(where, problem, REMEDY)


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Turn what the library says of a damaged file into a refusal."""
    try:
        yield
    except RunFileError:
        raise
    except _FAILURES as error:
        reason = shown(" ".join(str(error).split()) or type(error).__name__)
        raise refuse(where, f"is damaged ({reason})") from error


def clean(text: bytes, where: str, what: str) -> str:
    """Decode text; refuse it where it is damaged, or could steer a terminal."""
    try:
        letters = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refuse(where, f"has {what} that is damaged ({error.reason})") from error
    if _CONTROL.search(letters):
        raise refuse(where, f"has {what} that holds control characters")
    return letters


def shown(text: str | bytes) -> str:
    """Write a stranger's text so that it cannot steer a terminal."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    if not text.isprintable():
        text = ascii(text)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}..."
