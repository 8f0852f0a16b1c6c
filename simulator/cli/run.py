"""The command that simulates a scenario and writes its run file: run."""

from pathlib import Path
from typing import Any, Final

import click

from simulator.cli.answering import print_answer
from simulator.cli.ending import kept
from simulator.cli.flags import (
    as_json,
    beliefs,
    full,
    how_to_run,
    how_to_sample,
    of_some_trusts,
    plans,
    resume,
    settings,
    some_trusts,
    together,
    what_is_kept,
)
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.progress import progress
from simulator.cli.starting import simulates
from simulator.schema import RUN_FILE

_ONLY_DRAWS: Final = (
    "--extend takes --draws, the number in the end, and what it simulates stands in "
    "the file: --seed, --set, --keep, --precision and --sampling do not go with it"
)


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
@how_to_sample
@resume
@click.option(
    "--extend",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Add draws to a run file instead, up to --draws.",
)
@click.option(
    "--on",
    metavar="WHERE",
    help="Compute the parts of a long run there: processes:N or local:N of this "
    "machine, or tls://HOST:PORT of a Dask scheduler. Moves no number.",
)
@click.option(
    "--yes", is_flag=True, help="Begin even if it will take hours, or much of the disk."
)
@beliefs
@plans
@settings
@of_some_trusts
@together
@full
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
    counts_only: bool,
    resume: bool,
    extend: Path | None,
    on: str | None,
    yes: bool,
    beliefs: str | None,
    plans: str | None,
    settings: tuple[str, ...],
    system: str | None,
    kind: str | None,
    trusts: str | None,
    together: bool,
    full: bool,
    as_json: bool,
) -> None:
    """Simulate a scenario, print the answer and write the run file.

    SCENARIO is the name of a packaged scenario or the path of a file. With --system,
    --type or --trusts the answer is for these trusts, the sector beside them; all
    trusts are simulated, and the run file is the same.
    """
    if (scenario is None) == (extend is None):
        raise click.UsageError("give a SCENARIO, or --extend FILE")
    from simulator.answers.plan import simulate as planning
    from simulator.running import beliefs as believing
    from simulator.running import clusters, runs

    asked = some_trusts(system, kind, trusts)
    keep = what_is_kept(keep, counts_only)
    if extend is not None:
        more = precision or keep != "none" or sampling != "plain" or beliefs or plans
        if draws is None or seed is not None or settings or more:
            raise click.UsageError(_ONLY_DRAWS)
        place = output or extend
        if not (yes or resume):
            runs.check(draws, runs.SEED, threads)
            planning.check_longer(extend, draws)
        with clusters.opened(on, threads) as where:
            _extend(extend, draws, output, where, force, resume)
    else:
        assert scenario is not None
        loaded = believing.load(scenario, settings, beliefs, plans)
        if asked is not None:
            _check_known(asked, loaded)
        place = output or Path(loaded.scenario.name + RUN_FILE)
        total = draws or (None if precision else runs.DRAWS)
        if draws is not None and not (yes or resume or precision):
            runs.check(draws, runs.SEED, threads, keep)
            planning.check_size(loaded, draws, keep=keep, threads=threads)
        with (
            kept(place),
            clusters.opened(on, threads) as where,
            progress(total, loaded.scenario.title) as on_progress,
        ):
            runs.write(
                loaded,
                place,
                draws=draws,
                seed=runs.SEED if seed is None else seed,
                threads=where.threads,
                executor=where.executor,
                keep=keep,
                sampling=sampling,
                precision=precision,
                force=force,
                resume=resume,
                record=beliefs is None,
                on_progress=on_progress,
            )
    _answer(place, asked, together, full, as_json)


def _check_known(asked: Any, loaded: Any) -> None:
    """Refuse trusts that are not in the population, before the work."""
    from simulator.answers.groups import estimate as groups
    from simulator.scenario.fitting import population_of

    known = groups.names_in(population_of(loaded), asked.by)
    groups.check(asked, known, loaded.scenario.population)


def _answer(place: Path, asked: Any, together: bool, full: bool, as_json: bool) -> None:
    """Print the answer of a run file just written."""
    from simulator.answers.groups import report as groups
    from simulator.answers.groups.estimate import GROUPS
    from simulator.answers.headline import caveats
    from simulator.runfile import store

    root = store.open_run(place, ("/",), trusted=True)
    if missed := caveats.missed_precision(root):
        click.echo(missed, err=True)
    if asked is None:
        how = {"together": together, "full": full, "as_json": as_json}
        print_answer(place, **how, ours=True)
        return
    tree = store.open_run(place, GROUPS, trusted=True)
    if as_json:
        print_json(groups.as_records(tree, asked.by, str(place), asked))
    else:
        print_rich(groups.render(tree, asked, str(place)))


def _extend(
    file: Path,
    draws: int,
    output: Path | None,
    where: Any,
    force: bool,
    resume: bool,
) -> None:
    from simulator.running import extend as extending

    place = output or file
    with kept(place), progress(draws, f"{file}: more draws") as on_progress:
        extending.extend(
            file,
            draws,
            output=output,
            threads=where.threads,
            executor=where.executor,
            force=force,
            resume=resume,
            on_progress=on_progress,
        )
