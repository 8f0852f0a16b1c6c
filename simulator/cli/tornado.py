"""The command that moves beliefs and levers one by one: tornado."""

import click

from simulator.cli.flags import as_json, scenario_name, settings
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.progress import progress
from simulator.cli.starting import simulates
from simulator.outcomes import OUTCOMES


@main.command()
@scenario_name
@click.option("--target", metavar="NAME", required=True, help="Name of a target.")
@click.option(
    "--outcome",
    type=click.Choice(OUTCOMES),
    help="What achieving means; default: as the target is meant.",
)
@click.option(
    "--draws",
    type=int,
    default=1_000,
    show_default=True,
    help="Futures of each of some 95 simulations, the same for all.",
)
@click.option("--seed", type=int, default=2019, show_default=True, help="Of the draws.")
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@settings
@as_json
@simulates
def tornado(
    scenario: str,
    target: str,
    outcome: str | None,
    draws: int,
    seed: int,
    threads: int | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say how far each belief and lever moves an answer by itself.

    Simulates SCENARIO, a packaged one's name or a file, with each belief at its low and
    at its high value and each lever in two positions, all else as drawn. Levers without
    positions of their own are named and left where they are.
    """
    from simulator.answers.tornado import report, simulate
    from simulator.running import runs

    loaded = runs.load(scenario, settings)
    total = simulate.simulated(loaded, target, draws)
    with progress(total, loaded.scenario.title) as on_progress:
        found = simulate.tornado(
            loaded,
            target,
            outcome=outcome,
            draws=draws,
            seed=seed,
            threads=threads,
            on_progress=on_progress,
        )
    if as_json:
        print_json(report.as_records(found))
    else:
        print_rich(report.render(found))
