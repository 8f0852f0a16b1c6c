"""The command that makes a run again from its file alone: rerun."""

from pathlib import Path
from typing import Any

import click

from simulator.cli.ending import kept
from simulator.cli.flags import (
    as_json,
    resume,
    to_a_run_file,
)
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_text
from simulator.cli.progress import progress
from simulator.cli.starting import simulates


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@to_a_run_file
@resume
@as_json
@simulates
def rerun(
    file: Path,
    output: Path,
    threads: int | None,
    force: bool,
    resume: bool,
    as_json: bool,
) -> None:
    """Make a run again from its file alone, and compare the numbers."""
    from simulator.errors import RunFileError
    from simulator.running import extend as extending

    how: dict[str, Any] = {"threads": threads, "force": force, "resume": resume}
    with kept(output), progress(None, f"{file}: again") as on_progress:
        equal = extending.rerun(file, output, **how, on_progress=on_progress)
    found = {"file": str(output), "of": str(file), "equal": equal}
    if not equal:
        error = RunFileError(
            str(output),
            f"holds other numbers than {file}",
            f"simulator verify {file} says where they differ",
        )
        error.found = found
        raise error
    if as_json:
        print_json(found)
    else:
        print_text(f"{output}: every number is that of {file}, to the bit")
