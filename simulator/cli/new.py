"""The command that writes a scenario to start from: new."""

from pathlib import Path

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import (
    print_json,
    print_text,
    write_text,
)


@main.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@as_json
def new(name: str, force: bool, as_json: bool) -> None:
    """Write a commented scenario to start from: NAME.toml."""
    from simulator.scenario.read import starter

    place = Path(f"{name}.toml")
    write_text(place, starter(name), force=force, otherwise="give another name")
    if as_json:
        print_json({"file": str(place)})
    else:
        print_text(f"{place}: written; edit it, then simulator run {place}")
