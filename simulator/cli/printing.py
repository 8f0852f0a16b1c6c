"""What commands print, and the small files that they write."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click


@contextmanager
def progress(draws: int | None, title: str) -> Iterator[Callable[[int], None]]:
    """Show progress on standard error, where that is a terminal.

    Without a number of draws to reach, only that there is progress.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(title, total=draws)
        yield lambda n_draw: bar.advance(task, n_draw)


def print_rich(what: Any) -> None:
    """Print a table as wide as it needs to be where the output is not a terminal."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=100)
    console.print(what)


def print_json(what: Any) -> None:
    """Print JSON for a script."""
    click.echo(json.dumps(what, indent=2, ensure_ascii=False))


def write_text(place: Path, text: str, force: bool) -> None:
    """Write a small file whole or not at all."""
    from simulator.errors import RunFileError

    if place.exists() and not force:
        raise RunFileError(str(place), "is there already", "add --force to replace it")
    begun = place.with_name(f".{place.name}.tmp")
    try:
        begun.write_text(text, encoding="utf-8")
        begun.replace(place)
    except OSError as error:
        with suppress(OSError):
            begun.unlink()
        raise RunFileError(
            str(place), f"cannot be written ({error.strerror})", "choose another place"
        ) from error
