"""The curve over targets: fits by hand, known inverses, brackets that close."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from simulator.answers.target.bracketing import rates_to_add
from simulator.answers.target.estimate import CHANCES, chance_at, curve, highest_rate
from simulator.statistics.intervals import wilson

DRAWS = 1000
RATES = [0.0, 0.01, 0.02, 0.03, 0.04]


def counted(counts, outcome="cash_releasing", rates=None, draws=DRAWS):
    """A curve from counts, (rate,) or (rate, trust)."""
    values = np.asarray(counts)
    dims = ("rate", "trust")[: values.ndim]
    rates = (
        np.linspace(0.0, 0.01 * (len(values) - 1), len(values))
        if rates is None
        else rates
    )
    found = xr.DataArray(values, dims=dims, coords={"rate": rates})
    return curve(found.expand_dims(outcome=[outcome], axis=1), draws)


def on_common_draws(levels, rates, outcome="cash_releasing"):
    """A curve of draws that each achieve up to a level of their own."""
    counts = [(levels >= rate).sum() for rate in rates]
    return counted(counts, outcome, rates, len(levels))


# --- the fit --------------------------------------------------------------------------


def test_adjacent_violators_are_pooled():
    # By hand: 800 and 900 pool to 850; 100, 300 and 200 to 200.
    found = counted([1000, 800, 900, 100, 300, 200]).isel(outcome=0)
    expected = [1.0, 0.85, 0.85, 0.2, 0.2, 0.2]
    # A rise as large as this is no wavering, so it is not smoothed away ...
    assert not found["monotone"]
    assert found["fitted"].values.tolist() == found["probability"].values.tolist()
    # ... but one within the intervals is.
    few = counted([10, 8, 9, 1, 3, 2], draws=10).isel(outcome=0)
    assert few["monotone"]
    assert few["fitted"].values == pytest.approx(expected)
    assert few["largest_move"] == pytest.approx(0.1)
    assert few["largest_rise"] == pytest.approx(0.2)


@pytest.mark.parametrize("outcome", ["balance", "sustained"])
def test_what_may_rise_with_the_rate_is_never_smoothed(outcome):
    found = counted([8, 9, 10, 4, 5], outcome, draws=10).isel(outcome=0)
    assert not found["monotone"]
    assert found["largest_move"] == 0.0
    assert found["fitted"].values.tolist() == [0.8, 0.9, 1.0, 0.4, 0.5]


def test_estimates_come_with_wilsons_interval_and_its_terms():
    found = counted([900, 500, 100])
    low, high = wilson([900, 500, 100], DRAWS)
    assert found["low"].values[:, 0].tolist() == low.tolist()
    assert found["high"].values[:, 0].tolist() == high.tolist()
    assert found.attrs == {"draws": DRAWS, "confidence": 0.95, "worth": DRAWS}


def test_rates_may_come_in_any_order():
    found = counted([100, 900, 500], rates=[0.02, 0.0, 0.01])
    assert found["rate"].values.tolist() == [0.0, 0.01, 0.02]
    assert found["achieved"].values[:, 0].tolist() == [900, 500, 100]


@settings(max_examples=25)
@given(st.lists(st.integers(0, 50), min_size=2, max_size=30))
def test_the_curve_falls_stays_between_its_points_and_keeps_its_mean(counts):
    found = counted(counts, draws=50).isel(outcome=0)
    fitted = found["fitted"].values
    if found["monotone"]:
        assert (np.diff(fitted) <= 1e-12).all()
        assert fitted.mean() == pytest.approx(np.mean(counts) / 50)
    fine = np.linspace(0.0, found["rate"].values[-1], 301)
    read = chance_at(found, fine).values
    assert read.min() >= fitted.min() - 1e-12
    assert read.max() <= fitted.max() + 1e-12
    if found["monotone"]:
        assert (np.diff(read) <= 1e-12).all()
    assert chance_at(found, found["rate"].values).values == pytest.approx(fitted)


def test_a_curve_says_nothing_outside_the_rates_tried():
    with pytest.raises(ValueError, match="outside those tried"):
        chance_at(counted([900, 500, 100]), [0.03])


# --- the inverse ----------------------------------------------------------------------


def test_the_inverse_of_a_straight_line_is_read_off():
    found = highest_rate(
        counted([1000, 750, 500, 250, 0]), "cash_releasing", [0.8, 0.5, 0.1]
    )
    assert found["rate"].values == pytest.approx([0.008, 0.02, 0.036])
    assert found["reached"].values.tolist() == ["found"] * 3
    assert (found["rate_low"] < found["rate"]).all()
    assert (found["rate"] < found["rate_high"]).all()
    assert found["holds_from"].values.tolist() == [0.0, 0.0, 0.0]


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=12),
    st.floats(0.001, 0.999),
    st.sampled_from(["cash_releasing", "balance"]),
)
def test_the_inverse_goes_back_to_the_chance_and_above_it_there_is_none(
    counts, chance, outcome
):
    curves = counted(counts, outcome)
    found = highest_rate(curves, outcome, [chance]).isel(chance=0)
    fitted = curves["fitted"].values[:, 0]
    fine = np.linspace(0.0, curves["rate"].values[-1], 500)
    read = chance_at(curves, fine).values[:, 0]
    if found["reached"] == "no rate":
        assert (fitted < chance).all()
        assert np.isnan(found["rate"])
        assert np.isnan(found["holds_from"])
    elif found["reached"] == "every rate":
        assert fitted[-1] >= chance
        assert found["rate"] == curves["rate"].values[-1]
    else:
        rate = float(found["rate"])
        assert float(chance_at(curves, [rate])[0, 0]) == pytest.approx(chance, abs=1e-9)
        assert (read[fine > rate + 1e-9] < chance + 1e-9).all()
        assert not found["rate_low"] > rate
        assert not found["rate_high"] < rate
        between = (curves["rate"] >= found["holds_from"]) & (curves["rate"] <= rate)
        assert (fitted[between.values] >= chance).all()


@settings(max_examples=25)
@given(st.lists(st.integers(0, 100), min_size=3, max_size=8), st.floats(0.05, 0.9))
def test_a_higher_chance_never_allows_a_higher_rate(counts, chance):
    found = highest_rate(
        counted(counts, draws=100), "cash_releasing", [chance, chance + 0.05]
    )
    lower, higher = np.nan_to_num(found["rate"].values, nan=-1.0)
    assert higher <= lower + 1e-12


def test_the_interval_holds_the_rates_whose_own_interval_holds_the_chance():
    levels = np.random.default_rng(3).normal(0.02, 0.005, 4000)
    found = on_common_draws(levels, np.linspace(0.0, 0.04, 401))
    low, high = found["low"].values[:, 0], found["high"].values[:, 0]
    held = found["rate"].values[(low <= 0.8) & (high >= 0.8)]
    ends = highest_rate(found, "cash_releasing", [0.8]).isel(chance=0)
    assert float(ends["rate_low"]) == pytest.approx(held[0], abs=1.01e-4)
    assert float(ends["rate_high"]) == pytest.approx(held[-1], abs=1.01e-4)


def test_a_step_is_found_to_within_the_rates_around_it():
    found = counted([1000, 1000, 0, 0])
    ends = highest_rate(found, "cash_releasing", [0.95, 0.5, 0.05])
    assert (ends["rate_low"] == 0.01).all()
    assert (ends["rate_high"] == 0.02).all()
    assert ((ends["rate"] > 0.01) & (ends["rate"] < 0.02)).all()


def test_no_rate_and_every_rate_are_said_with_their_bounds():
    found = highest_rate(counted([790, 300, 0]), "cash_releasing", [0.8]).isel(chance=0)
    assert found["reached"] == "no rate"
    assert np.isnan(found["rate"])
    assert np.isnan(found["rate_low"])
    # Even so 80% at the lowest rates is not ruled out.
    assert 0.0 < found["rate_high"] < 0.001
    found = highest_rate(counted([100, 50, 0]), "cash_releasing", [0.8]).isel(chance=0)
    assert np.isnan(found["rate_high"])
    found = highest_rate(counted([1000, 900, 810]), "cash_releasing", [0.8]).isel(
        chance=0
    )
    assert found["reached"] == "every rate"
    assert found["rate"] == found["rate_high"] == 0.02
    assert found["rate_low"] < 0.02


def test_of_a_curve_with_two_humps_the_last_crossing_counts():
    found = counted([900, 300, 900, 850, 100], "balance")
    one = highest_rate(found, "balance", [0.5]).isel(chance=0)
    assert 0.03 < one["rate"] < 0.04
    assert one["holds_from"] == 0.02
    one = highest_rate(counted([300, 900, 100], "balance"), "balance", [0.5]).isel(
        chance=0
    )
    assert one["holds_from"] == 0.01


def test_trusts_are_each_inverted_alone():
    columns = np.array([[1000, 700, 0], [900, 100, 0], [500, 0, 0]]).T
    together = highest_rate(counted(columns), "cash_releasing", [0.6, 0.8])
    assert together["rate"].dims == ("chance", "trust")
    for trust in range(3):
        alone = highest_rate(counted(columns[:, trust]), "cash_releasing", [0.6, 0.8])
        one = together.isel(trust=trust)
        for name in ("rate", "rate_low", "rate_high", "reached"):
            assert str(one[name].values) == str(alone[name].values)


@pytest.mark.slow
def test_the_interval_covers_the_truth_as_often_as_it_says():
    rates = np.linspace(0.0, 0.04, 81)
    truth = 0.02 + 0.005 * ndtri(1.0 - np.array(CHANCES))[:, None]
    levels = np.random.default_rng(8).normal(0.02, 0.005, (500, 2000))
    counts = np.array([(levels >= rate).sum(axis=0) for rate in rates])
    found = highest_rate(
        counted(counts, rates=rates, draws=500), "cash_releasing", CHANCES
    )
    covers = (found["rate_low"].values <= truth) & (truth <= found["rate_high"].values)
    # Wilson's intervals cover 94% to 97% for 500 draws and these chances.
    assert (covers.mean(axis=1) > 0.93).all()
    assert (covers.mean(axis=1) < 0.985).all()


# --- more rates -----------------------------------------------------------------------


def refine(levels, chances, most=8, resolution=1e-4, outcome="cash_releasing", top=0.1):
    """Add rates until none is wanted; gives the curve and the number of rounds."""
    rates = top * (np.arange(17) / 16) ** 2
    for rounds in range(100):
        found = on_common_draws(levels, np.sort(rates), outcome)
        added = rates_to_add(found, outcome, chances, resolution, most)
        if len(added) == 0:
            return found, rounds
        assert len(added) <= most
        assert len(np.intersect1d(added, rates)) == 0
        rates = np.concatenate([rates, added])
    raise AssertionError("never fine enough")


def test_brackets_close_in_few_rounds_around_a_smooth_curve():
    levels = np.random.default_rng(1).normal(0.011, 0.005, 10_000)
    found, rounds = refine(levels, [0.8], most=16)
    one = highest_rate(found, "cash_releasing", [0.8]).isel(chance=0)
    assert rounds <= 3
    assert abs(one["rate"] - (0.011 + 0.005 * ndtri(0.2))) < 0.0003
    near = found["rate"].values
    around = np.diff(near)[np.searchsorted(near, one["rate"]) - 1]
    assert around <= max(1e-4, one["rate_high"] - one["rate_low"])


@settings(max_examples=10)
@given(st.floats(0.0, 0.1), st.sampled_from([3, 16]))
def test_a_step_is_bracketed_to_the_resolution(step, most):
    found, _ = refine(np.full(200, step), [0.8, 0.5], most)
    one = highest_rate(found, "cash_releasing", [0.8]).isel(chance=0)
    if one["reached"] == "found":
        assert one["rate_high"] - one["rate_low"] <= 1e-4 * (1.0 + 1e-6)
        assert one["rate_low"] <= step <= one["rate_high"]
    else:
        assert step >= 0.1


def test_a_hump_between_two_rates_is_looked_for():
    # A chance of up to 90% around 0.75%, 60% at the rates tried beside it.
    def hump(rates):
        return np.round(1000 * 0.9 * np.exp(-(((rates - 0.0075) / 0.002) ** 2)))

    rates = np.array([0.0, 0.0063, 0.0087, 0.02, 0.05, 0.1])
    first = counted(hump(rates).astype(int), "balance", rates)
    assert highest_rate(first, "balance", [0.8])["reached"].item() == "no rate"
    for _ in range(20):
        found = counted(hump(rates).astype(int), "balance", rates)
        added = rates_to_add(found, "balance", [0.8], 1e-4, 8)
        if len(added) == 0:
            break
        rates = np.sort(np.concatenate([rates, added]))
    one = highest_rate(found, "balance", [0.8]).isel(chance=0)
    assert float(one["rate"]) == pytest.approx(
        0.0075 + 0.002 * np.sqrt(-np.log(0.8 / 0.9)), abs=0.0003
    )
    assert one["holds_from"] > 0.0


def test_many_trusts_share_a_round():
    middles = np.linspace(0.005, 0.03, 40)
    rates = 0.1 * (np.arange(17) / 16) ** 2
    rounds = 0
    while True:
        counts = np.round(10_000 * ndtr((middles - np.sort(rates)[:, None]) / 0.005))
        found = counted(counts.astype(int), rates=np.sort(rates), draws=10_000)
        added = rates_to_add(found, "cash_releasing", [0.8], 1e-4, 32)
        if len(added) == 0:
            break
        rates = np.concatenate([rates, added])
        rounds += 1
        assert rounds <= 8
    ends = highest_rate(found, "cash_releasing", [0.8]).isel(chance=0)
    truth = middles + 0.005 * ndtri(0.2)
    assert abs(ends["rate"].values - truth).max() < 5e-5
