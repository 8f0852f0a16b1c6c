"""Drivers: what a scenario decides in closed form, what it draws by address."""

import copy
import math
from dataclasses import fields

import numpy as np
import pytest
import reference
import tiny
from scipy.special import ndtri

from simulator import drivers
from simulator.drivers import funding
from simulator.drivers import shocks as yearly
from simulator.errors import ScenarioError
from simulator.kernel import philox, workspace
from simulator.kernel.workspace import KEPT, LANES
from simulator.outcomes import OUTCOMES
from simulator.running import prepare
from simulator.sampling import addresses
from simulator.sampling.stream import Stream
from simulator.scenario.distributions import Certain
from simulator.scenario.model import by_year
from simulator.scenario.uncertain import uncertain
from simulator.schema import POOLS, TRUST_TYPES

SEED = 11
REACH = {
    "acute": 0.8,
    "specialist": 0.8,
    "mental_health": 1.2,
    "community": 1.2,
    "ambulance": 0.9,
}
CASH = [100.0, 103.0, 106.0, 110.0]
UPLIFT = [0.03, 0.028, 0.028]


def scenario(given=None, *settings):
    return tiny.loaded(given, *settings).scenario


def drawn(given=None, n_draw=500, first_draw=0):
    return drivers.draw(scenario(given), SEED, first_draw, n_draw)


def differing(one, other):
    """Names of what differs between two draws; of assumptions only the common."""
    names = []
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, dict):
            names += [k for k in a.keys() & b.keys() if not np.array_equal(a[k], b[k])]
        elif not np.array_equal(a, b):
            names.append(field.name)
    return set(names)


def rates(*by_target):
    return np.array([np.broadcast_to(rate, 3) for rate in by_target], dtype=float)


# --- what is decided ------------------------------------------------------------------


def growth(given=None, *settings):
    """Growth of the money that comes to each type where nothing is uncertain."""
    found = drivers.draw(scenario(given or calm(), *settings), SEED, 0, 1)
    return found.growth[..., 0] - 1.0


def calm():
    """A settlement out of which nothing pays for pressure."""
    return sure(prices={"pressure_paid": 0.0})


def test_growth_is_the_implied_deflator_and_the_real_growth_that_reaches_a_type():
    for reach_scale in (1.0, 0.8):
        found = growth(None, f"funding.reach_scale={reach_scale}")
        for row, kind in enumerate(TRUST_TYPES):
            for y in range(3):
                expected = reference.settlement_growth(
                    CASH[y + 1] / CASH[y] - 1.0,
                    0.01,
                    REACH[kind],
                    reach_scale=reach_scale,
                )
                assert found[row, y] == pytest.approx(expected, abs=1e-15)


def test_a_type_that_all_real_growth_reaches_grows_with_the_cash_but_for_the_product():
    given = calm()
    given["funding"]["reach"]["acute"] = 1.0
    acute = growth(given)[0]
    cash = np.array(CASH[1:]) / np.array(CASH[:-1]) - 1.0
    deflator = (1.0 + cash) / 1.01 - 1.0
    assert acute == pytest.approx(cash - 0.01 * deflator, abs=1e-15)


def test_the_growth_as_planned_is_that_of_draws_without_anything_uncertain():
    bent = scenario(calm(), "funding.reach_scale=0.8")
    assert drivers.planned_growth(bent, 0.8) == pytest.approx(
        drivers.draw(bent, SEED, 0, 1).growth[..., 0], abs=1e-15
    )


@pytest.mark.parametrize("basis", ["settlement", "activity"])
def test_what_other_trusts_gain_acute_trusts_lose(basis):
    given = calm()
    given["funding"] |= {"basis": basis, "activity_growth": dict.fromkeys(REACH, 0.02)}
    moved = growth(given, "funding.other_growth=0.01") - growth(given)
    gain = [reference.for_a_type(0.01, kind == "acute") for kind in TRUST_TYPES]
    assert moved == pytest.approx(np.repeat([gain], 3, axis=0).T, abs=1e-15)


def test_an_error_of_the_growth_given_moves_every_type_and_no_settlement():
    given = calm()
    before = growth(given)
    given["funding"]["growth_error"] = 0.004
    assert np.array_equal(growth(given), before)
    given["funding"] |= {
        "basis": "activity",
        "activity_growth": dict.fromkeys(REACH, 0.02),
    }
    assert growth(given) == pytest.approx(np.full((5, 3), 0.024), abs=1e-15)


def test_what_is_paid_for_pressure_out_of_a_settlement_adds_no_cash():
    given = sure(prices={"pressure": 0.01, "pressure_other": 0.5, "pressure_paid": 0.6})
    found = drivers.draw(scenario(given), SEED, 0, 1)
    assert found.passed_on[0] == pytest.approx(np.full((3, 1), 0.006), abs=1e-15)
    cash = found.growth * (1.0 + found.passed_on)
    assert cash[..., 0] == pytest.approx(1.0 + growth(), rel=1e-15)
    # Where the activity is given, the payment comes on top.
    given["funding"] |= {
        "basis": "activity",
        "activity_growth": dict.fromkeys(REACH, 0.02),
    }
    found = drivers.draw(scenario(given), SEED, 0, 1)
    assert found.growth == pytest.approx(np.full((5, 3, 1), 1.02), abs=1e-15)
    assert (found.passed_on > 0.0).all()


