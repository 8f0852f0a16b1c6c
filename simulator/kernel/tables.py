"""The arrays that go into the block loop and come out of it, each with its axes."""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]


class Trusts(NamedTuple):
    """Opening positions; trusts of one system stand together."""

    address: NDArray[np.uint32]  # (trust,)
    kind: NDArray[np.int64]  # (trust,) index of the type
    first: NDArray[np.int64]  # (system + 1,) where each system's trusts begin
    pay_share: Floats  # (trust,)
    income: Floats  # (trust,) GBP m
    cost: Floats  # (trust,) GBP m
    opportunity: Floats  # (trust, pool)
    carry_over: Floats  # (trust,)
    backlog: Floats  # (trust,) GBP m
    other_weight: Floats  # (trust,) what one unit more of the others' income is


class Sources(NamedTuple):
    """The sources of one-off savings, fractions of cost: (source,)."""

    stock: Floats  # at the opening
    renewal: Floats
    cap: Floats
    payback: Floats  # part of a saving that comes back


class Plan(NamedTuple):
    """What is decided: targets, prices, funds, and the rules for all."""

    rate: Floats  # (target, year)
    deficit_addon: Floats  # (target, year)
    follows_tariff: NDArray[np.bool_]  # (target,)
    own: Counts  # (target,) row of the outcome that the target is meant on
    price: Floats  # (target, year) growth of national prices
    cost_uplift: Floats  # (year,) growth of what other income is paid at
    settled: bool  # whether cash comes, which prices turn into activity
    support: Floats  # (trust, year) GBP m
    need_limit: Floats  # (trust, year) GBP m
    access: Floats  # (year, pool)
    one_offs: Sources
    # Backlog growth, largest ask, sharpness of plans, part of waiting worked off, part
    # of a gap that funds for need pay, part of support that plans count on.
    limits: Floats
    # Sds: demand, pressure, its drift, delivery, persistent delivery, size of plans.
    spread: Floats
    where: Counts  # (year + 1,) counter words, the last without a year


class Fixed(NamedTuple):
    """What no draw and no target changes, as the block loop reads it."""

    address: NDArray[np.uint32]  # (trust,)
    kind: NDArray[np.int64]  # (trust,) index of the type
    first: NDArray[np.int64]  # (system + 1,) where each system's trusts begin
    pay_share: Floats  # (trust,)
    opening: Floats  # (trust, N_STATE) rows of the workspace
    other_weight: Floats  # (trust,)
    n_of_kind: Counts  # (type,) number of trusts


class Nation(NamedTuple):
    """What a draw brings to everybody, in rows of `LANES` draws."""

    belief: Floats  # (batch, N_BELIEFS * LANES)
    year: Floats  # (batch, year, N_NATION * LANES)
    demand: Floats  # (batch, type, year, LANES)
    pressure: Floats  # (batch, type, year, LANES)
    kind_year: Floats  # (batch, type, year, N_KIND_YEAR * LANES)
    new_opportunity: Floats  # (batch, type, year, 3 * LANES)


class Ranges(NamedTuple):
    """First edge and bins per unit of each histogram, last axis (edge, scale)."""

    trust: Floats  # (target, trust, spread, year, 2)
    kind: Floats  # (target, type, group result, year, 2)
    system: Floats  # (target, system, group result, year, 2)


class Successes(NamedTuple):
    """In how many draws who achieves what."""

    trust: Counts  # (target, outcome, trust)
    kind: Counts  # (target, outcome, type)
    system: Counts  # (target, outcome, system)
    sector: Counts  # (target, outcome)
    share: Counts  # (target, outcome, number of trusts achieving)
    guarded: Counts  # (target,)


class Spreads(NamedTuple):
    """Histograms over draws."""

    trust: NDArray[np.uint32]  # (target, trust, spread, year, BINS)
    kind: NDArray[np.uint32]  # (target, type, group result, year, BINS)
    system: NDArray[np.uint32]  # (target, system, group result, year, BINS)


class Tally(NamedTuple):
    """Integer counts over draws: `Successes`, then `Spreads`.

    Adding two tallies in any order is exact.
    """

    trust: Counts
    kind: Counts
    system: Counts
    sector: Counts
    share: Counts
    guarded: Counts
    trust_spread: NDArray[np.uint32]
    kind_spread: NDArray[np.uint32]
    system_spread: NDArray[np.uint32]


class Bins(NamedTuple):
    """Room for the bins of a block; its caller keeps it, as new memory is slow.

    Last axes (result, year, LANES); filled in the order in which bins are found.
    """

    trust: NDArray[np.uint8]  # (batch, target, trust, ...)
    kind: NDArray[np.uint8]  # (batch, target, type, ...)
    system: NDArray[np.uint8]  # (batch, target, system, ...)


class PerDraw(NamedTuple):
    """What is kept of every draw of the block."""

    sector: Floats  # (group result, target, year, draw)
    achieved: NDArray[np.int8]  # (target, outcome, draw)
    # Kept trajectories; no trusts, types or systems long where they are not wanted.
    trust: NDArray[np.float32]  # (kept result, target, year, trust, draw)
    kind: NDArray[np.float32]  # (group result, target, year, type, draw)
    system: NDArray[np.float32]  # (group result, target, year, system, draw)
    # Who achieves, trusts first, then types and systems; no units where not wanted.
    units: NDArray[np.int8]  # (target, outcome, trust + type + system, draw)
