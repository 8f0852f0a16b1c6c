"""Exports: what does not fit, where they may be written, and the command."""

import json
import re
import sys
import warnings

import exported
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from exported import DRAWS, TARGETS, YEARS, contents

from simulator.cli import export as exporting
from simulator.errors import RunFileError
from simulator.exports import workbook
from simulator.exports import write as export
from simulator.exports.columns import ALWAYS, NAMES
from simulator.exports.write import FORMATS
from simulator.runfile import store


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return exported.make(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def run(file):
    with store.open_run(file) as tree:
        yield tree.load()


# --- what does not fit ----------------------------------------------------------------


def refused(run, tmp_path, to, **how):
    """Export what cannot be: the error; it leaves nothing behind."""
    place = tmp_path / ("out.xlsx" if to == "xlsx" else "out")
    with pytest.raises(RunFileError) as error:
        export.export(run, place, to, **how)
    assert list(tmp_path.iterdir()) == []
    return str(error.value)


def test_more_rows_than_a_sheet_holds_are_refused(run, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "ROWS", 200)
    said = refused(run, tmp_path, "xlsx", tables=["sector", "sector_achieved"])
    assert said == (
        "xlsx: a sheet holds 200 rows, but sector has 270; choose --tables "
        "sector_achieved, or take --to parquet or --to csv"
    )
    said = refused(run, tmp_path, "xlsx", tables=["sector"])
    assert said.endswith("sector has 270; take --to parquet or --to csv")
    export.export(run, tmp_path / "fits.xlsx", "xlsx", ["sector_achieved"])


def test_a_sheet_holds_what_excel_says():
    assert workbook.ROWS + 1 == 1_048_576
    assert workbook.LETTERS == 32_767


def test_longer_texts_than_a_cell_holds_are_refused(run, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "LETTERS", 200)
    said = refused(run, tmp_path, "xlsx", tables=["shares"])
    assert re.match(r"definitions, meaning: a text of \d+ letters: a cell holds", said)


@pytest.mark.parametrize("sign", ["\x00", "\x0b", "\x1f", "\ufffe"])
def test_signs_that_xml_has_no_place_for_are_refused(sign):
    with pytest.raises(RunFileError, match=rf"U\+{ord(sign):04X}"):
        workbook._texts(pd.Series([f"a{sign}b"]), "trusts, trust_name")


def test_an_infinite_number_is_refused():
    with pytest.raises(RunFileError, match="infinite"):
        workbook._numbers(pd.Series([1.0, np.inf]), "sector, balance")


@pytest.mark.parametrize(
    ("to", "module"), [("xlsx", "openpyxl"), ("parquet", "pyarrow")]
)
def test_what_is_not_installed_is_named(run, tmp_path, monkeypatch, to, module):
    monkeypatch.setitem(sys.modules, module, None)
    said = refused(run, tmp_path, to)
    assert said == f"{to}: needs {module}, which is not installed; pip install {module}"
    export.export(run, tmp_path / "csv", "csv", ["targets"])


# --- places ---------------------------------------------------------------------------


def write_small(run, place, to, **how):
    export.export(run, place, to, ["targets"], **how)


@pytest.mark.parametrize("to", FORMATS)
def test_an_earlier_export_is_replaced_only_with_force(run, tmp_path, to):
    place = tmp_path / ("out.xlsx" if to == "xlsx" else "out")
    export.export(run, place, to, ["shares"])
    before = contents(tmp_path)
    with pytest.raises(RunFileError, match="is there already; add --force"):
        write_small(run, place, to)
    assert contents(tmp_path) == before
    write_small(run, place, to, force=True)
    assert [each.name for each in tmp_path.iterdir()] == [place.name]
    found = contents(tmp_path)
    assert found != before
    assert not any("shares" in name for name in found)


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_what_fails_on_the_way_leaves_what_was_there(run, tmp_path, to, error):
    place = tmp_path / ("out.xlsx" if to == "xlsx" else "out")
    write_small(run, place, to)
    before = contents(tmp_path)

    def fail(rows):
        raise error

    planned = export.plan(run, place, to, ["shares"], force=True)
    expected = RunFileError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected), warnings.catch_warnings():
        export.write(planned, fail)
    assert contents(tmp_path) == before


def test_a_folder_with_other_files_is_never_replaced(run, tmp_path):
    (tmp_path / "diary.txt").write_text("dear diary", encoding="utf-8")
    with pytest.raises(RunFileError, match=r"holds what no export wrote: diary\.txt"):
        write_small(run, tmp_path, "csv", force=True)
    assert (tmp_path / "diary.txt").exists()


def test_places_of_the_wrong_kind_are_refused(run, tmp_path):
    file, folder = tmp_path / "a.txt", tmp_path / "b.xlsx"
    file.touch()
    folder.mkdir()
    for place, to, said in (
        (file, "csv", "is a file; give -o the path of a folder"),
        (folder, "xlsx", "is a folder; give the path of a file"),
        (file, "xlsx", "is not the name of a workbook; give -o a name that ends in"),
        (tmp_path / "no" / "c", "csv", "there is no folder"),
    ):
        with pytest.raises(RunFileError, match=re.escape(said)):
            write_small(run, place, to, force=True)
    with pytest.raises(RunFileError, match="'ods' is no format; give csv, xlsx"):
        export.export(run, tmp_path / "d", "ods")
    assert {each.name for each in tmp_path.iterdir()} == {"a.txt", "b.xlsx"}


# --- the command ----------------------------------------------------------------------


def call(*arguments):
    return CliRunner().invoke(
        exporting.main, ["export", *map(str, arguments)], catch_exceptions=False
    )


def test_the_command_writes_all_there_is(file, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(file, "--to", "csv")
    assert (result.exit_code, result.stderr) == (0, "")
    first, *lines = result.stdout.splitlines()
    assert first == "run-csv: 14 tables"
    said = dict(line.removesuffix(" rows").split() for line in lines)
    assert tuple(said) == NAMES
    assert said["sector"] == str(len(TARGETS) * DRAWS * len(YEARS))
    export.export(run, tmp_path / "same", "csv")
    assert contents(tmp_path / "run-csv") == contents(tmp_path / "same")


def test_the_command_says_what_it_did_not_write(run, tmp_path):
    planned = export.plan(run, tmp_path / "run.xlsx", "xlsx", ["targets", "shares"])
    *lines, last = export.said(planned).splitlines()
    assert re.fullmatch(r"  targets +9 rows", lines[1])
    assert last.startswith("Not written, not asked for: trusts, probabilities, bands")


def test_the_command_tells_a_script(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(file, "--to", "xlsx", "--tables", "targets", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    said = json.loads(result.stdout)
    assert (said["place"], said["format"]) == ("run.xlsx", "xlsx")
    assert [each["table"] for each in said["written"]] == ["targets", *ALWAYS]
    assert said["written"][0]["rows"] == 9
    assert said["written"][0]["columns"][0] == "target"
    assert all((tmp_path / each["file"]).is_file() for each in said["written"])
    assert said["not_written"]["sector"] == "not asked for"


def test_the_command_refuses_in_a_line(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments in (
        (tmp_path / "none.h5", "--to", "csv"),
        (file, "--to", "csv", "--tables", ""),
    ):
        result = call(*arguments)
        assert result.exit_code == 1
        (line,) = result.stderr.splitlines()
        assert re.match(r"\S.*: \S.*", line)
        assert list(tmp_path.iterdir()) == []
