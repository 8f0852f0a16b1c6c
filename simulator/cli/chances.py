"""The command that sets chances before and after the record side by side: chances."""

import click

from simulator.cli.flags import as_json, scenario_name, settings
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.progress import progress
from simulator.cli.starting import simulates


@main.command()
@scenario_name
@click.option(
    "--beliefs",
    multiple=True,
    default=("prior", "record"),
    show_default=True,
    metavar="prior|record|NAME|FILE",
    help="What to draw from; may be given often.",
)
@click.option("--draws", type=int, default=10_000, show_default=True, help="Futures.")
@click.option("--seed", type=int, default=2019, show_default=True)
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@settings
@as_json
@simulates
def chances(
    scenario: str,
    beliefs: tuple[str, ...],
    draws: int,
    seed: int,
    threads: int | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Set the sector's chances before and after the record side by side.

    SCENARIO is the name of a packaged scenario or the path of a file.
    """
    from simulator.answers.chances import report as chances_report
    from simulator.answers.chances import simulate as both_beliefs

    total = both_beliefs.simulated(scenario, beliefs, draws)
    with progress(total, scenario) as on_progress:
        found = both_beliefs.chances(
            scenario,
            beliefs=beliefs,
            draws=draws,
            seed=seed,
            threads=threads,
            settings=settings,
            on_progress=on_progress,
        )
    if as_json:
        print_json(chances_report.as_records(found))
    else:
        print_rich(chances_report.render(found))
