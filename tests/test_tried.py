"""What people try that cannot be what they mean: refused or answered in a line."""

import json
import re

import pytest
import tiny
from terminals import inside

from simulator.answers.plan import simulate as planning
from simulator.errors import ScenarioError
from simulator.scenario.write import resolved_toml


@pytest.fixture
def here(tmp_path):
    """A folder of its own with the tiny scenario in it."""
    tiny.write(tmp_path)
    return tmp_path


def refused(folder, *arguments):
    """Run a command that must fail: what it says; it leaves nothing behind."""
    before = sorted(folder.iterdir())
    found = inside(folder, *arguments)
    assert (found.returncode, found.stdout) == (1, ""), found.stderr
    assert "Traceback" not in found.stderr
    assert sorted(folder.iterdir()) == before
    return found.stderr


@pytest.mark.parametrize("command", ["check", "run"])
def test_what_could_be_drawn_out_of_range_is_refused(here, command):
    wide = "delivery.real_share={interval=[0.5, 0.95]}"
    said = refused(here, command, "tiny.toml", "--set", wide)
    assert said == (
        "command line: delivery.real_share: 0.5 to 0.95 in eight cases of ten: draws "
        "reach from -0.388 to 1.84; give 0 to 1: write {interval = [low, high], within "
        "= [least, most]}, a triangular or a uniform\n"
    )


def test_an_interval_within_bounds_runs(here):
    bounded = "delivery.real_share={interval=[0.5, 0.95], within=[0, 1]}"
    found = inside(here, "run", "tiny.toml", "--draws", 50, "--set", bounded)
    assert (found.returncode, found.stderr) == (0, "")


# --- years ----------------------------------------------------------------------------

SERIES = (
    "funding.cash, funding.real_growth, funding.top_slice, "
    "funding.support.financial_recovery_fund.amount, prices.cost_uplift, prices.pay, "
    "prices.nonpay"
)


@pytest.mark.parametrize("command", ["check", "run"])
def test_series_of_other_years_are_refused(here, command):
    later = 'name = "later"\nextends = "long-term-plan"\nfirst_year = 2025\n'
    (here / "later.toml").write_text(later, encoding="utf-8")
    said = refused(here, command, "later.toml").splitlines()[-1]
    assert said == (
        "later.toml: first_year: 2025, but long-term-plan.toml gives series that begin "
        f"with 2019; give your own {SERIES}, or leave first_year out"
    )
    by_hand = refused(here, command, "long-term-plan", "--set", "first_year=2025")
    assert by_hand.splitlines()[-1] == said.replace("later.toml", "command line")


def test_a_population_of_another_year_is_refused(here):
    later = (here / "tiny.toml").read_text(encoding="utf-8")
    later = later.replace("first_year = 2019", "first_year = 2025")
    (here / "later.toml").write_text(later, encoding="utf-8")
    packaged = ("--set", "population=providers-2018")
    said = refused(here, "check", "later.toml", *packaged)
    assert said.splitlines()[0] == (
        "later.toml: first_year: 2025, but providers-2018 opens in 2018, the year "
        "before 2019; give 2019, or a list of trusts that opens in 2024"
    )
    said = refused(here, "check", "hindcast-2013", *packaged)
    assert said.splitlines()[0] == (
        "hindcast-2013.toml: first_year: 2013, but providers-2018 opens in 2018, the "
        "year before 2019; give 2019, or population = providers-2012 that opens in "
        "2012"
    )


def test_a_year_before_there_were_trusts_is_refused(here):
    said = refused(here, "check", "tiny.toml", "--set", "first_year=1948")
    assert said == (
        "command line: first_year: 1948 is out of range; give 1991 to 2100\n"
    )


# --- what is said beside the answer ---------------------------------------------------


def answered(folder, *arguments):
    """Run a scenario that works with little ado: its answer as records."""
    found = inside(folder, "run", "tiny.toml", "--force", "--json", *arguments)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout), found.stderr


def test_a_precision_that_is_not_reached_is_said(here):
    answer, said = answered(here, "--precision", 0.001, "--draws", 60)
    assert said.startswith("The precision asked for is not reached: ±")
    assert "±0.1 was wanted, in the 60 draws allowed; it would take about " in said
    assert answer["notes"][0] == said.strip()
    assert answer["precision"]["asked"] == 0.001
    assert answer["precision"]["is_reached"] is False
    half = max(
        target[f"{name}_probability_high"] - target[f"{name}_probability_low"]
        for target in answer["targets"]
        for name in ("sector", "sustained", "balance", "median_trust")
    )
    assert answer["precision"]["reached"] == pytest.approx(half / 2)
    shown = inside(here, "show", "minimal.h5")
    assert " ".join(said.split()) in " ".join(shown.stdout.split())