def test_under_a_settlement_income_grows_as_the_cash_does():
    # Care is paid for in full, and every type is given all of the real growth.
    given = sure(prices={"pressure": 0.01, "pressure_other": 0.5, "pressure_paid": 0.6})
    given["funding"]["reach"] = dict.fromkeys(REACH, 1.0)
    given["delivery"]["marginal_payment"] = 0.0
    parts, _ = tiny.simulate(tiny.job(given), 1, keep=1)
    income = parts[0].trajectories[KEPT.index("income")][..., 0]
    opening = tiny.people().income
    paths = np.concatenate([np.broadcast_to(opening, income[:, :1].shape), income], 1)
    cash = np.array(CASH[1:]) / np.array(CASH[:-1])
    expected = 1.0 + reference.implied_deflator(cash - 1.0, 0.01) + 0.01
    assert expected == pytest.approx(cash, rel=3e-4)  # but for a product
    growths = paths[:, 1:] / paths[:, :-1]
    whole = np.broadcast_to(expected[None, :, None], growths.shape)
    assert growths == pytest.approx(whole, rel=3e-7)  # kept in single precision


def test_the_planned_deflator_is_implied_by_the_settlement():
    expected = [CASH[y + 1] / CASH[y] / 1.01 - 1.0 for y in range(3)]
    assert drivers.deflator_path(scenario()) == pytest.approx(expected, abs=1e-15)


def activity(bent, price):
    """Growth of activity that is funded: (target, type, year)."""
    prices = 1.0 + price[:, None] if funding.settled(bent) else 1.0
    return drivers.planned_growth(bent, 1.0) / prices + 0.0 * price[:, None] - 1.0


def test_the_same_money_buys_more_activity_under_a_higher_target():
    price = np.array(UPLIFT) - rates(0.0, 0.011, [0.01, 0.02, 0.03])
    found = activity(scenario(), price)
    money = drivers.planned_growth(scenario(), 1.0) - 1.0
    for target in range(3):
        expected = reference.funded_activity(money, price[target])
        assert found[target] == pytest.approx(expected, abs=1e-15)
    # Income at planned activity is the settlement's, whatever the target.
    income = (1.0 + price[:, None, :]) * (1.0 + found)
    assert income == pytest.approx(np.broadcast_to(1.0 + money, income.shape))
    assert (found[1] > found[0]).all()


def test_activity_given_directly_does_not_depend_on_the_target():
    given = tiny.tables()
    given["funding"]["basis"] = "activity"
    growth = {kind: 0.01 * (row + 1) for row, kind in enumerate(TRUST_TYPES)}
    growth["acute"] = [0.03, 0.02, 0.01]
    given["funding"]["activity_growth"] = growth
    found = activity(scenario(given), rates(0.0, 0.04))
    assert found[0, 0] == pytest.approx([0.03, 0.02, 0.01], abs=1e-15)
    expected = [[0.01 * row] * 3 for row in (2, 3, 4, 5)]
    assert found[0, 1:] == pytest.approx(np.array(expected), abs=1e-15)
    assert np.array_equal(found[0], found[1])


def test_growth_read_off_cash_less_prices_falls_where_other_prices_rise_more():
    given = tiny.tables()
    given["funding"] |= {"basis": "activity", "growth_unpriced": 0.01}
    given["funding"]["activity_growth"] = dict.fromkeys(TRUST_TYPES, 0.03)
    given["funding"]["other_growth"] = 0.0
    given["prices"]["national_share"] = {"uniform": [0.4, 0.9]}
    found = drawn(given, 50)
    share = found.assumptions["prices.national_share"]
    assert 0.4 <= share.min() < share.max() <= 0.9
    expected = (
        1.03 - 0.01 * (1.0 - share) + found.assumptions.get("funding.growth_error", 0.0)
    )
    np.testing.assert_allclose(found.growth[0, 0], expected, atol=1e-15)
    row = workspace.NATIONAL_SHARE // LANES
    np.testing.assert_array_equal(found.belief[row], share)


def test_prices_rise_by_the_uplift_less_the_target():
    plan = drivers.plan(scenario(), tiny.people(), rates(0.011, [0.01, 0.02, 0.03]))
    assert plan.price[0] == pytest.approx([0.019, 0.017, 0.017], abs=1e-15)
    assert plan.price[1] == pytest.approx([0.02, 0.008, -0.002], abs=1e-15)


def test_transformation_funding_opens_the_system_pool():
    given = tiny.tables()
    given["delivery"]["transformation_funding"] = [0.0, 0.5, 1.0]
    access = drivers.plan(scenario(given), tiny.people(), rates(0.01)).access
    assert access[:, :2].tolist() == [[0.35, 0.20]] * 3
    assert access[:, 2] == pytest.approx([0.06, 0.08, 0.10], abs=1e-15)


