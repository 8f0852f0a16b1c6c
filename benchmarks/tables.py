"""Markdown tables and figures as people read them."""

import math
from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table: the first column to the left, numbers to the right."""
    marks = ["---", *("---:" for _ in head[1:])]
    lines = [head, marks, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def millions(speed: float | None) -> str:
    """Write trust-years a second in millions."""
    if speed is None:
        return "-"
    size = speed / 1e6
    return (
        f"{size:.3f}" if size < 0.1 else f"{size:.2f}" if size < 10 else f"{size:.1f}"
    )


def times(ratio: float) -> str:
    """Write a ratio."""
    if math.isnan(ratio):
        return "-"
    return f"{ratio:.2f}x" if ratio < 10 else f"{ratio:.0f}x"


def seconds(number: float) -> str:
    """Write a time."""
    if math.isnan(number):
        return "-"
    return f"{number:.2f} s" if number < 10 else f"{number:.1f} s"


def mebibytes(number: float) -> str:
    """Write an amount of memory or disk."""
    return f"{number:,.0f} MiB" if number >= 10 else f"{number:.1f} MiB"
