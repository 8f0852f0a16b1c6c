"""Answers from results: intervals, histograms and headlines."""

import math

import numpy as np
import pytest
import xarray as xr
from scipy.special import bdtr, gammaln, ndtri, xlogy

from simulator.answers import text
from simulator.answers.headline.estimate import (
    PROBABILITIES,
    headline,
    highest,
    own_outcome,
)
from simulator.answers.headline.ties import tied, undecided
from simulator.kernel.workspace import BINS
from simulator.schema import OUTCOMES, QUANTILES
from simulator.statistics.histograms import count_quantiles, histogram_quantiles
from simulator.statistics.intervals import wilson

# --- intervals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "draws", "low", "high"),
    # Newcombe (1998), Two-sided confidence intervals for the single proportion:
    # comparison of seven methods, Statistics in Medicine 17, 857-872, Table I, method 3
    # (score without continuity correction).
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_as_published(count, draws, low, high):
    found = wilson(count, draws)
    assert found[0] == pytest.approx(low, abs=5e-5)
    assert found[1] == pytest.approx(high, abs=5e-5)


def test_wilsons_ends_solve_the_score_equation():
    # Its definition: abs(estimate - p) = z sqrt(p (1 - p) / n) at either end.
    count = np.arange(1, 50)
    for end in wilson(count, 50, 0.9):
        score = abs(count / 50 - end) / np.sqrt(end * (1.0 - end) / 50)
        assert score == pytest.approx(np.full(49, 1.6448536269514722))


def test_no_success_bounds_a_chance_and_does_not_make_it_nought():
    low, high = wilson([0, 1000], 1000)
    assert low[0] == 0.0
    assert high[1] == 1.0
    assert high[0] == pytest.approx(1.0 - low[1])
    assert high[0] == pytest.approx(1.96**2 / (1000 + 1.96**2), rel=1e-4)


def test_wilson_is_the_same_for_failures_turned_round():
    count = np.arange(101)
    low, high = wilson(count, 100)
    assert low == pytest.approx(1.0 - high[::-1], abs=1e-15)
    assert ((low <= count / 100) & (count / 100 <= high)).all()
    assert (np.diff(low) > 0.0).all()
    assert (np.diff(high) > 0.0).all()


def test_wilson_keeps_the_shape_it_is_given():
    low, high = wilson(np.zeros((2, 3, 4), int), 10)
    assert low.shape == high.shape == (2, 3, 4)


def coverage(draws, confidence, chances):
    """Chance that the interval holds each true chance: an exact binomial sum."""
    count = np.arange(draws + 1)
    low, high = wilson(count, draws, confidence)
    ways = gammaln(draws + 1) - gammaln(count + 1) - gammaln(draws - count + 1)
    held = []
    for p in chances:
        mass = np.exp(ways + xlogy(count, p) + xlogy(draws - count, 1.0 - p))
        held.append(mass[(low <= p) & (p <= high)].sum())
    return np.array(held)


def swing(draws, confidence, p):
    """How far the coverage may fall, as the number of successes is whole.

    By half a success at either end: half the normal density there, twice; and a tenth
    for what the normal density leaves out.
    """
    z = ndtri(0.5 + confidence / 2.0)
    density = np.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)
    return 1.1 * density / np.sqrt(draws * p * (1.0 - p))


@pytest.mark.parametrize("draws", [100, 1000])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_the_interval_holds_the_true_chance_as_often_as_it_says(draws, confidence):
    chances = np.linspace(0.02, 0.98, 193)
    held = coverage(draws, confidence, chances)
    assert held.mean() == pytest.approx(confidence, abs=0.006)
    assert (held > confidence - swing(draws, confidence, chances)).all()


def test_the_binomial_sum_of_the_coverage_is_right():
    # From k = 40 to 60 of 100, against the distribution function.
    low, high = wilson(np.arange(101), 100)
    inside = np.flatnonzero((low <= 0.5) & (high >= 0.5))
    expected = bdtr(inside[-1], 100, 0.5) - bdtr(inside[0] - 1, 100, 0.5)
    assert coverage(100, 0.95, [0.5])[0] == pytest.approx(expected, abs=1e-12)


