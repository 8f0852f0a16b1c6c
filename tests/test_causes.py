"""Causes: each reference state is what it says, and the parts add up."""

import json
import re

import numpy as np
import pytest
import tiny
from click.testing import CliRunner

from simulator.answers.why import causes
from simulator.answers.why import simulate as attributing
from simulator.answers.why.causes import GROUPS, REFERENCES, World
from simulator.cli import main
from simulator.cli import why as causes_commands
from simulator.engine import blocks
from simulator.errors import ScenarioError
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.running import prepare, replay, runs
from simulator.scenario.model import Scenario
from simulator.scenario.money import Prices
from simulator.scenario.saving import Delivery
from simulator.scenario.write import resolved_toml

DRAWS = 40
SEED = 7
ALL = {cause.name for cause in REFERENCES}
FEW = tiny.FEW_CAUSES


def scenario(*settings, tables=None):
    return tiny.loaded(tables, *settings).scenario


def few(*settings):
    """The scenario with six causes of the eleven, so 64 sets of them."""
    return scenario(*FEW, *settings)


def world(*settings, target=0, tables=None):
    given = scenario(*settings, tables=tables)
    one = given.model_copy(update={"targets": (given.targets[target],)})
    item = one.targets[0]
    return World(one, item.path or (item.rate,) * one.years)


def simulated(of, draws=DRAWS):
    """The sector of a world by name, (year, draw); its job and what was drawn."""
    job = attributing._job(of, tiny.people(), SEED)
    stream = blocks.Stream if of.runs_out else causes.Plentiful
    (part,), _ = tiny.simulate(job, draws, stream=stream)
    rows = {name: part.shard.sector[i, 0] for i, name in enumerate(GROUP_RESULTS)}
    return rows, job, part.shard.drawn


def ask(*others, target="one-point-one"):
    found = [(given, tiny.people()) for given in others or (few(),)]
    return attributing.ask(found, target)


def answer(question, draws=DRAWS):
    return attributing.answer(question, draws=draws, seed=SEED)


def adds_up(explained):
    shares = explained.shares
    whole = shares["with_all"] - shares["without"]
    left = shares["contribution"].sum("cause") - whole
    scale = {"delivered": 1.0, "balance": 100.0, "chance": 1.0}
    return all(abs(float(left.sel(quantity=q))) < 1e-9 * s for q, s in scale.items())


# --- what is so where a cause does not act --------------------------------------------


def test_with_every_cause_acting_it_is_the_scenario_itself():
    found, *_ = simulated(causes.without(world(), ()))
    (part,), _ = tiny.simulate(tiny.job(seed=SEED), DRAWS)
    for i, name in enumerate(GROUP_RESULTS):
        np.testing.assert_array_equal(found[name], part.shard.sector[i, 0])


def test_without_demand_as_much_is_wanted_as_is_funded_in_the_middle():
    sure = (
        "prices.pressure=0.005",
        "prices.pressure_other=0.5",
        "prices.pressure_paid=0.5",
        "prices.pressure_shock.sd=0",
        "prices.national_share=0.75",
    )
    off = causes.without(world(*sure), {"demand"})
    found, job, drawn = simulated(off)
    rest = job.plan.cost_uplift - job.plan.price[0]
    prices = (1.0 + job.plan.price[0] + 0.25 * rest)[:, None]
    np.testing.assert_allclose(drawn.demand, drawn.growth / prices - 1.0, atol=1e-15)
    assert not off.scenario.demand.trust_sd
    assert abs(found["unmet"]).max() < 1e-12
    acting, *_ = simulated(world(*sure))
    assert acting["unmet"].max() > 1e-3


def test_where_what_is_funded_is_uncertain_demand_stays_at_its_middle():
    off = causes.without(world("prices.pressure_paid=1"), {"demand"})
    _, _, drawn = simulated(off)
    assert np.ptp(drawn.growth, axis=-1).min() > 0.0
    assert np.ptp(drawn.demand, axis=-1).max() == 0.0


def test_without_prices_costs_grow_as_prices_are_uplifted():
    off = causes.without(world("prices.made_good=0.8"), {"prices"})
    _, _, drawn = simulated(off)
    uplift = np.array(off.scenario.prices.cost_uplift)[:, None]
    np.testing.assert_array_equal(drawn.pay, np.broadcast_to(uplift, drawn.pay.shape))
    np.testing.assert_array_equal(drawn.nonpay, drawn.pay)
    np.testing.assert_array_equal(drawn.passed_on, drawn.paid_pressure)


