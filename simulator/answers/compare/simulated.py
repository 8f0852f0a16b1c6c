"""A scenario as one side of a comparison: simulated once, for what is compared alone.

No histogram is counted and no band is read, which nobody asks for; who achieves, which
a run file does not hold, is kept as it comes.
"""

import os
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.answers.compare.paired import RESULTS, PairedRun
from simulator.engine import blocks
from simulator.engine.shards import Shard
from simulator.kernel.workspace import BLOCK
from simulator.runfile.memory import Memory
from simulator.running import assemble, prepare, provenance, runs, variables
from simulator.running.replay import Replay
from simulator.scenario import posterior
from simulator.scenario.fitting import population_of
from simulator.scenario.values import PRIOR
from simulator.statistics.independence import EFFECTIVE
from simulator.types import OnProgress

KEPT: Final = {f"/sector/{name}" for name in (*RESULTS, "achieved")}


def side(
    scenario: str | Path,
    *,
    draws: int,
    seed: int,
    threads: int | None,
    by_unit: bool,
    on_progress: OnProgress,
) -> PairedRun:
    """Simulate a scenario under its own name; parameters as of `run`.

    `by_unit` is whether to keep who achieves: trusts, types and systems.
    """
    loaded = runs.load(scenario)
    runs.check(draws, seed, threads)
    population = population_of(loaded)
    job = prepare.prepare_counts(loaded.scenario, population, seed)
    memory = Memory(assemble.coordinates(job))
    for variable, values in variables.of_inputs(job):
        memory.put(variable, values)
    threads = threads or os.cpu_count() or 1
    units = list[NDArray[np.uint8]]()

    def keep(shard: Shard) -> None:
        for variable, values in variables.of_shard(shard):
            if variable.path in KEPT:
                memory.put_draws(variable, values, shard.first_draw)
        units.append(np.packbits(shard.units, axis=-1))

    step = threads * BLOCK  # a few blocks at a time, so that memory stays flat
    for first in range(0, draws, step):
        blocks.simulate(
            job,
            min(step, draws - first),
            first_draw=first,
            threads=threads,
            by_unit=by_unit,
            to_store=True,
            on_shard=keep,
            on_progress=on_progress,
        )
    memory.note("/", {"draws": np.int64(draws), "seed": np.int64(seed)})
    if loaded.scenario.beliefs != PRIOR:
        memory.note("/", {EFFECTIVE: posterior.effective(loaded.scenario)})
    memory.note("/provenance", provenance.made_from(loaded, population, seed))
    return PairedRun(
        name=str(scenario),
        tree=memory.tree(range(draws), range(0)),
        replay=Replay(loaded.scenario, population, seed),
        draws=draws,
        units=np.concatenate(units, axis=-1) if by_unit else None,
    )