def test_opening_opportunity_is_split_over_the_pools():
    people = tiny.people()
    trusts = drivers.trusts(people, scenario())
    shares = trusts.opportunity / people.opportunity[:, None]
    assert shares == pytest.approx(np.tile([0.4, 0.4, 0.2], (8, 1)))
    assert trusts.first.tolist() == [0, 3, 6, 8]


def own_whole():
    """The funds, each shared over the population itself."""
    given = tiny.tables()
    for fund in given["funding"]["support"].values():
        del fund["shared_over"]
    return given


def test_a_fund_is_paid_out_in_full_where_the_population_shares_it():
    support = funding.support(scenario(own_whole()), tiny.people())
    assert support.sum(axis=0) == pytest.approx([45.0, 37.0, 25.0])


def test_a_recovery_fund_goes_to_opening_deficits_and_a_general_one_to_income():
    people = tiny.people()
    given = own_whole()
    given["funding"]["support"]["sustainability"]["enabled"] = False
    recovery = funding.support(scenario(given), people)
    deficit = np.maximum(-people.reported_balance, 0.0)
    assert recovery[:, 0] == pytest.approx(20.0 * deficit / deficit.sum())
    given["funding"]["support"]["sustainability"]["enabled"] = True
    given["funding"]["support"]["recovery"]["enabled"] = False
    general = funding.support(scenario(given), people)
    assert general[:, 2] == pytest.approx(25.0 * people.income / people.income.sum())


def test_a_share_fixed_by_shared_over_does_not_depend_on_who_else_is_there():
    everybody = tiny.people()
    fewer = tiny.people(tiny.without("SA1", "NC1"))
    whole = funding.support(scenario(), everybody)
    part = funding.support(scenario(), fewer)
    rows = [everybody.code.index(code) for code in fewer.code]
    assert np.array_equal(part, whole[rows])
    row = everybody.code.index("NA1")
    expected = 20.0 * 21.5 / 50.0 + 25.0 * 520.0 / 2500.0
    assert whole[row, 0] == pytest.approx(expected)


def test_a_fund_for_some_types_goes_to_no_other():
    given = own_whole()
    fund = given["funding"]["support"]["sustainability"]
    fund["types"] = ["acute"]
    given["funding"]["support"] = {"sustainability": fund}
    people, asked = tiny.people(), scenario(given)
    paid = funding.support(asked, people)
    acute = np.array([kind == "acute" for kind in people.trust_type])
    assert not paid[~acute].any()
    amount = by_year(fund["amount"], asked.years)
    assert paid[acute].sum(axis=0) == pytest.approx(amount)
    expected = people.income[acute] / people.income[acute].sum()
    assert paid[acute][:, 0] / amount[0] == pytest.approx(expected)


def test_a_fund_for_types_that_nobody_is_of_is_refused():
    given = tiny.tables()
    fund = given["funding"]["support"]["sustainability"]
    del fund["shared_over"]
    fund["types"] = ["ambulance"]
    people = tiny.people(tiny.without("WB1"))
    assert "ambulance" not in people.trust_type
    with pytest.raises(
        ScenarioError, match=r"types that .* has no trust of; name other"
    ):
        funding.support(scenario(given), people)


def test_a_top_slice_comes_out_of_the_growth_of_every_type():
    moved = growth() - growth(None, "funding.top_slice=0.01")
    assert moved == pytest.approx(np.full(moved.shape, 0.01))


def for_need(**changes):
    given = own_whole()
    fund = {"amount": [30.0, 20.0, 0.0], "allocated_by": "need", "part": 0.5, **changes}
    given["funding"]["support"] = {"recovery": fund}
    return given


def test_a_fund_for_need_has_a_limit_by_income_and_no_fixed_share():
    people, asked = tiny.people(), scenario(for_need())
    assert not funding.support(asked, people).any()
    share = people.income / people.income.sum()
    limit = funding.need_limit(asked, people)
    assert limit == pytest.approx(share[:, None] * np.array([30.0, 20.0, 0.0]))
    plan = drivers.plan(asked, people, rates(0.01))
    assert np.array_equal(plan.need_limit, limit)
    assert funding.need_part(asked) == 0.5


def test_without_a_fund_for_need_nothing_is_paid_for_it():
    for given in (own_whole(), for_need(enabled=False)):
        asked = scenario(given)
        assert funding.need_part(asked) == 0.0
        assert not funding.need_limit(asked, tiny.people()).any()


def test_a_plan_holds_what_each_target_follows_and_is_meant_on():
    plan = drivers.plan(scenario(), tiny.people(), rates(0.011, 0.02, 0.04))
    assert plan.follows_tariff.tolist() == [True, False, False]
    meant = [OUTCOMES[row] for row in plan.own]
    assert meant == ["cash_releasing", "any_means", "recurrent"]


def test_what_others_gain_weighs_on_acute_trusts():
    trusts = drivers.trusts(tiny.people(), scenario())
    acute = np.array([kind == "acute" for kind in tiny.people().trust_type])
    assert trusts.other_weight == pytest.approx(np.where(acute, -0.25, 0.75))


