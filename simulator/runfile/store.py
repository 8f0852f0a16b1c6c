"""The run file: write it and open it. A door.

One HDF5 file that is netCDF-4 too: dimension scales named as coordinates, strings of
variable length, booleans as int8 with CF flags, creation order kept. A writer writes
the file it is told to; see `parts` for how a run file gets its name.
"""

import io
import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator import schema
from simulator.runfile import digests, tree, untrusted
from simulator.runfile.digests import ATTRIBUTES, PAYLOAD, PROVENANCE, STREAMED
from simulator.runfile.sink import Sink
from simulator.schema import COORDINATES, DRAW, FORMAT, KEPT_DRAW, Variable
from simulator.types import Place

CONVENTIONS: Final = "CF-1.11"
CHUNK_DRAWS: Final = 4096  # whole shards fill whole chunks, and little is left over
CHUNK_KEPT: Final = 128  # whole blocks of kept draws fill whole chunks
CHUNK_BYTES: Final = 2**20
LONG_TEXT: Final = 32_000  # bytes from which an attribute is stored as a string
FILL: Final = "_FillValue"
LINES: Final = "lines"  # the attribute that repeats texts for Octave

Array = NDArray[Any]
Coordinates = Mapping[str, Array]


class RunWriter:
    """A file of draws being written: a whole run, or a part of one.

    Use as a context. Every variable is hashed as it is written, draws in a thread
    beside the one that writes, and the digests are the last thing that goes into the
    file.

    Parameters
    ----------
    place
        Path to write, or a buffer in memory.
    coordinates
        Values of every dimension but `draw` and `kept_draw`.
    draws, kept
        Numbers of the draws, and of those whose trajectories are kept.
    attributes
        Of the root group: what the run is, in a few words and numbers.
    """

    def __init__(
        self,
        place: Path | io.BytesIO,
        coordinates: Coordinates,
        draws: range,
        kept: range,
        attributes: Mapping[str, Any],
    ) -> None:
        self._place = place
        self._coordinates = {
            **coordinates,
            DRAW: np.array(draws, dtype=np.int64),
            KEPT_DRAW: np.array(kept, dtype=np.int64),
        }
        self._first = draws.start
        self._attributes = dict(attributes)
        self._digests: dict[str, digests.Digest] = {}
        self._scales: dict[str, h5py.Dataset] = {}
        self._streamed: dict[str, h5py.Dataset] = {}
        self._hashing = ThreadPoolExecutor(1)
        self._sink: Sink | None = None

    def __enter__(self) -> Self:
        """Begin the file: coordinates, and room for what comes draw by draw."""
        if isinstance(self._place, Path):
            self._sink = Sink(self._place, "w+")
        self._file = h5py.File(
            self._sink or self._place,
            "w",
            track_order=True,
            rdcc_nbytes=0,  # keep no chunk: each is written whole, and once
        )
        try:
            self._begin()
        except BaseException:  # an interrupt too: an open file would crash the end
            self.__exit__(*sys.exc_info())
            raise
        return self

    def _begin(self) -> None:
        self.note("/", conventions() | self._attributes)
        for name, variable in COORDINATES.items():
            # A run need not have what other groups hold; one of counts has no draws.
            values = self._coordinates.get(name, np.empty(0))
            if len(values) or (variable.group == "/" and name != DRAW):
                self._create_scale(variable, values)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file, its digests written if all went well.

        What HDF5 makes of a failure of the system is not told, but the failure.
        """
        try:
            self._hashing.shutdown()
            if kind is None:
                self._note_digests()
        finally:
            self._file.close()
            if self._sink is not None:
                self._sink.close()
                self._sink.check()

    def put(self, variable: Variable, values: Array) -> None:
        """Write a whole variable, in the order of its dims."""
        self._put_whole(self._create(variable, values.shape), variable, values)

    def put_draws(self, variable: Variable, values: Array, first: int) -> None:
        """Write the next draws of a variable that comes draw by draw.

        They are hashed in another thread while HDF5 writes them: both take their time
        outside Python.
        """
        dataset = self._streamed.get(variable.path)
        if dataset is None:
            shape = tuple(self._size(dim) for dim in variable.dims)
            dataset = self._streamed[variable.path] = self._create(variable, shape)
        axis = digests.draw_axis(variable.dims)
        assert axis is not None
        start = first - self._first
        place: list[slice] = [slice(None)] * len(variable.dims)
        place[axis] = slice(start, start + values.shape[axis])
        encoded = _encoded(variable, values)
        hashed = self._hashing.submit(self._feed, variable, encoded)
        dataset[tuple(place)] = encoded
        hashed.result()
        if self._sink is not None:
            self._sink.check()

    def note(self, group: str, attributes: Mapping[str, Any]) -> None:
        """Write attributes of a group."""
        _describe(self._group(group), attributes)

    def _feed(self, variable: Variable, encoded: Array) -> None:
        digest = self._digests.setdefault(variable.path, digests.Digest())
        digest.feed(encoded, digests.draw_axis(variable.dims))

    def _note_digests(self) -> None:
        found = {}
        for path, digest in sorted(self._digests.items()):
            dataset = self._file[path]
            found[path] = digest.text(dataset.shape, digests.kind_of(dataset))
        self.note(f"/{PROVENANCE}", {PAYLOAD: json.dumps(found)})
        attributes = digests.of_attributes(self._file)
        self.note(f"/{PROVENANCE}", {ATTRIBUTES: attributes})

    def _put_whole(
        self, dataset: h5py.Dataset, variable: Variable, values: Array
    ) -> None:
        encoded = _encoded(variable, values)
        dataset[...] = encoded
        self._feed(variable, encoded)
        if variable.dtype == "str":  # Octave's netCDF reads no strings: repeat them
            _describe(dataset, {LINES: "\n".join(encoded)})

    def _size(self, dim: str) -> int:
        return len(self._coordinates[dim])

    def _create_scale(self, variable: Variable, values: Array) -> None:
        scale = self._create(variable, values.shape, scale=True)
        self._put_whole(scale, variable, values)
        scale.make_scale(variable.name)
        self._scales[variable.name] = scale

    def _create(
        self, variable: Variable, shape: tuple[int, ...], *, scale: bool = False
    ) -> h5py.Dataset:
        group = self._group(variable.group)
        is_text = variable.dtype == "str"
        kind = h5py.string_dtype("utf-8") if is_text else stored_type(variable)
        options: dict[str, Any] = {"dtype": kind, "track_order": True}
        size = int(np.prod(shape, dtype=np.int64))
        if size and not is_text and not scale:
            streamed = any(dim in STREAMED for dim in variable.dims)
            options |= {"chunks": chunks_of(variable, shape), "fletcher32": True}
            # What differs in every draw does not compress: 1.4 times for 30 times
            # the seconds.
            if not streamed:
                options |= {"compression": "gzip", "compression_opts": 1}
                options |= {"shuffle": True}
        known = attributes_of(variable)
        if FILL in known:
            options["fillvalue"] = known[FILL]
        dataset: h5py.Dataset = group.create_dataset(variable.name, shape, **options)
        _describe(dataset, known)
        if not scale:
            for axis, dim in enumerate(variable.dims):
                dataset.dims[axis].attach_scale(self._scales[dim])
        return dataset

    def _group(self, name: str) -> h5py.Group:
        if name not in self._file:
            self._file.create_group(name, track_order=True)
        return self._file[name]


def _describe(thing: h5py.Group | h5py.Dataset, attributes: Mapping[str, Any]) -> None:
    attached = thing.attrs
    for name, value in attributes.items():
        short = isinstance(value, str) and len(value.encode()) < LONG_TEXT
        attached[name] = _characters(value) if short else value


def _characters(text: str) -> Array:
    """Turn a short text into characters, which Octave reads too, not into a string."""
    encoded = text.encode("utf-8")
    kind = h5py.string_dtype("utf-8", max(1, len(encoded)))
    return np.array(encoded, dtype=kind)


def conventions() -> dict[str, Any]:
    """Give the attributes of the root that say how a run is to be read."""
    return {"Conventions": CONVENTIONS, "format": np.int64(FORMAT)}


def attributes_of(variable: Variable) -> dict[str, Any]:
    """Give the attributes of a variable, by the conventions that the file names."""
    known: dict[str, Any] = {"long_name": variable.meaning}
    fill = _fill(variable)
    if fill is not None:
        known[FILL] = fill
    if variable.unit:
        known["units"] = variable.units
        if variable.unit != variable.units:
            known[schema.UNIT_LABEL] = variable.unit
    if variable.dtype == "bool":
        known["dtype"] = "bool"
        known["flag_values"] = np.array([0, 1], np.int8)
        known["flag_meanings"] = "false true"
    return known


def stored_type(variable: Variable) -> np.dtype[Any]:
    """Give the type of number that a variable has in a file; texts have none."""
    return np.dtype("<i1" if variable.dtype == "bool" else f"<{variable.dtype}")


def _fill(variable: Variable) -> Any:
    """Choose the value that marks a place never written.

    None for coordinates, and for whole numbers of eight bytes, of which R warns, and
    which are counts that are written whole.
    """
    if variable.dtype in ("str", "bool", "i8") or variable.name in COORDINATES:
        return None
    kind = np.dtype(variable.dtype)
    return kind.type(np.nan if kind.kind == "f" else np.iinfo(kind).min)


def _encoded(variable: Variable, values: Array) -> Array:
    if variable.dtype == "str":
        return np.array([str(value) for value in values], dtype=object)
    return np.ascontiguousarray(values, dtype=stored_type(variable))


def chunks_of(variable: Variable, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Aim at 0.1 to 1 MiB: one target, and whole shards of draws where there are."""
    chunks = list(shape)
    width = 8 if variable.dtype.endswith("8") else 4
    for axis, dim in enumerate(variable.dims):
        if dim == DRAW:
            chunks[axis] = min(shape[axis], CHUNK_DRAWS)
        elif dim == schema.TARGET:
            chunks[axis] = 1
        elif (
            axis == 1 and len(shape) > 2 and DRAW not in variable.dims
        ):  # trusts, systems, kept draws: some
            fit = max(1, CHUNK_BYTES // (width * int(np.prod(shape[2:]))))
            # A power of two, so that blocks of kept draws fill whole chunks: HDF5
            # writes a chunk anew for every block that goes into it.
            most = CHUNK_KEPT if dim == KEPT_DRAW else shape[axis]
            chunks[axis] = min(shape[axis], most, 2 ** (fit.bit_length() - 1))
    return tuple(chunks)


def open_run(
    place: Place, groups: Sequence[str] = (), *, trusted: bool = False
) -> xr.DataTree:
    """Open a run file as a tree of datasets, read when they are used.

    Parameters
    ----------
    place
        Path of the file.
    groups
        Those to open, the root first, or single variables by path; by default all. Only
        their values are looked at beforehand: most of a file few answers are read from.
    trusted
        Whether the file is our own work of a moment ago, and needs no check; otherwise
        what is read is compared with the digests in the file.

    Raises
    ------
    RunFileError
        Where there is no such file, or it is not a sound run file of this format: a
        file may come from anybody, so it is checked before anything in it is read.
    """
    place = Path(place)
    if not trusted:
        untrusted.check(place, groups)
    return tree.read(place, groups, checked=not trusted)
