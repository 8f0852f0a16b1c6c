"""Comparisons: paired draws, what cannot be told apart, and nothing made of nothing."""

import dataclasses
import io
import json

import numpy as np
import pytest
import tiny
import xarray as xr
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from simulator.answers.compare import estimate as compare
from simulator.answers.compare import paired, recounting, simulated
from simulator.answers.compare import report as comparison_report
from simulator.answers.compare import simulate as comparing
from simulator.cli import compare as comparing_commands
from simulator.cli import main
from simulator.errors import RunFileError, ScenarioError
from simulator.running import prepare, provenance, runs, variables
from simulator.scenario.model import years
from simulator.schema import OUTCOMES, TRUST_TYPES
from simulator.statistics.intervals import paired_difference, wilson

DRAWS = 150
PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def by_draw(values):
    return xr.DataArray(np.asarray(values), dims="draw")


# --- chances --------------------------------------------------------------------------


@settings(max_examples=30)
@given(PAIRS)
def test_chances_are_counted_draw_by_draw(pairs):
    first, second = (by_draw(side) for side in zip(*pairs, strict=True))
    found = compare.chances(first, second)
    n = len(pairs)
    n10, n01 = pairs.count((True, False)), pairs.count((False, True))
    assert float(found["only_first"]) == n10 / n
    assert float(found["only_second"]) == n01 / n
    expected = paired_difference(n01, n10, n)
    assert float(found["difference"]) == (n01 - n10) / n
    assert float(found["difference_low"]) == expected.low
    assert float(found["difference_high"]) == expected.high
    low, high = wilson(int(first.sum()), n)
    assert (float(found["first_low"]), float(found["first_high"])) == (low, high)


def test_turned_round_a_difference_changes_its_sign_only():
    first, second = by_draw([1, 1, 0, 0, 1, 0]), by_draw([1, 0, 1, 1, 1, 1])
    there, back = compare.chances(first, second), compare.chances(second, first)
    assert float(there["difference"]) == -float(back["difference"])
    assert float(there["difference_low"]) == pytest.approx(
        -float(back["difference_high"])
    )


def test_where_no_draw_differs_there_is_a_bound_and_no_advice():
    same = by_draw([0, 1] * 50)
    found = compare.chances(same, same)
    assert float(found["difference_low"]) < 0.0 < float(found["difference_high"])
    assert np.isnan(found["more_draws"])


def test_a_wider_family_has_wider_intervals():
    first, second, alone = (xr.DataArray(count) for count in (40, 60, 5))
    one = compare.chances_of_counts(first, second, alone, 100)
    many = compare.chances_of_counts(first, second, alone, 100, family=200)
    assert float(many["difference_low"]) < float(one["difference_low"])
    assert float(many["difference"]) == float(one["difference"])


# --- means ----------------------------------------------------------------------------


def test_means_are_those_of_the_differences():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(2, 3, 80))
    first, second = (xr.DataArray(v, dims=("year", "draw")) for v in values)
    found = compare.means(first, second)
    gap = values[1] - values[0]
    np.testing.assert_allclose(found["difference"], gap.mean(axis=1))
    error = gap.std(axis=1, ddof=1) / np.sqrt(80)
    np.testing.assert_allclose(found["standard_error"], error)
    half = (found["difference_high"] - found["difference_low"]) / 2
    # Student's 97.5% point with 79 degrees of freedom.
    np.testing.assert_allclose(half / error, 1.99045, rtol=1e-5)
    np.testing.assert_array_equal(found["higher"], (gap > 0).mean(axis=1))


def test_draws_may_stand_on_any_axis():
    values = np.arange(12.0).reshape(3, 4)
    first = xr.DataArray(values, dims=("year", "draw"))
    second = xr.DataArray(values.T**2, dims=("draw", "year"))
    expected = (values**2 - values).mean(axis=1)
    np.testing.assert_allclose(compare.means(first, second)["difference"], expected)


# --- how many more draws --------------------------------------------------------------


