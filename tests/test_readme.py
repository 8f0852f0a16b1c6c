"""What README.md tells a reader to do works, and prints what it shows."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.cli import main

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^    simulator (.*?)(?:\s{2,}#.*)?$", re.M)
PANEL = "code,name,type,operating_spend\nAB1,One,acute,400\nAB2,Two,community,150\n"


def invoke(arguments: list[str]) -> str:
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


FIRST = {"new", "check", "run", "show", "hindcast", "population"}


def commands(first: bool) -> list[list[str]]:
    """The commands of a beginning, or those beyond it, which simulate more."""
    found = [shlex.split(line) for line in COMMAND.findall(TEXT)]
    return [c for c in found if (c[0] in FIRST and "--extend" not in c) == first]


def test_every_first_command_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("PANEL.csv").write_text(PANEL, encoding="utf-8")
    assert len(commands(first=True)) >= 6
    for command in commands(first=True):
        quick = ["--draws", "32"] if command[0] in {"run", "hindcast"} else []
        invoke([*command, *quick])


@pytest.mark.slow
def test_every_other_command_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    invoke(["run", "long-term-plan", "--draws", "128"])
    assert len(commands(first=False)) >= 10
    for command in commands(first=False):
        few = {"target": "64", "why": "64", "compare": "64", "uncertainty": "256"}
        quick = ["--draws", few[command[0]]] if command[0] in few else []
        invoke([*(word.replace("20000", "192") for word in command), *quick])


def test_every_shipped_scenario_is_named_and_no_other() -> None:
    names = {path.stem for path in (ROOT / "scenarios").glob("*.toml")}
    sentence = TEXT[TEXT.index("Shipped scenarios:") : TEXT.index("Your own trusts")]
    words = re.findall(r"`([a-z0-9-]+)`", sentence)
    said = {f"long-term-plan{word}" if word.startswith("-") else word for word in words}
    assert said == names


@pytest.mark.slow
def test_the_answer_shown_is_the_answer_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = invoke(["run", "long-term-plan"])
    shown = re.search(r"```console\n\$ .*?\n(.*?)\n```", TEXT, re.DOTALL)
    assert shown is not None
    lines = [line.rstrip() for line in given.rstrip("\n").splitlines()]
    assert shown[1].splitlines() == lines


@pytest.mark.slow
def test_the_notebook_lines_run() -> None:
    block = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert block is not None
    exec(block[1].replace("draws=2000", "draws=64"), {})
