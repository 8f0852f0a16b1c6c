"""One trust's year, the same case for the kernel and for the slow reference."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import reference
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.kernel.records import Belief, Drivers, Result, Rules, State, Terms
from simulator.kernel.trust_year import trust_year
from simulator.schema import TRUST_TYPES

Floats = NDArray[np.float64]

FIRST_YEAR = 2019
KIND = len(TRUST_TYPES)
DUST = 1e-16  # what rounding may leave of a rate
MONEY = {
    "income",
    "support",
    "cost",
    "cost_before",
    "balance",
    "underlying",
    "payback",
    "backlog",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything that one trust-year needs, as the kernel takes it."""

    state: State
    drivers: Drivers
    belief: Belief
    terms: Terms
    rules: Rules

    def bent(self, **parts: dict[str, Any]) -> "Case":
        """The same case with some numbers of some parts changed."""
        bent = {name: getattr(self, name)._replace(**parts[name]) for name in parts}
        return replace(self, **bent)

    def kernel(self) -> tuple[State, Result]:
        return trust_year(self.state, self.drivers, self.belief, self.terms, self.rules)

    def slowly(self) -> tuple[reference.State, reference.Outputs]:
        return reference.trust_year(*self.for_reference())

    def for_reference(
        self,
    ) -> tuple[reference.State, reference.Parameters, reference.Year]:
        state = self.state._asdict()
        stocks = list(state.pop("opportunity"))
        one_offs = list(state.pop("one_offs"))
        parameters = reference.Parameters(
            **self.belief._asdict(),
            access=list(self.rules.access),
            renewal_of_stock=list(self.drivers.new_opportunity),
            one_off_renewal=list(self.rules.renewal),
            one_off_cap=list(self.rules.cap),
            payback_rates=list(self.rules.payback),
            backlog_growth=self.rules.backlog_growth,
            ask_max=self.rules.ask_max,
            plan_sharpness=self.rules.plan_sharpness,
            works_off=self.rules.works_off,
            need_part=self.rules.need_part,
            planned_support=self.rules.planned_support,
        )
        brought, terms = self.drivers, self.terms
        year = reference.Year(
            demand=brought.demand,
            inflation=brought.inflation,
            pressure=brought.pressure,
            delivery=brought.delivery,
            plan_size=brought.plan_size,
            growth=brought.growth - 1.0,
            settled=terms.settled,
            passed_on=brought.passed_on,
            paid_pressure=brought.paid_pressure,
            uplift=terms.price,
            other_uplift=terms.cost_uplift,
            rate=terms.rate,
            addon=terms.deficit_addon,
            follows_tariff=terms.follows_tariff,
            support=terms.support,
            need_limit=terms.need_limit,
            upfront=terms.opening_cost * brought.upfront,
        )
        return (
            reference.State(stocks=stocks, one_offs=one_offs, **state),
            parameters,
            year,
        )