def test_a_recovery_fund_without_a_deficit_to_share_it_is_refused():
    given = own_whole()
    people = tiny.people(tiny.without("NA1", "SA1", "SM1", "WA1"))
    with pytest.raises(ScenarioError, match="opens in deficit") as caught:
        funding.support(scenario(given), people)
    assert caught.value.place == "funding.support.recovery"


def test_up_front_cost_falls_on_the_types_that_take_part_while_it_is_on():
    found = drawn(programme(upfront_cost=[0.001, 0.002, 0.0])).upfront
    expected = np.zeros((len(TRUST_TYPES), 3))
    for kind in ("acute", "community"):
        expected[TRUST_TYPES.index(kind)] = [0.001, 0.002, 0.0]
    assert np.array_equal(found, np.repeat(expected[..., None], 500, axis=-1))
    assert not drawn(programme(enabled=False)).upfront.any()


def test_up_front_cost_is_paid_only_where_the_programme_happens():
    found = drawn(programme(upfront_cost=0.002, probability=0.3))
    happens = found.new_opportunity[0, 1, 0] > found.new_opportunity[1, 1, 0]
    assert 0.0 < happens.mean() < 1.0
    assert np.array_equal(found.upfront[0], np.tile(0.002 * happens, (3, 1)))


# --- what is drawn: shocks ------------------------------------------------------------


def shocks(n_draw, *, years=3, **persistence):
    given = tiny.tables()
    given["years"] = years
    given["funding"]["cash"] = [100.0 * 1.03**y for y in range(years + 1)]
    given["funding"]["support"] = {}
    given["prices"]["cost_uplift"] = 0.028
    given["prices"]["agency_share"] = 0.04
    given["demand"]["acute"]["trend"] = 0.02
    given["programmes"] = {}
    target = {"name": "t", "rate": 0.01, "basis": "measured", "source": "x"}
    given["targets"] = [target]
    given["prices"]["nonpay_shock"]["persistence"] = persistence.get("nonpay", 0.0)
    bent = scenario(given)
    return drivers.national_shocks(bent, Stream(SEED, 0, n_draw, False))


def stated_sds():
    return {"pay": 0.006, "nonpay": 0.014, "pressure": 0.004, "demand": 0.008}


def test_the_first_years_shocks_are_the_root_of_the_matrix_times_normals():
    stream = Stream(SEED, 0, 64, False)
    bent = scenario()
    found = drivers.national_shocks(bent, stream)
    matrix = bent.correlations.matrix()
    root = np.linalg.cholesky(matrix)
    from_mine = np.array(yearly.cholesky(matrix.tolist()))
    assert from_mine == pytest.approx(root, abs=1e-15)
    z = stream.normals(0, philox.place(philox.NATIONAL, 0, 2019))
    for row, (name, sd) in enumerate(stated_sds().items()):
        assert found[name][0] == pytest.approx(sd * (root[row] @ z))


def test_a_shock_without_persistence_or_spread_stays_away():
    found = drivers.draw(scenario(tiny.sure_tables()), SEED, 0, 50)
    for name in ("pay", "nonpay", "pressure", "demand", "delivery"):
        values = getattr(found, name)
        assert (values == values[..., :1]).all()


def normal_gap(values, mean, sd):
    """How many standard errors a mean and an sd are off, the larger."""
    n = len(values)
    of_mean = abs(values.mean() - mean) / (sd / math.sqrt(n))
    of_sd = abs(values.std() / sd - 1.0) * math.sqrt(2.0 * n)
    return max(of_mean, of_sd)


def correlation_gap(a, b, stated):
    """How many standard errors a correlation is off, by Fisher's transformation."""
    found = float(np.corrcoef(a, b)[0, 1])
    return abs(math.atanh(found) - math.atanh(stated)) * math.sqrt(len(a) - 3)


LIMIT = float(ndtri(1.0 - 1e-6))  # 4.75 standard errors


@pytest.mark.slow
def test_shocks_are_stationary_with_the_stated_spread_in_every_year():
    found = shocks(200_000, years=6)
    for name, sd in stated_sds().items():
        for y in range(6):
            assert normal_gap(found[name][y], 0.0, sd) < LIMIT
    # The check can fail: a shock that starts from zero is not stationary.
    started = found["pay"][1] - 0.5 * found["pay"][0]
    assert normal_gap(started, 0.0, 0.006) > LIMIT


@pytest.mark.slow
def test_a_shock_remembers_its_persistence_one_year_and_its_square_two():
    found = shocks(200_000, years=4, nonpay=-0.3)
    stated = {"pay": 0.5, "nonpay": -0.3, "pressure": 0.25, "demand": 0.2}
    for name, persistence in stated.items():
        for y in (0, 1, 2):
            path = found[name]
            assert correlation_gap(path[y], path[y + 1], persistence) < LIMIT
        assert correlation_gap(path[0], path[2], persistence**2) < LIMIT
    assert correlation_gap(found["pay"][0], found["pay"][1], 0.52) > LIMIT


