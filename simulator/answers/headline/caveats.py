"""What is to be said beside the numbers of a run, on a screen and in a table."""

from collections.abc import Iterator
from typing import Final

import xarray as xr

from simulator.answers.headline.estimate import widest
from simulator.statistics.independence import replicates_of

NOT_IN_THE_NUMBER: Final = (
    "changes of policy after the start: no new settlement, pay deal or rescue is made",
    "quality and waiting: unmet demand is counted, its harm is not",
    "capital limits, and what one trust's savings cost another body",
    "any forecast for a named trust: trusts differ in more ways than are modelled",
    "whether the assumptions are right: the interval in brackets is Monte Carlo error "
    "only, and more draws shrink it without making the model truer",
)
# By the first years of runs that a survey was about: that of 2018 asked for five years
# from 2018/19, that of 2025 for 2025/26.
SURVEYED: Final = (2018, 2019)
SURVEYED_AGAIN: Final = (2025, 2026)
COMPARISON: Final = (
    "For comparison, never an input: of 157 leaders of 122 trusts (54% of the sector) "
    "who answered a survey in August and September 2018, 19% were confident that their "
    "trust could raise its savings over the next five years, 25% that it could safely "
    "go on saving as much, and 10% expected a reasonable target. These are shares of "
    "answers, not of trusts, given before the plan and its 1.1%."
)
COMPARISON_AGAIN: Final = (
    "For comparison, never an input: of leaders asked by NHS Providers in 2025, "
    "54% thought that their savings target of 2025/26 could be delivered and 35% that "
    "it could not; 52% were confident of their financial plan. They were asked to save "
    "5.9% of cost on average and expected 5.2%. These are shares of answers about one "
    "year, not about productivity."
)


def notes(run: xr.DataTree) -> list[str]:
    """List what is to be said beside the numbers, a missed precision first."""
    missed = missed_precision(run)
    return [*([missed] if missed else []), *str(run.attrs["notes"]).splitlines()]


def missed_precision(run: xr.DataTree) -> str:
    """Say that a run stopped short of the precision it was to reach, if it did."""
    asked, draws = run.attrs.get("precision"), int(run.attrs["draws"])
    if asked is None or (reached := widest(run)) <= asked:
        return ""
    more = draws * (reached / float(asked)) ** 2
    return (
        f"The precision asked for is not reached: ±{100 * reached:.2g} points where "
        f"±{100 * float(asked):.2g} was wanted, in the {draws:,} draws allowed; it "
        f"would take about {float(f'{more:.1g}'):,.0f}."
    )


def comparison(run: xr.DataTree) -> Iterator[str]:
    """Give what leaders expected, where they were asked of the years of the run."""
    if int(run.to_dataset()["year"].values[0]) in SURVEYED:
        yield COMPARISON
    elif int(run.to_dataset()["year"].values[0]) in SURVEYED_AGAIN:
        yield COMPARISON_AGAIN


def draws_of(run: xr.DataTree) -> str:
    """Say how many draws a run has, and in how many replicates."""
    draws, replicates = f"{run.attrs['draws']:,} draws", replicates_of(run)
    return draws if replicates == 1 else f"{draws} in {replicates} even replicates"


def confidence_of(answer: xr.Dataset) -> str:
    """Say what an interval of a chance is, by itself or among all of them."""
    family = int(answer.attrs["family"])
    if family == 1:
        return "95% Monte Carlo interval of a chance, each by itself"
    return f"Monte Carlo intervals of {family} chances, which hold at once with 95%"
