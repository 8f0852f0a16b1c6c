"""What `simulator explore` answers is what a run says, and so is what is taken away."""

import shlex
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from threading import Lock
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

import simulator as sim
from simulator.errors import Problems, ScenarioError, SimulatorError
from simulator.explore import controls, drawing, futures
from simulator.explore import settings as asking
from simulator.explore.explorer import Explorer, Superseded
from simulator.explore.settings import Asked
from simulator.explore.view import answer, view
from simulator.plots import asked_delivered, fan_chart
from simulator.running import beliefs
from simulator.scenario import keys
from simulator.scenario.fitting import population_of
from simulator.scenario.kinds import LONGEST_PATH, Text
from simulator.scenario.model import Scenario
from simulator.statistics.intervals import wilson

PRESSURE = (("prices.pressure", "1.2%"),)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tiny.write(tmp_path_factory.mktemp("explored"), tiny.tables())


@pytest.fixture(scope="module")
def explorer(place):
    return Explorer(place, seed=7)


def futures_of(explorer, asked, draws, about=0):
    loaded = explorer.loaded(asked)
    return futures.simulate(
        loaded.scenario,
        explorer.population,
        draws,
        7,
        about=about,
        chosen=asked.chosen,
        turn=Lock(),
    )


# --- the same numbers ---------------------------------------------------------------


@pytest.mark.parametrize("draws", [200, futures.STEP + 300])
def test_each_chance_is_that_of_a_run(explorer, draws):
    asked = explorer.complete(Asked(changes=PRESSURE))
    found = futures_of(explorer, asked, draws)
    run = sim.run(explorer.loaded(asked), draws=draws, seed=7, record=False)
    expected = sim.headline(run)
    for mine, name in ((found.sector, "sector"), (found.balanced, "sustained")):
        np.testing.assert_array_equal(
            mine.mean(axis=1), expected[f"{name}_probability"].values
        )
    rows = answer(found, found.scenario.targets[0].name, "the sector").rows
    for name, row in rows.items():
        one = expected.sel(target=name)
        for end in ("", "_low", "_high"):
            assert row[f"own_probability{end}"] == one[f"sector_probability{end}"]


@pytest.mark.parametrize("group", ["type:Acute", "system:north"])
def test_a_groups_chance_is_that_of_a_run(explorer, group):
    asked = explorer.complete(Asked(group=group))
    found = futures_of(explorer, asked, 200)
    run = sim.run(explorer.loaded(asked), draws=200, seed=7, record=False)
    by, _, name = asked.group.partition(":")
    expected = sim.group_chances(run, by).sel(member=name)
    np.testing.assert_array_equal(
        found.group.mean(axis=1), expected["own_probability"].values
    )
    np.testing.assert_array_equal(
        found.balanced.mean(axis=1), expected["sustained_probability"].values
    )


@pytest.mark.parametrize("about", [0, 1, 2])
def test_pictures_show_what_those_of_a_run_show(explorer, about):
    asked = explorer.complete(Asked(changes=PRESSURE))
    found = futures_of(explorer, asked, futures.STEP + 10, about)
    run = sim.run(explorer.loaded(asked), draws=futures.STEP + 10, seed=7, record=False)
    name = found.scenario.targets[about].name
    for frame in (fan_chart.spreads, asked_delivered.savings):
        pd.testing.assert_frame_equal(frame(found.run, name), frame(run, name))


def test_threads_change_nothing(explorer):
    asked = explorer.complete(Asked(changes=PRESSURE))
    scenario = explorer.loaded(asked).scenario
    how = {"about": 0, "turn": Lock()}
    one, four = (
        futures.simulate(scenario, explorer.population, 700, 7, threads=n, **how)
        for n in (1, 4)
    )
    np.testing.assert_array_equal(one.sector, four.sector)
    assert one.run.identical(four.run)


def test_beliefs_from_a_record_have_the_intervals_of_a_run():
    """Their draws share rows of a table, and are worth fewer than they are."""
    loaded = beliefs.load("long-term-plan", beliefs="record", plans="gap")
    draws = 100
    found = futures.simulate(
        loaded.scenario, population_of(loaded), draws, 7, about=0, turn=Lock()
    )
    assert found.worth < draws
    rows = answer(found, found.scenario.targets[0].name, "the sector").rows
    root = sim.run(loaded, draws=draws, seed=7).to_dataset()
    for end in ("", "_low", "_high"):
        expected = [
            float(root[f"sector_probability{end}"].sel(target=t, outcome=r["outcome"]))
            for t, r in rows.items()
        ]
        assert [r[f"own_probability{end}"] for r in rows.values()] == expected


# --- two settings -------------------------------------------------------------------


