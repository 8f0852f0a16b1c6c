"""A file as an analyst opens it: a run, of this format or an older one, or a sweep."""

from pathlib import Path

import xarray as xr

from simulator.errors import RunFileError
from simulator.runfile import sweeps, tree, untrusted
from simulator.types import Place


def open(place: Place) -> xr.DataTree:  # noqa: A001 - as it is called in public
    """Open a run file as a tree of datasets, read when they are used; or a sweep's.

    What an older file holds keeps its own names and meanings: the attribute `format`
    tells which. Format 2 has one productivity where later ones have two.

    The file of a sweep is a tree of one dataset, as `sweep` gives it: a dimension for
    each key that was varied.

    Parameters
    ----------
    place
        Path of the file.

    Raises
    ------
    RunFileError
        Where there is no such file, or it is not a sound run file of this format or of
        an older one, nor one of a sweep: a file may come from anybody, so it is checked
        before anything in it is read.
    """
    place = Path(place)
    try:
        untrusted.check(place)
    except RunFileError as error:
        if error.problem != untrusted.IS_SWEEP:
            raise
        return xr.DataTree(sweeps.read(place))
    return tree.read(place, checked=True, older=True)
