"""One trust, one year, `LANES` draws at once: the stages of `trust_year` in loops.

What one stage finds stands in the rows of the workspace for the next; each number that
is carried on overwrites last year's as soon as no later stage reads that.
"""

from simulator.kernel import lanes
from simulator.kernel.jit import inlined, pasted
from simulator.kernel.lanes import LANES
from simulator.kernel.outcomes import MET_PLAN
from simulator.kernel.tables import Floats
from simulator.kernel.trust_year import (
    LEAST_COST,
    Begun,
    Belief,
    Drivers,
    OneOffs,
    Planned,
    Pools,
    Rules,
    Saved,
    State,
    Terms,
    before_savings,
    close_accounts,
    draw_one_offs,
    plan_savings,
    save_for_good,
)


@inlined
def belief_of(w: Floats, d: int) -> Belief:
    """Read what is believed in one draw."""
    return Belief(
        w[lanes.BELIEF + lanes.REAL_SHARE + d],
        w[lanes.BELIEF + lanes.SHARPNESS + d],
        w[lanes.BELIEF + lanes.ONE_OFF_FILL + d],
        w[lanes.BELIEF + lanes.BALANCE_REACH + d],
        w[lanes.BELIEF + lanes.FORGIVEN + d],
        w[lanes.BELIEF + lanes.COST_ELASTICITY + d],
        w[lanes.BELIEF + lanes.MARGINAL_PAYMENT + d],
        w[lanes.BELIEF + lanes.TREATED + d],
        w[lanes.BELIEF + lanes.LEVER + d],
        w[lanes.BELIEF + lanes.PLAN_FLOOR + d],
        w[lanes.BELIEF + lanes.GAP_CLOSED + d],
        w[lanes.BELIEF + lanes.PLAN_LIMIT + d],
        w[lanes.BELIEF + lanes.QUALITY + d],
        w[lanes.BELIEF + lanes.ONE_OFF_SCALE + d],
    )


@inlined
def drivers_of(
    drivers: Floats, plan_size: Floats, kind_year: Floats, new: Floats, d: int
) -> Drivers:
    """Read what the year brings to a trust in one draw."""
    return Drivers(
        drivers[lanes.DEMAND + d],
        drivers[lanes.INFLATION + d],
        drivers[lanes.PRESSURE + d],
        drivers[lanes.DELIVERY + d],
        plan_size[d],
        kind_year[lanes.GROWTH + d],
        kind_year[lanes.PASSED_ON + d],
        kind_year[lanes.PAID_PRESSURE + d],
        kind_year[lanes.UPFRONT + d],
        (new[d], new[LANES + d], new[2 * LANES + d]),
    )


@inlined
def add(value: float, place: int, system: Floats, kind: Floats) -> None:
    """Add a trust's contribution to its system's sum and to its type's."""
    system[place] += value
    kind[place] += value


@inlined
def pools_of(w: Floats, d: int) -> Pools:
    """Read the opportunity that a trust has in one draw."""
    return w[lanes.POOL_0 + d], w[lanes.POOL_1 + d], w[lanes.POOL_2 + d]


@inlined
def sources_of(w: Floats, d: int) -> OneOffs:
    """Read the one-offs that a trust has in one draw."""
    return (
        w[lanes.SOURCE_0 + d],
        w[lanes.SOURCE_1 + d],
        w[lanes.SOURCE_2 + d],
        w[lanes.SOURCE_3 + d],
    )


@inlined
def begun_of(w: Floats, d: int) -> Begun:
    """Read what the first stage found in one draw."""
    return Begun(
        w[lanes.ACTIVITY + d],
        w[lanes.UNMET + d],
        w[lanes.COST_BEFORE + d],
        w[lanes.INCOME + d],
        w[lanes.SUPPORT + d],
        w[lanes.PER_COST + d],
    )


@inlined
def planned_of(w: Floats, d: int) -> Planned:
    """Read what the second stage found in one draw."""
    return Planned(
        w[lanes.ASK + d],
        w[lanes.WITHIN_REACH + d],
        w[lanes.CAPACITY + d],
    )


