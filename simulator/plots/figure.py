"""A chart with what is said of it: its title, its words and its numbers."""

import textwrap
from dataclasses import dataclass
from typing import Any

from simulator.plots import theme

Row = tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """A chart, and the same for whoever does not see it.

    Attributes
    ----------
    chart
        Of Altair, without a title.
    title
        The answer, with its interval and number of draws: one sentence.
    subtitle
        What is drawn, in which unit, and what bands and brackets are.
    alt
        What the picture shows, written from its numbers.
    columns, rows
        Its numbers as a table of words, for reading.
    wide
        Width of the chart in pixels, by which its titles are broken into lines.
    """

    chart: Any
    title: str
    subtitle: str
    alt: str
    columns: Row
    rows: tuple[Row, ...]
    wide: int = theme.WIDTH

    def as_record(self) -> dict[str, Any]:
        """Give what is said of the chart, and its numbers as they are written."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {
            "title": self.title,
            "subtitle": self.subtitle,
            "description": self.alt,
            "numbers": rows,
        }

    def titled(self) -> Any:
        """Give the chart with its title, its second lines and its description."""
        letters = int(self.wide / theme.LETTER)
        title = {
            "text": textwrap.wrap(self.title, int(letters * 0.78)),
            "subtitle": textwrap.wrap(self.subtitle, letters),
        }
        return self.dressed(title=title)

    def dressed(self, **more: Any) -> Any:
        """Give the chart in the theme, with its description."""
        found = self.chart.properties(description=self.alt, **more)
        return found.configure(**theme.config())
