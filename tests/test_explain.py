"""A future on paper: every line can be worked out again with the numbers shown."""

import json
import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tiny
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from simulator.answers.explain import asking, formulas, paper, parts, sheet, values
from simulator.cli import explain as explaining
from simulator.cli.group import main
from simulator.cli.printing import JSON_VERSION
from simulator.errors import RunFileError
from simulator.kernel.records import Result, State
from simulator.outcomes import OF_BASIS, OF_NAME
from simulator.runfile import store
from simulator.running import prepare, runs
from simulator.running.future import future_of
from simulator.scenario.distributions import Certain
from simulator.scenario.load import load_scenario
from simulator.scenario.values import FOLLOWS
from simulator.schema import OUTCOMES, TRUST_TYPES

SEED = 11
SHOWN = re.compile(r"^  (\S+) = (?:(.+) = )?(-?[\d.]+)(m?)(?:  \(.*\))?$")
ARITHMETIC = re.compile(r"(sqrt|exp|min|max|[-+*/^(),.\d\s])+")
CALCULATOR = {"sqrt": math.sqrt, "exp": math.exp, "min": min, "max": max}
PARTS = ("opportunity", "one_offs", "new_opportunity", "guarded")
STEPS = {
    follows: {
        n: f
        for step in formulas.steps(follows, "settlement").values()
        for n, f in step.items()
    }
    for follows in FOLLOWS
}


def tables(**changes):
    """The tiny scenario, plans of one target by the tariff, and sections changed."""
    found = tiny.tables()
    found["targets"][0]["plan_follows"] = "tariff"
    found["targets"].append(tiny.balancing())
    for section, given_values in changes.items():
        found[section] |= given_values
    return found


NEED = {"amount": [60.0, 0.5, 9.0], "allocated_by": "need", "part": 0.6}
# Each makes some line read otherwise.
CASES = {
    "as it is": (tables(), ()),
    "activity given": (
        tables(
            funding={
                "basis": "activity",
                "activity_growth": {kind: [0.05, 0.0, 0.02] for kind in TRUST_TYPES},
                "growth_error": {"normal": [0.0, 0.004]},
            }
        ),
        (),
    ),
    "high inflation": (tables(), ("prices.tail.enter=0.6", "prices.made_good=0.8")),
    "falling agency share": (
        tables(),
        ("prices.agency_share=[0.046, 0.04, 0.03, 0.02]",),
    ),
    "others unlike acute": (
        tables(
            opening={"other_income": {"uniform": [0.0, 0.02]}},
            funding={
                "other_growth": {"normal": [0.005, 0.007]},
                "reach_scale": {"triangular": [0.4, 0.7, 1.0]},
                "top_slice": [0.004, -0.001, 0.0],
                "planned_support": 0.4,
            },
            delivery={"one_off_scale": {"triangular": [0.7, 1.2, 2.0]}},
        ),
        (),
    ),
    "a fund for need": (tables(), ()),
    "more funded than wanted": (
        tables(),
        ("demand.bias=-0.02", "demand.worked_off=0.5", "funding.real_growth=0.02"),
    ),
    "nothing to be found": (
        tables(),
        ("delivery.opportunity_scale=0", "delivery.frontier=0"),
    ),
    "no one-offs": (tables(), ("delivery.one_off_scale=0",)),
    "nothing planned": (
        tables(),
        (
            "delivery.plan_floor=0",
            "delivery.gap_closed=0",
            "delivery.plan_limit=0",
            "delivery.opportunity_scale=0",
            "delivery.frontier=0",
            "programmes.rosters.enabled=false",
            "opening.cost_error=-0.5",
        ),
    ),
    "the plan is capped": (
        tables(),
        ("delivery.ask_max=0.02", "targets.2.rate=0.02"),
    ),
    "no luck at all": (tiny.sure_tables(), ()),
    "the lesser exactly": (
        tables(),
        ("delivery.sharpness=1.0", "delivery.plan_sharpness=1.0"),
    ),
    "no funds": (
        tables(),
        (
            "funding.support.recovery.enabled=false",
            "funding.support.sustainability.enabled=false",
        ),
    ),
}
CASES["a fund for need"][0]["funding"]["support"]["relief"] = NEED


