"""Look through a file: first its names, then its shapes, then its bytes."""

import re
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import h5py
import numpy as np

from simulator.errors import RunFileError
from simulator.files.places import SIGNATURE
from simulator.runfile.untrusted import attributes, storage, values
from simulator.runfile.untrusted.refusing import IS_SWEEP, reading, refuse, shown
from simulator.runfile.untrusted.retired import RETIRED
from simulator.schema import (
    COORDINATES,
    FORMAT,
    MAKER,
    OLDER,
    VARIABLES,
    Variable,
    assumption,
)

# A group that is all attributes; the others are where the schema has variables.
PROVENANCE: Final = "/provenance"
NETCDF: Final = b"_NCProperties"  # an attribute that netCDF's library writes
OF_SWEEP: Final = b"points_digest"  # an attribute of a sweep's file
MOST_OBJECTS: Final = 5_000  # a run has some hundred
# A larger file is read when it is used; its checksums are then compared.
READ_THROUGH: Final = 256 * 2**20

_GROUPS: Final = {
    "/",
    PROVENANCE,
    *(known.group for known in (*COORDINATES.values(), *VARIABLES.values())),
}
_KNOWN: Final = {
    **RETIRED,
    **VARIABLES,
    **{known.path: known for known in COORDINATES.values()},
}
_ASSUMPTION: Final = re.compile(r"/drivers/([\w-]+__[\w-]+)", re.ASCII)
_VERSION: Final = re.compile(r"\b\d+(\.\w+)+")


class Found(NamedTuple):
    """What stands in a file, by path."""

    groups: dict[str, h5py.Group]
    datasets: dict[str, h5py.Dataset]


def inspect(path: Path, groups: Collection[str] = ()) -> None:
    """Refuse a file that is not a sound run file, in this process.

    A damaged file may crash the library and with it the process: `check` is safer.

    Parameters
    ----------
    path
        Of the file.
    groups
        Groups, or variables by path, whose values are read through; by default all.
        What stands where is looked at in all of them.

    Raises
    ------
    RunFileError
        Where it is not a run file of this format, holds what a run file does not
        need, cannot hold what it claims to, or is damaged.
    """
    with reading(str(path)), opened(path) as file:
        _check_format(file, path)
        size = path.stat().st_size
        found = _walk(file, path)
        sizes = _sizes(found, path)
        stored = {}
        for name, dataset in found.datasets.items():
            where = f"{path}:{name}"
            with reading(where):
                variable = _variable(name)
                stored[name] = storage.check(dataset, variable, sizes, size, where)
        _check_room(stored, size, path)
        _check_attributes(found, size, path)
        for name, dataset in found.datasets.items():
            where, variable = f"{path}:{name}", _variable(name)
            if groups and not {variable.group, variable.path} & {*groups}:
                continue
            with reading(where):
                seen = values.Seen(dataset, variable, stored[name], where)
                values.check(seen, whole=size <= READ_THROUGH)


def recognise(path: Path) -> None:
    """Refuse a file that no version of the simulator wrote; it need not be sound."""
    with reading(str(path)), opened(path) as file:
        _format_of(file, path)
        written = h5py.h5a.exists(file.id, b"source")
        if not (written and _source(file, path).startswith(MAKER)):
            raise RunFileError(str(path), f"was not written by the {MAKER}")


def opened(path: Path) -> h5py.File:
    """Open a file that begins as HDF5; a run file has nothing before that."""
    if not path.is_file():
        raise RunFileError(str(path), "there is no such file", "give the path of a run")
    try:
        with path.open("rb") as raw:
            if raw.read(len(SIGNATURE)) != SIGNATURE:
                raise RunFileError(
                    str(path), "is not an HDF5 file", "give the path of a run file"
                )
    except OSError as error:
        raise RunFileError(
            str(path), f"cannot be read ({error.strerror or error})"
        ) from error
    with reading(str(path)):
        return h5py.File(path, "r")


def _format_of(file: h5py.File, path: Path) -> int:
    """Read the number that every run file has."""
    found = None
    if h5py.h5a.exists(file.id, b"format"):
        found = attributes.plain(file, "format", str(path))
    if isinstance(found, np.integer):
        return int(found)
    if h5py.h5a.exists(file.id, OF_SWEEP):
        raise RunFileError(str(path), IS_SWEEP, "print it with simulator compare FILE")
    if h5py.h5a.exists(file.id, NETCDF):
        raise RunFileError(
            str(path),
            "is not a run file, or a netCDF program such as nccopy or ncks wrote it "
            "anew",
            "give the run file itself, or a plain copy of it",
        )
    raise RunFileError(str(path), "is not a run file: it has no format number")


def _check_format(file: h5py.File, path: Path) -> None:
    found = _format_of(file, path)
    if found != FORMAT and found not in OLDER:
        writer = "a newer version" if found > FORMAT else _writer(file, path)
        raise RunFileError(
            str(path),
            f"has format {found}, and this version reads format {FORMAT}",
            f"open it with {writer}, or run its scenario again",
        )


