"""Published totals spread over trusts: who is in deficit, by how much, and the rest.

Money is worked out in whole GBP thousand, so that sums hold exactly and the last
bits of a logarithm on some machine do not matter. Every draw is keyed by population,
trust code and variable. What a total leaves for a trust still depends on the others:
`rates` draws one trust whoever else is in the list.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator import evidence
from simulator.schema import TRUST_TYPES

FloatArray = NDArray[np.float64]

ACUTE: Final = "acute"
THOUSAND: Final = 1000
TAIL: Final = 0.005  # no trust is beyond the 0.5% and the 99.5% point


class Years(NamedTuple):
    """First calendar years of the figures that a packaged population stands on."""

    base: int
    opening: int
    backlog: int
    backlog_by_type: int


# Of each packaged population.
YEARS: Final = {
    "providers-2012": Years(2012, 2012, 2013, 2013),
    "providers-2015": Years(2015, 2015, 2015, 2015),
    "providers-2018": Years(2017, 2018, 2017, 2016),
    "providers-2025": Years(2025, 2025, 2024, 2024),
}


class Listed(NamedTuple):
    """A trust before anything of it is drawn; `size` in GBP thousand a year."""

    code: str
    type: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What drawn figures must add to: numbers of trusts, and GBP thousand.

    Parameters
    ----------
    in_deficit
        Number of trusts in deficit, by type.
    gross_deficit, gross_surplus
        Sums of deficits and of surpluses, both 0 or more, by type.
    support, one_offs
        Support funds and one-offs inside the reported balances.
    backlog
        Maintenance put off, by type.
    largest_deficit, largest_surplus
        Of one acute trust, where they are published.
    """

    in_deficit: Mapping[str, int]
    gross_deficit: Mapping[str, int]
    gross_surplus: Mapping[str, int]
    support: int
    one_offs: int
    backlog: Mapping[str, int]
    largest_deficit: int | None = None
    largest_surplus: int | None = None


class Balances(NamedTuple):
    """Of each trust, GBP thousand: reported = income + support - cost + one_off."""

    reported: list[int]
    support: list[int]
    one_off: list[int]


class Draws(NamedTuple):
    """Where draws come from: `like` is the packaged population that is their key."""

    like: str

    def uniform(self, code: str, variable: str) -> float:
        """Give the uniform number in (0, 1) of one variable of one trust."""
        key = "\x1f".join((self.like, code, variable)).encode()
        hashed = hashlib.blake2b(key, digest_size=8).digest()
        return ((int.from_bytes(hashed, "little") >> 11) + 0.5) / 2**53

    def normal(self, code: str, variable: str) -> float:
        """Give the standard normal number of one variable of one trust, tails cut."""
        return bounded_normal(self.uniform(code, variable))

    def even_normals(self, trusts: Sequence[Listed], variable: str) -> list[float]:
        """Give normal numbers spaced evenly, in the order of the trusts' own draws.

        So few trusts show a whole distribution.
        """
        draws = [self.uniform(trust.code, variable) for trust in trusts]
        ranked = sorted(draws)
        return [
            bounded_normal((ranked.index(draw) + 0.5) / len(draws)) for draw in draws
        ]


def draw_balances(draws: Draws, trusts: Sequence[Listed], totals: Totals) -> Balances:
    """Draw the reported balance, the support and the one-offs of each trust.

    Parameters
    ----------
    draws
        Where numbers come from.
    trusts
        With their size, GBP thousand.
    totals
        What the draws add to, exactly.
    """
    reported = draw_reported(draws, trusts, totals)
    in_deficit = [balance < 0 for balance in reported]
    return Balances(
        reported,
        draw_support(draws, trusts, in_deficit, totals.support),
        draw_one_offs(draws, trusts, in_deficit, totals.one_offs),
    )


