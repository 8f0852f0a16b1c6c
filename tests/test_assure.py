"""An assurance pack claims what was seen, and nothing else."""

import ast
import csv
import json
import re
from pathlib import Path

import pandas as pd
import processes
import pytest
import tiny
from test_page import Page

import simulator as sim
from simulator.assurance import checks, contested, facts, questions, rap, stress
from simulator.assurance import writing as packs
from simulator.assurance.checks import Check
from simulator.assurance.claims import MET, NOT_MET, OPEN
from simulator.assurance.facts import Facts
from simulator.assurance.markdown import markdown
from simulator.assurance.promised import _bare, promised
from simulator.errors import RunFileError
from simulator.page.parts import Section, Table, Words
from simulator.running.verify import Verdict
from simulator.scenario.plain_names import names

DRAWS = 300
EVIL = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("assure")
    given = tiny.tables()
    given["targets"][0]["name"] = EVIL
    del given["delivery"]["forgiven"]  # which leaves the built-in one, of grade C
    scenario = sim.load_scenario(tiny.write(place, given))
    sim.run(scenario, draws=DRAWS, seed=7, output=place / "run.h5").close()
    return place


@pytest.fixture
def bare(folder):
    """What is known of a run of which nothing was checked, without the source."""
    return Facts(folder / "run.h5", sim.open(folder / "run.h5"), EVIL)


def check(kind, passed):
    return Check(kind, "a question", "a command", "something", passed, "now", 0.1)


def state(claims, asked, given):
    (claim,) = (one for one in claims if one.asked.startswith(asked))
    return claim.found(given).state


# --- no claim without its evidence ----------------------------------------------------

BY_CHECKS = [
    (rap.CRITERIA, "Outputs made by code", checks.VERIFY),
    (rap.CRITERIA, "A framework of tests", checks.TESTS),
    (rap.CRITERIA, "Code keeps to a coding standard", checks.LINT),
    (questions.QUESTIONS, "Does the run give", checks.VERIFY),
    (questions.QUESTIONS, "Does the code do", checks.TESTS),
    (questions.QUESTIONS, "Can the whole run be repeated", checks.RERUN),
]


@pytest.mark.parametrize(("claims", "asked", "kind"), BY_CHECKS)
def test_a_claim_is_open_until_its_check_is_run(claims, asked, kind, bare):
    assert state(claims, asked, bare) == OPEN
    good, bad = check(kind, True), check(kind, False)
    assert state(claims, asked, bare._replace(checks=(good,))) == MET
    assert state(claims, asked, bare._replace(checks=(good, bad))) == NOT_MET


BY_SOURCE = {
    "Code under version control": (None, NOT_MET),  # Git knows nothing of the folder
    "A README": ("README.md", NOT_MET),
    "Code is laid out": ("notebooks", NOT_MET),
    "Code is well documented": ("docs/architecture.md", NOT_MET),
    "Changes are signposted": ("CHANGELOG.md", NOT_MET),
}


@pytest.mark.parametrize("asked", BY_SOURCE)
def test_a_claim_about_the_source_is_open_without_it(asked, bare, tmp_path):
    assert state(rap.CRITERIA, asked, bare) == OPEN
    (tmp_path / "README.md").write_text("Nothing of how to run it.", encoding="utf-8")
    there = bare._replace(checkout=tmp_path)
    assert state(rap.CRITERIA, asked, there) == NOT_MET


def test_claims_about_the_source_are_met_by_this_one(bare):
    source = facts.checkout()
    assert source is not None
    here = bare._replace(checkout=source)
    for asked in ("A README", "Code is laid out", "Code is well documented"):
        assert state(rap.CRITERIA, asked, here) == MET


def test_a_workflow_that_nobody_saw_run_is_open(bare, tmp_path):
    there = bare._replace(checkout=tmp_path)
    assert state(rap.CRITERIA, "Tests run by themselves", there) == NOT_MET
    (tmp_path / ".ci").mkdir()
    assert state(rap.CRITERIA, "Tests run by themselves", there) == OPEN


