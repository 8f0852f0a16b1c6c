"""The futures of one setting, counted: who achieves what, draw by draw.

The draws are those of `run` under the same seed, so a chance is the same to the last
digit; what only a run file needs is not made.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.answers.groups.estimate import Chosen
from simulator.engine import blocks
from simulator.engine.job import Job
from simulator.engine.shards import Shard
from simulator.kernel.workspace import BLOCK, GROUP_RESULTS
from simulator.outcomes import HEADLINE_OUTCOME, OUTCOMES
from simulator.population.model import Population
from simulator.running import prepare
from simulator.scenario import posterior
from simulator.scenario.model import Scenario, years
from simulator.schema import TRUST_TYPES
from simulator.statistics.independence import EFFECTIVE, worth

Bools = NDArray[np.bool_]
GoOn = Callable[[], None]

# Draws after which a simulation asks whether it is still wanted: two blocks, 0.1 s.
STEP: Final = 2 * BLOCK


class Futures(NamedTuple):
    """What is kept of the draws of one setting."""

    scenario: Scenario
    draws: int
    worth: float
    """Number of independent draws that they are worth."""
    rates: NDArray[np.float64]
    """(target, year)."""
    sector: Bools
    """Whether the sector achieves each target as it is meant: (target, draw)."""
    group: Bools
    """The same of the trusts that are asked about; of the sector where none are."""
    balanced: Bools
    """Whether those trusts achieve it and end in balance: (target, draw)."""
    run: xr.DataTree
    """The sector's results of one target, as a run has them: for its pictures."""


def simulate(
    scenario: Scenario,
    population: Population,
    draws: int,
    seed: int,
    *,
    about: int,
    chosen: Chosen | None = None,
    threads: int | None = None,
    turn: Lock,
    go_on: GoOn = lambda: None,
) -> Futures:
    """Simulate draws from the first, in steps that let others take their turn.

    Parameters
    ----------
    scenario, population, seed, threads
        As of `run`.
    draws
        Number of draws.
    about
        Place of the target whose results are kept for pictures.
    chosen
        A type or system whose chances are asked for; by default the sector.
    turn
        Held during a step.
    go_on
        Called before each step; it raises where nobody waits for the answer.
    """
    job = prepare.prepare_counts(scenario, population, seed)
    unit = None if chosen is None else _unit(chosen, population)
    parts: list[Shard] = []
    for first in range(0, draws, STEP):
        with turn:
            go_on()
            n_draw = min(STEP, draws - first)
            blocks.simulate(
                job,
                n_draw,
                first_draw=first,
                threads=threads,
                by_unit=unit is not None,
                to_store=True,
                on_shard=lambda shard: parts.append(_less(shard, about, unit)),
            )
    sector = np.concatenate([part.achieved for part in parts], axis=-1)
    group = sector
    if unit is not None:
        group = np.concatenate([part.units[:, :, 0] for part in parts], axis=-1)
    own = [OUTCOMES.index(HEADLINE_OUTCOME[t.basis]) for t in scenario.targets]
    each = np.arange(len(own))
    effective = posterior.effective(scenario)
    return Futures(
        scenario=scenario,
        draws=draws,
        worth=worth(draws, effective),
        rates=np.asarray(job.plan.rate),
        sector=sector[each, own].astype(bool),
        group=group[each, own].astype(bool),
        balanced=group[:, OUTCOMES.index("sustained")].astype(bool),
        run=_as_run(job, about, [part.stored for part in parts], draws, effective),
    )


def _unit(chosen: Chosen, population: Population) -> int:
    """Give the place of a type or system among all units: trusts, types, systems."""
    (name,), n_trust = chosen.names, len(population.code)
    if chosen.by == "type":
        return n_trust + TRUST_TYPES.index(name)
    return n_trust + len(TRUST_TYPES) + population.system_names.index(name)


def _less(part: Shard, about: int, unit: int | None) -> Shard:
    """Keep of some draws what is asked for."""
    units = part.units if unit is None else part.units[:, :, [unit]].copy()
    return part._replace(stored=part.stored[:, [about]].copy(), units=units)


def _as_run(
    job: Job,
    about: int,
    stored: Sequence[NDArray[np.float32]],
    draws: int,
    effective: float,
) -> xr.DataTree:
    """Give one target's results under the names, and in the shape, of a run."""
    name = job.scenario.targets[about].name
    coordinates = {"target": [name], "year": list(years(job.scenario))}
    attributes = {"draws": draws, "replicates": 1, EFFECTIVE: effective}
    rate = job.plan.rate[[about]]
    root = xr.Dataset({"rate": (("target", "year"), rate)}, coordinates, attributes)
    values = np.concatenate(stored, axis=2)
    sector = xr.Dataset(
        {
            result: (("target", "draw", "year"), values[row])
            for row, result in enumerate(GROUP_RESULTS)
        },
        coordinates,
    )
    return xr.DataTree.from_dict({"/": root, "/sector": sector})
