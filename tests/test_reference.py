"""The slow reference against numbers worked out by hand and known identities."""

import math
from dataclasses import replace
from typing import Any

import mpmath
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from reference import State, Year
from worked_year import (
    CALM,
    PARAMETERS,
    STATE,
    YEAR,
    close,
    judged,
    parameters,
    state,
    worked,
    year,
)

from simulator.outcomes import OUTCOMES


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activity", 0.0271),
        ("unmet", 0.0009),
        ("cost_before", 109.79071584),
        ("income", 105.221285),
        ("capacity", 0.029),
        ("cost", 108.324761838),
        ("underlying", -3.10347683795),
        ("cash_releasing", 0.0155202583475),
        ("measured", 0.0155202583475),
    ],
)
def test_the_worked_trust_year_gives_its_published_numbers(
    name: str, value: float
) -> None:
    assert getattr(worked()[1], name) == close(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ask", 2.99728654243),
        ("recurrent", 2.44325667008),
        ("nonrecurrent", 1.10347683795),
    ],
)
def test_the_worked_trust_year_gives_its_published_money(
    name: str, value: float
) -> None:
    done = worked()[1]
    assert getattr(done, name) * done.cost_before == close(value)


def test_the_worked_trust_is_brought_to_balance_without_shortfall() -> None:
    done = worked()[1]
    assert done.balance == pytest.approx(0.0, abs=1e-11)
    assert done.shortfall == 0.0
    assert not done.guarded


def test_the_worked_trust_carries_on_what_the_equations_say() -> None:
    after, done = worked()
    used = done.nonrecurrent
    assert after.carry_over == used
    assert after.payback == close(
        done.cost_before * used * (0.15 * 0.006 + 0.10 * 0.009) / 0.025
    )
    assert after.backlog == close(done.cost_before * used * 0.009 / 0.025)
    lasting = 0.6 * done.recurrent
    reachable = [0.0175, 0.01, 0.0015]
    assert after.stocks == [
        close(stock - lasting * reach / 0.029 + renewal)
        for stock, reach, renewal in zip(
            STATE.stocks, reachable, PARAMETERS.renewal_of_stock, strict=True
        )
    ]
    assert after.one_offs == [
        close(stock * (1 - used / 0.025) + renewal)
        for stock, renewal in zip(
            STATE.one_offs, PARAMETERS.one_off_renewal, strict=True
        )
    ]


# Sanity case 1: nothing random, one path.


def test_without_shocks_every_draw_is_one_path_and_nothing_is_changed() -> None:
    opening = state()
    paths = [
        reference.trajectory(opening, [PARAMETERS] * 5, [YEAR] * 5) for _ in range(3)
    ]
    assert paths[0] == paths[1] == paths[2]
    assert opening == STATE
    counts = [
        sum(judged(path, [0.011] * 5)[name] for path in paths) for name in OUTCOMES
    ]
    assert set(counts) <= {0, 3}


# Sanity case 2: no bound on capacity, then no capacity.


def test_unbounded_capacity_delivers_exactly_what_is_asked() -> None:
    rich = state(income=130.0, stocks=[1e6, 1e6, 1e6])
    sharp = parameters(sharpness=1.0)
    outputs = reference.trajectory(rich, [sharp] * 5, [YEAR] * 5)
    for done in outputs:
        assert done.recurrent == close(done.ask, rel=1e-12)
        assert done.nonrecurrent == pytest.approx(0.0, abs=1e-14)
    assert judged(outputs, [0.011] * 5)["any_means"]


def test_without_capacity_nothing_lasts_and_one_offs_end_with_their_stock() -> None:
    empty = state(stocks=[0.0, 0.0, 0.0], carry_over=0.08)
    _, done = reference.trust_year(empty, PARAMETERS, YEAR)
    assert done.recurrent == 0.0
    assert 0.65 * done.ask > 0.025
    assert done.nonrecurrent == 0.025
    assert done.cost == done.cost_before
    _, modest = reference.trust_year(
        state(income=130.0, stocks=[0.0, 0.0, 0.0]), PARAMETERS, YEAR
    )
    assert modest.nonrecurrent == 0.65 * modest.ask


# Sanity case 3: prices and activity fully funded.