def test_without_pressure_no_trust_has_any_and_nobody_pays_for_it():
    found, job, drawn = simulated(causes.without(world(), {"pressure"}))
    assert not drawn.pressure.any()
    assert not drawn.paid_pressure.any()
    pressure_sd, drift_sd = job.plan.spread[1:3]
    assert pressure_sd == drift_sd == 0.0
    assert not found["pressure"].any()
    assert simulated(world())[0]["pressure"].any()


def planned(*absent, target, **changes):
    """The share of cost that each year's plans come to; all trusts plan alike."""
    tables = tiny.sure_tables()
    tables["targets"][target]["plan_follows"] = "gap"
    tables["targets"][target] |= changes
    found, *_ = simulated(causes.without(world(target=target, tables=tables), absent))
    return (found["ask"] / found["cost_before"])[:, 0]


def test_without_gap_limit_and_one_offs_a_plan_is_its_floor_or_the_target():
    off = ("gap", "plan limit", "one-offs")
    floor = tiny.sure_tables()["delivery"]["plan_floor"]
    np.testing.assert_allclose(planned(*off, target=1), floor, rtol=1e-12)
    tariff = planned(*off, target=1, plan_follows="tariff")
    np.testing.assert_allclose(tariff, [0.01, 0.02, 0.03], rtol=1e-12)


def test_the_gap_adds_to_plans_and_the_limit_takes_away():
    floor = planned("gap", "plan limit", "one-offs", target=1)
    wanted = planned("plan limit", "one-offs", target=1)
    assert np.all(wanted > floor * 1.01)
    assert np.all(planned("one-offs", target=1) < wanted)


def test_without_funding_the_trend_is_funded_and_the_target_not_taken_out():
    acting = world("demand.mental_health.trend=[0.01,0.02,0.03]")
    off = causes.without(acting, {"funding"})
    _, job, drawn = simulated(off)
    np.testing.assert_allclose(
        job.plan.price[0], acting.scenario.prices.cost_uplift, atol=1e-15
    )
    assert not job.plan.settled
    acute, _, mind, *_ = drawn.growth - 1.0
    trend = np.array(acting.scenario.demand.acute.trend)
    np.testing.assert_allclose(acute, trend[:, None] + 0 * acute, atol=1e-15)
    np.testing.assert_allclose(mind[:, 0], [0.01, 0.02, 0.03], atol=1e-15)
    funds = off.scenario.funding.support
    assert funds["recovery"].amount == 20.0
    assert funds["sustainability"].amount == 25.0


def test_without_prices_nor_funding_costs_do_not_grow_with_the_target():
    off = causes.without(world(), {"prices", "funding"})
    assert off.scenario.prices.pay == pytest.approx((0.03, 0.028, 0.028))
    _, job, _ = simulated(off)
    assert job.plan.price[0] == pytest.approx((0.03, 0.028, 0.028))


def plenty(names):
    """A sure world of one trust that saves all that is within reach: its rates."""
    tables = tiny.sure_tables()
    tables["delivery"] |= {"sharpness": 1.0, "ask_max": 1.0}
    tables["delivery"] |= {"plan_limit": 1.0, "plan_sharpness": 1.0}
    acting = world("targets.0.rate=0.5", "targets.0.deficit_addon=0", tables=tables)
    found, *_ = simulated(causes.without(acting, names), 1)
    return (found["recurrent"] / found["cost_before"])[:, 0]


def test_without_running_out_all_that_was_there_stays_and_more_comes(monkeypatch):
    alone = tiny.without("NC1", "NM1", "SA1", "SS1", "SM1", "WA1", "WB1")
    monkeypatch.setattr(
        tiny, "people", lambda: tiny.population_csv.from_csv_text(alone, "alone.csv")
    )
    rates = plenty({"opportunity running out", "programmes"})
    access = np.array([0.35, 0.20, 0.06])
    share = np.array([0.4, 0.4, 0.2])
    stock = np.array([0.12 + year * 0.010 for year in range(3)])
    np.testing.assert_allclose(rates, stock * float(access @ share), rtol=1e-5)
    fewer = plenty({"programmes"})
    assert np.all(fewer[1:] < rates[1:] * 0.95)