def test_what_people_must_say_stays_open_whatever_was_checked(bare):
    every = tuple(check(kind, True) for kind in ("verify", "rerun", "tests", "lint"))
    known = bare._replace(checks=every, checkout=facts.checkout())
    asked = "Code has been peer reviewed", "Code is published"
    assert [state(rap.CRITERIA, one, known) for one in asked] == [OPEN, OPEN]
    signed = "Has an assurer reviewed it"
    assert state(questions.QUESTIONS, signed, known) == OPEN


def test_an_assumption_without_a_source_is_told(bare):
    asked = "Are assumptions logged"
    assert state(questions.QUESTIONS, asked, bare) == MET
    made_from = bare.run["provenance"].attrs
    origins = json.loads(made_from["origins"])
    origins["delivery.forgiven"][1] = ""
    made_from["origins"] = json.dumps(origins)
    assert state(questions.QUESTIONS, asked, bare) == NOT_MET


def test_it_matters_only_where_it_was_simulated(bare):
    asked = "Is it known which assumptions matter"
    assert state(questions.QUESTIONS, asked, bare) == OPEN
    found = pd.DataFrame({"assumption": ["delivery.forgiven"], "clear": [True]})
    for name in ("share", "low", "high"):
        found[name] = 0.5
    assert state(questions.QUESTIONS, asked, bare._replace(influences=found)) == MET


def test_a_level_needs_all_of_it_and_of_those_before():
    met, missing = [rap.Found(MET, "")], [rap.Found(OPEN, "")]
    levels = dict.fromkeys(rap.LEVELS, met)
    assert rap.reached(levels) == "Gold"
    assert rap.reached(levels | {"Silver": met + missing}) == "Baseline"
    assert rap.reached(levels | {"Baseline": missing}) == "none"


# --- what was run ---------------------------------------------------------------------


def test_a_file_that_is_not_what_it_says_fails(folder, monkeypatch):
    sound = list(checks.verified(folder / "run.h5"))
    assert len(sound) > 3
    assert all(one.passed for one in sound)
    assert all(re.fullmatch(r"\d{4}-.*\+00:00", one.at) for one in sound)

    def verdicts(place, seed):
        yield Verdict("the numbers hash", "182 variables", "")
        yield Verdict("the draws agree", "no", "/sector/balance: other bits")

    monkeypatch.setattr(checks.verify, "verdicts", verdicts)
    found = list(checks.verified(folder / "run.h5"))
    assert [one.passed for one in found] == [True, False]
    assert found[1].found == "/sector/balance: other bits"
    assert checks.passed(found, checks.VERIFY) is False


def test_a_run_is_made_again_from_its_file(folder):
    done = []
    found = checks.made_again(folder / "run.h5", None, done.append)
    assert found.passed
    assert sum(done) == DRAWS


@pytest.mark.parametrize(
    ("words", "passed"), [("print('1 passed')", True), ("1/0", False)]
)
def test_what_a_command_says_is_kept(words, passed, tmp_path, monkeypatch):
    (tmp_path / "trial.py").write_text(words, encoding="utf-8")
    monkeypatch.setitem(checks.COMMANDS, checks.TESTS, ("trial",))
    found = checks.of_checkout(checks.TESTS, tmp_path)
    assert found.passed is passed
    said = "exit code 0: 1 passed" if passed else "exit code 1: ZeroDivisionError"
    assert found.found.startswith(said)


# --- what is written ------------------------------------------------------------------


def test_the_model_is_described_under_all_twenty_headings(bare):
    found = stress.items(bare)
    numbers = [item.number for item in found]
    count = {"1": 3, "2": 5, "3": 4, "4": 3, "5": 4, "6": 1}
    assert numbers == [f"{a}.{b + 1}" for a, n in count.items() for b in range(n)]
    assert all(len(item.text) > 20 for item in found)


