"""Who achieves in each draw, which no file holds: simulated again and counted.

Runs go through their draws in step, a few blocks at a time, so that memory stays flat.
Who achieves stands in bits, eight draws to a byte.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.answers.compare import estimate as compare
from simulator.answers.compare.estimate import Effective
from simulator.answers.compare.paired import PairedRun
from simulator.engine import blocks
from simulator.engine import units as axis
from simulator.engine.job import Job
from simulator.engine.shards import Shard
from simulator.errors import RunFileError
from simulator.kernel.workspace import BLOCK
from simulator.runfile.tree import of_draws
from simulator.running import prepare
from simulator.schema import DRAW, OUTCOME, OUTCOMES, TARGET, TRUST_TYPES
from simulator.statistics.independence import effective_of
from simulator.types import OnProgress

UNIT: Final = "unit"

Counts = NDArray[np.int64]
Bits = NDArray[np.uint8]


def units(
    first: PairedRun,
    others: Sequence[PairedRun],
    pairs: Sequence[list[str]],
    draws: Sequence[int],
    threads: int,
    on_progress: OnProgress,
) -> list[xr.Dataset]:
    """Count, draw by draw, which trusts, types and systems achieve in one run alone.

    Parameters
    ----------
    first, others
        The run that all others are compared with, and those.
    pairs
        Targets that each of the others shares with the first.
    draws
        Number of draws that each of the others shares with the first.
    threads
        Number of threads.
    on_progress
        Called with the number of draws of the first that were simulated.
    """
    asked = [name for name in first.targets if any(name in pair for pair in pairs)]
    jobs = [_job(first, asked), *map(_job, others, pairs)]
    n_unit = axis.of(jobs[0].trusts).n
    counts = [np.zeros((3, len(p), len(OUTCOMES), n_unit), np.int64) for p in pairs]
    step = threads * BLOCK  # a few blocks at a time, so that memory stays flat
    for start in range(0, max(draws), step):
        stop = min(start + step, max(draws))
        one = _achieving(first, jobs[0], start, stop, threads)
        for k, other in enumerate(others):
            end = min(stop, draws[k])
            if end > start:
                two = _achieving(other, jobs[k + 1], start, end, threads)
                rows = [asked.index(name) for name in pairs[k]]
                shared = np.packbits(np.ones(end - start, np.bool_))
                _add(counts[k], one[rows, ..., : len(shared)] & shared, two & shared)
        on_progress(stop - start)
    beliefs = [(effective_of(first.tree), effective_of(one.tree)) for one in others]
    return [
        _chances(jobs[0], *given)
        for given in zip(pairs, counts, draws, beliefs, strict=True)
    ]


def _job(of: PairedRun, targets: list[str]) -> Job:
    """Prepare some targets of a run, at the rates that the run had."""
    scenario = of.replay.scenario
    chosen = tuple(of.target(name) for name in targets)
    assert of.replay.seed is not None
    rates = of.root["rate"].sel({TARGET: targets}).values.astype(np.float64)
    return prepare.prepare_counts(
        scenario.model_copy(update={"targets": chosen}),
        of.replay.population,
        of.replay.seed,
        rates,
    )


def _achieving(of: PairedRun, job: Job, start: int, stop: int, threads: int) -> Bits:
    """Say who achieves in some draws, the first a multiple of eight; as of `PairedRun`.

    The last byte may hold draws that were not asked for.
    """
    if of.units is not None:
        rows = [of.targets.index(target.name) for target in job.scenario.targets]
        return of.units[rows, ..., start // 8 : -(-stop // 8)]
    return _simulated(of, job, start, stop, threads)


def _simulated(of: PairedRun, job: Job, start: int, stop: int, threads: int) -> Bits:
    parts: list[Shard] = []
    blocks.simulate(
        job,
        stop - start,
        first_draw=start,
        threads=threads,
        by_unit=True,
        on_shard=parts.append,
    )
    targets = [target.name for target in job.scenario.targets]
    stored = of_draws(of.tree, "sector")["achieved"].sel({TARGET: targets})
    stored = stored.isel({DRAW: slice(start, stop)}).transpose(TARGET, OUTCOME, DRAW)
    simulated = np.concatenate([part.achieved for part in parts], axis=-1)
    if not np.array_equal(stored.values.astype(bool), simulated.astype(bool)):
        raise RunFileError(
            of.name,
            "its scenario, simulated again, does not give its numbers",
            "compare with --quick, or run the scenario again with this version",
        )
    return np.packbits(np.concatenate([part.units for part in parts], axis=-1), axis=-1)


def _add(counts: Counts, one: Bits, two: Bits) -> None:
    """Add draws to the counts of the first, the second, and the first alone."""
    for row, bits in enumerate((one, two, one & ~two)):
        counts[row] += np.bitwise_count(bits).sum(axis=-1, dtype=np.int64)


def _chances(
    job: Job, targets: list[str], counts: Counts, draws: int, beliefs: Effective
) -> xr.Dataset:
    population, where = job.population, axis.of(job.trusts)
    types = [*population.trust_type, *TRUST_TYPES, *[""] * len(population.system_names)]
    parts = []
    for kind, names, rows in (
        ("trust", population.code, where.trusts),
        ("type", TRUST_TYPES, where.kinds),
        ("system", population.system_names, where.systems),
    ):
        coordinates = {
            TARGET: targets,
            OUTCOME: list(OUTCOMES),
            UNIT: list(names),
            "kind": (UNIT, [kind] * len(names)),
            "type_of_unit": (UNIT, types[rows]),
        }
        each = (
            xr.DataArray(part[..., rows], coordinates, (TARGET, OUTCOME, UNIT))
            for part in counts
        )
        one, two, alone = each
        compared = compare.chances_of_counts(
            one, two, alone, draws, len(names), beliefs
        )
        parts.append(compared.drop_attrs())
    whole = xr.concat(parts, UNIT)
    # A type without trusts achieves nothing and fails nothing.
    there = (whole["kind"] != "type") | whole[UNIT].isin(population.trust_type)
    return whole.isel({UNIT: np.flatnonzero(there.values)})
