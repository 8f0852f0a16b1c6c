"""What a key can hold that is no assumption: words, days, whole numbers, lists."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias, TypeGuard

from pydantic import (
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic_core import CoreSchema, core_schema

from simulator.messages import (
    MISPLACED,
    control,
    figure,
    nearest,
    quote,
    refuse,
    say,
)
from simulator.scenario.distributions import (
    UNCERTAIN,
)

JsonSchema: TypeAlias = dict[str, Any]
NAME: Final = re.compile(r"[0-9_-]*[A-Za-z][A-Za-z0-9_-]*")
LONGEST_NAME: Final = 100  # characters; a run file and its variables bear names
LONGEST_TITLE: Final = 300
LONGEST_PATH: Final = 4096
NAME_REMEDY: Final = f"use letters, digits, - and _, at most {LONGEST_NAME}"
DAY_REMEDY: Final = "write year, month and day, such as 2019-01-31"


class Kind(ABC):
    """What a key can hold."""

    __slots__ = ()

    @abstractmethod
    def read(self, raw: object) -> Any:
        """Read what a file holds at the key, or refuse it."""

    @abstractmethod
    def form(self) -> JsonSchema:
        """Give the JSON Schema of it."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read,
            serialization=core_schema.plain_serializer_function_ser_schema(written),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchema:
        return self.form()


class Listed(Kind):
    """A kind that may also be a list of numbers, each faulted at its own place."""

    __slots__ = ()

    @abstractmethod
    def read_item(self, raw: object) -> float:
        """Read one number of the list, or refuse it."""

    def takes_list(self) -> bool:
        """Say whether a list will do."""
        return True

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        item = core_schema.no_info_plain_validator_function(self.read_item)

        def read(
            raw: object, read_list: core_schema.ValidatorFunctionWrapHandler
        ) -> Any:
            if is_list(raw) and self.takes_list():
                return read_list(tuple(raw))
            return self.read(raw)

        return core_schema.no_info_wrap_validator_function(
            read,
            core_schema.tuple_schema([item], variadic_item_index=0),
            serialization=core_schema.plain_serializer_function_ser_schema(written),
        )


@dataclass(frozen=True, slots=True)
class Whole(Kind):
    """A whole number of a range."""

    among: range
    unit: str = ""

    def read(self, raw: object) -> int:
        """Read a whole number, or refuse it."""
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise refuse(f"must be a whole number, got {say(raw)}", kind=MISPLACED)
        if raw not in self.among:
            remedy = f"give {self.among[0]} to {self.among[-1]}"
            raise refuse(f"{figure(raw)} is out of range", remedy)
        return raw

    def form(self) -> JsonSchema:
        """Give the JSON Schema."""
        return {"type": "integer", "minimum": self.among[0], "maximum": self.among[-1]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Kind):
    """One line of text that says something.

    Parameters
    ----------
    longest
        Number of characters it may have.
    plain
        Whether it is a name, of letters, digits, - and _.
    """

    longest: int
    plain: bool = False

    def read(self, raw: object) -> str:
        """Read a text, or refuse it."""
        if not isinstance(raw, str):
            problem = f"must be text, got {say(raw)}"
            raise refuse(problem, "put it in quotes", MISPLACED)
        if not raw.strip():
            raise refuse("is empty", "write something")
        if len(raw.splitlines()) > 1:
            raise refuse("is more than one line", "write it on one")
        if character := control(raw):
            raise refuse(f"holds the control character {character}", "take it out")
        if len(raw) > self.longest:
            problem = f"has {len(raw):,} characters"
            raise refuse(problem, f"write {self.longest:,} at most")
        if self.plain and not NAME.fullmatch(raw):
            raise refuse(f"{quote(raw)} is not a name", NAME_REMEDY)
        return raw

    def form(self) -> JsonSchema:
        """Give the JSON Schema."""
        pattern = {"pattern": f"^{NAME.pattern}$"} if self.plain else {"minLength": 1}
        return {"type": "string", "maxLength": self.longest} | pattern


@dataclass(frozen=True, slots=True)
class Prose(Kind):
    """Text of any number of lines, which may be empty."""

    def read(self, raw: object) -> str:
        """Read a text, or refuse it."""
        if not isinstance(raw, str):
            problem = f"must be text, got {say(raw)}"
            raise refuse(problem, "put it in quotes", MISPLACED)
        if character := control(raw, besides="\t\r\n"):
            raise refuse(f"holds the control character {character}", "take it out")
        return raw

    def form(self) -> JsonSchema:
        """Give the JSON Schema."""
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class Day(Kind):
    """A day, such as 2019-01-31."""

    def read(self, raw: object) -> str:
        """Read a day, or refuse it."""
        if isinstance(raw, date) and not isinstance(raw, datetime):
            return raw.isoformat()
        if isinstance(raw, str):
            try:
                return date.fromisoformat(raw).isoformat()
            except ValueError:
                raise refuse(f"{quote(raw)} is not a day", DAY_REMEDY) from None
        raise refuse(f"must be a day, got {say(raw)}", DAY_REMEDY, MISPLACED)

    def form(self) -> JsonSchema:
        """Give the JSON Schema."""
        return {"type": "string", "format": "date"}


@dataclass(frozen=True, slots=True)
class OneOf(Kind):
    """One of a few words.

    Parameters
    ----------
    words
        Those that may be chosen.
    gone
        Words of earlier versions, each with what to write in its place.
    """

    words: tuple[str, ...]
    gone: tuple[tuple[str, str], ...] = ()

    def read(self, raw: object) -> str:
        """Read a word of the list, or refuse it."""
        if isinstance(raw, str) and raw in self.words:
            return raw
        said = quote(raw) if isinstance(raw, str) else say(raw)
        word = raw if isinstance(raw, str) else ""
        remedy = dict(self.gone).get(word) or nearest(word, self.words)
        raise refuse(f"{said} is not a choice", remedy)

    def form(self) -> JsonSchema:
        """Give the JSON Schema."""
        return {"enum": list(self.words)}


def written(value: Any) -> Any:
    """Give a value as a file writes it: numbers, lists and small tables."""
    if isinstance(value, UNCERTAIN):
        return value.written()
    return list(value) if isinstance(value, tuple) else value


def is_list(raw: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Tell whether a list stands there."""
    return isinstance(raw, list | tuple)