def test_programmes_still_add_where_opportunity_does_not_run_out():
    with_them = plenty({"opportunity running out"})
    without_them = plenty({"opportunity running out", "programmes"})
    assert np.all(with_them[1:] > without_them[1:] * 1.0001)


def test_without_one_offs_there_are_none_and_nothing_is_found_again():
    off = causes.without(world(), {"one-offs"})
    found, job, _ = simulated(off)
    assert not found["nonrecurrent"].any()
    assert not job.trusts.carry_over.any()
    assert not off.found_again


def test_without_luck_nobody_departs_from_capacity():
    _, job, drawn = simulated(causes.without(world(), {"delivery luck"}))
    assert not drawn.delivery.any()
    assert not job.plan.spread[3:5].any()


def test_without_conditions_the_lever_is_one():
    _, _, drawn = simulated(causes.without(world(), {"conditions"}))
    assert (drawn.lever == 1.0).all()
    assert simulated(world())[2].lever.std() > 0.01


def test_without_programmes_nothing_is_opened_nor_paid():
    acting, *_ = simulated(world())
    off, _, drawn = simulated(causes.without(world(), {"programmes"}))
    saved = off["support"][0] - acting["support"][0]
    assert np.all((saved == 0.0) | (saved > 1.0))  # by whether they happen
    assert saved.any()
    assert np.ptp(drawn.new_opportunity[:, 1], axis=0).max() == 0.0


# --- one scenario ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def gap():
    return answer(ask())


def test_each_of_them_matters_where_it_is_in_the_scenario():
    whole = causes.without(world(), ())
    assert len(ALL) == 11
    assert all(causes.without(world(), {name}) != whole for name in ALL)


def test_the_parts_of_a_gap_add_up(gap):
    assert adds_up(gap)


def test_a_cause_that_the_scenario_has_not_is_no_player(gap):
    absent = [cause.name for cause in gap.question.absent]
    assert absent == ["gap", "plan limit", "delivery luck", "conditions", "programmes"]
    assert len(gap.question.sets) == 2**6


@pytest.mark.parametrize("name", ["stepped", "four"])
def test_other_bases_add_up_too(name):
    explained = answer(ask(target=name), 10)
    assert adds_up(explained)
    assert explained.all_real is None


def test_what_is_delivered_is_what_a_run_of_the_scenario_delivers(gap):
    (part,), _ = tiny.simulate(tiny.job(None, *FEW, seed=SEED), DRAWS)
    row = dict(zip(GROUP_RESULTS, part.shard.sector[:, 0], strict=True))
    found = gap.shares["with_all"]
    assert (
        float(found.sel(quantity="delivered")) == row["cash_releasing"].mean(0).mean()
    )
    assert float(found.sel(quantity="balance")) == row["balance"][-1].mean()
    assert float(found.sel(quantity="chance")) == part.shard.achieved[0, 2].mean()


def test_threads_move_no_number():
    question = ask()
    found = [
        attributing.answer(question, draws=10, seed=SEED, threads=n).shares
        for n in (1, 3)
    ]
    assert found[0].identical(found[1])


def test_a_balancing_item_is_solved_once():
    tables = tiny.tables()
    tables["targets"].append(tiny.balancing())
    given = scenario(*FEW, tables=tables)
    question = ask(given, target="what-closes-the-gap")
    rate = prepare.prepare(given, tiny.people(), 1).plan.rate[-1]
    assert {found.rate for found in question.sets} == {tuple(rate)}


# --- two scenarios --------------------------------------------------------------------


def test_every_section_and_key_belongs_to_one_cause():
    paths = [path for group in GROUPS.values() for path in group]
    assert len(set(paths)) == len(paths)
    sections = {path.split(".")[0] for path in paths}
    same = {"name", "title", "about", "population", "first_year", "years"}
    same |= {"as_known_at"}
    assert sections | same == set(Scenario.model_fields)
    for section, keys in (("delivery", Delivery), ("prices", Prices)):
        found = {path.split(".")[1] for path in paths if path.startswith(section)}
        assert found == set(keys.model_fields)


def test_a_scenario_against_itself_differs_by_exactly_nothing():
    explained = answer(ask(scenario(), scenario()))
    assert explained.question.causes == ()
    names = ["total", "total_low", "total_high"]
    assert not explained.shares[names].to_array().any()


