"""Which published figures beliefs are held against, and how far each may be off."""

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator import evidence
from simulator.answers import measures
from simulator.evidence import record
from simulator.scenario import vintage
from simulator.types import Floats

THIS_PROJECT: Final = vintage.THIS_PROJECT
# The rest of a total and of a part of it says nothing that these two have not said.
REST: Final = ("other_in_deficit", "other_balance")
# A mean of five years that is known stands for its single years, which are in it.
MEAN: Final = "productivity_mean"
YEARS_OF_MEAN: Final = measures.YEARS
IN_MEAN: Final = "productivity"


class Observation(NamedTuple):
    """A published figure that a belief is held against.

    Parameters
    ----------
    measure, year
        What, and of which year.
    value
        As published, or the middle of a range: GBP m or a fraction.
    error
        Standard deviation of its error of measurement.
    discrepancy
        Standard deviation of what the model gets wrong of it.
    published
        Day, month or year of publication.
    source
        Who published it.
    """

    measure: str
    year: int
    value: float
    error: float
    discrepancy: float
    published: str
    source: str

    @property
    def name(self) -> str:
        """Name it in a table."""
        return f"{self.measure} {self.year}"


def scored() -> tuple[Observation, ...]:
    """Give every published figure that has an error, by measure and year."""
    return tuple(
        Observation(
            measure.name,
            year,
            figure.value,
            figure.error,
            evidence.number(f"discrepancy.sd.{measure.name}"),
            figure.entry.date,
            figure.entry.publisher,
        )
        for measure in record.MEASURES
        for year, figure in record.figures(measure).items()
        if figure.error is not None
    )


def of_years(first: int, last: int) -> tuple[Observation, ...]:
    """Give those that a run of some years can foretell: a mean needs all of its."""
    long = last - first + 1 >= YEARS_OF_MEAN
    return tuple(
        o for o in scored() if first <= o.year <= last and (long or o.measure != MEAN)
    )


def fitted(
    observations: Sequence[Observation],
    *,
    until: int | None = None,
    known_at: str | None = None,
) -> NDArray[np.bool_]:
    """Choose those that beliefs are fitted to: each says what no other has said.

    Parameters
    ----------
    observations
        Of `scored`.
    until
        Last year; by default all.
    known_at
        Day after which no figure may have been published, such as `2019-01-31`.
        Arithmetic of this project on other figures has no day, and counts from July
        after the year.
    """
    chosen = np.array(
        [
            observation.measure not in REST
            and (until is None or observation.year <= until)
            and (known_at is None or _known(observation, known_at))
            for observation in observations
        ],
        dtype=np.bool_,
    )
    names = np.array([observation.measure for observation in observations])
    if (chosen & (names == MEAN)).any():
        chosen &= names != IN_MEAN
    return chosen


def _known(observation: Observation, known_at: str) -> bool:
    if observation.source == THIS_PROJECT:
        # What it is made of came out with the year's accounts.
        return date(observation.year + 1, 7, 1) <= date.fromisoformat(known_at)
    return vintage.last_day(observation.published) <= date.fromisoformat(known_at)


def errors(observations: Sequence[Observation], scale: float = 1.0) -> Floats:
    """Give the covariance of measurement and discrepancy: (observation, observation).

    Parameters
    ----------
    observations
        In the order of the covariance.
    scale
        Multiple of the discrepancy.
    """
    correlation = evidence.number("discrepancy.correlation")
    n = len(observations)
    covariance = np.zeros((n, n))
    for i, one in enumerate(observations):
        for j, other in enumerate(observations):
            if one.measure == other.measure:
                together = 1.0 if i == j else correlation
                covariance[i, j] = (
                    together * scale**2 * one.discrepancy * other.discrepancy
                )
        covariance[i, i] += one.error**2
    return covariance
