"""Shares of variance and the spread of chances, on functions with closed forms."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import ndtr, ndtri
from scipy.stats import spearmanr

from simulator.answers.uncertainty.estimate import BAND, chance_spread, main_effects
from simulator.statistics.sobol_indices import group_shares

SIDES = {"side": ["a", "b"]}


def shares_of(function, n_group, draws, seed=1, repeats=()):
    """Sample a function of independent groups in the ten-run design."""
    generator = np.random.default_rng(seed)
    sides = {side: generator.random((n_group, draws, *repeats)) for side in "ab"}
    dims = ("side", "draw", "repeat")[: 2 + len(repeats)]
    whole = [function(sides[side]) for side in "ab"]
    swapped = []
    for group in range(n_group):
        row = []
        for side, other in ("ab", "ba"):
            mixed = sides[side].copy()
            mixed[group] = sides[other][group]
            row.append(function(mixed))
        swapped.append(row)
    return group_shares(
        xr.DataArray(np.array(whole), dims=dims, coords=SIDES),
        xr.DataArray(np.array(swapped), dims=("group", *dims), coords=SIDES),
    )


def ishigami(x):
    """Ishigami and Homma (1990), a = 7, b = 0.1, uniform on (-pi, pi)."""
    x = np.pi * (2.0 * x - 1.0)
    return np.sin(x[0]) + 7.0 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


def g_function(x, a=(0.0, 1.0, 4.5, 9.0)):
    """Saltelli and Sobol' (1995): variance of a factor is 1 / (3 (1 + a)^2)."""
    factors = [(abs(4 * u - 2) + c) / (1 + c) for u, c in zip(x, a, strict=True)]
    return np.prod(factors, axis=0)


def g_closed(a=(0.0, 1.0, 4.5, 9.0)):
    own = 1.0 / (3.0 * (1.0 + np.array(a)) ** 2)
    whole = np.prod(1.0 + own) - 1.0
    total = own * np.prod(1.0 + own) / (1.0 + own) / whole
    return own / whole, total


def near(found, name, expected, errors=4.0):
    """Whether estimates lie within so many standard errors, which are small."""
    error = (found[f"{name}_high"] - found[f"{name}_low"]) / 2 / ndtri(0.975)
    assert (error < 0.03).all()
    return (abs(found[name] - expected) <= errors * error + 1e-12).all()


def test_ishigamis_function_has_its_shares():
    found = shares_of(ishigami, 3, 4096)
    assert near(found, "first_order", np.array([0.313905, 0.442411, 0.0]))
    assert near(found, "total", np.array([0.557589, 0.442411, 0.243684]))
    assert near(found, "interaction", 0.243684)
    assert float(found["mean"]) == pytest.approx(3.5, abs=0.15)
    assert float(found["variance"]) == pytest.approx(13.844588, rel=0.05)


def test_the_g_function_has_its_shares():
    first, total = g_closed()
    found = shares_of(g_function, 4, 4096)
    assert near(found, "first_order", first)
    assert near(found, "total", total)
    assert near(found, "interaction", 1.0 - first.sum())


def test_wrong_shares_are_told_from_the_right_ones():
    found = shares_of(ishigami, 3, 4096)
    assert not near(found, "first_order", np.array([0.442411, 0.313905, 0.0]))
    assert not near(found, "total", np.array([0.313905, 0.442411, 0.0]))


def test_a_sum_has_no_interaction():
    found = shares_of(lambda x: 2.0 * x[0] + x[1], 2, 2048)
    assert near(found, "first_order", np.array([0.8, 0.2]))
    assert near(found, "total", np.array([0.8, 0.2]))
    assert abs(float(found["interaction"])) < 0.01


def test_a_group_that_does_nothing_has_exactly_no_total():
    found = shares_of(lambda x: x[0], 2, 512)
    assert found["total"].values.tolist() == pytest.approx([1.0, 0.0], abs=1e-12)
    assert found["first_order"].values == pytest.approx([1.0, 0.0], abs=1e-12)


def test_scale_and_offset_of_an_output_do_not_matter():
    plain = shares_of(ishigami, 3, 512)
    moved = shares_of(lambda x: 1e6 + 250.0 * ishigami(x), 3, 512)
    for name in ("first_order", "total_low", "interaction_high"):
        assert moved[name].values == pytest.approx(plain[name].values, rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.005, 0.995, 1.0])
