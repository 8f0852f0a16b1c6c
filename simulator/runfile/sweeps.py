"""A sweep's file as an analyst opens it."""

import hashlib
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from simulator.errors import RunFileError
from simulator.runfile.untrusted import child
from simulator.runfile.untrusted.refusing import refuse
from simulator.types import Floats, Place

POINT: Final = "point"  # the one dimension of a hypercube
DIGEST: Final = "points_digest"


def keys_of(found: xr.Dataset) -> list[str]:
    """Name the coordinates of the keys that are varied, in the order they were given.

    Each is named as its key with `__` for a dot, and has it as `long_name`.
    """
    written = str(found.attrs["vary"]).split(" ")
    return [one.partition("=")[0].replace(".", "__") for one in written]


def points_digest(values: Floats) -> str:
    """Hash the points of a sweep: (point, key)."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def read(place: Place) -> xr.Dataset:
    """Read the file that a sweep wrote.

    Parameters
    ----------
    place
        Path of the file.

    Returns
    -------
    found
        As `sweep` gives it.

    Raises
    ------
    RunFileError
        Where there is no such file, or it is not a sound file of a sweep: a file may
        come from anybody, so it is checked before anything in it is read.
    """
    place = Path(place)
    child.check_sweep(place)
    with xr.open_dataset(place, engine="h5netcdf") as opened:
        found = opened.load()
    _check(found, place)
    found.encoding["source"] = str(place)
    return found


def _check(found: xr.Dataset, place: Path) -> None:
    """Refuse a sweep whose points or chances do not follow from each other."""
    try:
        axes = [found[name].values for name in keys_of(found)]
        if POINT in found.dims:
            values = np.stack(axes, axis=-1)
        else:
            grid = np.meshgrid(*axes, indexing="ij")
            values = np.stack(grid, axis=-1).reshape(-1, len(axes))
        same = points_digest(values) == found.attrs[DIGEST]
        chances = found["achieved"] / int(found.attrs["draws"])
        same = same and bool((chances == found["probability"]).all())
    except (KeyError, ValueError, TypeError) as error:
        raise refuse(str(place), f"is not whole: {error}") from error
    if not same:
        raise RunFileError(
            str(place),
            "has points or chances that are not those of its sweep",
            "do not use it: sweep again",
        )