def draw_reported(draws: Draws, trusts: Sequence[Listed], totals: Totals) -> list[int]:
    """Draw the reported balance of each trust, GBP thousand; surplus is positive."""
    unlucky = _in_deficit(draws, trusts, totals.in_deficit)
    reported = [0] * len(trusts)
    sides = (
        ("deficit", -1, totals.gross_deficit, totals.largest_deficit),
        ("surplus", 1, totals.gross_surplus, totals.largest_surplus),
    )
    for word, sign, gross, largest in sides:
        for kind in TRUST_TYPES:
            rows = [
                row
                for row, trust in enumerate(trusts)
                if trust.type == kind and (row in unlucky) == (sign < 0)
            ]
            weights = _lognormal(draws, [trusts[row] for row in rows], word)
            pinned = largest if kind == ACUTE else None
            parts = share_out(gross[kind], weights, pinned)
            for row, part in zip(rows, parts, strict=True):
                reported[row] = sign * part
    return reported


def draw_support(
    draws: Draws, trusts: Sequence[Listed], in_deficit: Sequence[bool], total: int
) -> list[int]:
    """Share out the support funds of the base year, GBP thousand."""
    weights = [
        trust.size * support_weight(draws.like, trust.type, deficit)
        for trust, deficit in zip(trusts, in_deficit, strict=True)
    ]
    return share_out(total, weights)


def support_weight(like: str, kind: str, in_deficit: bool) -> float:
    """Give the support of a trust for its size, an acute one in surplus having 1."""
    base = YEARS[like].base
    other = evidence.number(f"opening.shape.support_non_acute.{base}")
    helped = evidence.number(f"opening.shape.support_in_deficit.{base}")
    return (1.0 if kind == ACUTE else other) * (helped if in_deficit else 1.0)


def draw_one_offs(
    draws: Draws, trusts: Sequence[Listed], in_deficit: Sequence[bool], total: int
) -> list[int]:
    """Share out the one-offs of the base year, GBP thousand."""
    weights = [
        weight * one_off_weight(deficit)
        for weight, deficit in zip(
            _lognormal(draws, trusts, "one_off"), in_deficit, strict=True
        )
    ]
    return share_out(total, weights)


def one_off_weight(in_deficit: bool) -> float:
    """Give the one-offs of a trust for its size, one in surplus having 1."""
    return evidence.number("opening.shape.one_off_in_deficit") if in_deficit else 1.0


def carry_over(like: str, one_off: Sequence[int], cost: Sequence[int]) -> list[float]:
    """Give the savings to be found again, fraction of cost, as one-offs are spread."""
    mean = evidence.number(f"opening.carry_over.{YEARS[like].base}")
    scale = mean * sum(cost) / sum(one_off)
    return [round(scale * o / c, 6) for o, c in zip(one_off, cost, strict=True)]


def opportunity(like: str, number: float) -> float:
    """Give the opportunity that a normal number stands for, fraction of cost."""
    mean = evidence.number(f"opening.opportunity.{YEARS[like].opening}")
    spread = evidence.number("opening.opportunity_spread") / bounded_normal(0.9)
    return round(mean * (1 + spread * number), 6)


def pay_share(kind: str, number: float) -> float:
    """Give the pay share that a normal number stands for, fraction of cost."""
    spread = evidence.number("opening.shape.pay_share")
    return round(evidence.number(f"opening.pay_share.{kind}") + spread * number, 6)


def draw_backlog(
    draws: Draws, trusts: Sequence[Listed], totals: Mapping[str, int]
) -> list[int]:
    """Share out the backlog of each type, GBP thousand."""
    backlog = [0] * len(trusts)
    for kind in TRUST_TYPES:
        rows = [row for row, trust in enumerate(trusts) if trust.type == kind]
        weights = _lognormal(draws, [trusts[row] for row in rows], "backlog")
        for row, part in zip(rows, share_out(totals[kind], weights), strict=True):
            backlog[row] = part
    return backlog


def draw_systems(draws: Draws, trusts: Sequence[Listed]) -> list[str]:
    """Put each trust into a system, each of which gets an acute trust.

    Systems without an acute trust get one from the system that has most.
    """
    names = system_names(draws.like)
    chosen = [own_system(draws, trust.code) for trust in trusts]
    acute = [row for row, trust in enumerate(trusts) if trust.type == ACUTE]
    for name in names:
        held = [chosen[row] for row in acute]
        if name not in held:
            richest = max(names, key=held.count)
            moved = max(
                (draws.uniform(trusts[row].code, name), row)
                for row in acute
                if chosen[row] == richest
            )
            chosen[moved[1]] = name
    return chosen


