"""TOML as text: read it, say where it is none, find its lines, write it."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from simulator.errors import ScenarioError
from simulator.messages import decimal_comma, dotted, quote

KeyPath = tuple[str, ...]

DEEPEST: Final = 12  # twice as deep as any table of a scenario
TOO_DEEP: Final = f"stands more than {DEEPEST} tables or lists deep"
NO_DEEPER: Final = "see whether a bracket is repeated"
_POSITION: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_PERCENT: Final = re.compile(r"=\s*([-+]?\d+\.?\d*)\s*%")
_NUMBER: Final = re.compile(r"=\s*([-+]?[\d,]+)\s*(?:#.*)?$")
_THOUSANDS: Final = re.compile(r"\d,\d{3}\b")
_TWICE: Final = ("Cannot overwrite", "Cannot declare", "Duplicate inline table key")
_HEADER: Final = re.compile(r"\s*(\[\[?)([^\[\]=]+)\]")
_KEY: Final = re.compile(r"\s*([\w.\"' -]+?)\s*=")


def read(text: str, name: str) -> dict[str, Any]:
    """Read tables, or say on which line and column the text goes wrong.

    Parameters
    ----------
    text
        TOML.
    name
        What messages call it.
    """
    try:
        return parse(text)
    except RecursionError:
        raise ScenarioError(name, TOO_DEEP, NO_DEEPER) from None
    except ValueError as fault:
        raise _not_toml(str(fault), text, name) from None


def parse(text: str) -> dict[str, Any]:
    """Read tables.

    Raises
    ------
    ValueError
        Where the text is not TOML.
    RecursionError
        Where its tables and lists stand deeper in one another than any of a scenario.
    """
    tables = tomllib.loads(text)
    level: list[Any] = [tables]
    for _ in range(DEEPEST):
        level = [part for node in level for part in _parts_of(node)]
    if level:
        raise RecursionError
    return tables


def key_lines(text: str) -> Iterator[tuple[int, KeyPath]]:
    """Yield the line, from 1, and the path of each header and key.

    Tables within a line are not gone into.
    """
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            brackets, name = header.groups()
            path = _parts(name)
            if brackets == "[[":
                counts[path] = counts.get(path, -1) + 1
            table = _numbered(path, counts)
            yield number, table
        elif key := _KEY.match(line):
            yield number, table + _parts(key.group(1))


class Mark(NamedTuple):
    """What is written beside a value."""

    source: str = ""
    """Evidence id or citation of a number."""
    note: str = ""
    """A comment."""


def write(tables: Mapping[str, Any], marks: Mapping[str, Mark]) -> str:
    """Write tables as TOML, with the source of each number.

    Parameters
    ----------
    tables
        Plain values: tables, lists of tables, numbers, words and lists of them.
    marks
        Of every value, by dotted path; a table without one gets its own header.
    """
    return "\n".join(_table(tables, (), (), marks)).strip() + "\n"


def value(item: Any) -> str:
    """Write one value on one line.

    Examples
    --------
    >>> value({"triangular": [0.4, 0.6, 0.8]})
    '{triangular = [0.4, 0.6, 0.8]}'
    """
    match item:
        case bool():
            return "true" if item else "false"
        case str():
            return json.dumps(item, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list():
            return f"[{', '.join(map(value, item))}]"
        case Mapping():
            pairs = (f"{key} = {value(part)}" for key, part in item.items())
            return "{" + ", ".join(pairs) + "}"
        case _:
            return repr(item)


def _parts_of(node: object) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _not_toml(message: str, text: str, name: str) -> ScenarioError:
    lines = text.splitlines() or [""]
    at = _POSITION.search(message)
    position = [int(part) for part in at.groups() if part] if at else []
    line, column = position or (len(lines), len(lines[-1]) + 1)
    problem = _POSITION.sub("", message)
    if problem.startswith(_TWICE):
        return _twice(problem, text, name, (line, column))
    remedy = _remedy(problem, lines[min(line, len(lines)) - 1])
    where = f"{name}: line {line}, column {column}"
    return ScenarioError(where, problem[:1].lower() + problem[1:], remedy)


def _remedy(problem: str, line: str) -> str:
    """Say what was probably meant on a line that cannot be read."""
    if percent := _PERCENT.search(line):
        number = percent.group(1)
        return f"write {float(number) / 100:.10g} for {number}%"
    if (number := _NUMBER.search(line)) and decimal_comma(number.group(1)):
        return f"write {number.group(1).replace(',', '.')}: with a point, not a comma"
    if _THOUSANDS.search(line):
        return "write numbers without commas"
    if "digits" in problem:  # of which Python reads no more than 4,300
        return "a number is too long"
    if problem.startswith("Invalid value"):
        return "text stands in quotes, numbers do not"
    return f"in {quote(line)}" if line.strip() else ""


def _twice(
    problem: str, text: str, name: str, position: tuple[int, int]
) -> ScenarioError:
    """Say which key stands twice: the last that begins at or before the position."""
    line, column = position
    before = [path for number, path in key_lines(text) if number <= line]
    path = before[-1] if before else ()
    known = path in before[:-1]
    if problem.startswith("Duplicate inline"):
        path, known = (*path, problem.split("'")[1]), True
    said = "given twice" if known else "at odds with a key above it"
    where = f"(line {line}, column {column})"
    return ScenarioError(f"{name}: {dotted(path)}", f"{said} {where}", "keep one")


def _table(
    table: Mapping[str, Any], path: KeyPath, header: KeyPath, marks: Mapping[str, Mark]
) -> Iterator[str]:
    """Write a table's own values, then the tables below it.

    The path counts the items of lists, as `--set` does; the header does not.
    """
    found = {key: marks.get(dotted((*path, key))) for key in table}
    own = {key: mark for key, mark in found.items() if mark is not None}
    for key, mark in own.items():
        comment = f"  # {mark.note}" if mark.note else ""
        yield f"{key} = {value(table[key])}{comment}"
    yield from _source(header, {key: mark.source for key, mark in own.items()})
    for key, part in table.items():
        if key not in own:
            yield from _below(part, (*path, key), (*header, key), marks)


def _below(
    part: Any, path: KeyPath, header: KeyPath, marks: Mapping[str, Mark]
) -> Iterator[str]:
    if isinstance(part, list):
        for index, item in enumerate(part):
            yield f"\n[[{dotted(header)}]]"
            yield from _table(item, (*path, str(index)), header, marks)
        return
    if any(dotted((*path, key)) in marks for key in part):
        yield f"\n[{dotted(header)}]"
    yield from _table(part, path, header, marks)


def _source(header: KeyPath, by_key: Mapping[str, str]) -> Iterator[str]:
    """Write the sources of a table: one for all its numbers, or one for each."""
    sources = {key: source for key, source in by_key.items() if source}
    if len(set(sources.values())) == 1:
        yield f"source = {value(next(iter(sources.values())))}"
    elif sources:
        yield f"\n[{dotted((*header, 'source'))}]"
        yield from (f"{key} = {value(source)}" for key, source in sources.items())


def _parts(name: str) -> KeyPath:
    return tuple(part.strip(" \t\"'") for part in name.split("."))


def _numbered(path: KeyPath, counts: Mapping[KeyPath, int]) -> KeyPath:
    """Put the position after each name of a list of tables."""
    numbered: KeyPath = ()
    for depth, part in enumerate(path, start=1):
        numbered += (part,)
        if path[:depth] in counts:
            numbered += (str(counts[path[:depth]]),)
    return numbered
