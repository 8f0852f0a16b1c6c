"""The second answer of a run: the same futures, with beliefs given the record."""

import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import processes
import pytest
import tiny
import xarray as xr
from terminals import inside

import simulator as sim
from simulator.engine.shards import SHARD
from simulator.errors import RunFileError
from simulator.runfile import store
from simulator.runfile.untrusted import inspection
from simulator.running import beliefs as believing
from simulator.running import extend, fingerprint, runs, second, verify
from simulator.scenario.load import Loaded, load_scenario

DRAWS = 300
TABLE = "record-2013-2017"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load_scenario(tiny.write(tmp_path_factory.mktemp("scenario")))


@pytest.fixture(scope="module")
def place(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("run") / "run.h5"
    runs.run(loaded, draws=DRAWS, seed=7, output=place).close()
    return place


def numbers(run: xr.DataTree) -> dict[str, str]:
    """Digests of the numbers, by path."""
    return dict(json.loads(run["provenance"].attrs["payload_digests"]))


def test_no_number_of_the_first_answer_moves(loaded: Loaded, place: Path) -> None:
    both = numbers(sim.open(place))
    how: dict[str, Any] = {"record": False, "output": place.with_name("alone.h5")}
    alone = numbers(runs.run(loaded, draws=DRAWS, seed=7, **how))
    assert not [path for path in alone if path.startswith("/record")]
    assert {p: d for p, d in both.items() if not p.startswith("/record")} == alone


@pytest.mark.parametrize("form", ["gap", "tariff"])
def test_it_is_what_a_run_given_the_record_alone_finds(
    form: str, loaded: Loaded, place: Path
) -> None:
    """Who achieves in each draw, how often, and how far that may be off: to the bit."""
    folder = loaded.folder
    given = believing.load(folder / "tiny.toml", beliefs="record", plans=form)
    alone = runs.run(given, draws=DRAWS, seed=7)
    targets = [target.name for target in given.scenario.targets]
    found = sim.open(place)["record"].to_dataset().sel(target=targets)
    by_draw = alone["sector"]["achieved"].transpose("target", "outcome", "draw")
    np.testing.assert_array_equal(found["sector_by_draw"], by_draw)
    np.testing.assert_array_equal(found["achieved"], alone["achieved"])
    for name in ("probability", "sector_probability_low", "mean_share_achieving_high"):
        np.testing.assert_array_equal(found[name], alone[name])
    assert (found["effective_beliefs"] == alone.attrs["effective_beliefs"]).all()


def test_neither_threads_nor_parts_nor_extending_move_it(
    loaded: Loaded, tmp_path: Path
) -> None:
    draws = 2 * SHARD + 10
    how: dict[str, Any] = {"draws": draws, "seed": 7}
    told: list[int] = []
    places = [tmp_path / f"{name}.h5" for name in ("one", "parts", "longer")]
    runs.write(loaded, places[0], threads=1, on_progress=told.append, **how)
    runs.write(loaded, places[1], threads=2, part=SHARD, **how)
    runs.write(loaded, places[2], draws=SHARD - 5, seed=7)
    extend.extend(places[2], draws)
    one, *others = (numbers(sim.open(place)) for place in places)
    assert "/record/sector_by_draw" in one
    assert others == [one, one]
    assert sum(told) == draws  # a draw is told of once, and not once a form


def test_it_is_verified_and_made_again(place: Path, tmp_path: Path) -> None:
    for whole in (False, True):
        verdicts = verify.verdicts(place, seed=1, whole=whole)
        assert [verdict.difference for verdict in verdicts] == [""] * 7
    assert extend.rerun(place, tmp_path / "again.h5")


def test_what_was_not_so_is_told(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose digests are right and whose second answer is made up."""
    honest = second.Second.simulated

    def flattering(self: second.Second, draws: range, *how: Any, **more: Any) -> Any:
        by_draw, counts = honest(self, draws, *how, **more)
        counts.sector[:] += (by_draw == 0).sum(axis=-1)
        return np.ones_like(by_draw), counts

    monkeypatch.setattr(second.Second, "simulated", flattering)
    runs.run(loaded, draws=64, seed=7, output=tmp_path / "run.h5").close()
    monkeypatch.undo()
    for whole in (False, True):
        verdicts = list(verify.verdicts(tmp_path / "run.h5", seed=1, whole=whole))
        assert [v.difference for v in verdicts][:6] == [""] * 6
        assert "/record/sector_by_draw is another" in verdicts[-1].difference


@pytest.mark.parametrize(
    ("scenario", "changed", "why"),
    [
        ("hindcast-2015", {}, "of these very years"),
        ("five-year-forward-view", {}, "of these very years"),
        (
            "long-term-plan",
            {"as_known_at": "2018-05-01"},
            "no packaged table was known",
        ),
        ("long-term-plan", {"beliefs": TABLE}, "every draw is from beliefs given"),
    ],
)
def test_where_there_is_none_it_says_why(
    scenario: str, changed: dict[str, str], why: str
) -> None:
    asked = load_scenario(scenario).scenario
    chosen = second.choose(asked.model_copy(update=changed))
    assert chosen.table == ""
    assert why in chosen.without


def test_the_table_is_the_latest_that_a_scenario_may_know() -> None:
    plan = load_scenario("long-term-plan").scenario
    assert second.choose(plan) == ("record-january-2019", "")
    later = plan.model_copy(update={"as_known_at": None})
    assert second.choose(later) == (TABLE, "")


def test_of_another_model_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "fingerprint", lambda: "0" * 16)
    chosen = second.choose(load_scenario("long-term-plan").scenario)
    why = "record-january-2019 was found with another model than this one"
    assert chosen == ("", why)


def test_a_scenarios_own_word_holds_in_both(tmp_path: Path) -> None:
    sure = tiny.sure_tables()
    chosen = second.choose(tiny.loaded(sure).scenario)
    assert chosen == ("", "the scenario has its own word on all that it changes")
    loaded = load_scenario(tiny.write(tmp_path), ["delivery.treated=0.9"])
    run = runs.run(loaded, draws=64, seed=7)
    overruled = json.loads(run["provenance"].attrs["record_overruled"])
    assert "delivery.treated" in overruled
    assert "delivery.sharpness" not in overruled


def test_evenly_spread_draws_have_none(loaded: Loaded) -> None:
    run = runs.run(loaded, draws=512, seed=7, sampling="rqmc")
    assert "record" not in run.children
    said = run["provenance"].attrs["without_record"]
    assert said == "rows of a table of beliefs cannot be spread evenly"


def test_the_headline_sets_both_side_by_side(loaded: Loaded, place: Path) -> None:
    run = sim.open(place)
    answer = sim.headline(run)
    assert answer["beliefs"].values.tolist() == ["prior", "record"]
    for end in ("", "_low", "_high"):
        one = answer[f"chance{end}"].sel(beliefs="prior", of="balance")
        np.testing.assert_array_equal(one, answer[f"balance_probability{end}"])
        given = run["record"][f"sector_probability{end}"].sel(outcome="balance")
        found = answer[f"chance{end}"].sel(beliefs="record", of="balance")
        np.testing.assert_array_equal(found, given)
    wider = sim.headline(run, together=True)
    np.testing.assert_array_equal(wider["chance"], answer["chance"])
    assert (wider["chance_low"] <= answer["chance_low"]).all()
    assert (wider["chance_low"] < answer["chance_low"]).any("of").all()
    alone = sim.headline(runs.run(loaded, draws=64, record=False))
    assert alone["beliefs"].values.tolist() == ["prior"]


def test_a_run_answers_twice_and_says_what_that_means(tmp_path: Path) -> None:
    tiny.write(tmp_path)
    shown = inside(
        tmp_path, *("run", "tiny.toml", "--draws", "64", "-o", "tiny.h5", "--full")
    )
    assert processes.fault(shown) == ""
    said = " ".join(shown.stdout.split())
    assert "given record" in said
    assert "give 2013/14 to 2017/18 much as published" in said
    assert "In both the scenario has its own word on delivery.real_share" in said
    found = inside(tmp_path, "show", "tiny.h5", "--json")
    assert processes.fault(found) == ""
    first = json.loads(found.stdout)["targets"][0]
    both = first["chances_by_beliefs"]
    assert both["prior"]["sector"]["estimate"] == first["sector_probability"]
    assert set(both["record"]["balance"]) == {"estimate", "low", "high"}


def test_a_run_from_prior_beliefs_alone_says_so(tmp_path: Path) -> None:
    tiny.write(tmp_path)
    shown = inside(
        tmp_path, *("run", "tiny.toml", "--draws", "64", "--beliefs", "prior", "--full")
    )
    assert processes.fault(shown) == ""
    said = " ".join(shown.stdout.split())
    assert "none given the record, as it was not asked for" in said
    assert "given record" not in said


def test_format_3_is_read_verified_and_extended(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is format 4 without a second answer, and stays without one."""
    place = tmp_path / "old.h5"
    monkeypatch.setattr(store, "FORMAT", 3)
    runs.run(loaded, draws=64, seed=7, record=False, output=place).close()
    monkeypatch.undo()
    assert inspection.FORMAT == 4
    run = sim.open(place)
    assert run.attrs["format"] == 3
    assert sim.headline(run)["beliefs"].values.tolist() == ["prior"]
    assert not any(v.difference for v in verify.verdicts(place, seed=1))
    extend.extend(place, 128)
    longer = sim.open(place)
    assert longer.attrs["format"] == 4
    assert "record" not in longer.children


def test_rows_that_are_others_now_are_refused(place: Path, tmp_path: Path) -> None:
    copied = tmp_path / "run.h5"
    shutil.copy(place, copied)
    with h5py.File(copied, "r+") as file:
        file["provenance"].attrs["record_digest"] = "0" * 64
    with (
        store.open_run(copied, ("/", "/provenance"), trusted=True) as run,
        pytest.raises(RunFileError, match=rf"from {TABLE} \(0{{12}}\), which this"),
    ):
        second.of_run(run)
