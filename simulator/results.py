"""From counts over draws to the variables of the run file."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.histograms import count_quantiles, histogram_quantiles
from simulator.analysis.intervals import wilson
from simulator.engine import Job, Shard
from simulator.kernel import lanes
from simulator.kernel.tables import Tally
from simulator.schema import CONFIDENCE, QUANTILES, VARIABLES, Variable, assumption

Written = Iterator[tuple[Variable, NDArray[np.generic]]]


def of_inputs(job: Job) -> Written:
    """Give what is known before a draw is made."""
    population, targets = job.population, job.scenario.targets
    yield VARIABLES["/rate"], job.plan.rate
    yield VARIABLES["/basis"], np.array([target.basis for target in targets])
    yield VARIABLES["/trust_name"], np.array(population.trust_name)
    yield VARIABLES["/type_of_trust"], np.array(population.trust_type)
    yield VARIABLES["/trust_system"], np.array(population.system)
    yield VARIABLES["/opening_income"], population.income
    yield VARIABLES["/opening_cost"], population.cost


def of_shard(shard: Shard) -> Written:
    """Give what is kept of every draw of a shard, draws on their own axis."""
    for row, name in enumerate(lanes.GROUP_RESULTS):
        values = shard.sector[row].transpose(0, 2, 1)
        if name == "trusts_in_deficit":
            values = np.rint(values)
        yield VARIABLES[f"/sector/{name}"], values
    yield VARIABLES["/sector/achieved"], shard.achieved
    drawn = shard.drawn
    for name in ("pay", "nonpay", "deflator", "delivery", "high_inflation"):
        yield VARIABLES[f"/drivers/{name}"], getattr(drawn, name).T
    yield VARIABLES["/drivers/demand"], drawn.demand.transpose(2, 0, 1)
    yield VARIABLES["/drivers/lever"], drawn.lever
    for path, values in drawn.assumptions.items():
        yield assumption(path, f"assumption {path}"), values
    if shard.trajectories.shape[-1]:
        for row, name in enumerate(lanes.KEPT):
            values = shard.trajectories[row].transpose(0, 3, 2, 1)
            yield VARIABLES[f"/trajectories/{name}"], values


def of_tally(job: Job, tally: Tally, draws: int) -> Written:
    """Give probabilities with their intervals, and bands."""
    yield VARIABLES["/achieved"], tally.trust
    for prefix, counts in {
        "": tally.trust,
        "type_": tally.kind,
        "system_": tally.system,
        "sector_": tally.sector,
    }.items():
        low, high = wilson(counts, draws, CONFIDENCE)
        yield VARIABLES[f"/{prefix}probability"], counts / draws
        yield VARIABLES[f"/{prefix}probability_low"], low
        yield VARIABLES[f"/{prefix}probability_high"], high
    n_trust = tally.trust.shape[2]
    shares = count_quantiles(tally.share, QUANTILES) / n_trust
    yield VARIABLES["/share_achieving"], shares
    mean = tally.trust.sum(axis=2) / (draws * n_trust)
    yield VARIABLES["/mean_share_achieving"], mean

    bands = _bands(tally.trust_spread, job.ranges.trust)
    for row, name in enumerate(lanes.SPREAD):
        yield VARIABLES[f"/bands/trust_{name}"], bands[:, :, row]
    for prefix, spread, ranges in (
        ("type_", tally.kind_spread, job.ranges.kind),
        ("system_", tally.system_spread, job.ranges.system),
    ):
        bands = _bands(spread, ranges)
        bands[:, :, lanes.TRUSTS_IN_DEFICIT] = _numbers_of_trusts(spread, ranges)
        for row, name in enumerate(lanes.GROUP_RESULTS):
            yield VARIABLES[f"/bands/{prefix}{name}"], bands[:, :, row]


def _bands(
    counts: NDArray[np.uint32], ranges: NDArray[np.float64]
) -> NDArray[np.float64]:
    return histogram_quantiles(counts, ranges[..., 0], ranges[..., 1], QUANTILES)


def _numbers_of_trusts(
    counts: NDArray[np.uint32], ranges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Read numbers of trusts: one a bin, or several where there are very many."""
    row = lanes.TRUSTS_IN_DEFICIT
    scale = ranges[:, :, row, :, 1]
    bins = count_quantiles(counts[:, :, row].astype(np.int64), QUANTILES)
    return np.rint(bins / scale[..., None])
