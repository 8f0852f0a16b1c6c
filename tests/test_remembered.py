"""A calibration that is cut short goes on from what was simulated."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import processes
import pytest

from simulator.answers.calibrate import remembered
from simulator.answers.calibrate.remembered import TOGETHER, Foretold, Remembered
from simulator.errors import RunFileError, ScenarioError

VALUES = np.random.default_rng(1).standard_normal((2 * TOGETHER + 50, 3))
MADE_FROM = {"seed": "1"}


class Interrupted(KeyboardInterrupt):
    """Of a user, or a machine that is switched off."""


class Simulation:
    """What gives means and spreads, and counts the beliefs it was asked for."""

    def __init__(self, most: int = 10**9) -> None:
        self.asked, self.most = 0, most

    def __call__(self, values: np.ndarray) -> Foretold:
        if self.asked + len(values) > self.most:
            raise Interrupted
        self.asked += len(values)
        return Foretold(values[:, :2] ** 2, np.abs(values[:, 1:]))


def made(
    simulate: Simulation, values: np.ndarray = VALUES
) -> Callable[[Remembered], str]:
    def of(known: Remembered) -> str:
        told: list[int] = []
        found = known.foretell(values, simulate, told.append)
        more = known.foretell(values[:7] + 1.0, simulate, told.append)
        return f"{found.mean.sum()!r} {found.sd.sum()!r} {more.mean.sum()!r}\n"

    return of


def write(place: Path, of: Callable[[Remembered], str], *, resume: bool) -> str:
    how = {"futures": 64, "force": False, "resume": resume}
    return remembered.written(place, of, MADE_FROM, **how)


def test_it_goes_on_from_where_it_was_cut_short(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.csv", made(Simulation()), resume=False)
    place = tmp_path / "mine.csv"
    with pytest.raises(Interrupted):
        write(place, made(Simulation(most=TOGETHER)), resume=False)
    assert not place.exists()
    with pytest.raises(RunFileError, match="unfinished run, 51,200 draws of it done"):
        write(place, made(Simulation()), resume=False)
    rest = Simulation()
    assert write(place, made(rest), resume=True) == whole
    assert rest.asked == TOGETHER + 50 + 7
    assert place.read_text(encoding="utf-8") == whole
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.csv", "whole.csv"]


def test_other_beliefs_than_were_kept_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "mine.csv"
    with pytest.raises(Interrupted):
        write(place, made(Simulation(most=TOGETHER)), resume=False)
    with pytest.raises(RunFileError, match="holds other beliefs than are asked for"):
        write(place, made(Simulation(), VALUES + 1e-9), resume=True)


def test_a_finding_leaves_nothing_to_go_on_with(tmp_path: Path) -> None:
    def refuse(known: Remembered) -> str:
        known.foretell(VALUES, Simulation(), lambda n_draw: None)
        raise ScenarioError("beliefs", "are worth too few")

    with pytest.raises(ScenarioError, match="worth too few"):
        write(tmp_path / "mine.csv", refuse, resume=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_table_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    """As a process that is killed half-way."""
    asked = ("calibrate", "hindcast-2013", "--beliefs", "800", "--rows", "100")
    asked += ("--least", "1")
    whole = processes.simulator(*asked, "-o", "whole.csv", folder=tmp_path)
    assert processes.fault(whole) == ""
    code = (
        "from simulator.answers.calibrate import remembered\n"
        "keep = remembered.Remembered._keep\n"
        "def kept(self, *given):\n"
        "    keep(self, *given)\n"
        "    if len(self._folder.parts) == 3: raise KeyboardInterrupt\n"
        "remembered.Remembered._keep = kept\n"
        "import sys; sys.argv = sys.argv[1:]\n"
        "import runpy; runpy.run_module('simulator.cli', run_name='__main__')\n"
    )
    cut = processes.python(
        "-c", code, "simulator", *asked, "-o", "whole2.csv", folder=tmp_path
    )
    assert cut.returncode == 130
    assert "are kept; the same command with --resume goes on" in cut.stderr
    again = processes.simulator(*asked, "-o", "whole2.csv", "--resume", folder=tmp_path)
    assert processes.fault(again) == ""
    one, two = (tmp_path / f"{name}.csv" for name in ("whole", "whole2"))
    text = two.read_text(encoding="utf-8").replace("whole2", "whole")
    assert text == one.read_text(encoding="utf-8")
