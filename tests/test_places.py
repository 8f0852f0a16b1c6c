"""Nothing of the user's is overwritten, whatever command writes, and wherever to."""

import os
import shutil
import sys

import pytest
import run_files
import tiny
from terminals import inside

from simulator.errors import RunFileError
from simulator.files import places
from simulator.running import runs
from simulator.scenario.load import load_scenario

PANEL = """\
code,name,type,operating_spend
RAA,North Acute,acute,600
RBB,South Acute,acute,550
"""
SCENARIO = ("run", "tiny.toml", "--draws", "5")
COMMANDS = {
    "run": (*SCENARIO, "-o"),
    "hindcast": ("hindcast", "hindcast-2013", "--draws", "5", "-o"),
    "extend": ("run", "--extend", "run.h5", "--draws", "60", "-o"),
    "rerun": ("rerun", "run.h5", "-o"),
    "build": ("population", "build", "panel.csv", "-o"),
    "xlsx": ("export", "run.h5", "--to", "xlsx", "--tables", "shares", "-o"),
    "csv": ("export", "run.h5", "--to", "csv", "--tables", "shares", "-o"),
}
NAMES = {"build": "out.csv", "xlsx": "out.xlsx", "csv": "out"}
SOURCES = {"extend": "run.h5", "rerun": "run.h5", "build": "panel.csv"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    run_files.whole(folder).rename(folder / "run.h5")
    (folder / "panel.csv").write_text(PANEL, encoding="utf-8")
    return folder


@pytest.fixture
def here(prepared, tmp_path, monkeypatch):
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder):
    return {
        path: path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }, sorted(folder.rglob("*"))


def refused(here, *arguments):
    """Refused in a line, and nothing anywhere is another than before."""
    before = contents(here)
    done = inside(here, *arguments)
    said = done.stderr.strip()
    assert (done.returncode, said.count("\n")) == (1, 0), said
    assert contents(here) == before
    return said


# --- every command that writes --------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_symbolic_link_stands_for_is_never_replaced(name, here):
    place = NAMES.get(name, "out.h5")
    (here / "diary").write_text("dear diary", encoding="utf-8")
    (here / place).symlink_to("diary")
    said = refused(here, *COMMANDS[name], place, "--force")
    assert said == (
        f"{place}: is a symbolic link, and only a regular file is ever replaced; "
        "-o another"
    )


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_read_is_never_replaced(name, here):
    source = SOURCES[name]
    (here / "folder").mkdir()
    (here / "other").hardlink_to(here / source)
    for place in (source, f"folder/../{source}", "other"):
        said = refused(here, *COMMANDS[name], place, "--force")
        assert said == f"{place}: is what is read, and would be replaced; -o another"


def test_an_export_never_replaces_its_run(here):
    (here / "run.h5").rename(here / "run.xlsx")
    arguments = ("export", "run.xlsx", "--to", "xlsx", "--force")
    said = refused(here, *arguments)
    assert said == "run.xlsx: is what is read, and would be replaced; -o another"


@pytest.mark.parametrize("name", ["run", "hindcast", "extend", "rerun"])
def test_only_a_run_file_is_replaced_by_a_run(name, here):
    (here / "out.h5").write_text("dear diary", encoding="utf-8")
    said = refused(here, *COMMANDS[name], "out.h5", "--force")
    assert said == (
        "out.h5: is no run file of ours, and is not replaced; -o another, or delete "
        "it first"
    )


# --- places ---------------------------------------------------------------------------


def reason(place, **how):
    with pytest.raises(RunFileError) as caught:
        places.check(place, **{"force": True, **how})
    return str(caught.value).removeprefix(f"{place}: ")


@pytest.mark.skipif(sys.platform == "win32", reason="has none of these")
def test_devices_pipes_and_links_are_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to(tmp_path / "nothing")
    for place, what in (
        (tmp_path / "pipe", "pipe"),
        (tmp_path / "nowhere", "symbolic link"),
        (places.Path(os.devnull), "device"),
    ):
        assert reason(place).startswith(f"is a {what}, and only a regular file")


def test_a_name_that_no_system_takes_is_said(tmp_path):
    assert reason(tmp_path / ("x" * 300)).startswith("cannot be written (")
    assert reason(tmp_path / "\0").startswith("cannot be written (")


def test_a_run_under_a_name_of_300_letters_is_refused_in_a_line(here):
    assert "cannot be written" in refused(here, *COMMANDS["run"], "x" * 300)


# --- going on -------------------------------------------------------------------------


def test_resume_replaces_nothing_that_is_there(here):
    (here / "diary").write_text("dear diary", encoding="utf-8")
    for place in ("diary", "run.h5"):
        said = refused(here, *SCENARIO, "-o", place, "--resume")
        assert said == (
            f"{place}: is there already; add --force to replace it, or -o another"
        )


def test_a_folder_of_the_users_is_not_cleared_away(here):
    folder = here / "out.h5.part"
    folder.mkdir()
    (folder / "diary").write_text("dear diary", encoding="utf-8")
    for flag in ((), ("--force",), ("--resume",)):
        said = refused(here, *COMMANDS["run"], "out.h5", *flag)
        assert "out.h5.part: holds what no run wrote: diary; " in said


def test_what_appears_while_a_run_is_computed_is_not_replaced(tmp_path):
    place, seen = tmp_path / "run.h5", []

    def write(n_draw):
        place.write_text("dear diary", encoding="utf-8")

    loaded = load_scenario(tiny.write(tmp_path))
    with pytest.raises(RunFileError, match="appeared since the run began; the run is"):
        runs.write(loaded, place, draws=5, on_progress=write)
    assert place.read_text(encoding="utf-8") == "dear diary"
    place.unlink()
    runs.write(loaded, place, draws=5, resume=True, on_progress=seen.append)
    assert seen == []
    assert places.is_run_file(place)


def test_a_complete_run_of_another_length_is_not_put_in_place(tmp_path):
    place = tmp_path / "run.h5"
    loaded = load_scenario(tiny.write(tmp_path))

    def write(n_draw):
        place.touch()

    with pytest.raises(RunFileError, match="appeared since"):
        runs.write(loaded, place, draws=5, on_progress=write)
    place.unlink()
    with pytest.raises(RunFileError, match="begun otherwise: draws differ"):
        runs.write(loaded, place, draws=6, resume=True)


# --- folders of an export -------------------------------------------------------------


def test_a_folder_that_is_no_export_is_not_replaced(here):
    folder = here / "out"
    folder.mkdir()
    (folder / "trusts.csv").write_text("mine", encoding="utf-8")
    said = refused(here, *COMMANDS["csv"], "out", "--force")
    assert said == (
        "out: is a folder that no export wrote; choose another place with -o"
    )
    (folder / "trusts.csv").unlink()
    (folder / "trusts.csv").mkdir()
    said = refused(here, *COMMANDS["csv"], "out", "--force")
    assert said.startswith("out: holds what no export wrote: trusts.csv; ")
