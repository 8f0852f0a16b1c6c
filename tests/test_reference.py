"""The slow reference against numbers worked out by hand and known identities."""

import math
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from reference import Outputs, Parameters, State, Year

from simulator.outcomes import BASES, OF_BASIS, OUTCOMES

# The corner of the model in which only the first model's terms are at work: a plan that
# follows the tariff, takes nothing of its gap and all of its debts, and has no limit.
PARAMETERS = Parameters(
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
    one_off_scale=1.0,
    access=[0.35, 0.20, 0.06],
    renewal_of_stock=[0.004, 0.004, 0.002],
    one_off_renewal=[0.0030, 0.0008, 0.0030, 0.0030],
    one_off_cap=[0.02, 0.02, 0.02, 0.02],
    payback_rates=[0.0, 0.0, 0.15, 0.10],
    backlog_growth=0.03,
    ask_max=0.10,
    plan_sharpness=1.0,
    works_off=0.0,
    need_part=0.0,
    planned_support=1.0,
)
STATE = State(
    income=100.0,
    cost=104.0,
    stocks=[0.05, 0.05, 0.025],
    one_offs=[0.004, 0.006, 0.006, 0.009],
    carry_over=0.0113,
)
YEAR = Year(
    demand=0.028,
    inflation=0.03,
    growth=0.022,
    uplift=0.038 - 0.011,
    rate=0.011,
    addon=0.005,
    follows_tariff=True,
    support=2.0,
)
CALM = Year(
    demand=0.0, inflation=0.0, growth=0.0, uplift=0.0, rate=0.0, follows_tariff=True
)


def parameters(**changes: Any) -> Parameters:
    return replace(PARAMETERS, **changes)


def state(**changes: Any) -> State:
    return replace(STATE, **changes)


def year(**changes: Any) -> Year:
    return replace(YEAR, **changes)


def close(value: float, rel: float = 1e-9) -> Any:
    return pytest.approx(value, rel=rel, abs=0.0)


# The worked trust-year of the model's sanity case 7.


def worked() -> tuple[State, Outputs]:
    return reference.trust_year(STATE, PARAMETERS, YEAR)


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


# Outcomes.


def done(**changes: Any) -> Outputs:
    plain = Outputs(
        activity=0.0,
        unmet=0.0,
        cost_before=100.0,
        income=100.0,
        support=0.0,
        ask=0.02,
        capacity=0.03,
        recurrent=0.02,
        nonrecurrent=0.0,
        cost=98.0,
        balance=0.0,
        underlying=0.0,
        pressure=0.0,
        cash_releasing=0.02,
        measured=0.02,
        shortfall=0.0,
        backlog=0.0,
        guarded=False,
    )
    return replace(plain, **changes)


def judged(
    path: list[Outputs], rates: list[float], own: str = "cash_releasing"
) -> dict[str, bool]:
    return reference.outcomes(path, rates, own)


def together(
    paths: list[list[Outputs]], rates: list[float], own: str = "cash_releasing"
) -> dict[str, bool]:
    return reference.group_outcomes(paths, rates, own)


def test_an_exact_tie_achieves() -> None:
    just = 0.02 * (1 - 1e-12)
    tie = done(recurrent=just, cash_releasing=just, measured=just, balance=0.0)
    achieved = judged([tie] * 5, [0.02] * 5)
    assert all(achieved.values())
    assert tuple(achieved) == OUTCOMES
    assert together([[tie] * 5] * 3, [0.02] * 5) == achieved


@pytest.mark.parametrize(
    ("short", "missed"),
    [
        ({"recurrent": 0.0189, "nonrecurrent": 0.0}, {"any_means", "recurrent"}),
        ({"recurrent": 0.0189, "nonrecurrent": 0.0011}, {"recurrent"}),
        ({"cash_releasing": 0.0199}, {"cash_releasing", "sustained"}),
        ({"measured": 0.0199}, {"measured"}),
        ({"balance": -1e-6}, {"balance", "sustained"}),
    ],
)
def test_each_outcome_is_missed_by_its_own_shortfall(
    short: dict[str, float], missed: set[str]
) -> None:
    path = [done(), done(**short)]
    for achieved in (judged(path, [0.02] * 2), together([path, path], [0.02] * 2)):
        assert {name for name, is_met in achieved.items() if not is_met} == missed


