"""Commands that read published accounts: population import tac."""

from pathlib import Path

import click

from simulator.cli.flags import as_json
from simulator.cli.population import population
from simulator.cli.printing import print_json, print_text, write_text
from simulator.cli.progress import progress

YEARS = click.IntRange(2009, 2100)


@population.group("import")
def imports() -> None:
    """Read accounts as they are published."""


@imports.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="List of trusts to write (CSV), for `population build`.",
)
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    help="Also write surplus and income of every trust and year (CSV).",
)
@click.option(
    "--plan",
    "plans",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Oversight framework trust data (CSV): list the planned surplus, not the "
    "reported one. Repeat for each kind of trust.",
)
@click.option(
    "--year",
    type=YEARS,
    help="First calendar year of the accounts, where no file's name says it.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@as_json
def tac(
    files: tuple[Path, ...],
    output: Path,
    history: Path | None,
    plans: tuple[Path, ...],
    year: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Read NHS England's trust accounts (TAC) data into a list of trusts.

    FILE is a workbook as published, of NHS trusts or of foundation trusts; give both of
    a year. Several years may be given: the list is of the latest, the history of all.
    The list has of each trust its income, its surplus on the control-total basis and
    the share of pay, GBP million; `population build` makes a population of it.
    With --plan, the list has the planned surplus of the year in % of income instead.
    """
    from simulator.files import places
    from simulator.population.imports import oversight, tac_tables
    from simulator.population.imports import tac as reader

    written = [output, *([history] if history else [])]
    for place in written:
        places.check(place, force=force, sources=(*files, *plans))
    planned = oversight.read_plans(plans) if plans else None  # seconds, not minutes
    with progress(sum(map(reader.work, files)), "reading", "bytes") as on_progress:
        every = tac_tables.read_accounts(files, year, on_progress)
    kept, said = tac_tables.last_year(every), tac_tables.about(every, planned)
    listed = tac_tables.as_list(kept, planned)
    write_text(output, listed, force=force, sources=(*files, *plans))
    if history:
        text = tac_tables.as_history(every)
        write_text(history, text, force=force, sources=(*files, *plans))
    if as_json:
        print_json(
            {"files": [str(p) for p in written], "trusts": len(kept), "about": said}
        )
        return
    for place in written:
        print_text(f"{place}: written")
    print_text("\n".join(said))
