"""What a run file cannot hold is refused, and said where it is."""

from typing import Final

import numpy as np

from simulator import drivers
from simulator.drivers import Drawn
from simulator.engine.few import everything
from simulator.engine.job import Job
from simulator.errors import ScenarioError
from simulator.kernel.workspace import GROUP_RESULTS, KEPT
from simulator.types import Floats

LARGEST: Final = float(np.finfo(np.float32).max)  # that a run file can hold


def check(job: Job, first_draw: int, drawn: Drawn, sector: Floats) -> None:
    """Refuse results of the sector that are no finite numbers.

    Parameters
    ----------
    job
        What was simulated.
    first_draw
        Number of the first draw.
    drawn
        What these draws bring to everybody.
    sector
        Their results: (group result, target, year, draw).

    Raises
    ------
    ScenarioError
        Naming the first such draw, computed again to say of which trust it is.
    """
    # Of NaN, either comparison is false; a maximum of it is NaN.
    if not (sector.min() >= -LARGEST and sector.max() <= LARGEST):
        raise _not_finite(job, first_draw, drawn, sector)


def _not_finite(
    job: Job, first_draw: int, drawn: Drawn, sector: Floats
) -> ScenarioError:
    wrong = ~(np.abs(sector) <= LARGEST)
    draw = int(np.flatnonzero(wrong.any(axis=(0, 1, 2)))[0])
    number = first_draw + draw
    nation = drivers.nation(drivers.part_of(drawn, draw, draw + 1))
    seen = everything(job.trusts, job.plan, nation, job.seed, 1, number)
    # The first year counts, then the first trust: what follows may be its consequence.
    by_trust = ~(np.abs(seen.trust[..., 0]) <= LARGEST).transpose(2, 3, 1, 0)
    in_sector = wrong[..., draw].transpose(2, 1, 0)
    if by_trust.any():
        year, trust, target, result = np.argwhere(by_trust)[0]
        who, name = f"trust {job.population.code[trust]}", KEPT[result]
    else:
        year, target, result = np.argwhere(in_sector)[0]
        who, name = "the sector", GROUP_RESULTS[result]
    asked, first = job.scenario.targets[target].name, job.scenario.first_year
    return ScenarioError(
        f"draw {number}, {who}, {first + year}, target '{asked}'",
        f"'{name}' is not a finite number, so that this run cannot be counted",
        "look for the value that is far from what it can mean: simulator show",
    )
