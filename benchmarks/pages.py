"""Renew README.md and the pages of docs: what commands print, and what code says.

`python -m benchmarks.pages` renews all, `python -m benchmarks.pages docs/api.md` those
that are named. A block that begins with `$ simulator ...` holds what that command
prints. All commands of a page run in one folder, in their order; a block of TOML whose
first line is a comment with a name, `# mine.toml`, is from there on a file in it.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks import api_page
from simulator.scenario import reference

ROOT: Final = Path(__file__).resolve().parent.parent
# What their commands print is renewed.
PAGES: Final = ("README.md", "docs/answers.md", "docs/model.md", "docs/tutorial.md")
# These are written from the code, whole.
WRITTEN: Final[dict[str, Callable[[], str]]] = {
    "docs/scenario-file.md": reference.markdown,
    "docs/api.md": api_page.markdown,
}
# Drawn beside a page, from what its commands leave behind.
PICTURES: Final = {
    "README.md": ("docs/curve.svg", "plot long-term-plan.h5 curve --target 1.1% -o"),
}
BLOCK: Final = re.compile(
    r"```console\n\$ (?P<command>simulator .*?)\n.*?```"
    r"|```toml\n# (?P<file>[\w-]+\.toml)\n.*?```",
    re.DOTALL,
)


def renew(text: str, folder: Path) -> str:
    """Run the commands of a page and put in what they print."""
    beside = str(Path(sys.executable).parent)
    found = os.environ | {"PATH": f"{beside}{os.pathsep}{os.environ['PATH']}"}

    def run(block: re.Match[str]) -> str:
        if name := block["file"]:
            _, *lines = block[0].splitlines()[:-1]
            (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            return block[0]
        command = block["command"]
        print(f"$ {command}", file=sys.stderr)
        done = subprocess.run(
            command,
            shell=True,
            cwd=folder,
            env=found,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        printed = [line.rstrip() for line in done.stdout.splitlines()]
        return "\n".join(["```console", f"$ {command}", *printed, "```"])

    return BLOCK.sub(run, text)


def draw(words: str, picture: Path, folder: Path) -> None:
    """Draw a picture with the command, and put it in its place."""
    command = [sys.executable, "-m", "simulator", *words.split(), picture.name]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    picture.write_bytes((folder / picture.name).read_bytes())


def main(names: list[str]) -> None:
    """Renew the pages that are named, or all."""
    for name in names or [*PAGES, *WRITTEN]:
        page = ROOT / name
        if name in WRITTEN:
            page.write_text(WRITTEN[name](), encoding="utf-8")
            continue
        with tempfile.TemporaryDirectory() as folder:
            old = page.read_text(encoding="utf-8")
            page.write_text(renew(old, Path(folder)), encoding="utf-8")
            if name in PICTURES:
                picture, words = PICTURES[name]
                draw(words, ROOT / picture, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
