"""The command line: what it prints, where, with which exit code, and what it leaves."""

import json
import re
import shutil
import subprocess
import sys
import tomllib

import h5py
import pytest
import tiny
from click.testing import CliRunner

from simulator.cli import main
from simulator.population.load import load_population
from simulator.scenario.load import load_scenario

COMMANDS = (
    ("run",),
    ("hindcast",),
    ("check",),
    ("calibrate",),
    ("chances",),
    ("show",),
    ("schema",),
    ("new",),
    ("assure",),
    ("population",),
    ("population", "build"),
    ("compare",),
    ("explain",),
    ("explore",),
    ("export",),
    ("futures",),
    ("join",),
    ("part",),
    ("path",),
    ("plan",),
    ("plot",),
    ("report",),
    ("requires",),
    ("rerun",),
    ("sweep",),
    ("target",),
    ("tornado",),
    ("uncertainty",),
    ("verify",),
    ("why",),
    ("worth",),
)
PANEL = """\
code,name,type,operating_spend
RAA,Alpha,acute,410.5
RBB,Beta,acute,780
RCC,Gamma,mental_health,205.25
RDD,Delta,community,88
REE,Epsilon,ambulance,240
RFF,Zeta,specialist,175
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own to work in, with the tiny scenario in it."""
    monkeypatch.chdir(tmp_path)
    tiny.write(tmp_path)
    return tmp_path


