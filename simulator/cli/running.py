"""Commands that simulate: run and hindcast."""

from pathlib import Path
from typing import Any

import click

from simulator.cli.flags import as_json, how_to_run, scenario_name, settings
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich, progress


@main.command()
@scenario_name
@how_to_run
@click.option(
    "--keep",
    type=click.Choice(["none", "sample", "all"]),
    default="none",
    show_default=True,
    help="Keep every trust's trajectory: of no draw, the first 100, or all.",
)
@settings
@as_json
def run(
    scenario: str,
    draws: int,
    seed: int,
    threads: int | None,
    output: Path | None,
    force: bool,
    keep: Any,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Simulate a scenario, print the answer and write the run file.

    SCENARIO is the name of a packaged scenario or the path of a file.
    """
    from simulator import answer, runs, store

    loaded = runs.load(scenario, settings)
    place = output or Path(f"{loaded.scenario.name}.h5")
    with progress(draws, loaded.scenario.title) as done:
        runs.write(
            loaded,
            place,
            draws=draws,
            seed=seed,
            threads=threads,
            keep=keep,
            force=force,
            done=done,
        )
    tree = store.open_run(place, answer.GROUPS)
    if as_json:
        print_json(answer.as_records(tree, str(place)))
    else:
        print_rich(answer.render(tree, str(place)))


@main.command()
@scenario_name
@how_to_run
@settings
@as_json
def hindcast(
    scenario: str,
    draws: int,
    seed: int,
    threads: int | None,
    output: Path | None,
    force: bool,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Simulate past years and set the result beside what was published."""
    from simulator import past, runs

    loaded = runs.load(scenario, settings)
    with progress(draws, loaded.scenario.title) as done:
        tree = runs.run(
            loaded,
            draws=draws,
            seed=seed,
            threads=threads,
            output=output,
            force=force,
            done=done,
        )
    if as_json:
        print_json(past.as_records(tree))
    else:
        print_rich(past.render(tree))
