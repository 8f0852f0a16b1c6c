"""A file written whole or not at all: under another name beside its place at first."""

import os
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
    path = place.with_name(f".{place.name}.{os.getpid()}.begun")
    try:
        yield path
        path.replace(place)
    except OSError as error:
        raise places.cannot_write(place, error) from error
    finally:
        with suppress(OSError):
            path.unlink()
