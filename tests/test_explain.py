"""A future on paper: every line can be worked out again with the numbers shown."""

import json
import math
import re
from functools import cache

import numpy as np
import pytest
import tiny
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from simulator import inputs
from simulator.cli import explaining
from simulator.cli.group import main
from simulator.errors import RunFileError
from simulator.kernel.trust_year import Result, State
from simulator.report import explain
from simulator.running import again, runs
from simulator.schema import OUTCOMES, TRUST_TYPES
from simulator.storage import store

SEED = 11
SHOWN = re.compile(r"^  (\S+) = (?:(.+) = )?(-?[\d.]+)(m?)(?:  \(.*\))?$")
ARITHMETIC = re.compile(r"(sqrt|exp|min|max|[-+*/^(),.\d\s])+")
CALCULATOR = {"sqrt": math.sqrt, "exp": math.exp, "min": min, "max": max}
PARTS = ("opportunity", "one_offs", "guarded")


def tables(**changes):
    """The tiny scenario with a target that is solved for, and sections changed."""
    found = tiny.tables()
    found["targets"].append(tiny.balancing())
    for section, values in changes.items():
        found[section] |= values
    return found


# Each makes some line read otherwise.
CASES = {
    "as it is": (tables(), ()),
    "activity given": (
        tables(
            funding={
                "basis": "activity",
                "activity_growth": {kind: [0.05, 0.0, 0.02] for kind in TRUST_TYPES},
            },
            prices={"deflator": 0.02},
        ),
        (),
    ),
    "high inflation": (tables(), ("prices.tail.enter=0.6",)),
    "falling agency share": (
        tables(),
        ("prices.agency_share=[0.046, 0.04, 0.03, 0.02]",),
    ),
    "nothing to be found": (
        tables(),
        ("delivery.opportunity_scale=0", "delivery.frontier=0"),
    ),
    "the ask is capped": (tables(), ("delivery.ask_max=0.02", "targets.2.rate=0.02")),
    "no luck at all": (tiny.sure_tables(), ()),
    "the lesser exactly": (tables(), ("delivery.sharpness=1.0",)),
    "no funds": (
        tables(),
        (
            "funding.support.recovery.enabled=false",
            "funding.support.sustainability.enabled=false",
        ),
    ),
}


@cache
def job(case="as it is"):
    given_tables, settings = CASES[case]
    return tiny.job(given_tables, *settings, seed=SEED)


@cache
def future(draw=3, trust=0, target=0, case="as it is"):
    return again.future_of(job(case), draw, trust, target)


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
    for part in explain.parts_of(found):
        for line in part.lines:
            if line.formula:
                largest = max([1.0, *map(abs, line.inputs.values())])
                gap = abs(unrounded(line) - line.value)
                assert gap <= 4e-15 * largest, (part.heading, line)


def check_shown(text):
    """Work out every line shown; give the gaps in units of the last digit shown."""
    money = int(re.search(r"shown to (\d+) decimals", text)[1])
    gaps = {}
    for shown in text.splitlines():
        found = SHOWN.match(shown)
        if found and found[2]:
            name, sums, value, unit = found.groups()
            last = 10.0 ** -(money if unit else explain.DECIMALS)
            gaps[name, sums] = abs(worked_out(sums) - float(value)) / last
            assert gaps[name, sums] <= 20.0, shown
    return gaps


every_case = pytest.mark.parametrize("case", CASES)


@every_case
def test_every_formula_gives_the_models_value(case):
    for target in range(len(job(case).scenario.targets)):
        for trust in (0, 1, 4):
            check_unrounded(future(5, trust, target, case))


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
    check_shown(explain.render(future(draw, trust, target, case)))


def test_nearly_every_line_agrees_to_the_last_digit_or_two():
    gaps = [
        gap
        for trust in range(8)
        for gap in check_shown(explain.render(future(8123, trust, 0))).values()
    ]
    assert len(gaps) > 1000
    assert np.mean(np.array(gaps) <= 1.0) > 0.95
    assert max(gaps) <= 10.0


