"""`population build` as a user runs it: it keeps to its word, or says why not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LIST = """\
code,name,type,spend,staff
RAA,Alpha,acute,410.5,9000
RBB,Beta,acute,780,14000
RCC,Gamma,mental_health,205.25,4000
"""


def build(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simulator.cli", "population", "build"]
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


def refused(folder: Path, *arguments: str) -> str:
    """One line on standard error, and nothing written."""
    before = sorted(folder.iterdir())
    said = build(folder, *arguments)
    assert (said.returncode, said.stdout) == (1, "")
    assert sorted(folder.iterdir()) == before
    return said.stderr.rstrip("\n")


def lines(table: Path) -> dict[str, str]:
    """The lines of a table by code."""
    rows = table.read_text(encoding="utf-8").splitlines()
    return {row.split(",")[0]: row for row in rows}


def test_one_trust_more_leaves_the_lines_of_the_others(tmp_path):
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_text(LIST, encoding="utf-8")
    large.write_text(LIST + "RDD,Delta,acute,1900,30000\n", encoding="utf-8")
    for name in ("small", "large"):
        said = build(
            tmp_path,
            f"{name}.csv",
            "--ignore-columns",
            "staff",
            "-o",
            f"{name}-out.csv",
        )
        assert (said.returncode, said.stderr) == (0, "")
        assert "published totals hold on average, not exactly" in said.stdout
    before, after = lines(tmp_path / "small-out.csv"), lines(tmp_path / "large-out.csv")
    assert after.keys() - before.keys() == {"RDD"}
    assert before.items() <= after.items()


def test_what_is_wrong_with_a_list_names_the_list_and_all_its_columns(tmp_path):
    (tmp_path / "list.csv").write_text(
        LIST.replace("spend,staff", "spent,staff"), encoding="utf-8"
    )
    assert refused(tmp_path, "list.csv", "-o", "out.csv").splitlines() == [
        "list.csv: line 1: operating spend is missing; give it in a column called "
        "opex_gbp_m or operating_spend or spend or cost, GBP million",
        "list.csv: line 1: unknown column 'spent'; did you mean 'spend'? If not, add "
        "--ignore-columns spent",
        "list.csv: line 1: unknown column 'staff'; delete what is not needed, or add "
        "--ignore-columns staff",
    ]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "is an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Excel workbook"),
        (LIST.encode("utf-16"), "is UTF-16 text"),
        (LIST.replace("Beta", "Ynys M\xf4n").encode("cp1252"), "is not UTF-8 text"),
    ],
    ids=["workbook", "old workbook", "UTF-16", "Windows-1252"],
)
def test_a_list_that_is_no_text_is_called_what_it_is(tmp_path, raw, problem):
    (tmp_path / "list.csv").write_bytes(raw)
    said = refused(tmp_path, "list.csv", "-o", "out.csv")
    assert said.startswith(f"list.csv: {problem}")
    assert "Excel" in said
    assert "CSV UTF-8" in said


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_a_list_without_end_is_not_read(tmp_path):
    said = refused(tmp_path, "/dev/zero", "-o", "out.csv")
    assert said == "/dev/zero: is a device or a pipe; give a file"


def test_a_list_as_a_spreadsheet_leaves_it_is_read(tmp_path):
    """A byte-order mark, Windows line ends and empty columns at the end."""
    rows = "\r\n".join(f"{row},," for row in LIST.splitlines())
    (tmp_path / "list.csv").write_bytes(b"\xef\xbb\xbf" + rows.encode())
    said = build(tmp_path, "list.csv", "--ignore-columns", "staff", "-o", "out.csv")
    assert (said.returncode, said.stderr) == (0, "")
    assert lines(tmp_path / "out.csv").keys() == {"code", "RAA", "RBB", "RCC"}
