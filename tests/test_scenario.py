import builders
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulator.scenario import correlation, keys, rules
from simulator.scenario.distributions import REACH, Certain, Interval, Triangular
from simulator.scenario.load import load_scenario
from simulator.scenario.model import Scenario
from simulator.scenario.read import shipped


@pytest.fixture
def tables():
    return builders.minimal_tables()


def refusals(tables):
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(tables)
    return {
        ".".join(map(str, error["loc"])): error["msg"]
        for error in caught.value.errors(include_url=False)
    }


def test_the_minimal_scenario_holds_what_its_tables_say(tables):
    scenario = Scenario.model_validate(tables)
    assert scenario.last_year == 2021
    assert scenario.funding.cash == (100.0, 103.0, 106.0, 110.0)
    assert scenario.prices.pay == 0.025
    assert scenario.demand.acute.trend == (0.028, 0.027, 0.026)
    assert scenario.demand.mental_health.trend == Interval(low=0.02, high=0.06)
    assert scenario.demand.ambulance.trend == Certain(value=0.04)
    assert scenario.delivery.real_share == Triangular(low=0.4, mode=0.6, high=0.8)
    assert scenario.programmes["rosters"].types == ("acute", "community")
    assert [target.name for target in scenario.targets] == [
        "one-point-one",
        "stepped",
        "what-closes-the-gap",
    ]


def test_a_scenario_written_plainly_reads_as_an_equal_one(tables):
    scenario = Scenario.model_validate(tables)
    assert Scenario.model_validate(scenario.plain()) == scenario


def test_a_scenario_is_frozen(tables):
    scenario = Scenario.model_validate(tables)
    with pytest.raises(ValidationError):
        scenario.years = 4
    with pytest.raises(ValidationError):
        scenario.prices.pay = 0.1


def test_sources_are_no_part_of_the_value(tables):
    with_sources = Scenario.model_validate(tables)
    for table in tables.values():
        if isinstance(table, dict):
            table.pop("source", None)
    assert Scenario.model_validate(tables) == with_sources


def test_the_correlation_matrix_follows_the_order_of_the_shocks(tables):
    matrix = Scenario.model_validate(tables).correlations.matrix()
    assert rules.SHOCKS == ("pay", "nonpay", "pressure", "demand")
    assert (np.diag(matrix) == 1).all()
    assert matrix[0, 1] == 0.1
    assert matrix[1, 2] == matrix[2, 1] == 0.5


