"""One trust, one year: the whole model on one page.

Every line is an equation of docs/model.md, in the same order and with the same
names. Money is GBP million, nominal; rates are fractions of cost a year; a surplus is
positive. Only + - * / and the square root are used, so the bits are the same on
every machine, and selects instead of branches, so a loop over draws is vector code.

The year has five stages, which `trust_year` takes in turn. The block loop takes each
for many draws before the next (see `one_year`): the processor works on as many draws
at a time as it can see, and of the whole year it sees hardly more than one.
"""

import math

from simulator.kernel.jit import compiled, inlined
from simulator.kernel.records import (
    Begun,
    Belief,
    Closed,
    Drivers,
    Left,
    OneOffs,
    Planned,
    Pools,
    Prices,
    Result,
    Rules,
    Saved,
    State,
    Terms,
)

LEAST_COST = 1e-9  # GBP m
LEAST_STOCK = 1e-60  # fraction of cost; less is nothing, and its inverse is not needed
TIE = 1e-9  # relative: a balance or a target met to within rounding is met


@inlined
def smooth_minimum(a: float, b: float, sharpness: float) -> float:
    """Blend towards the smaller of two numbers >= 0 (non-rectangular hyperbola).

    Equal to ((a + b) - sqrt((a + b)^2 - 4 sharpness a b)) / 2, written without
    differences of near-equal numbers: as it stands, that formula loses every digit
    where b << a, and half of them where sharpness is near 1 and a near b.
    """
    total = a + b
    product = a * b
    root = math.sqrt((a - b) * (a - b) + 4.0 * (1.0 - sharpness) * product)
    return 2.0 * sharpness * product / (total + root if total > 0.0 else 1.0)


@inlined
def reciprocals(a: float, b: float) -> tuple[float, float]:
    """Invert two positive numbers with one division, the slowest of operations."""
    inverse = 1.0 / (a * b)
    return inverse * b, inverse * a


@inlined
def prices_of(
    national_share: float, price: float, cost_uplift: float, settled: bool
) -> Prices:
    """Find what prices do: the target is taken out of national ones only."""
    mean = national_share * price + (1.0 - national_share) * cost_uplift
    return Prices(mean, 1.0 / (1.0 + mean) if settled else 1.0)


@inlined
def before_savings(
    state: State,
    drivers: Drivers,
    belief: Belief,
    prices: Prices,
    terms: Terms,
    rules: Rules,
) -> tuple[Begun, bool]:
    """Find activity, cost and income.

    Also says whether cost or income had to be kept from passing zero.
    """
    # Activity: what is funded is given; of the rest, part is treated all the same.
    # Funds for more than is wanted treat those who waited.
    funded = drivers.growth * prices.per_price - 1.0
    unfunded = drivers.demand - funded
    treated = funded + belief.treated * unfunded
    waiting = rules.works_off * max(min(state.unmet, -unfunded), 0.0)
    activity = treated if unfunded > 0.0 else drivers.demand + waiting
    unmet = state.unmet + (drivers.demand - activity)

    # Cost before savings, and income at the year's prices.
    volume_cost = 1.0 + belief.cost_elasticity * activity
    unit_cost = 1.0 + drivers.inflation + drivers.pressure
    cost_before = state.cost * unit_cost * volume_cost + state.payback
    paid = 1.0 + funded + belief.marginal_payment * (activity - funded)
    income = state.income * (1.0 + prices.mean) * (1.0 + drivers.passed_on) * paid
    guarded = (cost_before < LEAST_COST) | (income < 0.0)
    cost_before = max(cost_before, LEAST_COST)
    income = max(income, 0.0)
    per_cost = 1.0 / cost_before
    support = terms.support - terms.opening_cost * drivers.upfront

    begun = Begun(activity, unmet, cost_before, income, support, per_cost)
    return begun, guarded


