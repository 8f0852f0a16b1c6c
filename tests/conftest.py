"""What every test shares: one width, no time limit, the same examples in CI."""

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from simulator.runfile.untrusted import child

# The first example of a compiled function waits for its compilation, so a
# deadline would fail by chance.
settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")

# What commands print follows these: a run in several processes may come with a width,
# and a CI service with a colour.
for name in ("COLUMNS", "LINES", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(name, None)

LOOK = child._asked
SOUND: set[tuple[str, tuple[str, ...], str]] = set()


@contextmanager
def look_once(
    question: str,
    path: Path,
    groups: Collection[str] = (),
    seconds: float | None = None,
) -> Iterator[None]:
    """Look through a run file, if none of the same bytes was found sound before."""
    try:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        content = ""
    known = question, tuple(groups), content
    if known in SOUND:
        yield
        return
    with LOOK(question, path, groups, seconds):
        yield
    if content:
        SOUND.add(known)


@pytest.fixture(scope="session", autouse=True)
def _bytes_are_looked_through_once() -> Iterator[None]:
    """Spare half a second of a process each time that a test opens the same run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child, "_asked", look_once)
        yield


@pytest.fixture
def distrusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look through a run file whenever it is opened, as users' programs do."""
    monkeypatch.setattr(child, "_asked", LOOK)