@pytest.mark.parametrize(
    ("income", "reach"), [(100.0, 0.5), (107.0, 0.5), (100.0, 0.0)]
)
def test_a_fully_funded_trust_keeps_its_real_balance(
    income: float, reach: float
) -> None:
    opening = state(income=income, carry_over=0.0)
    funded = replace(CALM, demand=0.02, inflation=0.03, growth=0.02, uplift=0.03)
    flat = parameters(cost_elasticity=1.0, balance_reach=reach)
    growth = 1.0
    for done in reference.trajectory(opening, [flat] * 5, [funded] * 5):
        growth *= 1.03 * 1.02
        if income < opening.cost and reach > 0:
            # The gap of 4% is more than the reach: no last one-off closes it.
            assert done.nonrecurrent == 0.0
        assert done.balance / growth == pytest.approx(income - 104.0, rel=1e-12)


def test_a_fully_funded_trust_near_balance_is_brought_to_it_by_one_offs() -> None:
    opening = state(income=103.5, carry_over=0.0)
    funded = replace(CALM, demand=0.02, inflation=0.03, growth=0.02, uplift=0.03)
    after, done = reference.trust_year(opening, parameters(cost_elasticity=1.0), funded)
    assert done.ask == 0.0
    assert done.nonrecurrent == close(0.5 / 104.0)
    assert done.balance == pytest.approx(0.0, abs=1e-12)
    assert after.carry_over == done.nonrecurrent


# Each mechanism by itself.


@given(
    ask=st.floats(1e-6, 0.1),
    capacity=st.floats(1e-6, 1.0),
    sharpness=st.floats(0.9, 0.98),
)
def test_smooth_minimum_solves_its_hyperbola(
    ask: float, capacity: float, sharpness: float
) -> None:
    with mpmath.workdps(50):
        both = mpmath.mpf(ask) + capacity
        root = mpmath.sqrt(both**2 - 4 * mpmath.mpf(sharpness) * ask * capacity)
        exact = float((both - root) / 2)
    found = reference.smooth_minimum(ask, capacity, sharpness)
    assert found == close(exact, rel=1e-13)
    assert found <= min(ask, capacity)


@pytest.mark.parametrize(
    ("exponent", "sharpness"), [(2, 0.914), (3, 0.958), (4, 0.975)]
)
def test_sharpness_matches_the_exponent_where_ask_meets_capacity(
    exponent: int, sharpness: float
) -> None:
    found = reference.smooth_minimum(0.03, 0.03, sharpness) / 0.03
    assert found == pytest.approx(2 ** (-1 / exponent), abs=2e-3)


def test_unbounded_capacity_delivers_the_sharpness_of_what_is_asked() -> None:
    # The model divides by 2, not by 2 * theta: blunt delivery never reaches the ask.
    assert reference.smooth_minimum(0.03, 1e6, 0.957) == close(0.957 * 0.03, rel=1e-6)


def test_smooth_minimum_at_its_corners() -> None:
    assert reference.smooth_minimum(0.0, 0.0, 0.9) == 0.0
    assert reference.smooth_minimum(0.0, 0.03, 0.9) == 0.0
    assert reference.smooth_minimum(0.03, 0.0, 0.9) == 0.0
    assert reference.smooth_minimum(0.03, 0.03, 1.0) == 0.03


def test_less_demand_than_funded_is_all_given_and_unmet_stays() -> None:
    _, done = reference.trust_year(
        state(unmet=0.01), PARAMETERS, year(demand=0.01, growth=0.02)
    )
    assert done.activity == 0.01
    assert done.unmet == 0.01
    assert done.income == close(100 * 1.027 * (1 + 0.02 + 0.5 * (0.01 - 0.02)))


def test_the_addon_is_asked_of_trusts_in_deficit_only() -> None:
    rich, poor = state(income=130.0), state(income=90.0)
    asks = [reference.trust_year(s, PARAMETERS, YEAR)[1].ask for s in (rich, poor)]
    assert asks == [close(0.011 + 0.0113), close(0.011 + 0.0113 + 0.005)]


def test_the_ask_stays_below_its_limit() -> None:
    _, done = reference.trust_year(state(carry_over=0.5), PARAMETERS, YEAR)
    assert done.ask == 0.10


def test_only_the_real_share_lowers_cost_and_the_rest_is_asked_again() -> None:
    hard = year(rate=0.04, uplift=-0.002, support=0.0)
    after, done = reference.trust_year(STATE, PARAMETERS, hard)
    assert done.cost == close(done.cost_before * (1 - 0.6 * done.recurrent))
    assert done.shortfall == close(done.ask - done.recurrent - done.nonrecurrent)
    assert after.carry_over == close(done.nonrecurrent + 0.5 * done.shortfall)
    assert done.balance == close(done.underlying + done.nonrecurrent * done.cost_before)


