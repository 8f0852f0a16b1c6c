"""The command that follows one future: explain."""

from pathlib import Path

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_text


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--draw", type=int, required=True, help="Number of the future, from 0.")
@click.option("--trust", metavar="CODE", required=True, help="Code of a trust.")
@click.option("--target", metavar="NAME", required=True, help="Name of a target.")
@click.option("--year", type=int, help="One year only; 2019 is 2019/20.")
@as_json
def explain(
    file: Path, draw: int, trust: str, target: str, year: int | None, as_json: bool
) -> None:
    """Print one future of one trust as sums that a calculator can follow.

    FILE is a run file. The future need not have been kept: it is made again.
    """
    from simulator.answers.explain import asking, paper
    from simulator.runfile import store

    with store.open_run(file, asking.GROUPS) as run:
        future = asking.trajectory(run, draw, trust, target)
    if as_json:
        print_json(paper.as_records(future, year))
    else:
        print_text(paper.render(future, year))
