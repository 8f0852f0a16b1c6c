"""A file written whole or not at all: under another name beside its place at first."""

import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from simulator.files import places


def write(
    place: Path,
    content: bytes,
    *,
    force: bool = False,
    sources: Iterable[Path] = (),
    otherwise: str = "-o another",
) -> None:
    """Write a small file.

    Parameters
    ----------
    place
        Path to write.
    content
        All of it.
    force, sources, otherwise
        As of `places.check`, which refuses what must not be replaced.

    Raises
    ------
    RunFileError
        Where the place cannot be written, or what is there must not be lost.
    """
    places.check(place, force=force, sources=sources, otherwise=otherwise)
    with begun(place) as path, path.open("xb") as file:
        file.write(content)


@contextmanager
def begun(place: Path) -> Iterator[Path]:
    """Give the name to write under; left normally, the file gets its own.

    Raises
    ------
    RunFileError
        Where the place cannot be written.
    """
    path = temporary(place)
    try:
        yield path
        path.replace(place)
    except OSError as error:
        raise places.cannot_write(place, error) from error
    finally:
        with suppress(OSError):
            path.unlink()


def temporary(place: Path) -> Path:
    """Name what is begun: a folder may be shared, so by host and process."""
    who = f"{socket.gethostname()}-{os.getpid()}"
    return place.with_name(f".{place.name}.{who}.begun")


def sync(path: Path) -> None:
    """Ask the system to put a file, or a folder's names, on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows has no such call for folders
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
