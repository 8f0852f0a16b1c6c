"""Progress on standard error: a bar on a terminal, else a line now and then."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from simulator.cli.streams import is_terminal

FIRST: Final = 30.0  # seconds before the first line: a short command says nothing
SELDOM: Final = 600.0  # seconds between lines, at most
SHARE: Final = 0.1  # of the time so far, that passes between lines


@contextmanager
def progress(
    total: int | None, title: str, unit: str = "draws"
) -> Iterator[Callable[[int], None]]:
    """Show how much of `total` is done; call what is given with how much more is.

    Without a total, only that there is progress.
    """
    if not is_terminal(sys.stderr):
        lines, done = _Lines(title), 0

        def count(more: int) -> None:
            nonlocal done
            done += more
            if done == total:
                return  # what follows tells that
            lines.say(lambda: _so_far(done, total, unit, lines.seconds()))

        yield count
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    name = TextColumn("{task.description}", markup=False)
    columns = (name, BarColumn(), TaskProgressColumn(), Remaining())
    console = Console(stderr=True, emoji=False)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda more: bar.advance(task, more)


@contextmanager
def stages(title: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done; call what is given with a few words."""
    if not is_terminal(sys.stderr):
        lines = _Lines(title)
        yield lambda words: lines.say(lambda: words)
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True, emoji=False).status(Text(title)) as status:
        yield lambda words: status.update(Text(f"{title}: {words}"))


class _Lines:
    """A line now and then, further and further apart."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._began = time.monotonic()
        self._next = FIRST

    def seconds(self) -> float:
        """Give the time so far."""
        return time.monotonic() - self._began

    def say(self, words: Callable[[], str]) -> None:
        """Write a line if it is time for one; who cannot read it misses nothing."""
        seconds = self.seconds()
        if seconds >= self._next:
            self._next = seconds + min(max(FIRST, SHARE * seconds), SELDOM)
            with suppress(OSError):
                print(f"{self._title}: {words()}", file=sys.stderr, flush=True)


def _so_far(done: int, total: int | None, unit: str, seconds: float) -> str:
    if not total or not done:
        return f"{done:,} {unit}, {seconds:,.0f} s"
    left = seconds * (total - done) / done
    return (
        f"{done:,} of {total:,} {unit}, {done / total:.0%}, {seconds:,.0f} s, "
        f"about {max(left, 0.0):,.0f} s to go"
    )
