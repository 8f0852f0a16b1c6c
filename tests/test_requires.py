"""What would have to be true: known boxes, honest chances, the command as typed."""

import json
import warnings

import numpy as np
import processes
import pytest
import tiny
import xarray as xr
from click.testing import CliRunner
from terminals import inside

import simulator as sim
from simulator.answers.believed import believed, highest_met
from simulator.answers.requires import prim, report
from simulator.answers.requires.estimate import conditions, requires
from simulator.answers.requires.prim import AT_LEAST, AT_MOST, Limit
from simulator.cli import main
from simulator.errors import SimulatorError
from simulator.runfile import store
from simulator.running import runs

INSIDE, OUTSIDE = 0.9, 0.1
TRUE_BOX = (Limit(0, AT_LEAST, 0.6), Limit(2, AT_MOST, 0.5))


def made(draws=8_000, seed=1, inside=INSIDE, outside=OUTSIDE, beliefs=8):
    """Draws whose success is likely in a known box of two of the beliefs."""
    rng = np.random.default_rng(seed)
    x = rng.random((beliefs, draws))
    chance = np.where(prim.inside(TRUE_BOX, x), inside, outside)
    found = xr.Dataset(
        {
            "value": (("belief", "draw"), x),
            "achieved": ("draw", rng.random(draws) < chance),
        },
        coords={"belief": [f"b{k}" for k in range(beliefs)]},
    )
    about = {"title": "made", "target": "t", "outcome": "recurrent"}
    return found.assign_attrs(about, draws=draws, seed=seed)


def limits_of(found):
    """Limits found, by belief and side."""
    names = zip(found["limit_belief"].values, found["limit_side"].values, strict=True)
    return dict(zip(names, found["limit_value"].values, strict=True))


# --- boxes ----------------------------------------------------------------------------


def test_a_known_box_is_found_and_no_other_belief_limited():
    found = conditions(made(), 0.8)
    assert found.attrs["reached"] == "found"
    limits = limits_of(found)
    assert limits.keys() == {("b0", "at least"), ("b2", "at most")}
    assert limits["b0", "at least"] == pytest.approx(0.6, abs=0.04)
    assert limits["b2", "at most"] == pytest.approx(0.5, abs=0.04)
    assert found["mass"] == pytest.approx(0.2, abs=0.04)
    within = INSIDE * 0.2 / (INSIDE * 0.2 + OUTSIDE * 0.8)
    assert found["coverage"] == pytest.approx(within, abs=0.08)
    assert (found["limit_kept"] == 1.0).all()
    between = found["limit_value_low"], found["limit_value_high"]
    assert (between[0] <= found["limit_value"]).all()
    assert (found["limit_value"] <= between[1]).all()


def test_where_nothing_reaches_the_chance_the_best_is_given_and_no_noise_with_it():
    found = conditions(made(inside=0.6), 0.8)
    assert found.attrs["reached"] == "none"
    assert limits_of(found).keys() == {("b0", "at least"), ("b2", "at most")}
    assert 0.5 < found["chance"] < 0.7
    assert "The best found: " in report.sentence(found)


def test_what_is_likely_already_needs_nothing():
    found = conditions(made(), 0.2)
    assert found.attrs["reached"] == "as it is"
    assert found.sizes["limit"] == 0
    assert "nothing more need be true for 20%" in report.sentence(found)


def test_noise_has_no_box():
    found = conditions(made(inside=0.4, outside=0.4), 0.8)
    assert found.attrs["reached"] == "none"
    assert found.sizes["limit"] <= 1  # one in twenty limits of noise is borne out
    assert abs(float(found["chance"]) - 0.4) < 0.12


def test_no_success_at_all_is_said():
    given = made()
    given["achieved"] = given["achieved"] & False
    found = conditions(given, 0.8)
    assert found.sizes["limit"] == 0
    assert "No draw achieves it" in report.sentence(found)
    assert np.isnan(found["coverage"])


def test_a_belief_of_two_values_is_limited_to_one_of_them():
    rng = np.random.default_rng(3)
    given = made()
    x = given["value"].values
    x[4] = rng.random(x.shape[1]) < 0.5
    given["achieved"] = "draw", rng.random(x.shape[1]) < np.where(x[4] == 1, 0.9, 0.1)
    found = conditions(given, 0.8)
    assert limits_of(found) == {("b4", "at least"): 1.0}
    assert found.sel(belief="b4")["alone_threshold"] == 1.0
    assert found.sel(belief="b4")["alone_beyond"] == pytest.approx(0.5, abs=0.03)


def test_a_threshold_of_one_belief_has_its_closed_form():
    # The chance is the belief itself: beyond t it is (1 + t) / 2 on average.
    rng = np.random.default_rng(5)
    given = made()
    x = given["value"].values
    given["achieved"] = "draw", rng.random(x.shape[1]) < x[1]
    found = conditions(given, 0.8).sel(belief="b1")
    assert found["alone_threshold"] == pytest.approx(0.6, abs=0.04)
    assert found["alone_beyond"] == pytest.approx(0.4, abs=0.04)
    assert found["alone_best"] == pytest.approx(0.95, abs=0.04)
    assert found["alone_worst"] == pytest.approx(0.05, abs=0.04)
    assert found["alone_side"] == "at least"


def test_the_same_draws_give_the_same_answer():
    assert conditions(made(), 0.8).identical(conditions(made(), 0.8))


