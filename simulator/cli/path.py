"""Commands about the years of a run: path."""

from pathlib import Path

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich


@main.command("path")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", metavar="NAME", help="One target, with all its years.")
@as_json
def path_of(file: Path, target: str | None, as_json: bool) -> None:
    """Print when targets are first missed, what is missing and how trusts stand.

    FILE is a run file.
    """
    from simulator.answers.path import report as path_report
    from simulator.runfile import store

    tree = store.open_run(file, path_report.GROUPS)
    if as_json:
        print_json(path_report.as_records(tree, str(file), target))
    else:
        print_rich(path_report.render(tree, str(file), target))
