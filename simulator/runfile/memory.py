"""A run in memory: the tree that its file would give, made straight from arrays.

Variables are put as into a file (see `store.RunWriter`) and decoded as from one, so
that no reader can tell the two apart. Digests are a file's, and are made with it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from simulator.runfile import digests, store, tree
from simulator.runfile.store import Array, Coordinates, RunWriter
from simulator.schema import COORDINATES, DRAW, KEPT_DRAW, Variable


class Memory:
    """A run that is being put together; `tree` ends it.

    Parameters
    ----------
    coordinates
        Values of every dimension but `draw` and `kept_draw`.
    """

    def __init__(self, coordinates: Coordinates) -> None:
        self._coordinates = dict(coordinates)
        self._parts: dict[str, tuple[Variable, list[Array]]] = {}
        self.notes: dict[str, dict[str, Any]] = {"/": store.conventions()}

    def put(self, variable: Variable, values: Array) -> None:
        """Keep a whole variable, in the order of its dims."""
        self._parts[variable.path] = variable, [_as_stored(variable, values)]

    def put_draws(self, variable: Variable, values: Array, first: int) -> None:
        """Keep the next draws of a variable that comes draw by draw, from `first`."""
        _, parts = self._parts.setdefault(variable.path, (variable, []))
        parts.append(_as_stored(variable, values))

    def note(self, group: str, attributes: Mapping[str, Any]) -> None:
        """Keep attributes of a group."""
        self.notes.setdefault(group, {}).update(attributes)

    def variables(self) -> Iterator[tuple[Variable, Array]]:
        """Give every variable that was put whole."""
        for variable, parts in self._parts.values():
            if digests.draw_axis(variable.dims) is None:
                yield variable, parts[0]

    def tree(self, draws: range, kept: range) -> xr.DataTree:
        """Give the run as a tree of datasets.

        Parameters
        ----------
        draws, kept
            Numbers of the draws that were put, and of those whose trajectories were.
        """
        self._coordinates[DRAW] = np.array(draws, dtype=np.int64)
        self._coordinates[KEPT_DRAW] = np.array(kept, dtype=np.int64)
        groups: dict[str, dict[str, xr.Variable]] = {"/": {}}

        def add(variable: Variable, values: Array) -> None:
            group = groups.setdefault(variable.group, {})
            group[variable.name] = _variable(variable, values)

        for name, variable in COORDINATES.items():
            values = self._coordinates.get(name, np.empty(0))
            if len(values) or (variable.group == "/" and name != DRAW):
                add(variable, _as_stored(variable, values))
        for variable, parts in self._parts.values():
            add(variable, _joined(variable, parts))
            parts.clear()  # or all of a long run would be held twice
        groups |= {name: groups.get(name, {}) for name in self.notes}
        return xr.DataTree.from_dict(
            {
                name: xr.decode_cf(xr.Dataset(variables, attrs=self._noted(name)))
                for name, variables in groups.items()
            }
        )

    def _noted(self, group: str) -> dict[str, Any]:
        noted = self.notes.get(group, {})
        return {name: tree.plain(value) for name, value in noted.items()}


Writer = RunWriter | Memory


def _as_stored(variable: Variable, values: Array) -> Array:
    """Give values the type that they have in a file."""
    if variable.dtype == "str":
        return np.array([str(value) for value in values], dtype=np.str_)
    kind = store.stored_type(variable)
    if values.dtype.kind + kind.kind == "ui" and values.dtype.itemsize == kind.itemsize:
        return values.view(kind)  # counts, of which none is so large as to differ
    return np.ascontiguousarray(values, dtype=kind)


def _joined(variable: Variable, parts: list[Array]) -> Array:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts, axis=digests.draw_axis(variable.dims))


def _variable(variable: Variable, values: Array) -> xr.Variable:
    attributes = store.attributes_of(variable)
    if variable.dtype == "str":
        attributes[store.LINES] = "\n".join(values.tolist())
    return xr.Variable(variable.dims, values, attributes)
