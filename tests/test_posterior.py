"""Beliefs given the record: a table of joint rows, and runs that draw from it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import processes
import pytest
from terminals import inside

import simulator as sim
from simulator import drivers
from simulator.answers.calibrate import observed, space, table_text
from simulator.answers.chances import simulate as both_beliefs
from simulator.errors import RunFileError, SimulatorError
from simulator.running import beliefs as believing
from simulator.running import fingerprint, rebuild, runs, stopping
from simulator.scenario import posterior, tables
from simulator.scenario.load import load_scenario
from simulator.scenario.values import FOLLOWS
from simulator.statistics.intervals import wilson

ABOUT = {"published_by": "2018-12-31", "gap": {"effective": 150.0}}
ROWS = 200
JANUARY = "record-january-2019"


def text_of(**about: object) -> str:
    """A table of rows drawn from the prior, with one belief bound to another."""
    past = space.of_past(load_scenario("hindcast-2013").scenario)
    prior = {path: past.assumptions[path] for path in past.carried}
    points = np.random.default_rng(3).standard_normal((ROWS, len(past.paths)))
    values = past.values(points)[:, [past.paths.index(path) for path in prior]]
    said = {**ABOUT, "fingerprint": fingerprint.fingerprint(), **about}
    said["tariff"] = said["gap"]
    return posterior.to_text(said, prior, dict.fromkeys(FOLLOWS, values))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("beliefs") / "mine.csv"
    path.write_text(text_of(), encoding="utf-8")
    return path


def test_every_draw_takes_a_whole_row(file: Path) -> None:
    scenario = believing.load("hindcast-2015", beliefs=str(file), plans="gap").scenario
    drawn = drivers.draw(scenario, 7, 0, 500).assumptions
    given = posterior.load(str(file))
    rows = {tuple(row) for row in given.rows["gap"].tolist()}
    found = np.stack([drawn[path] for path in given.prior], axis=1)
    assert {tuple(row) for row in found.tolist()} <= rows
    assert len(np.unique(found, axis=0)) > ROWS // 2  # and many of them


def test_which_row_a_draw_takes_does_not_depend_on_its_neighbours(file: Path) -> None:
    scenario = believing.load("hindcast-2015", beliefs=str(file), plans="gap").scenario
    whole = drivers.draw(scenario, 7, 0, 64).assumptions
    part = drivers.draw(scenario, 7, 40, 10).assumptions
    for path, values in part.items():
        np.testing.assert_array_equal(values, whole[path][40:50])


def test_the_word_of_a_scenario_holds_against_the_record(file: Path) -> None:
    settings = ("delivery.real_share=0.7",)
    scenario = believing.load("hindcast-2015", settings, str(file), "gap").scenario
    assert posterior.overruled(scenario) == ("delivery.real_share",)
    assert "delivery.real_share" not in posterior.of(scenario)
    assert "delivery.plan_floor" in posterior.of(scenario)


def test_beliefs_of_another_model_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text(text_of(fingerprint="0" * 16), encoding="utf-8")
    done = inside(
        tmp_path,
        *("run", "hindcast-2015", "--plans", "gap", "--beliefs", str(path)),
        *("--draws", "64", "-o", "run.h5"),
    )
    assert done.returncode == 1
    assert "were found with another model" in done.stderr
    assert not (tmp_path / "run.h5").exists()


def test_targets_of_both_forms_do_not_share_beliefs(file: Path) -> None:
    with pytest.raises(SimulatorError, match="run one kind: --plans gap"):
        runs.run(believing.load("hindcast-2015", beliefs=str(file)), draws=64)


def test_a_scenario_does_not_know_figures_of_later(file: Path) -> None:
    old = text_of(published_by="2019-02-01")
    late = file.with_name("late.csv")
    late.write_text(old, encoding="utf-8")
    with pytest.raises(SimulatorError, match="rest on figures published until 2019-02"):
        load_scenario("long-term-plan", [f'beliefs="{late}"'])
    load_scenario("long-term-plan", [f'beliefs="{file}"'])


def test_a_run_from_the_record_can_be_made_again(file: Path, tmp_path: Path) -> None:
    run = inside(
        tmp_path,
        *("run", "hindcast-2015", "--plans", "gap", "--beliefs", str(file)),
        *("--draws", "128", "-o", "run.h5"),
    )
    assert processes.fault(run) == ""
    again = inside(tmp_path, "rerun", "run.h5", "-o", "again.h5")
    assert processes.fault(again) == ""
    said = inside(tmp_path, "show", "run.h5", "--provenance", "--json")
    digest = posterior.load(str(file)).digest
    assert json.loads(said.stdout)["provenance"]["beliefs_digest"] == digest


def test_a_run_keeps_the_rows_of_a_table_that_nobody_else_has(tmp_path: Path) -> None:
    """Whatever becomes of the table: first another stands at its path, then none."""
    path = tmp_path / "mine.csv"
    path.write_text(text_of(), encoding="utf-8")
    run = inside(
        tmp_path,
        *("run", "hindcast-2015", "--plans", "gap", "--beliefs", "mine.csv"),
        *("--draws", "64", "-o", "run.h5"),
    )
    assert processes.fault(run) == ""
    path.write_text(text_of(note="another"), encoding="utf-8")
    again = inside(tmp_path, "rerun", "run.h5", "-o", "again.h5")
    assert processes.fault(again) == ""
    path.unlink()
    verified = inside(tmp_path, "verify", "again.h5")
    assert processes.fault(verified) == ""


def test_a_run_is_refused_where_packaged_rows_are_other_ones_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = believing.load("long-term-plan", beliefs="record", plans="tariff")
    run = runs.run(loaded, draws=64)
    assert "beliefs_table" not in run["provenance"].attrs
    other = replace(posterior.load(JANUARY), digest="0" * 64)
    monkeypatch.setattr(posterior, "table_of", lambda scenario: other)
    with pytest.raises(RunFileError, match="were other rows than they are now"):
        rebuild.inputs_of(run)


def test_intervals_hold_the_finite_number_of_beliefs(file: Path) -> None:
    run = runs.run(
        believing.load("hindcast-2015", beliefs=str(file), plans="gap"), draws=512
    )
    root = run.to_dataset().isel(target=0)
    share = root["sector_probability"].values
    low, high = wilson(share * 512, 512)
    assert (root["sector_probability_low"].values <= low).all()
    inside = (share > 0.05) & (share < 0.95)
    assert inside.any()
    width = root["sector_probability_high"] - root["sector_probability_low"]
    assert (width.values[inside] > 1.5 * (high - low)[inside]).all()


def test_answers_from_a_run_file_know_how_few_beliefs_it_has(file: Path) -> None:
    run = runs.run(
        believing.load("hindcast-2015", beliefs=str(file), plans="gap"), draws=512
    )
    assert run.attrs["effective_beliefs"] == 150.0
    as_if = run.copy()
    del as_if.attrs["effective_beliefs"]
    few, many = sim.path(run), sim.path(as_if)
    for name in ("balance", "trusts_in_deficit"):
        wide, narrow = (
            (found[f"{name}_high"] - found[f"{name}_low"]).mean()
            for found in (few, many)
        )
        assert float(wide) > 1.5 * float(narrow), name
    few, many = sim.headline(run), sim.headline(as_if)
    wide, narrow = (
        (found["trusts_in_deficit_high"] - found["trusts_in_deficit_low"]).mean()
        for found in (few, many)
    )
    assert float(wide) > 1.5 * float(narrow)


def test_a_precision_that_rows_cannot_give_is_refused(file: Path) -> None:
    scenario = believing.load("hindcast-2015", beliefs=str(file), plans="gap").scenario
    with pytest.raises(SimulatorError, match="cannot be had"):
        stopping.check(scenario, 0.05)
    stopping.check(scenario, 0.09)


def test_rows_are_not_spread_evenly(file: Path) -> None:
    loaded = believing.load("hindcast-2015", beliefs=str(file), plans="gap")
    with pytest.raises(SimulatorError, match="cannot be spread evenly"):
        runs.run(loaded, draws=1024, sampling="rqmc")


def test_both_answers_come_in_one_call(file: Path) -> None:
    found = both_beliefs.chances(
        "hindcast-2015", beliefs=("prior", str(file)), draws=64
    )
    assert dict(found.sizes) == {"beliefs": 2, "target": 2, "outcome": 6}
    assert not found["estimate"].isnull().any()
    plain = runs.run("hindcast-2015", draws=64)["sector_probability"]
    np.testing.assert_array_equal(found["estimate"].sel(beliefs="prior"), plain)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: "", "is no table of"),
        (lambda text: text.replace("# table", "# tabel", 1), "is no table of"),
        (lambda text: text.replace("# [prior]\n", ""), "is not whole"),
        (lambda text: text.replace("plan_follows,", "follows,"), "its columns are not"),
        (lambda text: text + "gap,1\n", "row 401: is no row"),
        (
            lambda text: re.sub("\ngap,[^,]+", "\ngap,nan", text, count=1),
            "row 1: is no",
        ),
        (lambda text: text[: text.index("\ntariff")] + "\n", "tariff"),
        (lambda text: text.replace("# fingerprint", "# finger", 1), "is not whole"),
    ],
)
def test_a_table_that_is_not_whole_is_refused(
    change: object, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(change(text_of()), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(SimulatorError, match=problem):
        posterior.of(
            believing.load("hindcast-2015", beliefs=str(path), plans="tariff").scenario
        )


def test_there_are_packaged_tables_of_both_records() -> None:
    assert [*tables.packaged()] == ["record-2013-2017", "record-january-2019"]
    assert believing.latest(None) == "record-2013-2017"
    assert believing.latest("2019-01-31") == "record-january-2019"


@pytest.mark.parametrize("name", ["record-2013-2017", "record-january-2019"])
def test_packaged_beliefs_are_of_this_model_and_this_record(name: str) -> None:
    """Where this fails, make them again: see docs/calibration.md."""
    about = posterior.load(name).about
    assert about["fingerprint"] == fingerprint.fingerprint()
    assert about["record"] == table_text.record_digest(observed.scored())
    past = space.of_past(load_scenario(about["scenario"]).scenario)
    prior = {path: past.assumptions[path] for path in past.carried}
    assert posterior.load(name).prior == prior
    for form in FOLLOWS:
        assert about[form]["effective"] >= 1_000
        assert len(posterior.load(name).rows[form]) >= 4_000


def test_the_record_is_a_cause_of_its_own(tmp_path: Path) -> None:
    done = inside(
        _with_record(tmp_path),
        *("why", "long-term-plan", "with.toml", "--target", "1.1%", "--draws", "64"),
        *("--of", "chance", "--json"),
    )
    assert processes.fault(done) == ""
    causes = json.loads(done.stdout)["quantities"]["chance"]["causes"]
    assert causes.pop("beliefs")["estimate"] > 0.02
    assert all(cause["estimate"] == 0.0 for cause in causes.values())


def _with_record(folder: Path) -> Path:
    text = (
        'extends = "long-term-plan"\nname = "with"\nbeliefs = "record-january-2019"\n'
    )
    (folder / "with.toml").write_text(text, encoding="utf-8")
    return folder


def test_uncertainty_shares_out_what_the_record_ties_together(
    file: Path, tmp_path: Path
) -> None:
    done = inside(
        tmp_path,
        *("uncertainty", "long-term-plan", "--set", f"beliefs={file}"),
        *("--target", "1.1%", "--draws", "1024"),
    )
    assert processes.fault(done) == ""
    said = " ".join(done.stdout.split())
    assert "(Shapley effects), so that nothing is counted twice" in said
    assert "of the spread is what no sum of them explains" in said