def call(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def done(*arguments):
    """Call a command that works: what it prints."""
    result = call(*arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def refused(folder, *arguments):
    """Call a command that must fail: the one line it says; it leaves nothing behind."""
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    result = call(*arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert {p: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
    (line,) = result.stderr.splitlines()
    assert re.match(r"\S.*: \S.*", line)
    return line


def test_extending_takes_no_other_way_to_sample(here):
    result = call("run", "--extend", "a.h5", "--draws", 9, "--sampling", "rqmc")
    assert result.exit_code != 0
    assert "--sampling do not go with it" in " ".join(result.stderr.split())


# --- help and usage -------------------------------------------------------------------


@pytest.mark.parametrize("command", [(), *COMMANDS], ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_says_what_it_does(command, flag):
    said = done(*command, flag)
    assert said.startswith(f"Usage: main {' '.join(command)}".rstrip())
    assert len(said.split("\n\n")[1].strip()) > 20


def test_help_lists_every_command():
    listed = set(main.commands)
    assert listed == {command[0] for command in COMMANDS}
    said = done("--help")
    assert all(f"\n  {name} " in said for name in listed)


def test_the_version_is_said():
    assert re.search(r"\d+\.\d+\.\d+", done("--version"))


def test_help_waits_for_neither_numba_nor_xarray():
    script = (
        "import sys\n"
        "from simulator.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'numba', 'xarray', 'numpy', 'pandas', 'h5py', 'pydantic', 'rich'}\n"
        "print('LOADED', sorted(heavy & sys.modules.keys()))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith("Usage:")
    assert found.stdout.splitlines()[-1] == "LOADED []"


def test_it_runs_as_a_module():
    found = subprocess.run(
        [sys.executable, "-m", "simulator.cli", "check", "long-term-plan"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("long-term-plan: can be run; 234 trusts")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("run",),
        ("run", "tiny.toml", "--draws", "many"),
        ("run", "tiny.toml", "--keep", "some"),
        ("run", "tiny.toml", "--nonsense"),
        ("check", "one", "two"),
        ("population", "build", "panel.csv"),
        ("new",),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_code_2_and_leaves_nothing(arguments, here):
    before = set(here.iterdir())
    result = call(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage:" in result.stderr
    assert "Error:" in result.stderr
    assert set(here.iterdir()) == before


# --- run ------------------------------------------------------------------------------


def test_run_prints_the_answer_and_writes_the_file_under_the_scenarios_name(here):
    said = done("run", "tiny.toml", "--draws", 200, "--seed", 3)
    assert said.startswith("The least that can be run\n")
    words = " ".join(said.split())
    assert "8 trusts to achieve each savings target, 2019/20 to 2021/22?" in words
    assert "200 draws, seed 3." in words
    for name in ("one-point-one", "stepped", "four"):
        assert name in words
    assert "that the sector has at least an 80% chance" in words
    assert words.endswith("simulator show minimal.h5 --full")
    full = " ".join(done("show", "minimal.h5", "--full").split())
    assert "Not in the number:" in full
    assert "All trusts of tiny.csv are synthetic." in full
    assert not any(line.endswith("…") or "…" in line for line in said.splitlines())
    with h5py.File("minimal.h5") as file:
        assert (file.attrs["draws"], file.attrs["seed"]) == (200, 3)
        assert "trajectories" not in file
    shown = done("show", "minimal.h5")
    assert shown == said
    line = refused(here, "run", "tiny.toml", "--draws", 5)
    assert line == (
        "minimal.h5: is there already; add --force to replace it, or -o another"
    )


def test_run_prints_json_for_a_script_and_takes_every_flag(here):
    arguments = ("run", "tiny.toml", "--json", "--draws", 100, "--keep", "sample")
    settings = ("--set", "prices.pay=0.03", "--set", "demand.bias=0.0")
    done("run", "tiny.toml", "--draws", 5, "-o", "mine.h5")
    flags = ("--threads", 1, "-o", "mine.h5", "--force")
    found = json.loads(done(*arguments, *settings, *flags))
    assert found["draws"] == 100
    assert found["seed"] == 2019
    assert found["file"] == "mine.h5"
    assert [target["target"] for target in found["targets"]] == [
        "one-point-one",
        "stepped",
        "four",
    ]
    for target in found["targets"]:
        for name in ("sector", "sustained", "balance", "median_trust"):
            ends = [target[f"{name}_probability{end}"] for end in ("_low", "", "_high")]
            assert ends == sorted(ends)
        assert list(target["share_achieving"]) == ["0.1", "0.5", "0.9"]
    with h5py.File("mine.h5") as file:
        assert len(file["trajectories/kept_draw"]) == 100
        made_from = file["provenance"].attrs
        resolved = tomllib.loads(made_from["scenario_resolved"].decode())
        assert resolved["prices"]["pay"] == 0.03
        assert made_from["threads"] == b"1"
    assert json.loads(done("show", "mine.h5", "--json")) == found


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--draws", 0), "draws: 0 is out of range; give 1 to 1,000,000,000,000"),
        (("--threads", 0), "threads: 0 is out of range; give 1 to 1,024"),
        (("--seed", -1), "seed: -1 is out of range; give 0 to 2**63 - 1"),
        (
            ("-o", "none/run.h5"),
            "none/run.h5: there is no folder none; make it, or -o another",
        ),
        (("-o", "."), ".: is a folder; give the path of a file"),
        (
            ("--set", "prices.pya=0.02"),
            "command line: prices.pya: unknown key; did you mean 'pay'?",
        ),
        (
            ("--set", "prices.pay=2"),
            "command line: prices.pay: 2 would be 200%; write 0.02 for 2%",
        ),
        (
            ("--set", "nonsense"),
            "command line: nonsense: is not a setting; write key.path=value",
        ),
        (
            ("--set", "population=none.csv"),
            "none.csv: there is no such file; "
            "packaged populations: providers-2012, providers-2015, providers-2018, "
            "providers-2025",
        ),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_what_a_user_can_put_right_is_said_in_one_line(flags, said, here):
    assert refused(here, "run", "tiny.toml", *flags) == said


@pytest.mark.parametrize("command", ["run", "check", "show", "hindcast"])
def test_a_scenario_that_is_not_there_is_said_with_the_nearest_name(command, here):
    said = refused(here, command, "long-term-pan")
    assert said.startswith("long-term-pan: there is no such file; did you mean ")


def test_every_problem_has_a_line_of_its_own(here):
    result = call("check", "tiny.toml", "--set", "years=0", "--set", "prices.pay=2")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert len(lines) > 1
    assert all(line.count(": ") >= 2 for line in lines)


# --- check, show, schema, new ---------------------------------------------------------


def test_check_says_what_can_be_run(here):
    lines = done("check", "tiny.toml").splitlines()
    assert lines == [
        "minimal: can be run; 8 trusts, 2019 to 2021, 3 targets",
        "All trusts of tiny.csv are synthetic.",
    ]
    assert "2019 to 2019" in done(
        "check",
        "tiny.toml",
        *("--set", "years=1"),
        *("--set", "funding.cash=[100.0, 103.0]"),
        *("--set", "funding.support.recovery.amount=20"),
        *("--set", "prices.cost_uplift=0.03"),
        *("--set", "prices.agency_share=0.04"),
        *("--set", "demand.acute.trend=0.02"),
        *("--set", "programmes.rosters.upfront_cost=0"),
        *("--set", "targets.0.deficit_addon=0"),
        *("--set", "targets.1.path=[0.01]"),
    )


def test_show_prints_every_value_with_its_layer_source_and_grade(here):
    said = done("show", "tiny.toml", "--set", "prices.pay=0.031")
    found = json.loads(done("show", "tiny.toml", "--set", "prices.pay=0.031", "--json"))
    keys = {record["key"]: record for record in found["values"]}
    assert keys["prices.pay"] == {
        "key": "prices.pay",
        "value": 0.031,
        "layer": "command line",
        "grade": "",
        "source": "set on the command line",
    }
    assert keys["prices.nonpay"]["layer"] == "tiny.toml"
    assert keys["prices.nonpay"]["source"] == "made up: prices"
    assert re.search(r"\nprices\.pay +0\.031 +command line", said)
    assert re.search(r"\nfirst_year +2019 +tiny\.toml", said)
    assert "Grades: A from published figures" in said


def test_show_grades_what_is_built_in():
    found = json.loads(done("show", "long-term-plan", "--json"))["values"]
    built_in = [record for record in found if record["layer"] == "built-in"]
    numbers = [record for record in built_in if record["grade"]]
    assert len(numbers) > 50
    assert {record["grade"] for record in numbers} == {"A", "B", "C"}
    assert all(record["source"] for record in numbers)


def test_what_show_prints_as_a_file_is_the_same_scenario(here):
    written = here / "again.toml"
    text = done("show", "tiny.toml", "--toml", "--set", "prices.pay=0.031")
    written.write_text(text, encoding="utf-8")
    first = load_scenario(here / "tiny.toml", ["prices.pay=0.031"])
    again = load_scenario(written)
    assert again.scenario == first.scenario
    assert again.scenario.prices.pay == 0.031


def test_the_schema_names_every_section():
    found = json.loads(done("schema"))
    assert found["type"] == "object"
    assert {"extends", "name", "funding", "prices", "demand", "delivery"} <= set(
        found["properties"]
    )
    assert {"correlations", "programmes", "conditions", "targets"} <= set(
        found["properties"]
    )


def test_new_writes_a_scenario_that_passes_check_and_run(here):
    said = done("new", "mine")
    assert said == "mine.toml: written; edit it, then simulator run mine.toml\n"
    assert done("check", "mine.toml").startswith("mine: can be run; 234 trusts")
    assert "Run file: mine.h5" in done("run", "mine.toml", "--draws", 20)
    assert refused(here, "new", "mine") == (
        "mine.toml: is there already; add --force to replace it, or give another name"
    )
    (here / "mine.toml").write_text("", encoding="utf-8")
    done("new", "mine", "--force")
    assert (here / "mine.toml").read_text(encoding="utf-8").count("\n") > 10


def test_new_refuses_a_name_that_is_a_path(here):
    assert refused(here, "new", "other/mine") == (
        "name: 'other/mine' is not a name; use letters, digits, - and _, at most 100"
    )


def test_show_says_what_is_wrong_with_a_run_file(here):
    assert refused(here, "show", "none.h5") == (
        "none.h5: there is no such file; give the path of a run"
    )
    (here / "text.h5").write_text("text", encoding="utf-8")
    assert refused(here, "show", "text.h5") == (
        "text.h5: is not an HDF5 file; give the path of a run file"
    )


@pytest.mark.parametrize(
    "name",
    [
        "x.csv",
        pytest.param("x.toml", marks=pytest.mark.slow),
        pytest.param("x.xlsx", marks=pytest.mark.slow),
        pytest.param("without-a-suffix", marks=pytest.mark.slow),
    ],
)
def test_a_run_file_is_known_by_what_is_in_it(name, here):
    few = [word for setting in tiny.FEW_CAUSES for word in ("--set", setting)]
    done("run", "tiny.toml", "--draws", 20, "-o", "run.h5", *few)
    shutil.copy("run.h5", name)
    for arguments in (
        ("show",),
        ("show", "--toml"),
        ("show", "--provenance"),
        ("path",),
        ("target", "--draws", 20),
        ("why", "--target", "four", "--draws", 5),
    ):
        command, *flags = arguments
        expected = done(command, "run.h5", *flags).split()  # lines break by the name
        assert done(command, name, *flags).replace(name, "run.h5").split() == expected
    assert "Identical" in done("compare", "run.h5", name, "--quick")


def test_a_run_file_named_as_a_packaged_scenario_does_not_hide_it(here):
    done("run", "tiny.toml", "--draws", 20, "-o", "long-term-plan")
    assert "Long Term Plan" in done("show", "long-term-plan", "--toml")


# --- population -----------------------------------------------------------------------


def test_a_population_is_built_from_a_list_and_can_be_run(here):
    (here / "panel.csv").write_text(PANEL, encoding="utf-8")
    said = done("population", "build", "panel.csv", "-o", "trusts.csv")
    assert said.startswith("trusts.csv: 6 trusts\n")
    made = load_population(here / "trusts.csv")
    assert made.code == tuple(
        code for _, code in sorted(zip(made.system, made.code, strict=True))
    )
    assert set(made.code) == {"RAA", "RBB", "RCC", "RDD", "REE", "RFF"}
    assert "income" in made.synthetic
    assert "code" not in made.synthetic
    anew = ("--set", "population=trusts.csv")
    line = refused(here, "check", "tiny.toml", *anew)
    assert "trusts would be paid 21m: 50m stands for the whole opening deficit" in line
    whole = ("--set", "funding.support.recovery.shared_over=60")
    checked = done("check", "tiny.toml", *anew, *whole)
    assert "6 trusts" in checked
    line = refused(here, "population", "build", "panel.csv", "-o", "trusts.csv")
    said = "trusts.csv: is there already; add --force to replace it, or -o another"
    assert line == said
    done("population", "build", "panel.csv", "-o", "trusts.csv", "--force")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.csv", "-o", "out.csv"), "none.csv: there is no such file"),
        (
            ("panel.csv", "-o", "none/out.csv"),
            "none/out.csv: there is no folder none; make it, or -o another",
        ),
    ],
)
def test_a_population_that_cannot_be_built_leaves_nothing(arguments, said, here):
    (here / "panel.csv").write_text(PANEL, encoding="utf-8")
    assert refused(here, "population", "build", *arguments) == said


def test_a_bad_list_of_trusts_is_said_by_line_and_column(here):
    (here / "panel.csv").write_text(PANEL.replace("780", "a lot"), encoding="utf-8")
    line = refused(here, "population", "build", "panel.csv", "-o", "out.csv")
    assert "line 3, column 'operating_spend'" in line


def test_a_place_below_a_file_is_said_in_one_line(here):
    (here / "panel.csv").write_text(PANEL, encoding="utf-8")
    arguments = ("population", "build", "panel.csv", "-o", "panel.csv/out.csv")
    assert "there is no folder panel.csv" in refused(here, *arguments)