@pytest.mark.parametrize(
    ("setting", "cause"),
    [
        ("demand.bias=0.01", "demand"),
        ("prices.premium=0.01", "prices"),
        ("correlations.pay_demand=0.3", "prices"),
        ("prices.made_good=0.5", "prices"),
        ("prices.pressure_paid=0.1", "pressure"),
        ("opening.cost_error=0.02", "opening"),
        ("delivery.gap_closed=0.1", "plans"),
        ("targets.0.plan_follows=gap", "target"),
        ("funding.real_growth=0.02", "funding"),
        ("delivery.frontier=0.02", "opportunity"),
        ("delivery.forgiven=0", "one-offs"),
        ("delivery.real_share=0.9", "delivery"),
        ("conditions.workforce=1.2", "conditions"),
        ("programmes.rosters.enabled=false", "programmes"),
        ("targets.0.rate=0.02", "target"),
    ],
)
def test_what_differs_in_one_place_is_all_put_down_to_it(setting, cause):
    explained = answer(ask(scenario(), scenario(setting)))
    assert [found.name for found in explained.question.causes] == [cause]
    shares = explained.shares
    assert (
        shares["contribution"]
        .squeeze("cause")
        .equals(shares["total"].assign_coords(cause=cause))
    )
    assert float(abs(shares["total"]).sum()) > 0.0


def different():
    return scenario(
        "demand.bias=0.01",
        "prices.premium=0.004",
        "funding.real_growth=0.02",
        "delivery.real_share=0.7",
        "targets.0.rate=0.02",
    )


def test_the_parts_of_a_difference_add_up_and_turn_round():
    there = answer(ask(scenario(), different()))
    back = answer(ask(different(), scenario()))
    assert adds_up(there)
    assert len(there.question.causes) == 5
    np.testing.assert_allclose(
        there.shares["contribution"], -back.shares["contribution"], atol=1e-10
    )


def test_the_ends_of_a_difference_are_the_two_scenarios():
    explained = answer(ask(scenario(), different()))
    for name, given in (("without", scenario()), ("with_all", different())):
        job = prepare.prepare_counts(given, tiny.people(), SEED)
        (part,), _ = tiny.simulate(job, DRAWS)
        balance = part.shard.sector[GROUP_RESULTS.index("balance"), 0, -1].mean()
        assert float(explained.shares[name].sel(quantity="balance")) == balance


def refused(*what, target="one-point-one"):
    with pytest.raises(ScenarioError) as error:
        ask(*what, target=target)
    return str(error.value)


def test_a_target_that_is_not_there_is_refused():
    assert refused(target="two") == (
        "target 'two': minimal has no such target; choose from: one-point-one, "
        "stepped, four"
    )


def test_other_years_are_refused():
    later = scenario(tables=tiny.tables() | {"first_year": 2020})
    assert refused(scenario(), later) == (
        "minimal and minimal: run over different years: 2019 to 2021 and 2020 to 2022; "
        "give both the same first_year and years"
    )


def test_another_basis_is_refused():
    assert refused(scenario(), scenario("targets.0.basis=reported")) == (
        "target 'one-point-one': has basis cash_releasing in minimal and reported in "
        "minimal; give it one basis"
    )


def test_another_population_is_refused():
    fewer = tiny.people(tiny.without("WB1"))
    with pytest.raises(ScenarioError, match="different opening positions"):
        attributing.ask(
            [(scenario(), tiny.people()), (scenario(), fewer)], "one-point-one"
        )


def test_a_mix_that_is_no_scenario_is_refused_by_its_place():
    given = scenario()
    shares = given.delivery.pool_shares.model_copy(update={"system": 0.5})
    delivery = given.delivery.model_copy(update={"pool_shares": shares})
    odd = World(given.model_copy(update={"delivery": delivery}), (0.011,) * 3)
    with pytest.raises(ScenarioError) as error:
        causes.mixed(World(given, (0.011,) * 3), odd, {"opportunity"})
    assert str(error.value) == (
        "a mix with some causes switched: delivery.pool_shares: the shares sum to 1.3; "
        "make them sum to 1"
    )


def test_one_draw_is_refused(gap):
    with pytest.raises(ScenarioError, match="1 is too few for an interval"):
        answer(gap.question, 1)