def test_so_many_draws_tell_a_difference_four_times_in_five():
    rng = np.random.default_rng(11)
    error = np.array(1.0 / np.sqrt(100))
    n = 100 + int(compare.more_draws(np.array(0.2), error, 100))
    assert n == 197  # (1.95996 + 0.84162)^2 / 0.2^2, rounded up
    trials = rng.normal(0.2, 1.0, size=(4000, n))
    z = trials.mean(axis=1) / (trials.std(axis=1) / np.sqrt(n))
    assert np.mean(np.abs(z) > 1.96) == pytest.approx(0.8, abs=0.03)


def test_advice_where_there_is_none_to_give():
    nothing, spread = np.array(0.0), np.array(0.1)
    assert np.isinf(compare.more_draws(nothing, spread, 100))
    assert np.isnan(compare.more_draws(nothing, nothing, 100))


def test_what_is_told_needs_no_more_draws():
    found = compare.chances(by_draw([0] * 50), by_draw([1] * 50))
    assert float(found["more_draws"]) == 0.0


# --- runs -----------------------------------------------------------------------------


def run(*settings, draws=DRAWS, seed=7, text=tiny.POPULATION, tables=None):
    """What a run file of the tiny scenario would hold, as far as it is compared."""
    loaded, people = tiny.loaded(tables, *settings), tiny.people(text)
    job = prepare.prepare_counts(loaded.scenario, people, seed)
    made_from = provenance.of_run(loaded, people, seed, draws)
    coordinates = {
        "target": [target.name for target in loaded.scenario.targets],
        "outcome": list(OUTCOMES),
        "year": list(years(loaded.scenario)),
    }
    root = {
        variable.name: (variable.dims, v) for variable, v in variables.of_inputs(job)
    }
    parts, tally = tiny.simulate(job, draws, to_store=True)
    sector = {
        variable.name: (variable.dims, values)
        for variable, values in variables.of_shard(parts[0].shard)
        if variable.group == "/sector"
    }
    chances = {
        "probability": (("target", "outcome", "trust"), tally.trust / draws),
        "system_probability": (("target", "outcome", "system"), tally.system / draws),
    }
    attributes = {"draws": draws, "seed": seed}
    top = xr.Dataset(root | chances, coordinates, attributes)
    provenances = xr.Dataset(attrs=made_from)
    return xr.DataTree.from_dict(
        {"/": top, "/sector": xr.Dataset(sector), "/provenance": provenances}
    )


HARDER = ("demand.bias=0.01", "delivery.frontier=0.02")


@pytest.fixture(scope="module")
def plain():
    return paired.of_tree("plain.h5", run())


@pytest.fixture(scope="module")
def harder():
    return paired.of_tree("harder.h5", run(*HARDER))


@pytest.fixture(scope="module")
def found(plain, harder):
    return comparing.against_first([plain, harder])[0]


def differences(table):
    names = ["difference", "difference_low", "difference_high"]
    return table[names].to_array().values


def test_a_run_against_itself_differs_by_exactly_nothing(plain):
    other = paired.of_tree("other.h5", run("title=Other", "name=other"))
    (same,) = comparing.against_first([plain, other])
    assert same.identical.all()
    assert not differences(same.chances).any()
    assert not differences(same.units).any()
    assert not any(differences(table).any() for table in same.years.values())
    assert list(comparison_report.verdicts(same)) == [
        "Identical: each difference is exactly 0, by definition and in all draws."
    ]


def test_other_scenarios_are_not_identical_even_where_no_draw_differs(found):
    assert not found.identical.any()
    untouched = found.chances["only_first"] + found.chances["only_second"] == 0.0
    assert untouched.any()
    bounds = found.chances["difference_high"].where(untouched, drop=True)
    assert np.nanmin(bounds) > 0.0


def test_what_is_defined_otherwise_is_not_identical_though_it_looks_alike(plain):
    other = paired.of_tree("other.h5", run("delivery.backlog_growth=0.06"))
    (compared,) = comparing.against_first([plain, other], by_unit=False)
    assert not compared.identical.any()
    assert not compared.chances["difference"].any()
    assert (compared.chances["difference_high"] > 0.0).all()