def test_payback_is_in_the_cost_of_one_year_and_of_no_other() -> None:
    # Nothing is planned, so nothing but the payback tells the two years apart.
    idle = parameters(one_off_fill=0.0, balance_reach=0.0)
    calm = replace(CALM, inflation=0.02)
    plain, first = reference.trust_year(state(carry_over=0.0), idle, calm)
    owing, dear = reference.trust_year(state(carry_over=0.0, payback=3.0), idle, calm)
    assert dear.cost_before == close(first.cost_before + 3.0)
    assert dear.balance == close(first.balance - 3.0)
    assert owing.cost == close(plain.cost, rel=1e-15)
    assert dear.underlying == close(first.underlying, rel=1e-14)


def test_a_last_one_off_needs_enough_left_within_reach() -> None:
    calm = parameters(one_off_fill=0.0)
    gaps = {1.2: True, 1.25: True, 1.3: False, 0.0: False, -1.0: False}
    for gap, closed in gaps.items():
        opening = State(
            income=100.0 - gap,
            cost=100.0,
            stocks=[0.0, 0.0, 0.0],
            one_offs=[0.01, 0.01, 0.005, 0.0],
        )
        _, done = reference.trust_year(opening, calm, CALM)
        assert (done.nonrecurrent > 0) == closed
        assert done.balance == pytest.approx(0.0 if closed else -gap, abs=1e-12)


def test_empty_pools_and_empty_one_offs_have_no_share() -> None:
    bare = state(stocks=[0.0, 0.0, 0.0], one_offs=[0.0, 0.0, 0.0, 0.0])
    after, done = reference.trust_year(bare, PARAMETERS, YEAR)
    assert done.recurrent == done.nonrecurrent == 0.0
    assert after.stocks == PARAMETERS.renewal_of_stock
    assert after.one_offs == PARAMETERS.one_off_renewal
    assert after.payback == 0.0


def test_one_offs_refill_to_their_cap_only() -> None:
    full = state(income=130.0, carry_over=0.0, one_offs=[0.02, 0.02, 0.02, 0.02])
    after, done = reference.trust_year(full, PARAMETERS, CALM)
    assert done.nonrecurrent == 0.0
    assert after.one_offs == [0.02, 0.02, 0.02, 0.02]


@pytest.mark.parametrize(
    "broken",
    [
        {"state": state(cost=-1.0)},
        {"state": state(cost=0.0)},
        {"state": state(income=-1.0)},
        {"year": year(inflation=-1.5)},
        {"year": year(uplift=-1.5)},
    ],
)
def test_cost_and_income_are_guarded_and_it_is_said(broken: dict[str, Any]) -> None:
    _, done = reference.trust_year(
        broken.get("state", STATE), PARAMETERS, broken.get("year", YEAR)
    )
    assert done.guarded
    assert done.cost_before >= reference.LEAST_COST
    assert done.income >= 0.0
    assert all(math.isfinite(getattr(done, name)) for name in vars(done))


# Each mechanism of the second model by itself.


def test_a_plan_of_the_gap_is_the_floor_and_part_of_what_is_left() -> None:
    p = parameters(plan_floor=0.02, gap_closed=0.4)
    opening, this = (
        state(income=95.0, carry_over=0.01),
        year(follows_tariff=False, plan_size=1.5),
    )
    _, done = reference.trust_year(opening, p, this)
    left = 1 - 0.03 - (done.income + 2.0) / done.cost_before
    assert left > 0.0
    assert done.ask == close(0.03 + 0.4 * left + 0.6 * 0.01, rel=1e-12)


def test_the_target_moves_a_plan_of_the_gap_through_prices_only() -> None:
    p = parameters(plan_floor=0.02, gap_closed=0.4)
    opening, gap = state(carry_over=0.01), year(follows_tariff=False)
    asks = [
        reference.trust_year(opening, p, replace(gap, **changes))[1].ask
        for changes in ({}, {"rate": 0.05, "addon": 0.0}, {"uplift": 0.038 - 0.02})
    ]
    assert asks[0] == asks[1] < asks[2]


def test_a_trust_without_a_gap_plans_its_floor() -> None:
    p = parameters(plan_floor=0.02, gap_closed=1.0)
    _, done = reference.trust_year(state(income=130.0), p, year(follows_tariff=False))
    assert done.ask == close(0.02, rel=1e-15)


def test_plans_count_on_support_as_far_as_they_may() -> None:
    asks = []
    for part in (0.0, 0.25, 1.0):
        p = parameters(plan_floor=0.0, gap_closed=1.0, planned_support=part)
        _, done = reference.trust_year(STATE, p, year(follows_tariff=False))
        asks.append((done.ask - 1) * done.cost_before + done.income)
    assert asks == [pytest.approx(-2.0 * part, abs=1e-12) for part in (0.0, 0.25, 1.0)]


