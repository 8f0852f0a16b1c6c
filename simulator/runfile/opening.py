"""A run file as an analyst opens it: of this format, or of an older one."""

from pathlib import Path

import xarray as xr

from simulator.runfile import tree, untrusted
from simulator.types import Place


def open(place: Place) -> xr.DataTree:  # noqa: A001 - as it is called in public
    """Open a run file as a tree of datasets, read when they are used.

    What an older file holds keeps its own names and meanings: the attribute `format`
    tells which. Format 2 has one productivity where later ones have two.

    Parameters
    ----------
    place
        Path of the file.

    Raises
    ------
    RunFileError
        Where there is no such file, or it is not a sound run file of this format or of
        an older one: a file may come from anybody, so it is checked before anything in
        it is read.
    """
    place = Path(place)
    untrusted.check(place)
    return tree.read(place, checked=True, older=True)