def test_the_coverage_check_can_fail():
    # The textbook interval p +- 1.96 sqrt(p (1 - p) / n) covers far too little here.
    count = np.arange(101)
    share = count / 100
    half = 1.96 * np.sqrt(share * (1.0 - share) / 100)
    p = 0.02
    ways = [math.comb(100, int(k)) * p**k * (1 - p) ** (100 - k) for k in count]
    held = np.array(ways)[(share - half <= p) & (p <= share + half)].sum()
    assert held < 0.95 - swing(100, 0.95, p)
    assert coverage(100, 0.95, [p])[0] > 0.95 - swing(100, 0.95, p)


# --- histograms -----------------------------------------------------------------------


def counted(values, first, width, n_bin=BINS):
    """Count values in bins, what lies outside in the end bins."""
    place = np.clip((values - first) / width, 0, n_bin - 1).astype(int)
    return np.bincount(place, minlength=n_bin).astype(np.uint32)


def read(counts, first, scale, levels):
    """Quantiles of histograms, given their first edges and bins per unit."""
    edges = np.stack([np.asarray(first), np.asarray(scale)], axis=-1)
    return histogram_quantiles(counts, edges, levels)


@pytest.mark.parametrize("n_draw", [50, 1000, 40_000])
def test_quantiles_of_a_histogram_are_those_of_the_draws_within_a_bin(n_draw):
    values = np.random.default_rng(4).gamma(3.0, 2.0, n_draw)
    first, width = -1.0, 0.2
    counts = counted(values, first, width)
    found = read(counts, first, 1.0 / width, QUANTILES)
    expected = np.quantile(values, QUANTILES, method="inverted_cdf")
    assert found.shape == (len(QUANTILES),)
    assert abs(found - expected).max() <= width


def test_quantiles_are_read_on_a_straight_line_within_the_bin():
    counts = np.zeros((1, BINS), np.uint32)
    counts[0, :6] = [0, 1, 0, 4, 5, 0]
    found = read(counts, [10.0], [2.0], (0.1, 0.3, 0.5, 0.7, 1.0))
    # Bin 1 is 10.5 to 11, bin 3 is 11.5 to 12, bin 4 is 12 to 12.5.
    assert found[0] == pytest.approx([11.0, 11.75, 12.0, 12.2, 12.5])


@pytest.mark.parametrize("threads", [2, 3, 9])
def test_threads_share_histograms_and_move_no_number(threads):
    counts = np.random.default_rng(5).integers(0, 9, (2, 3, BINS)).astype(np.uint32)
    edges = np.stack([np.arange(6.0), np.full(6, 4.0)], axis=-1).reshape(2, 3, 2)
    alone = histogram_quantiles(counts, edges, QUANTILES)
    shared = histogram_quantiles(counts, edges, QUANTILES, threads)
    assert shared.tolist() == alone.tolist()


def test_many_histograms_are_read_at_once():
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 9, (2, 3, 4, BINS)).astype(np.uint32)
    first, scale = rng.normal(size=(2, 3, 4)), rng.uniform(1.0, 9.0, (2, 3, 4))
    found = read(counts, first, scale, (0.25, 0.75))
    place = (1, 2, 3)
    one = read(counts[place], first[place], scale[place], (0.25, 0.75))
    assert found.shape == (2, 3, 4, 2)
    assert found[1, 2, 3] == pytest.approx(one)


def test_a_quantile_beyond_the_range_is_not_a_number():
    values = np.concatenate([np.full(20, -5.0), np.linspace(0.0, 1.0, 80)])
    counts = counted(values, -0.5, 0.01)
    found = read(counts, -0.5, 100.0, (0.1, 0.5))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(np.quantile(values, 0.5), abs=0.011)


def test_counts_of_four_thousand_million_draws_do_not_overflow():
    counts = np.zeros(BINS, np.uint32)
    counts[1:3] = 2**32 - 1
    found = read(counts, 0.0, 1.0, (0.5, 0.75))
    assert found == pytest.approx([2.0, 2.5])


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_of_counts_are_numpys(seed):
    rng = np.random.default_rng(seed)
    values = rng.binomial(20, rng.uniform(), 1001)
    counts = np.bincount(values, minlength=21).astype(np.int64)
    expected = np.quantile(values, QUANTILES, method="inverted_cdf")
    assert count_quantiles(counts, QUANTILES).tolist() == expected.tolist()


