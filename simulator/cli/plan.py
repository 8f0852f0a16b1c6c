"""The command that says what a run will take: plan."""

from typing import Any

import click

from simulator.cli.flags import as_json, scenario_name, settings
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.progress import stages
from simulator.cli.starting import simulates


@main.command()
@scenario_name
@click.option(
    "--draws", type=int, default=10_000, show_default=True, help="Futures to plan for."
)
@click.option(
    "--precision",
    type=float,
    default=0.005,
    show_default=True,
    help="Half-width wished for the 95% interval of a headline probability.",
)
@click.option(
    "--targets", type=int, help="Number of targets; default: the scenario's own."
)
@click.option(
    "--keep",
    type=click.Choice(["none", "sample", "all"]),
    default="none",
    show_default=True,
    help="Trajectories to keep, as of run.",
)
@click.option("--seed", type=int, default=2019, show_default=True, help="Of the pilot.")
@click.option("--threads", type=int, help="Default: one a processor.")
@settings
@as_json
@simulates
def plan(
    scenario: str,
    draws: int,
    precision: float,
    targets: int | None,
    keep: Any,
    seed: int,
    threads: int | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say before a run what it will take: draws, seconds, memory and disk.

    Runs a pilot of about a second on this machine; SCENARIO as of run.
    """
    from simulator.answers.plan import report as plan_report
    from simulator.answers.plan import simulate as planning

    with stages(f"plan of {scenario}") as on_step:
        found = planning.plan(
            scenario,
            draws=draws,
            precision=precision,
            targets=targets,
            keep=keep,
            seed=seed,
            threads=threads,
            settings=settings,
            on_step=on_step,
        )
    if as_json:
        print_json(plan_report.as_records(found))
    else:
        print_rich(plan_report.render(found))
