"""What reaches a terminal, a pipe or a disk: names as text, letters, widths, codes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib

import numpy as np
import pytest
import tiny
from terminals import call, environment, inside

from simulator.cli import progress

# What rich would take for markup, for an error in it, and for a picture.
NAMES = ("2% [low]", "2% [high]", "[/] :smile:")
TITLE = "Odd [/bold] :smile: [red]title[/red]"
TRUST = "[b]NA1"
WELSH = "Ŵyn ≥ ±2 … £5"  # of which ascii has "yn", and cp1252 no "Ŵ" and no "≥"


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A folder with a scenario of odd names, and two runs of it."""
    folder = tmp_path_factory.mktemp("odd")
    given = tiny.tables()
    given["title"] = TITLE
    for target, name in zip(given["targets"], NAMES, strict=True):
        target["name"] = name
    tiny.write(folder, given)
    trusts = folder / "tiny.csv"
    text = trusts.read_text(encoding="utf-8")
    trusts.write_text(text.replace("NA1,North", f"{TRUST},[i]North"), encoding="utf-8")
    for name, setting in (("run.h5", "0.0"), ("other.h5", "0.01")):
        how = ("--draws", "200", "--set", f"demand.bias={setting}")
        assert inside(folder, "run", "tiny.toml", "-o", name, *how).returncode == 0
    few = [word for setting in tiny.FEW_CAUSES for word in ("--set", setting)]
    few += ["--draws", "64"]
    assert inside(folder, "run", "tiny.toml", "-o", "few.h5", *few).returncode == 0
    return folder


# --- names are text -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("show", "run.h5"), (*NAMES, TITLE)),
        (("show", "tiny.toml"), (*NAMES, TITLE)),
        (("show", "run.h5", "--provenance"), (TITLE,)),
        (("show", "run.h5", "--toml"), (*NAMES, TITLE)),
        (("path", "run.h5"), (*NAMES, TITLE)),
        (("path", "run.h5", "--target", NAMES[2]), (NAMES[2], TITLE)),
        (("compare", "run.h5", "other.h5"), (*NAMES, TRUST)),
        (("target", "run.h5", "--draws", "64"), (TITLE,)),
        (("why", "few.h5", "--target", NAMES[0], "--draws", "64"), (NAMES[0], TITLE)),
        (("uncertainty", "tiny.toml", "--draws", "256"), (*NAMES, TITLE)),
        (("explain", "run.h5", "--draw", "3", "--trust", TRUST), (NAMES[2], TRUST)),
        (("plan", "tiny.toml", "--draws", "64"), (NAMES[1], TITLE)),
    ],
    ids=lambda value: " ".join(value[:2]) if value[0].islower() else "",
)
def test_names_are_printed_as_they_are(odd, arguments, shown):
    if arguments[0] == "explain":
        arguments = (*arguments, "--target", NAMES[2])
    result = inside(odd, *arguments)
    assert result.returncode == 0, result.stderr
    words = " ".join(result.stdout.split())
    for name in shown:
        assert name in words


def test_a_name_that_looks_like_markup_ends_in_no_traceback(odd):
    done = inside(odd, "run", "tiny.toml", "--draws", 64, "-o", "again.h5")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"\n{name}" in done.stdout for name in NAMES)


# --- letters --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def welsh(tmp_path_factory):
    """A folder with a run whose title has letters that few encodings have."""
    folder = tmp_path_factory.mktemp("welsh")
    given = tiny.tables()
    given["title"] = WELSH
    tiny.write(folder, given)
    how = ("--draws", "200", "-o", "run.h5")
    assert inside(folder, "run", "tiny.toml", *how).returncode == 0
    return folder


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        pytest.param("utf-8", WELSH, marks=pytest.mark.slow),
        ("cp1252", "Wyn >= ±2 … £5"),
        ("ascii", "Wyn >= +/-2 ... GBP 5"),
    ],
)
def test_an_encoding_without_a_letter_shows_what_is_nearest(welsh, encoding, title):
    how = {"encoding": encoding, "PYTHONIOENCODING": encoding}
    done = call(welsh, "show", "run.h5", "--full", **how)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{title}\n")
    # Cells are measured as they are shown: columns end where their titles do.
    mark = "+/-" if encoding == "ascii" else "±"
    tables = [part for part in done.stdout.split("\n\n") if part.count(mark) > 2]
    assert tables
    for table in tables:
        assert len(set(map(len, table.splitlines()))) == 1