@pasted
def begin_year(
    terms: Terms,
    rules: Rules,
    drivers: Floats,
    plan_size: Floats,
    kind_year: Floats,
    new_opportunity: Floats,
    w: Floats,
    system: Floats,
    kind: Floats,
) -> None:
    """Take `before_savings` for `LANES` draws."""
    for d in range(LANES):
        state = State(
            w[lanes.INCOME + d],
            w[lanes.COST + d],
            pools_of(w, d),
            sources_of(w, d),
            w[lanes.CARRY_OVER + d],
            w[lanes.PAYBACK + d],
            w[lanes.UNMET + d],
            w[lanes.BACKLOG + d],
        )
        brought = drivers_of(drivers, plan_size, kind_year, new_opportunity, d)
        begun, guarded = before_savings(state, brought, belief_of(w, d), terms, rules)
        w[lanes.ACTIVITY + d] = begun.activity
        w[lanes.UNMET + d] = begun.unmet
        w[lanes.COST_BEFORE + d] = begun.cost_before
        w[lanes.INCOME + d] = begun.income
        w[lanes.SUPPORT + d] = begun.support
        w[lanes.PER_COST + d] = begun.per_cost
        w[lanes.TARGET_TOTAL + d] += terms.rate * begun.cost_before
        w[lanes.GUARDED + d] += 1.0 if guarded else 0.0
        add(begun.income, lanes.SUM_INCOME + d, system, kind)
        add(begun.cost_before, lanes.SUM_COST_BEFORE + d, system, kind)
        add(begun.unmet * begun.cost_before, lanes.SUM_UNMET + d, system, kind)


@pasted
def plan_year(
    terms: Terms,
    rules: Rules,
    drivers: Floats,
    plan_size: Floats,
    kind_year: Floats,
    new_opportunity: Floats,
    w: Floats,
    system: Floats,
    kind: Floats,
) -> None:
    """Take `plan_savings` for `LANES` draws."""
    for d in range(LANES):
        begun = begun_of(w, d)
        planned = plan_savings(
            begun,
            w[lanes.CARRY_OVER + d],
            pools_of(w, d),
            drivers_of(drivers, plan_size, kind_year, new_opportunity, d),
            belief_of(w, d),
            terms,
            rules,
        )
        w[lanes.ASK + d] = planned.ask
        w[lanes.WITHIN_REACH + d] = planned.within_reach
        w[lanes.CAPACITY + d] = planned.capacity
        add(planned.ask * begun.cost_before, lanes.SUM_ASK + d, system, kind)


@pasted
def save_year(
    rules: Rules,
    drivers: Floats,
    plan_size: Floats,
    kind_year: Floats,
    new_opportunity: Floats,
    w: Floats,
    system: Floats,
    kind: Floats,
) -> None:
    """Take `save_for_good` for `LANES` draws."""
    for d in range(LANES):
        begun = begun_of(w, d)
        brought = drivers_of(drivers, plan_size, kind_year, new_opportunity, d)
        saved = save_for_good(
            begun,
            planned_of(w, d),
            w[lanes.PAYBACK + d],
            pools_of(w, d),
            sources_of(w, d),
            brought,
            belief_of(w, d),
            rules,
        )
        recurrent_money = saved.recurrent * begun.cost_before
        w[lanes.RECURRENT + d] = saved.recurrent
        w[lanes.COST + d] = saved.cost
        w[lanes.CASH_RELEASING + d] = saved.cash_releasing
        w[lanes.MEASURED + d] = saved.measured
        w[lanes.POOL_0 + d] = saved.opportunity[0]
        w[lanes.POOL_1 + d] = saved.opportunity[1]
        w[lanes.POOL_2 + d] = saved.opportunity[2]
        w[lanes.AVAILABLE + d] = saved.available
        w[lanes.PER_AVAILABLE + d] = saved.per_available
        w[lanes.RECURRENT_TOTAL + d] += recurrent_money
        w[lanes.CASH_RELEASING_TOTAL + d] += saved.cash_releasing
        w[lanes.MEASURED_TOTAL + d] += saved.measured
        add(saved.cost, lanes.SUM_COST + d, system, kind)
        add(recurrent_money, lanes.SUM_RECURRENT + d, system, kind)
        cash_releasing_money = saved.cash_releasing * begun.cost_before
        add(cash_releasing_money, lanes.SUM_CASH_RELEASING + d, system, kind)
        measured_money = saved.measured * begun.cost_before
        add(measured_money, lanes.SUM_MEASURED + d, system, kind)
        pressure_money = brought.pressure * begun.cost_before
        add(pressure_money, lanes.SUM_PRESSURE + d, system, kind)


