"""The command that says what would have to be true: requires."""

from pathlib import Path

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.starting import solves
from simulator.outcomes import OUTCOMES


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", metavar="NAME", required=True, help="Name of a target.")
@click.option(
    "--probability",
    type=float,
    default=0.8,
    show_default=True,
    help="The chance asked for; 0.8 is 80%.",
)
@click.option(
    "--outcome",
    type=click.Choice(OUTCOMES),
    help="What achieving means; default: as the target is meant.",
)
@as_json
@solves
def requires(
    file: Path, target: str, probability: float, outcome: str | None, as_json: bool
) -> None:
    """Say what would have to be true for a target to have a given chance.

    Looks through the beliefs of the draws of FILE, a run file, for limits within which
    the sector achieves the target as often as asked; nothing is simulated.
    """
    from simulator.answers import believed
    from simulator.answers.requires import estimate, report
    from simulator.runfile import store

    with store.open_run(file, believed.GROUPS) as run:
        found = estimate.requires(run, target, probability, outcome)
    if as_json:
        print_json(report.as_records(found))
    else:
        print_rich(report.render(found))
