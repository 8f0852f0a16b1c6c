"""Commands that ask whether a run file is what it says: verify."""

from pathlib import Path

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--all", "whole", is_flag=True, help="Simulate every draw again.")
@click.option("--chance", type=int, help="Seed of the draws chosen; default: any.")
@as_json
def verify(file: Path, whole: bool, chance: int | None, as_json: bool) -> None:
    """Check a run file: its digests, its sums, and some draws simulated again."""
    import secrets

    from simulator.errors import RunFileError
    from simulator.running import verify as verifying

    chance = secrets.randbits(32) if chance is None else chance
    verdicts = []
    for verdict in verifying.verify(file, chance=chance, whole=whole):
        verdicts.append(verdict)
        if not as_json:
            click.echo(f"{verdict.question}: {verdict.difference or verdict.found}")
    if as_json:
        print_json([verdict._asdict() for verdict in verdicts])
    wrong = [verdict.difference for verdict in verdicts if verdict.difference]
    if wrong:
        raise RunFileError(
            str(file), f"is not what it says: {wrong[0]}", "do not rely on it"
        )
    if not as_json:
        click.echo(f"{file}: is what it says")
