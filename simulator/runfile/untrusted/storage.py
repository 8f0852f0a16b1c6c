"""A variable's type, shape and bytes, told before any of them is read."""

from collections.abc import Mapping, Sequence
from functools import cache
from math import prod
from typing import Any, Final, NamedTuple

import h5py
import numpy as np

from simulator.errors import RunFileError
from simulator.runfile.untrusted.refusing import refuse
from simulator.schema import COORDINATES, Variable

# The most that deflate can squeeze: https://zlib.net/zlib_tech.html
DEFLATE_RATIO: Final = 1032
# A text of variable length, in its variable: how long it is, and where it stands.
TEXT: Final = np.dtype([("length", "<u4"), ("address", "<u8"), ("number", "<u4")])
CHECKSUM: Final = 4  # bytes of fletcher32 behind each chunk
LARGEST_CHUNK: Final = 64 * 2**20  # bytes; a run's are of about a mebibyte
_FILTERS: Final = (h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE)
_NAMES: Final = {
    h5py.h5z.FILTER_SHUFFLE: "shuffle",
    h5py.h5z.FILTER_DEFLATE: "gzip",
    h5py.h5z.FILTER_FLETCHER32: "fletcher32",
}


class Chunk(NamedTuple):
    """Bytes of a variable that lie together: all of them, where it has no chunks."""

    offset: tuple[int, ...]  # of its first element
    start: int  # of its bytes in the file
    stored: int  # number of its bytes there
    skipped: int  # a bit for each filter that was left out


def check(
    dataset: h5py.Dataset,
    variable: Variable,
    sizes: Mapping[str, int],
    file_size: int,
    where: str,
) -> list[Chunk]:
    """Refuse a variable that is not as the schema says, or that cannot be so large.

    Returns
    -------
    chunks
        The bytes of the file that it takes; texts themselves lie elsewhere.
    """
    _check_type(dataset, variable, where)
    _check_shape(dataset, variable, sizes, where)
    settings = dataset.id.get_create_plist()
    layout = settings.get_layout()
    if settings.get_external_count():
        raise refuse(where, "keeps its data in another file")
    if layout == h5py.h5d.VIRTUAL:
        raise refuse(where, "is a virtual dataset, put together from others")
    wanted = h5py.h5d.CHUNKED if is_chunked(variable, dataset) else h5py.h5d.CONTIGUOUS
    if layout != wanted:
        raise refuse(where, "is not laid out as in a run file")
    if layout == h5py.h5d.CONTIGUOUS:
        return _contiguous(dataset, variable, file_size, where)
    return _chunked(dataset, settings, file_size, where)


def is_chunked(variable: Variable, dataset: h5py.Dataset) -> bool:
    """Say whether a variable comes in chunks, each with a checksum."""
    number = variable.dtype != "str" and not is_coordinate(variable)
    return number and prod(dataset.shape) > 0


def is_coordinate(variable: Variable) -> bool:
    """Say whether a variable is the coordinate of a dimension."""
    return COORDINATES.get(variable.name) == variable


def address_of(thing: Any) -> int:
    """Give the place of an open object in its file, which tells it from all others."""
    return int(h5py.h5o.get_info(thing).addr)


def _check_type(dataset: h5py.Dataset, variable: Variable, where: str) -> None:
    kind = dataset.id.get_type()
    if kind.committed():
        raise refuse(where, "has a type of its own")
    if variable.dtype == "str":
        fits = is_text(kind)
        wanted = "UTF-8 text of variable length"
    else:
        # To the bit: a turned byte order is damage that no checksum sees.
        stored = "i1" if variable.dtype == "bool" else variable.dtype
        fits = is_number(kind, stored)
        wanted = f"{stored} numbers, the lowest byte first"
    if not fits:
        raise refuse(where, f"does not hold {wanted}")


def is_text(kind: h5py.h5t.TypeID) -> bool:
    """Say whether a type is UTF-8 text of variable length."""
    text = kind.get_class() == h5py.h5t.STRING and kind.is_variable_str()
    return text and bool(kind.get_cset() == h5py.h5t.CSET_UTF8)


def is_number(kind: h5py.h5t.TypeID, dtype: str) -> bool:
    """Say whether a type is a plain number of this width, little-endian."""
    plain = kind.get_class() in (h5py.h5t.INTEGER, h5py.h5t.FLOAT)
    return plain and bool(kind.equal(_standard(dtype)))


@cache
def _standard(dtype: str) -> h5py.h5t.TypeID:
    return h5py.h5t.py_create(np.dtype(dtype).newbyteorder("<"))


def _check_shape(
    dataset: h5py.Dataset, variable: Variable, sizes: Mapping[str, int], where: str
) -> None:
    space = dataset.id.get_space()
    if space.get_simple_extent_type() != h5py.h5s.SIMPLE:
        raise refuse(where, "has no dimensions")
    shape = space.get_simple_extent_dims()
    if len(shape) != len(variable.dims):
        wanted = len(variable.dims)
        raise refuse(where, f"has {len(shape)} dimensions instead of {wanted}")
    if space.get_simple_extent_dims(True) != shape:
        raise refuse(where, "can be resized")
    for dim, length in zip(variable.dims, shape, strict=True):
        if dim not in sizes:
            raise refuse(where, f"has a dimension without coordinate, '{dim}'")
        if length != sizes[dim]:
            said = f"is {length:,} long in '{dim}', which is {sizes[dim]:,} long"
            raise refuse(where, said)


