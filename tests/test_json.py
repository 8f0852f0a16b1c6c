"""What a script gets: one JSON object of every command, documented, errors too."""

import json
import re
from pathlib import Path

import h5py
import pytest
import tac_workbooks
import tiny
from click.testing import CliRunner
from terminals import ROOT, call

from simulator.cli import main

PANEL = "code,name,type,operating_spend\nRAA,Alpha,acute,410.5\nRCC,Gamma,acute,95\n"
PAGE = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
COMMANDS = {
    "`run`, `run --extend`, `join`, `show FILE`": ("show", "run.h5"),
    "`show SCENARIO`": ("show", "tiny.toml"),
    "`show FILE --provenance`": ("show", "run.h5", "--provenance"),
    "`check`": ("check", "tiny.toml"),
    "`new`": ("new", "mine"),
    "`population build`": ("population", "build", "panel.csv", "-o", "made.csv"),
    "`population import tac`": (
        *("population", "import", "tac", "TAC NHS trusts 2023-24.xlsx"),
        *("-o", "trusts.csv"),
    ),
    "`run --system`, `show FILE --by`": ("show", "run.h5", "--by", "system"),
    "`plan`": ("plan", "tiny.toml", "--draws", "64"),
    "`target`": ("target", "run.h5", "--draws", "64"),
    "`target --regret`": ("target", "run.h5", "--draws", "64", "--regret", "4"),
    "`requires`": ("requires", "many.h5", "--target", "four"),
    "`worth`": ("worth", "many.h5", "--target", "four"),
    "`futures`": ("futures", "many.h5", "--target", "four"),
    "`tornado`": ("tornado", "tiny.toml", "--target", "four", "--draws", "20"),
    "`sweep`": (
        *("sweep", "tiny.toml", "--draws", "20"),
        *("--vary", "prices.premium=0:0.01:2"),
    ),
    "`compare`": ("compare", "run.h5", "run.h5"),
    "`why`": ("why", "few.h5", "--target", "four", "--draws", "64"),
    "`uncertainty`": ("uncertainty", "tiny.toml", "--draws", "256"),
    "`path`": ("path", "run.h5"),
    "`explain`": (
        *("explain", "run.h5", "--draw", "3"),
        *("--trust", "NA1", "--target", "four"),
    ),
    "`hindcast`": ("hindcast", "hindcast-2013", "--draws", "64"),
    "`calibrate`, `calibrate show`": ("calibrate", "show", "record-2013-2017"),
    "`chances`": (
        *("chances", "tiny.toml", "--draws", "64"),
        *("--beliefs", "prior"),
    ),
    "`plot`": ("plot", "run.h5", "trusts"),
    "`report`": ("report", "run.h5", "--quick"),
    "`verify`": ("verify", "run.h5"),
    "`part`": (
        *("part", "tiny.toml", "--draws", "200", "--of", "1", "--number", "1"),
        *("-o", "parts"),
    ),
    "`assure`": ("assure", "run.h5", "--quick", "-o", "pack"),
    "`rerun`": ("rerun", "run.h5", "-o", "again.h5"),
    "`export`": ("export", "run.h5", "--to", "csv", "--tables", "targets"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with all that the commands read."""
    place = tmp_path_factory.mktemp("json")
    tiny.write(place)
    (place / "panel.csv").write_text(PANEL, encoding="utf-8")
    tac_workbooks.make(place / "TAC NHS trusts 2023-24.xlsx")
    assert inside(place, "run", "tiny.toml", "--draws", "200", "-o", "run.h5")[0] == 0
    many = ("run", "tiny.toml", "--draws", "250", "-o", "many.h5")
    assert inside(place, *many)[0] == 0
    few = [word for setting in tiny.FEW_CAUSES for word in ("--set", setting)]
    made = inside(place, "run", "tiny.toml", "--draws", "64", "-o", "few.h5", *few)
    assert made[0] == 0
    return place


def inside(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Call a command in this process: its code, standard output and error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def documented() -> dict[str, list[str]]:
    """The keys that the page gives for each command: those before any semicolon."""
    rows = re.findall(r"^\| (`.*?`) \| (.*) \|$", PAGE, re.M)
    return {name: re.findall(r"`(\w+)`(?=[,:;]|$)", said) for name, said in rows}


def test_the_page_tells_of_every_command():
    known = {f"`{name}`" for name in main.commands} - {
        "`schema`",
        "`population`",
        "`explore`",
    }
    told = {name for row in documented() for name in re.findall(r"`\w+", row)}
    assert {name.rstrip("`") for name in known} <= told
    assert set(COMMANDS) == set(documented())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_prints_one_object_of_the_keys_that_are_documented(folder, name):
    code, out, err = inside(folder, *COMMANDS[name], "--json")
    assert (code, err) == (0, "")
    found = json.loads(out, parse_constant=pytest.fail)
    assert found.pop("json_version") == 1
    keys = documented()[name]
    assert [key for key in keys if key in found] == list(found)


def test_every_command_but_schema_takes_the_flag():
    build = main.commands["population"].commands["build"]
    for command in (*main.commands.values(), build):
        if command.name not in ("schema", "population"):
            assert "--json" in {flag for one in command.params for flag in one.opts}


# --- errors ---------------------------------------------------------------------------


def test_an_error_is_an_object_for_a_script_and_a_line_for_a_person(folder):
    done = call(folder, "show", "none.h5", "--json")
    assert done.returncode == 1
    assert done.stderr == "none.h5: there is no such file; give the path of a run\n"
    assert json.loads(done.stdout) == {
        "json_version": 1,
        "errors": [
            {
                "place": "none.h5",
                "problem": "there is no such file",
                "remedy": "give the path of a run",
            }
        ],
    }


def test_each_of_several_errors_is_told(folder):
    wrong = ("--set", "years=0", "--set", "prices.pay=2")
    code, out, err = inside(folder, "check", "tiny.toml", "--json", *wrong)
    assert code == 1
    found = json.loads(out)["errors"]
    assert len(found) == len(err.splitlines()) > 1
    assert all(set(error) == {"place", "problem", "remedy"} for error in found)


def test_a_line_that_cannot_be_read_is_an_error_for_a_script_too(folder):
    code, out, err = inside(folder, "run", "tiny.toml", "--json", "--nonsense")
    assert code == 2
    assert "Usage:" in err
    (error,) = json.loads(out)["errors"]
    assert error["place"] == "command line"
    assert "--nonsense" in error["problem"]


def test_what_verify_found_wrong_stands_beside_the_error(folder, tmp_path):
    forged = tmp_path / "forged.h5"
    forged.write_bytes((folder / "run.h5").read_bytes())
    with h5py.File(forged, "r+") as file:
        file["rate"][0, 0] += 0.001
    code, out, err = inside(tmp_path, "verify", "forged.h5", "--json", "--seed", "1")
    assert code == 1
    found = json.loads(out)
    assert list(found) == ["json_version", "file", "sound", "checks", "errors"]
    assert found["sound"] is False
    assert found["checks"][0]["difference"] == "/rate: not as it was written"
    assert len(err.splitlines()) == len(found["errors"]) == 1


def test_without_the_flag_an_error_prints_nothing_on_standard_output(folder):
    code, out, _ = inside(folder, "show", "none.h5")
    assert (code, out) == (1, "")