def test_one_target_alone_may_be_identical(plain):
    other = paired.of_tree("other.h5", run("targets.2.rate=0.05"))
    (compared,) = comparing.against_first([plain, other], by_unit=False)
    assert compared.identical.values.tolist() == [True, True, False]
    assert compared.rates_differ == {"four": pytest.approx((0.04, 0.05))}
    assert compared.notes == (
        "four asks 4.00% a year in plain.h5 and 5.00% in other.h5.",
    )
    assert comparison_report.detailed(compared, None) != "four"
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(comparison_report.render([compared], None))
    assert "four (A 4.00%, B 5.00%)" in console.export_text()
    targets = comparison_report.as_records([compared])[0]["targets"]
    assert targets["four"]["rates_differ"] == pytest.approx([0.04, 0.05])
    assert targets["stepped"]["rates_differ"] is None


def test_chances_and_years_are_those_of_the_files(found, plain, harder):
    one, two = (s.tree["sector"].to_dataset() for s in (plain, harder))
    both = one["achieved"].astype(int), two["achieved"].astype(int)
    gap = (both[1] - both[0]).mean("draw")
    xr.testing.assert_allclose(found.chances["difference"], gap.astype(float))
    for result in paired.RESULTS:
        expected = (two[result] - one[result]).astype(float).mean("draw")
        np.testing.assert_allclose(
            found.years[result]["difference"], expected, rtol=1e-5, atol=1e-6
        )


def test_units_are_those_of_the_files(found, plain, harder):
    kinds = found.units["kind"].values
    for name, kind in (("probability", "trust"), ("system_probability", "system")):
        for end, side in (("first", plain), ("second", harder)):
            np.testing.assert_array_equal(
                found.units[end].values[..., kinds == kind], side.root[name].values
            )
    types = found.units["unit"].values[kinds == "type"]
    assert types.tolist() == list(TRUST_TYPES)
    assert found.units["difference"].values[..., kinds == "trust"].any()
    gap = found.units["only_second"] - found.units["only_first"]
    np.testing.assert_allclose(found.units["difference"], gap, atol=1e-15)


def test_discordant_draws_of_units_are_counted_draw_by_draw(found, plain, harder):
    achieved = []
    for side in (plain, harder):
        job = recounting._job(side, side.targets)
        (part,), _ = tiny.simulate(job, DRAWS, by_unit=True)
        achieved.append(part.shard.units.astype(bool))
    alone = (achieved[0] & ~achieved[1]).sum(axis=-1) / DRAWS
    np.testing.assert_array_equal(found.units["only_first"], alone)


def test_types_without_trusts_are_left_out():
    fewer = tiny.without("WB1")
    pair = [
        paired.of_tree(n, run(*s, text=fewer, draws=20))
        for n, s in (("a", ()), ("b", HARDER))
    ]
    (compared,) = comparing.against_first(pair)
    assert "ambulance" not in compared.units["unit"].values


@pytest.mark.parametrize("size", [16])
def test_how_draws_are_split_moves_no_count(found, plain, harder, size, monkeypatch):
    monkeypatch.setattr(recounting, "BLOCK", size)
    again = comparing.against_first([plain, harder], threads=2)[0]
    xr.testing.assert_identical(again.units, found.units)


def test_more_than_two_are_each_set_against_the_first(found, plain, harder):
    tables = tiny.tables()
    del tables["targets"][0]
    third = paired.of_tree(
        "third.h5", run("prices.premium=0.01", draws=70, tables=tables)
    )
    several = comparing.against_first([plain, third, harder])
    assert [c.second for c in several] == ["third.h5", "harder.h5"]
    xr.testing.assert_identical(several[1].units, found.units)
    (alone,) = comparing.against_first([plain, third])
    xr.testing.assert_identical(several[0].units, alone.units)


def test_of_different_numbers_of_draws_the_common_first_are_paired(plain, harder):
    short = paired.of_tree("short.h5", run(*HARDER, draws=60))
    (compared,) = comparing.against_first([plain, short])
    assert compared.draws == 60
    assert compared.notes == (
        "plain.h5 has 150 draws and short.h5 60: the first 60 of both are paired.",
    )
    cut = paired.of_tree("cut.h5", run(draws=60))
    (expected,) = comparing.against_first([cut, short])
    xr.testing.assert_identical(compared.chances, expected.chances)
    xr.testing.assert_identical(compared.units, expected.units)
    for name, table in compared.years.items():
        xr.testing.assert_identical(table, expected.years[name])


