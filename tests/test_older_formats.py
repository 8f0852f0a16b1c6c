"""Run files of older formats are still read, and never mistaken for today's."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
from terminals import inside

import simulator as sim
from simulator.errors import RunFileError
from simulator.runfile import store

# Two trusts, three draws, written by version 0.1.0.
STORED = Path(__file__).parent / "data" / "format2.h5.gz"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    place = tmp_path / "format2.h5"
    with gzip.open(STORED) as packed, place.open("wb") as out:
        shutil.copyfileobj(packed, out)
    return place


def test_format_2_opens_with_its_own_names(old: Path) -> None:
    run = sim.open(old)
    assert run.attrs["format"] == 2
    assert run.to_dataset()["outcome"].values.tolist()[2] == "real"
    assert run["sector"]["productivity"].shape == (1, 3, 5)
    assert np.isfinite(run["sector"]["productivity"].values).all()
    assert run["drivers"]["deflator"].shape == (3, 5)


def test_nothing_is_asked_of_format_2(old: Path) -> None:
    with pytest.raises(RunFileError, match=r"has format 2.*simulator\.open"):
        store.open_run(old)


@pytest.mark.parametrize("command", ["show", "path", "verify", "rerun"])
def test_commands_refuse_format_2_in_one_line(old: Path, command: str) -> None:
    asked = [command, str(old)]
    if command == "rerun":
        asked += ["-o", str(old.with_name("again.h5"))]
    done = inside(old.parent, *asked)
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "again" in done.stderr  # run its scenario again
