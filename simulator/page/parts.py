"""What a page is made of: sections, and in them words, tables and pictures."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import ClassVar

Row = tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """A paragraph; a strong one is the answer."""

    kind: ClassVar[str] = "words"
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Points:
    """A list."""

    kind: ClassVar[str] = "points"
    items: tuple[str, ...]


@dataclass(frozen=True)
class Commands:
    """Lines to type."""

    kind: ClassVar[str] = "commands"
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of words; `number` is how many columns at its left are not numbers.

    A folded one is opened by whoever wants it, and a searched one has a field above it
    where scripts run; neither is printed while it is closed.
    """

    kind: ClassVar[str] = "table"
    name: str
    caption: str
    columns: Row
    rows: tuple[Row, ...]
    words: int = 1
    folded: bool = False
    searched: bool = False
    choices: tuple[str, ...] = ()
    """Values of `chosen_by`, a column, to choose rows by."""
    chosen_by: int = 0
    keys: Row = ()
    """What an analyst types for each row, in small print below its first cell."""


@dataclass(frozen=True)
class Picture:
    """A drawn figure with its numbers; of one of several targets, or of none."""

    kind: ClassVar[str] = "picture"
    name: str
    title: str
    subtitle: str
    drawn: Future[str]
    numbers: Table
    target: str = ""
    hidden: bool = False

    @property
    def svg(self) -> str:
        """Give the picture, waiting for it where it is still being drawn."""
        return self.drawn.result()


Part = Words | Points | Commands | Table | Picture


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading; `name` is where links lead."""

    name: str
    title: str
    parts: tuple[Part, ...]
    targets: tuple[str, ...] = field(default=())
    """Targets whose pictures it has, to choose from; empty where there is no choice."""