def test_a_wrong_formula_would_be_found(monkeypatch):
    wrong = "cost * (1 + inflation) * (1 + cost_elasticity * activity) - payback"
    step = "2. Cost and income before savings"
    monkeypatch.setitem(explain.STEPS[step], "cost_before", wrong)
    found = future()
    with pytest.raises(AssertionError, match="cost_before"):
        check_unrounded(found)
    with pytest.raises(AssertionError, match="cost_before"):
        check_shown(explain.render(found))


def test_every_variant_of_a_line_is_met():
    """The cases above reach every way in which a line may read."""
    found = {}
    for case in CASES:
        for draw in range(2):
            for trust in (0, 1, 4, 7):
                for target in range(3):
                    for part in explain.parts_of(future(draw, trust, target, case)):
                        for line in part.lines:
                            found.setdefault(line.name, set()).add(line.formula)
    step = {n: f for formulas in explain.STEPS.values() for n, f in formulas.items()}
    assert found["activity"] == {step["activity"], "demand"}
    assert found["ask"] == {
        "rate + carry_over",
        "rate + deficit_addon + carry_over",
        "min(rate + carry_over, ask_max)",
        "min(rate + deficit_addon + carry_over, ask_max)",
    }
    assert found["nonrecurrent"] == {"filled", "filled + gap"}
    assert found["opportunity.system"] >= {
        step["opportunity.system"],
        "opportunity.system + new_opportunity.system",
    }
    assert found["funded"] == {"", explain.SETTLEMENT["funded"]}
    assert found["support"] == {
        "support.recovery + support.sustainability",
        "support.recovery + support.sustainability "
        "- programmes.rosters.upfront_cost * opening_cost",
        "0",
        "0 - programmes.rosters.upfront_cost * opening_cost",
    }


def test_lines_carry_the_models_own_state_and_results():
    found = future(8123, 2, 1)
    for year in found.years:
        parts = explain.parts_of(found)
        own = [p for p in parts if p.year == year.year]
        lines = {line.name: line.value for part in own for line in part.lines}
        for record in (year.after, year.result):
            for name, value in record._asdict().items():
                if name not in PARTS:
                    assert lines[name] == value, name
        for name, parts in explain._state(year.after).items():
            assert lines[name] == parts
        for name in ("demand", "inflation", "delivery"):
            assert lines[name] == getattr(year.drivers, name)
        for name, value in year.terms._asdict().items():
            assert lines[name] == value, name


def test_every_result_and_state_has_a_line():
    named = {name.split(".")[0] for step in explain.STEPS.values() for name in step}
    assert {*State._fields, *Result._fields} - {"guarded"} <= named


def test_the_steps_are_those_of_the_page():
    """A formula is written as docs/model.md writes it, wherever both have a line."""
    page = (inputs.Path(__file__).parents[1] / "docs" / "model.md").read_text("utf-8")
    said = dict(re.findall(r"^([a-z_]+) += (.+?)$", page.split("### The set")[0], re.M))
    alike = ("unmet", "cost_before", "income", "cost", "balance", "underlying")
    alike += ("productivity", "carry_over", "gap")
    for step in explain.STEPS.values():
        for name in set(step) & set(alike):
            assert said[name] == step[name], name


def test_an_outcome_is_shown_with_the_sums_that_decide_it():
    seen = set()
    for draw in range(4):
        for trust in range(8):
            found = future(draw, trust, 0)
            parts = {p.heading.split(":")[0]: p for p in explain.parts_of(found)}
            for name in OUTCOMES:
                met = found.achieved[name]
                assert parts[name].heading.startswith(f"{name}: {['no', 'yes'][met]}")
                seen.add((name, met))
            value = {line.name: line.value for n in OUTCOMES for line in parts[n].lines}
            enough = [value[f"saved.{y}"] >= value[f"enough.{y}"] for y in (2019, 2020)]
            enough.append(value["saved.2021"] >= value["enough.2021"])
            assert found.achieved["any_means"] is all(enough)
            lasting = value["recurrent_total"] >= value["target_total"]
            assert found.achieved["recurrent"] is lasting
            real = value["productivity_total"] >= value["rate_total"]
            assert found.achieved["real"] is real
            assert found.achieved["balance"] is (value["balance"] >= -1e-6)
    assert len(seen) >= 8