def test_what_is_pinned_is_compared_on_the_same_futures(explorer):
    dear = explorer.complete(Asked(changes=(("prices.pressure", "2%"),), pinned=""))
    _, seen = explorer.view(dear, 300)
    pinned, _ = explorer.view(replace(dear, changes=(), pinned=None), 300)
    assert seen.titles[-2:] == ("pinned", "difference")
    ours, theirs = (
        futures_of(explorer, replace(one, pinned=None), 300).sector
        for one in (dear, pinned)
    )
    for row, mine, other in zip(seen.rows, ours, theirs, strict=True):
        points = 100.0 * (mine.mean() - other.mean())
        said = float(row.difference.split()[0].replace("\N{MINUS SIGN}", "-"))
        assert said == pytest.approx(points, abs=0.0501)
    assert any(row.difference.startswith("\N{MINUS SIGN}") for row in seen.rows)


def test_a_setting_does_not_differ_from_itself(explorer):
    pinned = asking.pin(Asked(changes=PRESSURE))
    _, seen = explorer.view(explorer.complete(Asked(PRESSURE, pinned=pinned)), 300)
    assert {row.difference.split()[0] for row in seen.rows} == {"0.0"}


def test_an_answer_nobody_waits_for_is_given_up(explorer):
    asked = explorer.complete(Asked(changes=(("prices.pressure", "1.23%"),)))
    explorer.begins("tab")
    real, calls = explorer.begins, []

    def overtaken(tab):
        number = real(tab)
        calls.append(real(tab))  # the tab asks again at once
        return number

    explorer.begins = overtaken
    try:
        with pytest.raises(Superseded):
            explorer.view(asked, 300, "tab")
    finally:
        explorer.begins = real
    assert explorer.view(asked, 300, "tab")[1].draws == 300


# --- what is taken away -------------------------------------------------------------

WORDS = st.text("abc 1.2%,=&[]{}\"'+#?\N{POUND SIGN}", min_size=1, max_size=12).map(
    str.strip
)


@settings(max_examples=60)
@given(
    changes=st.dictionaries(
        st.sampled_from(["prices.pressure", "delivery.frontier", "conditions.capital"]),
        WORDS.filter(bool),
    ),
    targets=st.lists(WORDS.filter(bool), unique=True),
    rates=WORDS,
    pinned=st.one_of(st.none(), st.just("set.prices.pressure=1%25")),
)
def test_a_link_says_what_was_asked(changes, targets, rates, pinned):
    asked = Asked(
        changes=tuple(sorted(changes.items())),
        targets=tuple(targets),
        rates=rates,
        plans="gap",
        about="1%",
        group="type:acute",
        pinned=pinned,
    )
    pairs = parse_qsl(asking.query(asked), keep_blank_values=True)
    assert asking.read(pairs) == asked


EVERY = Asked(
    changes=(
        ("conditions.capital", "0.9"),
        ("prices.cost_uplift", "[3%, 2.8%, 2.8%]"),
        ("prices.pressure", "{triangular = [0.2%, 0.9%, 1.8%]}"),
        ("programmes.rosters.enabled", "false"),
    ),
    targets=("four",),
    rates="1.3%, 0.015",
    plans="gap",
)


@pytest.mark.parametrize("asked", [Asked(PRESSURE, targets=("four",)), EVERY])
def test_the_command_runs_what_was_asked(explorer, place, asked):
    words = shlex.split(asking.command(place, asked, explorer.base))
    assert words[:3] == ["simulator", "run", str(place)]
    assert set(words[3::2]) == {"--set"}
    ran = sim.load_scenario(place, words[4::2]).scenario
    mine = explorer.loaded(asked).scenario
    known = {target.name: target for target in ran.targets}
    assert [known[target.name] for target in mine.targets] == list(mine.targets)
    same = {"targets": ()}
    assert ran.model_copy(update=same) == mine.model_copy(update=same)


@pytest.mark.parametrize("asked", [Asked(PRESSURE, targets=("four",)), EVERY])
def test_the_scenario_file_holds_what_was_asked_with_its_sources(
    explorer, place, asked, tmp_path
):
    needed = asking.to_be_sourced(asked, explorer.base)
    given = {key: f"a paper on {key}" for key in needed}
    text = asking.scenario_file(place, asked, explorer.base, "mine", given)
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    found = sim.load_scenario(file)
    mine = explorer.loaded(asked).scenario
    heading = {name: getattr(mine, name) for name in ("name", "title")}
    kept = {"targets": mine.targets} if "targets" not in needed else {}
    assert found.scenario.model_copy(update=heading | kept) == mine
    for key in needed:
        path = "targets.0.rate" if key == "targets" else key
        assert found.origins[path].source == f"a paper on {key}"


def test_a_scenario_file_without_a_source_is_not_written(explorer, place):
    asked = Asked(PRESSURE, targets=("four",))
    with pytest.raises(ScenarioError, match=r"source of prices\.pressure: is missing"):
        asking.scenario_file(place, asked, explorer.base, "mine", {})


# --- what is refused ----------------------------------------------------------------


