"""The command that says which futures to look at: futures."""

from pathlib import Path

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.outcomes import OUTCOMES


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", metavar="NAME", required=True, help="Name of a target.")
@click.option(
    "--near",
    type=click.Choice(["median", "worst-tenth", "achieved", "missed"]),
    default="median",
    show_default=True,
    help="Which futures.",
)
@click.option(
    "--outcome",
    type=click.Choice(OUTCOMES),
    help="What achieving means; default: as the target is meant.",
)
@as_json
def futures(
    file: Path, target: str, near: str, outcome: str | None, as_json: bool
) -> None:
    """Name futures that are worth a look, and what sets them apart.

    Lists typical and extreme draws of FILE, a run file, for `explain`; nothing is
    simulated.
    """
    from simulator.answers.believed import GROUPS
    from simulator.answers.futures import estimate, report
    from simulator.runfile import store

    with store.open_run(file, GROUPS) as run:
        found = estimate.futures(run, target, near, outcome)
    if as_json:
        print_json(report.as_records(found, str(file)))
    else:
        print_rich(report.render(found, str(file)))
