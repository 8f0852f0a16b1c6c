"""The slow reference against numbers worked out by hand and known identities."""

import math
from dataclasses import replace
from typing import Any

import mpmath
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from reference import Outputs, Parameters, State, Year

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
    access=[0.35, 0.20, 0.06],
    renewal_of_stock=[0.004, 0.004, 0.002],
    one_off_renewal=[0.0030, 0.0008, 0.0030, 0.0030],
    one_off_cap=[0.02, 0.02, 0.02, 0.02],
    payback_rates=[0.0, 0.0, 0.15, 0.10],
    backlog_growth=0.03,
    ask_max=0.10,
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
    funded=0.022,
    uplift=0.038 - 0.011,
    rate=0.011,
    addon=0.005,
    support=2.0,
)
CALM = Year(demand=0.0, inflation=0.0, funded=0.0, uplift=0.0, rate=0.0)


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
        ("productivity", 0.0155202583475),
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
        sum(reference.outcomes(path, [0.011] * 5)[name] for path in paths)
        for name in ("any_means", "recurrent", "real", "balance", "sustained")
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
    assert reference.outcomes(outputs, [0.011] * 5)["any_means"]


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
    funded = Year(demand=0.02, inflation=0.03, funded=0.02, uplift=0.03, rate=0.0)
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
    funded = Year(demand=0.02, inflation=0.03, funded=0.02, uplift=0.03, rate=0.0)
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
        state(unmet=0.01), PARAMETERS, year(demand=0.01, funded=0.02)
    )
    assert done.activity == 0.01
    assert done.unmet == 0.01
    assert done.income == close(100 * 1.027 * (1 + 0.02 + 0.5 * (0.01 - 0.02)))


def test_the_addon_is_asked_of_trusts_in_deficit_only() -> None:
    rich, poor = state(income=130.0), state(income=90.0)
    asks = [reference.trust_year(s, PARAMETERS, YEAR)[1].ask for s in (rich, poor)]
    assert asks == [close(0.011 + 0.0113), close(0.011 + 0.0113 + 0.005)]


@pytest.mark.parametrize(("carry_over", "ask"), [(0.5, 0.10), (-0.5, 0.0)])
def test_the_ask_stays_between_nothing_and_its_limit(
    carry_over: float, ask: float
) -> None:
    _, done = reference.trust_year(state(carry_over=carry_over), PARAMETERS, YEAR)
    assert done.ask == ask


def test_only_the_real_share_lowers_cost_and_the_rest_is_asked_again() -> None:
    hard = year(rate=0.04, uplift=-0.002, support=0.0)
    after, done = reference.trust_year(STATE, PARAMETERS, hard)
    assert done.cost == close(done.cost_before * (1 - 0.6 * done.recurrent))
    assert done.shortfall == close(done.ask - done.recurrent - done.nonrecurrent)
    assert after.carry_over == close(done.nonrecurrent + 0.5 * done.shortfall)
    assert done.balance == close(done.underlying + done.nonrecurrent * done.cost_before)


def test_payback_returns_as_cost_after_inflation_and_is_owed_once() -> None:
    plain = reference.trust_year(STATE, PARAMETERS, YEAR)[1]
    owing = reference.trust_year(state(payback=3.0), PARAMETERS, YEAR)[1]
    assert owing.cost_before == close(plain.cost_before + 3.0)


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


rates = st.floats(-0.02, 0.06)
shares = st.floats(0.0, 1.0)


@given(
    real_share=shares,
    sharpness=st.floats(0.5, 0.98),
    one_off_fill=shares,
    balance_reach=shares,
    forgiven=shares,
    years=st.lists(
        st.builds(
            Year,
            demand=rates,
            inflation=rates,
            delivery=st.floats(0.2, 3.0),
            funded=rates,
            uplift=rates,
            rate=rates,
            addon=shares.map(lambda share: share / 50),
            support=st.floats(0.0, 5.0),
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
        assert all(-1e-15 <= stock <= 0.02 for stock in after.one_offs)
        assert done.balance - done.underlying == pytest.approx(
            this.support + done.nonrecurrent * done.cost_before, abs=1e-10
        )
        assert done.unmet >= now.unmet
        now = after


# Outcomes.


def done(**changes: Any) -> Outputs:
    plain = Outputs(
        activity=0.0,
        unmet=0.0,
        cost_before=100.0,
        income=100.0,
        ask=0.02,
        capacity=0.03,
        recurrent=0.02,
        nonrecurrent=0.0,
        cost=98.0,
        balance=0.0,
        underlying=0.0,
        productivity=0.02,
        shortfall=0.0,
        backlog=0.0,
        guarded=False,
    )
    return replace(plain, **changes)


def test_an_exact_tie_achieves() -> None:
    tie = done(
        recurrent=0.02 * (1 - 1e-12),
        productivity=0.02 * (1 - 1e-12),
        balance=-1e-8,
    )
    achieved = reference.outcomes([tie] * 5, [0.02] * 5)
    assert all(achieved.values())
    assert reference.group_outcomes([[tie] * 5] * 3, [0.02] * 5) == achieved


@pytest.mark.parametrize(
    ("short", "missed"),
    [
        ({"recurrent": 0.0189, "nonrecurrent": 0.0}, {"any_means", "recurrent"}),
        ({"recurrent": 0.0189, "nonrecurrent": 0.001}, {"recurrent"}),
        ({"productivity": 0.0199}, {"real", "sustained"}),
        ({"balance": -1e-6}, {"balance", "sustained"}),
    ],
)
def test_each_outcome_is_missed_by_its_own_shortfall(
    short: dict[str, float], missed: set[str]
) -> None:
    path = [done(), done(**short)]
    for achieved in (
        reference.outcomes(path, [0.02, 0.02]),
        reference.group_outcomes([path, path], [0.02, 0.02]),
    ):
        assert {name for name, is_met in achieved.items() if not is_met} == missed


def test_one_year_short_misses_any_means_but_sums_may_still_achieve() -> None:
    path = [done(recurrent=0.01, balance=-5.0), done(recurrent=0.03)]
    achieved = reference.outcomes(path, [0.02, 0.02])
    assert not achieved["any_means"]
    assert achieved["recurrent"]
    assert achieved["balance"]


def test_a_group_is_judged_on_money_not_on_the_average_trust() -> None:
    large = [done(cost_before=900.0, recurrent=0.021, productivity=0.021, balance=3.0)]
    small = [done(cost_before=100.0, recurrent=0.012, productivity=0.012, balance=-2.0)]
    assert not any(reference.outcomes(small, [0.02]).values())
    assert all(reference.group_outcomes([large, small], [0.02]).values())


def test_a_group_of_one_is_the_trust() -> None:
    for rate in (0.0, 0.01, 0.02, 0.04):
        years = [year(rate=rate, uplift=0.038 - rate)] * 5
        path = reference.trajectory(STATE, [PARAMETERS] * 5, years)
        assert reference.group_outcomes([path], [rate] * 5) == reference.outcomes(
            path, [rate] * 5
        )


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
