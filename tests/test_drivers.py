"""Drivers: what is drawn of prices, demand, conditions and programmes."""

import copy

import numpy as np
import pytest
import reference
import tiny
from drivers_tiny import (
    LIMIT,
    SEED,
    UPLIFT,
    differing,
    drawn,
    programme,
    scenario,
    share_gap,
    sure,
)

from simulator import drivers
from simulator.kernel import workspace
from simulator.sampling import addresses
from simulator.sampling.stream import Stream
from simulator.scenario.distributions import Certain
from simulator.scenario.uncertain import uncertain
from simulator.schema import POOLS, TRUST_TYPES


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
