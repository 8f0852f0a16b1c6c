"""The answer for some of the trusts: the same numbers as the run file's, by name."""

import json
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console
from terminals import inside

from simulator.answers.groups import estimate, report
from simulator.answers.groups.estimate import Chosen
from simulator.errors import RunFileError
from simulator.running import runs

PLAN = "spending-review-2025"


@pytest.fixture(scope="module")
def run():
    return runs.run(PLAN, draws=64)


def printed(what):
    console = Console(width=100, file=None, record=True)
    with console.capture() as told:
        console.print(what)
    return told.get()


@pytest.mark.parametrize("by", ["type", "system", "trust"])
def test_chances_are_those_of_the_run_file(run, by):
    root = run.to_dataset()
    found = estimate.group_chances(run, by)
    dimension = estimate.DIMENSIONS[by]
    for k, outcome in enumerate(found["outcome"].values):
        for name, chosen in {"own": outcome, "balance": "balance"}.items():
            for end in estimate.ENDS:
                wanted = root[f"{estimate.PREFIX[by]}probability{end}"].isel(target=k)
                sector = root[f"sector_probability{end}"].isel(target=k)
                own = found[f"{name}_probability{end}"].isel(target=k)
                assert list(own["member"].values[1:]) == list(root[dimension].values)
                assert np.array_equal(own.values[1:], wanted.sel(outcome=chosen).values)
                assert own.values[0] == sector.sel(outcome=chosen)


def test_members_have_as_many_trusts_as_the_run(run):
    for by in ("type", "system", "trust"):
        found = estimate.group_chances(run, by)["trusts"]
        assert found.sel(member="sector") == run.sizes["trust"]
        assert found.drop_sel(member="sector").sum() == run.sizes["trust"]


def test_a_name_is_found_whatever_its_capitals_are(run):
    known = estimate.names_of(run, "system")
    asked = Chosen("system", (known[0].upper(),))
    assert estimate.check(asked, known, "x").names == (known[0],)
    codes = estimate.names_of(run, "trust")[:2]
    asked = Chosen("trust", (*codes, codes[0]))
    assert estimate.check(asked, estimate.names_of(run, "trust"), "x").names == (
        *codes,
    )


def test_a_name_that_is_not_there_names_the_nearest(run):
    known = estimate.names_of(run, "type")
    with pytest.raises(RunFileError, match=r"no type of trust 'acut'; did you mean"):
        estimate.check(Chosen("type", ("acut",)), known, "run.h5")


def test_the_trusts_of_a_group_are_listed(run):
    root = run.to_dataset()
    for by in ("type", "system"):
        every = []
        for name in estimate.names_of(run, by):
            every += [c for c, _ in estimate.trusts_in(run, Chosen(by, (name,)))]
        assert sorted(every) == sorted(root["trust"].values)


def test_an_answer_for_a_group_sets_the_sector_beside_it_and_forecasts_nothing(run):
    system = estimate.names_of(run, "system")[0]
    said = printed(report.render(run, Chosen("system", (system,)), "run.h5"))
    plain = " ".join(said.split())
    assert f"System: {system}" in plain
    assert "sector" in plain
    assert "64 draws" in plain
    assert "95% Monte Carlo interval" in plain
    assert " ".join(report.CAUTION.split()) in plain
    for target in run.to_dataset()["target"].values:
        assert str(target) in said


def test_all_types_are_tabled_at_every_target(run):
    said = printed(report.render_all(run, "type", "run.h5"))
    for name in (*estimate.names_of(run, "type"), "sector"):
        assert name in said
    for target in run.to_dataset()["target"].values:
        assert str(target) in said


def test_no_chance_is_without_its_interval(run):
    found = report.as_records(run, "system", "run.h5")
    for row in found["chances"]:
        for name in estimate.OUTCOMES:
            value, low, high = (row[f"{name}_probability{e}"] for e in estimate.ENDS)
            assert 0 <= low <= value <= high <= 1
            assert low < high
    json.dumps(found, allow_nan=False)


def test_types_differ_where_trusts_do(run):
    found = estimate.group_chances(run, "type")["balance_probability"]
    assert float(np.ptp(found.sel(member=estimate.names_of(run, "type")).values)) > 0


# --- as users run it ------------------------------------------------------------------


def command(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "simulator.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


def test_a_system_is_answered_for_and_shown_again(tmp_path):
    of = ("--system", "system-03")
    made = command(tmp_path, "run", PLAN, "--draws", 32, "-o", "run.h5", *of, "--json")
    assert (made.returncode, made.stderr) == (0, "")
    answer = json.loads(made.stdout)
    assert {row["member"] for row in answer["chances"]} == {"sector", "system-03"}
    again = inside(tmp_path, "show", "run.h5", *of, "--json")
    assert json.loads(again.stdout) == answer
    table = inside(tmp_path, "show", "run.h5", "--by", "system")
    assert (table.returncode, table.stderr) == (0, "")
    assert "system-42" in table.stdout


def test_a_system_that_is_not_there_is_told_before_the_run(tmp_path):
    made = inside(tmp_path, "run", PLAN, "--system", "Kent", "-o", "run.h5")
    assert made.returncode == 1
    assert made.stderr.startswith("providers-2025: there is no system 'Kent'")
    assert not (tmp_path / "run.h5").exists()


@pytest.mark.parametrize(
    "flags",
    [
        ("--system", "a", "--type", "b"),
        ("--trusts", "a,b", "--type", "b"),
        ("--by", "type", "--type", "acute"),
    ],
)
def test_one_choice_of_trusts_at_a_time(tmp_path, flags):
    (tmp_path / "x.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    told = inside(tmp_path, "show", "x.h5", *flags)
    assert told.returncode == 2


def test_trusts_are_no_flag_of_a_scenario(tmp_path):
    told = inside(tmp_path, "show", PLAN, "--by", "type")
    assert told.returncode == 2
    assert "are for run files" in told.stderr
