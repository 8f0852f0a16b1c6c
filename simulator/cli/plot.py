"""The command that draws one chart of a run: plot."""

from pathlib import Path
from typing import Any, Final

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_text
from simulator.cli.progress import progress
from simulator.cli.starting import simulates
from simulator.outcomes import OUTCOMES

OF_THE_FILE: Final = ("curve", "fan", "asked-and-delivered", "trusts", "path")
SWEEP: Final = "sweep"
KINDS: Final = (*OF_THE_FILE, "waterfall", "tornado", "hindcast", "comparison", SWEEP)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("kind", type=click.Choice(KINDS))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Picture to write: .svg, .png, .pdf or .html, a page that shows numbers under "
    "the mouse. Default: the run's name and the kind, with .svg, here.",
)
@click.option("--target", metavar="NAME", help="Target that the chart is about.")
@click.option(
    "--with",
    "others",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Run file to compare with, for a comparison; may be given often.",
)
@click.option(
    "--of",
    "of",
    type=click.Choice(["delivered", "balance", "chance"]),
    default="delivered",
    show_default=True,
    help="What a waterfall is of.",
)
@click.option(
    "--outcome",
    type=click.Choice(OUTCOMES),
    default="cash_releasing",
    show_default=True,
    help="What achieving means in the chart of a sweep.",
)
@click.option(
    "--draws",
    type=int,
    help="Futures that a waterfall (default: 1,000) or a tornado (2,048) simulates.",
)
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@as_json
@simulates
def plot(
    file: Path,
    kind: str,
    output: Path | None,
    target: str | None,
    others: tuple[Path, ...],
    of: str,
    outcome: str,
    draws: int | None,
    threads: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Draw a chart of a run file, or of a sweep's.

    A waterfall and a tornado simulate first, and so does a hindcast of its trusts; the
    others draw what the file holds.
    """
    from simulator.errors import SimulatorError
    from simulator.files import places, whole
    from simulator.plots import drawing, sweep_grid
    from simulator.runfile import store, sweeps

    if (kind == "comparison") != bool(others):
        raise click.UsageError("a comparison, and nothing else, takes --with FILE")
    if draws is not None and kind not in ("waterfall", "tornado"):
        raise click.UsageError("--draws is of a waterfall or a tornado")
    place = output or Path(f"{file.stem}-{kind}.svg")
    to = place.suffix.lower().removeprefix(".")
    if to not in drawing.FORMATS:
        raise SimulatorError(
            str(place),
            "is not the name of a picture",
            f"give -o a name that ends in .{', .'.join(drawing.FORMATS)}",
        )
    sources = [file, *others]
    places.check(place, force=force, sources=sources)
    drawing.check()
    if kind == SWEEP:
        figure = sweep_grid.figure(sweeps.read(file), target, outcome)
    else:
        runs = {str(one): store.open_run(one) for one in sources}
        figure = _figure(kind, runs, target, of, draws, threads)
    content = drawing.drawn(figure.titled(), to)
    whole.write(place, content, force=force, sources=sources)
    if as_json:
        print_json({"place": str(place), "kind": kind, **figure.as_record()})
    else:
        print_text(f"{figure.title}\n{place}")


def _figure(
    kind: str,
    runs: dict[str, Any],
    target: str | None,
    of: str,
    draws: int | None,
    threads: int | None,
) -> Any:
    from simulator.answers.hindcast import simulate as hindcasting
    from simulator.answers.uncertainty import simulate as uncertainty
    from simulator.answers.why import simulate as attributing
    from simulator.plots import (
        asked_delivered,
        belief_tornado,
        cause_waterfall,
        chance_curve,
        course_path,
        fan_chart,
        record_hindcast,
        run_comparison,
        simulated,
        trust_dots,
        words,
    )

    name, run = next(iter(runs.items()))
    match kind:
        case "curve":
            return chance_curve.figure(run, target)
        case "fan":
            return fan_chart.figure(run, target)
        case "asked-and-delivered":
            return asked_delivered.figure(run, target)
        case "trusts":
            return trust_dots.figure(run, target)
        case "path":
            return course_path.figure(run, target)
        case "comparison":
            return run_comparison.figure(simulated.compared(list(runs.items())), target)
        case "hindcast":
            total = int(run.attrs["draws"])
            with progress(total, name) as on_progress:
                scored = hindcasting.hindcast(
                    run, threads=threads, on_progress=on_progress
                )
            return record_hindcast.figure(scored, target, total)
    target = words.main_target(run) if target is None else words.known(run, target)
    if kind == "waterfall":
        question = simulated.causes(run, target)
        with progress(len(question.sets), "why", "sets of causes") as on_progress:
            explained = simulated.explained(
                run,
                question,
                draws=draws or attributing.DRAWS,
                threads=threads,
                on_progress=on_progress,
            )
        return cause_waterfall.figure(explained, of)
    draws = draws or uncertainty.DRAWS
    with progress(uncertainty.simulated(draws), "uncertainty") as on_progress:
        found = simulated.believed(
            run, target, draws=draws, threads=threads, on_progress=on_progress
        )
    return belief_tornado.figure(found, target)