@pytest.mark.slow
def test_shocks_of_one_year_are_correlated_as_stated():
    found = shocks(200_000, years=3)
    stated = {("pay", "nonpay"): 0.1, ("pay", "pressure"): 0.5}
    stated |= {("nonpay", "pressure"): 0.5, ("pay", "demand"): 0.0}
    stated |= {("nonpay", "demand"): 0.0, ("pressure", "demand"): 0.0}
    memory = {"pay": 0.5, "nonpay": 0.0, "pressure": 0.25, "demand": 0.2}
    for (a, b), r in stated.items():
        together = r
        fresh = math.sqrt((1.0 - memory[a] ** 2) * (1.0 - memory[b] ** 2))
        for y in range(3):
            assert correlation_gap(found[a][y], found[b][y], together) < LIMIT
            together = memory[a] * memory[b] * together + fresh * r
    assert correlation_gap(found["pay"][0], found["nonpay"][0], 0.15) > LIMIT


@pytest.mark.slow
def test_delivery_and_type_shocks_have_the_stated_spread():
    given = tiny.sure_tables()
    given["delivery"]["national_sd"] = 0.04
    given["demand"]["type_sd"] = 0.005
    found = drivers.draw(scenario(given), SEED, 0, 100_000)
    for y in range(3):
        assert normal_gap(found.delivery[y], 0.0, 0.04) < LIMIT
        for row in range(len(TRUST_TYPES)):
            own = found.demand[row, y] - found.demand[row, y].mean()
            assert normal_gap(own, 0.0, 0.005) < LIMIT
    a, b = found.demand[0, 0], found.demand[1, 0]
    assert correlation_gap(a, b, 0.0) < LIMIT
    assert correlation_gap(found.delivery[0], found.delivery[1], 0.0) < LIMIT


# --- what is drawn: high inflation ----------------------------------------------------


def regime(enter, stay, n_draw):
    settings = [f"prices.tail.enter={enter}", f"prices.tail.stay={stay}"]
    bent = scenario(None, *settings)
    return yearly.high_inflation(bent, Stream(SEED, 0, n_draw, False))


def share_gap(found, stated):
    """How many standard errors a share is off."""
    error = math.sqrt(stated * (1.0 - stated) / len(found))
    return abs(float(found.mean()) - stated) / error


def test_without_a_chance_to_enter_nobody_is_in_the_high_inflation_regime():
    assert not regime(0.0, 0.8, 2_000).any()


def test_where_entering_and_staying_are_certain_every_year_is_in_the_regime():
    assert (regime(1.0, 1.0, 200) == 1.0).all()


def test_the_regime_is_entered_and_kept_as_often_as_stated():
    found = regime(0.1, 0.7, 20_000)
    share = 0.1
    for y in range(3):
        assert share_gap(found[y], share) < LIMIT
        share = 0.7 * share + 0.1 * (1.0 - share)
    for y in (0, 1):
        inside = found[y] == 1.0
        assert share_gap(found[y + 1][inside], 0.7) < LIMIT
        assert share_gap(found[y + 1][~inside], 0.1) < LIMIT
        assert share_gap(found[y + 1], 0.7) > LIMIT  # the check can fail


def test_high_inflation_adds_its_size_to_pay_and_nonpay_alike():
    calm = drawn()
    given = tiny.tables()
    given["prices"]["tail"]["enter"] = 0.3
    stressed = drawn(given)
    size = stressed.assumptions["prices.tail.size"]
    expected = stressed.high_inflation * size
    assert 0.0 < stressed.high_inflation.mean() < 1.0
    for name in ("pay", "nonpay"):
        added = getattr(stressed, name) - getattr(calm, name)
        assert added == pytest.approx(expected, abs=1e-15)
    assert differing(calm, stressed) == {"pay", "nonpay", "high_inflation"}


# --- what is drawn: prices, demand, conditions, programmes ----------------------------


def sure(**changes):
    """The scenario with nothing uncertain but what a test adds."""
    given = tiny.sure_tables()
    for section, values in changes.items():
        given[section] |= values
    return given


def test_pay_is_its_path_with_premium_and_agency_pressure():
    given = sure(prices={"premium": 0.001, "agency_premium": 0.25})
    found = drawn(given, 3)
    agency = [0.046, 0.046, 0.04, 0.04]
    expected = [0.025 + 0.001 + 0.25 * (agency[y + 1] - agency[y]) for y in range(3)]
    assert found.pay[:, 0] == pytest.approx(expected, abs=1e-15)
    assert found.nonpay[:, 0] == pytest.approx([0.021] * 3, abs=1e-15)


def test_pressure_is_that_of_acute_trusts_and_a_part_of_it_elsewhere():
    given = sure(prices={"pressure": 0.01, "pressure_other": 0.3, "pressure_paid": 0.4})
    found = drawn(given, 3)
    for row, kind in enumerate(TRUST_TYPES):
        expected = reference.national_pressure(0.01, 0.3, 0.0, kind == "acute")
        assert found.pressure[row] == pytest.approx(np.full((3, 3), expected))
        paid = reference.pressure_made_good(expected, 0.4)
        assert found.paid_pressure[row] == pytest.approx(np.full((3, 3), paid))
    assert np.array_equal(found.passed_on, found.paid_pressure)


