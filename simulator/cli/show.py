"""The command that prints a scenario, or a run's answer: show."""

import click

from simulator.cli.flags import as_json, full, scenario_name, settings, together
from simulator.cli.group import main
from simulator.cli.printing import (
    print_file,
    print_json,
    print_rich,
)


@main.command()
@scenario_name
@settings
@click.option("--toml", "as_toml", is_flag=True, help="Print a scenario file instead.")
@click.option(
    "--provenance",
    "made_from",
    is_flag=True,
    help="Of a run file: what made it, and its assumptions.",
)
@together
@full
@as_json
def show(
    scenario: str,
    settings: tuple[str, ...],
    as_toml: bool,
    made_from: bool,
    together: bool,
    full: bool,
    as_json: bool,
) -> None:
    """Print every value of a scenario, which layer set it, its source and grade.

    Given a run file, print its answer.
    """
    from simulator.scenario.load import load_scenario
    from simulator.scenario.read import is_run_file
    from simulator.scenario.write import resolved_toml

    is_run = is_run_file(scenario)
    if is_run and not (as_toml or made_from):
        if settings:
            raise click.UsageError("--set does not go with a run file")
        _show_answer(scenario, together, full, as_json)
        return
    if together or full or (made_from and not is_run):
        raise click.UsageError(
            "--simultaneous, --full and --provenance are for run files"
        )
    from simulator.runfile import store
    from simulator.running import provenance, rebuild
    from simulator.scenario import assumptions_log

    if is_run:
        tree = store.open_run(scenario, ("/", "/provenance"))
        loaded = rebuild.inputs_of(tree).loaded
        if made_from and as_json:
            print_json({"provenance": provenance.as_records(tree)})
            return
        if made_from:
            print_rich(provenance.render(tree))
    else:
        loaded = load_scenario(scenario, settings)
    if as_toml:
        print_file(resolved_toml(loaded))
    elif as_json:
        print_json(
            {"scenario": loaded.scenario.name}
            | {"values": assumptions_log.as_records(loaded)}
        )
    else:
        print_rich(assumptions_log.render(loaded))


def _show_answer(file: str, together: bool, full: bool, as_json: bool) -> None:
    from simulator.answers.headline import brief
    from simulator.answers.headline import report as answer
    from simulator.answers.headline.delivered import GROUPS
    from simulator.runfile import store

    tree = store.open_run(file, GROUPS)
    if as_json:
        print_json(answer.as_records(tree, file, together=together))
    else:
        said = answer if full else brief
        print_rich(said.render(tree, file, together=together))
