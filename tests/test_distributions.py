import inspect
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.special import expit, ndtri
from scipy.special import logit as scipy_logit

from simulator.kernel import normal
from simulator.scenario import distributions, logistic
from simulator.scenario.distributions import (
    KINDS,
    REACH,
    UNCERTAIN,
    Bounded,
    Certain,
    Interval,
    Normal,
    Triangular,
    Uniform,
)

PINNED = [
    "0x1.ff3864232b208p-45",
    "0x1.c81702a88e0d5p-3",
    "0x1.0cca12729afb8p-1",
    "0x1.e666666666667p-1",
]
UNIFORMS = np.linspace(0.001, 0.999, 999)
NORMALS = ndtri(UNIFORMS)
SOME = (
    Certain(value=0.3),
    Interval(low=0.02, high=0.04),
    Triangular(low=0.4, mode=0.6, high=0.8),
    Triangular(low=0.0, mode=0.0, high=1.0),
    Triangular(low=0.0, mode=1.0, high=1.0),
    Uniform(low=-0.1, high=0.3),
    Normal(mean=0.01, sd=0.005),
    Bounded(low=0.5, high=0.95, least=0.0, most=1.0),
    Bounded(low=0.9, high=1.3, least=0.5, most=5.0),
)


def quantile(value, shares=UNIFORMS):
    return value.quantile(np.asarray(shares), ndtri(np.asarray(shares)))


@pytest.mark.parametrize("value", SOME, ids=str)
def test_the_median_is_the_quantile_of_one_half(value):
    assert quantile(value, [0.5])[0] == pytest.approx(value.central(), abs=1e-15)


@pytest.mark.parametrize("value", SOME, ids=str)
def test_quantiles_never_fall_and_stay_within_the_bounds(value):
    found = quantile(value)
    low, high = value.bounds()
    assert (np.diff(found) >= 0).all()
    assert ((low <= found) & (found <= high)).all()


@pytest.mark.parametrize("value", SOME, ids=str)
def test_quantiles_keep_the_shape_they_are_given(value):
    shape = (3, 333)
    assert (
        value.quantile(UNIFORMS.reshape(shape), NORMALS.reshape(shape)).shape == shape
    )
    assert quantile(value).dtype == np.float64


def test_an_interval_holds_eight_cases_of_ten():
    found = quantile(Interval(low=0.02, high=0.04), [0.1, 0.5, 0.9])
    assert found == pytest.approx([0.02, 0.03, 0.04], abs=1e-15)


def test_a_bounded_interval_is_a_logit_normal():
    value = Bounded(low=0.5, high=0.95, least=0.2, most=1.0)
    assert quantile(value, [0.1, 0.9]) == pytest.approx([0.5, 0.95], abs=1e-14)
    low, high = (scipy_logit((end - 0.2) / 0.8) for end in (0.5, 0.95))
    middle, sd = (low + high) / 2, (high - low) / 2 / ndtri(0.9)
    known = 0.2 + 0.8 * expit(middle + sd * NORMALS)
    assert quantile(value) == pytest.approx(known, rel=1e-14)


def test_a_bounded_interval_never_leaves_its_bounds_however_wide():
    value = Bounded(low=1e-300, high=1 - 1e-15, least=0.0, most=1.0)
    farthest = np.array([-REACH, 0.0, REACH])
    found = value.quantile(np.full(3, 0.5), farthest)
    assert ((found >= 0.0) & (found <= 1.0)).all()
    assert np.isfinite(found).all()


@pytest.mark.parametrize("ends", [(0.0, 0.5), (0.5, 1.0), (0.6, 0.5), (-1.0, 2.0)])
def test_an_interval_that_is_not_inside_its_bounds_is_refused(ends):
    with pytest.raises(ValidationError, match="does not lie inside within"):
        Bounded(low=ends[0], high=ends[1], least=0.0, most=1.0)


def test_no_random_normal_is_farther_out_than_the_stated_reach():
    out = np.empty(2)
    normal.fill_normals(np.array([0, 2**32 - 1], np.uint64), out)
    assert out[1] == -out[0]
    assert 6.3 < out[1] < REACH
    for value in (Normal(mean=0.1, sd=0.02), Interval(low=0.1, high=0.2)):
        low, high = value.bounds()
        assert (low < value.quantile(np.full(2, 0.5), out)).all()
        assert (value.quantile(np.full(2, 0.5), out) < high).all()


@given(x=st.floats(-800, 800))
def test_the_logistic_curve_is_that_of_scipy(x):
    found = float(logistic.logistic(np.array(x)))
    assert found == pytest.approx(expit(max(x, -700.0)), rel=1e-15 * 8)


