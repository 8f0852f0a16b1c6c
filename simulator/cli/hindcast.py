"""The command that scores a run of past years: hindcast."""

from pathlib import Path

import click

from simulator.cli.ending import kept
from simulator.cli.flags import (
    as_json,
    beliefs,
    how_to_run,
    plans,
    resume,
    settings,
)
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.progress import progress
from simulator.cli.starting import simulates


@main.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...")
@how_to_run
@resume
@beliefs
@plans
@settings
@as_json
@simulates
def hindcast(
    scenarios: tuple[str, ...],
    draws: int | None,
    seed: int | None,
    threads: int | None,
    output: Path | None,
    force: bool,
    resume: bool,
    beliefs: str | None,
    plans: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Simulate past years and score the result against what was published.

    Several scenarios, each from its own year on, are scored together too.
    """
    from simulator.answers.hindcast import report as past
    from simulator.answers.hindcast import simulate as hindcasting
    from simulator.running import beliefs as believing
    from simulator.running import runs

    if output is not None and len(scenarios) > 1:
        raise click.UsageError("-o takes one run: give one SCENARIO")
    if resume and output is None:
        raise click.UsageError("--resume is for a run with -o")
    loaded = [believing.load(s, settings, beliefs, plans) for s in scenarios]
    for one in loaded:
        hindcasting.check_years(one.scenario.first_year, one.scenario.last_year)
    found = []
    for one in loaded:
        total = 2 * (draws or runs.DRAWS)
        with progress(total, one.scenario.title) as on_progress:
            with kept(output):
                tree = runs.run(
                    one,
                    draws=draws,
                    seed=runs.SEED if seed is None else seed,
                    threads=threads,
                    output=output,
                    force=force,
                    resume=resume,
                    on_progress=on_progress,
                )
            scored = hindcasting.hindcast(
                tree, threads=threads, on_progress=on_progress
            )
        found.append(past.Hindcast(tree, scored))
    if as_json:
        print_json(past.as_records(found))
    else:
        print_rich(past.render(found))
