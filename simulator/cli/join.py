"""The command that makes a run file of the parts that an array of jobs left: join."""

from pathlib import Path

import click

from simulator.cli.answering import print_answer
from simulator.cli.flags import as_json, full, to_a_run_file, together
from simulator.cli.group import main


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@to_a_run_file
@together
@full
@as_json
def join(
    folder: Path,
    output: Path,
    threads: int | None,
    force: bool,
    together: bool,
    full: bool,
    as_json: bool,
) -> None:
    """Join the parts of a run to its run file, and print the answer.

    FOLDER is that of simulator part. The run file is the one that `simulator run` would
    have written, to the bit of every number; the folder stays.
    """
    from simulator.running import array

    array.join(folder, output, force=force, threads=threads)
    print_answer(output, together=together, full=full, as_json=as_json, ours=True)
