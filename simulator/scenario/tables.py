"""Packaged tables of beliefs given a record: where they stand, and what heads them.

It needs no other part of scenarios, so that a run's answer is shown without them.
"""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Final

SUFFIX: Final = ".csv"
MARK: Final = "# "  # before each line of what heads a table, which is TOML


def packaged() -> dict[str, Path]:
    """Give the packaged tables by name."""
    folder = resources.files("simulator").joinpath("posteriors")
    found = (Path(str(file)) for file in folder.iterdir())
    return {file.stem: file for file in sorted(found) if file.suffix == SUFFIX}


def marked(lines: list[str]) -> list[str]:
    """Take what heads a table, as TOML."""
    return [line.removeprefix(MARK) for line in lines if line.startswith("#")]


def years(name: str) -> tuple[int, int]:
    """Give the first and last year of the figures that a packaged table is held to."""
    lines = packaged()[name].read_text(encoding="utf-8").splitlines()
    about: dict[str, Any] = tomllib.loads("\n".join(marked(lines)))
    found = [int(figure.rpartition(" ")[2]) for figure in about["figures"]]
    return min(found), max(found)
