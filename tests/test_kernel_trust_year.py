"""A trust's year of the kernel against the slow reference and its own books."""

import math

import mpmath
import pytest
import reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from trust_years import (
    BELIEFS,
    CASES,
    DRIVERS,
    DUST,
    RULES,
    SECOND,
    STATES,
    TERMS,
    WORKED,
    WORKED_MONEY,
    WORKED_RATES,
    Case,
    disagreement,
    near_a_switch,
)

from simulator.kernel.records import Belief, Drivers, Result, Rules, State, Terms
from simulator.kernel.trust_year import smooth_minimum, trust_year


@settings(max_examples=400)
@given(case=CASES)
def test_a_trust_year_equals_the_reference(case: Case) -> None:
    assume(not near_a_switch(case))
    assert disagreement(case) < 1.0


EDGES = {
    "no stock of opportunity": {"state": {"opportunity": (0.0, 0.0, 0.0)}},
    "one empty pool": {"state": {"opportunity": (0.05, 0.0, 0.025)}},
    "no access": {"rules": {"access": (0.0, 0.0, 0.0)}},
    "no delivery": {"drivers": {"delivery": 0.0}},
    "no one-offs": {"state": {"one_offs": (0.0, 0.0, 0.0, 0.0)}},
    "one source left": {"state": {"one_offs": (0.0, 0.0, 0.0, 0.009)}},
    "falling demand": {"drivers": {"demand": -0.03}},
    "demand as funded": {"drivers": {"demand": 0.022}},
    "demand just below funded": {"drivers": {"demand": 0.0219999}},
    "falling funding": {"drivers": {"growth": 0.97}},
    "money for more than is wanted": {"drivers": {"growth": 1.08}},
    "nobody waits": {"drivers": {"growth": 1.08}, "state": {"unmet": 0.0}},
    "more money than wait": {"drivers": {"growth": 1.12}, "state": {"unmet": 0.01}},
    "in deficit": {"state": {"income": 90.0}},
    "in balance but for its target": {"state": {"income": 103.6}},
    "in surplus": {"state": {"income": 130.0}},
    "ask at its limit": {"terms": {"rate": 0.12}},
    "nothing believed possible": {"belief": {"plan_limit": 0.0}},
    "no floor and no gap": {
        "belief": {"plan_floor": 0.0},
        "state": {"income": 130.0, "carry_over": 0.0},
    },
    "all of the gap": {"belief": {"gap_closed": 1.0}, "state": {"income": 99.0}},
    "wanted just the limit": {
        "belief": {"plan_limit": 0.0273, "plan_floor": 0.0273, "gap_closed": 1.0},
        "state": {"income": 130.0},
    },
    "falling pressure": {"drivers": {"pressure": -0.02}},
    "need beyond its limit": {"state": {"income": 85.0}},
    "need met in full": {
        "rules": {"need_part": 1.0},
        "terms": {"need_limit": 100.0},
        "state": {"income": 85.0},
    },
    "payback beyond income": {"state": {"payback": 150.0}},
    "carry-over above the limit": {"state": {"carry_over": 0.5}},
    "sharp": {"belief": {"sharpness": 1.0}},
    "sharp and ask equal to capacity": {
        "belief": {"sharpness": 1.0},
        "state": {"carry_over": 0.018, "income": 130.0},
    },
    "nothing asked": {
        "terms": {"rate": 0.0, "deficit_addon": 0.0},
        "state": {"carry_over": 0.0},
    },
    "caps below stocks": {"rules": {"cap": (0.001, 0.001, 0.001, 0.001)}},
    "every one-off used": {
        "state": {"carry_over": 0.08, "opportunity": (0.0, 0.0, 0.0)},
        "terms": {"support": 0.0},
    },
    "support taken away": {"terms": {"support": -5.0}},
    "all reached": {"belief": {"balance_reach": 1.0}},
    "cost elastic beyond activity": {"belief": {"cost_elasticity": 1.2}},
    "no cost": {"state": {"cost": 0.0}},
    "cost passing zero": {"drivers": {"inflation": -1.5}},
    "no income": {"state": {"income": 0.0}},
    "income passing zero": {"drivers": {"passed_on": -1.5}},
    "volume passing zero": {"drivers": {"demand": -4.0}},
}


