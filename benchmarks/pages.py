"""Renew what commands print in README.md and the pages of docs, by running them.

A block that begins with `$ simulator ...` holds what that command prints. All commands
of a page run in one folder, in their order.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = tuple(ROOT / page for page in ("README.md", "docs/answers.md", "docs/model.md"))
BLOCK = re.compile(r"```console\n\$ (simulator .*?)\n.*?```", re.DOTALL)


def renew(text: str, folder: Path) -> str:
    """Run the commands of a page and put in what they print."""
    beside = str(Path(sys.executable).parent)
    found = os.environ | {"PATH": f"{beside}{os.pathsep}{os.environ['PATH']}"}

    def run(block: re.Match[str]) -> str:
        print(f"$ {block[1]}", file=sys.stderr)
        done = subprocess.run(
            block[1],
            shell=True,
            cwd=folder,
            env=found,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        lines = "\n".join(line.rstrip() for line in done.stdout.splitlines())
        return f"```console\n$ {block[1]}\n{lines}\n```"

    return BLOCK.sub(run, text)


def main() -> None:
    """Renew every page."""
    for page in PAGES:
        with tempfile.TemporaryDirectory() as folder:
            old = page.read_text(encoding="utf-8")
            page.write_text(renew(old, Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
