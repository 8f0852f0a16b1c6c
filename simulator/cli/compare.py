"""The command that sets runs side by side: compare."""

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.progress import progress
from simulator.cli.starting import simulates
from simulator.outcomes import OUTCOMES


@main.command()
@click.argument("first")
@click.argument("others", nargs=-1)
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
@click.option(
    "--outcome",
    type=click.Choice(OUTCOMES),
    default="cash_releasing",
    show_default=True,
    help="Of a sweep: what achieving means.",
)
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
    outcome: str,
    as_json: bool,
) -> None:
    """Compare runs with the FIRST on the futures that they share.

    Each is a run file, or the name or file of a scenario, which is then run. Paired
    draws cancel the luck that runs have in common. The file of a sweep stands alone:
    its points are set side by side.
    """
    if not others:
        _compare_points(first, target, outcome, as_json)
        return
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


def _compare_points(file: str, target: str | None, outcome: str, as_json: bool) -> None:
    from simulator.answers.sweep import report, side_by_side
    from simulator.answers.sweep.simulate import chosen
    from simulator.runfile import sweeps
    from simulator.scenario.packaged import is_run_file

    if not is_run_file(file):
        raise click.UsageError(f"name something to compare {file} with")
    found = sweeps.read(file)
    if as_json:
        print_json(report.as_records(found, chosen(found, target), outcome, file))
    else:
        print_rich(side_by_side.render(found, target, outcome))
