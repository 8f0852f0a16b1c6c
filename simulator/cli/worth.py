"""The command that says what it would be worth to know more: worth."""

from pathlib import Path

import click

from simulator.cli.flags import as_json
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich, write_text
from simulator.cli.progress import progress
from simulator.cli.starting import solves
from simulator.outcomes import OUTCOMES

TOP = 2  # beliefs that --check looks at


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", metavar="NAME", required=True, help="Name of a target.")
@click.option(
    "--outcome",
    type=click.Choice(OUTCOMES),
    help="What achieving means; default: as the target is meant.",
)
@click.option(
    "--regret",
    type=float,
    default=4.0,
    show_default=True,
    help="Cost of missing by a point, where asking a point too little costs 1.",
)
@click.option(
    "--check", is_flag=True, help="Simulate the two leading beliefs without regression."
)
@click.option("--threads", type=int, help="Of --check; default: one a processor.")
@click.option(
    "--export",
    "stem",
    metavar="STEM",
    help="Write STEM-beliefs.csv and STEM-net-benefit.csv, for R's voi and BCEA.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@as_json
@solves
def worth(
    file: Path,
    target: str,
    outcome: str | None,
    regret: float,
    check: bool,
    threads: int | None,
    stem: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Say what it would be worth to know more of what is believed.

    For each belief of FILE, a run file, for pairs and for groups: how much of the
    variance it explains, how many wrong calls of the target it would put right, and
    what it would save whoever asks for a rate.
    """
    from simulator.answers.believed import GROUPS, believed
    from simulator.answers.worth import estimate, report
    from simulator.files import places
    from simulator.runfile import store

    places_of = [Path(f"{stem}-{what}.csv") for what in ("beliefs", "net-benefit")]
    with store.open_run(file, GROUPS) as run:
        given = believed(run, target, outcome, "worth")
        if stem is not None:
            texts = report.as_csv(given, regret)
            for place in places_of:
                places.check(place, force=force, otherwise="--export another")
            for place, text in zip(places_of, texts, strict=True):
                write_text(place, text, force=force, otherwise="--export another")
        found = estimate.values(given, regret)
        checked = None
        if check:
            from simulator.answers.worth import simulate

            leading = report.leading(found, "belief")[:TOP]
            rates = estimate.net_benefit(given, regret)["asked"].values
            total = len(leading) * simulate.OUTER * simulate.INNER
            with progress(total, str(given.attrs["title"])) as on_progress:
                checked = simulate.nested(
                    run, found, leading, rates, threads, on_progress
                )
    if as_json:
        print_json(report.as_records(found, checked))
    else:
        print_rich(report.render(found, checked))
