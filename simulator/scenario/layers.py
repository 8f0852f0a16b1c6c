"""Layers of tables: how they are laid on one another, and who set what.

From low to high: the built-in defaults, the files that a file extends, the file, and
the settings of the command line. Tables merge key by key; a list, an uncertain value
or anything else replaces what was there.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeGuard

from simulator import evidence
from simulator.messages import Fault, nearest, say
from simulator.scenario import toml as toml_text
from simulator.scenario.distributions import KINDS
from simulator.scenario.keys import EXTENDS, SOURCE

KeyPath = tuple[str, ...]
Tables = Mapping[str, Any]

BUILT_IN: Final = "built-in"
COMMAND_LINE: Final = "command line"
NOTHING: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One file's tables, or the built-in ones.

    Parameters
    ----------
    name
        What messages call it.
    tables
        As read, sources included.
    text
        As written.
    folder
        Where relative paths in it start.
    """

    name: str
    tables: Tables
    text: str = ""
    folder: Path = Path()


class Setting(NamedTuple):
    """One `--set`: a key path and its value."""

    path: KeyPath
    value: Any
    text: str


def built_in() -> Layer:
    """Give the lowest layer: the defaults that come with the simulator."""
    return Layer(name=BUILT_IN, tables=evidence.defaults())


def merge(lower: Tables, upper: Tables) -> dict[str, Any]:
    """Lay tables on tables; neither is changed, sources are left out.

    Parameters
    ----------
    lower, upper
        The upper replaces what it names.
    """
    merged = {key: copy.deepcopy(value) for key, value in lower.items()}
    for key, value in upper.items():
        below = merged.get(key)
        if is_table(value) and (below is None or is_table(below)):
            merged[key] = merge(below or {}, value)
        else:
            merged[key] = _plain(value)
    return {key: value for key, value in merged.items() if key != SOURCE}


def leaves(node: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every value of plain tables with its path.

    A list of numbers or words is one value, and so is an uncertain one; a list of
    tables is gone through by position.
    """
    if is_table(node):
        for key, part in node.items():
            yield from leaves(part, (*path, key))
    elif isinstance(node, list) and any(isinstance(item, Mapping) for item in node):
        for index, item in enumerate(node):
            yield from leaves(item, (*path, str(index)))
    else:
        yield path, node


def setter(layers: Sequence[Layer], path: KeyPath) -> Layer | None:
    """Find the layer that set a value: the highest that names it.

    None where no layer did: a key left out, of a table that a layer wrote whole.
    """
    for layer in reversed(layers):
        if look_up(layer.tables, path) is not NOTHING:
            return layer
        above = [look_up(layer.tables, part) for part in upwards(path)]
        if any(held is not NOTHING and not is_table(held) for held in above):
            return None
    return None


def look_up(node: Any, path: KeyPath) -> Any:
    """Give what tables hold at a path, `NOTHING` where they hold nothing."""
    for part in path:
        if isinstance(node, Mapping) and part in node:
            node = node[part]
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return NOTHING
    return node


def upwards(path: KeyPath) -> Iterator[KeyPath]:
    """Yield a path, then that of the table it is in, up to the outermost."""
    return (path[:depth] for depth in range(len(path), 0, -1))


def overlap(one: KeyPath, other: KeyPath) -> bool:
    """Say whether one path is the other, or above or below it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def is_number(value: object) -> bool:
    """Say whether a value is a number, some numbers, or an uncertain number."""
    if isinstance(value, list):
        return any(is_number(item) for item in value)
    if isinstance(value, Mapping):
        return any(isinstance(value.get(kind), list) for kind in KINDS)
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_table(value: object) -> TypeGuard[Tables]:
    """Say whether a value is a table of keys, not an uncertain value."""
    return isinstance(value, Mapping) and not is_number(value)


def read_setting(text: str) -> Setting | Fault:
    """Read one `--set KEY=VALUE`; a value that is not TOML is taken as text."""
    key, equals, written = (part.strip() for part in text.partition("="))
    path = tuple(part.strip() for part in key.split("."))
    if not equals or not all(path):
        return Fault((text,), "is not a setting", "write key.path=value")
    if path[-1] in (SOURCE, EXTENDS):
        return Fault(path, "cannot be set here", "write it in a file")
    try:
        return Setting(path, _value(written), text)
    except RecursionError:
        return Fault(path, toml_text.TOO_DEEP, toml_text.NO_DEEPER)


def apply(
    settings: Sequence[Setting], tree: Tables
) -> tuple[dict[str, Any], list[Fault]]:
    """Lay settings on a tree.

    Returns
    -------
    tuple
        The tree with the settings that fit, and what is wrong with the others.
    """
    result = copy.deepcopy(dict(tree))
    faults = []
    for index, setting in enumerate(settings):
        fault = _clash(setting, settings[:index]) or _put(result, setting)
        if fault:
            faults.append(fault)
    return result, faults


def _clash(setting: Setting, earlier: Sequence[Setting]) -> Fault | None:
    for other in earlier:
        if overlap(other.path, setting.path):
            problem = f"set twice: {other.text} and {setting.text}"
            return Fault(setting.path, problem, "keep one")
    return None


def _put(tree: dict[str, Any], setting: Setting) -> Fault | None:
    """Set one value in place, or say why it has no place."""
    *above, last = setting.path
    node: Any = tree
    for depth, part in enumerate(above):
        child = _child(node, part)
        if isinstance(child, Fault):
            return child._replace(path=setting.path)
        holds_kind = depth == len(above) - 1 and last in KINDS
        if holds_kind and not (isinstance(child, Mapping) and last in child):
            return _replace(node, part, {last: setting.value}, setting.path)
        node = child
    return _replace(node, last, setting.value, setting.path)


def _child(node: Any, part: str) -> Any:
    """Give what a table or list holds under a name, or say that it holds none."""
    if isinstance(node, Mapping):
        if part not in node:
            return Fault((), f"there is no '{part}'", nearest(part, node))
        return node[part]
    if isinstance(node, list):
        if not (part.isdigit() and int(part) < len(node)):
            last = len(node) - 1
            return Fault((), f"'{part}' is not in the list", f"number 0 to {last}")
        return node[int(part)]
    return Fault((), f"'{part}' is below {say(node)}", "set the key above it")


def _replace(node: Any, part: str, value: Any, path: KeyPath) -> Fault | None:
    if isinstance(node, dict):
        below = node.get(part)
        if is_table(value) and is_table(below):
            node[part] = merge(below, value)
        else:
            node[part] = _plain(value)
        return None
    child = _child(node, part)
    if isinstance(child, Fault):
        return child._replace(path=path)
    node[int(part)] = _plain(value)
    return None


def _value(written: str) -> Any:
    try:
        tables = toml_text.parse(f"value = {written}")
    except ValueError:
        return written
    return tables["value"] if tables.keys() == {"value"} else written


def _plain(value: Any) -> Any:
    """Copy a value without the sources in it."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items() if key != SOURCE}
    return [_plain(item) for item in value] if isinstance(value, list) else value
