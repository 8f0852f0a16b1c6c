"""The answer of a run in sentences and one table, for whoever reads no statistics."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from simulator.answers.headline import caveats
from simulator.answers.headline.beside import cell, has_both
from simulator.answers.headline.delivered import in_pairs, of_median_trust, steps
from simulator.answers.headline.estimate import GIVEN, highest_names, own_outcome
from simulator.answers.headline.ties import tied
from simulator.answers.text import band, chance, financial_year
from simulator.outcomes import OF_NAME
from simulator.page.parts import Table
from simulator.page.verbal import likely
from simulator.plots.words import joined, number, with_draws
from simulator.statistics.independence import replicates_of


def question(run: xr.DataTree, target: str) -> str:
    """Ask what the page answers."""
    root = run.to_dataset()
    first, last = (financial_year(int(root["year"].values[end])) for end in (0, -1))
    meaning = OF_NAME[str(own_outcome(root).sel(target=target).values)].meaning
    return (
        f"How likely is it that the {run.sizes['trust']} trusts of this run, taken "
        f"together, achieve {target} a year from {first} to {last}? "
        f"Achieved: {meaning}."
    )


def not_in_the_number(run: xr.DataTree) -> tuple[str, ...]:
    """List what the chances leave out, what is synthetic first."""
    guarded = int(np.asarray(run.attrs["guarded"]).sum())
    kept = (
        f"{guarded:,} trust-years in which cost or income had to be kept from passing "
        "zero: look at the scenario's growth rates"
    )
    lines = [str(run.attrs["population_about"]), *caveats.NOT_IN_THE_NUMBER]
    return tuple(lines + [kept] * bool(guarded))


def sentences(run: xr.DataTree, answer: xr.Dataset, target: str) -> Iterator[str]:
    """Give the answer: of the target, of trusts, of what can be asked, of more.

    `answer` is the `headline` of the run.
    """
    draws = int(run.attrs["draws"])
    row = answer.sel(target=target)
    yield (
        f"To achieve {target} a year is {_words(row, 'sector')}: "
        f"{with_draws(chance(row, 'sector_probability'), draws)}."
    )
    if has_both(answer):
        given = row.sel(beliefs=GIVEN, of="sector")
        yield (
            "With only such assumptions as would have given the past as published, it "
            f"is {likely(float(given['chance']))}: {chance(given, 'chance')}."
        )
    yield (
        f"To achieve it and end {_last(run)} in balance is {_words(row, 'sustained')}: "
        f"{chance(row, 'sustained_probability')}."
    )
    yield (
        f"For the trust in the middle it is {_words(row, 'median_trust')}: "
        f"{chance(row, 'median_trust_probability')}. In {_last(run)} "
        f"{band(row, 'trusts_in_deficit')} of {run.sizes['trust']} trusts are in "
        "deficit."
    )
    names = [name or "none" for name in highest_names(answer)]
    yield (
        "The highest target here that the sector has at least an 80% chance to achieve "
        f"is {names[0]}; at least an even chance, {names[1]}."
    )
    for found in steps(run, answer)[:1]:
        word = "better" if found.balance > 0.0 else "worse"
        yield (
            f"Asking {found.higher} instead of {found.lower} changes measured "
            f"productivity by {number(100.0 * found.measured, 2)} points a year, and "
            f"leaves the balance of {_last(run)} £{abs(found.balance) / 1000.0:.1f}bn "
            f"{word}."
        )
    for group in tied(run):
        yield (
            f"The chances of {joined(group)} are too close for this run to tell which "
            "is higher."
        )


def _last(run: xr.DataTree) -> str:
    return financial_year(int(run.to_dataset()["year"].values[-1]))


def _words(row: xr.Dataset, name: str) -> str:
    return likely(float(row[f"{name}_probability"]))


def how_to_read(run: xr.DataTree) -> str:
    """Say what brackets and ± are, once for the page."""
    draws = f"{int(run.attrs['draws']):,} draws"
    if replicates_of(run) > 1:
        draws += f" in {replicates_of(run)} evenly spread replicates"
    return (
        f"A draw is one simulated future; this run has {draws}. In brackets after a "
        "chance: its 95% Monte Carlo interval, which more draws would narrow. In "
        "brackets after any other number: what the middle 80% of futures lie between, "
        "which no number of draws narrows; ± is how far the number itself may be off."
    )


def targets(run: xr.DataTree, answer: xr.Dataset) -> Table:
    """Set all targets side by side; `answer` is the `headline` of the run."""
    found, both = of_median_trust(run), has_both(answer)
    rows = []
    for pair in in_pairs(run.to_dataset()):
        for name in (one for one in pair if one is not None):
            row, saving = answer.sel(target=name), found.sel(target=name)
            rows.append(
                (
                    name,
                    *(
                        f"{100 * float(saving[part]):.1f}"
                        for part in ("planned", "recurrent", "one_off")
                    ),
                    chance(row, "sector_probability"),
                    *([cell(answer, name, "sector", GIVEN)] if both else []),
                    chance(row, "balance_probability"),
                    chance(row, "sustained_probability"),
                    chance(row, "median_trust_probability"),
                    band(row, "share_achieving", percent=True),
                    band(row, "trusts_in_deficit"),
                )
            )
    return Table(
        name="targets",
        caption="Every target of the run. Planned, saved and one-off: the trust in the "
        "middle, % of cost a year.",
        columns=(
            "target",
            "planned",
            "saved for good",
            "one-off",
            "chance of the sector",
            *(["given the record"] if both else []),
            "in balance",
            "both",
            "trust in the middle",
            "trusts achieving",
            "trusts in deficit",
        ),
        rows=tuple(rows),
    )