def test_a_precision_that_is_reached_or_not_asked_for_is_not_spoken_of(here):
    answer, said = answered(here, "--precision", 0.2, "--draws", 400)
    assert (said, answer["precision"]["is_reached"]) == ("", True)
    answer, said = answered(here, "--draws", 50)
    assert said == ""
    assert answer["precision"]["is_reached"] is answer["precision"]["asked"] is None


def test_what_the_command_line_changes_heads_the_answer(here):
    changed = ("--set", "delivery.real_share=1.0", "--set", "prices.nonpay=0.02")
    answer, _ = answered(here, "--draws", 50, *changed)
    heading = "The least that can be run, with delivery.real_share = 1.0"
    assert answer["title"] == heading  # non-pay prices are 0.02 already
    assert inside(here, "show", "minimal.h5").stdout.startswith(f"{heading}\n")
    assert inside(here, "plan", "tiny.toml", *changed).stdout.startswith(f"{heading}\n")


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("setting", "why"),
    [
        (
            "funding.growth_error=0.01",
            "funding.basis = 'settlement' does not read it; change that too, or leave "
            "this out",
        ),
        (
            "prices.tail.size=0.07",
            "prices.tail.enter = 0; change that too, or leave this out",
        ),
    ],
)
def test_a_setting_that_moves_no_result_is_refused(here, command, setting, why):
    said = refused(here, command, "tiny.toml", "--set", setting)
    key, _, _ = setting.partition("=")
    assert said == f"command line: {key}: moves no result: {why}\n"


def test_conditions_that_count_for_less_than_they_come_to_say_so(here):
    high = ("--set", "conditions.demand=3", "--set", "conditions.capital=4.9")
    note = (
        "The conditions come to 14.7 at their middles and count as 1.4, which is "
        "conditions.highest."
    )
    assert inside(here, "check", "tiny.toml", *high).stdout.splitlines()[-1] == note
    assert note in answered(here, "--draws", 50, *high)[0]["notes"]


# --- plausibility ---------------------------------------------------------------------

CZBH = (
    "is not plausible: retail prices rose by 24.2% in 1975, more than in any year "
    "since 1948 (ONS, CZBH);"
)
SLIP = f"{CZBH} give -0.25 to 0.25"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("demand.acute.trend=0.9", f"demand.acute.trend: 0.9 a year {SLIP}"),
        ("prices.pay=-0.9", f"prices.pay: -0.9 a year {SLIP}"),
        ("prices.premium={normal=[0, 0.1]}", f"prices.premium: -0.329 a year {SLIP}"),
        (
            "funding.cash=[114, 120, 169, 180]",
            f"funding.cash.2: 169 after 120, +41% in a year, {CZBH} see whether a year "
            "is left out or a unit is another",
        ),
        (
            "prices.trust_sd=0.5",
            "prices.trust_sd: a spread of 0.5 a year is not plausible: a draw 6.3 "
            "standard deviations out would be a fall of more than 100%; give 0.15 at "
            "most",
        ),
        (
            "funding.support.recovery.shared_over=1",
            "funding.support.recovery.shared_over: of a fund of 20m, trusts would be "
            "paid 685m: 1m stands for the whole opening deficit, and theirs is 34m; "
            "give 35 or more, or leave it out",
        ),
        (
            "funding.support.recovery.amount=1e5",
            "funding.support.recovery.amount: pays 68,500m, and trusts earn 2,347m; "
            "give GBP million a year",
        ),
    ],
)
def test_what_no_year_has_been_like_is_refused(here, setting, said):
    found = refused(here, "check", "tiny.toml", "--set", setting)
    assert found == f"command line: {said}\n"


def test_what_is_not_plausible_does_not_run_either(here):
    several = ("--set", "prices.pay=0.5", "--set", "demand.bias=-0.5")
    said = refused(here, "run", "tiny.toml", *several).splitlines()
    assert [line.split(": ")[1] for line in said] == ["prices.pay", "demand.bias"]


# --- how much is asked ----------------------------------------------------------------

