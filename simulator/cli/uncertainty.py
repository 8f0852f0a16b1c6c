"""The command that says what is belief and what is luck: uncertainty."""

import click

from simulator.cli.flags import as_json, scenario_name, settings
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.progress import progress
from simulator.cli.starting import simulates


@main.command()
@scenario_name
@click.option(
    "--draws",
    type=int,
    default=2_048,
    show_default=True,
    help="Draws of each of ten runs; a quarter as many beliefs, 64 futures each.",
)
@click.option(
    "--seed",
    type=int,
    default=2019,
    show_default=True,
    help="Of the random numbers; one seed, the same futures.",
)
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@click.option("--target", help="Name of the only target to look at, in full.")
@settings
@as_json
@simulates
def uncertainty(
    scenario: str,
    draws: int,
    seed: int,
    threads: int | None,
    target: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say how much of an answer is belief and how much is luck.

    Splits the variance of the answer into what is believed of the assumptions and the
    luck of the years, and shows how far each chance moves with what is true.
    """
    from simulator.answers.uncertainty import report as uncertainty_report
    from simulator.answers.uncertainty import simulate as uncertainty
    from simulator.running import runs
    from simulator.scenario.fitting import population_of

    loaded = runs.load(scenario, settings)
    asked = loaded.scenario
    population = population_of(loaded)
    with progress(uncertainty.simulated(draws), asked.title) as on_progress:
        found = uncertainty.split(
            asked,
            population,
            draws=draws,
            seed=seed,
            threads=threads,
            target=target,
            on_progress=on_progress,
        )
    if as_json:
        print_json(uncertainty_report.as_records(vars(found), asked.title, seed))
    else:
        print_rich(uncertainty_report.render(vars(found), asked.title, seed))