# The corner of the model in which only the first model's terms are at work, and its
# sanity case 7: plans follow the tariff, take nothing of the gap and all of last year's
# debts, and have no limit; no pressure, no fund for need, nobody who waited is treated.
WORKED = Case(
    state=State(
        income=100.0,
        cost=104.0,
        opportunity=(0.05, 0.05, 0.025),
        one_offs=(0.004, 0.006, 0.006, 0.009),
        carry_over=0.0113,
        payback=0.0,
        unmet=0.0,
        backlog=0.0,
    ),
    drivers=Drivers(
        demand=0.028,
        inflation=0.03,
        pressure=0.0,
        delivery=1.0,
        plan_size=1.0,
        growth=1.022,
        passed_on=0.0,
        paid_pressure=0.0,
        upfront=0.0,
        new_opportunity=(0.004, 0.004, 0.002),
    ),
    belief=Belief(
        real_share=0.6,
        sharpness=0.957,
        one_off_fill=0.65,
        balance_reach=0.5,
        forgiven=0.5,
        cost_elasticity=0.92,
        marginal_payment=0.5,
        treated=0.85,
        lever=1.0,
        plan_floor=0.03,
        gap_closed=0.0,
        plan_limit=1.0,
        quality=0.0,
        national_share=1.0,
        one_off_scale=1.0,
    ),
    terms=Terms(
        rate=0.011,
        deficit_addon=0.005,
        follows_tariff=True,
        price=0.038 - 0.011,
        cost_uplift=0.038,
        settled=False,
        support=2.0,
        need_limit=0.0,
        opening_cost=104.0,
    ),
    rules=Rules(
        access=(0.35, 0.20, 0.06),
        renewal=(0.0030, 0.0008, 0.0030, 0.0030),
        cap=(0.02, 0.02, 0.02, 0.02),
        payback=(0.0, 0.0, 0.15, 0.10),
        backlog_growth=0.03,
        ask_max=0.10,
        plan_sharpness=1.0,
        works_off=0.0,
        need_part=0.0,
        planned_support=1.0,
    ),
)
# The same trust with every term of the model at work: it plans for half of its gap.
SECOND = WORKED.bent(
    state={"payback": 0.3, "unmet": 0.002},
    drivers={
        "pressure": 0.008,
        "plan_size": 1.1,
        "growth": 1.05,
        "passed_on": 0.004,
        "paid_pressure": 0.004,
        "upfront": 0.001,
    },
    belief={
        "plan_floor": 0.02,
        "gap_closed": 0.5,
        "plan_limit": 0.05,
        "quality": -0.002,
        "national_share": 0.7,
        "one_off_scale": 1.2,
    },
    terms={"follows_tariff": False, "settled": True, "need_limit": 0.5},
    rules={
        "plan_sharpness": 0.985,
        "works_off": 1.0,
        "need_part": 0.5,
        "planned_support": 0.5,
    },
)
# The published results of the first: rates first, then GBP m.
WORKED_RATES = {
    "activity": 0.0271,
    "unmet": 0.0009,
    "capacity": 0.029,
    "cash_releasing": 0.0155202583475,
    "measured": 0.0155202583475,
}
WORKED_MONEY = {
    "cost_before": 109.79071584,
    "income": 105.221285,
    "ask": 2.99728654243,
    "recurrent": 2.44325667008,
    "nonrecurrent": 1.10347683795,
    "cost": 108.324761838,
    "underlying": -3.10347683795,
}