def test_less_pressure_than_none_takes_no_income_away():
    found = drawn(sure(prices={"pressure": -0.01, "pressure_paid": 0.4}), 3)
    assert (found.pressure < 0.0).all()
    assert not found.passed_on.any()


def test_prices_make_good_a_part_of_what_last_year_cost_beyond_them():
    found = drawn(sure(prices={"made_good": 0.8, "pressure_paid": 0.0}), 3)
    assert not found.passed_on[:, 0].any()
    for y in (1, 2):
        expected = reference.rebased(
            found.pay[y - 1, 0], found.nonpay[y - 1, 0], UPLIFT[y - 1], 0.8
        )
        assert found.passed_on[:, y] == pytest.approx(np.full((5, 3), expected))
    assert not drawn(sure(prices={"pressure_paid": 0.0}), 3).passed_on.any()


def test_drift_that_prices_pay_for_lowers_what_a_measure_adds_for_quality():
    given = sure(prices={"funded_drift": 0.005}, delivery={"quality": 0.003})
    row = workspace.QUALITY // workspace.LANES
    assert drawn(given, 3).belief[row] == pytest.approx([-0.002] * 3, abs=1e-18)
    other = drawn(sure(delivery={"quality": 0.003}), 3)
    assert differing(drawn(given, 3), other) == {"belief"}


def test_a_constant_agency_share_presses_on_nobody():
    one = drawn(sure(prices={"agency_share": 0.05, "agency_premium": 0.5}), 3)
    other = drawn(sure(prices={"agency_share": 0.05, "agency_premium": 0.0}), 3)
    assert np.array_equal(one.pay, other.pay)


def test_agency_pressure_falls_on_pay_alone():
    one = drawn(sure(prices={"agency_premium": 0.5}), 3)
    other = drawn(sure(prices={"agency_premium": 0.0}), 3)
    assert differing(one, other) == {"pay"}


def test_demand_is_its_types_trend_and_bias():
    found = drawn(sure(demand={"bias": 0.003}), 3)
    assert found.demand[0, :, 0] == pytest.approx([0.031, 0.03, 0.029], abs=1e-15)
    assert found.demand[4, :, 0] == pytest.approx([0.043] * 3, abs=1e-15)


def test_the_national_demand_shock_is_common_to_all_types():
    given = sure(demand={"national_shock": {"sd": 0.01, "persistence": 0.4}})
    demand = drawn(given).demand
    from_mean = demand - demand.mean(axis=-1, keepdims=True)
    assert from_mean.std() > 0.005
    assert from_mean == pytest.approx(
        np.broadcast_to(from_mean[:1], from_mean.shape), abs=1e-15
    )


def test_each_years_national_shocks_fall_on_what_they_are_named_for():
    calm = tiny.tables()
    for section, names in tiny.SERIES.items():
        for name in names:
            calm[section][name] = {"sd": 0.0, "persistence": 0.0}
    shocked, still = drawn(), drawn(calm)
    shocks = drivers.national_shocks(scenario(), Stream(SEED, 0, 500, False))
    for name in [series.name for series in addresses.SHOCKS]:
        added = getattr(shocked, name) - getattr(still, name)
        expected = np.broadcast_to(shocks[name], added.shape)
        assert added == pytest.approx(expected, abs=1e-15), name


def test_conditions_multiply():
    found = drawn(sure(conditions={"workforce": 1.1, "capital": 0.9, "clarity": 1.05}))
    assert found.lever == pytest.approx(np.full(500, 1.1 * 0.9 * 1.05), abs=1e-15)


@pytest.mark.parametrize(
    ("multiplier", "kept"), [(1.3, 1.4), (0.7, 0.6), (1.1, 1.1**2)]
)
def test_the_product_of_conditions_is_clipped_not_each(multiplier, kept):
    given = sure(conditions={"workforce": multiplier, "clarity": multiplier})
    assert drawn(given, 3).lever == pytest.approx([kept] * 3, abs=1e-15)


def test_uncertain_conditions_multiply_draw_by_draw():
    given = tiny.tables()
    given["conditions"]["clarity"] = {"uniform": [0.8, 1.6]}
    found = drawn(given)
    workforce = found.assumptions["conditions.workforce"]
    product = workforce * found.assumptions["conditions.clarity"]
    assert np.array_equal(found.lever, np.clip(product, 0.6, 1.4))
    assert (product > 1.4).any()


def programme(**changes):
    given = sure()
    given["programmes"]["rosters"] |= changes
    return given


def added(given, n_draw=500):
    """Opportunity that programmes add: (type, pool, year, draw)."""
    found = drawn(given, n_draw).new_opportunity
    without = copy.deepcopy(given)
    for one in without["programmes"].values():
        one["enabled"] = False
    return found - drawn(without, n_draw).new_opportunity


def test_without_programmes_each_year_adds_the_frontier_split_over_the_pools():
    found = drawn(sure(programmes={}), 3).new_opportunity
    given = drawn(programme(enabled=False), 3).new_opportunity
    frontier = 0.010 * np.array([0.4, 0.4, 0.2])
    expected = np.broadcast_to(frontier[None, :, None, None], found.shape)
    assert given == pytest.approx(expected, abs=1e-15)


