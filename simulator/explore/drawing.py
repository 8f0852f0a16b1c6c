"""The pictures of the page as SVG, written here: in a thousandth of a second.

The charts of `plots` go through a drawing library that takes half a second for each,
which is too long for a page that answers while a slider moves. Colours and dashes are
theirs. No attribute holds a style: the rules for content of the page would refuse it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

import pandas as pd

from simulator.plots import theme
from simulator.plots.asked_delivered import SIMULATED
from simulator.plots.words import number

BAND: Final = 0.66  # of the room of a bar, that it takes
OWN, OTHER = (theme.BLUE, theme.DASHES[0]), (theme.ORANGE, theme.DASHES[1])
BESIDE: Final = (theme.GREY, theme.DASHES[2])
ONE_OFF, NOT_SPLIT = "#8fb8dc", "#b9b9b9"  # as in `plots.asked_delivered`

Look = tuple[str, Sequence[int]]


@dataclass(frozen=True)
class Point:
    """A chance at a rate, with the ends of its interval: fractions."""

    rate: float
    chance: float
    low: float
    high: float
    hover: str


@dataclass(frozen=True)
class Line:
    """Points that make a line, and what it is called."""

    name: str
    look: Look
    points: tuple[Point, ...]


@dataclass
class Plot:
    """A rectangle with two linear scales, and what is drawn in it."""

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]
    parts: list[str] = field(default_factory=list)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Give the place of a point in pixels."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return self.left + across * self.width, self.top + (1.0 - up) * self.height

    def line(
        self, ends: Iterable[tuple[float, float]], look: Look, wide: float = 2.5
    ) -> None:
        """Draw a line through points."""
        colour, dash = look
        shape = f' stroke-dasharray="{" ".join(map(str, dash))}"' if dash[1] else ""
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*e) for e in ends))
        self.parts.append(
            f'<polyline points="{places}" fill="none" stroke="{colour}" '
            f'stroke-width="{wide}"{shape}/>'
        )

    def area(
        self, low: Sequence[float], high: Sequence[float], colour: str, opacity: float
    ) -> None:
        """Fill what lies between two rows of values at 0, 1, 2 and so on."""
        there = [*enumerate(high), *reversed(list(enumerate(low)))]
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*p) for p in there))
        self.parts.append(
            f'<polygon points="{places}" fill="{colour}" fill-opacity="{opacity}"/>'
        )

    def bar(self, x: float, low: float, high: float, colour: str, faint: bool) -> None:
        """Draw a bar of one unit's room."""
        left, top = self.at(x - BAND / 2.0, high)
        right, bottom = self.at(x + BAND / 2.0, low)
        opacity = ' fill-opacity="0.55"' if faint else ""
        self.parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}" fill="{colour}"{opacity}/>'
        )

    def mark(
        self, x: float, y: float, colour: str, shape: str, hover: str = ""
    ) -> None:
        """Draw a mark: a circle, a square or a diamond."""
        cx, cy = self.at(x, y)
        title = f"<title>{escape(hover)}</title>" if hover else ""
        if shape == "circle":
            drawn = f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="4.5" fill="{colour}">'
            self.parts.append(f"{drawn}{title}</circle>")
            return
        turn = f' transform="rotate(45 {cx:.1f} {cy:.1f})"' * (shape == "diamond")
        self.parts.append(
            f'<rect x="{cx - 4:.1f}" y="{cy - 4:.1f}" width="8" height="8" '
            f'fill="{colour}"{turn}>{title}</rect>'
        )

    def words(
        self, x: float, y: float, text: str, anchor: str, kind: str = "tick"
    ) -> None:
        """Write at a place in pixels."""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">'
            f"{escape(text)}</text>"
        )

    def grid(self, values: Iterable[float], labels: Iterable[str]) -> None:
        """Draw a line across at each value, with its label at the left."""
        for value, label in zip(values, labels, strict=True):
            _, y = self.at(self.x[0], value)
            strong = theme.GREY if value == 0.0 else theme.GRID
            self.line([(self.x[0], value), (self.x[1], value)], (strong, (1, 0)), 1)
            self.words(self.left - 6, y + 4, label, "end")

    def below(self, values: Iterable[float], labels: Iterable[str]) -> None:
        """Write labels below the plot."""
        for value, label in zip(values, labels, strict=True):
            x, _ = self.at(value, self.y[0])
            self.words(x, self.top + self.height + 17, label, "middle")


def picture(plots: Sequence[Plot], width: int, height: int, alt: str) -> str:
    """Put plots into one picture with a text for who does not see it."""
    inner = "".join(part for plot in plots for part in plot.parts)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(alt)}">'
        f"{inner}</svg>"
    )


def ticks(low: float, high: float, n: int = 5) -> list[float]:
    """Choose round numbers between two, about so many.

    >>> ticks(0.0, 9.3), ticks(-12.0, 3.0)
    ([0.0, 2.0, 4.0, 6.0, 8.0], [-10.0, -5.0, 0.0])
    """
    if not high > low:
        return [low]
    least = (high - low) / n
    size = 10.0 ** math.floor(math.log10(least))
    step = size * next(part for part in (1.0, 2.0, 5.0, 10.0) if part * size >= least)
    first = math.ceil(low / step - 1e-9)
    return [k * step + 0.0 for k in range(first, math.floor(high / step + 1e-9) + 1)]


