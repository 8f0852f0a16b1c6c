"""An assurance pack: checked, worked out, and written to a folder."""

import csv
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import xarray as xr

from simulator.answers.uncertainty import simulate as uncertainty
from simulator.assurance import checks
from simulator.assurance.checks import Check
from simulator.assurance.facts import Facts, checkout
from simulator.assurance.markdown import markdown
from simulator.assurance.sections import assumptions, documents
from simulator.errors import RunFileError
from simulator.files import places, whole
from simulator.page import writing as pages
from simulator.page.parts import Section
from simulator.plots import belief_tornado, simulated
from simulator.plots.words import known, main_target
from simulator.runfile import store
from simulator.statistics.independence import need_independent

NAMES: Final = ("assumptions", "verification", "model", "questions", "rap")
FILES: Final = (*(f"{name}.md" for name in NAMES), "assumptions.csv", "assurance.html")
DRAWS: Final = pages.DRAWS_BELIEFS

Progress = Callable[[int], None]


class Plan(NamedTuple):
    """What a pack is made from: checked, and nothing run yet."""

    file: Path
    folder: Path
    run: xr.DataTree
    target: str
    quick: bool
    rerun: bool
    checkout: Path | None
    """Where to run the tests; None where they are not asked for."""

    @property
    def simulated(self) -> int:
        """Count the draws to simulate beside `verify`."""
        again = int(self.run.attrs["draws"]) if self.rerun else 0
        return again + (0 if self.quick else uncertainty.simulated(DRAWS))


def assure(
    file: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    target: str | None = None,
    quick: bool = False,
    rerun: bool = False,
    tests: bool = False,
    threads: int | None = None,
    force: bool = False,
    on_progress: Progress = lambda n_draw: None,
) -> None:
    """Write what a reviewer asks for of a run; nothing is claimed that was not checked.

    Parameters
    ----------
    file
        Path of a run file. It is verified, as by `verify`.
    folder
        Folder to write, made if it is not there: an assumptions log, a verification
        log, a description of the model, the AQuA Book's questions and the levels of
        RAP, each in Markdown, and all of them as one page; assumptions as CSV too.
    target
        Whose chance the influences are of; by default the highest that the sector has
        an even chance to achieve, or the lowest.
    quick
        Whether to leave out the influence of assumptions, which must be simulated.
    rerun
        Whether to make the whole run again from its file.
    tests
        Whether to run the fast tests and the linter, which needs a checkout.
    threads
        Number of threads; by default one for each processor. Moves no number.
    force
        Whether to replace files of a pack that is there; others in the folder stay.
    on_progress
        Called with numbers of draws that were simulated.

    Raises
    ------
    SimulatorError
        Where the pack cannot be written, there is no checkout to test, or the extra
        `report` is missing. A check that fails raises nothing: the pack says so.

    Examples
    --------
    >>> import simulator as sim
    >>> sim.assure("long-term-plan.h5", "assurance")         # doctest: +SKIP
    """
    how: dict[str, Any] = {"quick": quick, "rerun": rerun, "tests": tests}
    asked = plan(Path(file), Path(folder), target, **how, force=force)
    write(asked, gather(asked, threads, on_progress), force=force)


def plan(
    file: Path,
    folder: Path,
    target: str | None = None,
    *,
    quick: bool = False,
    rerun: bool = False,
    tests: bool = False,
    force: bool = False,
) -> Plan:
    """Check all that can be checked before anything is run."""
    pages.check_library()
    _check_folder(folder, force, file)
    source = checkout()
    if tests and source is None:
        raise RunFileError(
            "--tests",
            "needs the source, and only the package is installed",
            "leave it out, or work in a checkout",
        )
    run = store.open_run(file)
    target = main_target(run) if target is None else known(run, target)
    if not quick:
        need_independent(run, "the influence of assumptions")
    return Plan(file, folder, run, target, quick, rerun, source if tests else None)


def _check_folder(folder: Path, force: bool, file: Path) -> None:
    found = places.kind(folder)
    if found is None:
        if not folder.parent.is_dir():
            problem = f"there is no folder {folder.parent}"
            raise RunFileError(str(folder), problem, "make it, or -o another")
        return
    if found != "folder":
        raise RunFileError(str(folder), f"is a {found}", "give the path of a folder")
    for name in FILES:
        places.check(folder / name, force=force, sources=[file])


def gather(
    asked: Plan,
    threads: int | None = None,
    on_progress: Progress = lambda n_draw: None,
) -> Facts:
    """Run what was asked for, and keep what came out."""
    found: list[Check] = [*checks.verified(asked.file)]
    if asked.rerun:
        found.append(checks.made_again(asked.file, threads, on_progress))
    if asked.checkout is not None:
        kinds = (checks.TESTS, checks.LINT)
        found += [checks.of_checkout(kind, asked.checkout) for kind in kinds]
    influences = None
    if not asked.quick:
        believed = simulated.believed(
            asked.run,
            asked.target,
            draws=DRAWS,
            threads=threads,
            on_progress=on_progress,
        )
        influences = belief_tornado.influences(believed, asked.target)
    return Facts(
        asked.file, asked.run, asked.target, tuple(found), influences, checkout()
    )


def write(asked: Plan, facts: Facts, *, force: bool = False) -> tuple[Path, ...]:
    """Write the pack, and give the paths of its files."""
    contents = _contents(facts)
    asked.folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        place = asked.folder / name
        whole.write(place, content.encode(), force=force, sources=[asked.file])
    return tuple(asked.folder / name for name in contents)


def _contents(facts: Facts) -> dict[str, str]:
    title = f"Assurance: {facts.run.attrs['title']}"
    found = documents(facts)
    every: list[Section] = [one for parts in found.values() for one in parts]
    texts = {f"{name}.md": markdown(title, parts) for name, parts in found.items()}
    rows = io.StringIO(newline="")
    table = assumptions(facts)
    writer = csv.DictWriter(rows, fieldnames=list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    texts["assumptions.csv"] = rows.getvalue()
    texts["assurance.html"] = pages.rendered(title, every)
    return texts