@inlined
def plan_savings(
    begun: Begun,
    carry_over: float,
    pools: Pools,
    drivers: Drivers,
    belief: Belief,
    terms: Terms,
    rules: Rules,
) -> Planned:
    """Find what is planned and what can be saved.

    `carry_over` and `pools` are the year's opening ones.
    """
    cost_before, income, support = begun.cost_before, begun.income, begun.support
    # What is planned: a floor or the target, part of the gap that is left, and part of
    # last year's debts; within what boards believe can be saved.
    in_deficit = cost_before * (1.0 - terms.rate) > income
    asked = terms.rate + (terms.deficit_addon if in_deficit else 0.0)
    start = asked if terms.follows_tariff else belief.plan_floor * drivers.plan_size
    covered = (income + rules.planned_support * support) * begun.per_cost
    need = max(1.0 - start - covered, 0.0)
    open_debts = (1.0 - belief.gap_closed) * carry_over
    wanted = start + belief.gap_closed * need + open_debts
    limit = belief.plan_limit * drivers.plan_size
    ask = min(smooth_minimum(wanted, limit, rules.plan_sharpness), rules.ask_max)

    # What can be saved for good: of each pool, a part can be reached this year.
    s0, s1, s2 = pools
    h0, h1, h2 = rules.access
    within_reach = h0 * s0 + h1 * s1 + h2 * s2
    capacity = belief.lever * drivers.delivery * within_reach
    return Planned(ask, within_reach, capacity)


@inlined
def save_for_good(
    begun: Begun,
    planned: Planned,
    payback: float,
    pools: Pools,
    sources: OneOffs,
    drivers: Drivers,
    belief: Belief,
    rules: Rules,
) -> Saved:
    """Find recurrent savings; `pools` and `sources` are the year's opening stocks.

    `payback` is the deferred cost, GBP m, in the year's cost and in no later one.
    """
    # Recurrent savings: limited by the ask and by what can be reached. Only their real
    # part lowers cost for good.
    recurrent = smooth_minimum(planned.ask, planned.capacity, belief.sharpness)
    real = belief.real_share * recurrent
    cost = begun.cost_before * (1.0 - real) - payback

    # Productivity: savings and the cheaper unit of more activity, less the pressure.
    gained = real + (1.0 - belief.cost_elasticity) * begun.activity - drivers.pressure
    cash_releasing = gained + drivers.paid_pressure
    measured = gained + belief.quality

    z0, z1, z2, z3 = sources
    available = z0 + z1 + z2 + z3
    per_reach, per_available = reciprocals(
        planned.within_reach if planned.within_reach > LEAST_STOCK else 1.0,
        available if available > LEAST_STOCK else 1.0,
    )

    # Opportunity is used up in proportion to what each pool could give.
    used = real * per_reach
    s0, s1, s2 = pools
    h0, h1, h2 = rules.access
    n0, n1, n2 = drivers.new_opportunity
    opportunity = (
        max(s0 - used * h0 * s0, 0.0) + n0,
        max(s1 - used * h1 * s1, 0.0) + n1,
        max(s2 - used * h2 * s2, 0.0) + n2,
    )
    return Saved(
        recurrent=recurrent,
        cost=cost,
        cash_releasing=cash_releasing,
        measured=measured,
        opportunity=opportunity,
        available=available,
        per_available=per_available,
    )