@cache
def job(case="as it is"):
    given_tables, settings = CASES[case]
    return tiny.job(given_tables, *settings, seed=SEED)


@cache
def future(draw=3, trust=0, target=0, case="as it is"):
    return future_of(job(case), draw, trust, target)


def worked_out(text):
    """Do what a reader with a spreadsheet does."""
    assert ARITHMETIC.fullmatch(text), text
    return eval(text.replace("^", "**"), dict(CALCULATOR))


def unrounded(line):
    """Work a line out with its inputs in full."""
    sums = line.formula
    for word in sorted(line.inputs, key=len, reverse=True):
        sums = re.sub(
            rf"(?<![\w.]){re.escape(word)}(?![\w.-])", f"({line.inputs[word]!r})", sums
        )
    return eval(sums.replace("^", "**"), dict(CALCULATOR))


def check_unrounded(found):
    for part in parts.parts_of(found):
        for line in part.lines:
            if line.formula:
                largest = max([1.0, abs(line.value), *map(abs, line.inputs.values())])
                gap = abs(unrounded(line) - line.value)
                assert gap <= 4e-15 * largest, (part.heading, line)


def year_of(found, year):
    return [part for part in parts.parts_of(found) if part.year == year]


def check_shown(text):
    """Work out every line shown; give the gaps in units of the last digit shown."""
    money = int(re.search(r"shown to (\d+) decimals", text)[1])
    gaps = {}
    for shown in text.splitlines():
        found = SHOWN.match(shown)
        if found and found[2]:
            name, sums, value, unit = found.groups()
            last = 10.0 ** -(money if unit else paper.DECIMALS)
            gaps[name, sums] = abs(worked_out(sums) - float(value)) / last
            assert gaps[name, sums] <= 20.0, shown
    return gaps


every_case = pytest.mark.parametrize("case", CASES)


@every_case
def test_every_formula_gives_the_models_value(case):
    for target in range(len(job(case).scenario.targets)):
        for trust in (0, 1, 4):
            check_unrounded(future(5, trust, target, case))


@cache
def broken(**prices):
    """A job whose prices pass what a scenario may say; its plan is made from them."""
    found = tiny.loaded(tiny.tables()).scenario
    odd = found.prices.model_copy(update=prices)
    return prepare.prepare(
        found.model_copy(update={"prices": odd}), tiny.people(), SEED
    )


@pytest.mark.parametrize(
    ("prices", "guarded"),
    [
        (
            {"cost_uplift": 1.5, "made_good": Certain(value=1.0)},
            ("income", 0.0),
        ),
        ({"pressure": Certain(value=-1.5)}, ("cost_before", 1e-9)),
    ],
)
@pytest.mark.parametrize("target", [0, 1])
def test_a_guarded_year_says_so_and_its_formulas_hold(prices, guarded, target):
    found = future_of(broken(**prices), 3, 0, target)
    first = next(y for y, year in enumerate(found.years) if year.result.guarded)
    upto = found.years[: first + 1]
    check_unrounded(replace(found, years=upto))
    written = year_of(found, upto[-1].year)
    lines = {line.name: line for part in written for line in part.lines}
    name, value = guarded
    assert lines[name].value == value
    assert lines[name].formula.startswith("max(")
    assert "kept from passing zero" in lines["cost_before"].remark


@hypothesis_settings(max_examples=25, deadline=None)
@given(
    case=st.sampled_from(sorted(CASES)),
    draw=st.integers(0, 2**62),
    trust=st.integers(0, 7),
    target=st.integers(0, 2),
)
def test_every_line_shown_can_be_worked_out_from_what_it_shows(
    case, draw, trust, target
):
    check_shown(paper.render(future(draw, trust, target, case)))