def test_quantiles_of_counts_keep_their_shape():
    counts = np.zeros((3, 5, 9), np.int64)
    counts[..., 4] = 10
    found = count_quantiles(counts, QUANTILES)
    assert found.shape == (3, 5, len(QUANTILES))
    assert (found == 4.0).all()


# --- headlines ------------------------------------------------------------------------

DRAWS = 10
TARGETS = ("low", "high", "any")
RATES = (0.01, 0.03, 0.02)


def made_run():
    """A run made by hand: three targets, three trusts, ten draws, two years."""
    chances = {  # by target, in the order of the outcomes
        "low": (1.0, 0.9, 0.8, 0.6, 0.5, 0.4),
        "high": (0.6, 0.3, 0.1, 0.05, 0.2, 0.0),
        "any": (0.7, 0.2, 0.1, 0.05, 0.3, 0.1),
    }
    sector = xr.DataArray(
        [chances[name] for name in TARGETS],
        dims=("target", "outcome"),
        coords={"target": list(TARGETS), "outcome": list(OUTCOMES)},
    )
    shift = xr.DataArray(
        [0.0, -0.25, 0.125], dims="trust", coords={"trust": ["b", "a", "c"]}
    )
    by_trust = (sector * 0.5 + 0.25 + shift).transpose("target", "outcome", "trust")
    root = xr.Dataset(
        {"basis": ("target", ["cash_releasing", "recurrent", "reported"])}
    )
    root["rate"] = xr.DataArray(
        [[rate - 0.001, rate + 0.001] for rate in RATES],
        dims=("target", "year"),
        coords={"target": list(TARGETS), "year": [2019, 2020]},
    )
    for prefix, chance in (("", by_trust), ("sector_", sector)):
        root[f"{prefix}probability"] = chance
        root[f"{prefix}probability_low"] = chance - 0.01
        root[f"{prefix}probability_high"] = chance + 0.02
    spread = xr.DataArray(
        np.linspace(-0.3, 0.3, len(QUANTILES)),
        dims="quantile",
        coords={"quantile": list(QUANTILES)},
    )
    for end, off in (("", 0.0), ("_low", -0.05), ("_high", 0.07)):
        root[f"share_achieving{end}"] = sector + spread + off
    draw = np.arange(DRAWS)
    shape = (len(TARGETS), DRAWS, 2)
    dims = ("target", "draw", "year")
    one_offs = np.broadcast_to(draw[None, :, None] * 1.0, shape)
    deficits = np.zeros(shape, int)
    deficits[:, :, 1] = draw * np.array([[1], [2], [3]])
    yearly = xr.Dataset(
        {
            "nonrecurrent": (dims, one_offs),
            "recurrent": (dims, 9.0 - one_offs),
            "trusts_in_deficit": (dims, deficits),
        },
        coords={"target": list(TARGETS), "draw": draw, "year": [2019, 2020]},
    )
    run = xr.DataTree.from_dict({"/": root, "/sector": yearly})
    run.attrs |= {"draws": DRAWS, "title": "by hand"}
    return run


def test_each_target_is_judged_by_the_outcome_of_its_basis():
    run = made_run()
    assert own_outcome(run.to_dataset()).values.tolist() == [
        "cash_releasing",
        "recurrent",
        "any_means",
    ]
    found = headline(run)
    assert found["outcome"].values.tolist() == [
        "cash_releasing",
        "recurrent",
        "any_means",
    ]
    assert found["sector_probability"].values.tolist() == [0.8, 0.3, 0.7]
    assert found["sustained_probability"].values.tolist() == [0.4, 0.0, 0.1]
    assert found["balance_probability"].values.tolist() == [0.5, 0.2, 0.3]


def test_no_chance_comes_without_its_interval():
    found = headline(made_run())
    names = [str(name) for name in found if str(name).endswith("_probability")]
    assert names == [f"{name}_probability" for name in PROBABILITIES]
    for name in names:
        gap = found[name] - found[f"{name}_low"]
        assert gap.values == pytest.approx([0.01] * 3)
        gap = found[f"{name}_high"] - found[name]
        assert gap.values == pytest.approx([0.02] * 3)


