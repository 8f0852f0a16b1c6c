"""The command line as a user starts it, in a process of its own; or without one."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from simulator.cli import main

ROOT = Path(__file__).resolve().parents[1]
# What would change what is printed, wherever the tests run.
UNSET = ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "PYTHONIOENCODING")
COMMAND = (sys.executable, "-m", "simulator.cli")


def environment(**variables: str) -> dict[str, str]:
    """The environment of a process, with this package first on its path."""
    found = {k: v for k, v in os.environ.items() if k not in UNSET}
    path = [str(ROOT), *filter(None, [found.get("PYTHONPATH")])]
    found |= {"PYTHONPATH": os.pathsep.join(path), "PYTHONUTF8": "0"}
    return found | {"PYTHONIOENCODING": "utf-8"} | variables


def call(
    folder: Path,
    *arguments: object,
    command: tuple[str, ...] = COMMAND,
    stdout: Any = subprocess.PIPE,
    encoding: str = "utf-8",
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder and wait for it."""
    return subprocess.run(
        [*command, *map(str, arguments)],
        cwd=folder,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding=encoding,
        check=False,
        timeout=300,
    )


def inside(
    folder: Path, *arguments: object, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, where a start of two seconds is not what is tried.

    An error that is none of ours comes up here as it is, not as a traceback.
    """
    words = [*map(str, arguments)]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = CliRunner(env=variables).invoke(main, words, catch_exceptions=False)
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)