def test_nearly_every_line_agrees_to_the_last_digit_or_two():
    gaps = [
        gap
        for trust in range(8)
        for gap in check_shown(paper.render(future(8123, trust, 0))).values()
    ]
    assert len(gaps) > 1000
    assert np.mean(np.array(gaps) <= 2.0) > 0.99
    assert max(gaps) <= 10.0


def test_a_wrong_formula_would_be_found(monkeypatch):
    wrong = formulas.steps("tariff", "settlement")
    step = wrong["2. Cost and income before savings"]
    step["cost_before"] = step["cost_before"].replace("+ payback", "- payback")
    monkeypatch.setattr(formulas, "steps", lambda follows, basis: wrong)
    found = future()
    with pytest.raises(AssertionError, match="cost_before"):
        check_unrounded(found)
    with pytest.raises(AssertionError, match="cost_before"):
        check_shown(paper.render(found))


@cache
def read():
    """Every formula under which a name is met in the cases above."""
    found = {}
    for case in CASES:
        for draw in range(2):
            for trust in (0, 1, 4, 7):
                for target in range(3):
                    for part in parts.parts_of(future(draw, trust, target, case)):
                        for line in part.lines:
                            found.setdefault(line.name, set()).add(line.formula)
    return found


def test_every_variant_of_a_line_is_met():
    found, step = read(), STEPS["gap"]
    assert found["activity"] == {step["activity"], "demand + waiting"}
    assert found["start"] == {
        "plan_floor * plan_size",
        "rate",
        "rate + deficit_addon",
    }
    assert found["planned"] == {step["planned"], "0"}
    assert found["recurrent"] == {step["recurrent"], "0"}
    assert found["nonrecurrent"] == {"filled", "filled + gap"}
    assert found["opportunity.system"] >= {
        step["opportunity.system"],
        "opportunity.system + new_opportunity.system",
    }
    assert found["taken.land_sales"] == {step["taken.land_sales"], "0"}
    assert found["growth"] == set(formulas.GROWTH.values())
    assert found["per_price"] == {step["per_price"], "1"}
    assert found["pressure.type"] == {
        "prices.pressure",
        "prices.pressure_other * prices.pressure",
    }


def test_funds_and_programmes_are_written_where_they_are():
    found = read()
    assert found["fixed_support"] == {"support.recovery + support.sustainability", "0"}
    assert found["need_limit"] == {"support.relief", "0"}
    cost = "programmes.rosters.upfront_cost * programmes.rosters.happens"
    assert found["upfront"] == {cost, "0"}


def test_a_fund_for_need_pays_part_of_the_gap_up_to_its_limit():
    paid = set()
    for draw in range(6):
        for trust in (0, 2):
            found = future(draw, trust, 1, "a fund for need")
            for year in found.years:
                lines = line_values(year_of(found, year.year))
                more = lines["support"] - lines["support_before_need"]
                wanted, most = 0.6 * lines["short"], lines["need_limit"]
                assert more == pytest.approx(min(wanted, most), abs=1e-12)
                paid.add("none" if wanted == 0 else "all" if wanted < most else "most")
    assert paid == {"none", "all", "most"}


def test_a_programme_that_does_not_happen_costs_nothing():
    costs = set()
    for draw in range(12):
        found = future(draw, 0, 0)
        happens = found.happens["rosters"]
        cost = line_values(year_of(found, 2019))["upfront"]
        assert cost == 0.001 * happens
        costs.add(cost)
    assert costs == {0.0, 0.001}


def line_values(written):
    return {line.name: line.value for part in written for line in part.lines}


@pytest.mark.parametrize("target", [0, 1])
def test_lines_carry_the_models_own_state_and_results(target):
    found = future(8123, 2, target)
    unwritten = {"follows_tariff", "opening_cost", "support", "deficit_addon"}
    unwritten |= {"cost_uplift", "settled"}
    for year in found.years:
        lines = line_values(year_of(found, year.year))
        for record in (year.after, year.result, year.drivers):
            for name, value in record._asdict().items():
                if name not in PARTS:
                    assert lines[name] == value, name
        for name, value in values.state_of(year.after).items():
            assert lines[name] == value
        for name, value in year.terms._asdict().items():
            if name not in unwritten:
                assert lines[name] == value, name
        assert lines["fixed_support"] == year.terms.support
        asked = year.terms.deficit_addon if target == 0 else None
        assert lines.get("deficit_addon") == asked


