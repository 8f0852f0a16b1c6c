"""The command that writes a run as a page: report."""

import time
from pathlib import Path

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_text
from simulator.cli.progress import progress
from simulator.cli.starting import simulates


@main.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Page to write; default: the first run's name with .html, here.",
)
@click.option(
    "--target",
    metavar="NAME",
    help="Target that the page is about; default: the highest that the sector has an "
    "even chance to achieve, or the lowest.",
)
@click.option(
    "--quick",
    is_flag=True,
    help="Leave out what must be simulated: why, what it hangs on, the hindcast.",
)
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@click.option("--force", is_flag=True, help="Replace a page that is there.")
@as_json
@simulates
def report(
    files: tuple[Path, ...],
    output: Path | None,
    target: str | None,
    quick: bool,
    threads: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write a run as one page, for a screen, an e-mail and paper.

    The page is about the first FILE and compares the others with it. It needs no
    network, and is complete where no scripts run.
    """
    from simulator.page import writing

    place = output or Path(f"{files[0].stem}.html")
    asked = writing.plan(files, place, target, quick=quick, force=force)
    began = time.monotonic()
    if asked.simulated:
        with progress(asked.simulated, "what the page needs") as on_progress:
            found = writing.gather(asked, threads, on_progress)
    else:
        found = writing.gather(asked, threads)
    simulated = time.monotonic() - began
    size = writing.write(asked, found, force=force)
    written = time.monotonic() - began - simulated
    if as_json:
        print_json(
            {
                "place": str(place),
                "target": asked.target,
                "bytes": size,
                "simulated_draws": asked.simulated,
                "seconds_simulating": simulated,
                "seconds_writing": written,
            }
        )
        return
    before = f"simulated for {simulated:.0f} s, " if asked.simulated else ""
    print_text(f"{place}: {size / 1000:,.0f} kB, {before}written in {written:.1f} s")
