"""Runs in replicates, and what they tell with intervals over replicates."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.engine import blocks
from simulator.engine.job import Job
from simulator.engine.shards import Shard
from simulator.kernel.tables import Tally
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.sampling import sobol
from simulator.scenario.model import years
from simulator.schema import OUTCOMES, TRUST_TYPES
from simulator.statistics.intervals import Estimate
from simulator.statistics.means import mean
from simulator.statistics.replicates import chance

Floats = NDArray[np.float64]

Variable: TypeAlias = tuple[tuple[str, ...], Floats]  # dims and values


def replicated(
    job: Job,
    replicates: int,
    size: int,
    *,
    threads: int | None = None,
    confidence: float = 0.95,
    done: Callable[[int], None] = lambda n_draw: None,
) -> xr.Dataset:
    """Simulate replicates of evenly spread draws, and estimate from their means.

    Parameters
    ----------
    job
        From `running.prepare`; `prepare_counts` will do.
    replicates
        Number of them, at least 2; see `sobol.REPLICATES`.
    size
        Draws in each, a power of two.
    threads, done
        As of `engine.simulate`.
    confidence
        Share of intervals that hold the true value.

    Returns
    -------
    estimates
        Each with `_low` and `_high`: `sector_probability` (target, outcome),
        `type_probability`, `system_probability` and `probability` by trust (target,
        outcome, unit), NaN for a type without trusts; `mean_share_achieving` of trusts
        (target, outcome); and the mean of the sector's yearly results, `mean_income`
        and so on, in the file's units (target, year).
    """
    counts: list[Tally] = []
    means: list[Floats] = []
    stream = sobol.sampler(job.scenario, size)
    for number in range(replicates):
        sums = np.zeros((len(GROUP_RESULTS), *job.plan.rate.shape))
        shards: list[Shard] = []
        tally = blocks.simulate(
            job,
            size,
            first_draw=number * size,
            threads=threads,
            stream=stream,
            on_shard=shards.append,
            on_progress=done,
        )
        counts.append(tally)
        for shard in shards:
            sums += shard.sector.sum(axis=-1)
        means.append(sums / size)
    by_result = np.stack(means, axis=-1)  # (result, target, year, replicate)
    values = _chances(job, counts, size, confidence)
    for name, replicate_means in zip(GROUP_RESULTS, by_result, strict=True):
        estimate = mean(replicate_means, confidence)
        values |= _with_ends(f"mean_{name}", ("target", "year"), estimate)
    return xr.Dataset(
        values,
        coords=_coordinates(job),
        attrs={
            "draws": replicates * size,
            "replicates": replicates,
            "confidence": confidence,
        },
    )


def _chances(
    job: Job, counts: list[Tally], size: int, confidence: float
) -> dict[str, Variable]:
    by_target = ("target", "outcome")

    def of(name: str) -> NDArray[Any]:
        return np.stack([getattr(tally, name) for tally in counts], axis=-1)

    by_type = chance(of("kind"), size, confidence)
    nobody = ~np.isin(TRUST_TYPES, job.population.trust_type)
    by_type = Estimate(*(np.where(nobody, np.nan, part) for part in by_type))
    found = {
        "sector_probability": ((), chance(of("sector"), size, confidence)),
        "probability": (("trust",), chance(of("trust"), size, confidence)),
        "type_probability": (("trust_type",), by_type),
        "system_probability": (("system",), chance(of("system"), size, confidence)),
        # In draws, as trusts of one draw are not independent.
        "mean_share_achieving": (
            (),
            chance(of("trust").mean(axis=-2), size, confidence),
        ),
    }
    values: dict[str, Variable] = {}
    for name, (unit, estimate) in found.items():
        values |= _with_ends(name, (*by_target, *unit), estimate)
    return values


def _with_ends(
    name: str, dims: tuple[str, ...], estimate: Estimate
) -> dict[str, Variable]:
    return {
        name: (dims, estimate.value),
        f"{name}_low": (dims, estimate.low),
        f"{name}_high": (dims, estimate.high),
    }


def _coordinates(job: Job) -> dict[str, Any]:
    return {
        "target": [target.name for target in job.scenario.targets],
        "outcome": list(OUTCOMES),
        "year": list(years(job.scenario)),
        "trust": list(job.population.code),
        "trust_type": list(TRUST_TYPES),
        "system": list(job.population.system_names),
        "type_of_trust": ("trust", list(job.population.trust_type)),
    }
