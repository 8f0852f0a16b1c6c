"""Uncertain values: what is believed of a number, as a quantile function.

A quantile uses only + - * / and the square root, which every machine rounds alike;
the logistic curve is made of them, and so is the standard normal that is handed in.
"""

from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulator.scenario.logistic import logistic, logit

FloatArray: TypeAlias = NDArray[np.float64]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]

TENTH: Final = 1.2815515655446004  # 90% point of the standard normal
# A normal is made from 32 random bits, so that none is farther out than 6.338 standard
# deviations: its reach is known, and a chance of 2e-10 is all that is cut off.
REACH: Final = 6.34
WITHIN: Final = "within"  # the key that bounds an interval


class _Distribution(BaseModel):
    """What the kinds share: they are frozen, and written as `{kind = [...]}`."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
    kind: ClassVar[str]

    @property
    def is_certain(self) -> bool:
        """Say whether one number is certain."""
        return False

    def written(self) -> Any:
        """Give the value as a scenario file writes it."""
        return {self.kind: list(self.model_dump().values())}

    def bounds(self) -> tuple[float, float]:
        """Give the lowest and highest possible value."""
        raise NotImplementedError

    def stated(self) -> tuple[float, float]:
        """Give the lowest and highest number that a file states of where it lies."""
        return self.bounds()

    def _only_if(self, holds: bool, form: str) -> Self:
        if not holds:
            numbers = list(self.model_dump().values())
            raise ValueError(f"{self.kind} takes {form}; got {numbers}")
        return self


class Certain(_Distribution):
    """One number, beyond doubt."""

    kind: ClassVar[str] = "certain"
    value: Finite

    @property
    def is_certain(self) -> bool:
        """Say whether one number is certain."""
        return True

    def written(self) -> float:
        """Give the value as a scenario file writes it: a plain number."""
        return self.value

    def quantile(self, uniform: FloatArray, normal: FloatArray) -> FloatArray:
        """Give the number, in the shape of `uniform`."""
        return np.full(np.shape(uniform), self.value)

    def central(self) -> float:
        """Give the median."""
        return self.value

    def bounds(self) -> tuple[float, float]:
        """Give the lowest and highest possible value."""
        return self.value, self.value

    def describe(self) -> str:
        """Say it in words."""
        return _said(self.value)


class Interval(_Distribution):
    """A central 80% interval of a normal: one in ten lower, one in ten higher."""

    kind: ClassVar[str] = "interval"
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _check(self) -> Self:
        return self._only_if(self.low < self.high, "[low, high] with low below high")

    def quantile(self, uniform: FloatArray, normal: FloatArray) -> FloatArray:
        """Map standard normals, any shape, to values; `uniform` is not used."""
        half = (self.high - self.low) / 2
        return (self.low + half) + (half / TENTH) * np.asarray(normal)

    def central(self) -> float:
        """Give the median."""
        return self.low + (self.high - self.low) / 2

    def bounds(self) -> tuple[float, float]:
        """Give the lowest and highest value that a random number reaches."""
        far = REACH * (self.high - self.low) / (2 * TENTH)
        return self.central() - far, self.central() + far

    def stated(self) -> tuple[float, float]:
        """Give the 10% and 90% points."""
        return self.low, self.high

    def describe(self) -> str:
        """Say it in words."""
        return f"{_said(self.low)} to {_said(self.high)} in eight cases of ten"


class Bounded(_Distribution):
    """A central 80% interval of a logit-normal: a normal on the log odds of its place.

    The place is how far the value stands from `least` to `most`, 0 to 1.
    """

    kind: ClassVar[str] = "interval"
    low: Finite
    high: Finite
    least: Finite
    most: Finite

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.least < self.low < self.high < self.most:
            ends = f"[{_said(self.low)}, {_said(self.high)}]"
            bounds = f"[{_said(self.least)}, {_said(self.most)}]"
            raise ValueError(f"interval = {ends} does not lie inside within = {bounds}")
        return self

    def written(self) -> Any:
        """Give the value as a scenario file writes it."""
        return {self.kind: [self.low, self.high], WITHIN: [self.least, self.most]}

    def quantile(self, uniform: FloatArray, normal: FloatArray) -> FloatArray:
        """Map standard normals, any shape, to values; `uniform` is not used."""
        width = self.most - self.least
        low, high = (logit((end - self.least) / width) for end in (self.low, self.high))
        half = (high - low) / 2
        place = logistic((low + half) + (half / TENTH) * np.asarray(normal))
        value = self.least + width * place
        return np.minimum(np.maximum(value, self.least), self.most)

    def central(self) -> float:
        """Give the median."""
        return float(self.quantile(np.array(0.5), np.array(0.0)))

    def bounds(self) -> tuple[float, float]:
        """Give the lowest and highest possible value."""
        return self.least, self.most

    def stated(self) -> tuple[float, float]:
        """Give the 10% and 90% points."""
        return self.low, self.high

    def describe(self) -> str:
        """Say it in words."""
        span = f"{_said(self.low)} to {_said(self.high)} in eight cases of ten"
        return f"{span}, never outside {_said(self.least)} to {_said(self.most)}"


class Triangular(_Distribution):
    """A lowest, a most likely and a highest value, straight lines between."""

    kind: ClassVar[str] = "triangular"
    low: Finite
    mode: Finite
    high: Finite

    @model_validator(mode="after")
    def _check(self) -> Self:
        ordered = self.low <= self.mode <= self.high and self.low < self.high
        return self._only_if(ordered, "[low, mode, high], rising")

    def quantile(self, uniform: FloatArray, normal: FloatArray) -> FloatArray:
        """Map uniforms in (0, 1), any shape, to values; `normal` is not used."""
        share = np.asarray(uniform)
        width = self.high - self.low
        rise, fall = self.mode - self.low, self.high - self.mode
        left = self.low + np.sqrt(share * width * rise)
        right = self.high - np.sqrt((1.0 - share) * width * fall)
        value = np.where(share * width < rise, left, right)
        return np.minimum(np.maximum(value, self.low), self.high)

    def central(self) -> float:
        """Give the median."""
        return float(self.quantile(np.array(0.5), np.array(0.0)))

    def bounds(self) -> tuple[float, float]:
        """Give the lowest and highest possible value."""
        return self.low, self.high

    def describe(self) -> str:
        """Say it in words."""
        span = f"{_said(self.low)} to {_said(self.high)}"
        return f"{span}, most likely {_said(self.mode)}"


class Uniform(_Distribution):
    """Any value between two, each as likely as another."""

    kind: ClassVar[str] = "uniform"
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _check(self) -> Self:
        return self._only_if(self.low < self.high, "[low, high] with low below high")

    def quantile(self, uniform: FloatArray, normal: FloatArray) -> FloatArray:
        """Map uniforms in (0, 1), any shape, to values; `normal` is not used."""
        value = self.low + (self.high - self.low) * np.asarray(uniform)
        return np.minimum(np.maximum(value, self.low), self.high)

    def central(self) -> float:
        """Give the median."""
        return self.low + (self.high - self.low) / 2

    def bounds(self) -> tuple[float, float]:
        """Give the lowest and highest possible value."""
        return self.low, self.high

    def describe(self) -> str:
        """Say it in words."""
        return f"{_said(self.low)} to {_said(self.high)}, all equally likely"


class Normal(_Distribution):
    """A mean and a standard deviation."""

    kind: ClassVar[str] = "normal"
    mean: Finite
    sd: Finite

    @model_validator(mode="after")
    def _check(self) -> Self:
        return self._only_if(self.sd > 0, "[mean, sd] with sd above 0")

    def quantile(self, uniform: FloatArray, normal: FloatArray) -> FloatArray:
        """Map standard normals, any shape, to values; `uniform` is not used."""
        return self.mean + self.sd * np.asarray(normal)

    def central(self) -> float:
        """Give the median."""
        return self.mean

    def bounds(self) -> tuple[float, float]:
        """Give the lowest and highest value that a random number reaches."""
        return self.mean - REACH * self.sd, self.mean + REACH * self.sd

    def stated(self) -> tuple[float, float]:
        """Give the mean, twice."""
        return self.mean, self.mean

    def describe(self) -> str:
        """Say it in words."""
        return f"about {_said(self.mean)}, standard deviation {_said(self.sd)}"


Uncertain: TypeAlias = Certain | Interval | Bounded | Triangular | Uniform | Normal

KINDS: Final[dict[str, type[Interval | Triangular | Uniform | Normal]]] = {
    kind.kind: kind for kind in (Interval, Triangular, Uniform, Normal)
}
UNCERTAIN: Final = (Certain, Bounded, *KINDS.values())


def _said(number: float) -> str:
    return format(number, ".10g")
