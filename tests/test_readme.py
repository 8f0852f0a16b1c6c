"""README.md shows the answer that is given, and names every shipped scenario."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.cli import main

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def invoke(arguments: list[str]) -> str:
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_every_shipped_scenario_is_named_and_no_other() -> None:
    names = {path.stem for path in (ROOT / "scenarios").glob("*.toml")}
    sentence = TEXT[TEXT.index("Shipped scenarios:") : TEXT.index("Your own trusts")]
    words = re.findall(r"`([a-z0-9-]+)`", sentence)
    said, base = set(), ""
    for word in words:  # `-high-demand` is laid on the last that was named in full
        base = base if word.startswith("-") else word
        said.add(base + word if word.startswith("-") else word)
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