# --- the command ----------------------------------------------------------------------


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "tiny.toml"
    tiny.write(tmp_path)
    place.write_text(resolved_toml(tiny.loaded(None, *FEW)), encoding="utf-8")
    return tmp_path


def call(*arguments):
    assert causes_commands.why.name in main.commands
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def test_why_prints_parts_that_add_up(here):
    result = call("why", "tiny.toml", "--target", "one-point-one", "--draws", 20)
    assert result.exit_code == 0
    said = result.stdout
    table = said.split("\n\n")[1].splitlines()[3:]
    first = {re.split(r"  +", line.strip())[0]: line for line in table}
    numbers = {
        name: float(shown[0])
        for name, line in first.items()
        if (shown := re.search(r"[-+]?\d+\.\d{3}", line))
    }
    parts = [value for name, value in numbers.items() if name in ALL]
    assert len(parts) == 6
    whole = numbers["with none of these in the way"] + sum(parts)
    assert whole == pytest.approx(numbers["delivered"], abs=0.004)
    gap = numbers["delivered"] - numbers["target"]
    assert gap == pytest.approx(numbers["less target"], abs=0.002)
    assert "exactly 0: gap, plan limit, delivery luck, conditions, programmes." in said
    assert "Were all of it real, it would be" in said


def test_each_line_says_what_it_means_below_it(here):
    said = call("why", "tiny.toml", "--target", "four", "--draws", 4).stdout
    lines = [" ".join(line.split()) for line in said.splitlines()]
    known = {cause.name: cause for cause in REFERENCES}
    for name in ("demand", "prices", "pressure", "funding", "one-offs"):
        row = next(i for i, line in enumerate(lines) if line.startswith(f"{name} "))
        assert lines[row + 1] == known[name].meaning
        told = f"- without {name}: {known[name].reference}"
        assert told in " ".join(lines)


def test_every_line_has_a_meaning_of_one_line_and_every_cause_a_reference():
    for cause in REFERENCES:
        assert cause.reference
    for cause in (*REFERENCES, *GROUPS):
        assert 0 < len(cause.meaning) < 60


@pytest.mark.parametrize(
    ("target", "head"),
    [("one-point-one", "cash-releasing productivity"), ("four", "recurrent savings")],
)
def test_what_is_delivered_is_headed_by_its_name(here, target, head):
    said = call("why", "tiny.toml", "--target", target, "--draws", 4).stdout
    assert f"{head.capitalize()}: " in said


def test_why_in_json_of_a_run_file_is_that_of_its_scenario(here):
    runs.write(runs.load("tiny.toml"), here / "tiny.h5", draws=5, seed=11)
    how = ("--target", "four", "--draws", 10, "--of", "balance", "--json")
    file = json.loads(call("why", "tiny.h5", *how).stdout)
    assert file == json.loads(call("why", "tiny.toml", *how, "--seed", 11).stdout)
    assert file["meaning"]["pressure"] == "cost grows beyond input prices and activity"
    assert file["reference"]["pressure"].startswith("cost grows with input prices")
    found = file["quantities"]["balance"]
    parts = [part["estimate"] for part in found["causes"].values()]
    ends = [found[name]["estimate"] for name in ("without", "with_all")]
    assert ends[0] + sum(parts) == pytest.approx(ends[1], abs=1e-9)


def test_why_of_two_names_what_is_the_same(here):
    other = ("why", "tiny.toml", "tiny.toml", "--target", "four", "--draws", 20)
    said = call(*other).stdout
    assert "nothing differs, so the difference is exactly 0" in said


def found(seed):
    return replay.Replay(few(), tiny.people(), seed)


def test_the_seed_is_that_of_the_run_files_unless_one_is_given():
    assert replay.common_seed([found(None)], None, 2019) == 2019
    assert replay.common_seed([found(None), found(5)], None, 2019) == 5
    assert replay.common_seed([found(4), found(5)], 6, 2019) == 6
    with pytest.raises(ScenarioError) as error:
        replay.common_seed([found(4), found(5)], None, 2019)
    assert str(error.value) == ("seed: the runs have seeds 4 and 5; choose with --seed")
    with pytest.raises(ScenarioError, match="-1 is out of range"):
        replay.common_seed([found(4)], -1, 2019)


def test_settings_over_a_run_file_are_refused():
    with pytest.raises(ScenarioError, match="leave out --set"):
        replay.load("tiny.h5", ("demand.bias=0",))
