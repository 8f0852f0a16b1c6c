"""The command that prints the JSON Schema of scenario files: schema."""

from simulator.cli.group import main
from simulator.cli.printing import (
    print_json_file,
)


@main.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from simulator.scenario import load as inputs

    print_json_file(inputs.json_schema())
