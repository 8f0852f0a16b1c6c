"""The command that looks for the highest rate: target."""

import click

from simulator.cli.flags import as_json, scenario_name, settings
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_rich
from simulator.cli.progress import stages
from simulator.cli.starting import simulates
from simulator.outcomes import OUTCOMES


@main.command()
@scenario_name
@click.option(
    "--probability",
    type=float,
    help="The chance asked for; 0.8 is 80%, which is the default.",
)
@click.option(
    "--regret",
    type=float,
    metavar="RATIO",
    help="Instead: the best rate, where missing by a point costs RATIO times what "
    "asking a point too little costs.",
)
@click.option(
    "--outcome",
    type=click.Choice(OUTCOMES),
    help="What achieving means; default: as the basis of --like, else cash_releasing.",
)
@click.option(
    "--by",
    type=click.Choice(["sector", "type", "system", "trust"]),
    default="sector",
    show_default=True,
    help="Whose chance.",
)
@click.option(
    "--like", metavar="TARGET", help="Add-on and basis of this target; default: none."
)
@click.option("--draws", type=int, help="Futures; default: 10,000, or the run file's.")
@click.option("--seed", type=int, help="Default: 2019, or the run file's.")
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@settings
@as_json
@simulates
def target(
    scenario: str,
    probability: float | None,
    regret: float | None,
    outcome: str | None,
    by: str,
    like: str | None,
    draws: int | None,
    seed: int | None,
    threads: int | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find the highest rate that has at least a given chance, or the best rate.

    SCENARIO is the name of a packaged scenario, or the path of a scenario file or of a
    run file.
    """
    from simulator.answers.target import regret as regrets
    from simulator.answers.target import regret_report
    from simulator.answers.target import report as target_report
    from simulator.answers.target import simulate as targeting
    from simulator.answers.target.estimate import CHANCES

    if regret is not None:
        if probability is not None:
            raise click.UsageError("--probability and --regret ask two questions")
        regrets.check(regret, outcome or targeting.DEFAULT)
        probability = regrets.chance_of(regret)
    elif probability is None:
        probability = 0.8
    table = CHANCES if by == "sector" else ()
    with stages(scenario) as on_step:
        curve = targeting.curve(
            scenario,
            by=by,
            outcome=outcome,
            like=like,
            chances=(probability, *table),
            draws=draws,
            seed=seed,
            threads=threads,
            settings=settings,
            on_step=on_step,
        )
    found = None if regret is None else regrets.regret(curve, regret)
    if as_json:
        more = {} if found is None else regret_report.as_records(curve, found)
        print_json(target_report.as_records(curve, probability) | more)
    elif found is not None:
        print_rich(regret_report.render(curve, found))
    else:
        print_rich(target_report.render(curve, probability))
