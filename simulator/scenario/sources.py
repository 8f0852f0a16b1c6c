"""Where each number comes from: every one that a file sets names its source."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from simulator import evidence
from simulator.messages import Fault, control, dotted, meant, nearest, say, table
from simulator.scenario.keys import EXTENDS, SOURCE
from simulator.scenario.layers import (
    BUILT_IN,
    COMMAND_LINE,
    KeyPath,
    Layer,
    Tables,
    is_number,
    leaves,
    look_up,
    upwards,
)

SET_BY_HAND: Final = "set on the command line"
UNSTATED: Final = "the simulator's own: nothing is added unless a scenario says so"
HORIZON: Final = ("first_year", "years")  # asked for, not known: needs no source

_EVIDENCE_KEY: Final = re.compile(r"(?!www\.)[a-z0-9_]+(\.[a-z0-9_]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where one value comes from.

    Parameters
    ----------
    layer
        `built-in`, a file's name, or `command line`.
    source
        Citation; empty for what is not a number.
    grade
        A, B or C where the evidence grades it, otherwise empty.
    key
        Evidence id behind the citation, where there is one.
    """

    layer: str
    source: str = ""
    grade: str = ""
    key: str = ""


def faults(tables: Tables) -> Iterator[Fault]:
    """Yield every number of a layer that has no source, and every bad source."""
    yield from _bad_sources(tables, ())
    for path, value in leaves(tables):
        if SOURCE in path or path[0] in (*HORIZON, EXTENDS):
            continue
        if is_number(value) and source_of(tables, path) is None:
            remedy = f'add source = "..." to {table(path[:-1])} or an evidence id'
            yield Fault(path, "number without a source", remedy)


def source_of(tables: Tables, path: KeyPath) -> str | None:
    """Find the source that is nearest to a value: in its own table, or above."""
    for depth in range(len(path), -1, -1):
        held = look_up(tables, path[:depth])
        source = held.get(SOURCE) if isinstance(held, Mapping) else None
        if isinstance(source, Mapping) and depth < len(path):
            source = source.get(path[depth])
        if source is not None and not isinstance(source, Mapping):
            return str(source)
    return None


def origin(layer: Layer | None, path: KeyPath, value: object) -> Origin:
    """Say where a value comes from.

    Parameters
    ----------
    layer
        That set it; None for what the simulator filled in.
    path, value
        The value, as plain tables hold it.
    """
    if layer is None:
        return Origin(layer=BUILT_IN, source=UNSTATED if is_number(value) else "")
    if layer.name == BUILT_IN:
        entry = next(filter(None, map(_default, upwards(path))), None)
        return _cited(BUILT_IN, entry) if entry else Origin(layer=BUILT_IN)
    named = is_number(value) and path[0] not in HORIZON
    source = (source_of if named else _own_source)(layer.tables, path) or ""
    entry = _entry(source)
    return (
        _cited(layer.name, entry) if entry else Origin(layer=layer.name, source=source)
    )


def by_hand(value: object) -> Origin:
    """Say where a value comes from that was set on the command line."""
    source = SET_BY_HAND if is_number(value) else ""
    return Origin(layer=COMMAND_LINE, source=source)


def _own_source(tables: Tables, path: KeyPath) -> str | None:
    """Find the source that names a value itself, number or not."""
    held = look_up(tables, path[:-1])
    source = held.get(SOURCE) if isinstance(held, Mapping) else None
    return source.get(path[-1]) if isinstance(source, Mapping) else None


def _cited(layer: str, entry: evidence.Entry) -> Origin:
    citation = f"{entry.publisher}, {entry.title}, {entry.date}"
    return Origin(layer=layer, source=citation, grade=entry.grade, key=entry.key)


def _bad_sources(node: object, path: KeyPath) -> Iterator[Fault]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _bad_sources(item, (*path, str(index)))
    if not isinstance(node, Mapping):
        return
    for key, part in node.items():
        if key != SOURCE:
            yield from _bad_sources(part, (*path, key))
        elif isinstance(part, Mapping):
            for name, text in part.items():
                yield from _bad_source(text, (*path, SOURCE, name))
                yield from _bad_name(node, name, (*path, SOURCE, name))
        else:
            yield from _bad_source(part, (*path, SOURCE))


def _bad_source(source: object, path: KeyPath) -> Iterator[Fault]:
    if not isinstance(source, str):
        problem = f"must be text, got {say(source)}"
        yield Fault(path, problem, "name an evidence id or a citation")
    elif not source.strip():
        yield Fault(path, "is empty", "name an evidence id or a citation")
    elif character := control(source, besides="\t\r\n"):
        problem = f"holds the control character {character}"
        yield Fault(path, problem, "take it out")
    elif _EVIDENCE_KEY.fullmatch(source) and _entry(source) is None:
        known = [*evidence.figures(), *map(dotted, _default_paths())]
        remedy = meant(source, known) or "write a citation in words"
        yield Fault(path, f"no evidence is called '{source}'", remedy)


def _bad_name(tables: Tables, name: str, path: KeyPath) -> Iterator[Fault]:
    others = [key for key in tables if key != SOURCE]
    if name not in others:
        yield Fault(path, "names no number of its table", nearest(name, others))


def _entry(source: str) -> evidence.Entry | None:
    return evidence.figures().get(source) or evidence.default_entry(source)


def _default(path: KeyPath) -> evidence.Entry | None:
    return evidence.default_entry(dotted(path))


def _default_paths() -> Iterator[KeyPath]:
    return (path for path, _ in leaves(evidence.defaults()))