def test_every_result_and_state_has_a_line_under_both_structures():
    for step in STEPS.values():
        named = {name.split(".")[0] for name in step}
        assert {*State._fields, *Result._fields} - {"guarded"} <= named


def test_the_target_is_in_the_plan_only_where_plans_follow_it():
    gap, tariff = (
        {line.name for part in year_of(future(3, 0, k), 2019) for line in part.lines}
        for k in (1, 0)
    )
    assert tariff - gap == {"deficit_addon", "cost_less_the_rate"}
    assert "Plans follow the gap" in paper.render(future(3, 0, 1))
    assert "Plans follow the tariff" in paper.render(future(3, 0, 0))


def test_the_steps_are_those_of_the_page():
    """A formula is written as docs/model.md writes it, wherever both have a line."""
    page = (Path(__file__).parents[1] / "docs" / "model.md").read_text("utf-8")
    whole = re.sub(r"\n {10,}(?=[-+*/] )", " ", page.split("### The set")[0])
    said = dict(re.findall(r"^([a-z_]+) += (.+?)$", whole, re.M))
    alike = ("funded", "unmet", "cost_before", "income", "wanted", "gap", "cost")
    alike += ("balance", "underlying", "carry_over")
    for step in STEPS.values():
        for name in alike:
            assert said[name] == step[name], name


@pytest.mark.parametrize("target", [0, 1, 2])
def test_an_outcome_is_shown_with_the_sums_that_decide_it(target):
    own = OF_BASIS[job().scenario.targets[target].basis].name
    seen = set()
    for draw in range(4):
        for trust in range(8):
            found = future(draw, trust, target)
            shown = [p for p in parts.parts_of(found) if p.year is None][
                -len(OUTCOMES) :
            ]
            value, met = line_values(shown), found.achieved
            for part, name in zip(shown, OUTCOMES, strict=True):
                said = f"{name}: {['no', 'yes'][met[name]]} ({OF_NAME[name].test}"
                assert part.heading.startswith(said)
                seen.add((name, met[name]))
            assert shown[-1].heading.endswith(f"; this target is meant on {own})")
            for name, sums, wanted in (
                ("any_means", "saved_total", "target_total"),
                ("recurrent", "recurrent_total", "target_total"),
                ("cash_releasing", "cash_releasing_total", "rate_total"),
                ("measured", "measured_total", "rate_total"),
            ):
                assert met[name] is (value[sums] >= value[wanted])
            assert met["balance"] is (value["balance"] >= 0.0)
            assert met["sustained"] is (met[own] and met["balance"])
    assert len(seen) >= 8


def test_one_year_alone_says_what_it_began_from():
    whole, one = paper.render(future()), paper.render(future(), 2020)
    assert "Brought into the year" in one
    assert "Outcomes" not in one
    assert "What this draw believes" not in one
    assert len(one.splitlines()) < 0.5 * len(whole.splitlines())
    before = future().years[1].before
    decimals = paper._money_decimals(future())
    assert f"  cost = {before.cost:.{decimals}f}".rstrip("0") in one
    check_shown(one)


def test_records_hold_everything_unrounded():
    found = future(8123, 0, 0)
    records = json.loads(json.dumps(paper.as_records(found)))
    assert records["draw"] == 8123
    assert records["trust"] == "NA1"
    assert records["achieved"] == found.achieved
    written = {
        (part["year"], line["name"]): line["value"]
        for part in records["parts"]
        for line in part["lines"]
    }
    for year in found.years:
        assert written[year.year, "cost_before"] == year.result.cost_before
        assert written[year.year, "balance"] == year.result.balance
    assert {part["year"] for part in records["parts"]} == {None, 2019, 2020, 2021}


