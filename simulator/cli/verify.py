"""The command that asks whether a run file is what it says: verify."""

from pathlib import Path

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_text
from simulator.cli.progress import progress


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--all", "whole", is_flag=True, help="Simulate every draw again.")
@click.option("--seed", type=int, help="Of the choice of draws; default: any.")
@as_json
def verify(file: Path, whole: bool, seed: int | None, as_json: bool) -> None:
    """Check a run file: its digests, its sums, and some draws simulated again."""
    import secrets

    from simulator.errors import RunFileError
    from simulator.running import verify as verifying

    chosen = secrets.randbits(32) if seed is None else seed
    checks: list[dict[str, str]] = []
    found = {"file": str(file), "sound": False, "checks": checks}
    try:
        for verdict in verifying.verdicts(
            file,
            seed=chosen,
            whole=whole,
            progress=lambda draws: progress(draws, f"{file}: simulated again"),
        ):
            checks.append(verdict._asdict())
            if not as_json:
                print_text(f"{verdict.question}: {verdict.difference or verdict.found}")
        wrong = [check["difference"] for check in checks if check["difference"]]
        if wrong:
            problem = f"is not what it says: {wrong[0]}"
            raise RunFileError(str(file), problem, "do not rely on it")
    except RunFileError as error:
        error.found = found
        raise
    if as_json:
        print_json(found | {"sound": True})
    else:
        print_text(f"{file}: is what it says")
