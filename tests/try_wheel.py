"""Build the wheel, install it in a fresh environment and run the process tests on it.

`python tests/try_wheel.py newest`, or `lowest`: the lowest versions that pyproject.toml
declares, on the oldest Python there is. What is committed is tried, from a clean clone.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("excel", "parquet", "report")
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")  # oldest first


def run(*words: object, **how: Any) -> None:
    """Run a program; where it fails, end as it does."""
    done = subprocess.run([str(word) for word in words], **how)
    if done.returncode:
        sys.exit(done.returncode)


def works(python: str) -> bool:
    """Say whether a Python starts and can make an environment."""
    tried = [python, "-c", "import ensurepip, venv"]
    found = shutil.which(python) is not None
    return found and subprocess.run(tried, capture_output=True).returncode == 0


def lowest(project: Path) -> str:
    """Give the constraints that hold each declared dependency at its lowest version."""
    declared = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    needs = [*declared["dependencies"]]
    for extra in EXTRAS:
        needs += declared["optional-dependencies"][extra]
    return "".join(f"{need.replace('>=', '==')}\n" for need in needs)


def main(versions: str) -> None:
    order = PYTHONS if versions == "lowest" else PYTHONS[::-1]
    base = next(filter(works, order), sys.executable)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clone, fresh, limits = folder / "clone", folder / "fresh", folder / "limits.txt"
        run("git", "clone", "--quiet", ROOT, clone)
        run(base, "-m", "venv", fresh)
        python = fresh / ("Scripts" if os.name == "nt" else "bin") / "python"
        pip = (python, "-m", "pip", "--disable-pip-version-check")
        run(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, clone)
        (wheel,) = folder.glob("*.whl")
        low = lowest(clone / "pyproject.toml") if versions == "lowest" else ""
        limits.write_text(low, encoding="utf-8")
        wanted = f"{wheel}[{','.join(EXTRAS)}]"
        run(*pip, "install", "--quiet", "--constraint", limits, wanted)
        run(*pip, "check")
        run(python, "--version")
        run(*pip, "freeze")
        run(
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider"),
            *("--numprocesses", "auto", "tests/test_processes.py"),
            cwd=clone,
            env=os.environ | {"SIMULATOR_PYTHON": str(python)},
        )


if __name__ == "__main__":
    main(sys.argv[1])
