"""What is kept of consecutive draws, and room for it, which blocks then fill."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator import drivers
from simulator.drivers import Drawn
from simulator.engine import buffers
from simulator.engine.job import Job
from simulator.kernel.workspace import BLOCK, GROUP_RESULTS
from simulator.sampling.stream import Stream
from simulator.schema import OUTCOMES
from simulator.types import Floats

SHARD: Final = 16 * BLOCK  # draws handed on together


class Shard(NamedTuple):
    """Consecutive draws, computed: what is kept of each of them."""

    first_draw: int
    n_draw: int
    drawn: Drawn
    sector: Floats  # (group result, target, year, draw); no draws if `stored`
    # As the run file holds them; no draws where that is not asked for.
    stored: NDArray[np.float32]  # (group result, target, draw, year)
    achieved: NDArray[np.int8]  # (target, outcome, draw)
    # Trusts, then types, then systems; no units where they are not asked for.
    units: NDArray[np.int8]  # (target, outcome, unit, draw)


class Kept(NamedTuple):
    """The trajectories of consecutive draws, in the order of the run file."""

    first_draw: int
    values: NDArray[np.float32]  # (kept result, target, draw, trust, year)


def of_draws(
    job: Job,
    first: int,
    stop: int,
    n_unit: int,
    to_store: bool,
    stream: Callable[[int, int, int], Stream],
) -> Iterator[Shard]:
    """Make room for shard after shard; each ends where a chunk of the file ends."""
    n_target, n_year = job.plan.rate.shape
    n_result = len(GROUP_RESULTS)
    while first < stop:
        n_draw = min(SHARD - first % SHARD, stop - first)
        n_stored = n_draw if to_store else 0
        n_double = n_draw - n_stored
        yield Shard(
            first_draw=first,
            n_draw=n_draw,
            drawn=drivers.draw_from(job.scenario, stream(job.seed, first, n_draw)),
            sector=np.empty((n_result, n_target, n_year, n_double)),
            stored=np.empty((n_result, n_target, n_stored, n_year), np.float32),
            achieved=np.empty((n_target, len(OUTCOMES), n_draw), np.int8),
            units=buffers.for_units(n_target, n_unit, n_draw),
        )
        first += n_draw
