"""The slow reference: who achieves, and what drives a year, one number at a time."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import reference
from reference import Outputs
from worked_year import CALM, PARAMETERS, STATE, close, judged, parameters, year

from simulator.outcomes import BASES, OF_BASIS, OUTCOMES

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
