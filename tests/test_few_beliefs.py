"""Draws from few beliefs: intervals are as wide as those beliefs make them."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from simulator.answers.compare import estimate as compare
from simulator.answers.target.estimate import curve
from simulator.answers.uncertainty.estimate import chance_spread
from simulator.statistics.independence import worth
from simulator.statistics.intervals import paired_difference, wilson, wilson_of_worth
from simulator.statistics.means import mean, mean_share, tail_mean
from simulator.statistics.quantiles import quantile_interval, ranks
from simulator.statistics.shapley import attribution, bound_chances
from simulator.statistics.sobol_indices import group_shares

DRAWS, BELIEFS = 2_000, 400
WORTH = worth(DRAWS, BELIEFS)
TRIALS = 400
LUCK = 0.3  # standard deviation beside 1 of beliefs
Interval = tuple[float, float]
Bound = Callable[[np.ndarray, float | None], Interval]


def test_worth_is_that_of_draws_and_of_beliefs() -> None:
    assert worth(49) == 49.0
    assert worth(1_000, 1_000) == pytest.approx(500)
    assert worth(1e12, 400) == pytest.approx(400)


def draws_of_few_beliefs(rng: np.random.Generator) -> np.ndarray:
    """Standard normal beliefs, each taken several times, and a little luck."""
    beliefs = rng.standard_normal(BELIEFS)
    taken = beliefs[rng.integers(0, BELIEFS, DRAWS)]
    return taken + LUCK * rng.standard_normal(DRAWS)


SPREAD = math.hypot(1.0, LUCK)
# Of a normal distribution: the mean of the highest tenth.
TENTH = SPREAD * math.exp(-(1.2815515655446004**2) / 2) / math.sqrt(2 * math.pi) / 0.1


def _chance(x: np.ndarray, n: float | None) -> Interval:
    low, high = wilson_of_worth((x > 0).sum(), DRAWS, n or DRAWS)
    return float(low), float(high)


def _difference(x: np.ndarray, n: float | None) -> Interval:
    part = (n or DRAWS) / DRAWS
    above, below = (x > 1.0).sum(), (x < -1.0).sum()
    found = paired_difference(part * above, part * below, n or DRAWS)
    return float(found.low), float(found.high)


def _quantile(x: np.ndarray, n: float | None) -> Interval:
    low, high = quantile_interval(x, [0.5], worth=n)
    return float(low[0]), float(high[0])


def _mean(x: np.ndarray, n: float | None) -> Interval:
    found = mean(x, worth=n)
    return float(found.low), float(found.high)


def _tail(x: np.ndarray, n: float | None) -> Interval:
    found = tail_mean(x, worth=n)
    return float(found.low), float(found.high)


@pytest.mark.parametrize(
    ("bound", "truth"),
    [
        (_chance, 0.5),
        (_difference, 0.0),
        (_quantile, 0.0),
        (_mean, 0.0),
        (_tail, TENTH),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(
    bound: Bound, truth: float
) -> None:
    """And as a control: taken for independent, draws hold it far too seldom."""
    rng = np.random.default_rng(6)
    held = {WORTH: 0, None: 0}
    for _ in range(TRIALS):
        drawn = draws_of_few_beliefs(rng)
        for n in held:
            low, high = bound(drawn, n)
            held[n] += low <= truth <= high
    assert 0.92 < held[WORTH] / TRIALS <= 1.0
    assert held[None] / TRIALS < 0.75


def test_nothing_moves_where_every_draw_has_beliefs_of_its_own() -> None:
    x = np.random.default_rng(1).standard_normal(500)
    counts = np.array([0, 1, 250, 499, 500])
    np.testing.assert_array_equal(
        wilson_of_worth(counts, 500, worth(500)), wilson(counts, 500)
    )
    np.testing.assert_array_equal(mean(x), mean(x, worth=500))
    np.testing.assert_array_equal(tail_mean(x), tail_mean(x, worth=500))
    seen = np.bincount(np.random.default_rng(2).integers(0, 9, 500))
    np.testing.assert_array_equal(mean_share(seen), mean_share(seen, worth=500))
    np.testing.assert_array_equal(ranks(500, [0.1]), ranks(500, [0.1], worth=500))


def test_ranks_reach_out_as_far_as_among_fewer_draws() -> None:
    low, high = ranks(10_000, [0.5], worth=100)
    few = ranks(100, [0.5])
    assert (int(low[0]), int(high[0])) == (3901, 6100)
    assert (int(few[0][0]), int(few[1][0])) == (40, 61)
    low, high = ranks(10_000, [0.01, 0.99], worth=100)
    assert int(low[0]) == 0
    assert int(high[1]) == 10_001


def test_a_difference_that_beliefs_are_too_few_to_tell_needs_no_end_of_draws() -> None:
    gap, error = np.array([0.02, 0.2]), np.array([0.02, 0.02])
    plain = compare.more_draws(gap, error, 1_000)
    few = compare.more_draws(gap, error, 1_000, effective=2_000.0)
    assert np.isfinite(plain).all()
    assert few[0] == np.inf
    assert few[1] == 1.0
    # Where it can be told, so many draws are worth what is needed.
    enough = compare.more_draws(gap[:1], error[:1], 1_000, effective=20_000.0)[0]
    needed = worth(1_000, 20_000.0) * (1.959963984540054 + 0.8416212335729143) ** 2
    assert worth(1_000 + enough, 20_000.0) == pytest.approx(needed, rel=1e-3)


def test_a_comparison_is_known_as_well_as_the_scarcer_beliefs_allow() -> None:
    rng = np.random.default_rng(3)
    one = xr.DataArray(rng.random(900) < 0.4, dims="draw")
    two = xr.DataArray(rng.random(900) < 0.5, dims="draw")
    plain = compare.chances(one, two)
    found = compare.chances(one, two, (math.inf, 100.0))
    assert float(found["first_low"]) == float(plain["first_low"])
    low, _ = wilson(float(two.mean()) * 90.0, 90.0)
    assert float(found["second_low"]) == pytest.approx(float(low))
    wide, narrow = (
        float(c["difference_high"] - c["difference_low"]) for c in (found, plain)
    )
    assert wide == pytest.approx(narrow * math.sqrt(10.0), rel=0.1)
    means = compare.means(one.astype(float), two.astype(float), (100.0, math.inf))
    assert float(means["standard_error"]) == pytest.approx(
        math.sqrt(10.0) * float(compare.means(one, two)["standard_error"])
    )


def test_a_curve_and_what_is_belief_are_known_no_better_than_beliefs_allow() -> None:
    counts = xr.DataArray(
        [[900], [500]],
        {"rate": [0.01, 0.02], "outcome": ["cash_releasing"]},
        ("rate", "outcome"),
    )
    found = curve(counts, 1_000, effective=250.0)
    low, high = wilson([180, 100], 200)
    np.testing.assert_allclose(found["low"].values[:, 0], low)
    np.testing.assert_allclose(found["high"].values[:, 0], high)

    rng = np.random.default_rng(4)
    beliefs = rng.random(256)
    achieved = xr.DataArray(rng.binomial(64, beliefs), dims="belief")
    widths = [
        float(s["probability_high"] - s["probability_low"])
        for s in (chance_spread(achieved, 64, worth=n) for n in (256.0, 64.0))
    ]
    assert widths[1] == pytest.approx(2.0 * widths[0], rel=0.05)

    side = xr.DataArray(["a", "b"], dims="side", name="side")
    group = xr.DataArray(["one"], dims="group", name="group")
    whole = xr.DataArray(
        rng.standard_normal((2, 400)), dims=("side", "draw"), coords={"side": side}
    )
    swapped = whole.expand_dims(group=group) * 0.5 + 0.1
    few, many = (group_shares(whole, swapped, worth=n) for n in (100.0, 400.0))
    half = [float((s["first_order_high"] - s["first_order"])[0]) for s in (few, many)]
    assert half[0] == pytest.approx(2.0 * half[1])


def test_what_a_cause_adds_is_known_no_better_than_beliefs_allow() -> None:
    rng = np.random.default_rng(9)
    values = xr.DataArray(
        (rng.random((2, 1, 900)) < 0.5).astype(float),
        {"quantity": ["chance"]},
        ("coalition", "quantity", "draw"),
    )
    few, many = (
        bound_chances(attribution(values, ["one"], n), {"quantity": "chance"})
        for n in (100.0, 900.0)
    )
    for name in ("contribution", "with_all"):
        wide, narrow = (
            float((found[f"{name}_high"] - found[f"{name}_low"]).squeeze())
            for found in (few, many)
        )
        assert wide == pytest.approx(3.0 * narrow, rel=0.03), name
