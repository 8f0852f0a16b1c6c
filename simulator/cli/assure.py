"""The command that writes what a reviewer asks for: assure."""

from pathlib import Path

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_text
from simulator.cli.progress import progress
from simulator.cli.starting import simulates


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Folder to write; made if it is not there.",
)
@click.option(
    "--target",
    metavar="NAME",
    help="Target whose chance the influences are of; default: the highest that the "
    "sector has an even chance to achieve, or the lowest.",
)
@click.option(
    "--quick",
    is_flag=True,
    help="Leave out the influence of assumptions, which must be simulated.",
)
@click.option("--rerun", is_flag=True, help="Make the whole run again from its file.")
@click.option(
    "--tests", is_flag=True, help="Run the fast tests; only where the source is."
)
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@click.option("--force", is_flag=True, help="Replace the files of a pack there is.")
@as_json
@simulates
def assure(
    file: Path,
    output: Path,
    target: str | None,
    quick: bool,
    rerun: bool,
    tests: bool,
    threads: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write what a reviewer asks for of a run: logs, model, questions, RAP.

    FILE is verified first. What was not checked is marked open.
    """
    from simulator.assurance import writing

    asked = writing.plan(
        file, output, target, quick=quick, rerun=rerun, tests=tests, force=force
    )
    if asked.simulated:
        with progress(asked.simulated, "what the pack needs") as on_progress:
            facts = writing.gather(asked, threads, on_progress)
    else:
        facts = writing.gather(asked, threads)
    places = writing.write(asked, facts, force=force)
    failed = [one.question for one in facts.checks if not one.passed]
    if as_json:
        checks = [one._asdict() for one in facts.checks]
        found = {"target": asked.target, "files": [str(place) for place in places]}
        print_json({**found, "checks": checks, "passed": not failed})
        return
    print_text(f"{output}: {len(places)} files; {len(facts.checks)} checks were run")
    for question in failed:
        print_text(f"FAILED: {question}")