@given(pairs=st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_the_nearest_valid_matrix_is_valid_and_near(pairs):
    names = [f"{a}_{b}" for a, b in (("pay", "nonpay"), ("pay", "pressure"))]
    names += ["pay_demand", "nonpay_pressure", "nonpay_demand", "pressure_demand"]
    matrix = rules.correlation_matrix(dict(zip(names, pairs, strict=True)))
    every = np.ones_like(matrix, bool)
    near = correlation.nearest_valid(matrix, every, lambda m: np.round(m, 3))
    assert correlation.is_valid(near)
    assert (np.diag(near) == 1).all()
    assert (near == near.T).all()
    assert (near == np.round(near, 3)).all()
    if np.linalg.eigvalsh(matrix)[0] > 0.01:
        assert np.abs(near - matrix).max() <= 0.0005 + 1e-12


def test_lengths_are_checked_with_the_opening_year_where_it_counts(tables):
    tables["years"] = 2
    tables["targets"] = tables["targets"][:1]
    said = refusals(tables)
    assert said["funding.cash"].startswith("4 numbers for 2 years and the opening year")
    assert said["prices.cost_uplift"].startswith("3 numbers for 2 years;")
    assert said["targets.0.deficit_addon"].startswith("3 numbers for 2 years;")
    assert "programmes.rosters.ramp" not in said


def test_a_ramp_may_be_longer_or_shorter_than_the_run(tables):
    for ramp in ([1.0], [0.1] * 10):
        tables["programmes"]["rosters"]["ramp"] = ramp
        scenario = Scenario.model_validate(tables)
        assert scenario.programmes["rosters"].ramp == tuple(ramp)


def test_keys_of_the_form_of_funding_that_does_not_count_are_not_measured(tables):
    growth = dict.fromkeys(
        ("acute", "specialist", "mental_health", "community", "ambulance"), 0.02
    )
    tables["funding"] |= {"basis": "activity", "activity_growth": growth}
    tables["funding"]["cash"] = [100.0]
    assert Scenario.model_validate(tables).funding.basis == "activity"
    tables["funding"]["basis"] = "settlement"
    assert "funding.cash" in refusals(tables)


@pytest.mark.parametrize("basis", ["settlement", "activity"])
def test_each_form_of_funding_needs_its_keys(tables, basis):
    tables["funding"]["basis"] = basis
    for key in rules.NEEDED[basis]:
        tables["funding"].pop(key, None)
    said = refusals(tables)
    for key in rules.NEEDED[basis]:
        assert "missing" in said[f"funding.{key}"]


@pytest.mark.parametrize(
    ("term", "value", "reach"),
    [
        ("real_share", {"interval": [0.5, 0.95]}, "from -0.388 to 1.84"),
        ("sharpness", {"normal": [0.9, 0.05]}, "from 0.583 to 1.22"),
        ("sharpness", {"normal": [0.2, 0.05]}, "from -0.117 to 0.517"),
        ("frontier", {"interval": [0.008, 0.02]}, "from -0.0157 to 0.0437"),
        ("cost_elasticity", {"normal": [0.9, 0.2]}, "from -0.368 to 2.17"),
    ],
)
def test_what_could_be_drawn_out_of_range_is_refused(tables, term, value, reach):
    tables["delivery"][term] = value
    said = refusals(tables)[f"delivery.{term}"]
    assert f": draws reach {reach}; give " in said
    assert "write {interval = [low, high], within = [least, most]}" in said


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("real_share", {"interval": [0.5, 0.95], "within": [0, 1]}),
        ("sharpness", {"interval": [0.9, 0.99], "within": [0.5, 1]}),
        ("real_share", {"normal": [0.5, 0.05]}),
        ("cost_elasticity", {"interval": [0.8, 1.0]}),
    ],
)
def test_every_draw_of_what_is_admitted_is_in_range(tables, term, value):
    tables["delivery"][term] = value
    scenario = Scenario.model_validate(tables)
    assert scenario.plain()["delivery"][term] == value
    ends = np.array([-REACH, REACH])
    drawn = getattr(scenario.delivery, term).quantile(np.array([0.0, 1.0]), ends)
    kind = next(
        found.metadata[0].number
        for found in keys.walk(Scenario, tables)
        if found.path == ("delivery", term)
    )
    assert all(map(kind.admits, drawn))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"normal": [1.1, 0.5]}, "1.1 would be 110%"),
        ({"interval": [0.9, 1.1]}, "1.1 would be 110%"),
        ({"interval": [0.5, 0.9], "within": [0, 2]}, "draws reach from 0 to 2"),
        ({"interval": [0.5, 0.9], "within": [0.6, 1]}, "does not lie inside within"),
        ({"interval": [0.5, 0.9], "within": 1}, "within takes 2 numbers, got the"),
        ({"uniform": [0.5, 0.9], "within": [0, 1]}, "within goes with an interval"),
        ({"within": [0, 1]}, "no kind in one value"),
    ],
)
def test_bounds_that_do_not_hold_are_refused(tables, value, said):
    tables["delivery"]["forgiven"] = value
    assert said in refusals(tables)["delivery.forgiven"]


@pytest.mark.parametrize("forms", [(), ("rate", "path")])
def test_a_target_has_exactly_one_form(tables, forms):
    given = {"rate": 0.01, "path": [0.01] * 3}
    target = {"name": "t", "basis": "measured"} | {form: given[form] for form in forms}
    tables["targets"][0] = target
    assert "exactly one" in refusals(tables)["targets.0"]


def test_pool_shares_may_miss_one_by_rounding_only(tables):
    shares = tables["delivery"]["pool_shares"]
    shares["system"] = 0.2 + 1e-10
    Scenario.model_validate(tables)
    shares["system"] = 0.2 + 1e-8
    assert "sum to 1" in refusals(tables)["delivery.pool_shares"]


def test_whole_numbers_stand_for_fractions(tables):
    tables["prices"]["pay"] = 0
    tables["delivery"]["pool_shares"] = {
        "cost_reduction": 1,
        "productivity": 0,
        "system": 0,
    }
    scenario = Scenario.model_validate(tables)
    assert isinstance(scenario.prices.pay, float)
    assert isinstance(scenario.delivery.pool_shares.cost_reduction, float)


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_loads(name):
    loaded = load_scenario(name)
    assert loaded.scenario.name == name
    assert Scenario.model_validate(loaded.tree) == loaded.scenario
