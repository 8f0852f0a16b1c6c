"""Do 95% intervals hold the truth 95 times in 100? On cases with a closed form.

One long stream of draws from the real engine is cut into thousands of short runs:
draws are independent, so the short runs are too. Each group of tests has a negative
control, an interval that is known to be wrong, which must be found out.
"""

from typing import NamedTuple

import numpy as np
import pytest
import tiny
from scipy.special import ndtr, ndtri
from test_engine import five_years_of_productivity
from test_intervals import covered

from simulator.engine import blocks
from simulator.engine.shards import Shard
from simulator.kernel.workspace import BINS, GROUP_RESULTS
from simulator.running import prepare
from simulator.schema import OUTCOMES
from simulator.statistics.intervals import (
    clopper_pearson,
    paired_difference,
    simultaneous,
    wilson,
)
from simulator.statistics.means import mean, mean_share, tail_mean
from simulator.statistics.quantiles import (
    histogram_quantile_interval,
    quantile_interval,
    ranks,
)

pytestmark = pytest.mark.slow

RUNS, DRAWS = 3000, 400
POINT = 0.01  # 2.5 standard errors of a share of 3,000 runs near 95%
Z = float(ndtri(0.975))
CASH_RELEASING = OUTCOMES.index("cash_releasing")
PRODUCTIVITY = GROUP_RESULTS.index("cash_releasing")

# Productivity of five years: mean and standard deviation of its yearly mean.
MIDDLE, SPREAD_OF_MEAN = 0.0095, np.sqrt(0.005**2 + 0.01**2 / 5)
LTP, NEAR, FAR, RARE = range(4)
RATES = np.array([0.011, 0.0111, 0.014, MIDDLE + 2.5758 * SPREAD_OF_MEAN])
TRUST_SD = 0.02


def chance(rate, spread=SPREAD_OF_MEAN):
    """Probability that the mean of five years reaches a rate."""
    return ndtr((MIDDLE - rate) / spread)


class Runs(NamedTuple):
    """The short runs."""

    achieved: np.ndarray  # (target, run, draw)
    productivity: np.ndarray  # (run, draw): mean of five years


@pytest.fixture(scope="module")
def runs():
    given = five_years_of_productivity()
    given["targets"] = [
        {
            "name": f"{rate:.4%}",
            "rate": float(rate),
            "basis": "cash_releasing",
            "source": "-",
        }
        for rate in RATES
    ]
    scenario = tiny.loaded(given).scenario
    job = prepare.prepare_counts(scenario, tiny.people(), 7)
    achieved, productivity = [], []

    def add(shard: Shard) -> None:
        achieved.append(shard.achieved[:, CASH_RELEASING].copy())
        productivity.append(shard.sector[PRODUCTIVITY, 0].mean(axis=0))

    blocks.simulate(job, RUNS * DRAWS, on_shard=add)
    return Runs(
        np.concatenate(achieved, axis=-1).reshape(len(RATES), RUNS, DRAWS),
        np.concatenate(productivity).reshape(RUNS, DRAWS),
    )


def share_held(low, high, truth):
    """Share of runs whose interval holds the truth."""
    return float(((low <= truth) & (truth <= high)).mean())


def wald(count, draws):
    """The textbook interval: the control."""
    share = count / draws
    half = Z * np.sqrt(share * (1.0 - share) / draws)
    return share - half, share + half


# --- one chance -----------------------------------------------------------------------


def test_wilsons_interval_holds_the_chance_95_times_in_100(runs):
    low, high = wilson(runs.achieved[LTP].sum(axis=-1), DRAWS)
    truth = chance(RATES[LTP])
    assert truth == pytest.approx(0.41, abs=0.005)
    assert share_held(low, high, truth) == pytest.approx(0.95, abs=POINT)


def test_the_guaranteed_interval_holds_it_no_less_often(runs):
    for target, rate in enumerate(RATES):
        low, high = clopper_pearson(runs.achieved[target].sum(axis=-1), DRAWS)
        assert share_held(low, high, chance(rate)) > 0.95 - POINT


