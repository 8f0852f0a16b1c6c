"""One year of all trusts in all draws, as an analyst writes it in NumPy.

Arrays have shape (trust, draw) or broadcast against it; `xp` is NumPy, or JAX's form
of it.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernel.tables import Plan

Floats = NDArray[np.float64]

LEAST_COST = 1e-9


class State(NamedTuple):
    income: Floats
    cost: Floats
    pools: list[Floats]
    sources: list[Floats]
    carry_over: Floats
    payback: Floats
    unmet: Floats
    backlog: Floats


class Brought(NamedTuple):
    demand: Floats
    inflation: Floats
    delivery: Floats
    new_opportunity: list[Floats]


class Terms(NamedTuple):
    rate: float
    deficit_addon: float
    price: float
    funded: Floats  # (trust, 1)
    support: Floats  # (trust, 1)


class Accounts(NamedTuple):
    cost_before: Floats
    ask: Floats
    recurrent: Floats
    nonrecurrent: Floats
    balance: Floats
    productivity: Floats
    shortfall: Floats


def carry_year(
    xp: Any,
    state: State,
    brought: Brought,
    belief: dict[str, Floats],
    terms: Terms,
    plan: Plan,
    y: int,
) -> tuple[State, Accounts]:
    """Carry every trust through a year."""
    eta = belief["cost_elasticity"]
    unfunded = brought.demand - terms.funded
    activity = xp.where(
        unfunded > 0.0, terms.funded + belief["treated"] * unfunded, brought.demand
    )
    unmet = state.unmet + (brought.demand - activity)

    cost_before = xp.maximum(
        state.cost * (1.0 + brought.inflation) * (1.0 + eta * activity) + state.payback,
        LEAST_COST,
    )
    above_plan = belief["marginal_payment"] * (activity - terms.funded)
    paid = 1.0 + terms.funded + above_plan
    income = xp.maximum(state.income * (1.0 + terms.price) * paid, 0.0)

    in_deficit = cost_before * (1.0 - terms.rate) > income
    addon = xp.where(in_deficit, terms.deficit_addon, 0.0)
    ask = xp.clip(terms.rate + addon + state.carry_over, 0.0, plan.limits[1])

    access = plan.access[y]
    reach = sum(h * pool for h, pool in zip(access, state.pools, strict=True))
    capacity = belief["lever"] * brought.delivery * reach
    recurrent = smooth_minimum(xp, ask, capacity, belief["sharpness"])
    real = belief["real_share"] * recurrent

    available = sum(state.sources)
    filled = xp.minimum(belief["one_off_fill"] * (ask - recurrent), available)
    spent = cost_before * (1.0 - real - filled)
    gap = (spent - income - terms.support) / cost_before
    reached = (gap > 0.0) & (gap <= belief["balance_reach"] * (available - filled))
    nonrecurrent = filled + xp.where(reached, gap, 0.0)

    cost = cost_before * (1.0 - real)
    balance = income + terms.support - cost + nonrecurrent * cost_before
    productivity = real + (1.0 - eta) * activity
    shortfall = xp.maximum(ask - recurrent - nonrecurrent, 0.0)

    used = real / xp.where(reach > 0.0, reach, 1.0)
    pools = [
        xp.maximum(pool - used * h * pool, 0.0) + new
        for h, pool, new in zip(
            access, state.pools, brought.new_opportunity, strict=True
        )
    ]
    drawn = nonrecurrent / xp.where(available > 0.0, available, 1.0)
    taken = [drawn * source for source in state.sources]
    _, renewal, cap, payback = plan.one_offs
    sources = [
        xp.minimum(xp.maximum(source - take, 0.0) + renewal[k], cap[k])
        for k, (source, take) in enumerate(zip(state.sources, taken, strict=True))
    ]
    returning = sum(share * take for share, take in zip(payback, taken, strict=True))
    backlog = state.backlog * (1.0 + plan.limits[0]) + taken[-1] * cost_before

    after = State(
        income=income,
        cost=cost,
        pools=pools,
        sources=sources,
        carry_over=nonrecurrent + (1.0 - belief["forgiven"]) * shortfall,
        payback=cost_before * returning,
        unmet=unmet,
        backlog=backlog,
    )
    accounts = Accounts(
        cost_before, ask, recurrent, nonrecurrent, balance, productivity, shortfall
    )
    return after, accounts


def smooth_minimum(xp: Any, a: Floats, b: Floats, sharpness: Floats) -> Floats:
    """Blend towards the smaller of two arrays."""
    product = a * b
    root = xp.sqrt((a - b) ** 2 + 4.0 * (1.0 - sharpness) * product)
    total = a + b
    return 2.0 * sharpness * product / xp.where(total > 0.0, total + root, 1.0)
