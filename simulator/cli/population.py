"""Commands about opening positions: population build."""

from pathlib import Path

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_text, write_text


@main.group()
def population() -> None:
    """Work on opening positions."""


@population.command()
@click.argument("panel", type=click.Path(path_type=Path))
@click.option(
    "--like",
    default="providers-2018",
    show_default=True,
    help="Packaged population whose published figures the rest is drawn under.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="CSV to write.",
)
@click.option(
    "--ignore-columns",
    default="",
    metavar="A,B",
    help="Columns of the list to pass over; others that are not known are refused.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@as_json
def build(
    panel: Path,
    like: str,
    output: Path,
    ignore_columns: str,
    force: bool,
    as_json: bool,
) -> None:
    """Make an opening position for the trusts of a list.

    PANEL is a CSV file with code, name, type and operating spend (GBP million) a trust,
    or operating income and surplus; a planned surplus, a savings plan and the system
    are read too. Which column was read as what is said. What the list lacks is drawn,
    and marked as drawn: of each trust by its own code, whoever else is in the list.
    """
    from simulator.population import panel as lists
    from simulator.population.load import read_text
    from simulator.population.model import to_csv_text

    ignore = [column.strip() for column in ignore_columns.split(",") if column.strip()]
    text = read_text(panel)
    listed = lists.read(text, like, str(panel), ignore)
    made = lists.fill(listed, like, output.stem)
    write_text(output, to_csv_text(made), force=force, sources=[panel])
    if as_json:
        print_json(
            {
                "file": str(output),
                "trusts": len(made),
                "population_about": made.about,
                "drawn": list(made.synthetic),
                "read_as": list(listed.read_as),
            }
        )
        return
    print_text(f"{output}: {len(made)} trusts")
    if listed.read_as:
        print_text(f"Read: {'; '.join(listed.read_as)}.")
    print_text(made.about)
