"""What a notebook asks: the questions of the command line as functions.

Each opens what it is asked of, has it simulated where it must be, and gives what the
command prints as arrays or records.
"""

import secrets
from collections.abc import Sequence

import xarray as xr

from simulator.answers.believed import GROUPS as OF_BELIEFS
from simulator.answers.compare import gather
from simulator.answers.compare import simulate as comparing
from simulator.answers.compare.simulate import Comparison
from simulator.answers.explain import asking
from simulator.answers.explain.paper import Explanation
from simulator.answers.futures import estimate as looked_at
from simulator.answers.path import estimate as by_year
from simulator.answers.path.report import GROUPS as OF_PATH
from simulator.answers.requires import estimate as conditions
from simulator.answers.target import simulate as targeting
from simulator.answers.target.estimate import CHANCES, highest_rate
from simulator.answers.uncertainty import simulate as uncertain
from simulator.answers.uncertainty.simulate import Uncertainty
from simulator.answers.why import simulate as causes
from simulator.answers.worth import estimate as information
from simulator.exports import write
from simulator.exports.write import Format
from simulator.population.load import read_text
from simulator.population.model import Population
from simulator.population.panel import build
from simulator.runfile import store
from simulator.running import replay, runs
from simulator.running.verify import Verdict, verdicts
from simulator.scenario.fitting import population_of
from simulator.scenario.load import Loaded
from simulator.types import Place

Run = xr.DataTree | Place


def _tree(run: Run, groups: Sequence[str] = ()) -> xr.DataTree:
    return run if isinstance(run, xr.DataTree) else store.open_run(run, groups)


def target(
    scenario: Place | Loaded,
    probability: float = 0.8,
    *,
    by: str = "sector",
    outcome: str | None = None,
    like: str | None = None,
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    settings: Sequence[str] = (),
) -> xr.Dataset:
    """Find the highest rate that can be asked with a given chance of success.

    Parameters
    ----------
    scenario
        A packaged scenario's name, a file, a loaded scenario or a run file.
    probability
        The chance wanted, between 0 and 1.
    by, outcome, like, draws, seed, threads, settings
        As of `curve`.

    Returns
    -------
    highest
        As `highest_rate` gives it, for this chance.
    """
    found = targeting.curve(
        scenario,
        by=by,
        outcome=outcome,
        like=like,
        chances=(probability, *(CHANCES if by == "sector" else ())),
        draws=draws,
        seed=seed,
        threads=threads,
        settings=settings,
    )
    return highest_rate(found, str(found.attrs["outcome"]), [probability])


def why(
    first: Place,
    other: Place | None = None,
    *,
    target: str = "1.1%",
    draws: int = causes.DRAWS,
    seed: int | None = None,
    threads: int | None = None,
    settings: Sequence[str] = (),
) -> causes.Explanation:
    """Put what a target comes to down to causes, in parts that add up exactly.

    Parameters
    ----------
    first
        A scenario or a run file.
    other
        A second one: then the difference between the two is put down to causes.
    target
        Name of the target.
    draws
        Futures that every set of causes is simulated for.
    seed
        By default the run file's, or that of a run.
    threads
        By default one a processor.
    settings
        Values that overrule a scenario, each `key.path=value`.
    """
    places = [first] if other is None else [first, other]
    replays = [replay.load(place, settings) for place in places]
    question = causes.ask([found[:2] for found in replays], target)
    common = replay.common_seed(replays, seed, runs.SEED)
    return causes.answer(question, draws=draws, seed=common, threads=threads)


def uncertainty(
    scenario: Place | Loaded,
    *,
    target: str | None = None,
    draws: int = uncertain.DRAWS,
    seed: int = runs.SEED,
    threads: int | None = None,
    settings: Sequence[str] = (),
) -> Uncertainty:
    """Part what is believed from luck, and find the beliefs that move the answer.

    Parameters
    ----------
    scenario
        A packaged scenario's name, a file or a loaded scenario.
    target
        Name of a target; by default all.
    draws, seed, threads, settings
        As of `run`, of each of the eleven runs that this takes.
    """
    loaded = runs.load(scenario, settings)
    return uncertain.split(
        loaded.scenario,
        population_of(loaded),
        draws=draws,
        seed=seed,
        threads=threads,
        target=target,
    )


