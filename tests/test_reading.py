"""Files that are read: what is no regular file, too large or no text is refused."""

import os
import subprocess
import sys
from pathlib import Path

import builders
import pytest

from simulator.errors import PopulationError, ScenarioError
from simulator.files import reading

ZERO = Path("/dev/zero")
# A process that may take no more memory than this machine has to spare.
LIMITED = """\
import resource
resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
from simulator.cli import main
main()
"""
needs_zero = pytest.mark.skipif(not ZERO.exists(), reason="a device of Unix")


def refusal(path, **how):
    with pytest.raises(ScenarioError) as caught:
        reading.text_of(path, "plan.toml", ScenarioError, **how)
    return str(caught.value)


def test_text_is_read_with_or_without_a_byte_order_mark(tmp_path):
    place = tmp_path / "plan.toml"
    for start in ("", "\ufeff"):
        place.write_text(f"{start}naïve = 1\n", encoding="utf-8")
        assert reading.text_of(place, "plan.toml", ScenarioError) == "naïve = 1\n"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            b"PK\x03\x04...",
            "is an Excel workbook or another zip file; give a text file",
        ),
        (b"\xd0\xcf\x11\xe0\xa1", "is an old Excel workbook; give a text file"),
        (b"\x89HDF\r\n\x1a\n", "is a run file; give what it was made from"),
        ("code".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        (b"code\nCaf\xe9\n", "is not UTF-8 text (byte 9, on line 2); save it as UTF-8"),
    ],
    ids=["xlsx", "xls", "run file", "utf-16", "latin-1"],
)
def test_what_is_no_text_is_named_with_what_to_do(tmp_path, raw, said):
    place = tmp_path / "plan.toml"
    place.write_bytes(raw)
    assert refusal(place).startswith(f"plan.toml: {said}")


def test_a_file_is_read_up_to_a_size(tmp_path):
    place = tmp_path / "plan.toml"
    place.write_bytes(b"#" * 2**20)
    assert len(reading.text_of(place, "plan.toml", ScenarioError, most=2**20)) == 2**20
    place.write_bytes(b"#" * (2**20 + 1))
    assert refusal(place, most=2**20).startswith("plan.toml: is larger than 1 MiB; ")


def test_what_is_not_there_or_no_file_is_refused(tmp_path):
    said = refusal(tmp_path / "none", hint="did you mean 'plan'?")
    assert said == "plan.toml: there is no such file; did you mean 'plan'?"
    assert refusal(tmp_path).startswith("plan.toml: is a folder; ")
    assert refusal(tmp_path / "a\0b").startswith("plan.toml: is not the name of a file")
    assert refusal(tmp_path / ("a" * 300)).startswith("plan.toml: ")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe of Unix")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PopulationError, match="is a device or a pipe; give a file"):
        reading.text_of(tmp_path / "pipe", "pipe", PopulationError)


@needs_zero
@pytest.mark.parametrize("key", ["population", "extends"])
def test_a_device_that_never_ends_is_refused_at_once(tmp_path, key):
    text = builders.minimal_toml().replace('population = "providers-2018"\n', "")
    (tmp_path / "plan.toml").write_text(f'{key} = "{ZERO}"\n{text}', encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-c", LIMITED, "check", "plan.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert found.returncode == 1
    assert f"{ZERO}: is a device or a pipe; give a file" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_a_scenario_is_read_without_the_compiler():
    script = "import sys, simulator.scenario.load; print('numba' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout == "False\n"
