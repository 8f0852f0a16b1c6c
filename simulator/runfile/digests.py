"""What a run file's numbers hash to, so that a stranger can tell whether they changed.

A variable that comes draw by draw is hashed row by row, a row being all its draws for
one target, say, and the rows' digests are hashed together: so a digest grows as draws
come, and does not depend on how they were split into parts.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from simulator.errors import RunFileError
from simulator.schema import DRAW, KEPT_DRAW

STREAMED: Final = (DRAW, KEPT_DRAW)
PROVENANCE: Final = "provenance"
PAYLOAD: Final = "payload_digests"  # JSON: of every variable, by path
ATTRIBUTES: Final = "attributes_digest"
SLAB_BYTES: Final = 2**25  # of a variable that are hashed together
# What differs between two runs of the same numbers.
OF_THE_DAY: Final = (
    "python",
    "machine",
    "processors",
    "threads",
    "seconds",
    "byte_order",
)
WISHED: Final = "precision"  # of the root: what a run was to reach, which moves nothing
# HDF5's own bookkeeping of dimensions: references, which are places in the file.
BOOKKEEPING: Final = ("DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid")

Array = NDArray[Any]


class Digest:
    """SHA-256 of one variable, fed with its values in order."""

    def __init__(self) -> None:
        self._rows: list[Any] = []

    def feed(self, values: Array, draw_axis: int | None) -> None:
        """Add values: all, or those of the next draws."""
        if values.dtype.kind == "O":
            rows: list[Any] = [json.dumps(values.tolist()).encode()]
        else:
            little = values.astype(values.dtype.newbyteorder("<"), copy=False)
            whole = np.ascontiguousarray(little)
            n_row = int(np.prod(values.shape[:draw_axis])) if draw_axis else 1
            rows = [row.data for row in whole.reshape(n_row, -1)]
        if not self._rows:
            self._rows = [hashlib.sha256() for _ in rows]
        for digest, row in zip(self._rows, rows, strict=True):
            digest.update(row)

    def text(self, shape: tuple[int, ...], kind: str) -> str:
        """Give the digest, with the variable's shape and type in it."""
        whole = hashlib.sha256(f"{kind} {shape}".encode())
        for digest in self._rows:
            whole.update(digest.digest())
        return whole.hexdigest()


def kind_of(dataset: h5py.Dataset) -> str:
    """Name a type of number the same on every machine."""
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return "str"
    return str(dataset.dtype.newbyteorder("<").str)


def of_dataset(dataset: h5py.Dataset, draw_axis: int | None) -> str:
    """Hash a variable as it stands in a file, some draws at a time."""
    digest = Digest()
    if kind_of(dataset) == "str":
        digest.feed(dataset.asstr()[...].astype(object), None)
    elif draw_axis is None:
        digest.feed(dataset[...], None)
    else:
        place: list[slice] = [slice(None)] * dataset.ndim
        n_draw = dataset.shape[draw_axis]
        step = _step(dataset, draw_axis)
        for start in range(0, n_draw, step):
            place[draw_axis] = slice(start, start + step)
            digest.feed(dataset[tuple(place)], draw_axis)
    return digest.text(dataset.shape, kind_of(dataset))


def _step(dataset: h5py.Dataset, draw_axis: int) -> int:
    """Choose how many draws to read together: whole chunks, each read once."""
    chunk = int(dataset.chunks[draw_axis]) if dataset.chunks else 1
    width = int(dataset.nbytes) // max(1, int(dataset.shape[draw_axis]))
    return max(1, SLAB_BYTES // max(1, width) // chunk) * chunk


def stated_in(file: h5py.File) -> tuple[dict[str, str], str]:
    """Read the digests in a file: of every variable, and that of the attributes."""
    try:
        made = file[PROVENANCE].attrs
        return dict(json.loads(made[PAYLOAD])), text_of(made[ATTRIBUTES])
    except (KeyError, ValueError, TypeError) as error:
        place = f"{file.filename}:/{PROVENANCE}"
        raise RunFileError(place, "holds no digests", "run it again") from error


class Stated:
    """What a file says that its variables and attributes hash to.

    Raises
    ------
    RunFileError
        Where it says nothing, or an attribute is another than was written.
    """

    def __init__(self, file: h5py.File) -> None:
        self._file = str(file.filename)
        self._payload, attributes = stated_in(file)
        if of_attributes(file) != attributes:
            raise self._altered(self._file, "holds an attribute that is not")

    def check(self, dataset: h5py.Dataset, dims: tuple[str, ...]) -> None:
        """Refuse a variable whose values are other than were written."""
        found = of_dataset(dataset, draw_axis(dims))
        if found != self._payload.get(dataset.name):
            raise self._altered(f"{self._file}:{dataset.name}", "is not")

    def _altered(self, place: str, what: str) -> RunFileError:
        remedy = f"do not rely on it; simulator verify {self._file} says more"
        return RunFileError(place, f"{what} as it was written", remedy)


def draw_axis(dims: tuple[str, ...]) -> int | None:
    """Find the axis along which draws come, if they do."""
    return next((i for i, dim in enumerate(dims) if dim in STREAMED), None)


def of_attributes(file: h5py.File) -> str:
    """Hash every attribute in a file but those of the day and the digests."""
    found: dict[str, dict[str, Any]] = {"/": _plain(file.attrs)}

    def visit(name: str, thing: h5py.Group | h5py.Dataset) -> None:
        found[f"/{name}"] = _plain(thing.attrs)

    file.visititems(visit)
    found["/"].pop(WISHED, None)
    for name in (*OF_THE_DAY, PAYLOAD, ATTRIBUTES):
        found.get(f"/{PROVENANCE}", {}).pop(name, None)
    text = json.dumps(found, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    plain = {}
    for name in attributes:
        if name not in BOOKKEEPING:
            value = attributes[name]
            if isinstance(value, bytes):
                value = text_of(value)
            # NaN has many spellings in JSON: write numbers as Python does.
            plain[name] = value if isinstance(value, str) else repr(_listed(value))
    return plain


def text_of(value: str | bytes) -> str:
    """Read a text attribute, which HDF5 gives as text or as characters."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


def _listed(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
