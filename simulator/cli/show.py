"""The command that prints a scenario, or a run's answer: show."""

from typing import Any

import click

from simulator.cli.answering import print_answer
from simulator.cli.flags import (
    as_json,
    full,
    of_some_trusts,
    scenario_name,
    settings,
    some_trusts,
    together,
)
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
@click.option(
    "--by",
    type=click.Choice(["type", "system", "trust"]),
    help="Of a run file: the chances of every type, system or trust at every target.",
)
@of_some_trusts
@together
@full
@as_json
def show(
    scenario: str,
    settings: tuple[str, ...],
    as_toml: bool,
    made_from: bool,
    by: str | None,
    system: str | None,
    kind: str | None,
    trusts: str | None,
    together: bool,
    full: bool,
    as_json: bool,
) -> None:
    """Print every value of a scenario, which layer set it, its source and grade.

    Given a run file, print its answer: for the sector, for some trusts with --system,
    --type or --trusts, or for all of them with --by.
    """
    from simulator.scenario.packaged import is_run_file

    is_run = is_run_file(scenario)
    if is_run and not (as_toml or made_from):
        if settings:
            raise click.UsageError("--set does not go with a run file")
        asked = some_trusts(system, kind, trusts)
        if asked is not None or by is not None:
            if asked is not None and by is not None:
                raise click.UsageError("--by goes with none of the trusts' flags")
            _show_trusts(scenario, by, asked, as_json)
            return
        print_answer(scenario, together=together, full=full, as_json=as_json)
        return
    if by or system or kind or trusts:
        raise click.UsageError("--by, --system, --type and --trusts are for run files")
    if together or full or (made_from and not is_run):
        raise click.UsageError(
            "--simultaneous, --full and --provenance are for run files"
        )
    from simulator.cli import made_from as making
    from simulator.runfile import store
    from simulator.running import rebuild
    from simulator.scenario import assumptions_log
    from simulator.scenario.load import load_scenario
    from simulator.scenario.write import resolved_toml

    if is_run:
        tree = store.open_run(scenario, ("/", "/provenance"))
        loaded = rebuild.inputs_of(tree).loaded
        if made_from and as_json:
            print_json({"provenance": making.as_records(tree)})
            return
        if made_from:
            print_rich(making.render(tree))
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


def _show_trusts(file: str, by: str | None, asked: Any, as_json: bool) -> None:
    from simulator.answers.groups import report
    from simulator.answers.groups.estimate import GROUPS
    from simulator.runfile import store

    tree = store.open_run(file, GROUPS)
    if as_json:
        print_json(report.as_records(tree, by or asked.by, file, asked))
    elif asked is not None:
        print_rich(report.render(tree, asked, file))
    else:
        assert by is not None
        print_rich(report.render_all(tree, by, file))