def between(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers of at most twelve decimals: zero is likely, 1e-300 is not."""
    return st.floats(low, high).map(lambda value: round(value, 12))


shares = between(0.0, 1.0)
growth = between(-0.1, 0.2)
savings = between(0.0, 0.03)
STATES = st.builds(
    State,
    income=between(0.0, 1000.0),
    cost=between(0.0, 1000.0),
    opportunity=st.tuples(*[between(0.0, 0.3)] * 3),
    one_offs=st.tuples(*[savings] * 4),
    carry_over=between(0.0, 0.3),
    payback=between(0.0, 20.0),
    unmet=shares,
    backlog=between(0.0, 100.0),
)
DRIVERS = st.builds(
    Drivers,
    demand=growth,
    inflation=growth,
    pressure=between(-0.03, 0.06),
    delivery=between(0.0, 3.0),
    plan_size=between(0.2, 3.0),
    growth=growth.map(lambda more: 1.0 + more),
    passed_on=between(-0.02, 0.03),
    paid_pressure=between(0.0, 0.03),
    upfront=between(0.0, 0.01),
    new_opportunity=st.tuples(*[savings] * 3),
)
BELIEFS = st.builds(
    Belief,
    real_share=shares,
    sharpness=between(0.5, 1.0),
    one_off_fill=shares,
    balance_reach=shares,
    forgiven=shares,
    cost_elasticity=between(0.0, 1.2),
    marginal_payment=shares,
    treated=shares,
    lever=between(0.6, 1.4),
    plan_floor=between(0.0, 0.06),
    gap_closed=shares,
    plan_limit=between(0.0, 0.2),
    quality=between(-0.02, 0.01),
    national_share=shares,
    one_off_scale=between(0.1, 3.0),
)


TERMS = st.builds(
    Terms,
    settled=st.booleans(),
    rate=between(0.0, 0.1),
    deficit_addon=savings,
    follows_tariff=st.booleans(),
    price=growth,
    cost_uplift=growth,
    support=between(-20.0, 50.0),
    need_limit=between(0.0, 20.0),
    opening_cost=between(0.0, 1000.0),
)
RULES = st.builds(
    Rules,
    access=st.tuples(*[shares] * 3),
    renewal=st.tuples(*[savings] * 4),
    cap=st.tuples(*[savings] * 4),
    payback=st.tuples(*[shares] * 4),
    backlog_growth=shares,
    ask_max=between(0.0, 0.2),
    plan_sharpness=between(0.5, 1.0),
    works_off=shares,
    need_part=shares,
    planned_support=shares,
)
CASES = st.builds(
    Case, state=STATES, drivers=DRIVERS, belief=BELIEFS, terms=TERMS, rules=RULES
)


def near_a_switch(case: Case, margin: float = 1e-9) -> bool:
    """Whether the last bit could decide between two different years.

    The switches: cost or income held from passing zero, the addon of a trust in
    deficit, the last one-off that reaches balance, and a balance that is nothing.
    """
    state, p, year = case.for_reference()
    _, cost, income = reference.before_guards(state, p, year)
    held = reference.LEAST_COST
    if abs(cost - held) < margin * held or 0.0 < abs(income) < margin:
        return True
    # A trust that the last one-off cannot reach shows its gap as it stands.
    _, done = reference.trust_year(state, replace(p, balance_reach=0.0), year)
    excess = done.cost_before * (1 - year.rate) - done.income
    if abs(excess) < margin * max(done.cost_before, done.income):
        return True
    size = scale(done, done.support)
    spent = done.cost_before * (1 - p.real_share * done.recurrent - done.nonrecurrent)
    short = spent - done.income - done.support
    left = p.balance_reach * (sum(state.one_offs) - done.nonrecurrent)
    nothing = reference.TIE * done.cost_before
    return (
        abs(short - left * done.cost_before) < margin * size
        or abs(abs(short) - nothing) < 1e-12 * size
    )


def scale(done: Any, support: float) -> float:
    """The size of the money that a year's balance is made of, GBP m."""
    return max(done.cost_before, done.income, abs(support))


def disagreement(case: Case) -> float:
    """How far kernel and reference are apart, in units of what is allowed.

    Allowed: money 1e-12 of the year's money; rates 1e-12 of themselves or 1e-15.
    """
    after, found = case.kernel()
    slow_after, expected = case.slowly()
    assert found.guarded == expected.guarded
    size = scale(expected, expected.support)
    pairs = [
        (name, getattr(found, name), getattr(expected, name))
        for name in Result._fields
        if name != "guarded"
    ]
    for name in ("income", "cost", "carry_over", "payback", "unmet", "backlog"):
        pairs.append((name, getattr(after, name), getattr(slow_after, name)))
    stocks = (*after.opportunity, *after.one_offs)
    slow_stocks = (*slow_after.stocks, *slow_after.one_offs)
    pairs += [("stock", *pair) for pair in zip(stocks, slow_stocks, strict=True)]
    worst = 0.0
    for name, value, other in pairs:
        if name in MONEY:
            allowed = 1e-12 * max(size, abs(other))
        else:
            # A rate that closes a gap inherits the rounding of the money in it.
            allowed = max(
                1e-12 * abs(other), 1e-15 * max(1, size / expected.cost_before)
            )
        worst = max(worst, abs(value - other) / allowed)
    return worst