def test_every_key_that_names_a_file_is_known():
    named = {
        name
        for name, (_, metadata) in keys.held(Scenario).items()
        for kind in metadata
        if isinstance(kind, Text) and kind.longest == LONGEST_PATH
    }
    assert named == set(asking.FILES)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("set.beliefs", "x.h5")], "beliefs: is not taken from a page or a link"),
        ([("set.targets.0.rate", "1")], "targets.0.rate: is chosen above"),
        ([("set.prices.presure", "1")], "did you mean 'prices.pressure'?"),
        ([("set.title", "mine")], "'title': cannot be changed here"),
        ([("shown", "nothing")], "'nothing': cannot be changed here"),
        ([("group", "type:hospital")], "there is no type of trust 'hospital'"),
        ([("group", "trust:NA1")], "'trust': no such group"),
        ([("plans", "hope")], "plans: 'hope' is not known"),
    ],
)
def test_what_there_is_not_is_said(explorer, pairs, said):
    with pytest.raises(SimulatorError) as refused:
        explorer.complete(asking.read(pairs))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked((("prices.pressure", "much"),), targets=("four",)), "prices.pressure: "),
        (Asked((("prices.pressure", "150%"),), targets=("four",)), "would be 150%"),
        (Asked(targets=("five",)), "has no target 'five'"),
        (Asked(rates="a lot"), "further rates: 'a lot' is not a rate"),
        (Asked(rates=",".join(["1%"] * 13)), "targets: 13; ask for 1 to 12"),
    ],
)
def test_what_cannot_be_run_is_said_in_the_words_of_the_page(explorer, asked, said):
    with pytest.raises(SimulatorError) as refused:
        explorer.view(asked, 100)
    assert said in str(refused.value)
    assert "command line" not in str(refused.value)


def test_all_that_is_wrong_is_said_at_once(explorer):
    wrong = (("prices.premium", "x"), ("prices.pressure", "y"))
    with pytest.raises(Problems) as refused:
        explorer.loaded(Asked(wrong, targets=("four",)))
    assert len(refused.value.problems) == 2


# --- fields and pictures ------------------------------------------------------------


def test_the_first_fields_are_those_that_move_most(explorer):
    moved = sim.tornado(
        explorer.base, explorer.begin.about, draws=controls.DRAWS, seed=7
    )
    names = [str(name) for name in moved["input"].values if name in explorer.fields]
    assert explorer.first[:3] == names[:3]
    assert set(explorer.first) <= set(explorer.fields)


@pytest.mark.parametrize("name", ["tiny", "long-term-plan", "spending-review-2025"])
def test_every_slider_stays_where_its_key_may_be(explorer, name):
    base = explorer.base if name == "tiny" else sim.load_scenario(name)
    kinds = {
        ".".join(found.path): controls._number(found.metadata)
        for found in keys.walk(Scenario, base.tree)
    }
    sliders = 0
    for key, field in controls.fields(base).items():
        if field.slider is None:
            continue
        sliders += 1
        scale = 100.0 if field.percent else 1.0
        low, high, step, at = (float(each) / scale for each in field.slider)
        assert low <= at <= high
        assert 30 <= (high - low) / step <= 300, key
        assert kinds[key].low <= low
        assert high <= kinds[key].high
    assert sliders > 30


def test_pictures_are_well_formed_and_hold_no_style(explorer):
    asked = explorer.complete(Asked(PRESSURE, group="type:acute", pinned=""))
    _, seen = explorer.view(asked, 200)
    for picture in (seen.curve, seen.savings, seen.fans):
        root = ET.fromstring(picture)
        assert root.get("role") == "img"
        assert root.get("aria-label")
        assert not [one for one in root.iter() if "style" in one.attrib]
        assert "nan" not in picture


def test_what_is_written_in_a_picture_is_text():
    point = drawing.Point(0.01, 0.5, 0.4, 0.6, "<script>")
    line = drawing.Line('"><script>', drawing.OWN, (point,))
    root = ET.fromstring(drawing.curve([line], 0.01, 'a "quoted" <text>'))
    assert not [one for one in root.iter() if "script" in one.tag]


def test_the_answer_says_chance_interval_and_draws(explorer):
    asked = explorer.complete(Asked(PRESSURE))
    found = futures_of(explorer, asked, 250)
    name = found.scenario.targets[0].name
    seen = view(answer(found, name, "the sector"), None)
    low, high = wilson(found.sector[0].sum(), 250)
    assert seen.chance == found.sector[0].mean()
    assert f"To achieve {name} a year is" in seen.sentence
    assert "250 draws)" in seen.sentence
    if 0.1 < seen.chance < 0.9:
        assert f"({100 * low:.0f}-{100 * high:.0f}, " in seen.sentence


def test_a_run_file_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(ScenarioError, match="is a run file; give a scenario"):
        Explorer(tmp_path / "run.h5")


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "starlette", None)
    from simulator.explore import library  # noqa: PLC0415

    with pytest.raises(SimulatorError, match=r"needs starlette.*\[explore\]"):
        library.check()