def test_targets_of_one_alone_are_not_paired(plain):
    tables = tiny.tables()
    tables["targets"][1]["name"] = "renamed"
    tables["targets"].reverse()
    other = paired.of_tree("other.h5", run(tables=tables))
    (compared,) = comparing.against_first([plain, other])
    assert list(compared.basis) == ["one-point-one", "four"]
    assert compared.unpaired == {"plain.h5": ["stepped"], "other.h5": ["renamed"]}
    assert compared.identical.all()
    assert not differences(compared.units).any()


def test_targets_meant_on_another_basis_are_judged_on_the_first(plain):
    other = paired.of_tree("other.h5", run("targets.0.basis=recurrent", draws=20))
    (compared,) = comparing.against_first([plain, other], by_unit=False)
    assert compared.own_outcome("one-point-one") == "cash_releasing"
    assert "both are judged on the first" in compared.notes[-1]


# --- what may not be compared ---------------------------------------------------------


def refused(plain, tree):
    with pytest.raises(RunFileError) as error:
        comparing.against_first([plain, paired.of_tree("other.h5", tree)])
    return str(error.value)


def test_another_seed_is_refused(plain):
    assert refused(plain, run(draws=5, seed=8)) == (
        "plain.h5 and other.h5: have different seeds: 7 and 8; run one again under the "
        "other's --seed"
    )


def test_another_population_is_refused(plain):
    said = refused(plain, run(draws=5, text=tiny.without("WB1")))
    assert "have different opening positions" in said


def test_other_years_are_refused(plain):
    later = tiny.tables() | {"first_year": 2020}
    said = refused(plain, run(draws=5, tables=later))
    assert "run over different years: 2019 to 2021 and 2020 to 2022" in said


def test_runs_without_a_common_target_are_refused(plain):
    tables = tiny.tables()
    tables["targets"] = [tables["targets"][0] | {"name": "another"}]
    said = refused(plain, run(draws=5, tables=tables))
    assert "have no target in common" in said


def test_another_layout_of_random_numbers_is_refused(plain):
    tree = run(draws=5)
    tree["provenance"].attrs["random_number_layout"] = "0"
    assert "random_number_layout is 0" in refused(plain, tree)


def test_one_common_draw_is_refused(plain):
    assert "share one draw" in refused(plain, run(draws=1))


def test_numbers_that_the_scenario_does_not_give_are_refused(plain):
    tree = run(draws=30)
    sector = tree["sector"].to_dataset().load()
    sector["achieved"][0, 0, 3] = 1 - sector["achieved"][0, 0, 3]
    parts = {"/": tree.to_dataset(), "sector": sector, "provenance": tree["provenance"]}
    bent = dataclasses.replace(plain, tree=xr.DataTree.from_dict(parts), draws=30)
    with pytest.raises(RunFileError, match="does not give its numbers"):
        comparing.against_first([plain, bent])
    comparing.against_first([plain, bent], by_unit=False)


def test_other_versions_are_named(plain):
    tree = run(draws=5)
    tree["provenance"].attrs["kernel_digest"] = "another"
    other = paired.of_tree("other.h5", tree)
    (compared,) = comparing.against_first([plain, other], by_unit=False)
    assert any("Different versions computed them" in note for note in compared.notes)


# --- what is printed ------------------------------------------------------------------


def test_what_cannot_be_told_is_said_and_not_ranked(found):
    row = found.chances.isel(target=0, outcome=0).copy(deep=True)
    for value, low, high, said in (
        (0.02, -0.01, 0.05, "not clear"),
        (0.02, 0.01, 0.03, "higher"),
        (-0.02, -0.03, -0.01, "lower"),
    ):
        row["difference"], row["difference_low"] = value, low
        row["difference_high"] = high
        assert comparison_report.verdict(row, False) == said
    assert comparison_report.verdict(row, True) == "identical"


