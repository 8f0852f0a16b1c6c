"""Drivers: national shocks and high inflation, and how often, how large, how long."""

import math

import numpy as np
import pytest
import tiny
from drivers_tiny import (
    LIMIT,
    SEED,
    correlation_gap,
    differing,
    drawn,
    normal_gap,
    scenario,
    share_gap,
)

from simulator import drivers
from simulator.drivers import shocks as yearly
from simulator.kernel import philox
from simulator.sampling.stream import Stream
from simulator.schema import TRUST_TYPES


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


def regime(enter, stay, n_draw):
    settings = [f"prices.tail.enter={enter}", f"prices.tail.stay={stay}"]
    bent = scenario(None, *settings)
    return yearly.high_inflation(bent, Stream(SEED, 0, n_draw, False))


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
