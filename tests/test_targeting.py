"""The highest rate: in closed form, on common draws, by unit, in words."""

import json

import numpy as np
import pytest
import test_engine
import tiny
from click.testing import CliRunner
from scipy.special import ndtr, ndtri

from simulator.answers.target import report as target_report
from simulator.answers.target import simulate as targeting
from simulator.answers.target.estimate import highest_rate
from simulator.cli import main
from simulator.cli import target as command
from simulator.errors import ScenarioError, SimulatorError
from simulator.running import runs
from simulator.scenario.load import load_scenario
from simulator.schema import OUTCOMES, TRUST_TYPES

assert command  # that the command is there


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the tiny scenario, and one whose answer is known."""
    place = tmp_path_factory.mktemp("targets")
    tiny.write(place)
    return place


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Five years of productivity: normal around 0.95%, and nothing else."""
    given = test_engine.five_years_of_productivity()
    return tiny.write(tmp_path_factory.mktemp("known"), given)


def found_by(place, **how):
    return targeting.curve(place / "tiny.toml", **how)


def closed_form(chance):
    """The rate that the mean of five years reaches with a chance."""
    return 0.0095 + np.sqrt(0.005**2 + 0.01**2 / 5) * ndtri(1.0 - chance)


# --- known answers --------------------------------------------------------------------


def test_the_highest_rate_is_that_of_the_closed_form(known):
    chances = (0.8, 0.5, 0.1)
    curve = targeting.curve(known, chances=chances, draws=4000, seed=11)
    found = highest_rate(curve, "cash_releasing", chances)
    truth = closed_form(np.array(chances))
    assert (found["rate_low"].values < truth).all()
    assert (truth < found["rate_high"].values).all()
    assert (found["rate_high"] - found["rate_low"] < 0.0008).all()
    assert (found["rate_low"] <= found["rate"]).all()
    assert (found["rate"] <= found["rate_high"]).all()
    # The whole curve is a normal distribution's, within its intervals by and large.
    expected = ndtr((0.0095 - curve["rate"].values) / np.sqrt(0.005**2 + 0.01**2 / 5))
    chance = curve.sel(outcome="cash_releasing")["probability"].values
    assert abs(chance - expected).max() < 4 * np.sqrt(0.25 / 4000)


@pytest.mark.slow
def test_the_interval_holds_the_closed_form_for_most_seeds(known):
    truth, held = closed_form(0.8), 0
    for seed in range(60):
        curve = targeting.curve(known, chances=(0.8,), draws=1000, seed=seed)
        one = highest_rate(curve, "cash_releasing", [0.8]).isel(chance=0)
        held += bool(one["rate_low"] <= truth <= one["rate_high"])
    assert held >= 52  # a 95% interval holds it in fewer once in 250 times


def test_a_certain_scenario_has_a_step_found_to_the_resolution(tmp_path):
    place = tiny.write(tmp_path, tiny.sure_tables())
    curve = targeting.curve(place, chances=(0.8,), draws=64)
    one = highest_rate(curve, "cash_releasing", [0.8]).isel(chance=0)
    assert set(np.unique(curve["achieved"])) == {0, 64}
    assert one["reached"] == "found"
    assert one["rate_high"] - one["rate_low"] <= targeting.RESOLUTION * (1.0 + 1e-6)
    sides = targeting.curve(place, rates=[one["rate_low"], one["rate_high"]], draws=64)
    assert sides["achieved"].sel(outcome="cash_releasing").values.tolist() == [64, 0]


# --- common draws ---------------------------------------------------------------------


def test_a_rate_has_the_chance_that_a_run_gives_it(folder):
    run = runs.run(folder / "tiny.toml", draws=300, seed=5)
    by = {"sector": "sector_probability", "system": "system_probability"}
    for level, name in {
        **by,
        "type": "type_probability",
        "trust": "probability",
    }.items():
        curve = found_by(
            folder, rates=[0.011], by=level, like="one-point-one", draws=300, seed=5
        )
        expected = run[name].sel(target="one-point-one")
        if level == "type":
            expected = expected.sel(trust_type=curve["trust_type"])
        assert np.array_equal(curve["probability"].isel(rate=0), expected), level
    # Its add-on for trusts in deficit is part of what is asked.
    without = found_by(folder, rates=[0.011], by="trust", draws=300, seed=5)
    assert (without["achieved"] != curve["achieved"]).any()
    assert curve.attrs["deficit_addon"] == [0.005, 0.005, 0.0]


