"""What a run is said to take, beside what it takes."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest
import tiny
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.answers.plan import costs
from simulator.answers.plan import report as plan_report
from simulator.answers.plan import simulate as planning
from simulator.answers.plan.pilot import pilot
from simulator.cli import main
from simulator.cli import plan as command
from simulator.errors import SimulatorError
from simulator.running import runs, stopping
from simulator.statistics.intervals import wilson

assert command  # that the command is there


pytestmark = pytest.mark.slow  # each needs a pilot of some seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("plans")
    tiny.write(place)
    return place


@pytest.fixture(scope="module")
def pilots(folder):
    """Pilots of 300 draws, by what they keep."""
    loaded = runs.load(folder / "tiny.toml")
    return {keep: pilot(loaded, 300, 2019, keep, 1) for keep in ("none", "all")}


@pytest.fixture(scope="module")
def forecast(folder):
    """A plan for four targets, where the scenario has three."""
    return planning.plan(
        folder / "tiny.toml", draws=500, precision=0.03, targets=4, threads=1
    )


# --- the file -------------------------------------------------------------------------


@pytest.mark.parametrize(("draws", "keep"), [(9000, "none"), (700, "all")])
def test_the_file_is_as_large_as_was_said(folder, pilots, draws, keep):
    place = folder / "run.h5"
    runs.write(
        runs.load(folder / "tiny.toml"), place, draws=draws, keep=keep, force=True
    )
    size = place.stat().st_size
    assert costs.file_of(pilots[keep], draws) == pytest.approx(size, rel=0.05)
    # What comes draw by draw is counted to the byte.
    expected = costs.streamed_bytes(pilots[keep], draws)
    assert len(expected) > 20
    with h5py.File(place) as file:
        found = {path: file[path].id.get_storage_size() for path in expected}
    assert found == expected
    assert ("/trajectories/income" in expected) == (keep == "all")


# --- draws ----------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.floats(0.0, 1.0), st.floats(0.002, 0.2))
def test_the_draws_for_a_precision_are_the_fewest(probability, precision):
    def half_width(draws):
        low, high = wilson(probability * draws, draws)
        return (high - low) / 2.0

    draws = planning.draws_for(probability, precision)
    assert half_width(draws) <= precision
    assert draws == 1 or half_width(draws - 1) > precision
    assert draws <= planning.draws_for(0.5, precision)


def test_the_worst_case_is_that_of_the_textbook():
    # z**2 / (4 e**2), less z**2 as Wilson's interval is a little narrower.
    expected = 1.959964**2 / (4 * 0.01**2) - 1.959964**2
    assert planning.draws_for(0.5, 0.01) == pytest.approx(expected, abs=1.0)


@pytest.mark.slow
def test_a_run_of_that_precision_stops_where_was_said(folder):
    found = planning.plan(folder / "tiny.toml", draws=8192, precision=0.007, threads=1)
    run = runs.run(folder / "tiny.toml", precision=0.007)
    assert found.stops_at > 8192
    assert run.attrs["draws"] == found.stops_at


def test_every_headline_probability_has_its_need(forecast):
    assert len(forecast.needs) == 4 * 6
    for need in forecast.needs:
        assert need.low <= need.probability <= need.high
        assert need.draws <= need.most <= forecast.worst_case
    widest = max(forecast.needs, key=lambda need: need.draws)
    # To whole draws, several may need as many.
    nearest = min(forecast.needs, key=lambda need: abs(need.probability - 0.5))
    assert nearest.draws == widest.draws
    assert forecast.stops_at in stopping.stops(runs.MOST_DRAWS)
    assert forecast.stops_at >= widest.draws


def test_targets_are_repeated_under_names_of_their_own(forecast):
    names = [need.target for need in forecast.needs[::6]]
    assert names == ["one-point-one", "stepped", "four", "one-point-one (2)"]
    assert forecast.targets == 4
    for first, again in zip(forecast.needs[:6], forecast.needs[18:], strict=True):
        assert first.probability == again.probability


# --- seconds and memory ---------------------------------------------------------------


def test_seconds_grow_with_draws_as_the_pilot_showed(pilots):
    found = replace(
        pilots["none"],
        preparing=0.75,
        computing=0.6,
        finishing=1.0,
        bytes_a_second=1e6,
    )
    assert costs.seconds_of(found, 300, 1) == pytest.approx(0.75 + 0.6 + 1.0)
    growth = costs.compressed_bytes(found, 30_000) / costs.compressed_bytes(found, 300)
    assert 1.0 < growth < 3.0
    long = costs.seconds_of(found, 30_000, 1)
    assert long == pytest.approx(0.75 + 60.0 + growth)
    again = sum(costs.streamed_bytes(found, 30_000).values()) / 1e6
    parts = costs.seconds_of(found, 30_000, 4)
    assert parts == pytest.approx(long + 4 * growth + again)


def test_memory_grows_with_threads_and_what_is_kept_but_not_with_draws(pilots):
    def memory(draws, **how):
        work = replace(pilots["none"].work, **how)
        return costs.memory_of(replace(pilots["none"], work=work, at_rest=0), draws, 1)

    assert memory(10**5) == memory(10**6)
    assert memory(10**5, threads=4) > 1.5 * memory(10**5)
    assert memory(10**5, keep="all") > memory(10**5, keep="sample") > memory(10**5)


# --- in words -------------------------------------------------------------------------


def call(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def test_a_plan_is_printed_and_leaves_no_file(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    arguments = ("--draws", 300, "--precision", 0.02, "--threads", 1)
    result = call("plan", folder / "tiny.toml", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    words = " ".join(result.stdout.split())
    assert "8 trusts, 3 years, 3 targets, 300 draws on 1 thread" in words
    assert "For 2 points either way at 95% confidence: 2,398 draws" in words
    assert "MB of run file" in words
    assert list(tmp_path.iterdir()) == []


def test_a_plan_for_a_script_is_plain_numbers(forecast):
    found = json.loads(json.dumps(plan_report.as_records(forecast)))
    assert len(found["needs"]) == 24
    assert np.isfinite([found["seconds"], found["memory"], found["file"]]).all()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"draws": 0}, "draws: 0 is out of range; give 1 to 1,000,000,000,000"),
        ({"targets": 0}, "targets: 0 is out of range; give 1 to 1,000"),
        ({"threads": 0}, "threads: 0 is out of range; give 1 to 1,024"),
        (
            {"precision": 0.6},
            "precision: 0.6 is not the half-width of a probability's interval; "
            "give a fraction such as 0.005, half a point",
        ),
    ],
)
def test_what_cannot_be_planned_is_said(folder, how, said):
    with pytest.raises(SimulatorError) as caught:
        planning.plan(folder / "tiny.toml", **how)
    assert str(caught.value) == said
