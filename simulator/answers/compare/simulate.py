"""Runs set side by side on the draws that they share.

What a file holds of every draw is compared as it stands; who achieves in each draw is
simulated again from what the file says it was made from.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import xarray as xr

from simulator.answers.compare import estimate as compare
from simulator.answers.compare import recounting
from simulator.answers.compare.paired import (
    RESULTS,
    PairedRun,
    check_comparable,
    different_rates,
    identical,
    notes,
    paired,
    sector,
)
from simulator.outcomes import HEADLINE_OUTCOME
from simulator.running.runs import check_threads
from simulator.schema import TARGET
from simulator.statistics.independence import effective_of
from simulator.types import OnProgress

SLAB: Final = 2**23  # numbers of a run that are compared at once


@dataclass(frozen=True)
class Comparison:
    """A run against the first.

    Attributes
    ----------
    first, second
        What the runs are called.
    draws
        Number of draws that are paired.
    basis
        Basis of each paired target, in the first: by target.
    rates_differ
        Mean rates in the first and in the second, by paired target that does not ask
        the same in both.
    identical
        Whether a target is the same in both by definition: (target,).
    chances
        Sector outcomes as `compare.chances` gives them: (target, outcome).
    years
        Results of the sector, by name, as `compare.means` gives them: (target, year).
    units
        Outcomes of trusts, types and systems as `compare.chances_of_counts` gives them:
        (target, outcome, unit), with `kind` (trust, type or system) and `type_of_unit`.
        The intervals of all trusts hold at once, and so do those of the types and of
        the systems. None where it was not asked for.
    unpaired
        Targets that only one has, by the name of the run.
    notes
        What is to be said beside the numbers.
    """

    first: str
    second: str
    draws: int
    basis: dict[str, str]
    rates_differ: dict[str, tuple[float, float]]
    identical: xr.DataArray
    chances: xr.Dataset
    years: dict[str, xr.Dataset]
    units: xr.Dataset | None
    unpaired: dict[str, list[str]]
    notes: tuple[str, ...]

    def own_outcome(self, target: str) -> str:
        """Name the outcome that a target is meant on."""
        return HEADLINE_OUTCOME[self.basis[target]]


def against_first(
    runs: Sequence[PairedRun],
    *,
    by_unit: bool = True,
    threads: int | None = None,
    on_progress: OnProgress = lambda n_draw: None,
) -> list[Comparison]:
    """Compare every run with the first.

    Parameters
    ----------
    runs
        Two runs or more.
    by_unit
        Whether to simulate again who achieves: trusts, types and systems.
    threads
        Number of threads; by default one for each processor. Moves no number.
    on_progress
        Called with the number of draws that were simulated again.

    Raises
    ------
    RunFileError
        Where runs do not share what makes their draws the same futures.
    """
    first, *others = runs
    for other in others:
        check_comparable(first, other)
    check_threads(threads)
    found = [_compared(first, other) for other in others]
    if by_unit:
        counted = recounting.units(
            first,
            others,
            [list(comparison.basis) for comparison in found],
            [comparison.draws for comparison in found],
            threads or os.cpu_count() or 1,
            on_progress,
        )
        found = [
            replace(one, units=compare.exactly_nothing(units, one.identical))
            for one, units in zip(found, counted, strict=True)
        ]
    return found


def _compared(first: PairedRun, other: PairedRun) -> Comparison:
    targets = paired(first, other)
    draws = min(first.draws, other.draws)
    one, two = (sector(s, targets, draws) for s in (first, other))
    same = identical(first, other, targets, (one, two))
    beliefs = effective_of(first.tree), effective_of(other.tree)
    chances = compare.chances(one["achieved"], two["achieved"], beliefs)
    years = {}
    for result in RESULTS:
        parts = [
            compare.means(
                one[result].sel({TARGET: slab}),
                two[result].sel({TARGET: slab}),
                beliefs,
            )
            for slab in _slabs(targets, one[result])
        ]
        years[result] = compare.exactly_nothing(xr.concat(parts, TARGET), same)
    basis = {
        name: str(first.root["basis"].sel({TARGET: name}).values) for name in targets
    }
    return Comparison(
        first=first.name,
        second=other.name,
        draws=draws,
        basis=basis,
        rates_differ=different_rates(first, other, targets),
        identical=same,
        chances=compare.exactly_nothing(chances, same),
        years=years,
        units=None,
        unpaired={
            s.name: [name for name in s.targets if name not in targets]
            for s in (first, other)
        },
        notes=tuple(notes(first, other, targets, draws)),
    )


def _slabs(targets: list[str], values: xr.DataArray) -> Iterator[list[str]]:
    """Split targets, as all draws of all of them may not fit into the memory."""
    size = max(1, SLAB * values.sizes[TARGET] // max(values.size, 1))
    for start in range(0, len(targets), size):
        yield targets[start : start + size]
