"""A small file, written whole or not at all."""

import os
from collections.abc import Iterable
from contextlib import suppress
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
    """Write a file under another name beside its place, then give it its own.

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
    begun = place.with_name(f".{place.name}.{os.getpid()}.begun")
    try:
        with begun.open("xb") as file:
            file.write(content)
        begun.replace(place)
    except OSError as error:
        with suppress(OSError):
            begun.unlink()
        raise places.cannot_write(place, error) from error
