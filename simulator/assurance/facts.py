"""All that a pack is written from: the run, what was checked, and the source."""

import subprocess
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd
import xarray as xr

from simulator.assurance.checks import Check

# What makes a folder the source of the simulator, and not where it is installed.
SOURCE: Final = ("pyproject.toml", "tests", "docs", "README.md")


class Facts(NamedTuple):
    """What is known when a pack is written, and nothing else."""

    file: Path
    run: xr.DataTree
    target: str
    checks: tuple[Check, ...] = ()
    influences: pd.DataFrame | None = None
    """As `belief_tornado.influences` gives them; None where they were not simulated."""
    checkout: Path | None = None
    """The folder of the source; None where only the package is installed."""

    def has(self, name: str) -> bool | None:
        """Say whether the source has a file; None where there is no source."""
        return (self.checkout / name).exists() if self.checkout else None


def checkout() -> Path | None:
    """Find the source that this code runs from."""
    folder = Path(__file__).resolve().parent.parent.parent
    return folder if all((folder / name).exists() for name in SOURCE) else None


def commit(folder: Path) -> str:
    """Name the commit that a folder is at, and whether it was changed; or nothing."""
    at = _git(folder, "rev-parse", "HEAD")
    if not at:
        return ""
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{at}{', with changes that are not committed' if changed else ''}"


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""  # no git here
    return done.stdout.strip() if done.returncode == 0 else ""
