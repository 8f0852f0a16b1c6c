"""The command that explains: why."""

import click

from simulator.cli.flags import as_json, settings
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.progress import progress
from simulator.cli.starting import simulates


@main.command()
@click.argument("scenario")
@click.argument("other", required=False)
@click.option("--target", required=True, help="Name of the target to explain.")
@click.option(
    "--of",
    "of",
    type=click.Choice(["all", "delivered", "balance", "chance"]),
    default="all",
    show_default=True,
    help="What to explain: savings, the last year's balance, the chance, or all.",
)
@click.option(
    "--draws",
    type=int,
    default=1_000,
    show_default=True,
    help="Futures, from the first.",
)
@click.option(
    "--seed", type=int, help="Of the random numbers; default: the run file's, or 2019."
)
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@settings
@as_json
@simulates
def why(
    scenario: str,
    other: str | None,
    target: str,
    of: str,
    draws: int,
    seed: int | None,
    threads: int | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Put what is delivered of a target down to causes that add up exactly.

    SCENARIO is a scenario's name or file, or a run file. With OTHER, it is the
    difference of that one from SCENARIO which is put down to causes.
    """
    from simulator.answers.why import report as causes_report
    from simulator.answers.why import simulate as attributing
    from simulator.running import replay, runs

    places = [scenario] if other is None else [scenario, other]
    replays = [replay.load(place, settings) for place in places]
    question = attributing.ask([found[:2] for found in replays], target)
    with progress(len(question.sets), "sets of causes") as on_progress:
        explained = attributing.answer(
            question,
            draws=draws,
            seed=replay.common_seed(replays, seed, runs.SEED),
            threads=threads,
            on_progress=on_progress,
        )
    chosen = attributing.QUANTITIES if of == "all" else (of,)
    if as_json:
        print_json(causes_report.as_records(explained, chosen))
    else:
        print_rich(causes_report.render(explained, chosen))
