"""The simulator as a user starts it: a process, in a folder of its own.

`SIMULATOR_PYTHON` names the interpreter of another installation to try, say that of a
wheel in a fresh environment; without it, the one that runs the tests.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

PYTHON = os.environ.get("SIMULATOR_PYTHON", sys.executable)
# What a command says now and then where it takes longer than ten seconds.
PROGRESS = re.compile(r"^.+: [\d,]+ .*\n", re.M)
IS_ELSEWHERE = "SIMULATOR_PYTHON" in os.environ


def start(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of that installation to its end."""
    named = dict(os.environ)
    if IS_ELSEWHERE:  # or this checkout would take the place of what is installed
        named.pop("PYTHONPATH", None)
    return subprocess.run(
        words,
        cwd=folder,
        env=named,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


def python(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python."""
    return start(PYTHON, *words, folder=folder)


def simulator(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command that was installed."""
    return start(str(Path(PYTHON).with_name("simulator")), *words, folder=folder)


def fault(done: subprocess.CompletedProcess[str]) -> str:
    """Say what is wrong with how a process ended; nothing, if it ended well."""
    said = PROGRESS.sub("", done.stderr)
    if done.returncode == 0 and said == "" and done.stdout != "":
        return ""
    printed = done.stdout[:200]
    return f"{done.args}: code {done.returncode}, printed {printed!r}, said {said!r}"
