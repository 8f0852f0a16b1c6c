import inspect
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.special import ndtri

from simulator import distributions
from simulator.distributions import (
    KINDS,
    UNCERTAIN,
    Certain,
    Interval,
    Normal,
    Triangular,
    Uniform,
)

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
    assert used <= {"sqrt", "where", "minimum", "maximum", "asarray", "full", "shape"}
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
    assert [value.is_certain for value in SOME] == [True] + [False] * 6


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Certain(value=0.6), "0.6"),
        (Interval(low=0.02, high=0.04), "0.02 to 0.04 in eight cases of ten"),
        (Triangular(low=0.4, mode=0.6, high=0.8), "0.4 to 0.8, most likely 0.6"),
        (Uniform(low=0.01, high=0.03), "0.01 to 0.03, all equally likely"),
        (Normal(mean=0.0, sd=0.004), "about 0, standard deviation 0.004"),
    ],
)
def test_every_kind_is_said_in_words(value, words):
    assert value.describe() == words


@pytest.mark.parametrize("value", SOME, ids=str)
def test_values_are_frozen_and_hashable(value):
    with pytest.raises(ValidationError):
        value.high = 2.0
    assert hash(value) == hash(value.model_copy())
