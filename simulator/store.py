"""The run file: write it and open it. A door.

One HDF5 file that is netCDF-4 too: dimension scales named as coordinates, strings of
variable length, booleans as int8 with CF flags, creation order kept. It is written
under a temporary name and renamed when it is complete, so that a file with the right
name is a whole file.
"""

import io
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator import schema
from simulator.errors import RunFileError
from simulator.schema import COORDINATES, DRAW, KEPT_DRAW, Variable

FORMAT: Final = 1
CONVENTIONS: Final = "CF-1.11"
CHUNK_DRAWS: Final = 8192  # a shard of draws fills whole chunks
STREAMED: Final = (DRAW, KEPT_DRAW)

Array = NDArray[Any]
Coordinates = Mapping[str, Array]


class RunWriter:
    """A run file being written.

    Use as a context: leaving it normally puts the file in place, leaving it by an
    exception removes what was begun.

    Parameters
    ----------
    place
        Path of the finished file, or a buffer in memory.
    coordinates
        Values of every dimension but `draw` and `kept_draw`.
    draws, kept
        Number of draws, and of draws whose trajectories are kept.
    attributes
        Of the root group: what the run is, in a few words and numbers.
    """

    def __init__(
        self,
        place: Path | io.BytesIO,
        coordinates: Coordinates,
        draws: int,
        kept: int,
        attributes: Mapping[str, Any],
    ) -> None:
        self._place = place
        self._coordinates = {
            **coordinates,
            DRAW: np.arange(draws, dtype=np.int64),
            KEPT_DRAW: np.arange(kept, dtype=np.int64),
        }
        self._begun: Path | None = None
        if isinstance(place, Path):
            self._begun = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}.tmp")
        self._attributes = dict(attributes)

    def __enter__(self) -> Self:
        """Begin the file: coordinates, and room for what comes draw by draw."""
        try:
            self._file = h5py.File(self._begun or self._place, "w", track_order=True)
        except OSError as error:
            raise _cannot_write(self._place, error) from error
        self._file.attrs["Conventions"] = CONVENTIONS
        self._file.attrs["format"] = np.int64(FORMAT)
        for name, value in self._attributes.items():
            self._file.attrs[name] = value
        for name, variable in COORDINATES.items():
            if variable.group == "/" or len(self._coordinates[name]):
                self._create_scale(variable, self._coordinates[name])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file and put it in place, or remove what was begun."""
        complete = kind is None
        try:
            self._file.close()
            if complete and self._begun is not None and isinstance(self._place, Path):
                _sync(self._begun)
                self._begun.replace(self._place)
                _sync(self._place.parent)
        except OSError as failed:
            complete = False
            raise _cannot_write(self._place, failed) from failed
        finally:
            if not complete and self._begun is not None:
                self._begun.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _cannot_write(self._place, error) from error

    def put(self, variable: Variable, values: Array) -> None:
        """Write a whole variable, in the order of its dims."""
        self._create(variable, values.shape)[...] = _encoded(variable, values)

    def put_draws(self, variable: Variable, values: Array, first: int) -> None:
        """Write consecutive draws of a variable that comes draw by draw."""
        path = variable.path
        if path not in self._file:
            self._create(variable, tuple(self._size(dim) for dim in variable.dims))
        axis = next(i for i, dim in enumerate(variable.dims) if dim in STREAMED)
        place: list[slice] = [slice(None)] * len(variable.dims)
        place[axis] = slice(first, first + values.shape[axis])
        self._file[path][tuple(place)] = _encoded(variable, values)

    def note(self, group: str, attributes: Mapping[str, Any]) -> None:
        """Write attributes of a group."""
        for name, value in attributes.items():
            self._file.require_group(group).attrs[name] = value

    def _size(self, dim: str) -> int:
        return len(self._coordinates[dim])

    def _create_scale(self, variable: Variable, values: Array) -> None:
        scale = self._create(variable, values.shape, scale=True)
        scale[...] = _encoded(variable, values)
        scale.make_scale(variable.name)

    def _create(
        self, variable: Variable, shape: tuple[int, ...], *, scale: bool = False
    ) -> h5py.Dataset:
        group = self._group(variable.group)
        options: dict[str, Any] = {"dtype": _stored_type(variable)}
        size = int(np.prod(shape, dtype=np.int64))
        if size and variable.dtype != "str" and not scale:
            streamed = any(dim in STREAMED for dim in variable.dims)
            options |= {"chunks": _chunks(variable, shape), "fletcher32": True}
            # What differs in every draw does not compress: 1.4 times for 30 times
            # the seconds.
            if not streamed:
                options |= {"compression": "gzip", "compression_opts": 1}
                options |= {"shuffle": True}
        fill = _fill(variable)
        if fill is not None and not scale:
            options["fillvalue"] = fill
        dataset: h5py.Dataset = group.create_dataset(variable.name, shape, **options)
        if fill is not None and not scale:
            dataset.attrs["_FillValue"] = fill
        dataset.attrs["long_name"] = variable.meaning
        if variable.unit:
            dataset.attrs["units"] = variable.unit
        if variable.dtype == "bool":
            dataset.attrs["dtype"] = "bool"
            dataset.attrs["flag_values"] = np.array([0, 1], np.int8)
            dataset.attrs["flag_meanings"] = "false true"
        if not scale:
            for axis, dim in enumerate(variable.dims):
                dataset.dims[axis].attach_scale(self._file[COORDINATES[dim].path])
        return dataset

    def _group(self, name: str) -> h5py.Group:
        if name not in self._file:
            self._file.create_group(name, track_order=True)
        return self._file[name]


def _stored_type(variable: Variable) -> Any:
    if variable.dtype == "str":
        return h5py.string_dtype("utf-8")
    return np.dtype("i1" if variable.dtype == "bool" else variable.dtype)


def _fill(variable: Variable) -> Any:
    """Choose the value that marks a place never written."""
    if variable.dtype in ("str", "bool"):
        return None
    kind = np.dtype(variable.dtype)
    return kind.type(np.nan if kind.kind == "f" else np.iinfo(kind).min)


def _encoded(variable: Variable, values: Array) -> Array:
    if variable.dtype == "str":
        return np.array([str(value) for value in values], dtype=object)
    return np.ascontiguousarray(values, dtype=_stored_type(variable))


def _chunks(variable: Variable, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Aim at 0.1 to 1 MiB: one target, and whole shards of draws where there are."""
    chunks = list(shape)
    for axis, dim in enumerate(variable.dims):
        if dim == DRAW:
            chunks[axis] = min(shape[axis], CHUNK_DRAWS)
        elif dim == KEPT_DRAW:
            others = int(np.prod(shape[axis + 1 :]))
            chunks[axis] = min(shape[axis], max(1, 2**18 // (4 * others)))
        elif dim == schema.TARGET:
            chunks[axis] = 1
    return tuple(chunks)


def _sync(path: Path) -> None:
    """Ask the system to put a file, or a folder's names, on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows has no such call for folders
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(place: object, error: OSError) -> RunFileError:
    reason = error.strerror or str(error)
    return RunFileError(
        str(place), f"cannot be written ({reason})", "choose another place with -o"
    )


def open_run(place: str | Path | io.BytesIO, groups: Sequence[str] = ()) -> xr.DataTree:
    """Open a run file as a tree of datasets, read when they are used.

    Parameters
    ----------
    place
        Path of the file, or a buffer in memory.
    groups
        Those to open, the root first; by default all. Half the time of a small run
        goes into opening a hundred variables that nobody looks at.

    Raises
    ------
    RunFileError
        Where there is no such file, or it is not a run file of this format.
    """
    if isinstance(place, io.BytesIO):
        place.seek(0)
    else:
        place = Path(place)
        _check_file(place)
    if not groups:
        return xr.open_datatree(place, engine="h5netcdf")
    return xr.DataTree.from_dict(
        {
            group: xr.open_dataset(place, group=group, engine="h5netcdf")
            for group in groups
        }
    )


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise RunFileError(str(path), "there is no such file", "give the path of a run")
    try:
        with h5py.File(path, "r") as file:
            found = file.attrs.get("format")
    except OSError as error:
        raise RunFileError(
            str(path), "is not an HDF5 file", "give the path of a run file"
        ) from error
    if not isinstance(found, np.integer):
        raise RunFileError(str(path), "is not a run file: it has no format number")
    if found != FORMAT:
        raise RunFileError(
            str(path),
            f"has format {found}, and this version reads format {FORMAT}",
            "open it with the version that wrote it, or run its scenario again",
        )
