"""The arguments and flags that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from simulator.schema import COUNTS_ONLY

Command = TypeVar("Command", bound=Callable[..., Any])

scenario_name = click.argument("scenario")
settings = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one value of the scenario; may be given often.",
)
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for a script."
)

beliefs = click.option(
    "--beliefs",
    metavar="prior|record|NAME|FILE",
    help="prior: each belief on its own, as built in; record: given what was published "
    "of 2013/14 to 2017/18; or a table by its name or path. `run` without it answers "
    "from prior beliefs, and beside that given the record.",
)
plans = click.option(
    "--plans",
    type=click.Choice(["gap", "tariff"]),
    help="Keep the targets whose plans follow the gap, or the tariff.",
)
_of_system = click.option(
    "--system", metavar="NAME", help="Answer for the trusts of this local system."
)
_of_type = click.option("--type", "kind", metavar="TYPE", help="Or of this type.")
_of_trusts = click.option(
    "--trusts", metavar="CODE,CODE", help="Or for these trusts, one by one."
)


def of_some_trusts(command: Command) -> Command:
    """Add the flags that say which trusts an answer is for: system, kind and trusts."""
    for flag in (_of_trusts, _of_type, _of_system):
        command = flag(command)
    return command


def some_trusts(system: str | None, kind: str | None, trusts: str | None) -> Any:
    """Give the trusts that an answer is for, by name; None for the whole sector."""
    from simulator.answers.groups.estimate import Chosen

    codes = tuple(code.strip() for code in (trusts or "").split(",") if code.strip())
    given = {"system": system and (system,), "type": kind and (kind,), "trust": codes}
    asked = [Chosen(by, names) for by, names in given.items() if names]
    if len(asked) > 1:
        raise click.UsageError("give one of --system, --type and --trusts")
    return asked[0] if asked else None


together = click.option(
    "--simultaneous",
    "together",
    is_flag=True,
    help="Widen the intervals so that all of them hold at once with 95%.",
)
full = click.option(
    "--full", is_flag=True, help="Print every table, and what is not in the number."
)
resume = click.option(
    "--resume", is_flag=True, help="Go on with an unfinished run of this output."
)


_threads = click.option(
    "--threads", type=int, help="Default: one a processor. Moves no number."
)
_force = click.option("--force", is_flag=True, help="Replace a file that is there.")


def to_a_run_file(command: Command) -> Command:
    """Add the flags of a command that writes a run file from others."""
    output = click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        required=True,
        help="Run file to write.",
    )
    return output(_threads(_force(command)))


def how_to_run(command: Command) -> Command:
    """Add the flags that say how to run, not what."""
    for flag in reversed(
        (
            click.option("--draws", type=int, help="Futures; default: 10,000."),
            click.option(
                "--seed",
                type=int,
                help="Of the random numbers: one seed, the same futures; else 2019.",
            ),
            _threads,
            click.option(
                "-o",
                "--output",
                type=click.Path(path_type=Path),
                help="Run file to write. Without it `run` writes the scenario's name, "
                "with .h5, here, and `hindcast` none.",
            ),
            _force,
        )
    ):
        command = flag(command)
    return command


def what_is_kept(keep: str, counts_only: bool) -> Any:
    """Give what a run is to keep of its draws."""
    if counts_only and keep != "none":
        raise click.UsageError("--counts-only keeps no draw, and --keep some: give one")
    return COUNTS_ONLY if counts_only else keep


def how_to_sample(command: Command) -> Command:
    """Add the flags that say how draws are made, and what is kept of them."""
    for flag in reversed(
        (
            click.option(
                "--sampling",
                type=click.Choice(["plain", "rqmc"]),
                default="plain",
                show_default=True,
                help="rqmc: evenly spread draws, which know means and shares of trusts "
                "better.",
            ),
            click.option(
                "--keep",
                type=click.Choice(["none", "sample", "all"]),
                default="none",
                show_default=True,
                help="Keep every trust's trajectory: of no draw, the first 100, or "
                "all.",
            ),
            click.option(
                "--counts-only",
                is_flag=True,
                help="Keep counts alone, and no draw of the sector: some MB for any "
                "number of draws, and the same chances.",
            ),
        )
    ):
        command = flag(command)
    return command
