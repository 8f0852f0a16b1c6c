"""Commands that simulate: run, hindcast and rerun."""

from pathlib import Path
from typing import Any

import click

from simulator.cli.ending import kept
from simulator.cli.flags import (
    as_json,
    beliefs,
    how_to_run,
    plans,
    resume,
    settings,
    together,
)
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich, print_text
from simulator.cli.progress import progress
from simulator.cli.starting import simulates
from simulator.schema import RUN_FILE


@main.command()
@click.argument("scenario", required=False)
@how_to_run
@click.option(
    "--precision",
    type=float,
    metavar="P",
    help="Go on until the 95% interval of every headline probability is within P of "
    "it: 0.005 is half a point. --draws is then the most.",
)
@click.option(
    "--sampling",
    type=click.Choice(["plain", "rqmc"]),
    default="plain",
    show_default=True,
    help="rqmc: evenly spread draws, which know means and shares of trusts better.",
)
@click.option(
    "--keep",
    type=click.Choice(["none", "sample", "all"]),
    default="none",
    show_default=True,
    help="Keep every trust's trajectory: of no draw, the first 100, or all.",
)
@resume
@click.option(
    "--extend",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Add draws to a run file instead, up to --draws.",
)
@click.option(
    "--yes", is_flag=True, help="Begin even if it will take hours, or much of the disk."
)
@beliefs
@plans
@settings
@together
@as_json
@simulates
def run(
    scenario: str | None,
    draws: int | None,
    seed: int | None,
    threads: int | None,
    output: Path | None,
    force: bool,
    precision: float | None,
    sampling: Any,
    keep: Any,
    resume: bool,
    extend: Path | None,
    yes: bool,
    beliefs: str | None,
    plans: str | None,
    settings: tuple[str, ...],
    together: bool,
    as_json: bool,
) -> None:
    """Simulate a scenario, print the answer and write the run file.

    SCENARIO is the name of a packaged scenario or the path of a file.
    """
    if (scenario is None) == (extend is None):
        raise click.UsageError("give a SCENARIO, or --extend FILE")
    from simulator.analysis.delivered import GROUPS
    from simulator.questions import planning
    from simulator.report import answer
    from simulator.running import believing, runs
    from simulator.storage import store

    if extend is not None:
        ways = precision or keep != "none" or sampling != "plain"
        ways = ways or beliefs or plans
        if draws is None or seed is not None or settings or ways:
            raise click.UsageError(
                "--extend takes --draws, the number in the end, and what it simulates "
                "stands in the file: --seed, --set, --keep, --precision and --sampling "
                "do not go with it"
            )
        place = output or extend
        if not (yes or resume):
            runs.check(draws, runs.SEED, threads)
            planning.check_longer(extend, draws)
        _extend(extend, draws, output, threads, force, resume)
    else:
        assert scenario is not None
        loaded = believing.load(scenario, settings, beliefs, plans)
        place = output or Path(loaded.scenario.name + RUN_FILE)
        total = draws or (None if precision else runs.DRAWS)
        if draws is not None and not (yes or resume or precision):
            runs.check(draws, runs.SEED, threads, keep)
            planning.check_size(loaded, draws, keep=keep, threads=threads)
        with kept(place), progress(total, loaded.scenario.title) as done:
            runs.write(
                loaded,
                place,
                draws=draws,
                seed=runs.SEED if seed is None else seed,
                threads=threads,
                keep=keep,
                sampling=sampling,
                precision=precision,
                force=force,
                resume=resume,
                done=done,
            )
    tree = store.open_run(place, GROUPS, trusted=True)
    if missed := answer.missed_precision(tree):
        click.echo(missed, err=True)
    if as_json:
        print_json(answer.as_records(tree, str(place), together=together))
    else:
        print_rich(answer.render(tree, str(place), together=together))


def _extend(
    file: Path,
    draws: int,
    output: Path | None,
    threads: int | None,
    force: bool,
    resume: bool,
) -> None:
    from simulator.running import extending

    place = output or file
    with kept(place), progress(draws, f"{file}: more draws") as done:
        extending.extend(
            file,
            draws,
            output=output,
            threads=threads,
            force=force,
            resume=resume,
            done=done,
        )


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
    from simulator.questions import hindcasting
    from simulator.report import past
    from simulator.running import believing, runs

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
        with progress(total, one.scenario.title) as done:
            with kept(output):
                tree = runs.run(
                    one,
                    draws=draws,
                    seed=runs.SEED if seed is None else seed,
                    threads=threads,
                    output=output,
                    force=force,
                    resume=resume,
                    done=done,
                )
            scored = hindcasting.hindcast(tree, threads=threads, done=done)
        found.append(past.Hindcast(tree, scored))
    if as_json:
        print_json(past.as_records(found))
    else:
        print_rich(past.render(found))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="Run file to write.",
)
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@resume
@as_json
@simulates
def rerun(
    file: Path,
    output: Path,
    threads: int | None,
    force: bool,
    resume: bool,
    as_json: bool,
) -> None:
    """Make a run again from its file alone, and compare the numbers."""
    from simulator.errors import RunFileError
    from simulator.running import extending

    how: dict[str, Any] = {"threads": threads, "force": force, "resume": resume}
    with kept(output), progress(None, f"{file}: again") as done:
        equal = extending.rerun(file, output, **how, done=done)
    found = {"file": str(output), "of": str(file), "equal": equal}
    if not equal:
        error = RunFileError(
            str(output),
            f"holds other numbers than {file}",
            f"simulator verify {file} says where they differ",
        )
        error.found = found
        raise error
    if as_json:
        print_json(found)
    else:
        print_text(f"{output}: every number is that of {file}, to the bit")
