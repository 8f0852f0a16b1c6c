"""Read the evidence files and look entries up.

A table that holds `value` is an entry. Whatever else it lacks (unit, meaning,
source, grade, note) is taken from the tables above it, so that a series names
its source once. `source = "name"` stands for the title, publisher, date and address
of the table `sources.name` of the same file.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from simulator.errors import SimulatorError
from simulator.messages import meant

DEFAULTS_FILE: Final = "defaults.toml"
GRADES: Final = ("A", "B", "C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One figure or assumption, and where it comes from.

    Parameters
    ----------
    key
        Dotted name, year last where there is one (2017 = 2017/18).
    value
        A number, a word, true or false; a list is held as a tuple and an
        uncertain table as a read-only mapping.
    unit
        Unit of the value: fractions are never percentages.
    meaning
        One sentence.
    title, publisher, date, address
        The source. The address is empty where none was kept.
    grade
        A: derived from published figures; B: indirect evidence; C: judgement.
    note
        What a reader should know before leaning on the value.
    """

    key: str
    value: object
    unit: str
    meaning: str
    title: str
    publisher: str
    date: str
    address: str
    grade: str
    note: str


_FIELDS: Final = tuple(field.name for field in fields(Entry) if field.name != "key")
_MAY_BE_EMPTY: Final = "address"
_SOURCE: Final = "source"
_WORDS: Final = (*_FIELDS, _SOURCE)


def read_entries(file: str, text: str) -> dict[str, Entry]:
    """Read one evidence file, refusing it at the first thing that is wrong.

    Parameters
    ----------
    file
        Its name, for messages.
    text
        Its contents, TOML.

    Returns
    -------
    dict of str to Entry
        By dotted key, in the order of the file.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise SimulatorError(file, f"is not TOML: {fault}") from fault
    sources = tables.pop("sources", {})
    found = _File(file, sources).entries((), tables, {})
    return {entry.key: entry for entry in found}


@cache
def figures() -> Mapping[str, Entry]:
    """Give every published figure by key: all files but the defaults."""
    found: dict[str, Entry] = {}
    for file in _data_files():
        if file == DEFAULTS_FILE:
            continue
        for key, entry in _read(file).items():
            if key in found:
                raise SimulatorError(f"{file}: {key}", "is given in another file too")
            found[key] = entry
    return MappingProxyType(found)


def figure(key: str) -> Entry:
    """Give one published figure, or name the nearest key there is."""
    if key not in figures():
        raise SimulatorError(key, "no such figure", meant(key, figures()))
    return figures()[key]


def number(key: str) -> float:
    """Give the value of a published figure that is a single number."""
    return _as_number(figure(key))


def bounds(key: str) -> tuple[float, float]:
    """Give the lowest and highest published value; a single number is both."""
    entry = figure(key)
    match entry.value:
        case (int() | float() as low, int() | float() as high):
            return float(low), float(high)
        case _:
            value = _as_number(entry)
            return value, value


def series(prefix: str) -> dict[int, float]:
    """Give the numbers of a yearly series, `prefix.2013` under 2013, in order."""
    years = {
        int(year): entry
        for key, entry in figures().items()
        for stem, _, year in [key.rpartition(".")]
        if stem == prefix and year.isdigit()
    }
    if not years:
        stems = {key.rpartition(".")[0] for key in figures()}
        raise SimulatorError(prefix, "no such series", meant(prefix, stems))
    return {year: _as_number(years[year]) for year in sorted(years)}


def defaults() -> dict[str, Any]:
    """Give the built-in scenario values as nested tables, fresh at each call."""
    tree: dict[str, Any] = {}
    for key, entry in _default_entries().items():
        *sections, leaf = key.split(".")
        table = tree
        for section in sections:
            table = table.setdefault(section, {})
        table[leaf] = _thawed(entry.value)
    return tree


def default_entry(path: str) -> Entry | None:
    """Give the entry behind a built-in value, such as `delivery.real_share`."""
    return _default_entries().get(path)


@cache
def _default_entries() -> Mapping[str, Entry]:
    return MappingProxyType(_read(DEFAULTS_FILE))


def _data_files() -> list[str]:
    folder = files(__package__)
    return sorted(f.name for f in folder.iterdir() if f.name.endswith(".toml"))


def _read(file: str) -> dict[str, Entry]:
    text = files(__package__).joinpath(file).read_text(encoding="utf-8")
    return read_entries(file, text)


@dataclass(frozen=True, slots=True)
class _File:
    """One evidence file while it is read."""

    name: str
    sources: Mapping[str, Mapping[str, Any]]

    def entries(
        self, path: tuple[str, ...], table: Mapping[str, Any], above: dict[str, Any]
    ) -> Iterator[Entry]:
        """Yield the entries at and below one table."""
        place = ": ".join([self.name, ".".join(path)]) if path else self.name
        own = above | self.own_fields(place, table)
        below = {k: part for k, part in table.items() if k not in _WORDS}
        for name, part in below.items():
            if not isinstance(part, dict):
                near = meant(name, _WORDS) or f"fields: {', '.join(_WORDS)}"
                raise SimulatorError(place, f"unknown field '{name}'", near)
        if "value" in own and below:
            raise SimulatorError(place, f"holds a value and tables: {list(below)}")
        if "value" in own:
            yield _entry(place, ".".join(path), own)
        elif not below:
            raise SimulatorError(place, "holds no value", "add `value = ...`")
        for name, part in below.items():
            yield from self.entries((*path, name), part, own)

    def own_fields(self, place: str, table: Mapping[str, Any]) -> dict[str, Any]:
        """Give the fields of one table, its named source written out."""
        own = {name: table[name] for name in _FIELDS if name in table}
        source = table.get(_SOURCE)
        if source is None:
            return own
        if source not in self.sources:
            near = meant(str(source), self.sources)
            raise SimulatorError(place, f"unknown source '{source}'", near)
        return {**self.sources[source], **own}


def _entry(place: str, key: str, given: dict[str, Any]) -> Entry:
    for name in _FIELDS:
        if name not in given:
            raise SimulatorError(
                place, f"'{name}' is missing", "give it here or in a table above"
            )
        if name == "value":
            continue
        text = given[name]
        if not isinstance(text, str) or not (text.strip() or name == _MAY_BE_EMPTY):
            raise SimulatorError(place, f"'{name}' is text, got {text!r}")
    if given["grade"] not in GRADES:
        raise SimulatorError(
            place, f"unknown grade '{given['grade']}'", f"grades: {', '.join(GRADES)}"
        )
    return Entry(**given | {"key": key, "value": _frozen(given["value"])})


def _as_number(entry: Entry) -> float:
    value = entry.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SimulatorError(
            entry.key,
            f"is not a single number: {_thawed(value)}",
            "read a published range with bounds()",
        )
    return float(value)


def _frozen(value: Any) -> Any:
    """Make a value from a file read-only, all the way down."""
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(part) for name, part in value.items()})
    if isinstance(value, list):
        return tuple(_frozen(part) for part in value)
    return value


def _thawed(value: Any) -> Any:
    """Make a read-only value plain again: lists and dicts of the caller's own."""
    if isinstance(value, Mapping):
        return {name: _thawed(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_thawed(part) for part in value]
    return value
