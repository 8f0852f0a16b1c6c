"""The surplus that a trust is held to: published for NHS trusts, else approximated.

The adjusted financial performance (control-total basis) leaves out of the surplus what
a trust cannot manage: impairments, transfers of other bodies, donations and, in
2023/24, the remeasurement of PFI debt. NHS trusts publish it (OTD0230). For foundation
trusts it is put together here from the same parts, but for depreciation of donated
assets, which has no line of its own; how far that misses is seen on NHS trusts, where
both are known.
"""

import math
from collections.abc import Iterable, Sequence
from statistics import fmean, median
from typing import Final, NamedTuple

from simulator.population.imports.tac import Accounts
from simulator.population.imports.tac_codes import DONATIONS

PUBLISHED: Final = "published"
APPROXIMATED: Final = "approximated"
LEAST: Final = 10  # NHS trusts to see an error by
NORMAL: Final = 1.4826  # of a normal distribution, sd over median absolute deviation


class Surplus(NamedTuple):
    """A trust's surplus on the control-total basis, GBP thousand; how it is known."""

    value: float
    basis: str


class Miss(NamedTuple):
    """By how much the approximation misses, fraction of income.

    Parameters
    ----------
    trusts
        NHS trusts that it was seen on.
    mean
        Of approximated less published: above 0, it is too high.
    sd
        Robust: 1.48 times the median distance from the median.
    largest
        Largest distance of one trust.
    """

    trusts: int
    mean: float
    sd: float
    largest: float


def surplus(own: Accounts) -> Surplus:
    """Give a trust's surplus: the published one where there is one."""
    if own.is_nhs_trust:
        return Surplus(own.values["control_total"], PUBLISHED)
    return Surplus(approximate(own), APPROXIMATED)


def approximate(own: Accounts) -> float:
    """Put the surplus together from its parts, GBP thousand; blank is nothing."""
    values = own.values

    def part(name: str) -> float:
        return values.get(name, 0.0)

    return math.fsum(
        (
            values["surplus"],
            -part("absorption"),
            part("impairments"),
            part("pfi_remeasurement"),
            *(-part(name) for name in DONATIONS),
        )
    )


def miss(every: Iterable[Accounts]) -> Miss | None:
    """See how far the approximation misses; None with fewer than `LEAST` NHS trusts."""
    shares = [
        (approximate(own) - own.values["control_total"]) / own.values["income"]
        for own in every
        if own.is_nhs_trust
    ]
    if len(shares) < LEAST:
        return None
    return Miss(len(shares), fmean(shares), _spread(shares), max(map(abs, shares)))


def _spread(values: Sequence[float]) -> float:
    middle = median(values)
    return NORMAL * median(abs(value - middle) for value in values)