def test_what_a_program_reads_is_the_same_in_any_encoding(welsh):
    how = {"encoding": "ascii", "PYTHONIOENCODING": "ascii"}
    done = call(welsh, "show", "run.h5", "--json", **how)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["title"] == WELSH
    done = call(welsh, "show", "run.h5", "--toml", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert tomllib.loads(done.stdout)["title"] == WELSH


def test_an_error_is_said_in_any_encoding_and_steers_no_terminal(tmp_path):
    name = "Ŵ\x1b[2J.toml"
    done = call(tmp_path, "check", name, PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert done.stderr.startswith(r"W\x1b[2J.toml: there is no such file")


# --- pipes and disks ------------------------------------------------------------------


def test_colour_that_is_forced_into_a_pipe_moves_no_letter(odd):
    plain = inside(odd, "show", "run.h5")
    done = call(odd, "show", "run.h5", FORCE_COLOR="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout != plain.stdout
    assert re.sub(r"\x1b\[[0-9;]*m", "", done.stdout) == plain.stdout


@pytest.mark.parametrize("columns", [60, 160])
def test_the_width_that_is_given_is_kept_to_in_a_pipe(odd, columns):
    done = inside(odd, "show", "run.h5", COLUMNS=str(columns))
    assert done.returncode == 0
    assert 0.9 * columns < max(map(len, done.stdout.splitlines())) <= columns


def test_a_terminal_of_eighty_letters_loses_no_digit_of_an_answer(odd):
    for more, words in (((), "and balance"), (("--full",), "chance of the sector")):
        done = inside(odd, "show", "run.h5", *more, COLUMNS="80")
        assert done.returncode == 0
        assert words in done.stdout
        assert "…" not in done.stdout


@pytest.mark.parametrize("columns", ["0", "wide", ""])
def test_a_width_that_is_none_counts_for_nothing(odd, columns):
    plain = inside(odd, "show", "run.h5")
    assert inside(odd, "show", "run.h5", COLUMNS=columns).stdout == plain.stdout


linux = pytest.mark.skipif(sys.platform != "linux", reason="there is no /dev/full")
posix = pytest.mark.skipif(os.name != "posix", reason="signals are otherwise there")
OUTPUTS = [
    ("--help",),
    ("run", "--help"),
    ("schema",),
    ("show", "run.h5"),
    ("new", "x"),
]


@linux
@pytest.mark.parametrize("arguments", OUTPUTS, ids=" ".join)
def test_a_full_disk_on_standard_output_is_said_in_a_line(odd, tmp_path, arguments):
    folder = tmp_path if "new" in arguments else odd
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = call(folder, *arguments, stdout=full)
    assert done.returncode == 1
    assert done.stderr == (
        "standard output: cannot be written (No space left on device); make room, or "
        "send it somewhere else\n"
    )


@posix
@pytest.mark.parametrize("arguments", OUTPUTS, ids=" ".join)
def test_a_reader_that_leaves_is_no_error(odd, tmp_path, arguments):
    read, write = os.pipe()
    os.close(read)
    folder = tmp_path if "new" in arguments else odd
    done = call(folder, *arguments, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_without_a_terminal_progress_is_a_line_now_and_then(odd):
    code = "from simulator.cli import main, progress; progress.FIRST = 0.0; main()"
    how = ("--draws", 20_000, "-o", "lines.h5", "--json")
    command = (sys.executable, "-c", code)
    done = call(odd, "run", "tiny.toml", *how, command=command, FORCE_COLOR="1")
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    said = r"([\d,]+) of 20,000 draws, \d+%, \d+ s, about \d+ s to go"
    assert len(lines) > 3
    found = [re.fullmatch(re.escape(TITLE) + ": " + said, line) for line in lines]
    assert all(found)
    numbers = [int(line[1].replace(",", "")) for line in found]
    assert numbers == sorted(numbers)


def test_lines_of_progress_come_further_and_further_apart(monkeypatch, capsys):
    clock = iter(range(100_000))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with progress.stages("title") as told:
        for number in range(2, 20_000):
            told(str(number))
    seconds = [int(line.split()[1]) for line in capsys.readouterr().err.splitlines()]
    gaps = np.diff(seconds)
    assert seconds[0] >= 30
    assert list(gaps) == sorted(gaps)
    assert max(gaps) <= 601
    assert len(seconds) < 100


# --- interrupts -----------------------------------------------------------------------


# One that is started in the background ignores interrupts, and so do its children.
HEEDING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from simulator.cli import main; main()"
)


def interrupted(folder, *arguments, when):
    """Start a command, interrupt it once there is `when`: code and standard error."""
    process = subprocess.Popen(
        [sys.executable, "-c", HEEDING, *map(str, arguments)],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    end = time.monotonic() + 120
    while not when() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@posix
def test_an_interrupted_run_says_what_is_kept_and_how_to_go_on(tmp_path):
    tiny.write(tmp_path)
    run = ("run", "tiny.toml", "--precision", 0.005, "-o", "run.h5")
    parts = tmp_path / "run.h5.part"
    code, out, err = interrupted(
        tmp_path, *run, when=lambda: len(list(parts.glob("draws-*.h5"))) > 1
    )
    assert (code, out) == (130, "")
    *_, first, second = err.splitlines()  # after progress, where the machine is slow
    assert first == "Interrupted."
    said = re.fullmatch(
        r"run\.h5\.part: ([\d,]+) draws are kept; the same command with --resume goes "
        "on from there",
        second,
    )
    draws = int(said[1].replace(",", ""))
    assert draws >= 4096
    done = call(tmp_path, *run, "--resume")
    assert (done.returncode, done.stderr) == (0, "")
    assert not parts.exists()


@posix
def test_a_run_interrupted_in_its_first_part_says_that_nothing_is_kept(tmp_path):
    tiny.write(tmp_path)
    how = ("tiny.toml", "--draws", 9_000_000, "-o", "run.h5", "--yes")
    begun = tmp_path / "run.h5.part" / "complete.h5.begun"
    code, out, err = interrupted(tmp_path, "run", *how, when=begun.exists)
    assert (code, out) == (130, "")
    assert err.splitlines() == [
        "Interrupted.",
        "run.h5: nothing of this run is kept, as the first part of it was not "
        "finished; a part is some 20 seconds' work",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny.csv", "tiny.toml"]


DROPPED = """\
import time
import click
from simulator.cli import main

class Gone:
    def __del__(self):
        raise KeyboardInterrupt

@main.command()
def waits():
    gone = Gone()
    del gone
    for _ in range(600):  # seconds in small pieces, as work is
        time.sleep(0.1)

main(["waits"])
"""


@posix
def test_an_interrupt_that_arrives_while_an_object_goes_is_not_lost(tmp_path):
    done = call(tmp_path, command=(sys.executable, "-c", DROPPED))
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")