HUGE = 99_999_999_999_999_999_999


def test_a_run_of_hours_says_what_it_would_take_and_asks_first(here):
    said = refused(here, "run", "tiny.toml", "--draws", 10**11)
    pattern = r"draws: 100,000,000,000 would take about \S+ hours and \S+ GB of disk; "
    assert re.fullmatch(pattern + "ask for fewer, or add --yes to begin\n", said)


def test_so_does_a_run_that_is_to_be_extended(here):
    assert inside(here, "run", "tiny.toml", "--draws", 50).returncode == 0
    said = refused(here, "run", "--extend", "minimal.h5", "--draws", 10**11)
    assert said.startswith("draws: 100,000,000,000 would take about ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "tiny.toml"),
        ("plan", "tiny.toml"),
        ("hindcast", "hindcast-2013"),
        ("target", "tiny.toml"),
        ("compare", "tiny.toml", "tiny.toml"),
        ("uncertainty", "tiny.toml"),
        ("why", "tiny.toml", "tiny.toml", "--target", "four"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_numbers_of_draws_that_no_run_has_are_refused(here, arguments):
    said = refused(here, *arguments, "--draws", HUGE + 1)
    assert said == (f"draws: {HUGE + 1} is out of range; give 1 to 1,000,000,000,000\n")


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--threads", f"threads: {HUGE} is out of range; give 1 to 1,024\n"),
        ("--seed", f"seed: {HUGE} is out of range; give 0 to 2**63 - 1\n"),
    ],
)
def test_threads_and_seeds_that_no_run_has_are_refused(here, flag, said):
    assert refused(here, "run", "tiny.toml", flag, HUGE) == said


# --- what is written ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            f"prices.pay={'[' * 3000}{']' * 3000}",
            "prices.pay: stands more than 12 tables or lists deep; see whether a "
            "bracket is repeated",
        ),
        (
            f"prices.pay={'{a=' * 500}1{'}' * 500}",
            "prices.pay: stands more than 12 tables or lists deep; see whether a "
            "bracket is repeated",
        ),
        (
            f"first_year={'9' * 4000}",
            f"first_year: {'9' * 37}... is out of range; give 1991 to 2100",
        ),
        (
            "funding.cash=[1e308, 1e400, 1, 1]",
            "funding.cash.0: 1e+308 is out of range; give a number above 0 and at "
            "most 1,000\ncommand line: funding.cash.1: must be a finite number; write "
            "a plain number",
        ),
        (
            "demand.ambulance.trend=0,03",
            "demand.ambulance.trend: must be a number, got the text '0,03'; write "
            "0.03: with a point, not a comma",
        ),
    ],
    ids=["lists", "tables", "digits", "floats", "comma"],
)
def test_what_cannot_be_read_is_refused_with_what_is_meant(here, setting, said):
    found = refused(here, "check", "tiny.toml", "--set", setting)
    assert found == f"command line: {said}\n"


def test_a_population_set_by_hand_is_looked_for_in_the_working_folder(here):
    away = here / "away"
    away.mkdir()
    (here / "tiny.toml").rename(away / "tiny.toml")
    (here / "own.csv").write_text(tiny.without("WB1"), encoding="utf-8")
    own = ("--set", "population=own.csv")
    found = inside(here, "check", "away/tiny.toml", *own)
    assert "can be run; 7 trusts" in found.stdout


@pytest.mark.parametrize(("first", "asked"), [(2019, 1), (2025, 0)])
def test_a_survey_of_2018_is_beside_runs_of_its_years_only(here, first, asked):
    tables = tiny.tables() | {"first_year": first}
    (here / "tiny.toml").write_text(resolved_toml(tiny.loaded(tables)))
    found = inside(here, "run", "tiny.toml", "--draws", 50, "--full")
    assert " ".join(found.stdout.split()).count("of 157 leaders of 122 trusts") == asked


def test_a_short_run_is_extended_however_long_its_start_took(here, monkeypatch):
    assert (
        inside(here, "run", "tiny.toml", "--draws", 20, "-o", "few.h5").returncode == 0
    )
    monkeypatch.setattr(planning, "LONG", 0.0)  # as after a start that took an hour
    planning.check_longer(here / "few.h5", 2_000)
    monkeypatch.setattr(planning, "QUICK", 0)
    with pytest.raises(ScenarioError, match="would take about"):
        planning.check_longer(here / "few.h5", 2_000)