@pytest.mark.parametrize("own", BASES)
def test_what_lasts_is_the_targets_own_outcome_and_balance(own: str) -> None:
    outcome = OF_BASIS[own].name
    short = {
        "any_means": {"recurrent": 0.01},
        "recurrent": {"recurrent": 0.01, "nonrecurrent": 0.01},
    }.get(outcome, {outcome: 0.01})
    for changes, lasts in ((short, False), ({}, True), ({"balance": -1.0}, False)):
        path = [done(**changes)]
        assert judged(path, [0.02], outcome)["sustained"] == lasts
        assert together([path], [0.02], outcome)["sustained"] == lasts


def test_a_year_short_of_the_plan_is_made_up_by_another() -> None:
    path = [done(recurrent=0.01, balance=-5.0), done(recurrent=0.03)]
    achieved = judged(path, [0.02, 0.02])
    assert achieved["any_means"]
    assert achieved["recurrent"]
    assert achieved["balance"]
    assert [one.met_plan for one in path] == [False, True]


@pytest.mark.parametrize(
    ("recurrent", "nonrecurrent", "met"),
    [(0.019, 0.0, True), (0.0, 0.0189, False), (0.01, 0.0091, True)],
)
def test_a_plan_is_met_with_nearly_all_of_it(
    recurrent: float, nonrecurrent: float, met: bool
) -> None:
    assert done(recurrent=recurrent, nonrecurrent=nonrecurrent).met_plan == met


def test_a_group_is_judged_on_money_not_on_the_average_trust() -> None:
    good = {"recurrent": 0.021, "cash_releasing": 0.021, "measured": 0.021}
    bad = {"recurrent": 0.012, "cash_releasing": 0.012, "measured": 0.012}
    large = [done(cost_before=900.0, balance=3.0, **good)]
    small = [done(cost_before=100.0, balance=-2.0, **bad)]
    assert not any(judged(small, [0.02]).values())
    assert all(together([large, small], [0.02]).values())


def test_a_group_of_one_is_the_trust() -> None:
    for rate in (0.0, 0.01, 0.02, 0.04):
        years = [year(rate=rate, uplift=0.038 - rate)] * 5
        path = reference.trajectory(STATE, [PARAMETERS] * 5, years)
        assert together([path], [rate] * 5) == judged(path, [rate] * 5)


# Drivers, one number at a time.


def test_ar1_starts_at_its_own_spread_and_fades() -> None:
    path = reference.ar1([1.0, 0.0, 0.0], sd=0.008, persistence=0.2)
    assert path == [0.008, close(0.0016), close(0.00032)]
    assert reference.ar1([1.0, -2.0], sd=0.5, persistence=0.0) == [0.5, -1.0]
    assert reference.ar1([], sd=0.5, persistence=0.2) == []


def test_ar1_has_the_same_spread_every_year() -> None:
    # The variance is the sum of the squared responses to each single innovation.
    for last in range(6):
        responses = [
            reference.ar1([float(i == j) for j in range(last + 1)], 0.65, 0.4)[last]
            for i in range(last + 1)
        ]
        assert math.hypot(*responses) == close(0.65, rel=1e-12)


def test_the_settlement_splits_into_prices_and_volume() -> None:
    assert reference.implied_deflator(0.0554, 0.0347) == close(1.0554 / 1.0347 - 1)
    assert reference.settlement_growth(0.0554, 0.0347, reach=0.0) == close(
        1.0554 / 1.0347 - 1
    )
    growth = reference.settlement_growth(0.05, 0.03, reach=0.75)
    assert growth == close(1.05 / 1.03 - 1 + 0.0225)
    assert reference.funded_activity(growth, 0.027) == close((1 + growth) / 1.027 - 1)