def test_a_plan_stays_within_what_boards_believe() -> None:
    p = parameters(gap_closed=1.0, plan_limit=0.04)
    for size in (0.5, 1.0, 1.5):
        big = year(follows_tariff=False, plan_size=size)
        _, done = reference.trust_year(state(income=60.0), p, big)
        assert done.ask == close(0.04 * size, rel=1e-14)
    # At the corner of floor and limit a plan is below both.
    p = parameters(plan_floor=0.04, plan_limit=0.04, plan_sharpness=0.985)
    bare = state(income=130.0, carry_over=0.0)
    _, done = reference.trust_year(bare, p, year(follows_tariff=False))
    assert done.ask == close(0.04 * (1 - math.sqrt(0.015)), rel=1e-12)


def test_pressure_is_in_cost_and_in_both_productivities() -> None:
    calm = reference.trust_year(STATE, PARAMETERS, YEAR)[1]
    _, done = reference.trust_year(STATE, PARAMETERS, year(pressure=0.01))
    assert done.cost_before == close(calm.cost_before * 1.04 / 1.03)
    assert done.income == calm.income
    # At the same saving both productivities fall by the pressure.
    own = 0.6 * done.recurrent + 0.08 * done.activity
    assert done.cash_releasing == pytest.approx(own - 0.01, abs=1e-15)
    assert done.measured == pytest.approx(own - 0.01, abs=1e-15)


def test_paid_pressure_counts_as_cash_and_quality_as_measured_only() -> None:
    paid = year(pressure=0.01, passed_on=0.004, paid_pressure=0.004)
    p = parameters(quality=0.003)
    unpaid = reference.trust_year(STATE, p, year(pressure=0.01))[1]
    _, done = reference.trust_year(STATE, p, paid)
    assert done.income == close(unpaid.income * 1.004)
    own = 0.6 * done.recurrent + 0.08 * done.activity
    assert done.cash_releasing == pytest.approx(own - 0.006, abs=1e-15)
    assert done.measured == pytest.approx(own - 0.01 + 0.003, abs=1e-15)


def test_spare_money_treats_those_who_waited_and_no_more() -> None:
    spare = year(demand=0.01, growth=0.03)
    for waiting, part, treated in (
        (0.05, 1.0, 0.02),  # all the spare money
        (0.005, 1.0, 0.005),  # all who waited
        (0.05, 0.5, 0.01),
        (0.05, 0.0, 0.0),
        (0.0, 1.0, 0.0),
    ):
        p = parameters(works_off=part)
        _, done = reference.trust_year(state(unmet=waiting), p, spare)
        assert done.activity == pytest.approx(0.01 + treated, abs=1e-15)
        assert done.unmet == pytest.approx(waiting - treated, abs=1e-15)
        assert done.cost_before == close(104 * 1.03 * (1 + 0.92 * done.activity))


def test_a_fund_for_need_pays_part_of_a_deficit_up_to_its_limit() -> None:
    idle = {"one_off_fill": 0.0, "balance_reach": 0.0}
    _, short = reference.trust_year(STATE, parameters(**idle), YEAR)
    assert short.balance < 0.0
    for part, limit, paid in (
        (0.5, 100.0, -0.5 * short.balance),
        (1.0, 100.0, -short.balance),
        (1.0, 0.25, 0.25),
    ):
        p = parameters(need_part=part, **idle)
        _, done = reference.trust_year(STATE, p, year(need_limit=limit))
        assert done.support == close(2.0 + paid)
        assert done.balance == pytest.approx(short.balance + paid, abs=1e-11)
        assert done.underlying == short.underlying
    rich = state(income=130.0)
    p = parameters(need_part=1.0, **idle)
    assert reference.trust_year(rich, p, year(need_limit=100.0))[1].support == 2.0


def test_up_front_cost_comes_out_of_support() -> None:
    _, done = reference.trust_year(STATE, PARAMETERS, year(upfront=0.5))
    _, less = reference.trust_year(STATE, PARAMETERS, year(support=1.5))
    assert done == less
    assert done.support == 1.5


