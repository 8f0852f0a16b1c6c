"""What beliefs foretell of the published figures: mean and spread over luck.

Every belief meets the same luck, so that two differ only by what is believed. National
luck comes in mirrored pairs, which take most of the chance out of a mean; trusts' own
luck averages out over trusts. What so few futures still get wrong is measured once on
many more, and put right.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator import drivers
from simulator.answers import measures
from simulator.answers.calibrate.observed import Observation
from simulator.answers.calibrate.remembered import Foretold, Remembered
from simulator.answers.calibrate.space import Space
from simulator.engine.few import everything
from simulator.engine.job import Job
from simulator.kernel import workspace
from simulator.kernel.philox import LOW
from simulator.kernel.workspace import BLOCK, LANES
from simulator.sampling.stream import Stream
from simulator.scenario.dependence import Correlated
from simulator.scenario.distributions import Uncertain
from simulator.scenario.model import years
from simulator.scenario.posterior import Recorded
from simulator.schema import TRUST_TYPES
from simulator.types import Floats, OnProgress

TOGETHER: Final = 32  # beliefs whose drivers are drawn together
MANY: Final = BLOCK  # futures that the few are put right by, of each of these beliefs
FIRST: Final = 64


class Luck(Stream):
    """Random numbers of futures that every belief meets.

    Draws are beliefs by futures. `mirrored` gives the second half of the futures the
    opposite of the first half's numbers.
    """

    def __init__(
        self, seed: int, futures: int, beliefs: Mapping[str, Floats], mirrored: bool
    ) -> None:
        self.n_belief = len(next(iter(beliefs.values())))
        super().__init__(seed, 0, self.n_belief * futures)
        self.futures = futures
        self.beliefs = beliefs
        self.mirrored = mirrored

    def words(self, who: int, where: int) -> NDArray[np.uint64]:
        """Give the four words of an address: (4, draw)."""
        n = self.futures // 2 if self.mirrored else self.futures
        plain = Stream(self.seed, 0, n).words(who, where)
        if self.mirrored:
            plain = np.concatenate([plain, plain ^ LOW], axis=1)
        return np.tile(plain, self.n_belief)

    def value(self, path: str, assumption: Uncertain | Recorded | Correlated) -> Floats:
        """Draw one assumption: (draw,)."""
        if path in self.beliefs:
            return np.repeat(self.beliefs[path], self.futures)
        return super().value(path, assumption)


@dataclass(frozen=True)
class Foreteller:
    """A past scenario under one target, ready to be asked.

    Attributes
    ----------
    job
        Prepared, of one target.
    space
        The beliefs.
    observations
        The figures to be foretold.
    futures
        Of each belief: an even multiple of `LANES`, at most `BLOCK`.
    correlation
        Of luck, over all beliefs: (observation, observation). It differs little
        between beliefs, and so few futures of one do not tell it.
    shift, stretch
        What is added to a mean and multiplies a spread, to put right what so few
        futures get wrong: (observation,).
    threads
        Number of threads; moves no number.
    remembered
        What was foretold before, in a calibration that goes on.
    """

    job: Job
    space: Space
    observations: Sequence[Observation]
    futures: int
    correlation: Floats
    shift: Floats
    stretch: Floats
    threads: int | None
    remembered: Remembered | None = None

    def foretell(
        self, values: Floats, on_progress: OnProgress = lambda n: None
    ) -> Foretold:
        """Follow beliefs, (belief, path), through the futures, or recall it."""
        if self.remembered is None:
            return self._simulated(values, on_progress)

        def simulate(some: Floats) -> Foretold:
            return self._simulated(some, on_progress)

        return self.remembered.foretell(values, simulate, on_progress)

    def _simulated(self, values: Floats, on_progress: OnProgress) -> Foretold:
        seen = _simulated(self, values, self.futures, True, on_progress)
        return Foretold(
            seen.mean(axis=1) + self.shift, seen.std(axis=1, ddof=1) * self.stretch
        )

    def one_future_each(self, values: Floats, seed: int) -> Floats:
        """Follow each belief through a future of its own: (belief, observation)."""
        other = replace(self, job=replace(self.job, seed=seed))
        futures = _simulated(other, values, LANES, False, lambda n: None)
        each = np.arange(len(values))
        return np.asarray(futures[each, each % LANES])


def prepared(
    job: Job,
    space: Space,
    observations: Sequence[Observation],
    values: Floats,
    *,
    futures: int = LANES,
    threads: int | None = None,
    remembered: Remembered | None = None,
    on_progress: OnProgress = lambda n: None,
) -> Foreteller:
    """Measure luck, on many futures of some beliefs, and what few futures miss of it.

    Parameters
    ----------
    job, space, observations, futures
        As of `Foreteller`.
    values
        Beliefs before the record: (belief, path).
    threads
        Number of threads; moves no number.
    remembered
        What beliefs foretold before: see `remembered`.
    on_progress
        Called with numbers of draws.
    """
    n = len(observations)
    raw = Foreteller(
        job,
        space,
        observations,
        futures,
        np.eye(n),
        np.zeros(n),
        np.ones(n),
        threads,
    )
    many = _simulated(raw, values, MANY, False, on_progress)
    few = _simulated(raw, values, futures, True, on_progress)
    away = many - many.mean(axis=1, keepdims=True)
    # Of each belief in units of its own spread, so that wide ones do not rule.
    spread = many.std(axis=1, ddof=1)
    scaled = (away / spread[:, None, :]).reshape(-1, n)
    covariance = scaled.T @ scaled / len(scaled)
    root = np.sqrt(np.diag(covariance))
    return Foreteller(
        job,
        space,
        observations,
        futures,
        covariance / np.outer(root, root),
        (many.mean(axis=1) - few.mean(axis=1)).mean(axis=0),
        np.sqrt((spread**2).mean(axis=0) / few.var(axis=1, ddof=1).mean(axis=0)),
        threads,
        remembered,
    )


def _simulated(
    raw: Foreteller,
    values: Floats,
    futures: int,
    mirrored: bool,
    on_progress: OnProgress,
) -> Floats:
    """Simulate beliefs: (belief, future, observation)."""
    found = []
    with ThreadPoolExecutor(raw.threads or os.cpu_count() or 1) as pool:
        for start in range(0, len(values), TOGETHER):
            some = values[start : start + TOGETHER]
            found.append(_together(raw, some, futures, mirrored, pool))
            on_progress(len(some) * futures)
    return np.concatenate(found)


def _together(
    raw: Foreteller,
    values: Floats,
    futures: int,
    mirrored: bool,
    pool: ThreadPoolExecutor,
) -> Floats:
    job = raw.job
    beliefs = dict(zip(raw.space.paths, values.T, strict=True))
    stream = Luck(job.seed, futures, beliefs, mirrored)
    drawn = drivers.draw_from(job.scenario, stream)
    n = len(values)
    sector = np.empty((len(workspace.GROUP_RESULTS), job.scenario.years, n, futures))
    kinds = np.empty((2, len(TRUST_TYPES), *sector.shape[1:]))
    rows = [workspace.GROUP_RESULTS.index(x) for x in ("balance", "trusts_in_deficit")]

    def compute(k: int) -> None:
        part = drivers.part_of(drawn, k * futures, (k + 1) * futures)
        seen = everything(
            job.trusts,
            job.plan,
            drivers.nation(part),
            job.seed,
            futures,
            by_trust=False,
        )
        sector[:, :, k] = seen.sector[:, 0]
        kinds[:, :, :, k] = seen.kind[rows, 0].swapaxes(1, 2)

    list(pool.map(compute, range(n)))
    dims = ("year", "belief", "future")
    coordinates = {"year": list(years(job.scenario))}
    results = xr.Dataset(
        {
            name: (dims, values)
            for name, values in zip(workspace.GROUP_RESULTS, sector, strict=True)
        },
        coordinates,
    )
    types = [
        {
            kind: xr.DataArray(values, coordinates, dims)
            for kind, values in zip(TRUST_TYPES, of_kind, strict=True)
        }
        for of_kind in kinds
    ]
    counts = np.bincount(job.trusts.kind, minlength=len(TRUST_TYPES)).tolist()
    shown = measures.of_sector(results, sum(counts)) | measures.of_types(
        types[0], types[1], dict(zip(TRUST_TYPES, counts, strict=True))
    )
    wanted = [
        shown[o.measure].sel(year=o.year).transpose("belief", "future").values
        for o in raw.observations
    ]
    return np.stack(wanted, axis=-1)