def test_control_the_textbook_interval_of_a_small_chance_is_found_out(runs):
    count, truth = runs.achieved[RARE].sum(axis=-1), chance(RATES[RARE])
    assert truth == pytest.approx(0.005, rel=1e-3)
    assert share_held(*wald(count, DRAWS), truth) < 0.90
    held = share_held(*wilson(count, DRAWS), truth)
    # Counts near 2 are few, so even a sound interval holds in steps.
    assert held == pytest.approx(covered(wilson, DRAWS, truth), abs=POINT)
    assert held > 0.94


# --- many chances ---------------------------------------------------------------------


def test_a_family_of_independent_intervals_holds_all_at_once(runs):
    # Four neighbouring runs are a family of four independent estimates.
    count = runs.achieved[LTP].sum(axis=-1)
    truth = chance(RATES[LTP])
    bands = simultaneous(count, DRAWS, family=4)
    alone = wilson(count, DRAWS)
    together, apart = (
        ((low <= truth) & (truth <= high)).reshape(-1, 4).all(axis=1).mean()
        for low, high in ((bands.low, bands.high), alone)
    )
    assert together == pytest.approx(0.95, abs=2 * POINT)  # of 750 families
    assert apart < 0.86  # the control: 0.95 to the fourth power is 0.81


def test_a_family_from_the_same_draws_is_on_the_safe_side(runs):
    count, truth = runs.achieved.sum(axis=-1), chance(RATES)[:, None]
    bands = simultaneous(count, DRAWS, family=len(RATES))
    all_held = ((bands.low <= truth) & (truth <= bands.high)).all(axis=0)
    assert all_held.mean() > 0.95 - POINT


# --- paired differences ---------------------------------------------------------------


@pytest.mark.parametrize("other", [NEAR, FAR])
def test_a_paired_difference_is_held(runs, other):
    first, second = runs.achieved[LTP], runs.achieved[other]
    n10, n01 = (first > second).sum(axis=-1), (second > first).sum(axis=-1)
    truth = chance(RATES[LTP]) - chance(RATES[other])
    found = paired_difference(n10, n01, DRAWS)
    held = share_held(found.low, found.high, truth)
    plain = share_held(
        found.value - Z * found.error, found.value + Z * found.error, truth
    )
    if other == NEAR:  # two or three draws differ
        assert n10.mean() < 3.0
        assert held > 0.94
        assert plain < 0.92  # the control
    else:
        assert held == pytest.approx(0.95, abs=POINT)
    # As if from different draws: far too wide, which is the gain of the same draws.
    apart = np.sqrt(sum(p * (1.0 - p) for p in chance(RATES[[LTP, other]])) / DRAWS)
    assert found.error.mean() < 0.75 * apart


# --- numbers --------------------------------------------------------------------------


def test_the_mean_is_held(runs):
    found = mean(runs.productivity)
    assert share_held(found.low, found.high, MIDDLE) == pytest.approx(0.95, abs=POINT)


def test_the_mean_of_replicates_is_held(runs):
    replicates = runs.productivity.reshape(RUNS, 16, 25).mean(axis=-1)
    found = mean(replicates)
    assert share_held(found.low, found.high, MIDDLE) == pytest.approx(0.95, abs=POINT)
    # The control: with 16 replicates, twice the error is too little.
    narrow = share_held(
        found.value - Z * found.error, found.value + Z * found.error, MIDDLE
    )
    assert narrow < 0.94