def test_a_number_reads_as_one_writes_it():
    inputs_given = {"a": -1.0, "b": -0.5, "c": 2.0, "d": -0.25}
    line = sheet.Line("x", "a + b - c * d", inputs_given, 0.0)
    assert paper.in_numbers(line, 2) == "-1 - 0.5 - 2 * (-0.25)"
    line = sheet.Line("balance", "cost - b", {"cost": 12.3456789, "b": -1e-12}, 0.0)
    assert paper.in_numbers(line, 2) == "12.35 - 0"


# --- of a run file --------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    loaded = load_scenario(tiny.write(folder, tables()))
    runs.write(loaded, folder / "run.h5", draws=20, seed=SEED)
    return folder / "run.h5"


@pytest.fixture(scope="module")
def run(place):
    with store.open_run(place, asking.GROUPS) as tree:
        yield tree


def test_a_future_of_a_run_is_that_of_its_job(run):
    found = asking.trajectory(run, 17, "SM1", "what-closes-the-gap")
    expected = future(17, job().population.code.index("SM1"), 3)
    assert found.years == expected.years
    assert found.achieved == expected.achieved


@pytest.mark.parametrize(
    ("draw", "trust", "target", "said"),
    [
        (20, "NA1", "four", "draw: 20 is not among the run's 20 draws; give 0 to 19,"),
        (-1, "NA1", "four", "draw: -1 is not among the run's 20 draws"),
        (0, "NA2", "four", "trust: the run has no trust 'NA2'; did you mean 'NA1'?"),
        (0, "ZZZ", "four", "choose from: NA1, NC1, NM1, SA1,"),
        (0, "NA1", "for", "target: the run has no target 'for'; did you mean 'four'?"),
    ],
)
def test_what_the_run_does_not_have_is_named(run, draw, trust, target, said):
    with pytest.raises(RunFileError) as caught:
        asking.trajectory(run, draw, trust, target)
    assert said in str(caught.value)


def test_of_many_trusts_none_is_listed(run, monkeypatch):
    monkeypatch.setattr(asking, "FEW", 5)
    with pytest.raises(RunFileError, match="there are 8, from 'NA1' to 'WB1'"):
        asking.trajectory(run, 0, "ZZZ", "four")


def test_another_versions_draw_is_not_explained(run):
    other = run.copy(deep=True)
    other["drivers/pay"].load()[4, 1] += np.float32(1e-6)
    asking.trajectory(other, 3, "NA1", "four")
    with pytest.raises(RunFileError, match="/drivers/pay: draw 4 is not the one"):
        asking.trajectory(other, 4, "NA1", "four")


def ask(place, *more, trust="NA1"):
    options = ("--draw", "3", "--trust", trust, "--target", "one-point-one")
    return CliRunner().invoke(main, ["explain", str(place), *options, *more])


def test_the_command_prints_the_future(place):
    assert explaining.explain.name == "explain"
    shown = ask(place)
    assert shown.exit_code == 0, shown.output
    expected = future_of(job(), 3, 0, 0)
    assert shown.stdout == paper.render(expected) + "\n"
    assert "Draw 3 of seed 11" in shown.stdout


def test_the_command_gives_json_of_a_year(place):
    shown = ask(place, "--json", "--year", "2020")
    assert shown.exit_code == 0, shown.output
    records = json.loads(shown.stdout)
    assert records.pop("json_version") == JSON_VERSION
    assert records == paper.as_records(future_of(job(), 3, 0, 0), 2020)
    assert {part["year"] for part in records["parts"]} == {2020}


def test_the_command_says_what_is_wrong(place):
    shown = ask(place, "--year", "1999")
    assert shown.exit_code == 1
    said = "year: 1999 is not a year of the run; give 2019 to 2021, by first calendar"
    assert said in shown.stderr
    assert ask(place, trust="NA2").exit_code == 1
