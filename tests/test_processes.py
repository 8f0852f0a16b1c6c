"""What README.md and the pages of docs tell a reader to type ends well.

Every command and every block of Python runs as a process, in a folder of its own, as a
reader would type it: it must end with 0, print something and say nothing on standard
error. The commands of a block, and all those of docs/answers.md, share a folder, since
they use each other's files; `long-term-plan.h5` and `PANEL.csv` lie there.

All of them run on an installed wheel, in tests/try_wheel.py (`make newest lowest`). In
the fast tests, where most of their time would be that of starting, run those of CORE.

What follows `|` or `>` is the shell's, and left out. Commands that simulate a scenario
do so with few draws, where the page does not ask for a precision or an extension.
"""

import itertools
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import processes
import pytest

from simulator.cli import main

ROOT = Path(__file__).resolve().parent.parent
# Followed by tests/test_tutorial.py and tests/test_scale_page.py.
FOLLOWED = {ROOT / "docs" / "tutorial.md", ROOT / "docs" / "scale.md"}
PAGES = tuple(
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    if page not in FOLLOWED
)

FEW = "256"
FEWER = {
    **dict.fromkeys(("run", "hindcast"), ("--draws", FEW)),
    **dict.fromkeys(("target", "why", "uncertainty", "compare"), ("--draws", FEW)),
    **dict.fromkeys(("tornado", "sweep"), ("--draws", "64")),
    "explain": ("--draw", "31"),  # one of the few
}
AS_PRINTED = {"--precision", "--extend"}
CORE = {"README-shown", "README-sentences", "README-0"}

PANEL = "code,name,type,operating_spend\nAB1,One,acute,400\nAB2,Two,community,150\n"
INDENTED = re.compile(r"(?:^    simulator .*\n)+", re.M)
SHOWN = re.compile(r"^\$ (simulator .*)$", re.M)
FENCED = re.compile(r"^```.*?^```", re.M | re.DOTALL)
IN_A_SENTENCE = re.compile(r"`(simulator [^`.]*)`")
SCENARIO = re.compile(r"```toml\n(# ([\w-]+\.toml)\n.*?)```", re.DOTALL)
SCRIPT = re.compile(r"```python\n(.*?)```", re.DOTALL)


class Block(NamedTuple):
    """Commands that share a folder."""

    name: str
    commands: tuple[tuple[str, ...], ...]  # words behind `simulator`


def words(line: str) -> tuple[str, ...]:
    """Give what a shell hands to the simulator."""
    own = re.split(r" [|#>] ", line.replace("SCENARIO", "long-term-plan"))[0]
    return tuple(shlex.split(own)[1:])


def ended(lines: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Give the commands that end by themselves; a server has tests of its own."""
    given = map(words, lines)
    return tuple(command for command in given if command[0] != "explore")


def blocks() -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        shown = ended(SHOWN.findall(text))
        if shown:
            yield Block(f"{page.stem}-shown", shown)
        for block in INDENTED.findall(text):
            if lines := ended(block.splitlines()):
                yield Block(f"{page.stem}-{'-'.join(lines[0][:2])}", lines)
        said = (words(line) for line in IN_A_SENTENCE.findall(FENCED.sub("", text)))
        # `simulator run` in a sentence is a name.
        told = [each for each in said if len(each) > 1 or each[0].startswith("-")]
        if told:
            yield Block(f"{page.stem}-sentences", tuple(dict.fromkeys(told)))


def scripts() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        found = SCRIPT.findall(page.read_text(encoding="utf-8"))
        yield from (
            (f"{page.stem}-{number}", text) for number, text in enumerate(found)
        )


def cases(named: Iterable[tuple[str, object]]) -> list[object]:
    """Give each thing to try by its name: all of them on a wheel, else the core."""
    elsewhere = pytest.mark.skipif(
        not processes.IS_ELSEWHERE, reason="tried on a wheel: make newest lowest"
    )
    return [
        pytest.param(thing, id=name, marks=() if name in CORE else elsewhere)
        for name, thing in named
    ]


def quick(command: tuple[str, ...]) -> tuple[str, ...]:
    """Give the same command with few draws; of an option given twice the last holds."""
    compares_files = command[0] == "compare" and command[1].endswith(".h5")
    if compares_files or AS_PRINTED & set(command):
        return command
    return (*command, *FEWER.get(command[0], ()))


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    done = processes.simulator("run", "long-term-plan", "--draws", FEW, folder=folder)
    assert done.returncode == 0, done.stderr
    return folder / "long-term-plan.h5"


def lay(folder: Path, run_file: Path, text: str) -> None:
    """Put into a folder the files that a text names."""
    if "long-term-plan.h5" in text:
        shutil.copy(run_file, folder)
    for page in PAGES:
        for content, name in SCENARIO.findall(page.read_text(encoding="utf-8")):
            if name in text:
                (folder / name).write_text(content, encoding="utf-8")
    (folder / "PANEL.csv").write_text(PANEL, encoding="utf-8")


@pytest.mark.parametrize("commands", cases(blocks()))
def test_the_commands_of_a_page_end_well(
    commands: tuple[tuple[str, ...], ...], tmp_path: Path, run_file: Path
) -> None:
    lay(tmp_path, run_file, " ".join(itertools.chain(*commands)))
    faults = [
        processes.fault(processes.simulator(*quick(command), folder=tmp_path))
        for command in commands
    ]
    said = "\n".join(filter(None, faults))
    assert not said, said


@pytest.mark.parametrize("script", cases(scripts()))
def test_the_python_of_a_page_ends_well(
    script: str, tmp_path: Path, run_file: Path
) -> None:
    lay(tmp_path, run_file, script)
    fewer = script.replace("draws=2000", f"draws={FEW}")
    (tmp_path / "block.py").write_text(f"{fewer}\nprint('done')\n", encoding="utf-8")
    said = processes.fault(processes.python("block.py", folder=tmp_path))
    assert not said, said


def test_every_page_with_commands_was_read() -> None:
    found = list(blocks())
    assert {"README", "answers", "model", "performance"} <= {
        block.name.partition("-")[0] for block in found
    }
    commands = [command for block in found for command in block.commands]
    assert len(commands) >= 40
    assert set(FEWER) <= {command[0] for command in commands}
    # Those without a page to type them from are processes in tests of their own.
    assert {command[0] for command in commands} >= set(main.commands) - {
        "calibrate",
        "plot",
        "part",
        "join",
        "explore",
    }
    named = {block.name for block in found} | {name for name, _ in scripts()}
    assert named >= CORE
