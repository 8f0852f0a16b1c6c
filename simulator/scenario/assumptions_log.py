"""Every value of a scenario: who set it, where it comes from, how good it is."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.scenario.layers import leaves
from simulator.scenario.load import Loaded

GRADES = "Grades: A from published figures, B indirect evidence, C judgement."


def as_records(loaded: Loaded) -> list[dict[str, Any]]:
    """List the values with their layer, source and grade."""
    return list(_records(loaded))


def render(loaded: Loaded) -> RenderableType:
    """Lay the values out as a table."""
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    for title in ("value of", "is", "set by", "grade", "source"):
        table.add_column(title, overflow="fold")
    for record in _records(loaded):
        table.add_row(
            record["key"],
            str(record["value"]),
            record["layer"],
            record["grade"],
            record["source"],
        )
    return Group(Text(loaded.scenario.title, style="bold"), table, Text(GRADES))


def _records(loaded: Loaded) -> Iterator[dict[str, Any]]:
    for path, value in leaves(loaded.tree):
        key = ".".join(str(part) for part in path)
        origin = loaded.origins[key]
        yield {
            "key": key,
            "value": value,
            "layer": origin.layer,
            "grade": origin.grade,
            "source": origin.source,
        }
