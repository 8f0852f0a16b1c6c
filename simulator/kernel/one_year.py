"""One trust, one year, `LANES` draws at once: the stages of `trust_year` in loops.

What one stage finds stands in the rows of the workspace for the next; each number that
is carried on overwrites last year's as soon as no later stage reads that.
"""

from simulator.kernel import lanes
from simulator.kernel.jit import inlined, pasted
from simulator.kernel.lanes import LANES
from simulator.kernel.outcomes import TIE
from simulator.kernel.tables import Floats
from simulator.kernel.trust_year import (
    LEAST_COST,
    Begun,
    Belief,
    Drivers,
    OneOffs,
    Pools,
    Rules,
    Saved,
    State,
    Terms,
    before_savings,
    close_accounts,
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
        w[lanes.ASK + d],
        w[lanes.WITHIN_REACH + d],
        w[lanes.CAPACITY + d],
    )


@pasted
def begin_year(
    terms: Terms, rules: Rules, drivers: Floats, w: Floats, system: Floats, kind: Floats
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
        brought = Drivers(
            drivers[lanes.DEMAND + d],
            drivers[lanes.INFLATION + d],
            drivers[lanes.DELIVERY + d],
            (0.0, 0.0, 0.0),  # the next stage's
        )
        begun, guarded = before_savings(state, brought, belief_of(w, d), terms, rules)
        w[lanes.ACTIVITY + d] = begun.activity
        w[lanes.UNMET + d] = begun.unmet
        w[lanes.COST_BEFORE + d] = begun.cost_before
        w[lanes.INCOME + d] = begun.income
        w[lanes.ASK + d] = begun.ask
        w[lanes.WITHIN_REACH + d] = begun.within_reach
        w[lanes.CAPACITY + d] = begun.capacity
        w[lanes.TARGET_TOTAL + d] += terms.rate * begun.cost_before
        w[lanes.GUARDED + d] += 1.0 if guarded else 0.0
        add(begun.income, lanes.SUM_INCOME + d, system, kind)
        add(begun.cost_before, lanes.SUM_COST_BEFORE + d, system, kind)
        add(begun.ask * begun.cost_before, lanes.SUM_ASK + d, system, kind)
        add(begun.unmet * begun.cost_before, lanes.SUM_UNMET + d, system, kind)


@pasted
def save_year(
    rules: Rules, new_opportunity: Floats, w: Floats, system: Floats, kind: Floats
) -> None:
    """Take `save_for_good` for `LANES` draws."""
    for d in range(LANES):
        begun = begun_of(w, d)
        new = (
            new_opportunity[d],
            new_opportunity[LANES + d],
            new_opportunity[2 * LANES + d],
        )
        saved = save_for_good(
            begun, pools_of(w, d), sources_of(w, d), new, belief_of(w, d), rules
        )
        recurrent_money = saved.recurrent * begun.cost_before
        w[lanes.RECURRENT + d] = saved.recurrent
        w[lanes.REAL + d] = saved.real
        w[lanes.COST + d] = saved.cost
        w[lanes.PRODUCTIVITY + d] = saved.productivity
        w[lanes.POOL_0 + d] = saved.opportunity[0]
        w[lanes.POOL_1 + d] = saved.opportunity[1]
        w[lanes.POOL_2 + d] = saved.opportunity[2]
        w[lanes.AVAILABLE + d] = saved.available
        w[lanes.PER_COST + d] = saved.per_cost
        w[lanes.PER_AVAILABLE + d] = saved.per_available
        w[lanes.RECURRENT_TOTAL + d] += recurrent_money
        w[lanes.REAL_TOTAL + d] += saved.productivity
        add(saved.cost, lanes.SUM_COST + d, system, kind)
        add(recurrent_money, lanes.SUM_RECURRENT + d, system, kind)
        productivity_money = saved.productivity * begun.cost_before
        add(productivity_money, lanes.SUM_PRODUCTIVITY + d, system, kind)


@pasted
def close_year(
    terms: Terms, rules: Rules, w: Floats, system: Floats, kind: Floats
) -> None:
    """Take `close_accounts` for `LANES` draws."""
    for d in range(LANES):
        begun = begun_of(w, d)
        saved = Saved(
            w[lanes.RECURRENT + d],
            w[lanes.REAL + d],
            w[lanes.COST + d],
            w[lanes.PRODUCTIVITY + d],
            pools_of(w, d),
            w[lanes.AVAILABLE + d],
            w[lanes.PER_COST + d],
            w[lanes.PER_AVAILABLE + d],
        )
        closed = close_accounts(
            begun,
            saved,
            sources_of(w, d),
            w[lanes.BACKLOG + d],
            belief_of(w, d),
            terms,
            rules,
        )
        in_balance = closed.balance >= -TIE * begun.cost_before
        met = saved.recurrent + closed.nonrecurrent >= 0.95 * begun.ask
        w[lanes.SOURCE_0 + d] = closed.one_offs[0]
        w[lanes.SOURCE_1 + d] = closed.one_offs[1]
        w[lanes.SOURCE_2 + d] = closed.one_offs[2]
        w[lanes.SOURCE_3 + d] = closed.one_offs[3]
        w[lanes.CARRY_OVER + d] = closed.carry_over
        w[lanes.PAYBACK + d] = closed.payback
        w[lanes.BACKLOG + d] = closed.backlog
        w[lanes.NONRECURRENT + d] = closed.nonrecurrent
        w[lanes.BALANCE + d] = closed.balance
        w[lanes.MARGIN + d] = closed.balance / max(begun.income, LEAST_COST)
        # A product: `0.0 if missed` or `min` becomes a masked store, slow on AMD.
        w[lanes.MET + d] *= 1.0 if met else 0.0
        nonrecurrent_money = closed.nonrecurrent * begun.cost_before
        add(closed.backlog, lanes.SUM_BACKLOG + d, system, kind)
        add(nonrecurrent_money, lanes.SUM_NONRECURRENT + d, system, kind)
        add(closed.shortfall * begun.cost_before, lanes.SUM_SHORTFALL + d, system, kind)
        add(0.0 if in_balance else 1.0, lanes.SUM_DEFICITS + d, system, kind)


@pasted
def carry_year(
    terms: Terms,
    rules: Rules,
    drivers: Floats,
    new_opportunity: Floats,
    w: Floats,
    system: Floats,
    kind: Floats,
) -> None:
    """Carry `LANES` draws of one trust through one year, all in the workspace.

    `system` and `kind` are the year's sums over the trusts of its system and its type,
    to which this one is added.
    """
    begin_year(terms, rules, drivers, w, system, kind)
    save_year(rules, new_opportunity, w, system, kind)
    close_year(terms, rules, w, system, kind)
