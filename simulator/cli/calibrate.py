"""The command that weighs beliefs by the published record: calibrate."""

from pathlib import Path

import click

from simulator.cli.ending import kept
from simulator.cli.flags import as_json, resume, settings
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.progress import progress
from simulator.cli.starting import simulates


@main.command()
@click.argument("scenario", metavar="SCENARIO|show")
@click.argument("file", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Table to write.")
@click.option("--until", type=int, metavar="YEAR", help="Last year that counts.")
@click.option(
    "--known-at",
    metavar="DAY",
    help="Day after which no figure may have been published, such as 2019-01-31.",
)
@click.option(
    "--beliefs",
    type=int,
    default=4_000,
    show_default=True,
    help="How many are weighed, of each form of plans.",
)
@click.option("--rows", type=int, default=4_000, show_default=True, help="To write.")
@click.option(
    "--least",
    type=float,
    default=1_000,
    show_default=True,
    help="Equal beliefs that the weighted ones must be worth, or they are refused.",
)
@click.option("--seed", type=int, default=2013, show_default=True)
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@resume
@settings
@as_json
@simulates
def calibrate(
    scenario: str,
    file: str | None,
    output: Path | None,
    until: int | None,
    known_at: str | None,
    beliefs: int,
    rows: int,
    least: float,
    seed: int,
    threads: int | None,
    force: bool,
    resume: bool,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Weigh beliefs by what was published of past years, and write them as a table.

    `calibrate show FILE` says what a table holds: a packaged one by its name.
    """
    from simulator.answers.calibrate import report as calibration_report
    from simulator.scenario import posterior

    if scenario == "show":
        if file is None:
            raise click.UsageError("give the table to show")
        table = posterior.load(file)
    else:
        if file is not None or output is None:
            raise click.UsageError("give one SCENARIO, and -o TABLE to write")
        from simulator.answers.calibrate import table as tables
        from simulator.files import places
        from simulator.running import runs
        from simulator.scenario.load import load_scenario

        runs.check(beliefs, seed, threads)
        places.check(output, force=force)
        loaded = load_scenario(scenario, settings)
        tables.check(loaded.scenario, until, known_at, beliefs, rows, least)
        total = tables.simulated(beliefs)
        with kept(output), progress(total, loaded.scenario.title) as on_progress:
            text = tables.calibrate(
                loaded,
                name=output.stem,
                until=until,
                known_at=known_at,
                beliefs=beliefs,
                rows=rows,
                seed=seed,
                threads=threads,
                least=least,
                output=output,
                force=force,
                resume=resume,
                on_progress=on_progress,
            )
        table = posterior.from_text(text, str(output))
    if as_json:
        print_json(calibration_report.as_records(table))
    else:
        print_rich(calibration_report.render(table))
