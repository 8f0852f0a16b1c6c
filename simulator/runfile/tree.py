"""A run file as a tree of xarray datasets, read when they are used.

`xarray.open_datatree(file, engine="h5netcdf")` gives the same tree, and takes a second
and a half for the hundred and forty variables of a run: h5netcdf looks every dimension
up many times over. A run file has no surprises, so it is read here as it stands.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray, CachingFileManager
from xarray.core import indexing

from simulator.errors import RunFileError
from simulator.runfile import completeness
from simulator.runfile.digests import Stated
from simulator.schema import BY_DRAW, COUNTS_ONLY, OPTIONAL, VARIABLES

# HDF5's own, which are no attributes to a reader.
HIDDEN: Final = ("DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME")


Manager = CachingFileManager[h5py.File]


class Stored(BackendArray):  # type: ignore[no-untyped-call, misc, unused-ignore]
    """A variable's values, left in the file until they are asked for."""

    def __init__(
        self,
        manager: Manager,
        dataset: h5py.Dataset,
        dims: tuple[str, ...],
        stated: Stated | None,
    ) -> None:
        self._manager = manager  # opens the file again in a copy or another process
        self._dims = dims
        self._stated = stated
        self._name = dataset.name
        self.shape = dataset.shape
        self.dtype = dataset.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        """Read some of the values."""
        support = indexing.IndexingSupport.OUTER_1VECTOR
        return indexing.explicit_indexing_adapter(key, self.shape, support, self._read)

    def _read(self, key: tuple[Any, ...]) -> NDArray[Any]:
        with self._manager.acquire_context() as file:
            if self._stated is not None:
                self._stated.check(file[self._name], self._dims)
                self._stated = None  # once is enough
            found: NDArray[Any] = file[self._name][key]
        return found


def read(
    place: Path,
    groups: Sequence[str] = (),
    *,
    checked: bool = False,
    older: bool = False,
) -> xr.DataTree:
    """Open a sound run file.

    Parameters
    ----------
    place
        Path of the file.
    groups
        Those to open, the root first, or single variables by path; by default all. One
        that a run need not have may be missing.
    checked
        Whether all of a run has to be there, and attributes, and every variable when it
        is first read, are compared with the digests in the file.
    older
        Whether an older format will do, of which not all has to be there.
    """
    manager = CachingFileManager(h5py.File, place, mode="r")
    try:
        run = _tree(manager, groups, checked, older)
    except BaseException:
        manager.close()
        raise
    for group in run.subtree:
        group.encoding["source"] = str(place)
    run.set_close(manager.close)
    return run


def has_draws(run: xr.DataTree) -> bool:
    """Tell whether a run holds every draw of the sector; else it holds counts only."""
    return str(run["provenance"].attrs.get("keep")) != COUNTS_ONLY


def of_draws(run: xr.DataTree, group: str) -> xr.Dataset:
    """Give what a run holds of every draw in a group.

    Raises
    ------
    RunFileError
        Where the run holds counts only.
    """
    if group not in run.children:
        raise RunFileError(
            str(run.encoding.get("source", "the run")),
            "holds counts only, and what is asked needs every draw",
            "run its scenario again without --counts-only",
        )
    return run[group].to_dataset()


def _tree(
    manager: Manager, groups: Sequence[str], checked: bool, older: bool
) -> xr.DataTree:
    with manager.acquire_context() as file:
        if checked and not (older and completeness.is_older(file)):
            completeness.check(file)
        stated = Stated(file) if checked else None
        may_lack = (*OPTIONAL, *BY_DRAW)
        names = [name for name in groups if name not in may_lack or name in file]
        names = names or ["/", *(f"/{name}" for name in _groups(file))]
        parts: dict[str, list[h5py.Dataset]] = {}
        for name in names:
            things = (file[name],) if name in VARIABLES else file[name].values()
            group = VARIABLES[name].group if name in VARIABLES else name
            datasets = [thing for thing in things if isinstance(thing, h5py.Dataset)]
            parts.setdefault(group, []).extend(datasets)
        found = {
            group: _dataset(manager, file[group], datasets, stated)
            for group, datasets in parts.items()
        }
    return xr.DataTree.from_dict(found)


def _groups(file: h5py.File) -> Iterator[str]:
    for name in file:
        if isinstance(file[name], h5py.Group):
            yield name


def _dataset(
    manager: Manager,
    group: h5py.Group,
    datasets: Sequence[h5py.Dataset],
    stated: Stated | None,
) -> xr.Dataset:
    """Read some or all of a group, decoded as netCDF conventions say."""
    variables = {
        _name(dataset): _variable(manager, dataset, stated) for dataset in datasets
    }
    return xr.decode_cf(xr.Dataset(variables, attrs=_attributes(group)))


def _variable(
    manager: Manager, dataset: h5py.Dataset, stated: Stated | None
) -> xr.Variable:
    scales = [dim.keys() for dim in dataset.dims]
    dims = tuple(names[0] for names in scales) if any(scales) else (_name(dataset),)
    if h5py.check_string_dtype(dataset.dtype) is not None:
        if stated is not None:
            stated.check(dataset, dims)
        texts = dataset.asstr()[...].astype(np.str_)
        return xr.Variable(dims, texts, _attributes(dataset))
    values = indexing.LazilyIndexedArray(Stored(manager, dataset, dims, stated))
    return xr.Variable(dims, values, _attributes(dataset))


def _name(thing: h5py.Dataset) -> str:
    return str(thing.name).rpartition("/")[2]


def _attributes(thing: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    return {
        name: plain(value) for name, value in thing.attrs.items() if name not in HIDDEN
    }


def plain(value: Any) -> Any:
    """Give an attribute as a reader sees it: a text as text, one number by itself."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray) and value.shape == (1,):
        return value[0]
    return value
