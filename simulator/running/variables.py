"""From counts over draws to the variables of the run file."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.engine.job import Job
from simulator.engine.shards import Kept, Shard
from simulator.kernel import workspace
from simulator.kernel.tables import Successes, Tally
from simulator.scenario import posterior
from simulator.schema import (
    CONFIDENCE,
    QUANTILES,
    TRUST_TYPES,
    VARIABLES,
    Variable,
    assumption,
)
from simulator.statistics.histograms import count_quantiles, histogram_quantiles
from simulator.statistics.independence import worth
from simulator.statistics.intervals import wilson_of_worth
from simulator.statistics.means import mean, mean_share
from simulator.statistics.quantiles import count_quantile_interval
from simulator.statistics.replicates import chance

Written = Iterator[tuple[Variable, NDArray[np.generic]]]


def of_inputs(job: Job) -> Written:
    """Give what is known before a draw is made."""
    population, targets = job.population, job.scenario.targets
    yield VARIABLES["/rate"], job.plan.rate
    yield VARIABLES["/deficit_addon"], job.plan.deficit_addon
    yield VARIABLES["/basis"], np.array([target.basis for target in targets])
    follows = np.array([target.plan_follows for target in targets])
    yield VARIABLES["/plan_follows"], follows
    yield VARIABLES["/trust_name"], np.array(population.trust_name)
    yield VARIABLES["/type_of_trust"], np.array(population.trust_type)
    yield VARIABLES["/trust_system"], np.array(population.system)
    yield VARIABLES["/opening_income"], population.income
    yield VARIABLES["/opening_cost"], population.cost


def of_shard(shard: Shard) -> Written:
    """Give what is kept of every draw of a shard that was computed `to_store`."""
    assert shard.stored.shape[2] == shard.n_draw
    for row, name in enumerate(workspace.GROUP_RESULTS):
        values = shard.stored[row]
        if row in workspace.COUNTED:
            values = np.rint(values)
        yield VARIABLES[f"/sector/{name}"], values
    yield VARIABLES["/sector/achieved"], shard.achieved
    drawn = shard.drawn
    for name in ("pay", "nonpay", "delivery", "high_inflation"):
        yield VARIABLES[f"/drivers/{name}"], getattr(drawn, name).T
    yield VARIABLES["/drivers/demand"], drawn.demand.transpose(2, 0, 1)
    yield VARIABLES["/drivers/pressure"], drawn.pressure.transpose(2, 0, 1)
    yield VARIABLES["/drivers/lever"], drawn.lever
    for path, values in drawn.assumptions.items():
        yield assumption(path), values


def of_kept(kept: Kept) -> Written:
    """Give the trajectories of some draws, in the order of their dims."""
    for row, name in enumerate(workspace.KEPT):
        yield VARIABLES[f"/trajectories/{name}"], kept.values[row]


def of_counts(job: Job, tally: Tally) -> Written:
    """Give what adds up over draws, and where the bins lie."""
    counts: dict[str, NDArray[np.generic]] = {
        "/achieved": tally.trust,
        "/counts/type_achieved": tally.kind,
        "/counts/system_achieved": tally.system,
        "/counts/sector_achieved": tally.sector,
        "/counts/trusts_achieving": tally.share,
        "/counts/guarded": tally.guarded,
        "/counts/trust_histogram": tally.trust_spread,
        "/counts/type_histogram": tally.kind_spread,
        "/counts/system_histogram": tally.system_spread,
        "/counts/trust_range": job.ranges.trust,
        "/counts/type_range": job.ranges.kind,
        "/counts/system_range": job.ranges.system,
    }
    for name, values in counts.items():
        yield VARIABLES[name], values


def of_tally(
    job: Job,
    tally: Tally,
    draws: int,
    replicates: Sequence[Tally] = (),
    threads: int = 1,
) -> Written:
    """Give probabilities with their intervals, and bands.

    `replicates` are the tallies of each, where draws are not independent: then the
    spread between them, not the number of draws, gives the intervals.
    """
    yield from of_successes(job, tally, draws, replicates)
    # A type without trusts achieves nothing and fails nothing.
    kinds = np.isin(TRUST_TYPES, job.population.trust_type)
    bands = _bands(tally.trust_spread, job.ranges.trust, threads)
    for row, name in enumerate(workspace.SPREAD):
        yield VARIABLES[f"/bands/trust_{name}"], bands[:, :, row]
    for prefix, spread, ranges, present in (
        ("type_", tally.kind_spread, job.ranges.kind, kinds),
        ("system_", tally.system_spread, job.ranges.system, True),
    ):
        bands = _bands(spread, ranges, threads)
        for row in workspace.COUNTED:
            bands[:, :, row] = _numbers_of_trusts(spread, ranges, row)
        for row, name in enumerate(workspace.GROUP_RESULTS):
            known = np.reshape(present, (-1, 1, 1))
            values = np.where(known, bands[:, :, row], np.nan)
            yield VARIABLES[f"/bands/{prefix}{name}"], values


def of_successes(
    job: Job,
    tally: Tally | Successes,
    draws: int,
    replicates: Sequence[Tally] = (),
) -> Written:
    """Give probabilities with their intervals; as of `of_tally`."""
    n = worth(draws, posterior.effective(job.scenario))
    kinds = np.isin(TRUST_TYPES, job.population.trust_type)
    for prefix, name, known in (
        ("", "trust", True),
        ("type_", "kind", kinds),
        ("system_", "system", True),
        ("sector_", "sector", True),
    ):
        counts = getattr(tally, name)
        if replicates:
            each = np.stack([getattr(one, name) for one in replicates], axis=-1)
            found = chance(each, draws // len(replicates), CONFIDENCE)
            low, high = found.low, found.high
        else:
            low, high = wilson_of_worth(counts, draws, n, CONFIDENCE)
        for end, values in (("", counts / draws), ("_low", low), ("_high", high)):
            variable = VARIABLES[f"/{prefix}probability{end}"]
            yield variable, np.where(known, values, np.nan)
    yield from _shares(tally, replicates, n)


def _shares(tally: Tally | Successes, replicates: Sequence[Tally], n: float) -> Written:
    """Give the share of trusts that achieve: its spread over draws, and its mean."""
    n_trust = tally.trust.shape[2]
    spread = count_quantiles(tally.share, QUANTILES)
    if replicates:
        each = [count_quantiles(one.share, QUANTILES) for one in replicates]
        off = mean(np.stack(each, axis=-1), CONFIDENCE)
        low, high = np.maximum(off.low, 0.0), np.minimum(off.high, n_trust)
        means = [mean_share(one.share, CONFIDENCE).value for one in replicates]
        average = mean(np.stack(means, axis=-1), CONFIDENCE)
    else:
        low, high = count_quantile_interval(tally.share, QUANTILES, CONFIDENCE, n)
        average = mean_share(tally.share, CONFIDENCE, n)
    for end, values in (("", spread), ("_low", low), ("_high", high)):
        yield VARIABLES[f"/share_achieving{end}"], values / n_trust
    for end, values in (
        ("", average.value),
        ("_low", average.low),
        ("_high", average.high),
    ):
        yield VARIABLES[f"/mean_share_achieving{end}"], values


def _bands(
    counts: NDArray[np.uint32], ranges: NDArray[np.float64], threads: int
) -> NDArray[np.float64]:
    return histogram_quantiles(counts, ranges, QUANTILES, threads)


def _numbers_of_trusts(
    counts: NDArray[np.uint32], ranges: NDArray[np.float64], row: int
) -> NDArray[np.float64]:
    """Read numbers of trusts: one a bin, or several where there are very many."""
    scale = ranges[:, :, row, :, 1]
    bins = count_quantiles(counts[:, :, row], QUANTILES)
    return np.rint(bins / scale[..., None])
