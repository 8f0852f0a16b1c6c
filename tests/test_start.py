"""What a command imports before it answers: what it does not need is not waited for."""

import importlib.util
import json
import subprocess
import sys

import pytest
import run_files

# For who simulates, draws or serves: no answer of a run file waits for these. What
# NumPy, pandas and xarray bring along differs from machine to machine.
LATE = {
    *(
        "numba",
        "llvmlite",
        "pydantic",
        "scipy.special",
        "scipy.stats",
        "scipy.optimize",
    ),
    *("openpyxl", "altair", "vl_convert", "starlette", "uvicorn"),
}
# And --help waits for none of a run file's.
OF_A_FILE = {"numpy", "pandas", "xarray", "h5py", "scipy", "rich", "pydantic_core"}
OURS = ("kernel", "engine", "sampling", "drivers", "running")

PROGRAM = """
import json, sys
from simulator.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def imported(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout
    return json.loads(done.stderr)


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    return run_files.whole(tmp_path_factory.mktemp("start"))


@pytest.mark.parametrize("arguments", [["--help"], ["show", "--help"], ["--version"]])
def test_help_waits_for_no_library(arguments):
    assert not {*imported(*arguments)} & (LATE | OF_A_FILE)


def test_the_answer_of_a_run_is_shown_without_what_simulates(run_file):
    found = imported("show", run_file)
    # Where Dask is there, xarray brings it along, and that some of SciPy.
    dask = "import dask.array" if importlib.util.find_spec("dask") else "import xarray"
    script = f"import sys, json; {dask}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True
    )
    assert not ({*found} - {*json.loads(done.stdout)}) & LATE
    ours = {name.split(".")[1] for name in found if name.startswith("simulator.")}
    assert not ours & {*OURS}


def test_what_simulates_is_seen_here():
    """A control: a scenario that is checked brings what a run file does not."""
    assert "pydantic" in imported("check", "long-term-plan")
