"""One trust, one year, `LANES` draws at once: the stages of `trust_year` in loops.

What one stage finds stands in the rows of the workspace for the next; each number that
is carried on overwrites last year's as soon as no later stage reads that.
"""

from simulator.kernel import workspace
from simulator.kernel.jit import inlined, pasted
from simulator.kernel.outcomes import MET_PLAN
from simulator.kernel.records import (
    Begun,
    Belief,
    Drivers,
    OneOffs,
    Planned,
    Pools,
    Prices,
    Rules,
    Saved,
    State,
    Terms,
)
from simulator.kernel.tables import Floats
from simulator.kernel.trust_year import (
    LEAST_COST,
    before_savings,
    close_accounts,
    draw_one_offs,
    plan_savings,
    save_for_good,
)
from simulator.kernel.workspace import LANES


@inlined
def belief_of(w: Floats, d: int) -> Belief:
    """Read what is believed in one draw."""
    return Belief(
        w[workspace.BELIEF + workspace.REAL_SHARE + d],
        w[workspace.BELIEF + workspace.SHARPNESS + d],
        w[workspace.BELIEF + workspace.ONE_OFF_FILL + d],
        w[workspace.BELIEF + workspace.BALANCE_REACH + d],
        w[workspace.BELIEF + workspace.FORGIVEN + d],
        w[workspace.BELIEF + workspace.COST_ELASTICITY + d],
        w[workspace.BELIEF + workspace.MARGINAL_PAYMENT + d],
        w[workspace.BELIEF + workspace.TREATED + d],
        w[workspace.BELIEF + workspace.LEVER + d],
        w[workspace.BELIEF + workspace.PLAN_FLOOR + d],
        w[workspace.BELIEF + workspace.GAP_CLOSED + d],
        w[workspace.BELIEF + workspace.PLAN_LIMIT + d],
        w[workspace.BELIEF + workspace.QUALITY + d],
        w[workspace.BELIEF + workspace.NATIONAL_SHARE + d],
        w[workspace.BELIEF + workspace.ONE_OFF_SCALE + d],
    )


@inlined
def drivers_of(
    drivers: Floats, plan_size: Floats, kind_year: Floats, new: Floats, d: int
) -> Drivers:
    """Read what the year brings to a trust in one draw."""
    return Drivers(
        drivers[workspace.DEMAND + d],
        drivers[workspace.INFLATION + d],
        drivers[workspace.PRESSURE + d],
        drivers[workspace.DELIVERY + d],
        plan_size[d],
        kind_year[workspace.GROWTH + d],
        kind_year[workspace.PASSED_ON + d],
        kind_year[workspace.PAID_PRESSURE + d],
        kind_year[workspace.UPFRONT + d],
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
    return w[workspace.POOL_0 + d], w[workspace.POOL_1 + d], w[workspace.POOL_2 + d]


@inlined
def sources_of(w: Floats, d: int) -> OneOffs:
    """Read the one-offs that a trust has in one draw."""
    return (
        w[workspace.SOURCE_0 + d],
        w[workspace.SOURCE_1 + d],
        w[workspace.SOURCE_2 + d],
        w[workspace.SOURCE_3 + d],
    )


@inlined
def begun_of(w: Floats, d: int) -> Begun:
    """Read what the first stage found in one draw."""
    return Begun(
        w[workspace.ACTIVITY + d],
        w[workspace.UNMET + d],
        w[workspace.COST_BEFORE + d],
        w[workspace.INCOME + d],
        w[workspace.SUPPORT + d],
        w[workspace.PER_COST + d],
    )


@inlined
def planned_of(w: Floats, d: int) -> Planned:
    """Read what the second stage found in one draw."""
    return Planned(
        w[workspace.ASK + d],
        w[workspace.WITHIN_REACH + d],
        w[workspace.CAPACITY + d],
    )


@pasted
def begin_year(
    terms: Terms,
    rules: Rules,
    prices: Floats,
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
            w[workspace.INCOME + d],
            w[workspace.COST + d],
            pools_of(w, d),
            sources_of(w, d),
            w[workspace.CARRY_OVER + d],
            w[workspace.PAYBACK + d],
            w[workspace.UNMET + d],
            w[workspace.BACKLOG + d],
        )
        brought = drivers_of(drivers, plan_size, kind_year, new_opportunity, d)
        begun, guarded = before_savings(
            state,
            brought,
            belief_of(w, d),
            Prices(prices[workspace.MEAN_PRICE + d], prices[workspace.PER_PRICE + d]),
            terms,
            rules,
        )
        w[workspace.ACTIVITY + d] = begun.activity
        w[workspace.UNMET + d] = begun.unmet
        w[workspace.COST_BEFORE + d] = begun.cost_before
        w[workspace.INCOME + d] = begun.income
        w[workspace.SUPPORT + d] = begun.support
        w[workspace.PER_COST + d] = begun.per_cost
        w[workspace.TARGET_TOTAL + d] += terms.rate * begun.cost_before
        w[workspace.GUARDED + d] += 1.0 if guarded else 0.0
        add(begun.income, workspace.SUM_INCOME + d, system, kind)
        add(begun.cost_before, workspace.SUM_COST_BEFORE + d, system, kind)
        add(begun.unmet * begun.cost_before, workspace.SUM_UNMET + d, system, kind)


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
            w[workspace.CARRY_OVER + d],
            pools_of(w, d),
            drivers_of(drivers, plan_size, kind_year, new_opportunity, d),
            belief_of(w, d),
            terms,
            rules,
        )
        w[workspace.ASK + d] = planned.ask
        w[workspace.WITHIN_REACH + d] = planned.within_reach
        w[workspace.CAPACITY + d] = planned.capacity
        add(planned.ask * begun.cost_before, workspace.SUM_ASK + d, system, kind)


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
            w[workspace.PAYBACK + d],
            pools_of(w, d),
            sources_of(w, d),
            brought,
            belief_of(w, d),
            rules,
        )
        recurrent_money = saved.recurrent * begun.cost_before
        w[workspace.RECURRENT + d] = saved.recurrent
        w[workspace.COST + d] = saved.cost
        w[workspace.CASH_RELEASING + d] = saved.cash_releasing
        w[workspace.MEASURED + d] = saved.measured
        w[workspace.POOL_0 + d] = saved.opportunity[0]
        w[workspace.POOL_1 + d] = saved.opportunity[1]
        w[workspace.POOL_2 + d] = saved.opportunity[2]
        w[workspace.AVAILABLE + d] = saved.available
        w[workspace.PER_AVAILABLE + d] = saved.per_available
        w[workspace.RECURRENT_TOTAL + d] += recurrent_money
        w[workspace.CASH_RELEASING_TOTAL + d] += saved.cash_releasing
        w[workspace.MEASURED_TOTAL + d] += saved.measured
        add(saved.cost, workspace.SUM_COST + d, system, kind)
        add(recurrent_money, workspace.SUM_RECURRENT + d, system, kind)
        cash_releasing_money = saved.cash_releasing * begun.cost_before
        add(cash_releasing_money, workspace.SUM_CASH_RELEASING + d, system, kind)
        measured_money = saved.measured * begun.cost_before
        add(measured_money, workspace.SUM_MEASURED + d, system, kind)
        pressure_money = brought.pressure * begun.cost_before
        add(pressure_money, workspace.SUM_PRESSURE + d, system, kind)


