"""Shares that add up: known games, and what every Shapley value must hold."""

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from simulator.statistics.intervals import never, wilson
from simulator.statistics.means import mean
from simulator.statistics.shapley import attribution, bound_chances, shapley, weight

NUMBERS = st.floats(-1e6, 1e6, width=64)


@st.composite
def games(draw, most=4):
    n = draw(st.integers(1, most))
    return draw(arrays.arrays(np.float64, 2**n, elements=NUMBERS))


def members(place, n):
    return [player for player in range(n) if place >> player & 1]


def game(n, worth):
    return np.array([worth(members(place, n)) for place in range(2**n)], float)


def by_orders(values):
    """The definition: what a player adds, averaged over every order of joining."""
    n = len(values).bit_length() - 1
    shares = np.zeros(n)
    orders = list(itertools.permutations(range(n)))
    for order in orders:
        there = 0
        for player in order:
            shares[player] += values[there | 1 << player] - values[there]
            there |= 1 << player
    return shares / len(orders)


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * 1e6)


# --- known games ----------------------------------------------------------------------


def test_in_an_additive_game_each_player_gets_its_own():
    own = np.array([3.0, -1.5, 0.0, 7.25])
    found = shapley(game(4, lambda there: own[there].sum()))
    np.testing.assert_allclose(found, own, atol=1e-12)


def test_the_glove_game():
    # Two left gloves and one right: a pair is worth 1. The right one gets 2/3.
    found = shapley(
        game(3, lambda there: float(2 in there and (0 in there or 1 in there)))
    )
    np.testing.assert_allclose(found, [1 / 6, 1 / 6, 2 / 3], atol=1e-15)


def test_the_airport_game():
    # A runway costs as much as the largest aeroplane needs; each step is shared
    # equally by those who need it (Littlechild and Owen 1973).
    needs = [8.0, 11.0, 13.0, 18.0]
    found = shapley(game(4, lambda there: max((needs[i] for i in there), default=0.0)))
    np.testing.assert_allclose(found, [2.0, 3.0, 4.0, 9.0], atol=1e-12)


def test_weighted_majority():
    # The parliament of 51 with seats 26, 25: the larger party decides alone.
    found = shapley(game(2, lambda there: float(sum([26, 25][i] for i in there) >= 26)))
    assert found.tolist() == [1.0, 0.0]


def test_nobody_shares_nothing():
    assert shapley(np.array([5.0])).shape == (0,)


def test_weights_of_the_places_in_an_order_sum_to_one():
    for n in range(1, 9):
        total = sum(weight(a.bit_count(), n) for a in range(2 ** (n - 1)))
        assert total == pytest.approx(1.0)


def test_a_table_of_three_coalitions_is_refused():
    with pytest.raises(ValueError, match="3 is not the number of coalitions"):
        shapley(np.zeros(3))


# --- what always holds ----------------------------------------------------------------


@given(games())
def test_it_is_the_average_over_all_orders(values):
    close(shapley(values), by_orders(values))


@given(games(6))
def test_shares_sum_to_the_whole(values):
    close(shapley(values).sum(), values[-1] - values[0])


@given(games(4), st.integers(0, 4), NUMBERS)
def test_who_adds_the_same_to_everybody_gets_just_that(values, place, own):
    n = len(values).bit_length() - 1
    place = min(place, n)
    low = (1 << place) - 1
    wider = np.array(
        [values[s & low | s >> place + 1 << place] for s in range(2 ** (n + 1))]
    )
    wider += own * np.array([s >> place & 1 for s in range(2 ** (n + 1))])
    found = shapley(wider)
    close(found[place], own)
    close(np.delete(found, place), shapley(values))


@given(games(), st.randoms(use_true_random=False))
def test_names_do_not_matter(values, random):
    n = len(values).bit_length() - 1
    order = list(range(n))
    random.shuffle(order)
    renamed = np.array(
        [
            values[sum(1 << order[i] for i in members(place, n))]
            for place in range(len(values))
        ]
    )
    close(shapley(renamed), shapley(values)[order])


@given(games(4), st.floats(-3, 3))
def test_sums_and_multiples_of_games_carry_over(values, factor):
    other = np.cos(np.arange(len(values)))
    both = shapley(values + factor * other)
    close(both, shapley(values) + factor * shapley(other))


def test_further_axes_are_games_of_their_own():
    values = np.random.default_rng(3).normal(size=(8, 2, 5))
    found = shapley(values)
    assert found.shape == (3, 2, 5)
    np.testing.assert_array_equal(found[:, 1, 4], shapley(values[:, 1, 4]))


# --- over draws -----------------------------------------------------------------------


def table(values):
    dims = ("coalition", "quantity", "draw")
    names = ["saved", "chance"]
    return xr.DataArray(values, dims=dims, coords={"quantity": names})


def test_an_attribution_adds_up_and_has_students_interval():
    values = np.random.default_rng(1).normal(size=(4, 2, 50))
    found = attribution(table(values), ["wind", "rain"])
    assert found["contribution"].dims == ("cause", "quantity")
    close(
        found["without"] + found["contribution"].sum("cause"),
        found["with_all"],
    )
    close(found["total"], found["with_all"] - found["without"])
    expected = mean(shapley(values))
    np.testing.assert_array_equal(found["contribution"], expected.value)
    np.testing.assert_array_equal(found["contribution_low"], expected.low)
    np.testing.assert_array_equal(found["contribution_high"], expected.high)
    assert found.attrs["draws"] == 50


def test_a_chance_has_bounds_where_no_draw_showed_anything():
    values = np.zeros((2, 2, 60))
    values[:, 0] = np.arange(60)
    found = bound_chances(attribution(table(values), ["wind"]), {"quantity": "chance"})
    chance = found.sel(quantity="chance", cause="wind")
    ends = chance["contribution_low"], chance["contribution_high"]
    assert ends == (-never(60), never(60))
    low, high = wilson(0, 60)
    assert (chance["with_all_low"], chance["with_all_high"]) == (low, high)
    saved = found.sel(quantity="saved", cause="wind")
    assert saved["contribution_low"] == saved["contribution_high"] == 0.0


def test_without_a_cause_a_total_of_nothing_is_certain():
    values = np.ones((1, 2, 60))
    found = bound_chances(attribution(table(values), []), {"quantity": "chance"})
    assert not found[["total", "total_low", "total_high"]].to_array().any()
