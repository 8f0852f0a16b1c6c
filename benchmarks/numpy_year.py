"""One year of all trusts in all draws, as an analyst writes it in NumPy.

Arrays have shape (trust, draw) or broadcast against it; `xp` is NumPy, or JAX's form
of it.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernel.tables import Plan, Trusts

Floats = NDArray[np.float64]

LEAST_COST = 1e-9
TIE = 1e-9
MET_PLAN = 0.95


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
    pressure: Floats
    delivery: Floats
    plan_size: Floats
    growth: Floats
    passed_on: Floats
    paid_pressure: Floats
    upfront: Floats
    new_opportunity: list[Floats]


class Terms(NamedTuple):
    rate: float
    deficit_addon: float
    follows_tariff: bool
    price: float
    cost_uplift: float
    settled: bool
    support: Floats  # (trust, 1)
    need_limit: Floats  # (trust, 1)
    opening_cost: Floats  # (trust, 1)


def terms_of(trusts: Trusts, plan: Plan, k: Any, y: int) -> Terms:
    """Look up what is decided for a year of a target."""
    return Terms(
        rate=plan.rate[k, y],
        deficit_addon=plan.deficit_addon[k, y],
        follows_tariff=plan.follows_tariff[k],
        price=plan.price[k, y],
        cost_uplift=plan.cost_uplift[y],
        settled=plan.settled,
        support=plan.support[:, y][:, None],
        need_limit=plan.need_limit[:, y][:, None],
        opening_cost=trusts.cost[:, None],
    )


class Accounts(NamedTuple):
    support: Floats
    cost_before: Floats
    ask: Floats
    recurrent: Floats
    nonrecurrent: Floats
    balance: Floats
    cash_releasing: Floats
    measured: Floats
    pressure: Floats
    shortfall: Floats
    met_plan: Floats


def carry_year(
    xp: Any,
    state: State,
    brought: Brought,
    belief: dict[str, Floats],
    terms: Terms,
    plan: Plan,
    y: int,
    aim: Any = 0.0,
) -> tuple[State, Accounts]:
    """Carry every trust through a year; `aim` is the balance of a last one-off."""
    eta = belief["cost_elasticity"]
    backlog_growth, ask_max, plan_sharpness, works_off, need_part, planned = plan.limits
    national = belief["national_share"]
    mean_price = national * terms.price + (1.0 - national) * terms.cost_uplift
    funded = xp.where(
        terms.settled, brought.growth / (1.0 + mean_price), brought.growth
    )
    funded = funded - 1.0
    unfunded = brought.demand - funded
    waiting = works_off * xp.clip(state.unmet, 0.0, xp.maximum(-unfunded, 0.0))
    activity = xp.where(
        unfunded > 0.0,
        funded + belief["treated"] * unfunded,
        brought.demand + waiting,
    )
    unmet = state.unmet + (brought.demand - activity)

    unit_cost = 1.0 + brought.inflation + brought.pressure
    cost_before = xp.maximum(
        state.cost * unit_cost * (1.0 + eta * activity) + state.payback, LEAST_COST
    )
    paid = 1.0 + funded + belief["marginal_payment"] * (activity - funded)
    prices = (1.0 + mean_price) * (1.0 + brought.passed_on)
    income = xp.maximum(state.income * prices * paid, 0.0)
    support = terms.support - terms.opening_cost * brought.upfront

    in_deficit = cost_before * (1.0 - terms.rate) > income
    asked = terms.rate + xp.where(in_deficit, terms.deficit_addon, 0.0)
    floor = belief["plan_floor"] * brought.plan_size
    start = xp.where(terms.follows_tariff, asked, floor)
    covered = (income + planned * support) / cost_before
    need = xp.maximum(1.0 - start - covered, 0.0)
    open_debts = (1.0 - belief["gap_closed"]) * state.carry_over
    wanted = start + belief["gap_closed"] * need + open_debts
    limit = belief["plan_limit"] * brought.plan_size
    ask = xp.minimum(smooth_minimum(xp, wanted, limit, plan_sharpness), ask_max)

    access = plan.access[y]
    reach = sum(h * pool for h, pool in zip(access, state.pools, strict=True))
    capacity = belief["lever"] * brought.delivery * reach
    recurrent = smooth_minimum(xp, ask, capacity, belief["sharpness"])
    real = belief["real_share"] * recurrent
    cost = cost_before * (1.0 - real) - state.payback
    gained = real + (1.0 - eta) * activity - brought.pressure

    available = sum(state.sources)
    filled = xp.minimum(belief["one_off_fill"] * (ask - recurrent), available)
    spent = cost + state.payback - filled * cost_before
    short = xp.maximum(spent - income - support, 0.0)
    support = support + xp.minimum(need_part * short, terms.need_limit)
    gap = (spent + aim - income - support) / cost_before
    reached = (gap > 0.0) & (gap <= belief["balance_reach"] * (available - filled))
    nonrecurrent = filled + xp.where(reached, gap, 0.0)

    balance = income + support - spent + xp.where(reached, gap * cost_before, 0.0)
    balance = xp.where(abs(balance) <= TIE * cost_before, 0.0, balance)
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
    scale = belief["one_off_scale"]
    sources = [
        xp.minimum(xp.maximum(source - take, 0.0) + scale * renewal[k], scale * cap[k])
        for k, (source, take) in enumerate(zip(state.sources, taken, strict=True))
    ]
    returning = sum(share * take for share, take in zip(payback, taken, strict=True))
    backlog = state.backlog * (1.0 + backlog_growth) + taken[-1] * cost_before

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
        support=support,
        cost_before=cost_before,
        ask=ask,
        recurrent=recurrent,
        nonrecurrent=nonrecurrent,
        balance=balance,
        cash_releasing=gained + brought.paid_pressure,
        measured=gained + belief["quality"],
        pressure=brought.pressure,
        shortfall=shortfall,
        met_plan=recurrent + nonrecurrent >= MET_PLAN * ask,
    )
    return after, accounts


def smooth_minimum(xp: Any, a: Floats, b: Floats, sharpness: Floats) -> Floats:
    """Blend towards the smaller of two arrays."""
    product = a * b
    root = xp.sqrt((a - b) ** 2 + 4.0 * (1.0 - sharpness) * product)
    total = a + b
    return 2.0 * sharpness * product / xp.where(total > 0.0, total + root, 1.0)
