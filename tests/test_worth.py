"""What it is worth to know a belief: closed forms, noise, simulation, the command."""

import csv
import json

import numpy as np
import processes
import pytest
import tiny
import xarray as xr
from click.testing import CliRunner
from scipy.special import ndtr, ndtri
from terminals import inside

from simulator.answers.believed import GROUPS, believed
from simulator.answers.worth import estimate, regression, report, simulate
from simulator.answers.worth.estimate import losses, net_benefit, values, worth
from simulator.cli import main
from simulator.errors import SimulatorError
from simulator.runfile import store
from simulator.running import runs
from simulator.sampling import addresses
from simulator.sampling.stream import Stream

REGRET, POINT = 4.0, 50.0
MEAN, RATE = 0.012, 0.011
NAMES = ("explains", "calls", "money")


def made(x, could, rate=RATE):
    """Draws of beliefs, and of the most that could have been met."""
    found = xr.Dataset(
        {
            "value": (("belief", "draw"), x),
            "could": ("draw", could),
            "achieved": ("draw", could >= rate),
        },
        coords={"belief": [f"b{k}" for k in range(len(x))]},
    )
    for name in ("meaning", "unit", "grade"):
        found[name] = "belief", [""] * len(x)
    about = {"title": "made", "target": "t", "outcome": "recurrent", "rate": rate}
    return found.assign_attrs(about, draws=len(could), seed=1, point=POINT)


# --- the normal toy -------------------------------------------------------------------

SDS = np.array([0.004, 0.002, 0.0])  # of what each belief does; the last does nothing
LUCK = 0.003


def normal_toy(draws=10_000, seed=1, noise=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((len(SDS) + noise, draws))
    luck = LUCK * rng.standard_normal(draws)
    return made(x, MEAN + SDS @ x[: len(SDS)] + luck)


def exact(known):
    """Closed forms: variance explained, calls put right, money saved."""
    whole = np.sqrt((SDS**2).sum() + LUCK**2)
    left = np.sqrt(whole**2 - (SDS[known] ** 2).sum())
    q = 1.0 / (1.0 + REGRET)
    density = np.exp(-(ndtri(q) ** 2) / 2.0) / np.sqrt(2.0 * np.pi)
    money = 100.0 * POINT * (1.0 + REGRET) * density * (whole - left)
    # Whether it is called achievable turns on the side of 1/2 that the chance is on.
    z = np.linspace(-8.0, 8.0, 20_001)
    weight = np.exp(-(z**2) / 2.0)
    spread = np.sqrt(whole**2 - left**2)
    chance = ndtr((MEAN - RATE + spread * z) / left)
    wrong = (weight * np.minimum(chance, 1.0 - chance)).sum() / weight.sum()
    now = ndtr((MEAN - RATE) / whole)
    return 1.0 - (left / whole) ** 2, min(now, 1.0 - now) - wrong, money


UNITS = {"b0": [0], "b1": [1], "b2": [2], "b0 + b1": [0, 1], "all beliefs": [0, 1, 2]}


@pytest.mark.parametrize("unit", UNITS)
def test_the_normal_toy_has_its_closed_forms(unit):
    found = values(normal_toy(), REGRET).sel(unit=unit)
    for name, truth in zip(
        ("explains", "calls", "money"), exact(UNITS[unit]), strict=True
    ):
        wide = 1.5 * float(found[f"{name}_high"] - found[f"{name}_low"])
        assert float(found[name]) == pytest.approx(truth, abs=wide + 1e-3), name


def test_the_best_rate_is_the_one_that_four_of_five_could_meet():
    found = values(normal_toy(), REGRET)
    whole = np.sqrt((SDS**2).sum() + LUCK**2)
    assert found["best"] == pytest.approx(MEAN + ndtri(0.2) * whole, abs=4e-4)
    assert found["wrong"] == pytest.approx(ndtr((RATE - MEAN) / whole), abs=0.015)


def test_a_belief_that_does_nothing_is_worth_nothing_and_so_are_many():
    found = values(normal_toy(noise=6), REGRET)
    for unit in ("b2", "b3", "b4", "b5"):
        row = found.sel(unit=unit)
        assert abs(float(row["explains"])) < 0.003
        assert abs(float(row["money"])) < 0.01 * float(found["loss"])


def test_ishigami_has_its_indices():
    rng = np.random.default_rng(2)
    x = rng.uniform(-np.pi, np.pi, (3, 20_000))
    y = np.sin(x[0]) + 7.0 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])
    found = values(made(x, y, rate=3.5), REGRET)["explains"]
    expected = {"b0": 0.3139, "b1": 0.4424, "b2": 0.0, "b0 + b2": 0.5576}
    for unit, share in expected.items():
        assert float(found.sel(unit=unit)) == pytest.approx(share, abs=0.02), unit


def test_a_loss_is_what_is_missed_and_what_is_not_asked():
    could, rates = np.array([0.01, 0.02]), np.array([0.01, 0.015])
    found = losses(could, rates, 4.0, 50.0)
    assert found == pytest.approx(np.array([[0.0, 4 * 25.0], [50.0, 25.0]]))