def test_a_programme_ramps_up_in_its_pool_and_for_its_types():
    found = added(programme(realisation=0.5))
    expected = np.zeros_like(found)
    steps = np.array([0.2, 0.3, 0.3])  # the fourth falls beyond the horizon
    for kind in ("acute", "community"):
        row = TRUST_TYPES.index(kind)
        expected[row, POOLS.index("productivity")] = 0.01 * 0.5 * steps[:, None]
    assert found == pytest.approx(expected, abs=1e-15)


def test_a_ramp_that_ends_early_adds_nothing_afterwards():
    found = added(programme(ramp=[0.7]))
    assert (found[0, 1, 0] > 0.0).all()
    assert not found[:, :, 1:].any()


def test_a_programme_happens_as_often_as_stated_and_then_whole():
    found = added(programme(probability=0.3), 10_000)
    happens = found[0, 1, 0] > 0.0
    assert share_gap(happens, 0.3) < LIMIT
    assert share_gap(happens, 0.35) > LIMIT
    assert np.array_equal(found[0, 1, 2] > 0.0, happens)
    assert np.array_equal(found[3, 1, 0] > 0.0, happens)


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0.0), (1.0, 1.0)])
def test_a_programme_that_is_certain_or_ruled_out_has_no_luck(probability, share):
    assert (added(programme(probability=probability))[0, 1, 0] > 0).mean() == share


def test_realisation_is_drawn_once_for_all_years_and_types():
    given = programme(realisation={"uniform": [0.2, 0.8]})
    found = added(given)
    realised = drawn(given).assumptions["programmes.rosters.realisation"]
    assert found[0, 1, 0] == pytest.approx(0.01 * 0.2 * realised, abs=1e-15)
    assert found[3, 1, 1] == pytest.approx(0.01 * 0.3 * realised, abs=1e-15)


def test_two_programmes_on_one_pool_add_up():
    given = programme()
    given["programmes"]["wards"] = {
        **given["programmes"]["rosters"],
        "types": ["acute"],
        "opportunity": 0.02,
    }
    both = added(given)
    assert both[0, 1, 0] == pytest.approx(3.0 * both[3, 1, 0], abs=1e-15)


# --- the middle of everything ---------------------------------------------------------


def test_the_central_draw_has_every_assumption_at_its_middle_and_no_shock():
    bent = scenario()
    middle = drivers.central(bent)
    believed = {
        path: assumption
        for path, assumption in uncertain(bent).items()
        if not isinstance(assumption, Certain)
    }
    assert middle.assumptions.keys() == believed.keys()
    for path, assumption in believed.items():
        assert middle.assumptions[path] == pytest.approx([assumption.central()])
    change = middle.assumptions["prices.agency_premium"][0] * (0.04 - 0.046)
    assert middle.pay[:, 0] == pytest.approx([0.025, 0.025 + change, 0.025], abs=1e-12)
    assert not middle.delivery.any()
    assert not middle.high_inflation.any()


def test_the_kernels_rows_hold_the_draws_and_pad_with_the_last():
    found = drawn(n_draw=70)
    nation = drivers.nation(found)
    rows = nation.belief.reshape(2, workspace.N_BELIEFS, workspace.LANES)
    flat = np.concatenate([rows[0], rows[1]], axis=-1)
    assert np.array_equal(flat[:, :70], found.belief)
    assert (flat[:, 70:] == found.belief[:, -1:]).all()
    assert np.array_equal(nation.demand[1, 2, 1, :6], found.demand[2, 1, 64:])
    new = nation.new_opportunity.reshape(2, 5, 3, 3, workspace.LANES)
    assert np.array_equal(new[0, 3, 1, 2], found.new_opportunity[3, 2, 1, :64])
    year = nation.year.reshape(2, 3, workspace.N_NATION, workspace.LANES)
    assert np.array_equal(year[0, 2, 1], found.nonpay[2, :64])
    assert np.array_equal(nation.pressure[1, 2, 1, :6], found.pressure[2, 1, 64:])
    kinds = nation.kind_year.reshape(2, 5, 3, workspace.N_KIND_YEAR, workspace.LANES)
    rows = ("growth", "passed_on", "paid_pressure", "upfront")
    for row, name in enumerate(rows):
        assert np.array_equal(kinds[0, 3, 2, row], getattr(found, name)[3, 2, :64])


# --- addresses ------------------------------------------------------------------------


def test_a_draw_is_the_same_wherever_its_run_begins():
    whole, part = drawn(n_draw=150), drawn(n_draw=50, first_draw=100)
    for field in fields(whole):
        everything, some = getattr(whole, field.name), getattr(part, field.name)
        if isinstance(everything, dict):
            assert everything.keys() == some.keys()
            for path, values in everything.items():
                assert np.array_equal(values[100:], some[path])
        else:
            assert np.array_equal(everything[..., 100:], some)