def test_more_rates_leave_the_others_as_they_are(folder):
    few = found_by(folder, rates=[0.01, 0.03], draws=200)
    many = found_by(folder, rates=np.linspace(0.0, 0.04, 41), draws=200)
    for rate in (0.01, 0.03):
        one = many["achieved"].sel(rate=rate, method="nearest")
        assert np.array_equal(few["achieved"].sel(rate=rate), one)
    assert len(many["rate"]) > targeting.AT_ONCE


def test_threads_move_no_number(folder):
    one, two = (found_by(folder, draws=300, threads=n) for n in (1, 2))
    assert one.identical(two)


def test_a_type_of_one_trust_is_that_trust(folder):
    how = {"chances": (0.7,), "draws": 300}
    by_type, by_trust = (
        found_by(folder, by=level, **how) for level in ("type", "trust")
    )
    assert by_type["trust_type"].values.tolist() == list(TRUST_TYPES)
    rates = np.intersect1d(by_type["rate"], by_trust["rate"])
    assert len(rates) >= 17
    for kind, code in {
        "ambulance": "WB1",
        "specialist": "SS1",
        "community": "NC1",
    }.items():
        one = by_type["achieved"].sel(trust_type=kind, rate=rates, drop=True)
        assert one.equals(by_trust["achieved"].sel(trust=code, rate=rates, drop=True))
        found = [
            highest_rate(curve, "cash_releasing", [0.7]).sel({dim: name}).isel(chance=0)
            for curve, dim, name in (
                (by_type, "trust_type", kind),
                (by_trust, "trust", code),
            )
        ]
        assert abs(found[0]["rate"] - found[1]["rate"]) < 0.0005


def test_a_type_without_trusts_is_left_out(tmp_path):
    tiny.write(tmp_path)
    (tmp_path / "tiny.csv").write_text(tiny.without("WB1"), encoding="utf-8")
    curve = found_by(tmp_path, by="type", rates=[0.01], draws=50)
    assert "ambulance" not in curve["trust_type"].values
    assert not np.isnan(curve["probability"]).any()


# --- what is asked --------------------------------------------------------------------


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_has_a_curve_that_says_whether_it_falls(folder, outcome):
    curve = found_by(folder, outcome=outcome, chances=(0.5,), draws=200)
    chosen = curve.sel(outcome=outcome)
    if outcome in ("balance", "sustained"):
        assert not chosen["monotone"]
    else:
        assert (np.diff(chosen["fitted"]) <= 0.0).all()
    one = highest_rate(curve, outcome, [0.5]).isel(chance=0)
    above = chosen["fitted"].where(curve["rate"] > one["rate"] + 1e-9, drop=True)
    assert (above < 0.5).all()


def test_the_outcome_follows_the_basis_of_the_target_it_is_like(folder):
    for like, outcome in {"stepped": "any_means", "four": "recurrent"}.items():
        curve = found_by(folder, like=like, rates=[0.02], draws=20)
        assert curve.attrs["outcome"] == outcome
    curve = found_by(folder, like="four", outcome="balance", rates=[0.02], draws=20)
    assert (curve.attrs["outcome"], curve.attrs["basis"]) == ("balance", "recurrent")


def test_a_run_file_gives_the_same_answer_as_its_scenario(folder):
    place = folder / "kept.h5"
    settings = ["prices.pay=0.03"]
    loaded = load_scenario(folder / "tiny.toml", settings)
    runs.run(loaded, draws=150, seed=9, output=place)
    of_file = targeting.curve(place, rates=[0.01, 0.02])
    of_scenario = found_by(
        folder, rates=[0.01, 0.02], draws=150, seed=9, settings=settings
    )
    assert of_file.drop_attrs().identical(of_scenario.drop_attrs())
    assert (of_file.attrs["draws"], of_file.attrs["seed"]) == (150, 9)
    assert targeting.curve(place, rates=[0.01], draws=40).attrs["draws"] == 40
    with pytest.raises(SimulatorError, match="name the scenario instead"):
        targeting.curve(place, settings=settings)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"like": "for"}, "like: there is no target 'for'; did you mean 'four'?"),
        (
            {"outcome": "recurring"},
            "outcome: 'recurring' is not an outcome; did you mean 'recurrent'?",
        ),
        ({"by": "trusts"}, "by: 'trusts' is not a level; did you mean 'trust'?"),
        (
            {"chances": [80]},
            "probability: 80 is not between 0 and 1; give 0.8 for 80%",
        ),
        ({"rates": [1.1]}, "rates: 1.1 is not a rate a year; give 0.011 for 1.1%"),
        ({"rates": []}, "rates: are not a list; give one or more rates"),
        ({"draws": 0}, "draws: 0 is out of range; give 1 to 1,000,000,000,000"),
    ],
)
def test_what_cannot_be_asked_is_said(folder, how, said):
    with pytest.raises(ScenarioError) as caught:
        found_by(folder, **how)
    assert str(caught.value) == said


