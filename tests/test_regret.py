"""The best rate under unequal cost: closed forms, its interval, the command."""

import json

import numpy as np
import processes
import pytest
import tiny
import xarray as xr
from click.testing import CliRunner
from terminals import inside

from simulator.answers.target import estimate, regret_report
from simulator.answers.target.regret import chance_of, regret
from simulator.cli import main
from simulator.errors import ScenarioError

TOP = 0.02  # could be met in the best future; evenly from 0 in all others
RATES = np.linspace(0.0, 0.03, 61)


def curve_of(could, outcome="recurrent", by="sector"):
    """The curve of futures that could have met so much."""
    met = (could[None, :] >= RATES[:, None]).sum(axis=1)
    counts = xr.DataArray(
        met[:, None],
        dims=("rate", "outcome"),
        coords={"rate": RATES, "outcome": [outcome]},
    )
    made = estimate.curve(counts, len(could))
    return made.assign_attrs(outcome=outcome, by=by, seed=1)


def even(draws=20_001):
    return TOP * np.arange(draws) / (draws - 1)


@pytest.mark.parametrize("ratio", [0.25, 1.0, 4.0, 9.0])
def test_of_an_even_spread_the_best_rate_and_every_regret_have_closed_forms(ratio):
    found = regret(curve_of(even()), ratio)
    best = float(found["best"].sel(ratio=ratio))
    assert best == pytest.approx(TOP * (1.0 - chance_of(ratio)), abs=1e-5)
    a = RATES[RATES <= TOP]
    missed, spared = a**2 / (2.0 * TOP), (TOP - a) ** 2 / (2.0 * TOP)
    own = found.sel(rate=a)
    assert own["missed"].values == pytest.approx(100.0 * missed, abs=1e-3)
    assert own["spared"].values == pytest.approx(100.0 * spared, abs=1e-3)
    total = 100.0 * (ratio * missed + spared)
    assert own["regret"].values == pytest.approx(total, abs=2e-3)
    assert float(found["dear"].sel(ratio=ratio)) == 0.0
    assert (found["dear"] > -1e-3).all()


def test_above_all_that_could_be_met_a_point_costs_the_ratio():
    found = regret(curve_of(even()), 4.0)["regret"]
    rise = float(found.isel(rate=-1) - found.isel(rate=-11))
    assert rise == pytest.approx(4.0 * 100.0 * (RATES[-1] - RATES[-11]))


def test_a_dearer_miss_asks_for_less():
    best = regret(curve_of(even()), 4.0)["best"].values
    assert (np.diff(best) < 0.0).all()


@pytest.mark.slow
def test_the_interval_of_regret_covers_and_half_of_it_does_not():
    rng = np.random.default_rng(3)
    at, ratio, times = 12, 4.0, 400
    a = RATES[at]
    truth = 100.0 * (ratio * a**2 + (TOP - a) ** 2) / (2.0 * TOP)
    covered = fooled = 0
    for _ in range(times):
        row = regret(curve_of(TOP * rng.random(300)), ratio).isel(rate=at)
        low, middle, high = (float(row[f"regret{k}"]) for k in ("_low", "", "_high"))
        covered += low <= truth <= high
        fooled += abs(truth - middle) <= (high - low) / 4.0
    assert 0.92 < covered / times < 0.98
    assert fooled / times < 0.8


@pytest.mark.parametrize(
    ("ratio", "outcome", "said"),
    [
        (0.0, "recurrent", "regret: 0 is not above 0; give 4"),
        (np.inf, "recurrent", "regret: inf is not above 0"),
        (4.0, "sustained", "is not defined for sustained"),
        (4.0, "balance", "choose from: any_means, recurrent, cash_releasing, measured"),
    ],
)
def test_what_has_no_best_rate_is_refused(ratio, outcome, said):
    with pytest.raises(ScenarioError) as caught:
        regret(curve_of(even(), outcome), ratio)
    assert said in str(caught.value)


def test_where_no_rate_has_the_chance_nothing_is_asked():
    curve = curve_of(np.full(1_000, -0.01))
    found = regret(curve, 4.0)
    assert np.isnan(found["best"].sel(ratio=4.0))
    assert "ask for nothing" in regret_report.sentence(curve, found)


# --- the command ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("regret")
    tiny.write(place)
    return place


def test_the_command_ends_well_and_in_silence(folder):
    words = ("target", "tiny.toml", "--draws", "200")
    done = processes.simulator(*words, "--regret", "4", folder=folder)
    assert processes.fault(done) == ""
    assert "chance of 80%" in " ".join(done.stdout.split())
    bad = inside(folder, *words, "--regret", "-1")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith("regret: -1 is not above 0; ")
    both = inside(folder, *words, "--regret", "4", "--probability", "0.8")
    assert both.returncode == 2


@pytest.mark.parametrize("by", ["sector", "type", "trust"])
def test_the_best_rate_is_the_highest_with_its_chance(folder, by):
    words = [
        "target",
        str(folder / "tiny.toml"),
        "--draws",
        "200",
        "--by",
        by,
        "--json",
    ]
    found, plain = (
        json.loads(CliRunner().invoke(main, [*words, *more]).stdout)
        for more in (["--regret", "4"], ["--probability", "0.8"])
    )
    assert found["highest"] == plain["highest"]
    assert len(found["regrets"]) == len(found["highest"])
    for unit, own in zip(found["highest"], found["regrets"], strict=True):
        assert own["unit"] == unit["unit"]
        best = own["ratios"]["best"][own["ratios"]["ratio"].index(4.0)]
        assert best == unit["rate"]


def test_every_level_is_laid_out(folder):
    for by in ("sector", "type", "system", "trust"):
        words = ["target", str(folder / "tiny.toml"), "--draws", "100", "--by", by]
        done = CliRunner().invoke(
            main, [*words, "--regret", "2"], catch_exceptions=False
        )
        assert (done.exit_code, done.stderr) == (0, "")
        assert "2 times" in done.stdout
