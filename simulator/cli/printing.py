"""What commands print, and the small files that they write."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from simulator.cli.streams import fitting, is_terminal, writing

# Raised where a name goes or changes its meaning; a new name is no change.
JSON_VERSION: Final = 1
WIDTH: Final = 100  # letters of a line where there is no terminal to ask


def print_rich(what: Any) -> None:
    """Print a table: as wide as the terminal or COLUMNS, and else as `WIDTH`.

    What comes from data is text, whatever it looks like: "[red]" and ":smile:" too.
    """
    from rich.console import Console
    from rich.text import Text

    class Plain(Console):
        """A console that lays out cells as its stream will show them."""

        def render_str(self, text: str, **how: Any) -> Text:
            return super().render_str(fitting(text, self.encoding), **how)

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # for `writing` to end the command

    given = os.environ.get("COLUMNS", "")
    known = is_terminal(sys.stdout) or (given.isdecimal() and int(given) > 0)
    width = None if known else WIDTH
    with writing():
        Plain(markup=False, emoji=False, highlight=False, width=width).print(what)


def print_text(text: str) -> None:
    """Print lines as they are."""
    with writing():
        print(text)


def print_file(text: str) -> None:
    """Print what is to be a file of its own: in UTF-8, whatever the terminal has."""
    with writing():
        click.echo(text.encode("utf-8"))


def print_json(what: Mapping[str, Any]) -> None:
    """Print what a command found for a script, see docs/json.md."""
    print_json_file({"json_version": JSON_VERSION, **what})


def print_json_file(what: Any) -> None:
    """Print JSON: in ASCII where the output has no other letters."""
    encoding = str(getattr(sys.stdout, "encoding", None) or "ascii")
    plain = not encoding.lower().startswith("utf")
    # JSON has no infinity and no NaN: what has none is null, by whoever made it.
    text = json.dumps(what, indent=2, ensure_ascii=plain, allow_nan=False)
    with writing():
        print(text)


def write_text(
    place: Path,
    text: str,
    *,
    force: bool,
    sources: Iterable[Path] = (),
    otherwise: str = "-o another",
) -> None:
    """Write a small file whole or not at all; as of `places.check`."""
    from simulator.files import whole

    how: dict[str, Any] = {"force": force, "sources": sources, "otherwise": otherwise}
    whole.write(place, text.replace("\n", os.linesep).encode("utf-8"), **how)
