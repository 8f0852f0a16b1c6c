"""Shapley effects of assumptions that go together, against what is known exactly."""

import numpy as np
import pytest
import xarray as xr

from simulator.answers.uncertainty.estimate import main_effects
from simulator.answers.uncertainty.shared_effects import shared_effects
from simulator.statistics.shapley import shapley

FUTURES = 64


def known(weights: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Effects of a weighted sum of correlated normal assumptions (Owen and Prieur).

    Knowing some leaves the variance of the rest given them.
    """
    n = len(weights)
    explained = np.zeros(2**n)
    for some in range(1, 2**n):
        inside = [i for i in range(n) if some >> i & 1]
        with_all = covariance[:, inside] @ np.linalg.inv(
            covariance[np.ix_(inside, inside)]
        )
        explained[some] = weights @ with_all @ covariance[inside] @ weights
    return shapley(explained) / explained[-1]


def chances_of(
    weights: np.ndarray, covariance: np.ndarray, beliefs: int, seed: int
) -> tuple[xr.DataArray, xr.DataArray]:
    """Beliefs, and how many of their futures achieve."""
    rng = np.random.default_rng(seed)
    values = rng.multivariate_normal(np.zeros(len(weights)), covariance, beliefs)
    chance = np.clip(0.5 + 0.1 * values @ weights, 0.0, 1.0)
    names = [f"x{i}" for i in range(len(weights))]
    return (
        xr.DataArray(values.T, {"assumption": names}, ("assumption", "belief")),
        xr.DataArray(rng.binomial(FUTURES, chance), dims="belief"),
    )


# The second does nothing but goes with the first; the fourth does nothing at all.
WEIGHTS = np.array([1.0, 0.0, 0.5, 0.0])
TIED = np.eye(4)
TIED[0, 1] = TIED[1, 0] = 0.8


def test_what_two_explain_in_common_is_shared_evenly() -> None:
    exact = known(WEIGHTS, TIED)
    np.testing.assert_allclose(exact, [0.544, 0.256, 0.2, 0.0])
    found = shared_effects(*chances_of(WEIGHTS, TIED, 20_000, 1), FUTURES)
    np.testing.assert_allclose(found["share"], exact, atol=0.01)
    assert float(found["rest"]) == pytest.approx(0.0, abs=0.02)


def test_taken_one_by_one_they_are_counted_twice() -> None:
    """The control: shares that are right of independent assumptions are not here."""
    given = chances_of(WEIGHTS, TIED, 20_000, 1)
    one_by_one = main_effects(*given, FUTURES)
    assert float(one_by_one["share"].sum()) > 1.4
    assert float(one_by_one["share"][1]) == pytest.approx(0.51, abs=0.02)


def test_effects_are_exact_whatever_goes_together() -> None:
    rng = np.random.default_rng(7)
    root = rng.standard_normal((5, 5))
    covariance = root @ root.T / 5 + 0.3 * np.eye(5)
    weights = rng.standard_normal(5)
    weights /= np.sqrt(weights @ covariance @ weights)
    found = shared_effects(*chances_of(weights, covariance, 40_000, 2), FUTURES)
    np.testing.assert_allclose(found["share"], known(weights, covariance), atol=0.01)


def test_without_correlation_they_are_the_shares_of_each_alone() -> None:
    given = chances_of(np.array([1.0, 0.5, 0.0]), np.eye(3), 20_000, 3)
    exact = [0.8, 0.2, 0.0]
    np.testing.assert_allclose(
        shared_effects(*given, FUTURES)["share"], exact, atol=0.01
    )
    # Slices see a little less: what varies within one is lost to them.
    np.testing.assert_allclose(main_effects(*given, FUTURES)["share"], exact, atol=0.02)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """And as a control: those of one-by-one shares do not hold it."""
    exact = xr.DataArray(known(WEIGHTS, TIED), dims="assumption")
    held, by_one = np.zeros(4), np.zeros(4)
    trials = 40
    for seed in range(trials):
        given = chances_of(WEIGHTS, TIED, 256, 50 + seed)
        for count, method in ((held, shared_effects), (by_one, main_effects)):
            found = method(*given, FUTURES)
            inside = (found["share_low"] <= exact) & (exact <= found["share_high"])
            count += inside.values
    assert (held >= 0.88 * trials).all()
    assert (by_one[:2] < 0.2 * trials).all()


def test_a_bend_is_seen_and_what_acts_together_is_left_over() -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((3, 4_000))
    names = {"assumption": ["bend", "one", "other"]}
    chance = np.clip(0.5 + 0.05 * (x[0] ** 2 - 1) + 0.07 * x[1] * x[2], 0, 1)
    achieved = xr.DataArray(rng.binomial(FUTURES, chance), dims="belief")
    values = xr.DataArray(x, names, ("assumption", "belief"))
    found = shared_effects(values, achieved, FUTURES)
    assert float(found["share"][0]) == pytest.approx(0.5, abs=0.06)
    assert float(found["rest"]) == pytest.approx(0.5, abs=0.06)


def test_few_beliefs_say_nothing_and_a_constant_explains_nothing() -> None:
    given, achieved = chances_of(WEIGHTS, TIED, 20, 4)
    assert shared_effects(given, achieved, FUTURES)["share"].isnull().all()
    given, achieved = chances_of(WEIGHTS, TIED, 300, 4)
    given[3] = 0.7
    assert float(shared_effects(given, achieved, FUTURES)["share"][3]) == 0.0


def test_finite_beliefs_widen_the_intervals() -> None:
    given = chances_of(WEIGHTS, TIED, 400, 8)
    few, many = (shared_effects(*given, FUTURES, worth=n) for n in (100.0, 400.0))
    wide, narrow = (found["share_high"] - found["share_low"] for found in (few, many))
    np.testing.assert_allclose(wide, 2.0 * narrow)
