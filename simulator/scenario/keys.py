"""Tables and their keys, read off the models so that no list of them is kept twice."""

import types
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin
from typing import get_type_hints as hints_of

from pydantic import BaseModel, ConfigDict, model_validator

SOURCE: Final = "source"
EXTENDS: Final = "extends"
OPEN: Final = None  # the keys are names of the analyst's own


SOURCE_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
    ],
    "description": "Where the numbers of this table come from: an evidence id or a "
    "citation, for all of them, or a table with one for each.",
}


def _show_source(schema: dict[str, Any]) -> None:
    schema["properties"][SOURCE] = SOURCE_SCHEMA


class Section(BaseModel):
    """One table of a scenario; in a file its numbers name their `source` in it.

    The value holds none: two numbers of one table often come from two files, so
    whoever reads the files keeps the origin of each number beside the scenario.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra=_show_source,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_source(cls, raw: object) -> object:
        if not isinstance(raw, Mapping):
            return raw
        return {key: value for key, value in raw.items() if key != SOURCE}


class Found(NamedTuple):
    """A value in a tree, and what its annotation says of it."""

    path: tuple[str, ...]
    metadata: tuple[Any, ...]
    value: object


def known(model: type[BaseModel], path: Sequence[str]) -> tuple[str, ...] | None:
    """Give the keys that the table at a path can hold.

    Returns
    -------
    tuple of str, or None
        None where the analyst chooses the names; empty where there is no table.
    """
    hint: Any = model
    for part in path:
        hint = _below(hint, part)
    bare, _ = _bare(hint)
    if _is_model(bare):
        return tuple(bare.model_fields)
    return OPEN if get_origin(bare) is Mapping else ()


def held(model: type[BaseModel]) -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """Give what each key of a table holds: its plain type, and what is said of it."""
    return {name: _bare(hint) for name, hint in _fields(model).items()}


def walk(model: type[BaseModel], tree: object) -> Iterator[Found]:
    """Yield every value of a tree that the model knows, tables left out.

    The tree need not be valid: what the model does not know is passed over.
    """
    yield from _walk(model, tree, ())


def _walk(hint: Any, node: object, path: tuple[str, ...]) -> Iterator[Found]:
    bare, metadata = _bare(hint)
    nested = _is_model(bare) or get_origin(bare) is Mapping or _is_model(_item(bare))
    if not nested:
        yield Found(path, metadata, node)
        return
    parts: Iterator[tuple[str, object]] = iter(())
    if isinstance(node, Mapping):
        parts = iter(node.items())
    elif isinstance(node, list | tuple):
        parts = ((str(index), part) for index, part in enumerate(node))
    for name, part in parts:
        hint_below = _below(hint, name)
        if hint_below is not None:
            yield from _walk(hint_below, part, (*path, name))


def _below(hint: Any, part: str) -> Any:
    """Give the annotation of a key of a table, or of an item of a list."""
    bare, _ = _bare(hint)
    if _is_model(bare):
        return _fields(bare).get(part)
    if get_origin(bare) is Mapping:
        return get_args(bare)[1]
    return _item(bare) if part.isdigit() else None


def _item(bare: Any) -> Any:
    return get_args(bare)[0] if get_origin(bare) is tuple else None


def _bare(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Strip an annotation of `Annotated` and of `| None`; give what it said."""
    if get_origin(hint) is Annotated:
        inner, *metadata = get_args(hint)
        return inner, tuple(metadata)
    if get_origin(hint) in (Union, types.UnionType):
        first, *others = (arg for arg in get_args(hint) if arg is not type(None))
        return (hint, ()) if others else _bare(first)
    return hint, ()


@cache
def _fields(model: type[BaseModel]) -> dict[str, Any]:
    hints = hints_of(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


def _is_model(bare: Any) -> bool:
    return isinstance(bare, type) and issubclass(bare, BaseModel)
