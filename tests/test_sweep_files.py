"""A sweep's file afterwards: opened, set side by side, drawn, and distrusted."""

import json
import shutil

import h5py
import numpy as np
import processes
import pytest
import tiny
import xarray as xr
from click.testing import CliRunner

import simulator as sim
from simulator.answers.sweep import side_by_side
from simulator.answers.sweep.simulate import sweep
from simulator.answers.text import chance
from simulator.cli import main
from simulator.errors import RunFileError
from simulator.plots import sweep_grid

DRAWS = 40
ONE = ("prices.premium=-0.01:0.01:3",)
TWO = (*ONE, "delivery.real_share=0.4:0.8:2")
MANY = {"one": (ONE, None), "two": (TWO, None), "latin": (TWO, 5)}
KEY, OTHER = "prices__premium", "delivery__real_share"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("sweeps")
    tiny.write(place)
    return place


@pytest.fixture(scope="module")
def swept(folder):
    """Each kind of sweep: what the function gave, beside its file."""
    return {
        name: sweep(
            folder / "tiny.toml", vary, folder / f"{name}.h5", latin=n, draws=DRAWS
        )
        for name, (vary, n) in MANY.items()
    }


# --- opened ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", MANY)
def test_a_file_is_opened_as_the_sweep_gave_it(folder, swept, name):
    opened = sim.open(folder / f"{name}.h5")
    assert isinstance(opened, xr.DataTree)
    found = opened.to_dataset()
    assert found.sizes == swept[name].sizes
    for variable in swept[name].variables:
        assert np.array_equal(found[variable], swept[name][variable]), variable
    assert found.attrs["vary"] == swept[name].attrs["vary"]
    where = {"prices__premium": 0.01} if name != "latin" else {}
    assert opened["probability"].sel(where).notnull().all()


def test_other_commands_say_what_it_is(folder, swept):
    words = ("-m", "simulator.cli")
    for more in (("show", "one.h5"), ("verify", "one.h5"), ("compare", "tiny.csv")):
        done = processes.python(*words, *more, folder=folder)
        assert done.returncode in (1, 2)
        assert done.stdout == ""
    done = processes.python(*words, "show", "one.h5", folder=folder)
    assert done.stderr == (
        "one.h5: is the file of a sweep, not of a run; print it with simulator compare "
        "FILE\n"
    )


# --- distrusted -----------------------------------------------------------------------


def changed(folder, place, change):
    copy = shutil.copy(folder / "two.h5", place / "copy.h5")
    with h5py.File(copy, "r+") as file:
        change(file)
    return copy


def another_chance(file):
    file["probability"][0, 0, 0, 0] = 0.123


def another_point(file):
    file[KEY][0] = -0.02


def a_link(file):
    file["more"] = h5py.ExternalLink("other.h5", "/x")


def a_group(file):
    file.create_group("more")


def packed(file):
    file.create_dataset("more", data=np.zeros(10**6), compression="gzip")


def elsewhere(file):
    file.create_dataset("more", (8,), "f8", external=[("raw", 0, 64)])


def without_a_table(file):
    del file["achieved"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (another_chance, "has points or chances that are not those of its sweep"),
        (another_point, "has points or chances that are not those of its sweep"),
        (a_link, "is a link"),
        (a_group, "is no plain table"),
        (packed, "is not laid out as in the file of a sweep"),
        (elsewhere, "is not laid out as in the file of a sweep"),
        (without_a_table, "is not whole"),
    ],
)
def test_a_forged_file_is_refused(folder, swept, tmp_path, change, said):
    with pytest.raises(RunFileError, match=said):
        sim.open(changed(folder, tmp_path, change))


def test_what_is_no_sweep_is_not_set_side_by_side(folder, tmp_path):
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file["x"] = np.arange(3)
    done = processes.python(
        *("-m", "simulator.cli", "compare", "plain.h5"), folder=tmp_path
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("plain.h5: is not a file of a sweep; give one that ")


# --- side by side ---------------------------------------------------------------------


@pytest.mark.parametrize("name", MANY)
def test_the_command_ends_well_and_in_silence(folder, swept, name):
    words = ("-m", "simulator.cli", "compare", f"{name}.h5")
    assert processes.fault(processes.python(*words, folder=folder)) == ""


def test_two_keys_make_rows_and_columns(swept):
    own = swept["two"].sel(target="stepped", outcome="cash_releasing")
    made, left = side_by_side._across(own, KEY, OTHER)
    columns = [list(column.cells) for column in made.columns]
    assert [str(column.header) for column in made.columns][1:] == ["0.4", "0.8"]
    assert (columns[0], left) == (["-0.01", "0", "0.01"], 0)
    for j, value in enumerate((0.4, 0.8)):
        expected = own.sel({OTHER: value})
        cells = [chance(expected.isel({KEY: k}), "probability") for k in range(3)]
        assert columns[1 + j] == cells


def test_a_script_gets_every_point(folder, swept):
    words = ["compare", str(folder / "two.h5"), "--target", "four", "--json"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    found = json.loads(result.stdout, parse_constant=pytest.fail)
    assert found["target"] == "four"
    assert len(found["points"]) == 6


# --- drawn ----------------------------------------------------------------------------


def test_a_chart_shows_the_chance_of_every_point(swept):
    pytest.importorskip("altair")
    for name, n in (("one", 3), ("two", 6)):
        figure = sweep_grid.figure(swept[name], "one-point-one")
        assert len(figure.rows) == n
        own = swept[name].sel(target="one-point-one", outcome="cash_releasing")
        frame = sweep_grid.points(swept[name], "one-point-one", "cash_releasing")
        assert np.array_equal(frame["chance"], own["probability"].values.ravel())
        least = f"{100 * float(own['probability'].min()):.0f}"
        assert f"runs from {least}" in figure.title
        assert figure.chart.to_dict()["data"]


def test_a_hypercube_is_not_drawn(swept):
    with pytest.raises(RunFileError, match="a hypercube, which no one chart shows"):
        sweep_grid.figure(swept["latin"])


def test_the_plot_command_writes_a_picture(folder, swept):
    pytest.importorskip("vl_convert")
    words = ("-m", "simulator.cli", "plot", "two.h5", "sweep")
    done = processes.python(*words, folder=folder)
    assert processes.fault(done) == ""
    assert (folder / "two-sweep.svg").read_bytes().startswith(b"<svg")
    drawn = sim.plots.sweep(sim.open(folder / "two.h5"), "four")
    assert "four: the chance to achieve" in " ".join(drawn.to_dict()["title"]["text"])
