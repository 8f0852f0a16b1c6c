"""The command that prints the JSON Schema of scenario files: schema."""

from simulator.cli.group import main
from simulator.cli.printing import (
    print_json_file,
)


@main.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from simulator.scenario.write import json_schema

    print_json_file(json_schema())
