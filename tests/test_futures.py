"""Which futures to look at: made causes that are known, and the command."""

import json

import numpy as np
import processes
import pytest
import tiny
import xarray as xr
from click.testing import CliRunner
from terminals import inside

from simulator.answers.futures import report
from simulator.answers.futures.estimate import NEAR, futures, kind
from simulator.cli import main
from simulator.errors import SimulatorError
from simulator.runfile import store
from simulator.running import runs

MEAN, RATE = 0.012, 0.011
WEIGHTS = np.array([0.004, -0.002, 0.0])
LUCK = 0.003
TAIL = 1.7549833  # by how many deviations the mean of the lowest tenth of a normal lies


def made(draws=20_000, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((3, draws))
    # The series tells of a belief too, which is not luck.
    own = rng.standard_normal(draws)
    could = MEAN + WEIGHTS @ x + LUCK * own
    found = xr.Dataset(
        {
            "value": (("belief", "draw"), x),
            "luck": (("series", "draw"), np.stack([own + x[0], np.zeros(draws)])),
            "could": ("draw", could),
            "achieved": ("draw", could >= RATE),
            "meaning": ("belief", ["first", "second", "third"]),
            "grade": ("belief", ["A", "B", "C"]),
        },
        coords={"belief": ["b0", "b1", "b2"], "series": ["pay", "high_inflation"]},
    )
    about = {"title": "made", "target": "t", "outcome": "recurrent", "rate": RATE}
    return found.assign_attrs(about, draws=draws, seed=seed, trust="T1")


def test_what_each_cause_adds_to_the_worst_tenth_has_its_closed_form():
    found = kind(made(), "worst-tenth")
    parts = np.array([*WEIGHTS, LUCK])
    whole = np.sqrt((parts**2).sum())
    expected = dict(zip(("b0", "b1", "b2", "luck.pay"), parts**2 / whole, strict=True))
    for name, share in expected.items():
        row = found.sel(cause=name)
        truth = -100.0 * TAIL * share
        assert float(row["adds"]) == pytest.approx(truth, abs=0.02), name
        assert float(row["adds_low"]) <= float(row["adds"]) <= float(row["adds_high"])
    # A regime that is never entered is no cause.
    assert set(found["cause"].values) == set(expected)
    assert found["cause"].values[0] == "b0"
    assert (
        float(found.sel(cause="b0")["apart"])
        < 0.0
        < float(found.sel(cause="b1")["apart"])
    )


@pytest.mark.parametrize("near", NEAR)
def test_causes_and_the_rest_add_up_in_every_future(near):
    given = made()
    found = kind(given, near)
    total = found["added"].sum("cause") + found["rest"]
    departure = 100.0 * (found["could"] - float(given["could"].mean()))
    assert total.values == pytest.approx(departure.values, abs=1e-9)
    assert abs(found["rest"]).max() < 1e-6  # what was made is linear


def test_each_kind_holds_what_it_says():
    given = made()
    could = given["could"].values
    typical = {}
    for near in NEAR:
        found = kind(given, near)
        rows = found.isel(future=(found["role"] == "typical").values)
        typical[near] = rows["could"].values
        assert len(np.unique(rows["draw"])) == 4
    assert np.abs(typical["median"] - np.median(could)).max() < 4e-4
    assert typical["worst-tenth"].max() < np.quantile(could, 0.1)
    assert typical["achieved"].min() >= RATE > typical["missed"].max()
    worst = kind(given, "worst-tenth")
    lowest = worst.isel(future=(worst["role"] == "lowest").values)
    assert lowest["draw"].item() == could.argmin()


def test_a_typical_future_is_typical_in_its_causes():
    given = made()
    found = kind(given, "worst-tenth")
    first = found["added"].isel(future=0)
    assert float(abs(first - found["adds"]).max()) < 0.06


@pytest.mark.slow
def test_intervals_of_what_is_added_cover_and_half_of_them_do_not():
    parts = np.array([*WEIGHTS, LUCK])
    truth = -100.0 * TAIL * WEIGHTS[1] ** 2 / np.sqrt((parts**2).sum())
    covered = fooled = 0
    for seed in range(400):
        row = kind(made(2_000, seed), "worst-tenth").sel(cause="b1")
        low, middle, high = (float(row[f"adds{k}"]) for k in ("_low", "", "_high"))
        covered += low <= truth <= high
        fooled += abs(truth - middle) <= (high - low) / 4.0
    assert 0.91 < covered / 400 < 0.99
    assert fooled / 400 < 0.8


def test_too_few_futures_have_no_middle():
    given = made()
    given["achieved"] = given["achieved"] & False
    with pytest.raises(SimulatorError, match="0 of 20,000 futures are achieved"):
        kind(given, "achieved")


def test_an_outcome_without_a_rate_has_no_median():
    given = made().drop_vars("could")
    with pytest.raises(SimulatorError, match="choose from: achieved, missed"):
        kind(given, "median")
    found = kind(given, "achieved")
    assert set(found["role"].values) == {"typical"}
    assert float(found.sel(cause="b0")["adds"]) > 5.0  # points of chance


# --- a run ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("futures")
    tiny.write(place)
    runs.run(place / "tiny.toml", draws=1_000, seed=7, output=place / "run.h5").close()
    return place


def test_the_futures_of_a_run_explain_themselves(folder):
    words = ("futures", "run.h5", "--target", "one-point-one")
    done = processes.simulator(*words, "--near", "worst-tenth", folder=folder)
    assert processes.fault(done) == ""
    line = done.stdout.splitlines()[-1].split()
    assert line[:3] == ["simulator", "explain", "run.h5"]
    told = inside(folder, *line[1:])
    assert (told.returncode, told.stderr) == (0, "")
    bad = inside(folder, *words[:-1], "five")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith("target 'five': is not in this run; ")


def test_a_script_gets_every_cause_and_future(folder):
    words = ["futures", str(folder / "run.h5"), "--target", "four", "--json"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    found = json.loads(result.stdout, parse_constant=pytest.fail)
    assert [future["role"] for future in found["futures"]] == [
        *["typical"] * 4,
        "lowest",
        "highest",
    ]
    names = {cause["cause"] for cause in found["causes"]}
    assert {"delivery.real_share", "luck.pressure", "luck.demand"} <= names
    assert found["futures"][0]["added"].keys() == names


def test_every_kind_is_laid_out(folder):
    with store.open_run(folder / "run.h5") as run:
        for near in ("median", "worst-tenth"):
            found = futures(run, "four", near)
            assert report.render(found, "run.h5")
        with pytest.raises(SimulatorError, match="'best' is no kind"):
            futures(run, "four", "best")
