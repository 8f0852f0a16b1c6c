"""One belief or lever moved at a time: the same futures, known moves, the command."""

import json

import numpy as np
import processes
import pytest
import tiny
from click.testing import CliRunner
from terminals import inside

from simulator.answers.tornado import report
from simulator.answers.tornado.estimate import moves
from simulator.answers.tornado.levers import (
    ANYWHERE,
    ASKED,
    SIZES,
    _is_lever,
    levers,
    with_values,
)
from simulator.answers.tornado.simulate import Held, simulated, tornado
from simulator.cli import main
from simulator.errors import SimulatorError
from simulator.running import runs
from simulator.sampling import addresses
from simulator.sampling.stream import Stream
from simulator.scenario import idle, keys
from simulator.scenario.load import load_scenario
from simulator.scenario.model import Scenario
from simulator.scenario.uncertain import uncertain

DRAWS, TARGET = 40, "one-point-one"
PATH = "delivery.real_share"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("tornado")
    tiny.write(place)
    return place


@pytest.fixture(scope="module")
def found(folder):
    return tornado(folder / "tiny.toml", TARGET, draws=DRAWS, seed=7)


# --- what is held ---------------------------------------------------------------------


def test_a_held_belief_stands_at_its_quantile_and_no_other_number_moves():
    known = uncertain(tiny.loaded().scenario)
    plain = Stream(7, 0, 20_000)
    drawn = plain.value(PATH, known[PATH])
    for end, level in enumerate((0.1, 0.9)):
        held = Held(7, 0, 20_000, PATH, end)
        (value,) = np.unique(held.value(PATH, known[PATH]))
        assert (drawn <= value).mean() == pytest.approx(level, abs=0.01)
        for path in ("demand.bias", "delivery.gap_closed"):
            same = plain.value(path, known[path])
            assert np.array_equal(held.value(path, known[path]), same)


def test_a_programme_never_happens_or_surely_does():
    where = addresses.of_programme("rosters")
    for end, expected in enumerate((False, True)):
        held = Held(7, 0, 100, "programmes.rosters.happens", end)
        assert ((held.uniforms(*where)[0] < 0.8) == expected).all()
        assert ((held.uniforms(*where)[0] < 1.0 - 2.0**-20) == expected).all()


# --- against runs ---------------------------------------------------------------------


def chance_of(folder, *settings):
    run = runs.run(folder / "tiny.toml", draws=DRAWS, seed=7, settings=settings)
    return float(run["sector_probability"].sel(target=TARGET, outcome="cash_releasing"))


def test_the_base_is_the_run(folder, found):
    assert float(found["base_chance"]) == chance_of(folder)


@pytest.mark.parametrize("side", ["low", "high"])
def test_an_end_is_the_run_with_that_value_set(folder, found, side):
    known = uncertain(tiny.loaded().scenario)[PATH]
    level, normal = {"low": (0.1, -1.28), "high": (0.9, 1.28)}[side]
    value = float(known.quantile(np.full(1, level), np.full(1, normal))[0])
    row = found["chance"].sel(input=PATH, side=side)
    assert float(row) == chance_of(folder, f"{PATH}={value!r}")


def test_a_lever_is_the_run_with_it_set(folder, found):
    off = found["chance"].sel(input="programmes.rosters", side="low")
    assert float(off) == chance_of(folder, "programmes.rosters.enabled=false")
    on = found.sel(input="programmes.rosters", side="high")  # as it is in the scenario
    assert float(on["chance"]) == float(found["base_chance"])
    assert float(on["delivered"]) == 0.0


def of(*settings, target=TARGET):
    loaded = tiny.loaded(None, *settings)
    own = {one.name: one for one in loaded.scenario.targets}
    asked = loaded.scenario.model_copy(update={"targets": (own[target],)})
    return levers(loaded, asked), asked


def test_each_lever_with_positions_of_its_own_is_moved_and_the_others_are_named(found):
    kinds = dict(zip(found["input"].values, found["kind"].values, strict=True))
    moved = {str(name) for name, kind in kinds.items() if kind == "lever"}
    assert moved >= {
        *("plan_follows", "programmes.rosters", "deficit_addon"),
        *("funding.support.recovery", "funding.support.sustainability"),
        *("delivery.transformation_funding", "funding.planned_support"),
        "conditions.clarity",
    }
    assert "conditions.workforce" not in moved  # it is uncertain here: a belief
    left = dict(zip(found["lever"].values, found["why"].values, strict=True))
    assert left["target.rate"] == ASKED
    assert left["prices.cost_uplift"] == ANYWHERE
    assert left["funding.support.recovery.amount"] == SIZES
    every = {
        ".".join(value.path)
        for value in keys.walk(Scenario, of()[1].plain())
        if any(_is_lever(kind) for kind in value.metadata)
    }
    named = moved | {name.replace("target.", "targets.0.") for name in left}
    sizes = {path for path in every if path.startswith("programmes.")}
    unread = idle.unread(of()[1])
    assert every - sizes - named - unread == {"targets.0.deficit_addon"}
    assert all(source for source in found["source"].values)


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("delivery.transformation_funding", "delivery.transformation_funding=1"),
        ("funding.support.recovery", None),
        ("conditions.clarity", "conditions.clarity=1.041"),
        ("deficit_addon", "targets.0.deficit_addon=0.005"),
        ("plan_follows", None),
    ],
)
def test_the_high_position_of_a_lever_is_the_run_with_it_set(
    folder, found, name, setting
):
    high = found.sel(input=name, side="high")
    expected = chance_of(folder, *([setting] if setting else []))
    assert float(high["chance"]) == expected
    assert str(found["kind"].sel(input=name).values) == "lever"


