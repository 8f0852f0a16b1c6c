"""Which values are tried together: a grid, or a Latin hypercube."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.stats import qmc

from simulator.errors import ScenarioError
from simulator.messages import quote
from simulator.types import Floats

MOST: Final = 10_000  # points of one sweep
AS: Final = "write prices.premium=-0.01:0.01:5"


class Vary(NamedTuple):
    """A key that is varied: from where to where, at how many values."""

    key: str
    low: float
    high: float
    number: int

    @property
    def written(self) -> str:
        """Write it as it was given."""
        return f"{self.key}={self.low!r}:{self.high!r}:{self.number}"


def read(words: Sequence[str]) -> tuple[Vary, ...]:
    """Read what is varied, each `KEY=LOW:HIGH:N`.

    Raises
    ------
    ScenarioError
        Where one cannot be read, or a key is given twice or none at all.
    """
    if not words:
        raise ScenarioError("vary", "nothing is varied", f"{AS}, as often as needed")
    found = tuple(_read(one) for one in words)
    keys = [one.key for one in found]
    for key in keys:
        if keys.count(key) > 1:
            raise ScenarioError("vary", f"{key} is varied twice", "give it once")
    return found


def _read(words: str) -> Vary:
    key, _, values = words.partition("=")
    try:
        low, high, number = values.split(":")
        made = Vary(key.strip(), float(low), float(high), int(number))
    except ValueError:
        problem = f"{quote(words)} is not KEY=LOW:HIGH:N"
        raise ScenarioError("vary", problem, AS) from None
    if not (made.key and np.isfinite(made.low) and made.low < made.high):
        problem = f"{quote(words)} does not go from a low to a higher number"
        raise ScenarioError("vary", problem, AS)
    if not (np.isfinite(made.high) and made.number >= 2):
        problem = f"{quote(words)} has fewer than 2 values, or no end"
        raise ScenarioError("vary", problem, AS)
    return made


def grid(varied: Sequence[Vary]) -> Floats:
    """Take every value with every other: (point, key), the last key fastest."""
    number = int(np.prod([float(one.number) for one in varied]))
    _check(number)
    axes = [np.linspace(one.low, one.high, one.number) for one in varied]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def latin(varied: Sequence[Vary], number: int, seed: int) -> Floats:
    """Spread points so that each key has one in every slice: (point, key).

    References
    ----------
    McKay, Beckman and Conover (1979), Technometrics 21, 239-245.
    """
    if number < 2:
        raise ScenarioError(
            "latin", f"{number} is fewer than 2 points", "give 2 or more"
        )
    _check(number)
    unit = qmc.LatinHypercube(len(varied), rng=seed).random(number)
    low, high = np.array([[one.low, one.high] for one in varied]).T
    return np.asarray(low + unit * (high - low))


def _check(number: int) -> None:
    if number > MOST:
        raise ScenarioError(
            "vary", f"comes to {number:,} points", f"try {MOST:,} at the most"
        )