def test_who_uses_which_random_word_is_as_the_table_of_the_layout_says():
    given = tiny.tables()
    given["prices"]["tail"]["enter"] = 0.5
    given["prices"]["tail"]["stay"] = 0.5
    given["delivery"]["treated"] = {"uniform": [0.0, 1.0]}
    given["programmes"]["rosters"]["probability"] = 0.5
    bent = scenario(given)
    found = drivers.draw(bent, SEED, 0, 64)
    stream = Stream(SEED, 0, 64, False)
    place = philox.place

    path = "delivery.treated"
    where = place(philox.ASSUMPTION, 0, None)
    treated = stream.uniforms(addresses.hashed(path), where)[0]
    assert np.array_equal(found.assumptions[path], treated)

    where = place(philox.PROGRAMME, 0, None)
    happens = stream.uniforms(addresses.hashed("programmes.rosters"), where)[0] < 0.5
    frontier = found.new_opportunity[1, 1, 0]  # of a type that takes no part
    assert np.array_equal(found.new_opportunity[0, 1, 0] > frontier, happens)

    where = place(philox.NATIONAL, 1, 2020)
    assert np.array_equal(
        found.delivery[1], 0.04 * stream.normals(philox.NATION, where)[0]
    )
    high = stream.uniforms(philox.NATION, where)[1] < 0.5
    assert np.array_equal(found.high_inflation[1] == 1.0, high)

    pressure = drivers.national_shocks(bent, stream)["pressure"]
    where = place(philox.NATIONAL, 0, 2019)
    row = yearly.cholesky(bent.correlations.matrix().tolist())[2]
    z = stream.normals(philox.NATION, where)
    expected = 0.004 * sum(part * z[column] for column, part in enumerate(row))
    assert pressure[0] == pytest.approx(expected, abs=1e-17)

    where = place(philox.TYPE, 0, 2021)
    own = [0.005 * stream.normals(row + 1, where)[0] for row in (0, 4)]
    gap = found.demand[4, 2] - found.demand[0, 2]
    assert gap == pytest.approx(0.04 - 0.026 + own[1] - own[0], abs=1e-15)


def test_another_seed_is_another_future():
    other = drivers.draw(scenario(), SEED + 1, 0, 500)
    assert {"pay", "demand", "delivery"} <= differing(drawn(), other)


def test_making_an_assumption_uncertain_moves_no_other_number():
    given = tiny.tables()
    given["delivery"]["opportunity_scale"] = {"uniform": [0.8, 1.2]}
    before, after = drawn(), drawn(given)
    assert "delivery.opportunity_scale" in after.assumptions
    assert differing(before, after) == {"belief"}
    row = workspace.OPPORTUNITY_SCALE // workspace.LANES
    rest = [np.delete(one.belief, row, axis=0) for one in (before, after)]
    assert np.array_equal(*rest)


def test_making_an_assumption_certain_moves_no_other_number():
    given = tiny.tables()
    given["delivery"]["treated"] = 0.85
    assert differing(drawn(), drawn(given)) == {"belief"}


def test_two_assumptions_with_one_distribution_are_independent():
    given = tiny.tables()
    for name in ("treated", "forgiven"):
        given["delivery"][name] = {"uniform": [0.0, 1.0]}
    found = drawn(given, 5_000).assumptions
    a, b = found["delivery.treated"], found["delivery.forgiven"]
    assert correlation_gap(a, b, 0.0) < LIMIT


def test_adding_a_programme_moves_nothing_but_new_opportunity_and_its_cost():
    given = tiny.tables()
    rosters = given["programmes"]["rosters"]
    given["programmes"]["wards"] = {**rosters, "pool": "system", "types": ["acute"]}
    before, after = drawn(), drawn(given)
    assert differing(before, after) == {"new_opportunity", "upfront"}
    system = POOLS.index("system")
    kept = np.delete(before.new_opportunity, system, 1)
    assert np.array_equal(kept, np.delete(after.new_opportunity, system, 1))
    others = before.new_opportunity[1:]
    assert np.array_equal(others, after.new_opportunity[1:])


def test_programmes_may_stand_in_any_order():
    given = tiny.tables()
    rosters = given["programmes"].pop("rosters")
    wards = {**rosters, "pool": "system"}
    given["programmes"] = {"rosters": rosters, "wards": wards}
    other = {**given, "programmes": {"wards": wards, "rosters": rosters}}
    assert not differing(drawn(given), drawn(other))


def colliding_names():
    """Two names whose programmes have one address, by the birthday of hashes."""
    seen = {}
    for number in range(2**20):
        name = f"p{number}"
        other = seen.setdefault(addresses.hashed(f"programmes.{name}"), name)
        if other != name:
            return other, name
    raise AssertionError("no two names collide")


def test_two_assumptions_that_would_share_a_random_number_are_refused():
    one, other = colliding_names()
    given = tiny.tables()
    rosters = given["programmes"]["rosters"]
    given["programmes"] = {one: rosters, other: rosters}
    with pytest.raises(ScenarioError) as caught:
        prepare.prepare(scenario(given), tiny.people(), SEED)
    assert str(caught.value) == (
        f"programmes.{other}: shares its random numbers with programmes.{one}; "
        "rename it"
    )
