"""Uncertain values: what is believed of a number, as a quantile function.

A quantile uses only + - * / and the square root, which every machine rounds alike;
logarithms and powers are left to whoever makes the standard normal.
"""

from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

FloatArray: TypeAlias = NDArray[np.float64]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]

TENTH: Final = 1.2815515655446004  # 90% point of the standard normal


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
        """Give the lowest and highest number that must lie where the value may."""
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
        """Give the lowest and highest possible value: there is none."""
        return -np.inf, np.inf

    def stated(self) -> tuple[float, float]:
        """Give the 10% and 90% points."""
        return self.low, self.high

    def describe(self) -> str:
        """Say it in words."""
        return f"{_said(self.low)} to {_said(self.high)} in eight cases of ten"


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
        """Give the lowest and highest possible value: there is none."""
        return -np.inf, np.inf

    def stated(self) -> tuple[float, float]:
        """Give the mean, twice: a normal reaches past any bound."""
        return self.mean, self.mean

    def describe(self) -> str:
        """Say it in words."""
        return f"about {_said(self.mean)}, standard deviation {_said(self.sd)}"


Uncertain: TypeAlias = Certain | Interval | Triangular | Uniform | Normal

KINDS: Final[dict[str, type[Interval | Triangular | Uniform | Normal]]] = {
    kind.kind: kind for kind in (Interval, Triangular, Uniform, Normal)
}
UNCERTAIN: Final = (Certain, *KINDS.values())


def _said(number: float) -> str:
    return format(number, ".10g")
