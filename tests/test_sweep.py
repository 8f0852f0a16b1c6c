"""A scenario over ranges of its values: points, futures in common, going on, a file."""

import json

import numpy as np
import processes
import pytest
import tiny
import xarray as xr
from click.testing import CliRunner
from terminals import inside

from simulator.answers.sweep import points
from simulator.answers.sweep.simulate import sweep
from simulator.cli import main
from simulator.errors import SimulatorError
from simulator.running import runs

DRAWS = 20
VARY = ("prices.premium=-0.01:0.01:3", "delivery.real_share=0.4:0.8:2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("sweep")
    tiny.write(place)
    return place


@pytest.fixture(scope="module")
def found(folder):
    return sweep(folder / "tiny.toml", VARY, draws=DRAWS, seed=7)


# --- points ---------------------------------------------------------------------------


def test_a_grid_takes_every_value_with_every_other_the_last_fastest():
    made = points.grid(points.read(["a=0:1:2", "b=0:2:3"]))
    expected = [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    assert np.array_equal(made, np.array(expected, np.float64))


def test_a_hypercube_has_a_point_in_every_slice_of_every_key():
    varied = points.read(["a=-1:1:2", "b=10:20:2"])
    made = points.latin(varied, 8, seed=3)
    for k, one in enumerate(varied):
        unit = (made[:, k] - one.low) / (one.high - one.low)
        assert sorted((unit * 8).astype(int)) == list(range(8))
    assert np.array_equal(made, points.latin(varied, 8, seed=3))
    assert not np.array_equal(made, points.latin(varied, 8, seed=4))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "vary: nothing is varied; write prices.premium=-0.01:0.01:5"),
        (["prices.premium"], "'prices.premium' is not KEY=LOW:HIGH:N"),
        (["a=0:1"], "is not KEY=LOW:HIGH:N"),
        (["a=0:one:3"], "is not KEY=LOW:HIGH:N"),
        (["a=1:0:3"], "does not go from a low to a higher number"),
        (["a=nan:1:3"], "does not go from a low to a higher number"),
        (["a=0:inf:3"], "has fewer than 2 values, or no end"),
        (["a=0:1:1"], "has fewer than 2 values, or no end"),
        (["a=0:1:2", "a=0:2:2"], "a is varied twice; give it once"),
    ],
)
def test_what_cannot_be_varied_is_said(words, said):
    with pytest.raises(SimulatorError) as caught:
        points.read(words)
    assert said in str(caught.value)


def test_too_many_points_are_refused():
    with pytest.raises(SimulatorError, match="comes to 1,000,000 points"):
        points.grid(points.read([f"{key}=0:1:100" for key in "abc"]))


# --- what is simulated ----------------------------------------------------------------


def test_every_point_is_the_run_with_its_values_set(folder, found):
    assert found["probability"].dims == (
        *("prices__premium", "delivery__real_share"),
        *("target", "outcome"),
    )
    for i, j in ((0, 0), (2, 1)):
        own = found.isel(prices__premium=i, delivery__real_share=j)
        settings = [
            f"prices.premium={float(own['prices__premium'])!r}",
            f"delivery.real_share={float(own['delivery__real_share'])!r}",
        ]
        run = runs.run(folder / "tiny.toml", draws=DRAWS, seed=7, settings=settings)
        for end in ("", "_low", "_high"):
            expected = run[f"sector_probability{end}"].values
            assert np.array_equal(own[f"probability{end}"].values, expected)
        sector = run["sector"].to_dataset()
        last = sector["balance"].isel(year=-1).mean("draw").values
        assert own["balance"].values == pytest.approx(last, rel=1e-5)
        rates = sector["measured"].mean(("year", "draw")).values
        assert own["measured"].values == pytest.approx(rates, rel=1e-4)