def test_a_regression_that_the_draws_do_not_carry_is_refused():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((30, 1_000))
    found = values(made(x, MEAN + 0.004 * x[0]), REGRET)
    assert np.isnan(found["explains"].sel(unit="all beliefs"))
    assert not np.isnan(found["explains"].sel(unit="b0"))
    said = " ".join(report._notes(found))
    assert (
        "Not given, all beliefs: a regression of 556 terms needs 6,950 draws." in said
    )


def test_an_outcome_without_a_rate_has_calls_and_no_money():
    given = normal_toy(2_000).drop_vars("could")
    found = values(given, REGRET)
    assert np.isnan(found["money"]).all()
    assert float(found["calls"].sel(unit="b0")) > 0.05
    with pytest.raises(SimulatorError, match="no net benefit"):
        net_benefit(given, REGRET)


@pytest.mark.slow
def test_intervals_cover_and_those_of_draws_that_judge_themselves_do_not(monkeypatch):
    truths = dict(zip(NAMES, exact([0]), strict=True))
    covered = dict.fromkeys(truths, 0)
    fooled, times = 0, 300
    for seed in range(times):
        given = normal_toy(2_000, seed, noise=20)
        seen, _ = estimate.outcomes_of(given, REGRET)
        x = given["value"].values
        now = regression.mean_of_others(seen.together)
        row = estimate._value(x[:1], seen, now)
        for name, truth in truths.items():
            covered[name] += row[f"{name}_low"] <= truth <= row[f"{name}_high"]
        # Twenty beliefs of noise, their rule made and judged by the same draws.
        design = regression.terms(x[3:9])
        known = design @ np.linalg.lstsq(design, seen.together, rcond=None)[0]
        cost = estimate._chosen(
            seen.money, np.tile(seen.money.mean(axis=0), (2_000, 1))
        )
        saved = cost - estimate._chosen(seen.money, known[:, 3:])
        low = saved.mean() - 1.96 * saved.std() / np.sqrt(len(saved))
        fooled += low > 0.0
    for name, count in covered.items():
        assert 0.92 < count / times < 0.985, name
    assert fooled / times > 0.5


# --- a run ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("worth")
    tiny.write(place)
    runs.run(place / "tiny.toml", draws=2_000, seed=7, output=place / "run.h5").close()
    return place


def test_simulation_agrees_with_regression(folder):
    with store.open_run(folder / "run.h5", GROUPS) as run:
        given = believed(run, "one-point-one", None, "worth")
        found = values(given, REGRET)
        unit = report.leading(found, "belief")[0]
        rates = net_benefit(given, REGRET)["asked"].values
        checked = simulate.nested(run, found, [unit], rates).sel(unit=unit)
    ours = found.sel(unit=unit)
    for name in ("calls", "money"):
        assert float(checked[f"{name}_low"]) <= float(ours[f"{name}_high"]), name
        assert float(ours[f"{name}_low"]) <= float(checked[f"{name}_high"]), name


def test_a_held_belief_is_the_same_in_a_row_of_futures_and_all_else_is_not():
    held = addresses.of_assumption("demand.bias")
    other = addresses.of_assumption("prices.premium")
    first, n = simulate.INNER - 2, 4
    stream, plain = simulate.Held(7, first, n, held, {}), Stream(7, 0, 2)
    assert np.array_equal(stream.words(*held), np.repeat(plain.words(*held), 2, axis=1))
    assert np.array_equal(stream.words(*other), Stream(7, first, n).words(*other))


def test_what_cannot_be_answered_is_refused(folder):
    with store.open_run(folder / "run.h5") as run:
        with pytest.raises(SimulatorError, match="regret: 0 is not above 0; give 4"):
            worth(run, "four", 0.0)
        with pytest.raises(SimulatorError, match="is not in this run"):
            worth(run, "five")


def test_the_command_ends_well_and_writes_what_r_reads(folder):
    words = ("worth", "run.h5", "--target", "one-point-one")
    done = processes.simulator(*words, "--export", "r", folder=folder)
    assert processes.fault(done) == ""
    with (folder / "r-beliefs.csv").open(encoding="utf-8", newline="") as file:
        names, *lines = csv.reader(file)
    assert "delivery.real_share" in names
    assert len(lines) == 2_000
    benefits = np.loadtxt(
        folder / "r-net-benefit.csv", delimiter=",", skiprows=1, dtype=np.float64
    )
    assert benefits.shape == (2_000, estimate.RATES + 1)
    assert (benefits <= 0.0).all()
    again = inside(folder, *words, "--export", "r")
    assert (again.returncode, again.stdout) == (1, "")
    assert "r-beliefs.csv: is there already; add --force to replace it" in again.stderr


def test_a_script_gets_every_unit(folder):
    words = ["worth", str(folder / "run.h5"), "--target", "four", "--json"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    found = json.loads(result.stdout, parse_constant=pytest.fail)
    kinds = {unit["kind"] for unit in found["units"]}
    assert kinds == {"belief", "pair", "section", "all"}
    assert found["regret"] == 4.0