@given(share=st.floats(1e-300, 1.0, exclude_max=True))
def test_the_logit_is_that_of_scipy(share):
    assert logistic.logit(share) == pytest.approx(
        scipy_logit(share), rel=1e-14, abs=1e-14
    )


def test_the_logistic_curve_has_the_same_bits_everywhere():
    x = np.array([-30.5, -1.25, 0.1, 2.944438979166441])
    found = [value.hex() for value in logistic.logistic(x).tolist()]
    assert found == PINNED


@pytest.mark.parametrize(
    ("share", "value"), [(0.125, 0.5), (0.5, 0.6), (0.875, 0.7), (0.02, 0.44)]
)
def test_a_triangular_has_its_closed_form_quantiles(share, value):
    found = quantile(Triangular(low=0.4, mode=0.6, high=0.8), [share])
    assert found[0] == pytest.approx(value, abs=1e-15)


@given(
    low=st.floats(-1, 1),
    rise=st.floats(0, 1),
    fall=st.floats(0.001, 1),
    share=st.floats(0.0001, 0.9999),
)
def test_the_triangular_distribution_function_undoes_its_quantile(
    low, rise, fall, share
):
    value = Triangular(low=low, mode=low + rise, high=low + rise + fall)
    x = quantile(value, [share])[0]
    width = value.high - value.low
    if x <= value.mode and value.mode > value.low:
        below = (x - value.low) ** 2 / (width * (value.mode - value.low))
    else:
        below = 1 - (value.high - x) ** 2 / (width * (value.high - value.mode))
    assert below == pytest.approx(share, abs=1e-6)


def test_a_uniform_and_a_normal_are_straight_lines():
    found = quantile(Uniform(low=-0.1, high=0.3), [0.25, 0.5])
    assert found == pytest.approx([0.0, 0.1], abs=1e-15)
    ones = Normal(mean=0.01, sd=0.005).quantile(np.zeros(2), np.array([-1.0, 2.0]))
    assert ones == pytest.approx([0.005, 0.02], abs=1e-15)


def test_quantiles_use_nothing_that_machines_round_differently():
    used = set()
    for kind in UNCERTAIN:
        source = inspect.getsource(kind.quantile)
        used |= {word.split("(")[0] for word in source.split("np.")[1:]}
    exact = {"sqrt", "where", "minimum", "maximum", "asarray", "full", "shape"}
    assert used <= exact
    called = set(re.findall(r"np\.(\w+)\(", inspect.getsource(logistic)))
    assert called <= {*exact, "abs", "rint", "ldexp"}
    assert set(re.findall(r"math\.(\w+)", inspect.getsource(logistic))) == {
        *("factorial", "frexp", "sqrt"),
    }
    assert "**" not in inspect.getsource(distributions)


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("interval", {"low": 0.4, "high": 0.4}),
        ("triangular", {"low": 0.4, "mode": 0.3, "high": 0.8}),
        ("triangular", {"low": 0.4, "mode": 0.4, "high": 0.4}),
        ("uniform", {"low": 0.4, "high": 0.2}),
        ("normal", {"mean": 0.4, "sd": 0.0}),
        ("normal", {"mean": 0.4, "sd": -1.0}),
        ("normal", {"mean": math.nan, "sd": 1.0}),
        ("uniform", {"low": 0.4, "high": math.inf}),
    ],
)
def test_numbers_out_of_order_are_refused(kind, numbers):
    with pytest.raises(ValidationError):
        KINDS[kind](**numbers)


def test_only_a_plain_number_is_certain():
    assert [value.is_certain for value in SOME] == [True] + [False] * 8


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Certain(value=0.6), "0.6"),
        (Interval(low=0.02, high=0.04), "0.02 to 0.04 in eight cases of ten"),
        (Triangular(low=0.4, mode=0.6, high=0.8), "0.4 to 0.8, most likely 0.6"),
        (Uniform(low=0.01, high=0.03), "0.01 to 0.03, all equally likely"),
        (Normal(mean=0.0, sd=0.004), "about 0, standard deviation 0.004"),
        (
            Bounded(low=0.5, high=0.95, least=0.0, most=1.0),
            "0.5 to 0.95 in eight cases of ten, never outside 0 to 1",
        ),
    ],
)
def test_every_kind_is_said_in_words(value, words):
    assert value.describe() == words


@pytest.mark.parametrize("value", SOME, ids=str)
def test_values_are_frozen_and_hashable(value):
    with pytest.raises(ValidationError):
        value.high = 2.0
    assert hash(value) == hash(value.model_copy())