def compare(
    first: Run,
    *others: Run,
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    by_unit: bool = True,
) -> list[Comparison]:
    """Compare runs with the first of them, draw by draw on the same futures.

    Parameters
    ----------
    first, others
        Runs, run files, or scenarios to simulate first.
    draws, seed, threads
        As of `run`, for scenarios; by default those of the runs.
    by_unit
        Whether types, systems and trusts are compared too, for which a run that was
        given is simulated again.
    """
    runs_compared = gather.gathered(
        [first, *others], draws=draws, seed=seed, threads=threads, by_unit=by_unit
    )
    return comparing.against_first(runs_compared, by_unit=by_unit, threads=threads)


def explain(
    run: Run, *, draw: int = 0, trust: str, target: str, year: int | None = None
) -> Explanation:
    """Follow one trust through one future: every quantity, and how it follows.

    Parameters
    ----------
    run
        A run of this version, or its file.
    draw
        Number of the draw.
    trust
        Code of the trust.
    target
        Name of the target.
    year
        First calendar year of the only year to show; by default all.
    """
    future = asking.trajectory(_tree(run, asking.GROUPS), draw, trust, target)
    return Explanation(future, year)


def path(run: Run, targets: Sequence[str] | None = None) -> xr.Dataset:
    """Follow the sector through the years: when a target is missed, and by how much.

    See `answers.path.estimate.path` for what is returned.
    """
    return by_year.path(_tree(run, OF_PATH), targets)


def requires(
    run: Run, target: str, probability: float = 0.8, outcome: str | None = None
) -> xr.Dataset:
    """Find what would have to be true for a target to have a given chance.

    See `answers.requires.estimate.requires` for what is returned.
    """
    tree = _tree(run, OF_BELIEFS)
    return conditions.requires(tree, target, probability, outcome)


def worth(
    run: Run,
    target: str,
    regret: float = information.REGRET,
    outcome: str | None = None,
) -> xr.Dataset:
    """Find what it would be worth to know more of what is believed.

    See `answers.worth.estimate.worth` for what is returned.
    """
    return information.worth(_tree(run, OF_BELIEFS), target, regret, outcome)


def futures(
    run: Run,
    target: str,
    near: str = looked_at.MEDIAN,
    outcome: str | None = None,
) -> xr.Dataset:
    """Find typical and extreme futures of a run, and what sets them apart.

    See `answers.futures.estimate.futures` for what is returned.
    """
    return looked_at.futures(_tree(run, OF_BELIEFS), target, near, outcome)


def export(
    run: Run,
    place: Place,
    to: Format,
    tables: Sequence[str] = (),
    *,
    force: bool = False,
    bom: bool = False,
) -> None:
    """Write tables of a run for other programs.

    Parameters
    ----------
    run
        A run, or its file.
    place
        Folder to make, or path of a workbook.
    to
        "csv", "xlsx" or "parquet".
    tables
        Names of tables; "summaries" stands for all that are not by draw. By default
        all.
    force
        Whether to replace an earlier export that is there.
    bom
        Whether CSV files begin with a byte-order mark, by which Excel knows UTF-8.
    """
    write.export(_tree(run), place, to, tables, force=force, bom=bom)


def verify(
    file: Place, *, whole: bool = False, seed: int | None = None
) -> list[Verdict]:
    """Check a run file: its digests, its sums, and some draws simulated again.

    Parameters
    ----------
    file
        The run file.
    whole
        Whether to simulate every draw again.
    seed
        Of the choice of draws that are simulated again; by default any, so that nobody
        who made the file could know it.

    Returns
    -------
    verdicts
        What was asked, what was found, and the first difference: empty where all is
        well.
    """
    chosen = secrets.randbits(32) if seed is None else seed
    return list(verdicts(file, seed=chosen, whole=whole))


def build_population(
    panel: Place, like: str, name: str, *, ignore: Sequence[str] = ()
) -> Population:
    """Make an opening position for the trusts of a list; what it lacks is drawn.

    Parameters
    ----------
    panel
        A table of comma-separated values: code, name, type and operating spend (GBP
        million) of each trust, and what else is known of it.
    like
        Packaged population whose published totals the drawn figures keep to.
    name
        What to call it.
    ignore
        Columns of the list to pass over; others that are not known are refused.
    """
    return build(read_text(panel), like, name, file=str(panel), ignore=ignore)