def test_every_table_of_a_scenario_has_somebody_who_would_contest_it():
    assert [key for key in names() if not contested.who(key)] == []
    assert contested.who("demand.mental_health.trend").startswith("mental health")


def test_names_are_only_texts_in_markdown():
    row = ("a|b", "<b>*x*</b> [y](z)\nw")
    table = Table("t", "T", ("one", "two"), (row,), keys=("a`b|c",))
    found = markdown("# <i>", [Section("s", "S", (Words("_w_", strong=True), table))])
    assert found.startswith("# # &lt;i&gt;\n")
    assert r"**\_w\_**" in found
    assert r"| a\|b (`a'b\|c`) | &lt;b&gt;\*x\*&lt;/b&gt; \[y\](z) w |" in found


def test_as_a_process_in_a_pipe(folder):
    words = "assure", "run.h5", "-o", "pack", "--quick", "--target", EVIL, "--json"
    done = processes.python("-m", "simulator.cli", *words, folder=folder)
    assert processes.fault(done) == ""
    found = json.loads(done.stdout)
    assert found["passed"]
    assert {Path(name).name for name in found["files"]} == set(packs.FILES)
    pack = folder / "pack"
    assert {place.name for place in pack.iterdir()} == set(packs.FILES)
    text = (pack / "assurance.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert "<script>alert" not in text
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert len(page.tables["checks"]) == 1 + len(found["checks"])
    with (pack / "assumptions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (one,) = (row for row in rows if row["key"] == "delivery.forgiven")
    assert one["grade"] == "C"
    assert one["source"]
    assert one["influence"] == "not simulated"
    assert one["contested by"]
    again = processes.python("-m", "simulator.cli", *words[:-1], folder=folder)
    assert again.returncode == 1
    assert "is there already; add --force" in again.stderr


def test_only_its_own_files_are_replaced(folder, tmp_path):
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "notes.txt").write_text("mine", encoding="utf-8")
    how = {"target": EVIL, "quick": True}
    sim.assure(folder / "run.h5", pack, **how)
    with pytest.raises(RunFileError, match="is there already"):
        sim.assure(folder / "run.h5", pack, **how)
    sim.assure(folder / "run.h5", pack, **how, force=True)
    assert (pack / "notes.txt").read_text(encoding="utf-8") == "mine"
    with pytest.raises(RunFileError, match="is a file; give the path of a folder"):
        sim.assure(folder / "run.h5", pack / "notes.txt", **how, force=True)
    with pytest.raises(RunFileError, match="there is no folder"):
        sim.assure(folder / "run.h5", tmp_path / "gone" / "pack", **how)


def test_tests_need_the_source(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(packs, "checkout", lambda: None)
    with pytest.raises(RunFileError, match="needs the source"):
        sim.assure(folder / "run.h5", tmp_path / "pack", tests=True)
    assert not (tmp_path / "pack").exists()


@pytest.mark.slow
def test_influences_are_those_of_the_answer(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(packs, "DRAWS", 256)
    counted = []
    how = {"target": EVIL, "rerun": True, "on_progress": counted.append}
    asked = packs.plan(folder / "run.h5", tmp_path / "p", EVIL, rerun=True)
    sim.assure(folder / "run.h5", tmp_path / "p", **how)
    assert sum(counted) == asked.simulated
    text = (tmp_path / "p" / "assumptions.csv").read_text(encoding="utf-8")
    assert "not simulated" not in text
    assert "the whole run was made again" in (
        (tmp_path / "p" / "questions.md").read_text(encoding="utf-8").lower()
    )


def test_the_names_looked_at_are_those_of_the_package():
    assert set(promised()) == set(sim.__all__)
    assert all(promised().values())
    bare = _bare(ast.parse('def one(): "Told."\ndef two(): pass\nclass Three: pass'))
    assert list(bare) == ["two", "Three"]
