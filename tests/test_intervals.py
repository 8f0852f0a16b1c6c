"""Intervals of chances, means and quantiles: published values, closed forms, ends."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import bdtr, gammaln, ndtri, stdtrit, xlogy

from simulator.kernel.workspace import BINS
from simulator.statistics.histograms import count_quantiles, histogram_quantiles
from simulator.statistics.intervals import (
    clopper_pearson,
    never,
    paired_difference,
    simultaneous,
    wilson,
)
from simulator.statistics.means import mean, mean_share, tail_mean
from simulator.statistics.quantiles import (
    count_quantile_interval,
    histogram_quantile_interval,
    quantile_interval,
    ranks,
)

Z = float(ndtri(0.975))


def binomial(n, p):
    """Chances of 0 to n successes."""
    k = np.arange(n + 1)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.exp(ways + xlogy(k, p) + xlogy(n - k, 1.0 - p))


# --- one chance -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "draws", "low", "high"),
    # Newcombe (1998), Two-sided confidence intervals for the single proportion:
    # comparison of seven methods, Statistics in Medicine 17, 857-872, Table I, method 5
    # (Clopper-Pearson).
    [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_clopper_and_pearsons_interval_is_as_published(count, draws, low, high):
    found = clopper_pearson(count, draws)
    assert found[0] == pytest.approx(low, abs=5e-5)
    assert found[1] == pytest.approx(high, abs=5e-5)


def test_clopper_and_pearsons_ends_leave_the_tails_they_should():
    count = np.arange(1, 50)
    low, high = clopper_pearson(count, 50, 0.9)
    assert 1.0 - bdtr(count - 1, 50, low) == pytest.approx(np.full(49, 0.05))
    assert bdtr(count, 50, high) == pytest.approx(np.full(49, 0.05))


def test_clopper_and_pearsons_ends_are_exact():
    low, high = clopper_pearson([0, 40, 0, 1], [40, 40, 1, 1])
    assert low[[0, 2]].tolist() == [0.0, 0.0]
    assert high[[1, 3]].tolist() == [1.0, 1.0]
    assert (low[3], high[2]) == pytest.approx((0.025, 0.975))
    assert high[0] == pytest.approx(1.0 - 0.025 ** (1 / 40))
    assert low[1] == pytest.approx(0.025 ** (1 / 40))


def covered(bound, draws, p, confidence=0.95):
    """Chance that the interval holds p: an exact sum."""
    low, high = bound(np.arange(draws + 1), draws, confidence)
    return binomial(draws, p)[(low <= p) & (p <= high)].sum()


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_clopper_and_pearson_keep_the_confidence_for_every_chance(confidence):
    chances = np.linspace(0.001, 0.999, 333)
    held = [covered(clopper_pearson, 60, p, confidence) for p in chances]
    assert min(held) >= confidence
    # Wilson's does not, or this test could not fail.
    assert min(covered(wilson, 60, p, confidence) for p in chances) < confidence


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_every_interval_holds_its_estimate_and_stays_a_chance(counted):
    count, draws = counted
    share = count / draws
    for bound in (wilson, clopper_pearson):
        low, high = bound(count, draws)
        assert 0.0 <= low <= share <= high <= 1.0
        assert low < high


def test_a_number_of_draws_may_be_given_for_each_chance():
    low, high = wilson([5, 5], [10, 20])
    for k, draws in enumerate((10, 20)):
        assert (low[k], high[k]) == wilson(5, draws)


def test_what_no_draw_shows_is_bounded_by_three_over_the_draws():
    assert (1.0 - never(50)) ** 50 == pytest.approx(0.05)
    assert never(50, 0.99) == pytest.approx(1.0 - 0.01 ** (1 / 50))
    draws = np.array([100, 10_000, 10**8])
    assert never(draws) * draws == pytest.approx([2.95, 2.995, 2.9957], rel=1e-3)


# --- many chances ---------------------------------------------------------------------


def test_a_family_gets_the_confidence_that_makes_all_hold_at_once():
    count = np.array([[3, 50, 97], [0, 100, 20]])
    found = simultaneous(count, 100, 0.9)
    assert found.family == 6
    assert found.each == pytest.approx(0.9 ** (1 / 6))
    low, high = wilson(count, 100, found.each)
    assert np.array_equal(found.low, low)
    assert np.array_equal(found.high, high)


def test_a_family_of_one_is_a_single_interval_and_a_larger_one_is_wider():
    low, high = wilson(30, 100)
    one = simultaneous(30, 100)
    assert (one.low, one.high, one.each, one.family) == (low, high, 0.95, 1)
    # Two-sided normal quantile for 230 intervals: numerics.md, section 4.
    many = simultaneous(30, 100, family=230)
    assert ndtri(0.5 + many.each / 2) == pytest.approx(3.70, abs=0.01)
    assert many.low < low < high < many.high


def test_a_family_may_have_guaranteed_intervals_and_never_nobody():
    found = simultaneous([0, 9], 9, bound=clopper_pearson)
    assert found.high[0] == clopper_pearson(0, 9, 0.95**0.5)[1]
    with pytest.raises(ValueError, match="one probability or more"):
        simultaneous([], 100)


# --- paired differences ---------------------------------------------------------------


def test_tangos_interval_is_as_published():
    # Airway hyper-responsiveness, 1 and 7 discordant of 21: Fagerland, Lydersen and
    # Laake (2014), Statistics in Medicine 33, 2850-2875.
    found = paired_difference(1, 7, 21)
    assert found.value == pytest.approx(-6 / 21)
    assert found.low == pytest.approx(-0.517, abs=5e-4)
    assert found.high == pytest.approx(-0.026, abs=5e-4)


def likeliest(first, second, draws, difference):
    """Chance of `second` alone that is likeliest under a difference: by search."""
    both = np.linspace(max(0.0, -difference), (1.0 - difference) / 2.0, 2_000_001)
    logs = (
        xlogy(first, np.maximum(both + difference, 0.0))
        + xlogy(second, both)
        + xlogy(draws - first - second, np.maximum(1.0 - 2.0 * both - difference, 0.0))
    )
    return both[np.argmax(logs)]


@pytest.mark.parametrize(("first", "second"), [(9, 4), (0, 5), (1, 1), (30, 2)])
def test_tangos_ends_solve_the_score_equation(first, second):
    draws = 60
    found = paired_difference(first, second, draws)
    for end in (found.low, found.high):
        alone = likeliest(first, second, draws, end)
        variance = 2.0 * alone + end * (1.0 - end)
        score = abs(first - second - draws * end) / np.sqrt(draws * variance)
        assert score == pytest.approx(Z, rel=1e-5)


def test_without_any_draw_that_differs_the_difference_is_bounded_not_nought():
    found = paired_difference(0, 0, 400)
    assert found.value == 0.0
    assert found.error == 0.0
    assert found.high == pytest.approx(Z**2 / (400 + Z**2))
    assert found.low == -found.high


def test_a_difference_turns_round_with_the_two():
    first, second = np.array([0, 3, 40, 100]), np.array([7, 3, 1, 0])
    found, turned = (
        paired_difference(first, second, 100),
        paired_difference(second, first, 100),
    )
    assert np.array_equal(found.low, -turned.high)
    assert np.array_equal(found.high, -turned.low)
    assert found.high[-1] == 1.0
    assert (found.low < found.value).all()
    assert (found.value[:-1] < found.high[:-1]).all()


def test_with_many_draws_that_differ_it_is_twice_the_standard_error():
    found = paired_difference(40_000, 30_000, 1_000_000)
    expected = math.sqrt(70_000 - 10_000**2 / 1e6) / 1e6
    assert found.error == pytest.approx(expected)
    assert found.high - found.value == pytest.approx(Z * expected, rel=2e-3)
    assert found.value - found.low == pytest.approx(Z * expected, rel=2e-3)


def paired_coverage(p10, p01, draws, interval):
    """Chance that the interval holds the difference: an exact sum over both counts."""
    most = 40  # of either count: more is out of the question here
    n10, n01 = np.meshgrid(np.arange(most), np.arange(most), indexing="ij")
    logs = (
        gammaln(draws + 1)
        - gammaln(n10 + 1)
        - gammaln(n01 + 1)
        - gammaln(draws - n10 - n01 + 1)
        + xlogy(n10, p10)
        + xlogy(n01, p01)
        + (draws - n10 - n01) * np.log1p(-p10 - p01)
    )
    low, high = interval(n10, n01)
    difference = p10 - p01
    return np.exp(logs)[(low <= difference) & (difference <= high)].sum()


@pytest.mark.parametrize(
    ("p10", "p01"), [(0.005, 0.0), (0.01, 0.0025), (0.02, 0.0), (0.004, 0.004)]
)
def test_tangos_interval_holds_with_few_draws_that_differ_and_the_plain_one_fails(
    p10, p01
):
    def tango(n10, n01):
        found = paired_difference(n10, n01, 400)
        return found.low, found.high

    def plain(n10, n01):
        found = paired_difference(n10, n01, 400)
        return found.value - Z * found.error, found.value + Z * found.error

    assert paired_coverage(p10, p01, 400, tango) > 0.935
    if p10 == 0.005:
        assert paired_coverage(p10, p01, 400, plain) < 0.88


# --- means ----------------------------------------------------------------------------


def test_a_mean_has_students_interval():
    values = np.random.default_rng(3).normal(size=(2, 5, 12))
    found = mean(values, 0.9)
    error = values.std(axis=-1, ddof=1) / np.sqrt(12)
    assert found.value == pytest.approx(values.mean(axis=-1))
    assert found.error == pytest.approx(error)
    # t of 11 degrees at 95%: 1.796, any table.
    assert found.high - found.value == pytest.approx(1.796 * error, rel=1e-3)
    assert found.value - found.low == pytest.approx(1.796 * error, rel=1e-3)


def test_one_draw_has_a_mean_and_no_error():
    found = mean([[4.0]])
    assert found.value == 4.0
    assert np.isnan([found.error, found.low, found.high]).all()
    found = tail_mean([4.0])
    assert found.value == 4.0
    assert np.isnan(found.error)


# --- tails ----------------------------------------------------------------------------


def test_the_tail_is_averaged_exactly_and_in_part():
    values = np.random.default_rng(0).permutation(np.arange(1.0, 21.0))
    assert tail_mean(values, 0.10).value == 19.5
    assert tail_mean(values, 0.05).value == 20.0
    assert tail_mean(values, 0.125).value == pytest.approx((20 + 19 + 18 / 2) / 2.5)
    assert tail_mean(values, 0.01).value == 20.0
    everything = tail_mean(values, 1.0)
    assert everything.value == pytest.approx(10.5)
    assert everything.error == pytest.approx(mean(values).error)


def test_the_error_of_a_tail_is_that_of_manistre_and_hancock():
    values = np.random.default_rng(1).exponential(size=4000)
    found = tail_mean(values, 0.1)
    worst = np.sort(values)[-400:]
    threshold = np.sort(values)[-401]
    variance = worst.var() + 0.9 * (worst.mean() - threshold) ** 2
    assert found.value == pytest.approx(worst.mean())
    assert found.error == pytest.approx(np.sqrt(variance / 400), rel=2e-4)
    t = float(stdtrit(399, 0.975))
    assert found.high == pytest.approx(found.value + t * found.error)
    # A closed form: beyond any point an exponential starts afresh.
    assert found.low < math.log(10) + 1.0 < found.high


def test_tails_keep_their_shape():
    values = np.random.default_rng(2).normal(size=(3, 4, 50))
    found = tail_mean(values, 0.1)
    assert found.value.shape == found.low.shape == (3, 4)
    assert found.value[2, 1] == tail_mean(values[2, 1], 0.1).value
    assert (found.low < found.value).all()


def test_a_tail_of_one_draw_has_a_mean_and_no_interval():
    found = tail_mean(np.arange(19.0), 0.1)
    assert found.value == pytest.approx((18 + 0.9 * 17) / 1.9)
    assert np.isnan(found.low)
    assert np.isnan(found.high)


# --- the share of trusts --------------------------------------------------------------


def test_the_mean_share_of_one_trust_has_the_interval_of_agresti_and_coull():
    for count in (0, 1, 30, 99, 100):
        found = mean_share([100 - count, count])
        total = 100 + Z**2
        centre = (count + Z**2 / 2) / total
        half = Z * np.sqrt(centre * (1.0 - centre) / total)
        assert found.value == pytest.approx(count / 100)
        low = max(centre - half, 0.0) if count else 0.0
        high = min(centre + half, 1.0) if count < 100 else 1.0
        assert found.low == pytest.approx(low, abs=1e-12)
        assert found.high == pytest.approx(high, abs=1e-12)


def test_trusts_that_go_together_are_worth_one():
    one, many = mean_share([70, 30]), mean_share([70] + [0] * 233 + [30])
    for a, b in zip(one, many, strict=True):
        assert a == pytest.approx(b)


def test_the_mean_share_and_its_error_are_those_of_the_draws():
    rng = np.random.default_rng(4)
    number = rng.binomial(8, rng.beta(2, 3, 500))
    found = mean_share(np.bincount(number, minlength=9))
    expected = mean(number / 8)
    assert found.value == pytest.approx(expected.value)
    assert found.error == pytest.approx(expected.error)
    # Padded with two draws at either end it is a little wider, and little moved.
    assert found.high - found.low == pytest.approx(
        expected.high - expected.low, rel=0.03
    )
    assert found.low == pytest.approx(expected.low, abs=0.002)


def test_where_no_trust_or_every_trust_achieves_the_share_is_bounded():
    counts = np.zeros((2, 11), int)
    counts[0, 0] = counts[1, -1] = 1000
    found = mean_share(counts)
    assert found.low.tolist()[0] == 0.0
    assert found.high.tolist()[1] == 1.0
    assert 0.003 < found.high[0] < 0.006
    assert found.low[1] == pytest.approx(1.0 - found.high[0])


@given(st.lists(st.integers(0, 50), min_size=2, max_size=9).filter(any))
def test_a_mean_share_lies_within_its_interval(counts):
    found = mean_share(counts)
    assert 0.0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1.0
    assert found.low < found.high


# --- quantiles ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draws", "low", "high"),
    # Of a median, with 95%: any table of the sign test.
    [(10, 2, 9), (20, 6, 15), (30, 10, 21), (50, 18, 33), (100, 40, 61)],
)
def test_ranks_of_a_median_are_those_of_the_sign_test(draws, low, high):
    assert [int(rank[0]) for rank in ranks(draws, [0.5])] == [low, high]


def test_ranks_are_those_of_the_design_note():
    # numerics.md, section 4: the 5% quantile of 10,000 and of a million.
    low, high = ranks(10_000, [0.05])
    assert (low[0], high[0]) == (458, 544)
    low, high = ranks(1_000_000, [0.05])
    assert low[0] / 1e6 == pytest.approx(0.04957, abs=1e-5)
    assert high[0] / 1e6 == pytest.approx(0.05043, abs=1e-5)


@given(st.integers(1, 400), st.floats(0.001, 0.999), st.sampled_from([0.8, 0.95]))
def test_ranks_are_the_closest_that_keep_the_confidence(draws, level, confidence):
    (low,), (high,) = ranks(draws, [level], confidence)
    below = np.concatenate([[0.0], np.cumsum(binomial(draws, level))])  # P(B < k)
    tail = (1.0 - confidence) / 2.0
    assert below[low] <= tail + 1e-12
    assert 1.0 - below[high] <= tail + 1e-12
    assert below[low + 1] > tail - 1e-12
    assert 1.0 - below[high - 1] > tail - 1e-12


def test_quantiles_are_bounded_by_draws_of_their_rank():
    rng = np.random.default_rng(5)
    values = rng.permuted(np.tile(np.arange(1.0, 101.0), (2, 3, 1)), axis=-1)
    low, high = quantile_interval(values, [0.5, 0.25])
    assert low.shape == high.shape == (2, 3, 2)
    assert (low[..., 0] == 40.0).all()
    assert (high[..., 0] == 61.0).all()
    assert (high[..., 1] < 40.0).all()


def test_too_few_draws_leave_an_end_open():
    low, high = quantile_interval(np.arange(30.0), [0.05, 0.5, 0.95])
    assert np.isinf(low).tolist() == [True, False, False]
    assert np.isinf(high).tolist() == [False, False, True]
    low, high = quantile_interval(np.arange(5.0), [0.5])
    assert np.isinf(low[0])
    assert np.isinf(high[0])


@pytest.mark.parametrize("seed", range(3))
def test_quantiles_of_counts_have_the_bounds_of_their_draws(seed):
    rng = np.random.default_rng(seed)
    values = rng.binomial(20, rng.uniform(size=(4, 1)), (4, 500))
    counts = np.stack([np.bincount(row, minlength=21) for row in values])
    levels = (0.05, 0.5, 0.9)
    low, high = count_quantile_interval(counts, levels)
    expected = quantile_interval(values, levels)
    assert np.array_equal(low, expected[0])
    assert np.array_equal(high, expected[1])
    found = count_quantiles(counts, levels)
    assert ((low <= found) & (found <= high)).all()


def test_counts_have_their_least_and_greatest_value_for_an_open_end():
    low, high = count_quantile_interval(np.array([0, 3, 2, 0]), [0.05, 0.95])
    assert low.tolist() == [0.0, 2.0]
    assert high.tolist() == [1.0, 3.0]


def test_bounds_from_a_histogram_are_those_of_the_draws_and_up_to_two_bins_wider():
    rng = np.random.default_rng(6)
    values = rng.gamma(3.0, 2.0, (3, 4000))
    first, width = -1.0, 0.15
    place = np.clip((values - first) / width, 0, BINS - 1).astype(int)
    counts = np.stack([np.bincount(row, minlength=BINS) for row in place])
    edges = np.broadcast_to([first, 1.0 / width], (3, 2))
    levels = (0.05, 0.25, 0.5, 0.95)
    low, high = histogram_quantile_interval(counts, edges, levels)
    exact_low, exact_high = quantile_interval(values, levels)
    assert (low <= exact_low).all()
    assert (exact_high <= high).all()
    assert (exact_low - low).max() <= 2.0 * width + 1e-12
    assert (high - exact_high).max() <= 2.0 * width + 1e-12
    found = histogram_quantiles(counts.astype(np.uint32), edges, levels)
    assert ((low <= found) & (found <= high)).all()


def test_bounds_beyond_a_histogram_are_open():
    counts = np.zeros(BINS, np.uint32)
    counts[[0, 100, 255]] = 300, 400, 300
    edges = np.array([10.0, 2.0])
    low, high = histogram_quantile_interval(counts, edges, (0.3, 0.5, 0.7))
    assert low.tolist() == [-np.inf, 59.5, 59.5]
    assert high.tolist() == [61.0, 61.0, np.inf]


def test_histograms_of_different_numbers_of_draws_are_refused():
    with pytest.raises(ValueError, match="the same draws"):
        count_quantile_interval(np.array([[1, 2], [1, 3]]), [0.5])