@pasted
def close_year(
    terms: Terms, rules: Rules, w: Floats, system: Floats, kind: Floats
) -> None:
    """Take `close_accounts` for `LANES` draws."""
    for d in range(LANES):
        begun, planned = begun_of(w, d), planned_of(w, d)
        saved = Saved(
            w[workspace.RECURRENT + d],
            w[workspace.COST + d],
            w[workspace.CASH_RELEASING + d],
            w[workspace.MEASURED + d],
            pools_of(w, d),
            w[workspace.AVAILABLE + d],
            w[workspace.PER_AVAILABLE + d],
        )
        closed = close_accounts(
            begun,
            planned,
            saved,
            w[workspace.PAYBACK + d],
            belief_of(w, d),
            terms,
            rules,
        )
        met = saved.recurrent + closed.nonrecurrent >= MET_PLAN * planned.ask
        nonrecurrent_money = closed.nonrecurrent * begun.cost_before
        w[workspace.CARRY_OVER + d] = closed.carry_over
        w[workspace.NONRECURRENT + d] = closed.nonrecurrent
        w[workspace.SUPPORT + d] = closed.support
        w[workspace.BALANCE + d] = closed.balance
        w[workspace.MARGIN + d] = closed.balance / max(begun.income, LEAST_COST)
        saved_money = saved.recurrent * begun.cost_before + nonrecurrent_money
        w[workspace.SAVED_TOTAL + d] += saved_money
        add(closed.support, workspace.SUM_SUPPORT + d, system, kind)
        add(closed.balance, workspace.SUM_BALANCE + d, system, kind)
        add(nonrecurrent_money, workspace.SUM_NONRECURRENT + d, system, kind)
        add(
            closed.shortfall * begun.cost_before,
            workspace.SUM_SHORTFALL + d,
            system,
            kind,
        )
        deficit = max(-closed.balance, 0.0)
        add(deficit, workspace.SUM_GROSS_DEFICIT + d, system, kind)
        add(1.0 if deficit > 0.0 else 0.0, workspace.SUM_DEFICITS + d, system, kind)
        add(1.0 if met else 0.0, workspace.SUM_MEETING_PLAN + d, system, kind)


@pasted
def draw_year(rules: Rules, w: Floats, system: Floats, kind: Floats) -> None:
    """Take `draw_one_offs` for `LANES` draws."""
    for d in range(LANES):
        left = draw_one_offs(
            w[workspace.COST_BEFORE + d],
            w[workspace.NONRECURRENT + d],
            w[workspace.PER_AVAILABLE + d],
            sources_of(w, d),
            w[workspace.BACKLOG + d],
            belief_of(w, d),
            rules,
        )
        w[workspace.SOURCE_0 + d] = left.one_offs[0]
        w[workspace.SOURCE_1 + d] = left.one_offs[1]
        w[workspace.SOURCE_2 + d] = left.one_offs[2]
        w[workspace.SOURCE_3 + d] = left.one_offs[3]
        w[workspace.PAYBACK + d] = left.payback
        w[workspace.BACKLOG + d] = left.backlog
        add(left.backlog, workspace.SUM_BACKLOG + d, system, kind)


@pasted
def carry_year(
    terms: Terms,
    rules: Rules,
    prices: Floats,
    drivers: Floats,
    plan_size: Floats,
    kind_year: Floats,
    new_opportunity: Floats,
    w: Floats,
    system: Floats,
    kind: Floats,
) -> None:
    """Carry `LANES` draws of one trust through one year, all in the workspace.

    `prices` are the year's of the target; `system` and `kind` are the year's sums over
    the trusts of its system and its type, to which this one is added.
    """
    begin_year(
        terms,
        rules,
        prices,
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
