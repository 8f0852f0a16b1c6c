"""What commands print, and the small files that they write."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
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


def write_text(
    place: Path,
    text: str,
    *,
    force: bool,
    sources: Iterable[Path] = (),
    otherwise: str = "-o another",
) -> None:
    """Write a small file whole or not at all; as of `places.check`."""
    from simulator.storage import places

    places.check(place, force=force, sources=sources, otherwise=otherwise)
    begun = place.with_name(f".{place.name}.{os.getpid()}.begun")
    try:
        with begun.open("x", encoding="utf-8") as file:
            file.write(text)
        begun.replace(place)
    except OSError as error:
        with suppress(OSError):
            begun.unlink()
        raise places.cannot_write(place, error) from error
