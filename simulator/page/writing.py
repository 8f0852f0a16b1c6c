"""The report: gather what a page tells, simulate what it needs, write it."""

import base64
import hashlib
import os
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

import xarray as xr

from simulator.answers.hindcast.simulate import hindcast
from simulator.answers.uncertainty import simulate as uncertainty
from simulator.files import places, whole
from simulator.page.parts import Section
from simulator.page.sections import Found, sections
from simulator.plots import drawing, simulated
from simulator.plots.course_path import chosen
from simulator.plots.library import missing
from simulator.plots.words import known, main_target
from simulator.runfile import store
from simulator.running import runs
from simulator.statistics.independence import replicates_of

PICTURES: Final = 2  # targets that have pictures of their own, to choose from
# Fewer than the commands take, whose answers are then sharper: a page is to be read
# within minutes.
DRAWS_WHY: Final = 128
DRAWS_BELIEFS: Final = 1_024
DRAWS_PAST: Final = 1_000
PAST: Final = "hindcast-2013"

Progress = Callable[[int], None]


class Plan(NamedTuple):
    """What a report is made from: checked, and nothing simulated yet."""

    place: Path
    files: tuple[Path, ...]
    run: xr.DataTree
    target: str
    quick: bool
    question: Any

    @property
    def simulated(self) -> int:
        """Count the draws to simulate; 0 where the page is quick."""
        if self.quick:
            return 0
        causes = len(self.question.sets) * DRAWS_WHY
        return causes + uncertainty.simulated(DRAWS_BELIEFS) + 2 * DRAWS_PAST


def report(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    place: str | os.PathLike[str],
    *,
    target: str | None = None,
    quick: bool = False,
    threads: int | None = None,
    force: bool = False,
    on_progress: Progress = lambda n_draw: None,
) -> None:
    """Write a run as one page that needs no network.

    Parameters
    ----------
    files
        Path of a run file, or paths: the page is about the first, and compares the
        others with it.
    place
        Page to write.
    target
        The one that it is about; by default the highest that the sector has an even
        chance to achieve, or the lowest.
    quick
        Whether to leave out what must be simulated: why a target is missed, what the
        chance hangs on, and the hindcast.
    threads
        Number of threads; by default one for each processor. Moves no number.
    force
        Whether to replace a page that is there.
    on_progress
        Called with numbers of draws that were simulated.

    Raises
    ------
    SimulatorError
        Where the page cannot be made or written, or the extra `report` is missing.

    Examples
    --------
    >>> import simulator as sim
    >>> sim.report("long-term-plan.h5", "report.html")       # doctest: +SKIP
    """
    given = [files] if isinstance(files, str | os.PathLike) else files
    paths = [Path(one) for one in given]
    asked = plan(paths, Path(place), target, quick=quick, force=force)
    write(asked, gather(asked, threads, on_progress), force=force)


def plan(
    files: Sequence[Path],
    place: Path,
    target: str | None = None,
    *,
    quick: bool = False,
    force: bool = False,
) -> Plan:
    """Check all that can be checked before anything is simulated."""
    check_library()
    drawing.check()
    places.check(place, force=force, sources=files)
    run = store.open_run(files[0])
    run.to_dataset().load()  # small, and looked at by every section
    target = main_target(run) if target is None else known(run, target)
    # Draws that are spread evenly are simulated again by no answer.
    quick = quick or replicates_of(run) > 1
    question = None if quick else simulated.causes(run, target)
    return Plan(place, tuple(files), run, target, quick, question)


def gather(
    asked: Plan,
    threads: int | None = None,
    on_progress: Progress = lambda n_draw: None,
) -> Found:
    """Simulate what the page needs beside the run, and compare the runs."""
    run, target = asked.run, asked.target
    found = Found(
        file=str(asked.files[0]),
        run=run,
        targets=tuple(chosen(run, target)[:PICTURES]),
    )
    if len(asked.files) > 1:
        others = [(str(file), store.open_run(file)) for file in asked.files[1:]]
        named = [(found.file, run), *others]
        found = found._replace(compared=simulated.compared(named))
    if asked.quick:
        return found
    past = runs.run(PAST, draws=DRAWS_PAST, threads=threads, on_progress=on_progress)
    scored = hindcast(past, threads=threads, on_progress=on_progress)
    return found._replace(
        hindcast=(scored, DRAWS_PAST),
        believed=simulated.believed(
            run, target, draws=DRAWS_BELIEFS, threads=threads, on_progress=on_progress
        ),
        explained=simulated.explained(
            run,
            asked.question,
            draws=DRAWS_WHY,
            threads=threads,
            on_progress=lambda sets: on_progress(sets * DRAWS_WHY),
        ),
    )


def write(asked: Plan, found: Found, *, force: bool = False) -> int:
    """Write the page, and give its size in bytes."""
    content = rendered(str(asked.run.attrs["title"]), sections(found)).encode()
    whole.write(asked.place, content, force=force, sources=asked.files)
    return len(content)


def rendered(title: str, parts: Sequence[Section]) -> str:
    """Lay out a page: all that a run file holds is text, whatever it looks like."""
    jinja2 = _jinja()
    room = jinja2.Environment(
        loader=jinja2.PackageLoader("simulator.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script, style = (_text(name) for name in ("page.js", "page.css"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return str(
        room.get_template("page.html").render(
            title=title, sections=parts, script=script, style=style, digest=digest
        )
    )


def check_library() -> None:
    """Refuse to begin without what lays a page out, before any work is done."""
    _jinja()


def _text(name: str) -> str:
    place = resources.files("simulator.page") / "templates" / name
    return place.read_text(encoding="utf-8")


def _jinja() -> Any:
    try:
        import jinja2  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise missing("report", "jinja2") from error
    return jinja2