def _writer(file: h5py.File, path: Path) -> str:
    """Name the version of the simulator that wrote a file."""
    if h5py.h5a.exists(file.id, b"source"):
        version = _VERSION.search(_source(file, path))
        if version is not None:
            return f"version {shown(version[0])}"
    return "the version that wrote it"


def _source(file: h5py.File, path: Path) -> str:
    return str(attributes.plain(file, "source", str(path)))


def _walk(file: h5py.File, path: Path) -> Found:
    """Find every object by its one hard link."""
    found = Found({"/": file["/"]}, {})
    first = {storage.address_of(file["/"].id): "/"}
    waiting = ["/"]
    while waiting:
        parent = waiting.pop()
        for name, kind in links(found.groups[parent].id, f"{path}:{parent}"):
            inner = f"{parent.rstrip('/')}/{name}"
            where = f"{path}:{inner}"
            if kind != h5py.h5l.TYPE_HARD:
                raise refuse(where, f"is {_LINKS.get(kind, 'a link of its own kind')}")
            known = inner in _GROUPS or _is_known(inner)
            if not known:
                raise refuse(where, "is no part of a run file")
            with reading(where):
                thing = h5py.h5o.open(found.groups[parent].id, name.encode())
                other = first.setdefault(storage.address_of(thing), inner)
                if other != inner:
                    raise refuse(where, f"is a second name of {other}")
                if isinstance(thing, h5py.h5g.GroupID) and inner in _GROUPS:
                    found.groups[inner] = h5py.Group(thing)
                    waiting.append(inner)
                elif isinstance(thing, h5py.h5d.DatasetID) and inner not in _GROUPS:
                    found.datasets[inner] = h5py.Dataset(thing)
                else:
                    raise refuse(where, f"is a {type(thing).__name__} out of place")
    return found


_LINKS: Final = {
    h5py.h5l.TYPE_SOFT: "a soft link",
    h5py.h5l.TYPE_EXTERNAL: "a link to another file",
}


def links(group: h5py.h5g.GroupID, where: str) -> list[tuple[str, int]]:
    """List the links of a group by name and kind, without following any."""
    found: list[tuple[str, int]] = []

    def note(name: bytes, link: Any) -> int | None:
        found.append((shown(name), int(link.type)))
        return 1 if len(found) > MOST_OBJECTS else None  # which ends the walk

    with reading(where):
        group.links.iterate(note, info=True)
    if len(found) > MOST_OBJECTS:
        raise refuse(where, f"holds more than {MOST_OBJECTS:,} objects")
    return found


def _is_known(path: str) -> bool:
    return path in _KNOWN or _ASSUMPTION.fullmatch(path) is not None


def _variable(path: str) -> Variable:
    """Give what the schema says of a path that it knows."""
    return _KNOWN.get(path) or assumption(path.removeprefix("/drivers/"))


def _sizes(found: Found, path: Path) -> dict[str, int]:
    """Give the length of every dimension whose coordinate stands in the file."""
    sizes = {}
    for dim, coordinate in COORDINATES.items():
        dataset = found.datasets.get(coordinate.path)
        if dataset is not None:
            with reading(f"{path}:{coordinate.path}"):
                shape = dataset.id.shape
            if len(shape) != 1:
                where = f"{path}:{coordinate.path}"
                raise refuse(where, f"has {len(shape)} dimensions instead of 1")
            sizes[dim] = shape[0]
    return sizes


def _check_room(stored: dict[str, list[storage.Chunk]], size: int, path: Path) -> None:
    """Refuse data that reach over the end of the file or share their bytes.

    A checksum does not see that one variable's chunk stands for another's.
    """
    taken = sorted(
        (chunk.start, chunk.start + chunk.stored, name)
        for name, chunks in stored.items()
        for chunk in chunks
    )
    for start, stop, name in taken:
        if start < len(SIGNATURE) or stop > size:
            raise refuse(f"{path}:{name}", "lies outside of the file")
    for (_, stop, name), (start, _, other) in pairwise(taken):
        if start < stop:
            raise refuse(f"{path}:{other}", f"lies on the bytes of {name}")


def _check_attributes(found: Found, size: int, path: Path) -> None:
    scales = {
        dim: storage.address_of(found.datasets[coordinate.path].id)
        for dim, coordinate in COORDINATES.items()
        if coordinate.path in found.datasets
    }
    letters = 0
    for name, group in found.groups.items():
        with reading(f"{path}:{name}"):
            letters += attributes.check_group(group, f"{path}:{name}")
    for name, dataset in found.datasets.items():
        where = f"{path}:{name}"
        with reading(where):
            letters += attributes.check_variable(dataset, _variable(name), where)
            attributes.check_scales(dataset, _variable(name), scales, where)
    if letters > size:
        raise refuse(str(path), "has longer texts than the file could hold")
