"""Every number of a scenario has a name that is read without the scenario."""

import json

import pytest
import tiny
from test_docs_written import paths

import simulator as sim
from simulator.page import resting
from simulator.scenario.model import Scenario
from simulator.scenario.packaged import packaged
from simulator.scenario.plain_names import names, plain_name
from simulator.scenario.uncertain import uncertain

LONGEST = 54  # letters; beside a bar there is room for fewer
LONGEST_BY_A_BAR = 48  # of the analyst's own programmes it may be more


def of_model(path):
    """Write the path of a key as the names have it: a list of targets goes by name."""
    return path.replace("targets.", "targets.NAME.")


def test_names_are_of_keys_that_there_are() -> None:
    assert set(names()) <= {of_model(path) for path in paths(Scenario)}


def test_every_key_that_a_packaged_scenario_grades_has_a_name() -> None:
    for name in packaged():
        loaded = sim.load_scenario(name)
        targets = [target.name for target in loaded.scenario.targets]
        graded = [key for key, origin in loaded.origins.items() if origin.grade]
        assert len(graded) > 100
        asked = [*graded, *uncertain(loaded.scenario)]
        assert [key for key in asked if plain_name(key, targets) == key] == []


def test_no_two_keys_of_a_scenario_have_one_name() -> None:
    loaded = sim.load_scenario("long-term-plan")
    targets = [target.name for target in loaded.scenario.targets]
    found = [plain_name(key, targets) for key in loaded.origins]
    assert len(set(found)) == len(found)


def test_a_name_fits_its_place() -> None:
    assert [name for name in names().values() if len(name) > LONGEST] == []
    beliefs = uncertain(sim.load_scenario("long-term-plan").scenario)
    drawn = [plain_name(key) for key in beliefs if not key.startswith("programmes")]
    assert [name for name in drawn if len(name) > LONGEST_BY_A_BAR] == []


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("delivery.real_share", "share of reported savings that is real"),
        ("programmes.skill_mix.probability", "skill mix: chance that it happens"),
        ("funding.support.fund_a.amount", "fund a: amount"),
        ("targets.1.rate", "target 2%: rate"),
        ("targets.7.rate", "target 8: rate"),
        ("programmes.skill_mix.gone", "programmes.skill_mix.gone"),
        ("delivery.gone", "delivery.gone"),
    ],
)
def test_names_of_the_analysts_own_stand_in_a_name(key: str, name: str) -> None:
    assert plain_name(key, ["1%", "2%"]) == name


def test_assumptions_of_a_run_are_in_words(tmp_path) -> None:
    given = tiny.tables()
    del given["delivery"]["forgiven"]  # which leaves the built-in one
    run = sim.run(sim.load_scenario(tiny.write(tmp_path, given)), draws=20)
    found = resting.listed(run, None).set_index("key")
    origins = json.loads(run["provenance"].attrs["origins"])
    assert set(found.index) == {key for key, (*_, grade) in origins.items() if grade}
    assert not found["value"].str.startswith("{").any()
    one = found.loc["delivery.forgiven"]
    assert one["name"] == "share of a shortfall that is forgiven"
    assert one["value"] == "0 to 1, most likely 0.5"
    assert one["unit"] == "fraction of the shortfall"
