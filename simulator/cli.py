"""The command line: parse, call one function, print.

Results go to standard output, progress and notices to standard error. Exit code 0:
done; 1: something the user can put right, said in a line; 2: usage. A bug shows its
traceback. What is computed stands in the scenario file, the flags say how.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import click

from simulator.errors import SimulatorError

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


def how_to_run(command: Command) -> Command:
    """Add the flags that say how to run, not what."""
    for flag in reversed(
        (
            click.option(
                "--draws", type=int, default=10_000, show_default=True, help="Futures."
            ),
            click.option(
                "--seed",
                type=int,
                default=2019,
                show_default=True,
                help="Of the random numbers; one seed, the same futures.",
            ),
            click.option(
                "--threads", type=int, help="Default: one a processor. Moves no number."
            ),
            click.option(
                "-o",
                "--output",
                type=click.Path(path_type=Path),
                help="Run file to write; default: the scenario's name, with .h5, here.",
            ),
            click.option("--force", is_flag=True, help="Replace a file that is there."),
        )
    ):
        command = flag(command)
    return command


class Main(click.Group):
    """The commands; what the user can put right is said in a line, code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except SimulatorError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nhs-efficiency-simulator")
def main() -> None:
    """Estimate how likely NHS trusts in England are to achieve a savings target.

    Start with: simulator run long-term-plan
    """


@main.command()
@scenario_name
@how_to_run
@click.option(
    "--keep",
    type=click.Choice(["none", "sample", "all"]),
    default="none",
    show_default=True,
    help="Keep every trust's trajectory: of no draw, the first 100, or all.",
)
@settings
@as_json
def run(
    scenario: str,
    draws: int,
    seed: int,
    threads: int | None,
    output: Path | None,
    force: bool,
    keep: Any,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Simulate a scenario, print the answer and write the run file.

    SCENARIO is the name of a packaged scenario or the path of a file.
    """
    from simulator import answer, runs, store

    loaded = runs.load(scenario, settings)
    place = output or Path(f"{loaded.scenario.name}.h5")
    with progress(draws, loaded.scenario.title) as done:
        runs.write(
            loaded,
            place,
            draws=draws,
            seed=seed,
            threads=threads,
            keep=keep,
            force=force,
            done=done,
        )
    tree = store.open_run(place, answer.GROUPS)
    if as_json:
        print_json(answer.as_records(tree, str(place)))
    else:
        print_rich(answer.render(tree, str(place)))


@main.command()
@scenario_name
@how_to_run
@settings
@as_json
def hindcast(
    scenario: str,
    draws: int,
    seed: int,
    threads: int | None,
    output: Path | None,
    force: bool,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Simulate past years and set the result beside what was published."""
    from simulator import past, runs

    loaded = runs.load(scenario, settings)
    with progress(draws, loaded.scenario.title) as done:
        tree = runs.run(
            loaded,
            draws=draws,
            seed=seed,
            threads=threads,
            output=output,
            force=force,
            done=done,
        )
    if as_json:
        print_json(past.as_records(tree))
    else:
        print_rich(past.render(tree))


@main.command()
@scenario_name
@settings
def check(scenario: str, settings: tuple[str, ...]) -> None:
    """Say whether a scenario can be run, and all that is wrong if not."""
    from simulator import inputs

    loaded = inputs.load_scenario(scenario, settings)
    asked = loaded.scenario
    population = inputs.load_population(asked.population, loaded.folder)
    click.echo(
        f"{asked.name}: can be run; {len(population)} trusts, {asked.first_year} to "
        f"{asked.last_year}, {len(asked.targets)} targets"
    )
    click.echo(population.about)


@main.command()
@scenario_name
@settings
@click.option("--toml", "as_toml", is_flag=True, help="Print a scenario file instead.")
@as_json
def show(
    scenario: str, settings: tuple[str, ...], as_toml: bool, as_json: bool
) -> None:
    """Print every value of a scenario, which layer set it, its source and grade.

    Given a run file, print its answer.
    """
    if scenario.endswith(".h5"):
        from simulator import answer, store

        tree = store.open_run(scenario, answer.GROUPS)
        if as_json:
            print_json(answer.as_records(tree, scenario))
        else:
            print_rich(answer.render(tree, scenario))
        return
    from simulator import assumptions_log, inputs

    loaded = inputs.load_scenario(scenario, settings)
    if as_toml:
        click.echo(inputs.resolved_toml(loaded))
    elif as_json:
        print_json(assumptions_log.as_records(loaded))
    else:
        print_rich(assumptions_log.render(loaded))


@main.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from simulator import inputs

    print_json(inputs.json_schema())


@main.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def new(name: str, force: bool) -> None:
    """Write a commented scenario to start from: NAME.toml."""
    from simulator import inputs

    place = Path(f"{name}.toml")
    write_text(place, inputs.starter(name), force)
    click.echo(f"{place}: written; edit it, then simulator run {place}")


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
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def build(panel: Path, like: str, output: Path, force: bool) -> None:
    """Make an opening position for the trusts of a list.

    PANEL is a CSV file with code, name, type and operating spend (GBP million) a trust.
    What it lacks is drawn, and marked as drawn.
    """
    from simulator import inputs
    from simulator.panel import build as build_population
    from simulator.population import to_csv_text

    made = build_population(inputs.read_text(panel), like, output.stem)
    write_text(output, to_csv_text(made), force)
    click.echo(f"{output}: {len(made)} trusts")
    click.echo(made.about)


@contextmanager
def progress(draws: int, title: str) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(title, total=draws)
        yield lambda n_draw: bar.advance(task, n_draw)


def print_rich(what: Any) -> None:
    """Print a table as wide as it needs to be where the output is not a terminal."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=100)
    console.print(what)


def print_json(what: Any) -> None:
    """Print JSON for a script."""
    click.echo(json.dumps(what, indent=2, ensure_ascii=False))


def write_text(place: Path, text: str, force: bool) -> None:
    """Write a small file whole or not at all."""
    from simulator.errors import RunFileError

    if place.exists() and not force:
        raise RunFileError(str(place), "is there already", "add --force to replace it")
    begun = place.with_name(f".{place.name}.tmp")
    try:
        begun.write_text(text, encoding="utf-8")
        begun.replace(place)
    except OSError as error:
        with suppress(OSError):
            begun.unlink()
        raise RunFileError(
            str(place), f"cannot be written ({error.strerror})", "choose another place"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
