"""The command that says whether a scenario can be run: check."""

from simulator.cli.flags import as_json, scenario_name, settings
from simulator.cli.group import main
from simulator.cli.printing import (
    print_json,
    print_text,
)


@main.command()
@scenario_name
@settings
@as_json
def check(scenario: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Say whether a scenario can be run, and all that is wrong if not."""
    from simulator.scenario import idle
    from simulator.scenario.fitting import population_of
    from simulator.scenario.load import load_scenario

    loaded = load_scenario(scenario, settings)
    asked = loaded.scenario
    population = population_of(loaded)
    notes = list(idle.notes(asked))
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