def _contiguous(
    dataset: h5py.Dataset, variable: Variable, file_size: int, where: str
) -> list[Chunk]:
    width = np.dtype(TEXT if variable.dtype == "str" else variable.dtype).itemsize
    size = prod(dataset.shape) * width
    if not size:
        return []
    start = dataset.id.get_offset()
    _check_claim(size, file_size, where)
    if start is None or dataset.id.get_storage_size() != size:
        raise refuse(where, "was not written in full")
    return [Chunk((0,) * len(variable.dims), start, size, 0)]


def _check_claim(claimed: int, most: int, where: str) -> None:
    if claimed > most:
        raise refuse(
            where,
            f"claims to hold {claimed:,} bytes, and the file holds at most {most:,}",
        )


def _chunked(
    dataset: h5py.Dataset,
    settings: h5py.h5p.PropDCID,
    file_size: int,
    where: str,
) -> list[Chunk]:
    filters = [settings.get_filter(i)[:3] for i in range(settings.get_nfilters())]
    _check_filters(filters, int(dataset.id.get_type().get_size()), where)
    gzip = h5py.h5z.FILTER_DEFLATE in [code for code, *_ in filters]
    shape, sides = dataset.shape, dataset.chunks
    width = int(dataset.id.get_type().get_size())
    held = min(dataset.id.get_storage_size(), file_size)
    _check_claim(prod(shape) * width, held * (DEFLATE_RATIO if gzip else 1), where)
    unfolded = prod(sides) * width
    if unfolded > LARGEST_CHUNK:
        raise refuse(where, f"has chunks of {unfolded:,} bytes")

    wanted = prod(-(-length // side) for length, side in zip(shape, sides, strict=True))
    found = _chunks_of(dataset, wanted)
    if len({chunk.offset for chunk in found}) != wanted or len(found) != wanted:
        raise refuse(where, "was not written in full: chunks are missing")
    for chunk in found:
        _check_chunk(chunk, filters, unfolded, where)
        places = zip(chunk.offset, sides, shape, strict=True)
        if any(start % side or start >= length for start, side, length in places):
            raise refuse(where, f"has a chunk out of place, at {chunk.offset}")
    return found


def _chunks_of(dataset: h5py.Dataset, most: int) -> list[Chunk]:
    """List the chunks that stand in the file, one more than `most` at the most."""
    found: list[Chunk] = []

    def note(chunk: h5py.h5d.StoreInfo) -> int | None:
        found.append(
            Chunk(
                tuple(int(start) for start in chunk.chunk_offset),
                int(chunk.byte_offset),
                int(chunk.size),
                int(chunk.filter_mask),
            )
        )
        return 1 if len(found) > most else None  # which ends the walk

    dataset.id.chunk_iter(note)
    return found


def _check_filters(
    filters: Sequence[tuple[int, int, tuple[int, ...]]], width: int, where: str
) -> None:
    codes = [code for code, *_ in filters]
    for code in codes:
        if code not in _NAMES:
            raise refuse(where, f"is packed by a filter of another kind, {code}")
    if not codes or codes[-1] != h5py.h5z.FILTER_FLETCHER32:
        raise RunFileError(
            where,
            "has no checksum of its chunks, which h5repack -f and others leave out",
            "give the run file itself, or a plain copy of it",
        )
    if codes[:-1] not in ([], list(_FILTERS), [h5py.h5z.FILTER_DEFLATE]):
        names = ", ".join(_NAMES[code] for code in codes)
        raise refuse(where, f"is packed by {names}, in this order")
    for code, _, options in filters:
        # Shuffled by another width, the bytes would be put together wrongly.
        if code == h5py.h5z.FILTER_SHUFFLE and tuple(options) != (width,):
            raise refuse(where, f"is shuffled by {options}, not by {width} bytes")


def _check_chunk(
    chunk: Chunk,
    filters: Sequence[tuple[int, int, tuple[int, ...]]],
    unfolded: int,
    where: str,
) -> None:
    """Compare a chunk's bytes with what its filters can make of them."""
    codes = [code for code, *_ in filters]
    gzip = h5py.h5z.FILTER_DEFLATE
    # HDF5 leaves gzip out where it saves nothing; the others always take part.
    may_skip = 1 << codes.index(gzip) if gzip in codes else 0
    if chunk.skipped & ~may_skip:
        raise refuse(where, f"has a chunk without checksum, at {chunk.offset}")
    bare = chunk.stored - CHECKSUM
    if gzip in codes and not chunk.skipped:
        # Deflate makes at most this more of what cannot be squeezed.
        fits = unfolded <= DEFLATE_RATIO * bare and bare <= unfolded * 1.001 + 64
    else:
        fits = bare == unfolded
    if not fits:
        raise refuse(
            where,
            f"has a chunk of {chunk.stored:,} bytes for {unfolded:,}, "
            f"at {chunk.offset}",
        )
