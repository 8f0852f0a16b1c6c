"""The command that tries a scenario over ranges of its values: sweep."""

from pathlib import Path

import click

from simulator.cli.flags import as_json, resume, scenario_name, settings
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.progress import progress
from simulator.cli.starting import simulates
from simulator.outcomes import OUTCOMES


@main.command()
@scenario_name
@click.option(
    "--vary",
    multiple=True,
    metavar="KEY=LOW:HIGH:N",
    help="Try N values of a key, evenly from LOW to HIGH; may be given often.",
)
@click.option(
    "--latin",
    type=int,
    metavar="POINTS",
    help="A Latin hypercube of so many points instead of every value with every other.",
)
@click.option("--target", metavar="NAME", help="Target to print; default: the first.")
@click.option(
    "--outcome",
    type=click.Choice(OUTCOMES),
    default="cash_releasing",
    show_default=True,
    help="Outcome to print.",
)
@click.option(
    "--draws", type=int, default=1_000, show_default=True, help="Futures of each point."
)
@click.option("--seed", type=int, default=2019, show_default=True, help="Of the draws.")
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="netCDF-4 file to write, with all targets and outcomes; default: none.",
)
@resume
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@settings
@as_json
@simulates
def sweep(
    scenario: str,
    vary: tuple[str, ...],
    latin: int | None,
    target: str | None,
    outcome: str,
    draws: int,
    seed: int,
    threads: int | None,
    output: Path | None,
    resume: bool,
    force: bool,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Simulate a scenario over ranges of its levers and beliefs.

    A value that is tried takes the place of what is believed. All points see the same
    futures.
    """
    from simulator.answers.sweep import report, simulate
    from simulator.scenario.load import load_scenario

    name = simulate.chosen_target(load_scenario(scenario, settings), target)
    total = simulate.number_of(vary, latin) * draws
    with progress(total, scenario) as on_progress:
        found = simulate.sweep(
            scenario,
            vary,
            output,
            latin=latin,
            draws=draws,
            seed=seed,
            threads=threads,
            settings=settings,
            resume=resume,
            force=force,
            on_progress=on_progress,
        )
    where = None if output is None else str(output)
    if as_json:
        print_json(report.as_records(found, name, outcome, where))
    else:
        print_rich(report.render(found, name, outcome, where))