def test_a_lever_that_counts_for_nothing_is_not_moved():
    names = {one.name for one in of(target="four")[0]}  # its plans follow the gap
    assert "deficit_addon" not in names
    names = {one.name for one in of("funding.support.recovery.amount=0")[0]}
    assert "funding.support.recovery" not in names


def test_funding_stands_as_each_packaged_variant_has_it():
    loaded = load_scenario("long-term-plan")
    asked = loaded.scenario
    named = {one.name: one for one in levers(loaded, asked)}
    other = named["funding: long-term-plan-june-2018"]
    june = load_scenario("long-term-plan-june-2018").scenario
    assert with_values(asked, other.values[1]).funding == june.funding
    assert with_values(asked, other.values[0]) == asked
    assert not [name for name in named if name.endswith("to-2029")]


def test_the_largest_move_comes_first_and_the_weakest_evidence_weighs_most(found):
    size = np.abs(found["swing"].values)
    assert (np.diff(size) <= 0.0).all()
    assert float(found["swing"].sel(input=PATH)) > 0.0
    weight = np.where(size > 0.0, found["agenda"].values / np.where(size, size, 1), 0.0)
    grades = found["grade"].values
    for grade, weak in (("A", 1.0), ("B", 2.0), ("C", 3.0), ("", 0.0)):
        own = (grades == grade) & (size > 0.0)
        assert weight[own] == pytest.approx(weak)


# --- the estimate ---------------------------------------------------------------------


def test_a_known_move_is_found_within_its_interval():
    rng = np.random.default_rng(1)
    base = rng.standard_normal(4_000)
    # One input moves every future by as much, one moves nothing.
    delivered = np.stack([[base - 0.5, base + 0.5], [base, base]])
    made = moves(base > 0, base, delivered > 0, delivered, ["one", "none"], ["C", "A"])
    one, none = made.sel(input="one"), made.sel(input="none")
    assert float(one["swing"]) == pytest.approx(1.0)
    assert float(one["turn"]) == pytest.approx(0.3829, abs=0.03)
    assert float(one["turn_low"]) <= 0.3829 <= float(one["turn_high"])
    assert float(none["swing"]) == float(none["turn"]) == 0.0
    assert float(none["turn_high"]) > 0.0  # nothing was seen, which is not never
    assert one["delivered"].values == pytest.approx([-0.5, 0.5])
    assert float(one["agenda"]) == pytest.approx(3.0)


def test_a_bar_reaches_from_low_to_high():
    assert report._bar([-1.0, 1.0], 1.0) == "<<<<<<<<<|>>>>>>>>>"
    assert report._bar([0.5, -1.0], 1.0) == ">>>>>>>>>|<<<<     "


# --- the command ----------------------------------------------------------------------


def test_as_many_draws_are_told_of_as_are_simulated(folder):
    told = []
    tornado(folder / "tiny.toml", TARGET, draws=8, on_progress=told.append)
    assert sum(told) == simulated(tiny.loaded(), TARGET, 8)


def test_the_command_ends_well_and_in_silence(folder):
    words = ("tornado", "tiny.toml", "--draws", "20", "--target")
    done = processes.simulator(*words, TARGET, folder=folder)
    assert processes.fault(done) == ""
    assert "No graded belief moves anything." in done.stdout  # all are made up
    bad = inside(folder, *words, "five")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith("target: minimal has no target 'five'; ")


@pytest.mark.parametrize("outcome", ["any_means", "measured", "balance"])
def test_every_outcome_has_its_unit(folder, outcome):
    words = ["tornado", str(folder / "tiny.toml"), "--draws", "20", "--target", "four"]
    result = CliRunner().invoke(main, [*words, "--outcome", outcome, "--json"])
    found = json.loads(result.stdout, parse_constant=pytest.fail)
    size = abs(found["base_delivered"])
    assert size > 1.0 if outcome == "balance" else size < 0.2
    assert len(found["inputs"]) > 20


def test_an_unknown_outcome_is_refused(folder):
    with pytest.raises(SimulatorError, match="'sum' is not an outcome"):
        tornado(folder / "tiny.toml", TARGET, outcome="sum")