def test_trust_years_kept_from_zero_are_said(folder):
    usual = found_by(folder, rates=[0.01, 0.02], draws=20)
    assert (usual["guarded"] == 0).all()
    assert "kept from passing zero" not in " ".join(_notes(usual))
    # No plausible growth takes cost or income so far.
    kept = usual.assign(guarded=usual["guarded"] + 1)
    assert "kept from passing zero" in " ".join(_notes(kept))


def _notes(curve):
    return [str(part) for part in target_report.render(curve, 0.01).renderables]


# --- in words -------------------------------------------------------------------------


def call(*arguments):
    result = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def test_the_answer_is_a_sentence_and_a_table(known):
    said = call("target", known, "--draws", 1000, "--seed", 3)
    words = " ".join(said.split())
    asked = "The highest rate of cash-releasing productivity that the sector has at "
    assert f"{asked}least an 80% chance" in words
    assert "% a year (95% interval 0." in words
    assert "1,000 draws, seed 3." in words
    assert "no add-on for trusts in deficit" in words
    for chance in ("95%", "50%", "5%"):
        assert f"\n{chance} " in said
    assert "The chance falls with the rate" in words


def test_json_holds_the_answer_its_interval_and_the_curve(folder):
    place = folder / "tiny.toml"
    arguments = ("--draws", 200, "--probability", 0.6, "--json")
    found = json.loads(call("target", place, *arguments))
    (one,) = found["highest"]
    assert one["unit"] == "sector"
    assert one["rate_low"] <= one["rate"] <= one["rate_high"]
    assert (found["draws"], found["seed"], found["confidence"]) == (200, 2019, 0.95)
    assert len(found["chances"]) == 9
    (line,) = found["curve"]
    assert len(line["probability"]) == len(found["rates_tried"])
    for low, estimate, high in zip(
        line["low"], line["probability"], line["high"], strict=True
    ):
        assert low <= estimate <= high


@pytest.mark.parametrize(("by", "units"), [("type", 5), ("system", 3), ("trust", 8)])
def test_by_unit_there_is_a_line_for_each_and_trusts_have_quantiles(folder, by, units):
    arguments = (folder / "tiny.toml", "--by", by, "--draws", 100)
    said = call("target", *arguments)
    assert "highest rate a year" in said
    found = json.loads(call("target", *arguments, "--json"))
    assert len(found["highest"]) == units
    if by == "trust":
        assert "share of trusts at or below" in said
        assert "8 trusts have the chance at no rate" in " ".join(said.split())
        assert "curve" not in found
    else:
        for one in found["highest"]:
            assert f"\n{one['unit'].replace('_', ' ')} " in said


def test_no_rate_and_every_rate_are_said_with_the_chance_there(folder):
    def words(probability, **how):
        curve = found_by(folder, chances=(probability,), draws=200, **how)
        best = target_report.highest(curve, probability)
        return target_report.sentence(curve, best, probability)

    worst = ["delivery.real_share=0.0", "delivery.cost_elasticity=1.0"]
    worst += ["delivery.opportunity_scale=0.01", "demand.bias=-0.05"]
    said = words(0.8, outcome="balance", settings=[*worst, "prices.pay=0.2"])
    assert ": none. The best is " in said
    assert "with below " in said
    assert "200 draws" in said
    # More care at no cost is productivity far above the highest rate tried.
    best = ["delivery.ask_max=0.0001", "delivery.cost_elasticity=0.0"]
    said = words(0.8, outcome="cash_releasing", settings=best)
    assert "at least 0.01% a year, the highest tried; its chance is " in said


def test_an_outcome_that_is_not_monotone_says_so(folder):
    said = call("target", folder / "tiny.toml", "--outcome", "balance", "--draws", 100)
    words = " ".join(said.split())
    assert "NOT MONOTONE in the rate" in words
    assert "to end the last year in balance under" in words


def test_a_mistake_is_said_in_a_line():
    result = CliRunner().invoke(main, ["target", "long-term-plan", "--like", "1.2%"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("like: there is no target '1.2%'; ")
    assert result.stderr.count("\n") == 1
