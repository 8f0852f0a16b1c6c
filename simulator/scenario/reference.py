"""Every key of a scenario file in Markdown: what it holds, its unit, value and source.

All of it is read off the model, the evidence and the packaged scenarios, so that no
word of it is kept twice.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from simulator import evidence
from simulator.scenario import keys, layers, read
from simulator.scenario import toml as toml_text
from simulator.scenario.assumptions import Belief, Number, Years
from simulator.scenario.distributions import KINDS, Bounded
from simulator.scenario.kinds import Day, OneOf, Prose, Text, Whole, written
from simulator.scenario.layers import KeyPath
from simulator.scenario.load import load_scenario
from simulator.scenario.model import Scenario
from simulator.scenario.sources import UNSTATED

FIRST: Final = "long-term-plan"
NAMED: Final = "NAME"  # stands for a name of the analyst's own
HEADER: Final = (
    "| key | holds | unit | built-in value | grade | meaning | source |\n"
    "|---|---|---|---|---|---|---|"
)
BUILT_IN: Final = (
    "| key | unit | built-in value | grade | meaning | source |\n"
    "|---|---|---|---|---|---|"
)


def markdown() -> str:
    """Write the page that explains every key of a scenario file."""
    page = resources.files(__package__).joinpath("reference.md").read_text("utf-8")
    return page.format(
        starter=read.starter("my-scenario"),
        kinds="\n".join(_distributions()),
        keys="\n\n".join(_table(Scenario, ())),
    )


def _distributions() -> Iterator[str]:
    """Explain each kind of uncertain value, a row of a table each."""
    for name, kind in KINDS.items():
        yield _row(f"`{{{name} = [{', '.join(kind.model_fields)}]}}`", _sentence(kind))
    within = "{interval = [low, high], within = [least, most]}"
    yield _row(f"`{within}`", _sentence(Bounded))


def _table(model: type[BaseModel], path: KeyPath) -> Iterator[str]:
    """Explain the keys of a table, then the tables in it."""
    rows, inner = [HEADER], []
    for name, (bare, metadata) in keys.held(model).items():
        if table_in(bare):
            inner.append((name, bare))
        else:
            held = _holds(bare, metadata), _unit(metadata)
            rows.append(_key(model.model_fields[name], (*path, name), *held))
    if len(rows) > 1:
        yield "\n".join(rows)
    for name, bare in inner:
        yield from _inner(model.model_fields[name], bare, (*path, name))


def _inner(field: FieldInfo, bare: Any, path: KeyPath) -> Iterator[str]:
    """Explain a table within another: itself, each of a list, or each of a name."""
    model, many = table_in(bare), get_origin(bare)
    assert model is not None
    below = (*path, NAMED) if many is Mapping else path
    name = ".".join(below)
    header = f"[[{name}]]" if many is tuple else f"[{name}]"
    yield f"{'###' if len(path) == 1 else '####'} `{header}`"
    yield " ".join(filter(None, (_said(field), _sentence(model))))
    yield from _table(model, below)
    if many is Mapping:
        yield from _built_in(path)


def _key(field: FieldInfo, path: KeyPath, holds: str, unit: str) -> str:
    """Explain one key, as a row of a table."""
    key, words = f"`{path[-1]}`", _said(field)
    entry = evidence.default_entry(".".join(path))
    if entry:
        value = _code(layers.look_up(evidence.defaults(), path))
        cited = _citation(entry)
        return _row(key, holds, entry.unit, value, entry.grade, words, cited)
    source = UNSTATED if layers.is_number(field.default) else ""
    return _row(key, holds, unit, _without_default(field, path), "", words, source)


def _without_default(field: FieldInfo, path: KeyPath) -> str:
    """Say what holds where the evidence has no value."""
    example = _example(path)
    such = "" if example is layers.NOTHING else f", such as {_code(example)}"
    if field.is_required():
        return f"has to be set{such}"
    if field.default in (None, ""):
        return f"none; may be left out{such}"
    return _code(written(field.default))


def _built_in(path: KeyPath) -> Iterator[str]:
    """List the values of what comes with the simulator in a table of names."""
    tables = layers.look_up(evidence.defaults(), path)
    if tables is layers.NOTHING:
        return
    rows = [BUILT_IN]
    for inner, value in layers.leaves(tables):
        name = ".".join((*path, *inner))
        entry = evidence.default_entry(name)
        assert entry is not None
        row = (f"`{name}`", entry.unit, _code(value), entry.grade, entry.meaning)
        rows.append(_row(*row, _citation(entry)))
    yield "Built in:"
    yield "\n".join(rows)


def _holds(bare: Any, metadata: Iterable[Any]) -> str:
    """Say what a key holds."""
    for kind in metadata:
        match kind:
            case Belief():
                also = ", or a list of certain ones, one a year" * kind.by_year
                return f"number, may be uncertain, {_range(kind.number)}{also}"
            case Years():
                one = "" if kind.only_list else "number, or "
                first = ", the opening year first" * kind.opening
                return f"{one}list, one a year{first}; {_range(kind.number)}"
            case Number():
                return f"number, {_range(kind)}"
            case Whole():
                return f"whole number, {kind.among[0]} to {kind.among[-1]}"
            case OneOf():
                *others, last = (f"`{word}`" for word in kind.words)
                return f"{', '.join(others)} or {last}"
            case Text():
                return f"text, at most {kind.longest:,} characters"
            case Prose():
                return "text, any number of lines"
            case Day():
                return "day, such as 2019-01-31"
    if get_origin(bare) is tuple:
        return f"list of {_holds(*_item(bare))}"
    return "true or false"


def _range(number: Number) -> str:
    """Say which numbers are admitted, and whether somebody decides them."""
    decided = "; decided" * number.lever
    return f"{number.range().removeprefix('a number ')}{decided}"


def _unit(metadata: Iterable[Any]) -> str:
    for kind in metadata:
        if isinstance(kind, Years | Belief):
            return kind.number.unit
        if isinstance(kind, Number | Whole):
            return kind.unit
    return ""


def _item(bare: Any) -> tuple[Any, tuple[Any, ...]]:
    inner, *metadata = get_args(get_args(bare)[0])
    return inner, tuple(metadata)


def table_in(bare: Any) -> type[BaseModel] | None:
    """Give the table that a key holds: itself, of each name, or of each in a list."""
    held = (each for each in (bare, *get_args(bare)) if isinstance(each, type))
    return next((each for each in held if issubclass(each, keys.Section)), None)


def _citation(entry: evidence.Entry) -> str:
    return f"{entry.publisher}, {entry.title}, {entry.date}"


def _said(field: FieldInfo) -> str:
    return (field.description or "").replace("\n", " ")


def _sentence(model: type[BaseModel]) -> str:
    """Give the first sentence that says what a class is."""
    return (model.__doc__ or "").partition("\n")[0]


@cache
def _examples() -> tuple[layers.Tables, ...]:
    """Give what the packaged scenarios hold, the one that README runs first."""
    names = sorted(read.shipped(), key=lambda name: (name != FIRST, name))
    return tuple(load_scenario(name).tree for name in names)


def _example(path: KeyPath) -> object:
    """Find a value of a key in the packaged scenarios."""
    found = (value for tree in _examples() for value in _values(tree, path))
    return next(found, layers.NOTHING)


def _values(node: Any, path: KeyPath) -> Iterator[object]:
    if not path:
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from _values(item, path)
    elif isinstance(node, Mapping) and path[0] == NAMED:
        for item in node.values():
            yield from _values(item, path[1:])
    elif isinstance(node, Mapping) and path[0] in node:
        yield from _values(node[path[0]], path[1:])


def _code(value: object) -> str:
    return f"`{toml_text.value(value)}`"


def _row(*cells: str) -> str:
    escaped = (cell.replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