def curve(lines: Sequence[Line], about: float, alt: str) -> str:
    """Draw chances against the rates asked, with their intervals."""
    rates = [point.rate for line in lines for point in line.points]
    room = 0.06 * (max(rates) - min(rates)) or 0.005
    across = min(rates) - room, max(rates) + room
    plot = Plot(48, 30, 580, 232, across, (0.0, 1.0))
    levels = (0.0, 0.2, 0.5, 0.8, 1.0)
    plot.grid(levels, (f"{level:.0%}" for level in levels))
    shown = ticks(100.0 * across[0], 100.0 * across[1], 7)
    plot.below([each / 100.0 for each in shown], (f"{each:g}%" for each in shown))
    plot.words(338, 296, "rate asked, % of cost a year", "middle", "axis")
    plot.line([(about, 0.0), (about, 1.0)], (theme.GREY, (2, 3)), 1)
    for line, shape in zip(lines, ("circle", "square", "diamond"), strict=False):
        plot.line([(p.rate, p.chance) for p in line.points], line.look)
        for p in line.points:
            plot.line([(p.rate, p.low), (p.rate, p.high)], (line.look[0], (1, 0)), 1.5)
            plot.mark(p.rate, p.chance, line.look[0], shape, p.hover)
    _legend(plot, [(line.name, line.look) for line in lines])
    return picture([plot], 640, 304, alt)


def _legend(plot: Plot, looks: Sequence[tuple[str, Look]]) -> None:
    x = plot.left
    for name, (colour, dash) in looks:
        shape = f' stroke-dasharray="{" ".join(map(str, dash))}"' if dash[1] else ""
        plot.parts.append(
            f'<line x1="{x:.0f}" y1="12" x2="{x + 28:.0f}" y2="12" stroke="{colour}" '
            f'stroke-width="2.5"{shape}/>'
        )
        plot.words(x + 34, 16, name, "start", "legend")
        x += 62 + theme.LETTER * len(name)


def fans(spreads: pd.DataFrame, pinned: pd.DataFrame | None, alt: str) -> str:
    """Draw the spread over futures of four figures, year by year, as `plots.fan`."""
    plots = []
    for k, (panel, rows) in enumerate(spreads.groupby("panel", sort=False)):
        years = [str(year)[2:] for year in rows["year"].drop_duplicates()]
        low, high = rows["q05"].min(), rows["q95"].max()
        other = None if pinned is None else pinned[pinned["panel"] == panel]
        if other is not None:
            low, high = min(low, other["q50"].min()), max(high, other["q50"].max())
        room = 0.06 * (high - low) or 1.0
        left, top = 46 + 322 * (k % 2), 26 + 206 * (k // 2)
        ends = (-0.25, len(years) - 0.75), (low - room, high + room)
        plot = Plot(left, top, 264, 150, *ends)
        shown = ticks(low - room, high + room)
        digits = 0 if all(each == round(each) for each in shown) else 1
        plot.grid(shown, (number(each, digits) for each in shown))
        plot.below(range(len(years)), years)
        plot.words(left, top - 10, str(panel), "start", "panel")
        for s, (name, one) in enumerate(rows.groupby("series", sort=False)):
            colour, dash = theme.SERIES[(0, 2)[s]], theme.DASHES[(0, 2)[s]]
            plot.area(list(one["q05"]), list(one["q95"]), colour, 0.16)
            plot.area(list(one["q25"]), list(one["q75"]), colour, 0.32)
            if other is not None:
                same = other[other["series"] == name]
                plot.line(enumerate(same["q50"]), OTHER)
            plot.line(enumerate(one["q50"]), (colour, dash))
            if rows["series"].nunique() > 1:
                x, y = plot.at(len(years) - 1, one["q50"].iloc[-1])
                below = 16 if s else -8
                plot.words(x + 4, y + below, str(name), "end", "series")
        plots.append(plot)
    return picture(plots, 640, 414, alt)


def bars(savings: pd.DataFrame, alt: str) -> str:
    """Draw what is planned and saved by year, as `plots.asked_and_delivered`."""
    columns = [name for name in ("made_high", "made", "planned") if name in savings]
    top = 1.08 * float(savings[columns].max().max())
    plot = Plot(48, 30, 580, 200, (-0.6, len(savings) - 0.4), (0.0, top))
    shown = ticks(0.0, top)
    plot.grid(shown, (f"{each:g}%" for each in shown))
    plot.below(range(len(savings)), (str(year)[2:] for year in savings["year"]))
    for x, (_, row) in enumerate(savings.iterrows()):
        faint = row["kind"] != SIMULATED
        if pd.notna(row["made"]):
            split = row["recurrent"] if pd.notna(row["recurrent"]) else 0.0
            rest = ONE_OFF if split else NOT_SPLIT
            plot.bar(x, 0.0, split, theme.BLUE, faint)
            plot.bar(x, split, row["made"], rest, faint)
        if pd.notna(row.get("made_low")):
            ends = (x, row["made_low"]), (x, row["made_high"])
            plot.line(ends, (theme.INK, (1, 0)), 1.5)
        if pd.notna(row["planned"]):
            hover = f"{row['year']} planned: {number(row['planned'], 1)}% of cost"
            plot.mark(x, row["planned"], theme.ORANGE, "diamond", hover)
    before = int((savings["kind"] != SIMULATED).sum())
    if before:
        edge = before - 0.5
        plot.line([(edge, 0.0), (edge, top)], (theme.GREY, (4, 3)), 1)
        place, _ = plot.at(edge, top)
        plot.words(place - 6, 26, "published", "end", "axis")
        plot.words(place + 6, 26, "simulated", "start", "axis")
    return picture([plot], 640, 262, alt)
