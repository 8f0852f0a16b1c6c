"""Renew the answer in README.md from a run of the default scenario."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"(<!-- answer: .*? -->\n).*?(<!-- end of answer -->)", re.DOTALL)


def main() -> None:
    """Run, and put what is printed between the markers."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "simulator.cli", "run", "long-term-plan"]
        done = subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True
        )
    lines = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    shown = f"```console\n$ simulator run long-term-plan\n{lines}\n```\n"
    old = README.read_text(encoding="utf-8")
    new = BLOCK.sub(lambda found: found[1] + shown + found[2], old)
    README.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