def test_the_scale_of_one_offs_is_that_of_renewals_and_caps_too() -> None:
    opening = {
        "income": 130.0,
        "cost": 104.0,
        "stocks": [0.0] * 3,
        "one_offs": [0.004, 0.006, 0.006, 0.009],
        "carry_over": 0.0,
        "backlog": 0.0,
        "opportunity_scale": 1.0,
        "cost_error": 0.0,
        "other_income": 0.0,
        "acute": True,
    }
    one = reference.opened(**opening, one_off_scale=1.0)
    two = reference.opened(**opening, one_off_scale=2.0)
    for _ in range(12):
        one, _ = reference.trust_year(one, PARAMETERS, CALM)
        two, _ = reference.trust_year(two, parameters(one_off_scale=2.0), CALM)
        assert two.one_offs == [close(2 * stock) for stock in one.one_offs]
    assert max(two.one_offs) == 0.04


def test_a_balance_of_dust_is_exactly_nothing() -> None:
    _, done = reference.trust_year(state(income=130.0), PARAMETERS, YEAR)
    for dust, balance in ((0.5e-9, 0.0), (-0.5e-9, 0.0), (2e-9, 2e-9), (-2e-9, -2e-9)):
        move = dust * done.cost_before - done.balance
        p = parameters(balance_reach=0.0)
        _, near = reference.trust_year(state(income=130.0), p, year(support=2.0 + move))
        assert near.balance == pytest.approx(balance * done.cost_before, rel=1e-3)
        assert (near.balance == 0.0) == (balance == 0.0)


def test_what_opens_uncertain_moves_cost_and_the_split_of_income() -> None:
    opening = {
        "income": 100.0,
        "cost": 104.0,
        "stocks": [0.05, 0.05, 0.025],
        "one_offs": [0.004] * 4,
        "carry_over": 0.01,
        "backlog": 3.0,
        "opportunity_scale": 1.2,
        "one_off_scale": 1.5,
        "cost_error": 0.005,
        "other_income": 0.01,
    }
    acute = reference.opened(**opening, acute=True)
    other = reference.opened(**opening, acute=False)
    assert acute.cost == other.cost == close(104.52)
    assert acute.income == close(99.75)
    assert other.income == close(100.75)
    assert acute.stocks == [close(0.06), close(0.06), close(0.03)]
    assert acute.one_offs == [close(0.006)] * 4
    assert (acute.carry_over, acute.backlog) == (0.01, 3.0)


rates = st.floats(-0.02, 0.06)
shares = st.floats(0.0, 1.0)


@given(
    real_share=shares,
    sharpness=st.floats(0.5, 0.98),
    one_off_fill=shares,
    balance_reach=shares,
    forgiven=shares,
    gap_closed=shares,
    plan_limit=st.floats(0.0, 0.1),
    plan_sharpness=st.floats(0.9, 1.0),
    quality=rates,
    one_off_scale=st.floats(0.5, 2.0),
    works_off=shares,
    need_part=shares,
    planned_support=shares,
    years=st.lists(
        st.builds(
            Year,
            demand=rates,
            inflation=rates,
            delivery=st.floats(0.2, 3.0),
            pressure=rates,
            plan_size=st.floats(0.3, 3.0),
            growth=rates,
            settled=st.booleans(),
            passed_on=rates,
            paid_pressure=rates,
            uplift=rates,
            rate=st.floats(0.0, 0.06),
            addon=shares.map(lambda share: share / 50),
            follows_tariff=st.booleans(),
            support=st.floats(0.0, 5.0),
            need_limit=st.floats(0.0, 5.0),
            upfront=shares,
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_every_trajectory_keeps_its_books(years: list[Year], **changes: float) -> None:
    p = parameters(**changes)
    now = state()
    for this in years:
        after, done = reference.trust_year(now, p, this)
        assert 0 <= done.recurrent <= min(done.ask, done.capacity)
        assert 0 <= done.nonrecurrent <= sum(now.one_offs) + 1e-15
        assert 0 <= done.shortfall <= done.ask
        assert all(stock >= 0 for stock in after.stocks)
        most = p.one_off_scale * 0.02
        assert all(0.0 <= stock <= most for stock in after.one_offs)
        explained = (
            done.underlying
            + done.support
            - now.payback
            + done.nonrecurrent * done.cost_before
        )
        dust = max(1e-10, 2 * reference.TIE * done.cost_before)
        assert done.balance == pytest.approx(explained, abs=dust)
        assert 0.0 <= done.ask <= p.plan_limit * this.plan_size * (1 + 1e-12)
        given_ = this.support - this.upfront
        assert -1e-12 <= done.support - given_ <= this.need_limit + 1e-12
        if done.support > given_ + 1e-9:
            assert done.balance <= 0.0
        assert done.unmet >= 0.0
        apart = done.measured - done.cash_releasing
        assert apart == pytest.approx(p.quality - this.paid_pressure, abs=1e-15)
        now = after
