"""Drivers: what a scenario decides, in closed form."""

import numpy as np
import pytest
import reference
import tiny
from drivers_tiny import (
    CASH,
    REACH,
    SEED,
    UPLIFT,
    drawn,
    programme,
    rates,
    scenario,
    sure,
)

from simulator import drivers
from simulator.drivers import funding
from simulator.errors import ScenarioError
from simulator.kernel import workspace
from simulator.kernel.workspace import KEPT, LANES
from simulator.outcomes import OUTCOMES
from simulator.scenario.model import by_year
from simulator.schema import TRUST_TYPES


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
    risen = price[:, None] if funding.settled(bent) else np.zeros_like(price[:, None])
    return drivers.planned_growth(bent, 1.0) / (1.0 + risen) - 1.0


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