def test_one_year_alone_says_what_it_began_from():
    whole, one = explain.render(future()), explain.render(future(), 2020)
    assert "Brought into the year" in one
    assert "Outcomes" not in one
    assert "What this draw believes" not in one
    assert len(one.splitlines()) < 0.5 * len(whole.splitlines())
    before = future().years[1].before
    decimals = explain._money_decimals(future())
    assert f"  cost = {before.cost:.{decimals}f}".rstrip("0") in one
    check_shown(one)


def test_records_hold_everything_unrounded():
    found = future(8123, 0, 0)
    records = json.loads(json.dumps(explain.as_records(found)))
    assert records["draw"] == 8123
    assert records["trust"] == "NA1"
    assert records["achieved"] == found.achieved
    values = {
        (part["year"], line["name"]): line["value"]
        for part in records["parts"]
        for line in part["lines"]
    }
    for year in found.years:
        assert values[year.year, "cost_before"] == year.result.cost_before
        assert values[year.year, "balance"] == year.result.balance
    assert {part["year"] for part in records["parts"]} == {None, 2019, 2020, 2021}


def test_a_number_reads_as_one_writes_it():
    inputs_given = {"a": -1.0, "b": -0.5, "c": 2.0, "d": -0.25}
    line = explain.Line("x", "a + b - c * d", inputs_given, 0.0)
    assert explain.in_numbers(line, 2) == "-1 - 0.5 - 2 * (-0.25)"
    line = explain.Line("balance", "cost - b", {"cost": 12.3456789, "b": -1e-12}, 0.0)
    assert explain.in_numbers(line, 2) == "12.35 - 0"


# --- of a run file --------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    loaded = inputs.load_scenario(tiny.write(folder, tables()))
    runs.write(loaded, folder / "run.h5", draws=20, seed=SEED)
    return folder / "run.h5"


@pytest.fixture(scope="module")
def run(place):
    with store.open_run(place, explain.GROUPS) as tree:
        yield tree


def test_a_future_of_a_run_is_that_of_its_job(run):
    found = explain.trajectory(run, 17, "SM1", "what-closes-the-gap")
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
        explain.trajectory(run, draw, trust, target)
    assert said in str(caught.value)


def test_of_many_trusts_none_is_listed(run, monkeypatch):
    monkeypatch.setattr(explain, "FEW", 5)
    with pytest.raises(RunFileError, match="there are 8, from 'NA1' to 'WB1'"):
        explain.trajectory(run, 0, "ZZZ", "four")


def test_another_versions_draw_is_not_explained(run):
    other = run.copy(deep=True)
    other["drivers/pay"].load()[4, 1] += np.float32(1e-6)
    explain.trajectory(other, 3, "NA1", "four")
    with pytest.raises(RunFileError, match="/drivers/pay: draw 4 is not the one"):
        explain.trajectory(other, 4, "NA1", "four")


def ask(place, *more, trust="NA1"):
    options = ("--draw", "3", "--trust", trust, "--target", "one-point-one")
    return CliRunner().invoke(main, ["explain", str(place), *options, *more])


def test_the_command_prints_the_future(place):
    assert explaining.explain.name == "explain"
    shown = ask(place)
    assert shown.exit_code == 0, shown.output
    expected = again.future_of(job(), 3, 0, 0)
    assert shown.stdout == explain.render(expected) + "\n"
    assert "Draw 3 of seed 11" in shown.stdout


def test_the_command_gives_json_of_a_year(place):
    shown = ask(place, "--json", "--year", "2020")
    assert shown.exit_code == 0, shown.output
    records = json.loads(shown.stdout)
    assert records == explain.as_records(again.future_of(job(), 3, 0, 0), 2020)
    assert {part["year"] for part in records["parts"]} == {2020}


def test_the_command_says_what_is_wrong(place):
    shown = ask(place, "--year", "1999")
    assert shown.exit_code == 1
    said = "year: 1999 is not a year of the run; give 2019 to 2021, by first calendar"
    assert said in shown.stderr
    assert ask(place, trust="NA2").exit_code == 1
