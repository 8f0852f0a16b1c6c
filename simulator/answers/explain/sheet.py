"""A sheet of paper: lines that say how a quantity follows from earlier ones."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

WORD: Final = re.compile(r"(?<![\w.])[A-Za-z_][\w.-]*")
FUNCTIONS: Final = ("min", "max", "sqrt", "exp")


class Line(NamedTuple):
    """One quantity: its name, how it follows from others, and its value."""

    name: str
    formula: str  # in names; empty for what is given or drawn
    inputs: dict[str, float]  # what the names in the formula stand for
    value: float
    remark: str = ""


class Part(NamedTuple):
    """Some lines under a heading."""

    heading: str
    year: int | None
    lines: tuple[Line, ...]


class Sheet:
    """What has been written so far: a name means the value that was written last."""

    def __init__(self) -> None:
        self.known: dict[str, float] = {}

    def lines(
        self,
        formulas: Mapping[str, str],
        values: Mapping[str, float],
        remarks: Mapping[str, str],
    ) -> tuple[Line, ...]:
        """Write a line for each formula, its value taken from `values`."""
        return tuple(
            self._line(name, formula, values[name], remarks.get(name, ""))
            for name, formula in formulas.items()
        )

    def _line(self, name: str, formula: str, value: float, remark: str) -> Line:
        words = [word for word in WORD.findall(formula) if word not in FUNCTIONS]
        inputs = {word: self.known[word] for word in words}
        self.known[name] = value
        return Line(name, formula, inputs, value, remark)