def test_what_is_taken_out_of_a_settlement_reaches_nobody() -> None:
    whole = reference.settlement_growth(0.05, 0.03, reach=0.75)
    less = reference.settlement_growth(0.05, 0.03, 0.75, reach_scale=0.5)
    assert whole - less == close(0.5 * 0.03 * 0.75)
    assert reference.settlement_growth(0.05, 0.03, 0.75, top_slice=0.004) == close(
        whole - 0.004
    )
    assert reference.settlement_growth(0.05, 0.03, 0.75, tilt=0.001) == close(
        whole + 0.001
    )


def test_what_is_paid_for_pressure_out_of_a_settlement_adds_no_cash() -> None:
    paid = 0.005
    growth = reference.settlement_growth(0.05, 0.03, 0.75, paid_pressure=paid)
    this = replace(
        CALM, growth=growth, settled=True, uplift=0.027, passed_on=paid, demand=0.2
    )
    p = parameters(marginal_payment=0.0)
    _, done = reference.trust_year(STATE, p, this)
    assert done.income == close(
        100 * (1 + reference.settlement_growth(0.05, 0.03, 0.75)), rel=1e-14
    )


def test_what_one_type_gains_the_others_lose() -> None:
    acute, other = (reference.for_a_type(0.01, acute) for acute in (True, False))
    assert other - acute == close(0.01)
    assert 0.75 * acute + 0.25 * other == pytest.approx(0.0, abs=1e-18)


def test_pressure_differs_by_type_and_only_pressure_is_made_good() -> None:
    assert reference.national_pressure(0.01, 0.3, -0.002, acute=True) == close(0.008)
    assert reference.national_pressure(0.01, 0.3, -0.002, acute=False) == close(0.001)
    assert reference.pressure_made_good(0.008, 0.5) == 0.004
    assert reference.pressure_made_good(-0.008, 0.5) == 0.0


def test_prices_are_rebased_by_what_last_year_cost_beyond_them() -> None:
    assert reference.rebased(0.03, 0.02, 0.025, 0.8) == close(0.8 * 0.0015)
    assert reference.rebased(0.03, 0.02, 0.025, 0.0) == 0.0


def test_plans_are_no_larger_on_average() -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    sizes = [reference.plan_size(z, 0.3) for z in nodes]
    assert np.average(sizes, weights=weights) == close(1.0, rel=1e-12)
    assert reference.plan_size(1.0, 0.3) == close(math.exp(0.255))
    assert reference.plan_size(3.0, 0.0) == 1.0


def test_a_higher_target_buys_more_activity_from_the_same_money() -> None:
    volumes = [
        reference.funded_activity(0.04, 0.038 - rate) for rate in (0.0, 0.01, 0.02)
    ]
    assert volumes == sorted(volumes)
    income = [
        (1 + v) * (1 + 0.038 - rate)
        for v, rate in zip(volumes, (0.0, 0.01, 0.02), strict=True)
    ]
    assert income == [close(1.04)] * 3


def test_agency_pressure_falls_when_agency_staff_leave() -> None:
    assert reference.agency_pressure(0.65, 0.2, (0.08, 0.06)) == close(-0.0026)
    assert reference.agency_pressure(0.65, 0.2, (0.06, 0.06)) == 0.0


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_is_that_of_the_published_table(
    k: int, n: int, low: float, high: float
) -> None:
    assert reference.wilson(k, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_interval_of_all_mirrors_that_of_none() -> None:
    low, high = reference.wilson(20, 20)
    assert (1 - high, 1 - low) == pytest.approx(reference.wilson(0, 20), abs=1e-15)
    assert reference.wilson(5, 9, confidence=0.5)[0] > reference.wilson(5, 9)[0]
