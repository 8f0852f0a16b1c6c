"""The fields of the page: what a key means, what it is, how far its slider reaches."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from simulator import evidence
from simulator.answers.tornado.simulate import tornado
from simulator.explore.settings import FILES, percent
from simulator.messages import dotted
from simulator.scenario import idle, keys, layers, reference
from simulator.scenario import toml as toml_text
from simulator.scenario.assumptions import Belief, Number, Years
from simulator.scenario.distributions import TENTH, Uncertain
from simulator.scenario.load import Loaded
from simulator.scenario.model import Scenario
from simulator.scenario.uncertain import uncertain
from simulator.scenario.values import PRIOR

DRAWS: Final = 200  # by which the keys that matter most are chosen
BELIEFS: Final = 8  # that have a slider from the start
PROGRAMMES: Final = 3
# Levers of money that no single slider moves: a rate for each year.
BY_YEAR: Final = ("prices.cost_uplift", "funding.real_growth")
STEPS: Final = 60  # of a slider, at least
FAR: Final = 0.99  # between whose tails a slider reaches
SWITCH: Final = "enabled"


class Slider(NamedTuple):
    """A range and where it stands at first, in the unit of the field."""

    low: str
    high: str
    step: str
    at: str


@dataclass(frozen=True)
class Field:
    """One key of the scenario as the page asks for it."""

    key: str
    label: str
    unit: str
    now: str
    """What it is in the scenario, in words."""
    percent: bool
    slider: Slider | None
    switch: bool
    """Whether it is on or off."""


def fields(base: Loaded) -> dict[str, Field]:
    """Give a field for every key of a scenario that can be changed on the page."""
    scenario = base.scenario
    assumptions, unread = uncertain(scenario), idle.unread(scenario)
    found = {}
    for path, metadata, value in keys.walk(Scenario, base.tree):
        key, numbers = dotted(path), _number(metadata)
        known = numbers is not None or isinstance(value, bool)
        if path[0] in (*FILES, "targets") or not known or key in unread:
            continue
        belief = assumptions.get(key)
        found[key] = _field(
            key, value, numbers, belief if isinstance(belief, Uncertain) else None
        )
    return found


def first(base: Loaded, target: str, seed: int, threads: int | None) -> list[str]:
    """Choose the keys that have a field from the start: those that move a target most.

    By how far the sector's rate moves from a belief's low value to its high one, or as
    a programme is switched, of `DRAWS` draws; and the levers that are set year by year.
    """
    known = fields(base)
    scenario = base.scenario
    if scenario.beliefs != PRIOR:  # which are drawn together: each by its own source
        return [key for key in BY_YEAR if key in known]
    found = tornado(base, target, draws=DRAWS, seed=seed, threads=threads)
    names = [str(name) for name in found["input"].values]
    beliefs = [name for name in names if name in known]
    switches = [f"{name}.{SWITCH}" for name in names if f"{name}.{SWITCH}" in known]
    by_year = [key for key in BY_YEAR if key in known]
    return beliefs[:BELIEFS] + by_year + switches[:PROGRAMMES]


def _number(metadata: Sequence[Any]) -> Number | None:
    for kind in metadata:
        if isinstance(kind, Belief | Years):
            return kind.number
        if isinstance(kind, Number):
            return kind
    return None


def _field(
    key: str, value: Any, number: Number | None, belief: Uncertain | None
) -> Field:
    entry = evidence.default_entry(key)
    in_percent = number is not None and number.fraction
    unit = entry.unit if entry is not None else number.unit if number else ""
    return Field(
        key=key,
        label=(entry.meaning if entry is not None else _said_of(key)).rstrip("."),
        unit=_unit(unit) if in_percent else unit,
        now=_now(value, belief, in_percent),
        percent=in_percent,
        slider=_slider(value, number, belief, in_percent),
        switch=isinstance(value, bool),
    )


def _said_of(key: str) -> str:
    """Say what a key means that the evidence says nothing of: as the model has it."""
    model: Any = Scenario
    *above, last = key.split(".")
    for part in above:
        held = keys.held(model)
        model = reference.table_in(held[part][0]) if part in held else model
    said = (model.model_fields[last].description or last).replace("\n", " ")
    return said.replace(", fraction a year", "")  # the unit stands beside it


def _unit(unit: str) -> str:
    """Say a unit of fractions as one of percent.

    >>> _unit("fraction a year"), _unit("share of real growth")
    ('% a year', '% of real growth')
    """
    for word in ("fraction", "share"):
        if unit.startswith(word):
            return unit.replace(word, "%", 1)
    return f"%, {unit}" if unit else "%"


def said(value: float, *, in_percent: bool) -> str:
    """Write a number in the unit of its field, with three digits that count."""
    rounded = float(f"{value:.3g}") + 0.0
    return percent(rounded) if in_percent else f"{rounded:g}"


def _now(value: Any, belief: Uncertain | None, in_percent: bool) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return f"[{', '.join(said(each, in_percent=in_percent) for each in value)}]"
    if belief is None or belief.is_certain:
        number = value if belief is None else belief.central()
        if isinstance(number, Mapping):
            return toml_text.value(number)
        return said(number, in_percent=in_percent)
    low, middle, high = (
        said(_at(belief, share, normal), in_percent=in_percent)
        for share, normal in ((0.1, -TENTH), (0.5, 0.0), (0.9, TENTH))
    )
    return f"{middle} ({low} to {high})"


def _at(belief: Uncertain, share: float, normal: float) -> float:
    return float(belief.quantile(np.array(share), np.array(normal)))


def _slider(
    value: Any, number: Number | None, belief: Uncertain | None, in_percent: bool
) -> Slider | None:
    if number is None or layers.is_number(value) is False or isinstance(value, list):
        return None
    scale = 100.0 if in_percent else 1.0
    low, middle, high = (scale * each for each in _ends(value, number, belief))
    if not high > low:
        return None
    step = _step((high - low) / STEPS)
    # Inside the bounds, and on whole steps, so that a thumb stands at round numbers.
    low, high = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step)))
    ends = (
        f"{each * step:.{digits}f}" for each in (low, high, 1, round(middle / step))
    )
    return Slider(*ends)


def _ends(
    value: Any, number: Number, belief: Uncertain | None
) -> tuple[float, float, float]:
    if belief is not None and not belief.is_certain:
        tail = (1.0 - FAR) / 2.0
        far = 2.0 * TENTH  # of a standard normal: 99% lie between
        return (
            _at(belief, tail, -far),
            belief.central(),
            _at(belief, 1.0 - tail, far),
        )
    middle = float(value) if belief is None else belief.central()
    span = abs(middle)
    if not middle:
        is_share = number.low == 0.0 and number.high == 1.0 and not number.below
        span = 1.0 if is_share or not number.fraction else 0.01
    return max(number.low, middle - span), middle, min(number.high, middle + span)


def _step(least: float) -> float:
    """Round down to 1, 2 or 5 of a power of ten."""
    size = 10.0 ** math.floor(math.log10(least))
    return size * max(part for part in (1.0, 2.0, 5.0) if part * size <= least)
