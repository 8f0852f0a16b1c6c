"""What people try that cannot be what they mean, each as they would: a process."""

import subprocess
import sys

import pytest
import tiny


@pytest.fixture
def here(tmp_path):
    """A folder of its own with the tiny scenario in it."""
    tiny.write(tmp_path)
    return tmp_path


def tried(folder, *arguments):
    """Run the command line in a folder: its exit code, and what it says."""
    return subprocess.run(
        [sys.executable, "-m", "simulator.cli", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


def refused(folder, *arguments):
    """Run a command that must fail: what it says; it leaves nothing behind."""
    before = sorted(folder.iterdir())
    found = tried(folder, *arguments)
    assert (found.returncode, found.stdout) == (1, ""), found.stderr
    assert "Traceback" not in found.stderr
    assert sorted(folder.iterdir()) == before
    return found.stderr


@pytest.mark.parametrize("command", ["check", "run"])
def test_what_could_be_drawn_out_of_range_is_refused(here, command):
    wide = "delivery.real_share={interval=[0.5, 0.95]}"
    said = refused(here, command, "tiny.toml", "--set", wide)
    assert said == (
        "command line: delivery.real_share: 0.5 to 0.95 in eight cases of ten: draws "
        "reach from -0.388 to 1.84; give 0 to 1: write {interval = [low, high], within "
        "= [least, most]}, a triangular or a uniform\n"
    )


def test_an_interval_within_bounds_runs(here):
    bounded = "delivery.real_share={interval=[0.5, 0.95], within=[0, 1]}"
    found = tried(here, "run", "tiny.toml", "--draws", 50, "--set", bounded)
    assert (found.returncode, found.stderr) == (0, "")
