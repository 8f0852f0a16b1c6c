"""One key at a time is bent in every scenario, and nothing bent gets through."""

import tomllib
from functools import cache
from pathlib import Path

import builders
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.errors import SimulatorError
from simulator.scenario import toml as toml_text
from simulator.scenario.distributions import KINDS
from simulator.scenario.keys import OPEN, known
from simulator.scenario.load import load_scenario
from simulator.scenario.model import Scenario
from simulator.scenario.read import shipped

# The other scenarios are laid on these, and are tried by make slow.
OWN = (
    "minimal",
    "five-year-forward-view",
    "hindcast-2013",
    "long-term-plan",
    "spending-review-2025",
)
SCENARIOS = [
    pytest.param(name, marks=() if name in OWN else pytest.mark.slow)
    for name in ("minimal", *shipped())
]
FOLDER = Path(__file__).parent.parent / "scenarios"

bent = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@cache
def text_of(name):
    if name == "minimal":
        return builders.minimal_toml()
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def places(node, path=()):
    """Every key of nested tables, as a path; lists of tables by position."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, part in items:
        if isinstance(node, dict):
            yield (*path, key)
        if isinstance(part, dict) or (
            isinstance(part, list) and dict in map(type, part)
        ):
            yield from places(part, (*path, key))


def at(tables, path):
    for part in path:
        tables = tables[part]
    return tables


def dotted(path):
    return ".".join(map(str, path))


def is_name(path):
    """Say whether a key is a name of the analyst's own, such as a programme's."""
    above = tuple(map(str, path[:-1]))
    return "source" not in path and known(Scenario, above) is OPEN


def write(tables, folder):
    marks = {
        dotted(path): toml_text.Mark()
        for path in places(tables)
        if not isinstance(at(tables, path), dict)
        or KINDS.keys() & at(tables, path).keys()
        if not (path[-1] == "targets" and isinstance(at(tables, path), list))
    }
    return save(toml_text.write(tables, marks), folder)


def save(text, folder):
    path = folder / "bent.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path):
    with pytest.raises(SimulatorError) as caught:
        load_scenario(path)
    said = str(caught.value)
    assert all(line.split(": ")[0].endswith(".toml") for line in said.splitlines())
    return said


def pick(data, name, wanted=lambda tables, path: True):
    tables = tomllib.loads(text_of(name))
    fit = [path for path in places(tables) if wanted(tables, path)]
    return tables, data.draw(st.sampled_from(fit), label="key")


@pytest.mark.parametrize("name", SCENARIOS)
@given(data=st.data())
@bent
def test_a_misspelt_key_is_refused(name, tmp_path, data):
    tables, path = pick(data, name, lambda _, path: not is_name(path))
    *above, key = path
    wrong = data.draw(st.sampled_from([key + "x", key[:-1] + "_", "x" + key]))
    table = at(tables, above)
    table[wrong] = table.pop(key)
    said = refusal(write(tables, tmp_path))
    assert dotted(above) in said
    assert wrong in said


def wrong_kinds(key, value):
    if key == "source":  # a citation, or a table of them
        return [7, True, [value]]
    match value:
        case bool():
            return ["yes", 1, [value]]
        case str():
            return [7, True, [value]]
        case int() | float():
            return ["text", True, [value]]
        case dict():
            return ["text", 7, True]
        case _:
            return ["text", True, {"key": 1}]


@pytest.mark.parametrize("name", SCENARIOS)
@given(data=st.data())
@bent
def test_a_value_of_the_wrong_kind_is_refused(name, tmp_path, data):
    tables, path = pick(data, name)
    *above, key = path
    table = at(tables, above)
    table[key] = data.draw(st.sampled_from(wrong_kinds(key, table[key])))
    place = above if key in KINDS else path  # an uncertain value is one place
    assert dotted(place) in refusal(write(tables, tmp_path))


@pytest.mark.parametrize("name", SCENARIOS)
@given(data=st.data())
@bent
def test_a_dropped_key_is_inherited_or_missed_never_a_crash(name, tmp_path, data):
    tables, path = pick(data, name)
    *above, key = path
    del at(tables, above)[key]
    said = ""
    try:
        load_scenario(write(tables, tmp_path))
    except SimulatorError as error:
        said = str(error)
    table = above[: above.index("source")] if "source" in above else above
    # A value left empty is inherited; then its source is of no number any more.
    source = dotted([*table[:-1], "source", *table[-1:]])
    assert not said or dotted(table) in said or source in said


@pytest.mark.parametrize("name", SCENARIOS)
@given(data=st.data())
@bent
def test_a_key_given_twice_is_refused(name, tmp_path, data):
    lines = text_of(name).splitlines()
    whole = []
    for number, path in toml_text.key_lines(text_of(name)):
        line = lines[number - 1]
        if not line.startswith("[[") and line.count("[") == line.count("]"):
            whole.append((number, path))
    number, path = data.draw(st.sampled_from(whole), label="key")
    if lines[number - 1].startswith("["):
        again = [*lines, lines[number - 1]]
    else:
        again = [*lines[:number], lines[number - 1], *lines[number:]]
    said = refusal(save("\n".join(again), tmp_path))
    assert f"{dotted(path)}: given twice" in said
