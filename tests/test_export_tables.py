"""Tables of a run: their words, in a notebook, and which are chosen."""

import json
import re

import exported
import numpy as np
import pandas as pd
import pytest
from exported import read_csv

from simulator import schema
from simulator.errors import RunFileError
from simulator.exports import columns, tables, tidy
from simulator.exports import write as export
from simulator.exports.columns import ALWAYS, BY_DRAW, NAMES
from simulator.runfile import store
from simulator.scenario import assumptions_log
from simulator.scenario.load import load_scenario
from simulator.schema import RESULTS, VARIABLES


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return exported.make(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def run(file):
    with store.open_run(file) as tree:
        yield tree.load()


# --- words ----------------------------------------------------------------------------


def test_every_column_has_a_meaning(run):
    defined = tidy.definitions(run)
    assert defined["meaning"].notna().all()
    assert not defined.duplicated(["table", "column"]).any()
    assert set(defined["table"]) == set(NAMES)


def test_words_are_those_of_the_schema(run):
    words = {
        (table, column): (unit, meaning)
        for table in NAMES
        for column, unit, meaning in columns.of_table(table, run)
    }
    for table, group, names in (
        ("sector", "/sector", RESULTS),
        ("trajectories", "/trajectories", schema.KEPT),
        ("drivers_by_year", "/drivers", columns.OF_A_YEAR),
        ("targets", "", ("rate", "basis")),
        ("shares", "", ("share_achieving", "share_achieving_low")),
    ):
        for name in names:
            variable = VARIABLES[f"{group}/{name}"]
            assert words[table, name] == (variable.unit, variable.meaning)
    for name, expected in schema.SPREAD.items():
        assert words["trust_bands", name] == expected


def test_the_assumptions_are_those_of_the_log(run, file):
    loaded = load_scenario(file.parent / "tiny.toml")
    found = tidy.assumptions(run).set_index("key")
    expected = {record["key"]: record for record in assumptions_log.as_records(loaded)}
    assert found.index.tolist() == list(expected)
    for key, row in found.iterrows():
        for name in ("layer", "source", "grade"):
            assert (row[name] if pd.notna(row[name]) else "") == expected[key][name]
    share = "delivery.real_share"
    assert (
        json.loads(found.loc[share, "value"].split("=")[1][:-1])
        == (expected[share]["value"]["triangular"])
    )


def test_about_says_what_is_not_in_the_number(run):
    about = tidy.about(run).groupby("item")["value"].apply(list)
    assert about["draws"] == ["30"]
    assert about["confidence of the intervals of probabilities"] == ["0.95"]
    assert len(about["not in the number"]) > 3
    assert any("Monte Carlo error only" in line for line in about["not in the number"])
    assert about["population_about"][0]
    assert "scenario_resolved" not in about


def test_about_says_that_draws_are_not_independent(run):
    assert "replicates" not in set(tidy.about(run)["item"])
    even = run.copy()
    even.attrs = run.attrs | {"replicates": 16}
    about = tidy.about(even).set_index("item")["value"]
    assert about["replicates"] == "16: draws within one are not independent"


# --- tables in a notebook -------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_each_table_is_a_function(name, run):
    frame = getattr(tidy, name)(run)
    assert [*frame.columns] == [each.name for each in columns.of_table(name, run)]
    beside = NAMES if name == "definitions" else [name]
    (table,) = [each for each in tables.open_tables(run, beside) if each.name == name]
    chunks = pd.concat(table.chunks(), ignore_index=True)
    pd.testing.assert_frame_equal(chunks, frame)
    assert table.rows == len(frame)


@pytest.mark.parametrize("name", ["sector", "sector_achieved", "trajectories"])
def test_one_target_can_be_asked_for(name, run):
    table = getattr(tidy, name)
    whole = table(run)
    expected = whole[whole["target"] == "four"].reset_index(drop=True)
    pd.testing.assert_frame_equal(table(run, target="four"), expected)
    with pytest.raises(RunFileError, match="there is no 'fuor'; did you mean 'four'"):
        table(run, target="fuor")


@pytest.mark.parametrize("rows", [60])
def test_a_chunk_is_no_larger_than_it_may_be(run, rows, monkeypatch):
    monkeypatch.setattr(tables, "SLAB_ROWS", rows)
    for table in tables.open_tables(run, [*BY_DRAW, "trust_bands"]):
        chunks = list(table.chunks())
        least = max(len(tidy.frame_of(*one_place(run, table.name))), rows)
        assert max(map(len, chunks)) <= least
        assert sum(map(len, chunks)) == table.rows


def one_place(run, name):
    """One target's one draw, or one trust: less is never taken at once."""
    dataset, dims = tidy.GRIDS[name](run)
    many = next(dim for dim in dims if dim != "target")
    return dataset.isel({dim: [0] for dim in ("target", many) if dim in dims}), dims


def test_a_run_of_numbers_that_are_missing_stays_whole(run):
    dataset, dims = tidy.GRIDS["sector"](run)
    holed = dataset.copy(deep=True)
    deficits = holed["trusts_in_deficit"].copy(deep=True)
    deficits[0, 0, 0] = np.nan
    holed["trusts_in_deficit"] = deficits
    frame = tidy.frame_of(holed, dims)
    assert frame["trusts_in_deficit"].dtype == "Int64"
    assert frame["trusts_in_deficit"].isna().tolist() == [True] + [False] * (
        len(frame) - 1
    )


# --- choosing -------------------------------------------------------------------------


def test_some_tables_bring_their_words_along(run, tmp_path):
    planned = export.plan(run, tmp_path / "some", "csv", ["shares", "targets"])
    assert [table.name for table in planned.tables] == ["targets", "shares", *ALWAYS]
    assert planned.left_out["sector"] == "not asked for"
    export.write(planned)
    defined = read_csv(tmp_path / "some", "definitions")
    assert set(defined["table"]) == {"targets", "shares", *ALWAYS}
    assert len(defined) == planned.tables[2].rows


def test_summaries_are_all_but_what_is_by_draw(run):
    chosen = tables.choose(run, ["summaries", "drivers"])
    assert set(NAMES) - set(chosen) == set(BY_DRAW) - {"drivers"}
    assert set(BY_DRAW) == {
        "sector",
        "sector_achieved",
        "drivers",
        "drivers_by_year",
        "trajectories",
    }


def test_trajectories_that_were_not_kept_are_said_to_be_missing(file, tmp_path):
    groups = ["/", "/sector", "/drivers", "/provenance"]
    with store.open_run(file, groups) as bare:
        planned = export.plan(bare, tmp_path / "bare", "csv", ["targets"])
        assert planned.left_out["trajectories"] == "the run kept none"
        assert planned.left_out["sector"] == "not asked for"
        for asked in (
            lambda: tables.choose(bare, ["trajectories"]),
            lambda: tidy.trajectories(bare),
        ):
            with pytest.raises(RunFileError, match="kept none; run again with --keep"):
                asked()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("secto", "there is no 'secto'; did you mean 'sector'?"),
        ("summary", "there is no 'summary'; did you mean 'summaries'?"),
        ("", "there is no ''; choose from: targets, trusts"),
    ],
)
def test_a_table_that_is_not_there_is_refused(run, asked, said):
    with pytest.raises(RunFileError, match=re.escape(said)):
        tables.choose(run, [asked])
