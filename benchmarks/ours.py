"""The simulator itself: drivers, kernel and reductions, without its run file."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.case import Case
from benchmarks.outcome import Outcome
from simulator.engine import blocks
from simulator.engine.shards import Shard
from simulator.kernel.tables import Tally
from simulator.kernel.workspace import GROUP_RESULTS, SPREAD
from simulator.running import variables
from simulator.schema import OUTCOMES


class Counted(NamedTuple):
    """What a run leaves: counts over draws, and the sector draw by draw."""

    tally: Tally
    yearly: NDArray[np.float64]  # (group result, target, year, draw)
    achieved: NDArray[np.int8]  # (target, outcome, draw)


def count(case: Case, draws: int, threads: int) -> Counted:
    """Simulate every draw."""
    n_target, n_year = case.plan.rate.shape
    yearly = np.empty((len(GROUP_RESULTS), n_target, n_year, draws))
    achieved = np.empty((n_target, len(OUTCOMES), draws), np.int8)

    def take(shard: Shard) -> None:
        taken = slice(shard.first_draw, shard.first_draw + shard.n_draw)
        yearly[..., taken] = shard.sector
        achieved[..., taken] = shard.achieved

    tally = blocks.simulate(case.job, draws, threads=threads, on_shard=take)
    return Counted(tally, yearly, achieved)


def outcome(case: Case, counted: Counted) -> Outcome:
    """Reduce the counts to probabilities and bands, as the run file has them."""
    draws = counted.achieved.shape[-1]
    found = {
        variable.path: values
        for variable, values in variables.of_tally(case.job, counted.tally, draws)
    }

    def bands(prefix: str, names: tuple[str, ...]) -> NDArray[np.float64]:
        return np.stack([found[f"/bands/{prefix}_{name}"] for name in names], axis=2)

    return Outcome(
        sector=found["/sector_probability"],
        trust=found["/probability"],
        kind=found["/type_probability"],
        system=found["/system_probability"],
        achieving=found["/share_achieving"],
        trust_bands=bands("trust", SPREAD),
        kind_bands=bands("type", GROUP_RESULTS),
        system_bands=bands("system", GROUP_RESULTS),
        yearly=counted.yearly,
    )


def run(case: Case, draws: int, threads: int) -> Outcome:
    """Simulate and reduce."""
    return outcome(case, count(case, draws, threads))
