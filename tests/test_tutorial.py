"""docs/tutorial.md, followed from top to bottom: every block does what it shows.

A block of TOML is a file, named by its first line. A command prints what stands below
it, or nothing where its output goes to a file. Python runs and prints something.
"""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.cli import main

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.DOTALL)
STALE = "python -m benchmarks.pages docs/tutorial.md renews what commands print"


def run(line: str) -> str:
    """Run a command in this process; give what it prints on the terminal."""
    command, _, file = line.removeprefix("$ simulator ").partition(" > ")
    done = CliRunner().invoke(main, shlex.split(command), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    assert done.stdout, line
    if file:
        Path(file).write_text(done.stdout, encoding="utf-8")
        return ""
    return "".join(f"{row.rstrip()}\n" for row in done.stdout.splitlines())


def test_every_block_does_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    followed = []
    for kind, body in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        first, _, rest = body.partition("\n")
        if kind == "toml":
            Path(first.removeprefix("# ")).write_text(rest, encoding="utf-8")
        elif kind == "console":
            assert run(first) == rest, STALE
        else:
            exec(compile(body, str(PAGE), "exec"), {"__name__": "__main__"})
            assert capsys.readouterr().out
        followed.append(kind)
    assert followed.count("toml") == 2
    assert followed.count("console") >= 8
    assert followed.count("python") == 1