def test_small_bounds_are_not_rounded_to_nothing(found):
    row = found.chances.isel(target=0, outcome=0).copy(deep=True)
    row["difference"], row["difference_low"] = 0.01, 0.0004
    row["difference_high"] = 0.02
    assert comparison_report.points(row) == "+1.00 (+0.04 to +2.00)"


def test_a_target_that_is_not_in_both_is_refused(found):
    with pytest.raises(ScenarioError) as error:
        comparison_report.detailed(found, "six")
    assert str(error.value) == (
        "target 'six': is not in both plain.h5 and harder.h5; choose from: "
        "one-point-one, stepped, four"
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny.write(tmp_path)
    return tmp_path


def call(*arguments):
    assert comparing_commands.compare.name in main.commands
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def test_the_print_says_both_and_what_drives_them(found):
    console = Console(width=100, file=io.StringIO())
    console.print(comparison_report.render([found], "four"))
    said = console.file.getvalue()
    assert said.startswith("A: plain.h5\nB: harder.h5\n150 draws in common")
    for words in ("four, year by year", "four, by type", "the trusts that differ most"):
        assert words in said
    assert "…" not in said


@pytest.mark.parametrize("flag", ["--draws", "--seed"])
def test_compare_refuses_what_it_would_not_use(here, flag):
    runs.write(runs.load("tiny.toml"), here / "a.h5", draws=40)
    result = call("compare", "a.h5", "a.h5", flag, "0")
    assert result.exit_code == 1
    assert "are for scenarios, not run files; leave them out" in result.stderr


@pytest.mark.parametrize("draws", [150, 2051])  # more than are simulated at a time
def test_scenarios_compare_as_their_run_files_do(here, draws):
    text = (here / "tiny.toml").read_text(encoding="utf-8")
    text = text.replace("frontier = ", "frontier = 0.02 #", 1)
    (here / "b.toml").write_text(text, encoding="utf-8")
    how = {"draws": draws, "seed": 7, "threads": 2}
    files, scenarios = [], []
    for name in ("tiny.toml", "b.toml"):
        side = simulated.side(name, by_unit=True, on_progress=lambda n: None, **how)
        scenarios.append(side)
        run_file = here / f"{name}.h5"
        with runs.run(name, output=run_file, **how) as tree:
            files.append(paired.of_tree(name, tree.load()))
    (found,) = comparing.against_first(scenarios)
    (expected,) = comparing.against_first(files)
    assert_same(found, expected)
    few = dataclasses.replace(files[1], draws=draws - 37)  # and in another order
    (found,) = comparing.against_first([few, scenarios[0]])
    (expected,) = comparing.against_first([few, files[0]])
    assert_same(found, expected)


def assert_same(found, expected):
    assert found.units is not None
    xr.testing.assert_identical(found.units, expected.units)
    xr.testing.assert_identical(found.chances, expected.chances)
    for name, table in expected.years.items():
        xr.testing.assert_identical(found.years[name], table)
    rest = {"units": None, "chances": None, "years": None, "identical": None}
    assert dataclasses.replace(found, **rest) == dataclasses.replace(expected, **rest)
    assert found.identical.equals(expected.identical)


@pytest.mark.slow
def test_compare_runs_scenarios_as_the_run_file_was_run(here):
    runs.write(runs.load("tiny.toml"), here / "a.h5", draws=40, seed=3)
    text = (here / "tiny.toml").read_text()
    (here / "b.toml").write_text(text.replace("frontier = ", "frontier = 0.02 #", 1))
    result = call("compare", "a.h5", "b.toml", "a.h5", "--json")
    assert result.exit_code == 0
    other, same = json.loads(result.stdout)["comparisons"]
    assert (other["first"], other["second"], other["draws"]) == ("a.h5", "b.toml", 40)
    assert same["second"] == "a.h5 (2)"
    assert not any(t["identical"] for t in other["targets"].values())
    assert all(t["identical"] for t in same["targets"].values())
    four = other["targets"]["four"]
    assert set(four["outcomes"]) == set(OUTCOMES)
    assert set(four["years"]["balance"]) == {"2019", "2020", "2021"}
    assert len(four["units"]) == 2 * (8 + 5 + 3)
    assert four["years"]["balance"]["2021"]["difference"] > 0.0
