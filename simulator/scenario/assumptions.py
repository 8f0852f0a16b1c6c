"""How one assumption is written: the kinds of value that a key can hold.

A kind stands in an annotation, such as `Annotated[float, Number(low=0)]`. It reads
what a file holds, says in plain words what is wrong with it, tells editors its form,
and gives the value back as a file writes it.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic import (
    ValidationError,
)

from simulator.messages import (
    MISPLACED,
    decimal_comma,
    nearest,
    quote,
    refuse,
    say,
)
from simulator.scenario.distributions import (
    KINDS,
    UNCERTAIN,
    WITHIN,
    Bounded,
    Certain,
    Interval,
    Uncertain,
)
from simulator.scenario.keys import SOURCE, SOURCE_SCHEMA
from simulator.scenario.kinds import JsonSchema, Kind, Listed, is_list

ByYear: TypeAlias = float | tuple[float, ...]
Trend: TypeAlias = Uncertain | tuple[float, ...]
LEVER: Final = "a lever is decided by somebody, so it has no distribution"
LEVER_REMEDY: Final = "write a number; ask 'what if' with another target or scenario"
PLAIN: Final = "write a plain number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Kind):
    """A finite number between bounds, certain.

    Parameters
    ----------
    low, high
        Bounds, included unless `above` or `below` leaves them out.
    above, below
        Whether the lower, the upper bound itself is left out.
    fraction
        Whether it is a fraction, which people like to write as a percentage.
    lever
        Whether somebody decides it.
    by_year
        Key beside it that takes one for each year, if there is one.
    unit
        What it counts; where there is a built-in value, its evidence is more exact.
    """

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False
    fraction: bool = False
    lever: bool = False
    by_year: str = ""
    unit: str = ""

    def read(self, raw: object) -> float:
        """Read a number, or refuse it."""
        if self.by_year and is_list(raw):
            remedy = f"write one number, or call the key {self.by_year}"
            raise refuse("must be a number, got a list", remedy, MISPLACED)
        if isinstance(raw, Mapping) and KINDS.keys() & raw.keys():
            if self.lever:
                raise refuse(LEVER, LEVER_REMEDY)
            raise refuse("takes no distribution", PLAIN)
        value = real(raw)
        self.admit(value)
        return value

    def admits(self, value: float) -> bool:
        """Say whether a number lies inside the bounds."""
        too_low = value <= self.low if self.above else value < self.low
        too_high = value >= self.high if self.below else value > self.high
        return not (too_low or too_high)

    def admit(self, value: float) -> None:
        """Refuse a number outside the bounds."""
        if self.admits(value):
            return
        if self.fraction and self.high <= value < 100:
            remedy = f"write {value / 100:.10g} for {value:.10g}%"
            raise refuse(f"{value:.10g} would be {100 * value:.10g}%", remedy)
        raise refuse(f"{value:.10g} is out of range", f"give {self.range()}")

    def range(self) -> str:
        """Say which numbers are admitted."""
        low = f"{'above' if self.above else 'at least'} {_bound(self.low)}"
        high = f"{'below' if self.below else 'at most'} {_bound(self.high)}"
        bounds = [low] * math.isfinite(self.low) + [high] * math.isfinite(self.high)
        if len(bounds) == 2 and not (self.above or self.below):
            return f"{_bound(self.low)} to {_bound(self.high)}"
        return " ".join(["a number", " and ".join(bounds)]).strip()

    def form(self) -> JsonSchema:
        """Give the JSON Schema."""
        form: JsonSchema = {"type": "number"}
        if math.isfinite(self.low):
            form["exclusiveMinimum" if self.above else "minimum"] = self.low
        if math.isfinite(self.high):
            form["exclusiveMaximum" if self.below else "maximum"] = self.high
        return form


@dataclass(frozen=True, slots=True, kw_only=True)
class Years(Listed):
    """One number for every year, or a list with one a year.

    Parameters
    ----------
    number
        What each may be.
    opening
        Whether a list starts with the opening year, and so is one longer.
    only_list
        Whether one number will not do.
    any_length
        Whether a list may be longer or shorter than the run.
    """

    number: Number
    opening: bool = False
    only_list: bool = False
    any_length: bool = False

    def read(self, raw: object) -> float:
        """Read the number that holds for every year, or refuse it."""
        if self.only_list and not isinstance(raw, Mapping):
            first = "the opening year first" if self.opening else "the first year first"
            problem = f"must be a list, got {say(raw)}"
            raise refuse(problem, f"one a year, {first}", MISPLACED)
        return self.number.read(raw)

    def read_item(self, raw: object) -> float:
        """Read the number of one year, or refuse it."""
        return self.number.read(raw)

    def form(self) -> JsonSchema:
        """Give the JSON Schema."""
        one = self.number.form()
        many = {"type": "array", "items": one, "minItems": 1}
        return many if self.only_list else {"anyOf": [one, many]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief(Listed):
    """An uncertain value; where `by_year`, a list of certain ones will do too."""

    number: Number
    by_year: bool = False
    opening: bool = False
    any_length: bool = False

    def read(self, raw: object) -> Uncertain:
        """Read a number or an uncertain table, or refuse it."""
        if is_list(raw):
            remedy = "write a number or {triangular = [low, mode, high]}"
            raise refuse("must be one value, got a list", remedy, MISPLACED)
        value = parse(raw)
        for bound in value.stated():
            self.number.admit(bound)
        low, high = value.bounds()
        if not (self.number.admits(low) and self.number.admits(high)):
            reach = f"draws reach from {low:.3g} to {high:.3g}"
            raise refuse(f"{value.describe()}: {reach}", self._bounded())
        return value

    def _bounded(self) -> str:
        """Name the forms that stay inside the bounds."""
        form = "{interval = [low, high], within = [least, most]}"
        others = "a triangular or a uniform"
        return f"give {self.number.range()}: write {form}, {others}"

    def read_item(self, raw: object) -> float:
        """Read the number of one year, or refuse it."""
        return self.number.read(raw)

    def takes_list(self) -> bool:
        """Say whether a list will do."""
        return self.by_year

    def form(self) -> JsonSchema:
        """Give the JSON Schema."""
        one = self.number.form()
        forms: list[JsonSchema] = [one, *(_table_form(name) for name in KINDS)]
        if self.by_year:
            forms.append({"type": "array", "items": one})
        return {"anyOf": forms}


def parse(raw: object) -> Uncertain:
    """Read an uncertain value: a number, or a table with exactly one kind.

    Parameters
    ----------
    raw
        As in a file, such as `0.6` or `{"triangular": [0.4, 0.6, 0.8]}`.

    Returns
    -------
    Uncertain
        With its own numbers checked, not where they may lie.
    """
    if isinstance(raw, UNCERTAIN):
        return raw
    if not isinstance(raw, Mapping):
        return Certain(value=real(raw))
    names = [name for name in raw if name not in (SOURCE, WITHIN)]
    for name in names:
        if name not in KINDS:
            raise refuse(f"unknown kind '{name}'", nearest(name, [*KINDS, WITHIN]))
    if len(names) != 1:
        remedy = f"give exactly one of {', '.join(KINDS)}"
        raise refuse(f"{' and '.join(names) or 'no kind'} in one value", remedy)
    value = _distribution(names[0], raw[names[0]])
    return _bounded(value, raw[WITHIN]) if WITHIN in raw else value


def is_series(value: object, kinds: Iterable[object]) -> bool:
    """Say whether a value is a list with one number a year, by its kinds."""
    return is_list(value) and any(isinstance(kind, Years | Belief) for kind in kinds)


def real(raw: object) -> float:
    """Read a finite number, or refuse it."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        problem = f"must be a number, got {say(raw)}"
        raise refuse(problem, _number_meant(raw), MISPLACED)
    try:
        value = float(raw)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise refuse("must be a finite number", PLAIN, MISPLACED)
    return value


