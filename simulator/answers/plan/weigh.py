"""What a run would take in a file, found in memory: some of it is packed, none written.

What comes draw by draw is not packed in a file, and is counted by its shape (see
`costs`); here is the rest: what all draws give together, attributes, and HDF5's own.
"""

import json
import math
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

import numpy as np

from simulator.runfile import store
from simulator.runfile.memory import Memory
from simulator.runfile.store import Array, Coordinates
from simulator.schema import COORDINATES, Variable

CHECKSUM: Final = 4  # bytes that fletcher32 adds to a chunk
PIECES: Final = 16  # of a variable that are packed
PIECE: Final = 2**15  # bytes of each, at least: what gzip looks back over
# Bytes and seconds that HDF5 takes for itself, measured with version 1.14.
A_VARIABLE: Final = 3_600
A_CHUNK: Final = 69
A_TEXT: Final = 32
SECONDS_A_VARIABLE: Final = 0.0015


class Whole(Memory):
    """What all draws give together; single draws pass through and are not kept."""

    def __init__(self, coordinates: Coordinates) -> None:
        super().__init__(coordinates)
        self.streamed: dict[str, Variable] = {}

    def put_draws(self, variable: Variable, values: Array, first: int) -> None:
        """Note that a variable comes draw by draw."""
        self.streamed[variable.path] = variable


@dataclass
class Weighed:
    """Bytes in a file by variable, under "" all else; and what packing them takes."""

    files: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0  # for all of what was weighed
    chunks: int = 0

    def add(self, variable: Variable, values: Array) -> None:
        """Weigh a variable that is written whole."""
        if variable.dtype == "str":
            texts = sum(len(str(text).encode()) + A_TEXT for text in values)
            self.files[variable.path] = texts
            return
        if not values.size:
            return
        began = time.perf_counter()
        taken, packed, n_chunk = _packed(variable, values)
        share = values.nbytes / taken
        self.files[variable.path] = round(packed * share) + CHECKSUM * n_chunk
        self.seconds += (time.perf_counter() - began) * share
        self.chunks += n_chunk


def weighed(whole: Whole) -> Weighed:
    """Weigh what was put, with what stands beside it."""
    found = Weighed()
    variables = [*COORDINATES.values(), *whole.streamed.values()]
    for variable, values in whole.variables():
        found.add(variable, values)
        variables.append(variable)
    found.files |= dict.fromkeys(whole.streamed, 0)
    found.seconds += SECONDS_A_VARIABLE * len(variables)
    described = sum(_bytes_of(store.attributes_of(each)) for each in variables)
    noted = sum(map(_bytes_of, whole.notes.values()))
    stated = json.dumps({each.path: "0" * 64 for each in variables})
    found.files[""] = (
        A_VARIABLE * len(variables)
        + A_CHUNK * found.chunks
        + described
        + noted
        + len(stated)
    )
    return found


def _packed(variable: Variable, values: Array) -> tuple[int, int, int]:
    """Pack some of a variable as HDF5 would: bytes taken, bytes packed, all chunks."""
    chunk = store.chunks_of(variable, values.shape)
    firsts = [range(0, n, c) for n, c in zip(values.shape, chunk, strict=True)]
    corners = list(product(*firsts))
    taken = packed = 0
    for corner in corners[:: max(1, len(corners) // PIECES)]:
        whole = tuple(slice(a, a + c) for a, c in zip(corner, chunk, strict=True))
        piece = _piece(values[whole])
        planes = piece.reshape(-1).view(np.uint8).reshape(-1, piece.itemsize).T
        taken += piece.nbytes
        packed += len(zlib.compress(planes.tobytes(), 1))
    return taken, packed, len(corners)


def _piece(chunk: Array) -> Array:
    """Take as much of the beginning of a chunk as shows how it can be packed."""
    rows = chunk.reshape(math.prod(chunk.shape[:2]), -1)
    n_row = math.ceil(PIECE * len(rows) / rows.nbytes)
    return np.ascontiguousarray(rows[:n_row])


def _bytes_of(attributes: Mapping[str, Any]) -> int:
    """Count the bytes of names and values."""
    return sum(len(name) + _size(value) for name, value in attributes.items())


def _size(value: Any) -> int:
    return len(value.encode()) if isinstance(value, str) else np.asarray(value).nbytes