def test_what_hardly_varies_is_not_split(share):
    found = shares_of(lambda x: (x[0] < share).astype(float), 2, 512)
    for name in ("first_order", "total", "interaction"):
        assert found[name].isnull().all(), name
    assert float(found["mean"]) == pytest.approx(share, abs=0.01)


def test_outputs_are_split_each_on_its_own():
    generator = np.random.default_rng(2)
    dims = ("side", "draw", "output")
    whole = xr.DataArray(
        generator.random((2, 300, 3)), dims=dims, coords={"side": list("ab")}
    )
    swapped = whole.copy(data=generator.random((2, 300, 3))).expand_dims(group=["g"])
    found = group_shares(whole, swapped)
    assert found["first_order"].dims == ("group", "output")
    for k in range(3):
        alone = group_shares(whole.isel(output=k), swapped.isel(output=k))
        xr.testing.assert_allclose(alone, found.isel(output=k), rtol=1e-9)


@pytest.mark.slow
def test_intervals_of_shares_hold_the_truth_as_often_as_they_say():
    first, total = g_closed()
    found = shares_of(g_function, 4, 1024, repeats=(600,))
    truths = {
        "first_order": xr.DataArray(first, dims="group"),
        "total": xr.DataArray(total, dims="group"),
        "interaction": xr.DataArray(1.0 - first.sum()),
    }
    for name, truth in truths.items():
        coverage = held(found, name, truth).mean("repeat")
        assert (coverage > 0.91).all(), name
        assert (coverage < 0.98).all(), name


def held(found, name, truth):
    return (found[f"{name}_low"] <= truth) & (truth <= found[f"{name}_high"])


# --- chances by belief ----------------------------------------------------------------

# Five-year mean productivity, mean 0.95%, epistemic sd 0.5, yearly sd 1.0: the chance
# of 1.1% is Phi((0.95 + 0.5 z - 1.1) / sqrt(0.2)), z a standard normal.
CENTRE, SLOPE = -0.15 / np.sqrt(0.2), 0.5 / np.sqrt(0.2)


def counted(chances, futures, seed=1):
    found = np.random.default_rng(seed).binomial(futures, chances)
    return xr.DataArray(found, dims="belief")


def closed_form(beliefs, seed=1):
    z = np.random.default_rng([seed, 5]).standard_normal(beliefs)
    return z, ndtr(CENTRE + SLOPE * z)


def test_chances_have_their_closed_forms_spread():
    _, chances = closed_form(4000)
    spread = chance_spread(counted(chances, 64), 64)
    truth = ndtr(CENTRE + SLOPE * ndtri(np.array(BAND)))
    assert spread["band"].values == pytest.approx(truth, abs=0.025)
    assert (spread["band_low"] <= truth).all()
    assert (truth <= spread["band_high"]).all()
    mean = float(ndtr(CENTRE / np.sqrt(1 + SLOPE**2)))
    assert float(spread["probability_low"]) < mean < float(spread["probability_high"])
    assert float(spread["sd"]) == pytest.approx(chances.std(), rel=0.02)


@pytest.mark.parametrize("futures", [8, 16, 64])
def test_noise_of_few_futures_does_not_widen_the_spread(futures):
    chances = ndtr(0.2 + 0.3 * np.random.default_rng(3).standard_normal(20_000))
    spread = chance_spread(counted(chances, futures), futures)
    assert float(spread["sd"]) == pytest.approx(chances.std(), rel=0.03)
    raw = counted(chances, futures).std() / futures
    assert raw > 1.1 * float(spread["sd"])  # what is put right


def test_two_humps_stay_two_humps():
    generator = np.random.default_rng(4)
    chances = np.where(generator.random(4000) < 0.4, 0.15, 0.85)
    band = chance_spread(counted(chances, 64), 64)["band"].values
    assert band == pytest.approx([0.15, 0.85, 0.85], abs=0.06)


def test_one_chance_for_all_beliefs_has_no_spread():
    seen = [chance_spread(counted(np.full(200, 0.4), 32, s), 32) for s in range(20)]
    assert max(float(spread["sd"]) for spread in seen) < 0.05
    none = [spread for spread in seen if float(spread["sd"]) == 0.0]
    assert len(none) > 3
    assert all(spread["band"].isnull().all() for spread in none)
    assert all(0.3 < float(spread["probability"]) < 0.5 for spread in seen)


