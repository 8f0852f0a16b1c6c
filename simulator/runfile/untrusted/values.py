"""Read a variable once, so that its checksums are compared and nothing unfolds."""

import zlib
from math import prod
from pathlib import Path
from typing import Any, Final, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from simulator.runfile.untrusted import storage
from simulator.runfile.untrusted.refusing import clean, refuse
from simulator.schema import Variable

LONGEST_TEXT: Final = 10_000  # bytes; a name has some dozens


class Seen(NamedTuple):
    """A variable whose type, shape and storage were found sound."""

    dataset: h5py.Dataset
    variable: Variable
    chunks: list[storage.Chunk]
    where: str


def check(seen: Seen, *, whole: bool) -> None:
    """Refuse a variable whose values cannot be read, or cannot be such values.

    Parameters
    ----------
    whole
        Whether to read every chunk; otherwise those are read that gzip packed or that
        hold booleans, and whatever is not in chunks.
    """
    if not seen.chunks:
        return
    if seen.variable.dtype == "str":
        _cleans(seen)
    elif storage.is_chunked(seen.variable, seen.dataset):
        _check_chunks(seen, whole=whole)
    if storage.is_coordinate(seen.variable):
        _check_coordinate(seen.dataset[...], seen.where)


def _cleans(seen: Seen) -> None:
    """Look at the lengths first: many texts may point at one very long one."""
    (place,) = seen.chunks
    with Path(seen.dataset.file.filename).open("rb") as raw:
        raw.seek(place.start)
        texts = np.frombuffer(raw.read(place.stored), storage.TEXT)
    if texts["length"].max() > LONGEST_TEXT:
        raise refuse(seen.where, f"has a text of more than {LONGEST_TEXT:,} bytes")
    for text in seen.dataset[...]:
        clean(text, seen.where, "a text")


def _check_chunks(seen: Seen, *, whole: bool) -> None:
    dataset, sides, shape = seen.dataset, seen.dataset.chunks, seen.dataset.shape
    packed = dataset.compression is not None
    boolean = seen.variable.dtype == "bool"
    for chunk in seen.chunks:
        if packed and not chunk.skipped:
            _check_deflated(dataset, chunk, seen.where)
        if whole or packed or boolean:
            ends = zip(chunk.offset, sides, shape, strict=True)
            read = dataset[tuple(slice(at, min(at + n, end)) for at, n, end in ends)]
            hole = dataset.fillvalue
            if np.all(np.isnan(read) if np.isnan(hole) else read == hole):
                _check_found(dataset, chunk, seen.where)
            if boolean and np.any(read & ~np.int8(1)):
                raise refuse(seen.where, "holds other numbers than 0 and 1")


def _check_found(dataset: h5py.Dataset, chunk: storage.Chunk, where: str) -> None:
    """Refuse a chunk that is listed but that its index does not lead to.

    Where a bound in the index is damaged, HDF5 reads holes and says nothing.
    """
    try:
        dataset.id.read_direct_chunk(chunk.offset)
    except RuntimeError as error:
        raise refuse(where, f"has a chunk that is not found, at {chunk.offset}") from (
            error
        )


def _check_deflated(dataset: h5py.Dataset, chunk: storage.Chunk, where: str) -> None:
    """Unfold a chunk up to its size and no further, as libhdf5 does not stop there."""
    _, packed = dataset.id.read_direct_chunk(chunk.offset)
    unfolding = zlib.decompressobj()
    wanted = prod(dataset.chunks) * dataset.dtype.itemsize
    try:
        got = len(unfolding.decompress(packed[: -storage.CHECKSUM], wanted + 1))
    except zlib.error as error:
        raise refuse(
            where, f"has a chunk that is damaged ({error}), at {chunk.offset}"
        ) from error
    if got != wanted or not unfolding.eof:
        raise refuse(where, f"has a chunk of another size, at {chunk.offset}")


def _check_coordinate(found: NDArray[Any], where: str) -> None:
    """Refuse labels that are there twice, or numbers that do not rise."""
    if found.dtype.kind == "O":
        if len(set(found.tolist())) < len(found):
            raise refuse(where, "has a name twice")
    elif not np.all(found[:-1] < found[1:]) or not np.all(np.isfinite(found)):
        raise refuse(where, "does not rise")
