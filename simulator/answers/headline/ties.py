"""What the draws cannot tell apart: no ranking where chance could have made it."""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.answers.headline.estimate import own_outcome
from simulator.runfile.tree import of_draws
from simulator.schema import CONFIDENCE
from simulator.statistics.independence import (
    by_replicate,
    effective_of,
    replicates_of,
    worth,
)
from simulator.statistics.intervals import paired_difference
from simulator.statistics.means import mean


def tied(run: xr.DataTree) -> list[tuple[str, ...]]:
    """Group neighbouring targets whose chances may be equal.

    Targets are compared on the draws they share, in the order of their chance, each
    with the next; a group holds neighbours whose difference has zero in its 95%
    interval. Each target is judged on its own basis.
    """
    achieved = of_draws(run, "sector")["achieved"]
    # A row at a time: picked all at once, every outcome of every draw is read.
    by_draw = [
        achieved.isel(target=k).sel(outcome=str(outcome)).values
        for k, outcome in enumerate(own_outcome(run.to_dataset()).values)
    ]
    names = [str(name) for name in achieved["target"].values]
    replicates = replicates_of(run)
    n = worth(achieved.sizes["draw"], effective_of(run))
    order = np.argsort([-int(row.sum()) for row in by_draw], kind="stable")
    groups: list[list[int]] = []
    for place in order.tolist():
        if groups and not _differ(
            by_draw[groups[-1][-1]], by_draw[place], replicates, n
        ):
            groups[-1].append(place)
        else:
            groups.append([place])
    return [tuple(names[k] for k in group) for group in groups if len(group) > 1]


def _differ(
    one: NDArray[np.bool_], other: NDArray[np.bool_], replicates: int, n: float
) -> bool:
    only_first, only_second = (one & ~other).sum(), (other & ~one).sum()
    part = n / len(one)
    found = paired_difference(part * only_first, part * only_second, n, CONFIDENCE)
    if replicates > 1 and only_first + only_second > 0:
        differences = one.astype(np.float64) - other
        found = mean(by_replicate(differences, replicates).mean(axis=-1), CONFIDENCE)
    return bool(found.low > 0.0 or found.high < 0.0)


def undecided(
    answer: xr.Dataset, levels: Sequence[float]
) -> Iterator[tuple[str, float]]:
    """List each target whose chance may be above or below a level of interest."""
    for name in answer["target"].values:
        row = answer.sel(target=name)
        low, high = (
            float(row[f"sector_probability{end}"]) for end in ("_low", "_high")
        )
        for level in levels:
            if low < level < high:
                yield str(name), level