@inlined
def close_accounts(
    begun: Begun,
    planned: Planned,
    saved: Saved,
    payback: float,
    belief: Belief,
    terms: Terms,
    rules: Rules,
) -> Closed:
    """Find one-off savings and the accounts; `payback` is the year's opening one."""
    cost_before, income = begun.cost_before, begun.income
    # One-off savings: part of what is missing.
    missing = planned.ask - saved.recurrent
    filled = min(belief.one_off_fill * missing, saved.available)
    spent = saved.cost + payback - filled * cost_before
    # Funds for need pay part of what is then short, and a last one-off the rest where
    # it reaches balance.
    short = max(spent - income - begun.support, 0.0)
    support = begun.support + min(rules.need_part * short, terms.need_limit)
    gap = (spent - income - support) * begun.per_cost
    left = saved.available - filled
    reached = (gap > 0.0) & (gap <= belief.balance_reach * left)
    nonrecurrent = filled + (gap if reached else 0.0)

    # The accounts. What is judged as zero is zero.
    balance = income + support - spent + (gap * cost_before if reached else 0.0)
    balance = 0.0 if abs(balance) <= TIE * cost_before else balance
    shortfall = max(missing - nonrecurrent, 0.0)

    return Closed(
        nonrecurrent=nonrecurrent,
        support=support,
        balance=balance,
        shortfall=shortfall,
        carry_over=nonrecurrent + (1.0 - belief.forgiven) * shortfall,
    )


@inlined
def draw_one_offs(
    cost_before: float,
    nonrecurrent: float,
    per_available: float,
    sources: OneOffs,
    backlog: float,
    belief: Belief,
    rules: Rules,
) -> Left:
    """Draw one-off savings from the sources as they stand; some come back as cost.

    `sources` and `backlog` are the year's opening ones.
    """
    z0, z1, z2, z3 = sources
    drawn = nonrecurrent * per_available
    taken = (drawn * z0, drawn * z1, drawn * z2, drawn * z3)
    scale = belief.one_off_scale
    one_offs = (
        min(max(z0 - taken[0], 0.0) + scale * rules.renewal[0], scale * rules.cap[0]),
        min(max(z1 - taken[1], 0.0) + scale * rules.renewal[1], scale * rules.cap[1]),
        min(max(z2 - taken[2], 0.0) + scale * rules.renewal[2], scale * rules.cap[2]),
        min(max(z3 - taken[3], 0.0) + scale * rules.renewal[3], scale * rules.cap[3]),
    )
    returning = (
        rules.payback[0] * taken[0]
        + rules.payback[1] * taken[1]
        + rules.payback[2] * taken[2]
        + rules.payback[3] * taken[3]
    )
    put_off = taken[3] * cost_before
    return Left(
        one_offs=one_offs,
        payback=cost_before * returning,
        backlog=backlog * (1.0 + rules.backlog_growth) + put_off,
    )


@compiled
def trust_year(
    state: State, drivers: Drivers, belief: Belief, terms: Terms, rules: Rules
) -> tuple[State, Result]:
    """Carry one trust through one year."""
    pools, sources, owed = state.opportunity, state.one_offs, state.payback
    prices = prices_of(
        belief.national_share, terms.price, terms.cost_uplift, terms.settled
    )
    begun, guarded = before_savings(state, drivers, belief, prices, terms, rules)
    planned = plan_savings(
        begun, state.carry_over, pools, drivers, belief, terms, rules
    )
    saved = save_for_good(begun, planned, owed, pools, sources, drivers, belief, rules)
    closed = close_accounts(begun, planned, saved, owed, belief, terms, rules)
    left = draw_one_offs(
        begun.cost_before,
        closed.nonrecurrent,
        saved.per_available,
        sources,
        state.backlog,
        belief,
        rules,
    )
    carried = State(
        income=begun.income,
        cost=saved.cost,
        opportunity=saved.opportunity,
        one_offs=left.one_offs,
        carry_over=closed.carry_over,
        payback=left.payback,
        unmet=begun.unmet,
        backlog=left.backlog,
    )
    result = Result(
        activity=begun.activity,
        cost_before=begun.cost_before,
        ask=planned.ask,
        capacity=planned.capacity,
        recurrent=saved.recurrent,
        nonrecurrent=closed.nonrecurrent,
        balance=closed.balance,
        underlying=begun.income - saved.cost,
        support=closed.support,
        cash_releasing=saved.cash_releasing,
        measured=saved.measured,
        shortfall=closed.shortfall,
        guarded=guarded,
    )
    return carried, result
