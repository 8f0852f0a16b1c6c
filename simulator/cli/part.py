"""The command that computes one part of a run, for an array of jobs: part."""

from pathlib import Path
from typing import Any

import click

from simulator.cli.flags import (
    as_json,
    beliefs,
    how_to_sample,
    plans,
    scenario_name,
    settings,
    what_is_kept,
)
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_text
from simulator.cli.progress import progress
from simulator.cli.starting import simulates


@main.command()
@scenario_name
@click.option("--of", type=int, required=True, help="How many parts the run has.")
@click.option(
    "--number", type=int, required=True, help="Which part to compute, from 1."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder for all parts of this run, which may be shared; made if need be.",
)
@click.option("--draws", type=int, help="Futures of the whole run; default: 10,000.")
@click.option("--seed", type=int, help="As of run.")
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@how_to_sample
@beliefs
@plans
@settings
@as_json
@simulates
def part(
    scenario: str,
    of: int,
    number: int,
    output: Path,
    draws: int | None,
    seed: int | None,
    threads: int | None,
    sampling: Any,
    keep: Any,
    counts_only: bool,
    beliefs: str | None,
    plans: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Compute one part of a run, for an array of jobs on many machines.

    Every job is given the same options and its own --number; simulator join makes the
    run file of the parts. A part that is there is not computed again: a job may be
    repeated.
    """
    from simulator.running import array, runs
    from simulator.running import beliefs as believing

    loaded = believing.load(scenario, settings, beliefs, plans)
    with progress(None, f"{loaded.scenario.title}: part {number}") as on_progress:
        done = array.part(
            loaded,
            output,
            number=number,
            of=of,
            draws=draws,
            seed=runs.SEED if seed is None else seed,
            threads=threads,
            keep=what_is_kept(keep, counts_only),
            sampling=sampling,
            record=beliefs is None,
            on_progress=on_progress,
        )
    if as_json:
        print_json(done._asdict() | {"file": str(done.file)})
        return
    last = done.first_draw + done.draws - 1
    print_text(
        f"{done.file}: part {number} of {of}, draws {done.first_draw:,} to {last:,}"
        + ("" if done.computed else "; it was there already")
    )
