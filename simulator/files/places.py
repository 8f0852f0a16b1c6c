"""Where something may be written, and what stands there already.

Only a regular file is ever replaced, and only on request: no folder, device or pipe,
and not what a symbolic link stands for. What is read is never written over, whatever
name it goes by.
"""

import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from simulator.errors import RunFileError
from simulator.schema import RUN_FILE
from simulator.types import Place

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"  # with which every HDF5 file begins


def check(
    place: Path,
    *,
    force: bool,
    sources: Iterable[Path] = (),
    otherwise: str = "-o another",
) -> None:
    """Refuse a place before the work, not after it.

    Parameters
    ----------
    place
        Path to write.
    force
        Whether a file that is there may be replaced.
    sources
        Paths of what is read, which is never replaced.
    otherwise
        What to do instead, in a remedy.

    Raises
    ------
    RunFileError
        Where the place cannot be written, or what is there must not be lost.
    """
    found = kind(place)
    if found is None:
        if not place.parent.is_dir():
            problem = f"there is no folder {place.parent}"
            raise RunFileError(str(place), problem, f"make it, or {otherwise}")
        return
    check_sources(place, sources, otherwise)
    if found == "folder":
        raise RunFileError(str(place), "is a folder", "give the path of a file")
    if found != "file":
        problem = f"is a {found}, and only a regular file is ever replaced"
        raise RunFileError(str(place), problem, otherwise)
    if not force:
        raise RunFileError(
            str(place), "is there already", f"add --force to replace it, or {otherwise}"
        )


def check_sources(place: Path, sources: Iterable[Path], otherwise: str) -> None:
    """Refuse a place that is one of the files that are read, by whatever name."""
    for source in sources:
        with suppress(OSError):  # one of them is not there
            if place.samefile(source):
                problem = "is what is read, and would be replaced"
                raise RunFileError(str(place), problem, otherwise)


def kind(place: Path) -> str | None:
    """Say what stands at a place, a link being a link; None where nothing does."""
    try:
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise cannot_write(place, error) from error
    for known, name in (
        (stat.S_ISREG, "file"),
        (stat.S_ISDIR, "folder"),
        (stat.S_ISLNK, "symbolic link"),
        (stat.S_ISFIFO, "pipe"),
        (stat.S_ISSOCK, "socket"),
    ):
        if known(mode):
            return name
    return "device"


def is_run_file(place: Place) -> bool:
    """Tell a run file from a scenario's name or file: by its content or its ending."""
    path = Path(place)
    if path.suffix == RUN_FILE:
        return True
    try:
        # A device or pipe would wait, or lose what is read.
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except (OSError, ValueError):
        return False  # whoever reads it says why it cannot be read


def cannot_write(place: object, error: OSError | ValueError) -> RunFileError:
    """Say why a place cannot be written."""
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    return RunFileError(
        str(place), f"cannot be written ({reason})", "choose another place with -o"
    )