def test_the_mean_of_the_tail_is_held_to_a_few_points(runs):
    # Of a normal distribution the worst tenth has the mean z-density / 0.1.
    density = np.exp(-(ndtri(0.9) ** 2) / 2.0) / np.sqrt(2.0 * np.pi)
    truth = -MIDDLE + SPREAD_OF_MEAN * density / 0.1
    found = tail_mean(-runs.productivity)
    held = share_held(found.low, found.high, truth)
    assert held == pytest.approx(0.95, abs=2 * POINT)
    # The control: the tail's draws as if the tail were known to be theirs.
    worst = np.sort(-runs.productivity, axis=-1)[:, -DRAWS // 10 :]
    naive = mean(worst)
    assert share_held(naive.low, naive.high, truth) < 0.92


def test_quantiles_are_held(runs):
    levels = (0.05, 0.25, 0.5, 0.9)
    low, high = quantile_interval(runs.productivity, levels)
    truth = MIDDLE + SPREAD_OF_MEAN * ndtri(levels)
    held = ((low <= truth) & (truth <= high)).mean(axis=0)
    assert (abs(held - 0.95) < POINT + 0.005).all()
    # Ranks are whole, so the exact figure lies a little above 95%.
    below, above = ranks(DRAWS, levels)
    for k, level in enumerate(levels):
        counts = np.random.default_rng(k).binomial(DRAWS, level, 10**6)
        exact = ((below[k] <= counts) & (counts < above[k])).mean()
        assert exact >= 0.95 - 0.001
        assert held[k] == pytest.approx(exact, abs=POINT)


def test_control_quantiles_one_rank_in_four_nearer_are_found_out(runs):
    (low,), (high,) = ranks(DRAWS, [0.5])
    quarter = (high - low) // 8
    ordered = np.sort(runs.productivity, axis=-1)
    near = ordered[:, low - 1 + quarter], ordered[:, high - 1 - quarter]
    assert share_held(*near, MIDDLE) < 0.89


def test_quantiles_from_histograms_are_held(runs):
    levels = (0.05, 0.5, 0.95)
    # 256 bins over 5 standard deviations to either side.
    first, per_unit = MIDDLE - 5.0 * SPREAD_OF_MEAN, 25.6 / SPREAD_OF_MEAN
    place = np.clip((runs.productivity - first) * per_unit, 0, BINS - 1).astype(int)
    bins = np.stack([np.bincount(row, minlength=BINS) for row in place])
    edges = np.broadcast_to([first, per_unit], (RUNS, 2))
    truth = MIDDLE + SPREAD_OF_MEAN * ndtri(levels)
    low, high = histogram_quantile_interval(bins, edges, levels)
    held = ((low <= truth) & (truth <= high)).mean(axis=0)
    # A bin wider on either side, so more often: it must not be less.
    assert (held > 0.95 - POINT).all()
    # The control: the bins of half the confidence.
    low, high = histogram_quantile_interval(bins, edges, levels, 0.5)
    assert (((low <= truth) & (truth <= high)).mean(axis=0) < 0.9).all()


# --- the share of trusts --------------------------------------------------------------


def test_the_mean_share_of_trusts_is_held_with_the_draw_as_the_unit():
    given = five_years_of_productivity()
    given["demand"]["trust_sd"] = TRUST_SD  # so trusts differ
    scenario, people = tiny.loaded(given).scenario, tiny.people()
    job = prepare.prepare_counts(scenario, people, 7)
    found = []

    def add(shard: Shard) -> None:
        found.append(shard.units[0, CASH_RELEASING, : len(people)].sum(axis=0))

    blocks.simulate(job, RUNS * DRAWS, by_unit=True, on_shard=add)
    number = np.concatenate(found).reshape(RUNS, DRAWS)
    counts = np.stack([np.bincount(run, minlength=len(people) + 1) for run in number])
    spread = np.sqrt(0.005**2 + (0.01**2 + TRUST_SD**2) / 5)
    truth = chance(RATES[LTP], spread)
    found = mean_share(counts)
    assert share_held(found.low, found.high, truth) == pytest.approx(0.95, abs=POINT)
    # The control: the eight trusts of a draw as if they were independent.
    naive = wilson(number.sum(axis=-1), len(people) * DRAWS)
    assert share_held(*naive, truth) < 0.85
