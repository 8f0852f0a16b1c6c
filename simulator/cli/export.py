"""The command that writes the tables of a run for other programs: export."""

from pathlib import Path
from typing import Any

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_text
from simulator.cli.progress import progress


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--to",
    type=click.Choice(["csv", "xlsx", "parquet"]),
    required=True,
    help="A folder of CSV files, an Excel workbook, or a folder of Parquet files.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Place to write; default: the run's name with -csv, .xlsx or -parquet, here.",
)
@click.option(
    "--tables",
    metavar="NAME,...",
    help="Which tables; 'summaries': those that are not by draw. Default: all.",
)
@click.option("--force", is_flag=True, help="Replace an earlier export.")
@click.option(
    "--bom",
    is_flag=True,
    help="Begin CSV files with a byte-order mark: then Excel reads all letters right.",
)
@as_json
def export(
    file: Path,
    to: Any,
    output: Path | None,
    tables: str | None,
    force: bool,
    bom: bool,
    as_json: bool,
) -> None:
    """Write the tables of a run file as CSV, an Excel workbook or Parquet.

    What columns hold, the assumptions behind the run and what the run is are always
    written with them.
    """
    from simulator.exports import write as exporting
    from simulator.runfile import store

    ends = {"csv": "-csv", "xlsx": ".xlsx", "parquet": "-parquet"}
    place = output or Path(file.stem + ends[to])
    asked = [] if tables is None else [name.strip() for name in tables.split(",")]
    with store.open_run(file) as run:
        plan = exporting.plan(run, place, to, asked, force=force, bom=bom)
        rows = sum(table.rows for table in plan.tables)
        with progress(rows, str(place)) as on_progress:
            exporting.write(plan, on_progress)
    if as_json:
        print_json(exporting.as_records(plan))
    else:
        print_text(exporting.said(plan))
