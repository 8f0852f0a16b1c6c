"""The command that explains scenario files, to editors and to people: schema."""

import click

from simulator.cli.group import main
from simulator.cli.printing import print_file, print_json_file


@main.command()
@click.option(
    "--markdown", is_flag=True, help="Print a page that explains every key instead."
)
def schema(markdown: bool) -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from simulator.scenario import reference, write

    if markdown:
        print_file(reference.markdown().removesuffix("\n"))
    else:
        print_json_file(write.json_schema())