@pytest.mark.parametrize("whole", [WORKED, SECOND], ids=["corner", "all-at-work"])
@pytest.mark.parametrize("edge", EDGES)
def test_a_trust_year_equals_the_reference_at_its_edges(edge: str, whole: Case) -> None:
    case = whole.bent(**EDGES[edge])
    assert not near_a_switch(case)
    assert disagreement(case) < 1.0
    after, found = case.kernel()
    passes_zero = {"cost passing zero", "income passing zero"}
    if not case.state.payback:
        passes_zero.add("no cost")
    assert found.guarded == (edge in passes_zero | {"volume passing zero"})
    assert all(map(math.isfinite, [*found, *after.opportunity, *after.one_offs]))


@given(
    case=CASES, part=st.floats(0.05, 0.95), side=st.sampled_from([1 - 1e-6, 1 + 1e-6])
)
def test_a_last_one_off_is_used_just_where_the_reference_uses_it(
    case: Case, part: float, side: float
) -> None:
    case = case.bent(rules={"planned_support": 0.0, "need_part": 0.0})
    _, before = case.bent(belief={"balance_reach": 0.0}).slowly()
    left = sum(case.state.one_offs) - before.nonrecurrent
    assume(left > 1e-4 and not before.guarded)
    # Support that leaves a gap of this part of the one-offs left: nothing else moves,
    # as plans do not count on it and no fund pays for need.
    support = case.terms.support - before.balance - part * left * before.cost_before
    just = case.bent(terms={"support": support}, belief={"balance_reach": part * side})
    assume(not near_a_switch(just))
    assert disagreement(just) < 1.0
    more = just.kernel()[1].nonrecurrent - before.nonrecurrent
    assert more == pytest.approx(
        part * left if side > 1.0 else 0.0, rel=1e-6, abs=1e-14
    )


@given(
    a=st.floats(1e-9, 0.2),
    b=st.floats(1e-9, 1.0) | st.floats(1.0, 1e9),
    sharpness=st.floats(0.5, 1.0) | st.sampled_from([1.0, 1.0 - 1e-12, 0.957]),
)
def test_smooth_minimum_keeps_its_digits_everywhere(
    a: float, b: float, sharpness: float
) -> None:
    with mpmath.workdps(60):
        total = mpmath.mpf(a) + mpmath.mpf(b)
        product = mpmath.mpf(sharpness) * a * b
        exact = float((total - mpmath.sqrt(total**2 - 4 * product)) / 2)
    for x, y in ((a, b), (b, a)):
        assert smooth_minimum(x, y, sharpness) == pytest.approx(exact, rel=2e-15, abs=0)


@pytest.mark.parametrize(
    ("a", "b", "least"), [(0.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.3, 0.0, 0.0)]
)
def test_smooth_minimum_of_nothing_is_nothing(a: float, b: float, least: float) -> None:
    assert smooth_minimum(a, b, 0.957) == least
    assert smooth_minimum(a, b, 1.0) == least


def test_the_worked_trust_year_gives_its_published_numbers() -> None:
    after, found = WORKED.kernel()
    results = {**found._asdict(), **after._asdict()}
    for name, value in WORKED_RATES.items():
        assert results[name] == pytest.approx(value, rel=1e-11)
    for name, value in WORKED_MONEY.items():
        size = found.cost_before if name in {"ask", "recurrent", "nonrecurrent"} else 1
        assert results[name] * size == pytest.approx(value, rel=1e-11)
    assert found.balance == 0.0
    assert found.shortfall == 0.0
    assert not found.guarded


@settings(max_examples=150)
@given(
    state=STATES,
    belief=BELIEFS,
    rules=RULES,
    years=st.lists(st.tuples(DRIVERS, TERMS), min_size=1, max_size=5),
)
def test_the_books_balance_every_year(
    state: State, belief: Belief, rules: Rules, years: list[tuple[Drivers, Terms]]
) -> None:
    for drivers, terms in years:
        after, done = trust_year(state, drivers, belief, terms, rules)
        check_money(state, after, done, drivers, terms)
        check_plan(state, after, done, drivers, belief, terms, rules)
        check_productivity(done, drivers, belief)
        check_stocks(state, after, done, drivers, belief, rules)
        state = after


