"""The command that sets runs side by side: compare."""

from typing import Any

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
    from simulator.answers.compare import paired
    from simulator.answers.compare import report as comparison_report
    from simulator.answers.compare import simulate as comparing

    trees = _trees([first, *others], draws, seed, threads)
    runs = [paired.side(name, tree) for name, tree in trees]
    with progress(max(run.draws for run in runs), "who achieves") as on_progress:
        found = comparing.against_first(
            runs, by_unit=not quick, threads=threads, on_progress=on_progress
        )
    if as_json:
        print_json({"comparisons": comparison_report.as_records(found)})
    else:
        print_rich(comparison_report.render(found, target))


def _trees(
    places: list[str], draws: int | None, seed: int | None, threads: int | None
) -> list[tuple[str, Any]]:
    """Open the run files, and run the scenarios as those were run."""
    from simulator.answers.compare import paired
    from simulator.errors import ScenarioError
    from simulator.runfile import store
    from simulator.running import runs
    from simulator.scenario.read import is_run_file

    files = {
        place: store.open_run(place, paired.GROUPS)
        for place in places
        if is_run_file(place)
    }
    as_run = [tree.attrs for tree in files.values()]
    simulated = any(place not in files for place in places)
    if not simulated and (draws is not None or seed is not None):
        raise ScenarioError(
            "--draws and --seed", "are for scenarios, not run files", "leave them out"
        )
    if draws is None:
        draws = max([int(made["draws"]) for made in as_run], default=runs.DRAWS)
    if seed is None:
        seed = next((int(made["seed"]) for made in as_run), runs.SEED)
    names: list[tuple[str, Any]] = []
    for place in places:
        tree = files.get(place)
        if tree is None:
            with progress(draws, place) as on_progress:
                tree = files[place] = runs.run(
                    place,
                    draws=draws,
                    seed=seed,
                    threads=threads,
                    on_progress=on_progress,
                )
        again = sum(name.split(" (")[0] == place for name, _ in names)
        names.append((f"{place} ({again + 1})" if again else place, tree))
    return names
