"""Commands about scenario files: check, show, schema and new."""

from pathlib import Path

import click

from simulator.cli.flags import as_json, scenario_name, settings, together
from simulator.cli.group import main
from simulator.cli.printing import (
    print_file,
    print_json,
    print_json_file,
    print_rich,
    print_text,
    write_text,
)


@main.command()
@scenario_name
@settings
@as_json
def check(scenario: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Say whether a scenario can be run, and all that is wrong if not."""
    from simulator import idle, inputs

    loaded = inputs.load_scenario(scenario, settings)
    asked = loaded.scenario
    population = inputs.population_of(loaded)
    notes = list(idle.clamped(asked))
    if as_json:
        print_json(
            {
                "scenario": asked.name,
                "title": asked.title,
                "trusts": len(population),
                "first_year": asked.first_year,
                "last_year": asked.last_year,
                "targets": [target.name for target in asked.targets],
                "population": population.name,
                "population_about": population.about,
                "notes": notes,
            }
        )
        return
    print_text(
        f"{asked.name}: can be run; {len(population)} trusts, {asked.first_year} to "
        f"{asked.last_year}, {len(asked.targets)} targets"
    )
    for line in (population.about, *notes):
        print_text(line)


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
@as_json
def show(
    scenario: str,
    settings: tuple[str, ...],
    as_toml: bool,
    made_from: bool,
    together: bool,
    as_json: bool,
) -> None:
    """Print every value of a scenario, which layer set it, its source and grade.

    Given a run file, print its answer.
    """
    from simulator import inputs

    is_run = inputs.is_run_file(scenario)
    if is_run and not (as_toml or made_from):
        if settings:
            raise click.UsageError("--set does not go with a run file")
        _show_answer(scenario, together, as_json)
        return
    if together or (made_from and not is_run):
        raise click.UsageError("--simultaneous and --provenance are for run files")
    from simulator.report import assumptions_log
    from simulator.running import again, provenance
    from simulator.storage import store

    if is_run:
        tree = store.open_run(scenario, ("/", "/provenance"))
        loaded = again.inputs_of(tree).loaded
        if made_from and as_json:
            print_json({"provenance": provenance.as_records(tree)})
            return
        if made_from:
            print_rich(provenance.render(tree))
    else:
        loaded = inputs.load_scenario(scenario, settings)
    if as_toml:
        print_file(inputs.resolved_toml(loaded))
    elif as_json:
        print_json(
            {"scenario": loaded.scenario.name}
            | {"values": assumptions_log.as_records(loaded)}
        )
    else:
        print_rich(assumptions_log.render(loaded))


def _show_answer(file: str, together: bool, as_json: bool) -> None:
    from simulator.analysis.delivered import GROUPS
    from simulator.report import answer
    from simulator.storage import store

    tree = store.open_run(file, GROUPS)
    if as_json:
        print_json(answer.as_records(tree, file, together=together))
    else:
        print_rich(answer.render(tree, file, together=together))


@main.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from simulator import inputs

    print_json_file(inputs.json_schema())


@main.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@as_json
def new(name: str, force: bool, as_json: bool) -> None:
    """Write a commented scenario to start from: NAME.toml."""
    from simulator import inputs

    place = Path(f"{name}.toml")
    write_text(place, inputs.starter(name), force=force, otherwise="give another name")
    if as_json:
        print_json({"file": str(place)})
    else:
        print_text(f"{place}: written; edit it, then simulator run {place}")
