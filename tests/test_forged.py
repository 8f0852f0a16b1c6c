"""A forged run file is refused by whatever reads what was forged."""

import json
import shutil

import h5py
import numpy as np
import pytest
import run_files
from terminals import inside

from simulator.errors import RunFileError
from simulator.runfile import completeness, digests, opening, store
from simulator.running import verify

CHANCE, BALANCE = "/sector_probability", "/sector/balance"
FUTURE = ("--draw", "0", "--trust", "NA1", "--target", "four")
FEW = ("--draws", "20", "--target", "four")
# What is forged, how, and the commands that would have printed it or built on it.
READERS = {
    "show": (CHANCE, ("show", "run.h5")),
    "show --provenance": ("title", ("show", "run.h5", "--provenance")),
    "export": (BALANCE, ("export", "run.h5", "--to", "csv", "-o", "out")),
    "compare": (BALANCE, ("compare", "run.h5", "whole.h5", "--quick")),
    "path": (BALANCE, ("path", "run.h5")),
    "explain": ("/drivers/pay", ("explain", "run.h5", *FUTURE)),
    "target": ("notes", ("target", "run.h5", "--draws", "20")),
    "why": ("notes", ("why", "run.h5", *FEW)),
    "extend": (BALANCE, ("run", "--extend", "run.h5", "--draws", "60")),
    "rerun": (CHANCE, ("rerun", "run.h5", "-o", "again.h5")),
    "rerun of a balance": (BALANCE, ("rerun", "run.h5", "-o", "again.h5")),
}

# They open a run as others of the list do: two seconds each.
ALIKE = {"show --provenance", "explain", "target", "why", "rerun of a balance"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run_files.whole(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def here(whole, tmp_path):
    shutil.copy(whole, tmp_path / "whole.h5")
    shutil.copy(whole, tmp_path / "run.h5")
    return tmp_path


def forge(file, what):
    with h5py.File(file, "r+") as opened:
        if what.startswith("/"):
            values = opened[what]
            values[...] = np.asarray(values[...]) * 0.5
        else:
            opened.attrs[what] = "forged"


@pytest.mark.parametrize(
    "reader",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in ALIKE else [])
        for name in READERS
    ],
)
def test_whatever_reads_a_forged_number_refuses_it(reader, here):
    what, arguments = READERS[reader]
    forge(here / "run.h5", what)
    before = sorted(here.iterdir())
    ended = inside(here, *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("run.h5:")
    assert "as it was written" in line
    assert what.startswith("/") == (what in line)
    assert sorted(here.iterdir()) == before


def test_only_what_is_read_is_hashed(here):
    forge(here / "run.h5", "/counts/trust_histogram")
    with store.open_run(here / "run.h5") as run:
        assert run["sector_probability"].sum() > 0
        with pytest.raises(RunFileError, match="counts/trust_histogram: is not as it"):
            run["counts/trust_histogram"].load()


def test_a_forged_name_is_refused_when_it_is_opened(here):
    with h5py.File(here / "run.h5", "r+") as file:
        file["trust_name"][0] = "Another Trust"
    with pytest.raises(RunFileError, match="/trust_name: is not as it was written"):
        store.open_run(here / "run.h5")


def test_a_file_without_digests_is_refused(here):
    with h5py.File(here / "run.h5", "r+") as file:
        del file["provenance"].attrs["payload_digests"]
    with pytest.raises(RunFileError, match="/provenance: holds no digests"):
        store.open_run(here / "run.h5")


# --- what is missing ------------------------------------------------------------------


def lacking(file, what):
    """Take something out of a file and sign the rest, as another program might."""
    group, _, attribute = what.partition("@")
    with h5py.File(file, "r+") as opened:
        if attribute:
            del opened[group].attrs[attribute]
        else:
            del opened[what]
        if "provenance" in opened:
            stated = dict(digests.stated_in(opened)[0])
            made = opened["provenance"].attrs
            made["payload_digests"] = json.dumps(
                {path: value for path, value in stated.items() if path in opened}
            )
            made["attributes_digest"] = digests.of_attributes(opened)


LACKING = {
    "/sector": "/sector/income: is missing",
    "/provenance": "/provenance: lacks the text 'scenario_as_written'",
    "/counts": "/counts/",
    "/trajectories/balance": "/trajectories/balance: is missing",
    "/rate": "/rate: is missing",
    "/@title": "/: lacks the text 'title'",
    "/@guarded": "/: lacks the numbers 'guarded'",
    "/@draws": "/: lacks the number 'draws'",
    "/provenance@keep": "/provenance: lacks the text 'keep'",
}


@pytest.mark.parametrize("what", LACKING)
def test_a_file_that_lacks_a_part_is_refused(what, here):
    lacking(here / "run.h5", what)
    for read in (store.open_run, lambda place: list(verify.verdicts(place, seed=1))):
        with pytest.raises(RunFileError) as caught:
            read(here / "run.h5")
        assert str(caught.value).startswith(f"{here / 'run.h5'}:{LACKING[what]}")


def test_an_older_format_has_parts_of_its_own(here):
    lacking(here / "run.h5", "/sector")
    with h5py.File(here / "run.h5", "r+") as file:
        file.attrs["format"] = np.int64(2)
        made = file["provenance"].attrs
        made["attributes_digest"] = digests.of_attributes(file)
    assert "sector" not in opening.open(here / "run.h5")
    for read in (store.open_run, lambda place: list(verify.verdicts(place, seed=1))):
        with pytest.raises(RunFileError, match="has format 2, whose outcomes mean"):
            read(here / "run.h5")


def test_a_file_that_lacks_a_part_is_refused_in_a_line(here):
    lacking(here / "run.h5", "/sector")
    for name in ("show", "path", "verify"):
        ended = inside(here, name, "run.h5")
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == (
            "run.h5:/sector/income: is missing; run its scenario again\n"
        )


def test_a_whole_run_has_all_that_is_asked_for_and_nothing_more(whole):
    with h5py.File(whole) as file:
        made = set(file["provenance"].attrs) - set(digests.OF_THE_DAY)
        known = {*completeness.MADE, *completeness.MADE_TWICE}
        assert made - {digests.PAYLOAD, digests.ATTRIBUTES} == known
        root = {*completeness.NUMBERS, *completeness.TEXTS, "guarded"}
        assert set(file.attrs) - {"Conventions", "format"} == root
