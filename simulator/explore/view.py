"""What the page says of the futures of a setting, and of those that are pinned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from simulator.answers.headline.estimate import highest_names
from simulator.answers.text import chance
from simulator.explore import drawing
from simulator.explore.drawing import Line, Point
from simulator.explore.futures import Bools, Futures
from simulator.outcomes import HEADLINE_OUTCOME, OF_NAME
from simulator.page.verbal import likely
from simulator.plots import asked_delivered, fan_chart
from simulator.plots.words import interval, money, number, plain, with_draws
from simulator.statistics.intervals import paired_difference, wilson_of_worth

SECTOR: Final = "the sector"
ALIKE: Final = ("outcome", "follows")  # of targets that make one curve


@dataclass(frozen=True)
class Answer:
    """What is shown of a setting; small, so that many can be remembered."""

    draws: int
    about: str
    whose: str
    rows: Mapping[str, Mapping[str, Any]]
    """By target: its rate and its chances, of whom is asked and of the sector."""
    highest: tuple[str, ...]
    """The highest targets with a chance of 80% and of 50%."""
    group: Bools
    """By target and draw, to compare with another setting."""
    spreads: pd.DataFrame
    savings: pd.DataFrame
    worth: float


class Row(NamedTuple):
    """A line of the table: words."""

    target: str
    chance: str
    balanced: str
    sector: str
    pinned: str
    difference: str


def answer(found: Futures, about: str, whose: str) -> Answer:
    """Estimate what is shown, and let go of the draws."""
    chances = _chances(found)
    return Answer(
        draws=found.draws,
        about=about,
        whose=whose,
        rows=chances.to_dataframe().to_dict("index"),
        highest=tuple(name or "none" for name in highest_names(chances, "own")),
        group=found.group,
        spreads=fan_chart.spreads(found.run, about),
        savings=asked_delivered.savings(found.run, about),
        worth=found.worth,
    )


def _chances(found: Futures) -> xr.Dataset:
    targets = found.scenario.targets
    chances = xr.Dataset(
        coords={
            "target": [target.name for target in targets],
            "outcome": ("target", [HEADLINE_OUTCOME[t.basis] for t in targets]),
        }
    )
    chances["rate"] = "target", found.rates.mean(axis=1)
    even = (found.rates == found.rates[:, :1]).all(axis=1)
    plain_rate = [not np.any(target.deficit_addon) for target in targets]
    chances["on_curve"] = "target", even & plain_rate
    chances["follows"] = "target", [target.plan_follows for target in targets]
    parts = {"own": found.group, "sustained": found.balanced, "sector": found.sector}
    for name, achieved in parts.items():
        counts = achieved.sum(axis=1)
        low, high = wilson_of_worth(counts, found.draws, found.worth)
        for end, values in (("", counts / found.draws), ("_low", low), ("_high", high)):
            chances[f"{name}_probability{end}"] = "target", values
    return chances


class View(NamedTuple):
    """All that the page says, in words and pictures."""

    sentence: str
    more: tuple[str, ...]
    rows: tuple[Row, ...]
    titles: tuple[str, ...]
    curve: str
    savings: str
    fans: str
    said_of_savings: str
    said_of_fans: str
    draws: int
    chance: float
    """Of the target that the pictures are of: for tests, and for scripts."""


def view(now: Answer, pinned: Answer | None) -> View:
    """Say what a setting comes to, beside the pinned one if there is one."""
    row = now.rows[now.about]
    rows = tuple(_row(now, pinned, name) for name in now.rows)
    alt = "; ".join(f"{line.target} {line.chance}" for line in rows)
    savings, fans = _said_of_savings(now), _said_of_fans(now)
    return View(
        sentence=_sentence(now),
        more=tuple(_more(now, pinned)),
        rows=rows,
        titles=_titles(now, pinned),
        curve=drawing.curve(
            _lines(now, pinned),
            float(row["rate"]),
            f"Line chart of the chance of {now.whose} by target: {alt}.",
        ),
        savings=drawing.bars(now.savings, f"Bar chart. {savings}"),
        fans=drawing.fans(
            now.spreads,
            None if pinned is None else pinned.spreads,
            f"Four fan charts. {fans}",
        ),
        said_of_savings=savings,
        said_of_fans=fans,
        draws=now.draws,
        chance=float(row["own_probability"]),
    )


def _sentence(now: Answer) -> str:
    row = now.rows[now.about]
    said = with_draws(chance(row, "own_probability"), now.draws)
    word = likely(float(row["own_probability"]))
    return f"To achieve {now.about} a year is {word} for {now.whose}: {said}."


def _more(now: Answer, pinned: Answer | None) -> list[str]:
    meaning = OF_NAME[now.rows[now.about]["outcome"]].meaning
    found = [
        f"The highest target here with a chance of at least 80% for {now.whose} is "
        f"{now.highest[0]}; with at least an even chance, {now.highest[1]}.",
        f"Achieved: {meaning}. In brackets: 95% Monte Carlo interval.",
    ]
    if pinned is not None:
        difference = _difference(now, pinned, now.about)
        found.insert(0, f"Against what is pinned, on the same futures: {difference}.")
    return found


def _titles(now: Answer, pinned: Answer | None) -> tuple[str, ...]:
    titles = ["target", "chance", "and balance"]
    titles += [SECTOR] * (now.whose != SECTOR)
    return (*titles, *(("pinned", "difference") if pinned is not None else ()))


def _row(now: Answer, pinned: Answer | None, name: str) -> Row:
    own = now.rows[name]
    return Row(
        target=name,
        chance=chance(own, "own_probability"),
        balanced=chance(own, "sustained_probability"),
        sector=chance(own, "sector_probability") if now.whose != SECTOR else "",
        pinned="" if pinned is None else chance(pinned.rows[name], "own_probability"),
        difference="" if pinned is None else _difference(now, pinned, name),
    )


def _difference(now: Answer, pinned: Answer, name: str) -> str:
    """Say by how many points a chance is higher than the pinned one, draw by draw."""
    place = list(now.rows).index(name)
    mine, other = now.group[place], pinned.group[place]
    part = now.worth / now.draws
    counts = ((mine & ~other).sum(), (other & ~mine).sum())
    found = paired_difference(part * counts[0], part * counts[1], now.worth)
    value, low, high = (100.0 * float(e) for e in (found.value, found.low, found.high))
    sign = "+" if value >= 0.05 else ""
    return f"{sign}{number(value, 1)} points ({interval(low, high, 1)})"


def _lines(now: Answer, pinned: Answer | None) -> list[Line]:
    """Give the lines of the curve: of whom is asked, what is pinned, the sector."""
    lines = [Line(now.whose, drawing.OWN, _points(now, "own"))]
    if pinned is not None:
        lines.append(Line("pinned", drawing.OTHER, _points(pinned, "own")))
    if now.whose != SECTOR:
        lines.append(Line(SECTOR, drawing.BESIDE, _points(now, "sector")))
    return lines


def _points(one: Answer, name: str) -> tuple[Point, ...]:
    """Give the points of a curve: targets that ask the same every year, by rate.

    Of those that mean the same as the target that the pictures are of, and whose plans
    follow the same; that target itself is always there.
    """
    about = one.rows[one.about]
    same = [
        (row["rate"], target, row)
        for target, row in one.rows.items()
        if target == one.about
        or (row["on_curve"] and all(row[key] == about[key] for key in ALIKE))
    ]
    return tuple(
        Point(
            rate, *_ends(row, name), f"{target}: {chance(row, f'{name}_probability')}"
        )
        for rate, target, row in sorted(same, key=lambda one: one[:2])
    )


def _ends(row: Mapping[str, Any], name: str) -> tuple[float, float, float]:
    """Give a chance and the ends of its interval."""
    chance, low, high = (
        float(row[f"{name}_probability{end}"]) for end in ("", "_low", "_high")
    )
    return chance, low, high


def _said_of_savings(now: Answer) -> str:
    first = now.savings[now.savings["kind"] == asked_delivered.SIMULATED].iloc[0]
    planned, made = (
        f"{number(first[name], 1)}% "
        f"({interval(first[f'{name}_low'], first[f'{name}_high'], 1)})"
        for name in ("planned", "made")
    )
    return (
        f"Under {now.about} the sector plans {planned} of its cost in {first['year']} "
        f"and saves {made}; 80% of futures in brackets, {now.draws:,} draws."
    )


def _said_of_fans(now: Answer) -> str:
    last = now.spreads[now.spreads["year"] == now.spreads["year"].iloc[-1]]
    by_name = last.set_index("series")
    balance, deficit = by_name.loc["balance"], by_name.loc["trusts in deficit"]
    ends = [money(1000.0 * balance[name]) for name in ("q50", "q10", "q90")]
    trusts = [number(deficit[name]) for name in ("q50", "q10", "q90")]
    return (
        f"Under {now.about} the sector's balance of {balance['year']} is {ends[0]} "
        f"({ends[1]} to {ends[2]}), and {trusts[0]} trusts ({trusts[1]} to "
        f"{trusts[2]}) are in deficit; 80% of futures in brackets, {now.draws:,} draws."
    )


def whose(group: str) -> str:
    """Name whose chance is asked for: a type, a system, or the sector."""
    by, _, name = group.partition(":")
    if by == "type":
        return f"{plain(name)} trusts"
    return f"system {name}" if name else SECTOR