@pytest.mark.parametrize("always", [0, 1])
def test_what_no_future_shows_is_bounded_by_the_number_of_beliefs(always):
    spread = chance_spread(xr.DataArray(np.full(100, 64 * always), dims="belief"), 64)
    low, high = (float(spread[f"probability_{end}"]) for end in ("low", "high"))
    assert (high if not always else 1.0 - low) == pytest.approx(0.037, abs=0.001)
    assert spread["band"].isnull().all()


def test_a_success_of_one_belief_is_not_taken_for_many_independent_draws():
    one = np.zeros(100, np.int64)
    one[7] = 64
    spread = chance_spread(xr.DataArray(one, dims="belief"), 64)
    assert float(spread["probability_high"]) > 0.05


@pytest.mark.slow
def test_intervals_of_the_spread_hold_the_truth_as_often_as_they_say():
    truth = ndtr(CENTRE + SLOPE * ndtri(np.array(BAND)))
    mean = float(ndtr(CENTRE / np.sqrt(1 + SLOPE**2)))
    z = np.random.default_rng(6).standard_normal((512, 2000))
    achieved = np.random.default_rng(7).binomial(64, ndtr(CENTRE + SLOPE * z))
    found = chance_spread(xr.DataArray(achieved, dims=("belief", "repeat")), 64)
    bands = held(found, "band", xr.DataArray(truth, dims="quantile")).mean("repeat")
    assert (bands > 0.93).all()
    assert 0.935 < float(held(found, "probability", mean).mean()) < 0.965


# --- which assumption -----------------------------------------------------------------


def effects_of(values, chances, futures=64, **how):
    table = xr.DataArray(
        np.array(list(values.values())),
        dims=("assumption", "belief"),
        coords={"assumption": list(values)},
    )
    return main_effects(table, counted(chances, futures), futures, **how)


def uniforms(n, beliefs=2000, seed=1):
    return np.random.default_rng([seed, 9]).random((n, beliefs))


def test_assumptions_have_their_shares_of_a_sum():
    # Uniform on (0, 1) has variance 1/12; what happens with a chance of a half, 1/4.
    a, b, c = uniforms(3)
    c = (c < 0.5).astype(float)
    chances = 0.2 + 0.3 * a - 0.2 * b + 0.1 * c
    variances = np.array([0.09 / 12, 0.04 / 12, 0.01 / 4, 0.0])
    idle = uniforms(1, seed=8)[0]
    values = {"a": a, "b": b, "c": c, "idle": idle}
    found = effects_of(values, chances, confidence=0.999)
    truth = variances / variances.sum()
    assert found["share"].values == pytest.approx(truth, abs=0.06)
    assert (found["share_low"] <= truth).all()
    assert (found["share_high"] >= truth).all()
    assert np.sign(found["direction"].values[:3]).tolist() == [1.0, -1.0, 1.0]
    low, high = found["direction_low"].values, found["direction_high"].values
    assert (low * high > 0).tolist() == [True, True, True, False]


def test_the_one_assumption_that_counts_has_all_of_the_spread():
    z, chances = closed_form(2000)
    found = effects_of({"bias": z}, chances)
    assert float(found["share"][0]) == pytest.approx(1.0, abs=0.05)
    assert float(found["direction"][0]) > 0.95


def test_an_effect_that_turns_has_a_share_but_no_direction():
    (a,) = uniforms(1)
    found = effects_of({"a": a}, 0.3 + 1.6 * (a - 0.5) ** 2)
    assert float(found["share"][0]) == pytest.approx(1.0, abs=0.05)
    assert abs(float(found["direction"][0])) < 0.1


def test_the_direction_is_the_rank_correlation():
    values, chances = closed_form(300)
    values = values.round(1)  # with ties
    achieved = counted(chances, 8)
    found = effects_of({"a": values}, chances, futures=8)
    expected = spearmanr(values, achieved.values).statistic
    assert float(found["direction"][0]) == pytest.approx(expected)


def test_without_spread_no_assumption_has_a_share():
    found = effects_of({"a": uniforms(1)[0]}, np.zeros(2000))
    assert found.isnull().all().to_array().all()


@pytest.mark.slow
def test_intervals_of_main_effects_hold_the_truth_as_often_as_they_say():
    holds = []
    for seed in range(120):
        a, b, idle = uniforms(3, beliefs=512, seed=seed)
        chances = 0.1 + 0.6 * a + 0.2 * b
        found = effects_of({"a": a, "b": b, "idle": idle}, chances)
        truth = xr.DataArray([0.9, 0.1, 0.0], dims="assumption")
        holds.append(held(found, "share", truth).values)
    coverage = np.mean(holds, axis=0)
    assert coverage.min() > 0.9