def test_a_rate_by_year_is_shown_as_its_mean():
    assert headline(made_run())["rate"].values == pytest.approx(list(RATES))


def test_the_median_trust_is_the_one_in_the_middle():
    found = headline(made_run())["median_trust_probability"]
    # Trust b, which is neither raised nor lowered.
    assert found.values == pytest.approx([0.65, 0.40, 0.60])


def test_of_an_even_number_of_trusts_the_less_likely_of_the_middle_two_is_shown():
    run = made_run()
    two = {
        "/": run.to_dataset().isel(trust=[0, 1]),
        "/sector": run["sector"].to_dataset(inherit=False),
    }
    even = xr.DataTree.from_dict(two)
    even.attrs |= run.attrs
    found = headline(even)["median_trust_probability"]
    assert found.values == pytest.approx([0.40, 0.15, 0.35])


def test_bands_are_the_10_50_and_90_percent_points():
    found = headline(made_run())
    assert found["quantile"].values.tolist() == [0.1, 0.5, 0.9]
    assert found["share_achieving"].sel(target="low").values == pytest.approx(
        [0.6, 0.8, 1.0]
    )
    assert found["share_achieving_low"].sel(target="low").values == pytest.approx(
        [0.55, 0.75, 0.95]
    )
    # Draws 0 to 9 have one-off shares 0/9 to 9/9, and 0 to 9 times k in deficit.
    assert found["one_off_share"].sel(target="high").values == pytest.approx(
        [0.0, 4 / 9, 8 / 9]
    )
    deficits = found["trusts_in_deficit"].transpose("target", "quantile")
    assert deficits.values.tolist() == [[0, 4, 8], [0, 8, 16], [0, 12, 24]]


def test_without_any_savings_no_share_of_them_is_one_off():
    run = made_run()
    sector = run["sector"].to_dataset()
    for name in ("recurrent", "nonrecurrent"):
        sector[name] = sector[name] * 0.0
    run["sector"] = xr.DataTree(sector.drop_vars(["target", "year"]))
    assert (headline(run)["one_off_share"] == 0.0).all()


def test_the_highest_target_is_the_one_with_the_highest_rate_that_is_likely_enough():
    found = headline(made_run())
    assert highest(found, 0.8)["target"] == "low"
    assert highest(found, 0.7)["target"] == "any"
    assert highest(found, 0.3)["target"] == "high"
    assert highest(found, 0.81) is None
    assert highest(found, 0.4, of="sustained")["target"] == "low"
    assert highest(found, 0.5, of="sustained") is None


def drawn(*achieved, names=TARGETS):
    """A run of which only the sector's outcomes by draw are known."""
    by_draw = np.stack([np.array(row, bool) for row in achieved])
    basis = xr.Dataset(
        {"basis": ("target", ["measured"] * len(names))}, coords={"target": list(names)}
    )
    outcomes = xr.DataArray(
        by_draw[:, None],
        dims=("target", "outcome", "draw"),
        coords={"target": list(names), "outcome": ["measured"]},
    )
    sector = xr.Dataset({"achieved": outcomes})
    return xr.DataTree.from_dict({"/": basis, "/sector": sector})


def test_targets_that_the_draws_cannot_tell_apart_are_not_ranked():
    likely = np.arange(1000) < 800
    nearly = np.arange(1000) < 798  # two draws of a thousand: not enough to tell
    seldom = np.arange(1000) < 100
    assert tied(drawn(nearly, seldom, likely)) == [("any", "low")]
    assert tied(drawn(likely, seldom, np.arange(1000) < 700)) == []
    never = np.zeros(1000)
    assert tied(drawn(never, likely, never)) == [("low", "any")]


def test_unpaired_targets_of_equal_size_are_told_apart_by_pairing():
    """Fifty draws of a thousand go one way and none the other: that is telling."""
    some, more = np.arange(1000) < 500, np.arange(1000) < 550
    low, high = wilson([500, 550], 1000)
    assert low[1] < high[0]
    assert tied(drawn(some, more, np.ones(1000))) == []


