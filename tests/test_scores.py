"""Scores of a forecast: closed forms, brute force, and coverage with a control."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtri
from scipy.stats import binom, norm

from simulator.statistics import scores

SAMPLE = np.random.default_rng(3).normal(2.0, 1.5, 40)


def middles(n: int) -> np.ndarray:
    """A standard normal distribution, as a sample without noise."""
    return ndtri((np.arange(n) + 0.5) / n)


def by_definition(sample: np.ndarray, error: float, figure: float) -> float:
    """E|X - y| - E|X - X'| / 2, pair by pair, an error to each of the two."""
    nodes = scores.ERRORS * error if error else np.zeros(1)
    away = np.mean([abs(x + e - figure) for x in sample for e in nodes])
    apart = [
        abs(sample[i] + e - sample[j] - f)
        for i in range(len(sample))
        for j in range(len(sample))
        if i != j
        for e in nodes
        for f in nodes
    ]
    return float(away - np.mean(apart) / 2.0)


@pytest.mark.parametrize("error", [0.0, 0.7])
@pytest.mark.parametrize("figure", [-4.0, 2.0, 3.3])
def test_crps_is_its_definition_over_pairs_of_draws(error, figure):
    found = scores.crps(SAMPLE[:5], error, figure)
    assert found == pytest.approx(by_definition(SAMPLE[:5], error, figure), rel=1e-12)


def test_crps_keeps_its_digits_where_values_are_large():
    moved = scores.crps(SAMPLE + 1e9, 0.5, 2.5 + 1e9)
    assert moved == pytest.approx(scores.crps(SAMPLE, 0.5, 2.5), abs=1e-5)


@pytest.mark.parametrize("figure", [-1.0, 0.0, 2.5])
@pytest.mark.parametrize("sd", [0.2, 1.5, 8.0])
def test_crps_of_a_normal_sample_with_error_is_that_of_the_wider_normal(figure, sd):
    found = scores.crps(sd * middles(4000), 1.5, figure)
    wider = scores.crps_normal(0.0, np.hypot(sd, 1.5), figure)
    assert found == pytest.approx(wider, rel=0.002)


@pytest.mark.parametrize("figure", [-1.0, 0.3, 4.0])
def test_crps_of_a_normal_is_the_integral_of_squared_distance(figure):
    below, _ = quad(lambda x: norm.cdf(x, 1.0, 2.0) ** 2, -30.0, figure)
    above, _ = quad(lambda x: norm.sf(x, 1.0, 2.0) ** 2, figure, 30.0)
    assert scores.crps_normal(1.0, 2.0, figure) == pytest.approx(below + above)


def test_crps_of_a_point_is_the_distance_and_of_nothing_is_nothing():
    found = scores.crps_normal([3.0, np.nan], [0.0, np.nan], 5.0)
    assert found[0] == 2.0
    assert np.isnan(found[1])


def test_a_longer_sample_of_the_same_forecast_scores_no_better_on_average():
    rng = np.random.default_rng(5)
    short = [scores.crps(rng.normal(size=3), 0.0, 0.4) for _ in range(20_000)]
    error = np.std(short) / np.sqrt(len(short))
    assert abs(np.mean(short) - scores.crps_normal(0.0, 1.0, 0.4)) < 4.0 * error


def test_errors_have_the_standard_deviation_asked_for_and_no_bias():
    found = scores.measured([10.0], 0.25)
    assert found.shape == (1, scores.SLICES)
    assert found.mean() == pytest.approx(10.0)
    assert found.std() == pytest.approx(0.25, rel=0.005)
    assert scores.measured(SAMPLE, 0.0).ravel() == pytest.approx(SAMPLE, abs=0.0)


def test_what_equals_the_figure_counts_half():
    assert scores.pit([1.0, 2.0, 2.0, 5.0], 0.0, 2.0) == 0.5
    assert scores.pit([1.0, 2.0, 2.0, 5.0], 0.0, 3.0) == 0.75
    assert scores.pit([1.0], 0.5, 1.0) == 0.5


def test_a_band_holds_its_share_and_its_ends():
    shares = [0.04, 0.05, 0.25, 0.5, 0.76, 0.96]
    assert scores.inside(shares, 0.9).tolist() == [False, *[True] * 4, False]
    assert scores.inside(shares, 0.5).tolist() == [
        *[False] * 2,
        *[True] * 2,
        *[False] * 2,
    ]


def test_ratios_average_so_that_twice_and_half_cancel():
    assert scores.geometric_mean([2.0, 0.5, np.nan]) == pytest.approx(1.0)
    assert np.isnan(scores.geometric_mean([np.nan]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spread", "honest"), [(1.0, True), (0.6, False), (1.7, False)]
)
def test_bands_of_an_honest_forecast_hold_what_they_say(spread, honest):
    """Figures come from the forecast's own distribution, and are measured with error.

    The control is a forecast too narrow or too wide, whose bands must be found out.
    """
    rng = np.random.default_rng(11)
    tries, error = 2000, 0.8
    below = []
    for _ in range(tries):
        middle = rng.normal(0.0, 3.0)
        figure = middle + rng.normal() + rng.normal(0.0, error)
        sample = middle + spread * rng.normal(size=300)
        below.append(scores.pit(sample, spread * error, figure))
    held = {width: int(scores.inside(below, width).sum()) for width in (0.5, 0.9)}
    for width, n in held.items():
        low, high = binom.interval(0.999, tries, width)
        assert (low <= n <= high) == honest, (width, n)