@pytest.mark.slow
def test_the_chance_of_a_box_is_covered_and_that_in_its_own_draws_is_not():
    """The interval holds the chance in the box; where the box was found it does not."""
    covered, fooled, times = 0, 0, 200
    rng = np.random.default_rng(11)
    for seed in range(times):
        # Success leans on the first belief; of the others, 19 are noise.
        x = rng.random((20, 2_000))
        y = rng.random(2_000) < 0.1 + 0.5 * x[0] ** 2
        given = made(2_000, seed, beliefs=20).assign(
            value=(("belief", "draw"), x), achieved=("draw", y)
        )
        found = conditions(given, 0.7, resamples=0)
        fresh = rng.random((20, 100_000))
        within = np.ones(100_000, bool)
        for (name, side), value in limits_of(found).items():
            own = fresh[int(name[1:])]
            within &= own >= value if side == "at least" else own <= value
        truth = (0.1 + 0.5 * fresh[0, within] ** 2).mean()
        covered += float(found["chance_low"]) <= truth <= float(found["chance_high"])
        # The likeliest box of the peeling, judged by the draws that peeled it.
        part = np.arange(2_000) < 1_000
        last = prim.peel(x[:, part], y[part])[-1]
        low, _ = sim.wilson(
            y[part][prim.inside(last, x[:, part])].sum(),
            prim.inside(last, x[:, part]).sum(),
        )
        box = prim.inside(last, fresh)
        fooled += low > (0.1 + 0.5 * fresh[0, box] ** 2).mean()
    assert covered / times > 0.92
    assert fooled / times > 0.5


@pytest.mark.slow
def test_peeling_is_that_of_the_ema_workbench():
    """Share of draws and of successes in every box, beside those of the peer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pytest.importorskip("ema_workbench.analysis.prim")
        pandas = pytest.importorskip("pandas")
    given = made(4_000)
    x, y = given["value"].values, given["achieved"].values
    ours = prim.peel(x, y)
    table = pandas.DataFrame(x.T, columns=given["belief"].values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        box = theirs.Prim(table, y, threshold=0.5, peel_alpha=0.05).find_box()
    path = box.peeling_trajectory
    mass = [prim.inside(one, x).mean() for one in ours]
    chance = [y[prim.inside(one, x)].mean() for one in ours]
    found = np.interp(-path["mass"].values[:32], -np.array(mass), chance)
    assert found == pytest.approx(path["density"].values[:32], abs=0.015)


# --- a run ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("requires")
    tiny.write(place)
    runs.run(place / "tiny.toml", draws=1_200, seed=7, output=place / "run.h5").close()
    runs.run(place / "tiny.toml", draws=64, seed=7, output=place / "few.h5").close()
    return place


def test_beliefs_are_those_of_the_draws_and_idle_ones_are_left_out(folder):
    with store.open_run(folder / "run.h5") as run:
        found = believed(run, "one-point-one")
        own = run["drivers"]["delivery__real_share"].values
        names = set(found["belief"].values)
    assert np.array_equal(found.sel(belief="delivery.real_share")["value"], own)
    assert {"programmes.rosters.realisation", "programmes.rosters.happens"} <= names
    assert "prices.tail.size" not in names  # the regime is never entered
    happens = found.sel(belief="programmes.rosters.happens")["value"]
    assert set(np.unique(happens)) == {0.0, 1.0}
    assert float(happens.mean()) == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize("target", ["one-point-one", "stepped", "four"])
@pytest.mark.parametrize(
    "outcome", ["any_means", "recurrent", "cash_releasing", "measured"]
)
def test_a_target_is_met_where_more_than_it_could_have_been(folder, target, outcome):
    with store.open_run(folder / "run.h5") as run:
        found = believed(run, target, outcome)
    achieved = found["could"].values >= found.attrs["rate"]
    # The file's four bytes may turn a draw that meets it by a hair.
    assert (achieved != found["achieved"].values).sum() <= 1


def test_the_most_that_could_be_met_is_where_the_margin_ends():
    asked = np.array([0.0, 0.01, 0.03])
    margin = np.array(
        [[0.01, -0.002, 0.05], [0.005, -0.01, 0.04], [-0.005, -0.02, 0.03]]
    )
    found = highest_met(asked, margin)
    assert found == pytest.approx([0.02, -0.002, 0.06])
    assert highest_met(asked[:1], margin[:1]) == pytest.approx([0.01, -0.002, 0.05])


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("run.h5", {"target": "fore"}, "did you mean 'four'?"),
        ("run.h5", {"target": "four", "outcome": "sum"}, "'sum' is not an outcome"),
        ("run.h5", {"target": "four", "probability": 80.0}, "give 0.8 for 80%"),
        ("few.h5", {"target": "four"}, "needs 250 draws or more, and the run has 64"),
    ],
)
def test_what_cannot_be_answered_is_refused(folder, name, words, said):
    with store.open_run(folder / name) as run, pytest.raises(SimulatorError) as caught:
        requires(run, **words)
    assert said in str(caught.value)


def test_the_command_ends_well_and_in_silence(folder):
    words = ("requires", "run.h5", "--target")
    done = processes.simulator(*words, "one-point-one", folder=folder)
    assert processes.fault(done) == ""
    assert "one-point-one" in done.stdout
    bad = inside(folder, *words, "two")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith("target 'two': is not in this run; ")


def test_a_script_gets_the_numbers_of_the_table(folder):
    words = ["requires", str(folder / "run.h5"), "--target", "one-point-one", "--json"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    found = json.loads(result.stdout, parse_constant=pytest.fail)
    with store.open_run(folder / "run.h5") as run:
        expected = requires(run, "one-point-one")
    assert found["whole"]["estimate"] == float(expected["whole"])
    assert len(found["limits"]) == expected.sizes["limit"]
    names = [belief["belief"] for belief in found["beliefs"]]
    assert names == list(expected["belief"].values)