def test_a_level_within_an_interval_is_undecided():
    answer = xr.Dataset(
        {
            "sector_probability_low": ("target", [0.79, 0.6, 0.4]),
            "sector_probability_high": ("target", [0.81, 0.7, 0.51]),
        },
        coords={"target": list(TARGETS)},
    )
    assert list(undecided(answer, (0.8, 0.5))) == [("low", 0.8), ("any", 0.5)]


def row(value, low, high):
    return xr.Dataset({"p": value, "p_low": low, "p_high": high})


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.43, 0.42, 0.44), "43% (42-44)"),
        ((0.087, 0.081, 0.092), "8.7% (8.1-9.2)"),
        ((0.961, 0.957, 0.965), "96.1% (95.7-96.5)"),
        ((0.0, 0.0, 0.000384), "below 0.039%"),
        ((1.0, 0.999616, 1.0), "above 99.961%"),
        ((0.0, 0.0, 0.278), "below 28%"),
        ((0.9995, 0.9972, 0.99991), "99.95% (99.72-99.99)"),
        ((0.0002, 0.00005, 0.0007), "0.02% (0.01-0.07)"),
    ],
)
def test_a_chance_is_written_with_its_interval_and_never_as_certain(ends, said):
    assert text.chance(row(*ends), "p") == said


def test_a_band_is_written_as_its_median_and_ends():
    def bands(*middle, **ends):
        found = {"b": middle, "b_low": middle, "b_high": middle} | ends
        return xr.Dataset({name: ("quantile", list(v)) for name, v in found.items()})

    sure = bands(0.104, 0.496, 1.0)
    assert text.band(sure, "b", percent=True) == "50% (10-100)"
    unsure = bands(3.0, 12.0, 40.0, b_low=(2, 10, 30), b_high=(4, 13, 50))
    assert text.band(unsure, "b") == "12 ±2 (3-40)"
    little = bands(0.1, 0.5, 0.9, b_high=(0.1, 0.503, 0.9))
    assert text.band(little, "b", percent=True) == "50% ±0.3 (10-90)"
    few = bands(1.0, 2.0, 3.0, b_low=(-np.inf,) * 3, b_high=(np.inf,) * 3)
    assert text.band(few, "b") == "2 ±inf (1-3)"


def test_replicates_give_the_error_where_draws_are_not_independent():
    """Ten draws in five pairs: half of them have no one-offs, half have them all."""
    run = made_run()
    run.attrs["replicates"] = 5
    found = headline(run)["one_off_share"].sel(target="low", quantile=0.5)
    assert float(found) == pytest.approx(4 / 9)
    ends = headline(run).sel(target="low", quantile=0.5)
    each = np.arange(0, 10, 2) / 9  # the lower of each pair
    half = 2.7764 * each.std(ddof=1) / np.sqrt(5)
    assert float(ends["one_off_share_low"]) == pytest.approx(
        each.mean() - half, abs=1e-4
    )
    assert float(ends["one_off_share_high"]) == pytest.approx(
        each.mean() + half, abs=1e-4
    )
    wide = headline(run, together=True)
    times = 6.5272 / 2.7764  # Student's t of four degrees at 0.95 ** (1 / 18) and 0.95
    assert wide["sector_probability_high"].values[1] == pytest.approx(
        0.3 + 0.02 * times, rel=2e-3
    )


def test_intervals_that_hold_at_once_are_wider():
    one, all_ = headline(made_run()), headline(made_run(), together=True)
    assert one.attrs["family"] == 1
    assert all_.attrs["family"] == 18
    for name in PROBABILITIES:
        counts = np.rint(one[f"{name}_probability"].values * DRAWS)
        low, high = wilson(counts, DRAWS, 0.95 ** (1 / 18))
        assert np.array_equal(all_[f"{name}_probability_low"], low)
        assert np.array_equal(all_[f"{name}_probability_high"], high)
        assert np.array_equal(all_[f"{name}_probability"], one[f"{name}_probability"])


@pytest.mark.parametrize(
    ("first", "said"), [(2019, "2019/20"), (1999, "1999/00"), (2009, "2009/10")]
)
def test_a_financial_year_is_named_by_both_its_calendar_years(first, said):
    assert text.financial_year(first) == said
