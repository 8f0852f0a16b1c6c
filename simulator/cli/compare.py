"""The command that sets runs side by side: compare."""

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.progress import progress
from simulator.cli.starting import simulates


@main.command()
@click.argument("first")
@click.argument("others", nargs=-1, required=True)
@click.option("--target", help="Target to show in detail; default: what differs most.")
@click.option(
    "--quick", is_flag=True, help="Leave out which types and trusts make a difference."
)
@click.option(
    "--draws", type=int, help="Of scenarios; default: the run files', or 10,000."
)
@click.option(
    "--seed", type=int, help="Of scenarios; default: the run files', or 2019."
)
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@as_json
@simulates
def compare(
    first: str,
    others: tuple[str, ...],
    target: str | None,
    quick: bool,
    draws: int | None,
    seed: int | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Compare runs with the FIRST on the futures that they share.

    Each is a run file, or the name or file of a scenario, which is then run. Paired
    draws cancel the luck that runs have in common.
    """
    from simulator.answers.compare import report as comparison_report
    from simulator.answers.compare import simulate as comparing
    from simulator.answers.compare.gather import gathered

    runs = gathered(
        [first, *others],
        draws=draws,
        seed=seed,
        threads=threads,
        by_unit=not quick,
        progress=progress,
    )
    with progress(max(run.draws for run in runs), "who achieves") as on_progress:
        found = comparing.against_first(
            runs, by_unit=not quick, threads=threads, on_progress=on_progress
        )
    if as_json:
        print_json({"comparisons": comparison_report.as_records(found)})
    else:
        print_rich(comparison_report.render(found, target))
