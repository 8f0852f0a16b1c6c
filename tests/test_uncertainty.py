"""What is belief and what is luck: two designs of runs, and what is said of them."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tiny
from click.testing import CliRunner
from scipy.special import ndtr, ndtri
from test_engine import five_years_of_productivity

from simulator import drivers
from simulator.answers.uncertainty import report as uncertainty_report
from simulator.answers.uncertainty import simulate as uncertainty
from simulator.answers.uncertainty.simulate import OUTPUTS
from simulator.cli import main
from simulator.errors import ScenarioError
from simulator.kernel import philox
from simulator.sampling import addresses, grouped
from simulator.sampling.addresses import GROUPS
from simulator.sampling.grouped import FUTURES, Nested, Swapped
from simulator.sampling.stream import Stream

BASE = 7
OTHER = grouped.other_seed(BASE)


@pytest.fixture(scope="module")
def scenario():
    return tiny.loaded().scenario


@pytest.fixture(scope="module")
def found(scenario):
    return uncertainty.split(scenario, tiny.people(), draws=512, seed=BASE)


def seeds(*groups):
    return dict.fromkeys(GROUPS, BASE) | dict.fromkeys(groups, OTHER)


# --- which numbers are swapped --------------------------------------------------------

ADDRESSES = {
    "beliefs": [
        (addresses.hashed("demand.bias"), philox.place(philox.ASSUMPTION, 0, None)),
        (addresses.hashed("programmes.x"), philox.place(philox.PROGRAMME, 0, None)),
    ],
    "national": [
        (philox.NATION, philox.place(philox.NATIONAL, block, 2020)) for block in (0, 1)
    ],
    "type": [(3, philox.place(philox.TYPE, 0, 2021))],
}


@pytest.mark.parametrize("group", ADDRESSES)
def test_a_swapped_group_takes_its_words_and_no_others_from_the_other_seed(group):
    plain, other = Stream(BASE, 100, 70), Stream(OTHER, 100, 70)
    swapped = Swapped(seeds(group), 100, 70)
    for name, of_group in ADDRESSES.items():
        for address in of_group:
            expected = (other if name == group else plain).words(*address)
            assert np.array_equal(swapped.words(*address), expected), name


def test_the_other_seed_is_of_the_same_range_and_far_away():
    for seed in (0, 7, 2019, 2**62, 2**63 - 1):
        other = grouped.other_seed(seed)
        assert 0 <= other < 2**63
        assert other != seed
        assert grouped.other_seed(other) == seed


def run_with(job, given, draws=300):
    work = uncertainty.Work(job, 1, lambda n: None)
    return uncertainty._outputs(work, given, draws)


def test_the_first_run_sees_the_futures_of_a_plain_run(scenario):
    job = tiny.job(seed=BASE)
    outputs = run_with(job, seeds())
    parts, _ = tiny.simulate(job, 300, by_unit=True)
    plain = tiny.per_draw(parts)
    own = {"cash_releasing": 2, "reported": 0, "recurrent": 1}
    for k, target in enumerate(scenario.targets):
        row = outputs.isel(target=k)
        outcome = own[target.basis]
        assert (row.sel(output="sector") == plain["achieved"][k, outcome]).all()
        assert (row.sel(output="sustained") == plain["achieved"][k, 5]).all()
        assert (row.sel(output="balance") == plain["achieved"][k, 4]).all()
        share = parts[0].shard.units[k, outcome, :8].sum(axis=0) / 8
        assert np.array_equal(row.sel(output="share_achieving"), share)
        for output, result in {"cash_releasing": 9, "measured": 10}.items():
            total = plain["sector"][result, k].sum(axis=0)
            assert np.array_equal(row.sel(output=output), total)
        assert np.array_equal(
            row.sel(output="final_balance"), plain["sector"][7, k, -1]
        )


def test_swapping_every_group_is_the_other_run():
    job = tiny.job(seed=BASE)
    swapped = run_with(job, seeds(*GROUPS))
    assert swapped.equals(
        run_with(replace(job, seed=OTHER), dict.fromkeys(GROUPS, OTHER))
    )
    assert not np.isclose(swapped, run_with(job, seeds())).all()


# what it takes to silence a group: swapping it must then change nothing
SILENT = {
    "national": [
        *(f"prices.{name}_shock.sd=0.0" for name in ("pay", "nonpay", "pressure")),
        "demand.national_shock.sd=0.0",
        "delivery.national_sd=0.0",
    ],
    "type": ["demand.type_sd=0.0"],
    "trust": [
        "demand.trust_sd=0.0",
        "prices.trust_sd=0.0",
        "prices.trust_drift_sd=0.0",
        "delivery.year_sd=0.0",
        "delivery.persistent_sd=0.0",
        "delivery.plan_sd=0.0",
    ],
}


@pytest.mark.parametrize("group", SILENT)
def test_a_group_without_spread_has_no_share(group):
    loud = tiny.job(seed=BASE)
    quiet = tiny.job(None, *SILENT[group], seed=BASE)
    assert np.array_equal(run_with(quiet, seeds(group)), run_with(quiet, seeds()))
    assert not np.array_equal(run_with(loud, seeds(group)), run_with(loud, seeds()))


# --- what is nested -------------------------------------------------------------------


@pytest.mark.parametrize(("first", "n_draw"), [(0, 256), (130, 100), (64, 1), (63, 2)])
def test_futures_of_a_belief_share_what_is_believed_and_not_their_luck(first, n_draw):
    nested = Nested(BASE, first, n_draw)
    belief = np.arange(first, first + n_draw) // FUTURES
    for address in ADDRESSES["beliefs"]:
        plain = Stream(BASE, 0, 10).words(*address)
        assert np.array_equal(nested.words(*address), plain[:, belief])
    for group in ("national", "type"):
        for address in ADDRESSES[group]:
            plain = Stream(BASE, first, n_draw).words(*address)
            assert np.array_equal(nested.words(*address), plain)


def test_beliefs_are_those_of_a_plain_run(scenario):
    values = uncertainty._assumptions(scenario, Stream(BASE, 0, 20))
    plain = drivers.draw(scenario, BASE, 0, 20).assumptions
    for path in values.keys() & plain.keys():
        assert np.array_equal(values[path], plain[path]), path
    assert "delivery.real_share" in values


def test_programmes_count_by_whether_they_happen_and_not_at_all_if_off(scenario):
    values = uncertainty._assumptions(scenario, Stream(BASE, 0, 4000))
    happens = values["programmes.rosters.happens"]
    chance = scenario.programmes["rosters"].probability
    assert set(happens) == {0.0, 1.0}
    assert happens.mean() == pytest.approx(chance, abs=0.03)
    off = tiny.loaded(None, "programmes.rosters.enabled=false").scenario
    names = uncertainty._assumptions(off, Stream(BASE, 0, 10))
    assert not any(name.startswith("programmes.rosters") for name in names)


# --- known answers through the engine -------------------------------------------------

# Mean productivity 0.95%, epistemic sd 0.5, yearly sd 1.0: variance of the mean.
BELIEF, LUCK = 0.25, 0.2


@pytest.fixture(scope="module")
def known():
    job = tiny.job(five_years_of_productivity())
    return uncertainty.split(job.scenario, job.population, draws=2048, seed=1)


def test_variance_splits_as_in_the_closed_form(known):
    shares = known.shares.isel(target=0).sel(output="cash_releasing")
    truth = np.array([BELIEF, LUCK, 0.0, 0.0]) / (BELIEF + LUCK)
    for name in ("first_order", "total"):
        assert shares[name].values == pytest.approx(truth, abs=0.04)
        slack = 2 * (shares[f"{name}_high"] - shares[f"{name}_low"]) / 4
        assert (abs(shares[name] - truth) <= slack + 1e-9).all()
    assert abs(float(shares["interaction"])) < 0.01
    # Five times the mean; the variance of a sum of five years, as fractions.
    expected = 25 * (BELIEF + LUCK) * 1e-4
    assert float(shares["variance"]) == pytest.approx(expected, rel=0.1)


def test_the_chance_by_belief_is_as_in_the_closed_form(known):
    chances = known.chances.isel(target=0).sel(outcome="sector")
    z = ndtri(chances["quantile"].values)
    truth = ndtr((0.95 - 1.1 + np.sqrt(BELIEF) * z) / np.sqrt(LUCK))
    assert chances["band"].values == pytest.approx(truth, abs=0.1)
    assert (chances["band_low"] <= truth).all()
    assert (truth <= chances["band_high"]).all()
    whole = float(ndtr((0.95 - 1.1) / np.sqrt(BELIEF + LUCK)))
    assert (
        float(chances["probability_low"]) < whole < float(chances["probability_high"])
    )


def test_both_designs_agree_on_what_beliefs_alone_make(known):
    # The variance of the chance over beliefs is the first-order part of the indicator.
    share = known.shares.isel(target=0).sel(output="sector", group="beliefs")
    chances = known.chances.isel(target=0).sel(outcome="sector")
    p = float(chances["probability"])
    nested = float(chances["sd"]) ** 2 / (p * (1.0 - p))
    assert nested == pytest.approx(float(share["first_order"]), abs=0.08)


def test_the_one_uncertain_assumption_has_all_of_the_spread(known):
    effects = known.assumptions.isel(target=0).sel(outcome="sector")
    assert effects["assumption"].values.tolist() == ["demand.bias"]
    assert float(effects["share"][0]) == pytest.approx(1.0, abs=0.08)
    assert float(effects["direction"][0]) > 0.9  # demand is productivity here


def test_without_any_uncertain_assumption_there_is_luck_alone():
    given = tiny.sure_tables()
    given["demand"]["national_shock"] = {"sd": 0.02, "persistence": 0.2}
    scenario = tiny.loaded(given).scenario
    found = uncertainty.split(scenario, tiny.people(), draws=256, seed=BASE)
    assert found.assumptions.sizes["assumption"] == 0
    shares = found.shares.sel(output="final_balance")
    assert shares["first_order"].sel(group="national").values == pytest.approx(1.0)
    assert (found.chances["sd"] < 0.05).all()
    records = uncertainty_report.as_records(vars(found), "none", 7)
    assert json.dumps(records)
    uncertainty_report.render(vars(found), "none", 7)


# --- how it is run --------------------------------------------------------------------


def test_it_names_every_target_output_and_group(found, scenario):
    names = [target.name for target in scenario.targets]
    assert found.shares["target"].values.tolist() == names
    assert found.shares["output"].values.tolist() == list(OUTPUTS)
    assert found.shares["group"].values.tolist() == list(GROUPS)
    assert found.shares.attrs == {"draws": 512, "confidence": 0.95}
    assert found.chances.attrs["beliefs"] == 128
    assert found.chances.attrs["futures"] == FUTURES


def test_threads_move_no_number(found, scenario):
    again = uncertainty.split(scenario, tiny.people(), draws=512, seed=BASE, threads=1)
    for name, values in vars(found).items():
        assert getattr(again, name).identical(values), name


def test_a_target_alone_has_the_numbers_it_has_among_others(found, scenario):
    alone = uncertainty.split(
        scenario, tiny.people(), draws=512, seed=BASE, target="four"
    )
    for name, values in vars(found).items():
        assert getattr(alone, name).identical(values.sel(target=["four"])), name


def test_progress_adds_up(scenario):
    done = []
    uncertainty.split(
        scenario, tiny.people(), draws=256, seed=1, on_progress=done.append
    )
    assert sum(done) == uncertainty.simulated(256) == 10 * 256 + 64 * 64


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (
            {"draws": 255},
            "draws: 255 draws cannot be split into beliefs and luck",
        ),
        (
            {"draws": 258},
            "give a multiple of 4, 256 or more",
        ),
        ({"seed": -1}, "seed: -1 is out of range; give 0 to 2**63 - 1"),
        ({"threads": 0}, "threads: 0 is out of range; give 1 to 1,024"),
        ({"target": "for"}, "has no target 'for'; did you mean 'four'?"),
        ({"target": "x"}, "has no target 'x'; it has one-point-one, stepped, four"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_remedy(scenario, how, said):
    with pytest.raises(ScenarioError) as error:
        uncertainty.split(scenario, tiny.people(), **how)
    assert said in str(error.value)


# --- what is said ---------------------------------------------------------------------


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny.write(tmp_path)
    return tmp_path


def call(*arguments):
    result = CliRunner().invoke(
        main, ["uncertainty", "tiny.toml", "--draws", "256", *arguments]
    )
    return result.exit_code, result.stdout, result.stderr


def test_the_command_shows_every_target(here):
    code, said, errors = call()
    assert (code, errors) == (0, "")
    for name in ("one-point-one", "stepped", "four"):
        assert said.count(name) == 2
    assert "10 runs of 256 draws" in said
    assert "64 beliefs x 64" in said
    assert "95% Monte Carlo interval" in said
    assert sorted(here.iterdir()) == [here / "tiny.csv", here / "tiny.toml"]


def test_the_command_shows_one_target_in_full(here):
    code, said, _ = call("--target", "one-point-one")
    assert code == 0
    for words in uncertainty_report.OUTPUT_WORDS.values():
        assert words in said
    assert "that the sector achieves" in said
    assert "one-point-one: what the sector's chance goes with" in said
    assert "stepped" not in said


def test_the_command_gives_json(here, scenario):
    code, said, _ = call("--json", "--seed", "7")
    records = json.loads(said)
    assert code == 0
    assert (records["seed"], records["draws_of_each_run"]) == (7, 256)
    expected = uncertainty.split(scenario, tiny.people(), draws=256, seed=7)
    shares = expected.shares.sel(target="one-point-one", output="balance")
    found = records["targets"][0]["shares"]["balance"]
    assert found["first_order"]["beliefs"] == float(shares["first_order"][0])
    band = records["targets"][2]["chances"]["balance"]["band"]
    assert band.keys() == {"0.1", "0.5", "0.9"}


def test_the_command_refuses_in_one_line(here):
    code, said, errors = call("--target", "five")
    assert (code, said) == (1, "")
    assert len(errors.splitlines()) == 1
    assert "has no target 'five'" in errors


def test_chances_no_future_can_tell_from_nought_are_not_called_nought():
    assert uncertainty_report._seen(0.001, 64) == "<2%"
    assert uncertainty_report._seen(0.999, 64) == ">98%"
    assert uncertainty_report._seen(0.43, 64) == "43%"