def test_a_hypercube_has_its_values_by_point(folder):
    made = sweep(folder / "tiny.toml", VARY, latin=3, draws=DRAWS, seed=7)
    assert made["probability"].dims == ("point", "target", "outcome")
    assert made["prices__premium"].dims == ("point",)


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        (["prices.premum=0:1:2"], "prices.premum"),
        (["delivery.real_share=0.5:1.5:2"], "delivery.real_share"),
        (["prices.tail.size=0.01:0.02:2"], "moves no result"),
    ],
)
def test_a_value_that_a_key_cannot_have_is_said_before_anything_is_simulated(
    folder, vary, said
):
    told = []
    with pytest.raises(SimulatorError) as caught:
        sweep(folder / "tiny.toml", vary, draws=DRAWS, on_progress=told.append)
    assert said in str(caught.value)
    assert told == []


# --- the file -------------------------------------------------------------------------


class Stop(Exception):  # noqa: N818 - it stands for an interrupt
    """A sweep is stopped here."""


def stopped(folder, place, after):
    """Begin a sweep and stop it after some points."""
    seen = 0

    def on_progress(more):
        nonlocal seen
        seen += more
        if seen > after * DRAWS:
            raise Stop

    with pytest.raises(Stop):
        sweep(
            *(folder / "tiny.toml", VARY, place),
            draws=DRAWS,
            seed=7,
            threads=1,
            on_progress=on_progress,
        )


def again(folder, place, **how):
    return sweep(folder / "tiny.toml", VARY, place, draws=DRAWS, seed=7, **how)


@pytest.mark.parametrize("after", [0, 3])
def test_a_sweep_that_was_stopped_goes_on_and_is_the_same(
    folder, found, tmp_path, after
):
    place = tmp_path / "sweep.h5"
    stopped(folder, place, after)
    begun = tmp_path / "sweep.h5.begun"
    assert len(begun.read_text().splitlines()) == 1 + after
    with begun.open("a") as file:
        file.write('{"achieved": [[1')  # a line cut short
    with pytest.raises(SimulatorError, match="add --resume to go on with it"):
        again(folder, place)
    done = []
    made = again(folder, place, resume=True, on_progress=done.append)
    assert made.identical(found)
    assert sum(done) == 6 * DRAWS
    assert [one.name for one in tmp_path.iterdir()] == ["sweep.h5"]
    with xr.open_dataset(place, engine="h5netcdf") as opened:
        assert np.array_equal(opened["probability"], found["probability"])
        assert opened["prices__premium"].attrs["long_name"] == "prices.premium"
        assert opened.attrs["seed"] == 7


def test_another_sweep_is_not_gone_on_with(folder, tmp_path):
    place = tmp_path / "sweep.h5"
    stopped(folder, place, 1)
    before = (tmp_path / "sweep.h5.begun").read_bytes()
    with pytest.raises(SimulatorError, match="is of another sweep"):
        sweep(folder / "tiny.toml", VARY, place, draws=DRAWS, seed=8, resume=True)
    assert (tmp_path / "sweep.h5.begun").read_bytes() == before


def test_a_file_that_is_there_is_kept(folder, tmp_path):
    place = tmp_path / "sweep.h5"
    place.write_text("mine")
    with pytest.raises(SimulatorError, match="is there already; add --force"):
        again(folder, place)
    assert place.read_text() == "mine"


# --- the command ----------------------------------------------------------------------


def test_the_command_ends_well_and_in_silence(folder):
    words = ("sweep", "tiny.toml", "--draws", "20")
    vary = ("--vary", VARY[0])
    done = processes.simulator(*words, *vary, "-o", "out.h5", folder=folder)
    assert processes.fault(done) == ""
    assert "All targets and outcomes: out.h5" in done.stdout
    bad = inside(folder, *words, *vary, "--target", "five")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith("target: there is no target 'five'; ")


def test_a_script_gets_every_point(folder):
    words = ["sweep", str(folder / "tiny.toml"), "--draws", "20", "--json"]
    for one in VARY:
        words += ["--vary", one]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    found = json.loads(result.stdout, parse_constant=pytest.fail)
    assert len(found["points"]) == 6
    assert found["points"][1]["at"] == {
        "prices.premium": -0.01,
        "delivery.real_share": 0.8,
    }
    assert found["file"] is None