def of_year(like: str, key: str) -> float:
    """Give a figure of a population's base year, or the one that holds for others."""
    own = f"opening.{key}.{YEARS[like].base}"
    return evidence.number(own if own in evidence.figures() else f"opening.{key}")


def system_names(like: str) -> list[str]:
    """Name as many systems as the country had."""
    count = int(of_year(like, "systems"))
    return [f"system-{number:02d}" for number in range(1, count + 1)]


def own_system(draws: Draws, code: str) -> str:
    """Give the system with a trust's highest draw."""
    names = system_names(draws.like)
    return max(names, key=lambda name: draws.uniform(code, name))


def share_out(
    total: int, weights: Sequence[float], largest: int | None = None
) -> list[int]:
    """Share a whole number out by weight, exactly, with 1 or more for each if it can.

    Parameters
    ----------
    total
        What the parts add to, 0 or more.
    weights
        Above 0.
    largest
        What the part with the largest weight gets, whatever its weight.

    Examples
    --------
    >>> share_out(10, [1, 1, 1])
    [4, 3, 3]
    >>> share_out(10, [1, 2, 1], largest=7)
    [2, 7, 1]
    """
    if not weights:
        return []
    if largest is not None and len(weights) > 1:
        top = max(range(len(weights)), key=weights.__getitem__)
        rest = [weight for row, weight in enumerate(weights) if row != top]
        parts = share_out(total - largest, rest)
        return [*parts[:top], largest, *parts[top:]]
    # Fractions, because rounded shares can add to more than there is to share.
    exact = [Fraction(weight) for weight in weights]
    scale = total / sum(exact)
    shares = [scale * weight for weight in exact]
    parts = [math.floor(share) for share in shares]
    first = sorted(range(len(parts)), key=lambda row: (parts[row] - shares[row], row))
    for row in first[: total - sum(parts)]:
        parts[row] += 1
    for _ in range(parts.count(0) if total >= len(parts) else 0):
        parts[parts.index(max(parts))] -= 1
        parts[parts.index(0)] += 1
    return parts


def thousands(values: FloatArray) -> list[int]:
    """Turn GBP million into whole GBP thousand."""
    return [round(value * THOUSAND) for value in values.tolist()]


def millions(values: Sequence[int]) -> FloatArray:
    """Turn whole GBP thousand into GBP million."""
    return np.array(values, dtype=np.float64) / THOUSAND


def _in_deficit(
    draws: Draws, trusts: Sequence[Listed], counts: Mapping[str, int]
) -> set[int]:
    """Pick, of each type, the trusts in deficit: those with the lowest draws."""
    picked: set[int] = set()
    for kind in TRUST_TYPES:
        rows = [row for row, trust in enumerate(trusts) if trust.type == kind]
        rows.sort(key=lambda row: draws.uniform(trusts[row].code, "in_deficit"))
        picked.update(rows[: counts[kind]])
    return picked


def _lognormal(draws: Draws, trusts: Sequence[Listed], shape: str) -> list[float]:
    """Draw weights around the sizes of trusts, as widely as `shape` says."""
    numbers = draws.even_normals(trusts, shape)
    power = of_year(draws.like, "shape.deficit_power") if shape == "deficit" else 1.0
    return [
        trust.size**power * multiplier(draws.like, shape, number)
        for trust, number in zip(trusts, numbers, strict=True)
    ]


def multiplier(like: str, shape: str, number: float) -> float:
    """Give the lognormal multiple that a normal number stands for."""
    return math.exp(of_year(like, f"shape.{shape}") * number)


def bounded_normal(share: float) -> float:
    """Give a normal quantile, tails cut."""
    return NormalDist().inv_cdf(TAIL + (1 - 2 * TAIL) * share)
