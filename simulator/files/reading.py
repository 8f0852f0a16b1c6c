"""Reading the text of a file that somebody names: a regular file, and only so much."""

import os
import stat
from pathlib import Path
from typing import Final

from simulator.errors import SimulatorError

MOST: Final = 16 * 2**20  # bytes, a hundred times the longest table of trusts
SCENARIO: Final = 2**20  # bytes, twenty times a scenario written out in full

_SAVE: Final = "save it as UTF-8; Excel calls that 'CSV UTF-8'"
_SAVE_SHEET: Final = "give a text file; Excel saves a sheet as 'CSV UTF-8'"
# What people give in place of a text, by its first bytes: what it is, what to do.
_KNOWN: Final = {
    b"\x89HDF\r\n\x1a\n": ("is a run file", "give what it was made from"),
    b"PK\x03\x04": ("is an Excel workbook or another zip file", _SAVE_SHEET),
    b"\xd0\xcf\x11\xe0": ("is an old Excel workbook", _SAVE_SHEET),
    b"\xff\xfe": ("is UTF-16 text", _SAVE),
    b"\xfe\xff": ("is UTF-16 text", _SAVE),
}


def text_of(
    path: Path,
    place: str,
    error: type[SimulatorError],
    *,
    hint: str = "",
    most: int = MOST,
) -> str:
    """Read a file as UTF-8 text, with or without a byte-order mark.

    Parameters
    ----------
    path
        The file; a device or a pipe is refused, as it may never end.
    place
        What messages call it.
    error
        What to raise.
    hint
        What may be meant where there is no such file.
    most
        Bytes that it may hold.

    Raises
    ------
    error
        Where it is missing, no regular file, too large or no UTF-8 text.
    """
    raw = _bytes_of(path, place, error, hint, most)
    for start, (what, remedy) in _KNOWN.items():
        if raw.startswith(start):
            raise error(place, what, remedy)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw.count(b"\n", 0, fault.start) + 1
        raise error(
            place,
            f"is not UTF-8 text (byte {fault.start + 1}, on line {line})",
            _SAVE,
        ) from None


def _bytes_of(
    path: Path, place: str, error: type[SimulatorError], hint: str, most: int
) -> bytes:
    try:
        mode = path.stat().st_mode  # before it is opened: a pipe would wait for ever
        if stat.S_ISDIR(mode):
            raise error(place, "is a folder", "name a file in it")
        if not stat.S_ISREG(mode):
            raise error(place, "is a device or a pipe", "give a file")
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except FileNotFoundError:
        raise error(place, "there is no such file", hint) from None
    except OSError as fault:
        reason = fault.strerror or os.strerror(fault.errno or 0)
        problem = f"cannot be read ({reason})"
        raise error(place, problem, "see whether you may read it") from None
    except ValueError as fault:  # a NUL in the name
        problem = f"is not the name of a file ({fault})"
        raise error(place, problem, "name a file") from None
    if len(raw) > most:
        size = f"{most // 2**20} MiB"
        raise error(place, f"is larger than {size}", "see whether it is the right file")
    return raw