def _distribution(kind: str, raw: object) -> Uncertain:
    model = KINDS[kind]
    names = list(model.model_fields)
    form = f"{kind} = [{', '.join(names)}]"
    if not is_list(raw) or len(raw) != len(names):
        got = f"{len(raw)}" if is_list(raw) else say(raw)
        raise refuse(f"{kind} takes {len(names)} numbers, got {got}", f"write {form}")
    numbers = dict(zip(names, map(real, raw), strict=True))
    try:
        return model(**numbers)
    except ValidationError as fault:
        problem = fault.errors()[0]["msg"].removeprefix("Value error, ")
        raise refuse(problem, f"write {form}") from None


def _bounded(value: Uncertain, raw: object) -> Bounded:
    """Put an interval within bounds, or refuse that."""
    form = "write {interval = [low, high], within = [least, most]}"
    if not isinstance(value, Interval):
        raise refuse(f"within goes with an interval, not with {value.kind}", form)
    if not is_list(raw) or len(raw) != 2:
        raise refuse(f"within takes 2 numbers, got {say(raw)}", form)
    least, most = map(real, raw)
    try:
        return Bounded(low=value.low, high=value.high, least=least, most=most)
    except ValidationError as fault:
        problem = fault.errors()[0]["msg"].removeprefix("Value error, ")
        raise refuse(problem, "widen within, or use a triangular") from None


def _number_meant(raw: object) -> str:
    """Guess the number behind a text such as '1.1%', '0,011' or '1,800'."""
    if not isinstance(raw, str):
        return PLAIN
    text = raw.strip()
    comma = decimal_comma(text.removesuffix("%").rstrip())
    text = text.replace(",", "." if comma else "")
    try:
        if text.endswith("%"):
            return f"write {float(text[:-1]) / 100:.10g} for {quote(raw)}"
        if comma:
            return f"write {float(text):.10g}: with a point, not a comma"
        return f"write {float(text):.10g} without quotes"
    except ValueError:
        return PLAIN


def _bound(number: float) -> str:
    return f"{number:,.10g}"


def _table_form(kind: str) -> JsonSchema:
    count = len(KINDS[kind].model_fields)
    numbers = {"type": "array", "items": {"type": "number"}}
    within = {WITHIN: numbers | {"minItems": 2, "maxItems": 2}}
    return {
        "type": "object",
        "properties": {
            kind: numbers | {"minItems": count, "maxItems": count},
            **(within if kind == Interval.kind else {}),
            SOURCE: SOURCE_SCHEMA,
        },
        "required": [kind],
        "additionalProperties": False,
    }