@pasted
def close_year(
    terms: Terms, rules: Rules, w: Floats, system: Floats, kind: Floats
) -> None:
    """Take `close_accounts` for `LANES` draws."""
    for d in range(LANES):
        begun, planned = begun_of(w, d), planned_of(w, d)
        saved = Saved(
            w[lanes.RECURRENT + d],
            w[lanes.COST + d],
            w[lanes.CASH_RELEASING + d],
            w[lanes.MEASURED + d],
            pools_of(w, d),
            w[lanes.AVAILABLE + d],
            w[lanes.PER_AVAILABLE + d],
        )
        closed = close_accounts(
            begun,
            planned,
            saved,
            w[lanes.PAYBACK + d],
            belief_of(w, d),
            terms,
            rules,
        )
        met = saved.recurrent + closed.nonrecurrent >= MET_PLAN * planned.ask
        nonrecurrent_money = closed.nonrecurrent * begun.cost_before
        w[lanes.CARRY_OVER + d] = closed.carry_over
        w[lanes.NONRECURRENT + d] = closed.nonrecurrent
        w[lanes.SUPPORT + d] = closed.support
        w[lanes.BALANCE + d] = closed.balance
        w[lanes.MARGIN + d] = closed.balance / max(begun.income, LEAST_COST)
        saved_money = saved.recurrent * begun.cost_before + nonrecurrent_money
        w[lanes.SAVED_TOTAL + d] += saved_money
        add(closed.support, lanes.SUM_SUPPORT + d, system, kind)
        add(closed.balance, lanes.SUM_BALANCE + d, system, kind)
        add(nonrecurrent_money, lanes.SUM_NONRECURRENT + d, system, kind)
        add(closed.shortfall * begun.cost_before, lanes.SUM_SHORTFALL + d, system, kind)
        deficit = max(-closed.balance, 0.0)
        add(deficit, lanes.SUM_GROSS_DEFICIT + d, system, kind)
        add(1.0 if deficit > 0.0 else 0.0, lanes.SUM_DEFICITS + d, system, kind)
        add(1.0 if met else 0.0, lanes.SUM_MEETING_PLAN + d, system, kind)


@pasted
def draw_year(rules: Rules, w: Floats, system: Floats, kind: Floats) -> None:
    """Take `draw_one_offs` for `LANES` draws."""
    for d in range(LANES):
        left = draw_one_offs(
            w[lanes.COST_BEFORE + d],
            w[lanes.NONRECURRENT + d],
            w[lanes.PER_AVAILABLE + d],
            sources_of(w, d),
            w[lanes.BACKLOG + d],
            belief_of(w, d),
            rules,
        )
        w[lanes.SOURCE_0 + d] = left.one_offs[0]
        w[lanes.SOURCE_1 + d] = left.one_offs[1]
        w[lanes.SOURCE_2 + d] = left.one_offs[2]
        w[lanes.SOURCE_3 + d] = left.one_offs[3]
        w[lanes.PAYBACK + d] = left.payback
        w[lanes.BACKLOG + d] = left.backlog
        add(left.backlog, lanes.SUM_BACKLOG + d, system, kind)


@pasted
def carry_year(
    terms: Terms,
    rules: Rules,
    drivers: Floats,
    plan_size: Floats,
    kind_year: Floats,
    new_opportunity: Floats,
    w: Floats,
    system: Floats,
    kind: Floats,
) -> None:
    """Carry `LANES` draws of one trust through one year, all in the workspace.

    `system` and `kind` are the year's sums over the trusts of its system and its type,
    to which this one is added.
    """
    begin_year(
        terms,
        rules,
        drivers,
        plan_size,
        kind_year,
        new_opportunity,
        w,
        system,
        kind,
    )
    plan_year(
        terms,
        rules,
        drivers,
        plan_size,
        kind_year,
        new_opportunity,
        w,
        system,
        kind,
    )
    save_year(rules, drivers, plan_size, kind_year, new_opportunity, w, system, kind)
    close_year(terms, rules, w, system, kind)
    draw_year(rules, w, system, kind)