def check_money(
    before: State, after: State, done: Result, drivers: Drivers, terms: Terms
) -> None:
    size = max(done.cost_before, after.income, abs(done.support), before.payback)
    one_offs = done.nonrecurrent * done.cost_before
    spent = after.cost + before.payback - one_offs
    slack = max(1e-13 * size, reference.TIE * done.cost_before)
    assert abs(done.balance - (after.income + done.support - spent)) <= slack
    assert done.balance == 0.0 or abs(done.balance) > reference.TIE * done.cost_before
    assert done.underlying == after.income - after.cost
    saved = done.cost_before - before.payback - after.cost
    assert -1e-13 * size <= saved <= done.recurrent * done.cost_before + 1e-13 * size
    given_ = terms.support - terms.opening_cost * drivers.upfront
    for_need = done.support - given_
    assert -1e-13 * size <= for_need <= terms.need_limit + 1e-13 * size
    if for_need > 1e-12 * size:
        assert done.balance <= 1e-12 * size  # need is never paid into a surplus


def check_plan(
    before: State,
    after: State,
    done: Result,
    drivers: Drivers,
    belief: Belief,
    terms: Terms,
    rules: Rules,
) -> None:
    in_deficit = done.cost_before * (1.0 - terms.rate) > after.income
    start = belief.plan_floor * drivers.plan_size
    if terms.follows_tariff:
        start = terms.rate + terms.deficit_addon * in_deficit
    limit = belief.plan_limit * drivers.plan_size
    most = min(limit, rules.ask_max)
    assert 0.0 <= done.ask <= most * (1.0 + 1e-15)
    if rules.plan_sharpness == 1.0 and belief.gap_closed == 0.0:
        wanted = min(start + before.carry_over, most)
        assert done.ask == pytest.approx(wanted, rel=1e-14, abs=DUST)
    assert 0.0 <= done.recurrent <= min(done.ask, done.capacity) * (1.0 + 1e-15)
    assert done.nonrecurrent >= -DUST
    assert 0.0 <= done.shortfall <= done.ask
    if done.shortfall > 0.0:
        met = done.recurrent + done.nonrecurrent + done.shortfall
        assert met == pytest.approx(done.ask, rel=1e-14)
    again = done.nonrecurrent + (1.0 - belief.forgiven) * done.shortfall
    assert after.carry_over == again


def check_productivity(done: Result, drivers: Drivers, belief: Belief) -> None:
    volume = (1.0 - belief.cost_elasticity) * done.activity
    own = belief.real_share * done.recurrent + volume
    unpaid = drivers.pressure - drivers.paid_pressure
    assert done.cash_releasing == pytest.approx(own - unpaid, abs=1e-15)
    measured = own - drivers.pressure + belief.quality
    assert done.measured == pytest.approx(measured, abs=1e-15)


def check_stocks(
    before: State,
    after: State,
    done: Result,
    drivers: Drivers,
    belief: Belief,
    rules: Rules,
) -> None:
    assert min(after.opportunity) >= 0.0
    assert min(after.one_offs) >= -DUST
    caps = [belief.one_off_scale * cap for cap in rules.cap]
    assert all(z <= cap for z, cap in zip(after.one_offs, caps, strict=True))
    used = (
        sum(before.opportunity) + sum(drivers.new_opportunity) - sum(after.opportunity)
    )
    real = belief.real_share * done.recurrent
    if belief.lever * drivers.delivery * belief.real_share <= 1.0:
        # Otherwise a pool may be asked for more than it holds, and stops at zero.
        assert used == pytest.approx(real, rel=1e-9, abs=1e-15)
    assert used <= real + 1e-15
    taken = done.nonrecurrent
    renewal = belief.one_off_scale * sum(rules.renewal)
    left = sum(before.one_offs) - taken + renewal
    assert sum(after.one_offs) <= left + 1e-15
    if all(z < cap for z, cap in zip(after.one_offs, caps, strict=True)):
        assert sum(after.one_offs) == pytest.approx(left, abs=1e-15)
    assert taken <= sum(before.one_offs) + 1e-15
    most = done.cost_before * taken * max(rules.payback)
    assert -DUST * done.cost_before <= after.payback <= most + 1e-12
    assert after.unmet >= -DUST
    if rules.works_off == 0.0:
        assert after.unmet >= before.unmet - DUST
