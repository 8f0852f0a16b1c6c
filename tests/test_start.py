"""What a command imports before it answers: what it does not need is not waited for."""

import json
import subprocess
import sys

import pytest
import run_files

# Of other people: what commands may import, at most. NumPy, pandas and xarray come with
# a run file; numba, SciPy's functions and pydantic's models are for who simulates.
HELP = {"click", "lazy_loader"}
ANSWER = HELP | {"h5py", "numpy", "pandas", "pydantic_core", "rich", "scipy", "xarray"}
# What these bring along, where it is installed.
BROUGHT = {
    *("cftime", "dateutil", "markdown_it", "mdurl", "packaging", "pyarrow", "pygments"),
    *("pytz", "six", "typing_extensions", "tzdata"),
    *("bottleneck", "numexpr", "dask", "cloudpickle", "colorama", "cython_runtime"),
}
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


def of_others(modules):
    tops = {name.partition(".")[0] for name in modules}
    return {
        top
        for top in tops - sys.stdlib_module_names - BROUGHT - {"simulator", "__main__"}
        if not top.startswith("_")
    }


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    return run_files.whole(tmp_path_factory.mktemp("start"))


@pytest.mark.parametrize("arguments", [["--help"], ["show", "--help"], ["--version"]])
def test_help_waits_for_no_library(arguments):
    assert of_others(imported(*arguments)) <= HELP


def test_the_answer_of_a_run_is_shown_without_what_simulates(run_file):
    found = imported("show", run_file)
    assert of_others(found) <= ANSWER
    assert "scipy.special" not in found
    ours = {name.split(".")[1] for name in found if name.startswith("simulator.")}
    assert not ours & {*OURS}


def test_what_simulates_is_seen_here():
    """A control: a scenario that is checked brings what a run file does not."""
    assert "pydantic" in of_others(imported("check", "long-term-plan"))
