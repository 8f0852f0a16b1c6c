"""The value of knowing a belief by simulation: no regression, and so a check on one.

A belief is held at a value in many futures that differ in all else, for many values.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.answers.believed import most_met, on_same_terms
from simulator.answers.worth.estimate import (
    SAVED,
    UNIT,
    Outcomes,
    losses,
)
from simulator.engine import blocks
from simulator.engine.job import Job
from simulator.engine.shards import Shard
from simulator.errors import ScenarioError
from simulator.kernel import philox
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.running import prepare, rebuild
from simulator.sampling import addresses
from simulator.sampling.addresses import Address
from simulator.sampling.grouped import other_seed
from simulator.sampling.stream import Stream
from simulator.scenario.dependence import Correlated, correlated
from simulator.scenario.distributions import Uncertain
from simulator.scenario.posterior import Recorded
from simulator.scenario.uncertain import prior, uncertain
from simulator.schema import CONFIDENCE, OUTCOMES
from simulator.statistics.means import mean
from simulator.types import Floats

OUTER: Final = 128  # values of a belief
INNER: Final = 256  # futures of each


class Held(Stream):
    """A stream in which consecutive draws share the numbers of one address.

    `together` are the beliefs that go with others, of which the one that is held comes
    first: those that go with it are then drawn as they are where it is so.
    """

    def __init__(
        self,
        seed: int,
        first_draw: int,
        n_draw: int,
        held: Address,
        together: Mapping[str, Correlated],
    ) -> None:
        super().__init__(seed, first_draw, n_draw)
        self.held = held
        self.together = together

    def value(self, path: str, assumption: Uncertain | Recorded | Correlated) -> Floats:
        """Draw one assumption: (draw,)."""
        return super().value(path, self.together.get(path, assumption))

    def words(self, who: int, where: int) -> NDArray[np.uint64]:
        """Give the four words of an address: (4, draw)."""
        if (who, where) != self.held:
            return super().words(who, where)
        value = np.arange(self.first_draw, self.first_draw + self.n_draw) // INNER
        first, last = int(value[0]), int(value[-1])
        words = np.empty((4, last - first + 1), np.uint64)
        philox.fill_words(self.seed, first, who, where, words)
        return words[:, value - first]


def nested(
    run: xr.DataTree,
    found: xr.Dataset,
    units: Sequence[str],
    rates: Floats,
    threads: int | None = None,
    on_progress: Callable[[int], None] = lambda n_draw: None,
) -> xr.Dataset:
    """Simulate what it would be worth to know single beliefs.

    Parameters
    ----------
    run
        That was asked about: its scenario and trusts are simulated anew, under another
        seed.
    found
        As `estimate.values` gives it.
    units
        Names of beliefs.
    rates
        That may be asked: (rate,).
    threads
        Number of threads; moves no number.
    on_progress
        Called with numbers of draws, of `len(units) * OUTER * INNER`.

    Returns
    -------
    checked
        By unit: `calls` and `money` as of `estimate.values`. Choices are made by half
        of the futures of a value and judged by the other half, so that these too are a
        little below what exact knowledge is worth.
    """
    attrs = found.attrs
    job, root = _job(run, str(attrs["target"]))
    rows: dict[str, list[float]] = {}
    for unit in units:
        seen = _simulated(job, root, unit, attrs, rates, threads, on_progress)
        for name, cost in zip(SAVED, (seen.calls, seen.money), strict=True):
            estimate = mean(_saved(cost), CONFIDENCE)
            for end, value in zip(
                ("", "_low", "_high"),
                (estimate.value, estimate.low, estimate.high),
                strict=True,
            ):
                rows.setdefault(name + end, []).append(float(value))
    return xr.Dataset(
        {name: (UNIT, values) for name, values in rows.items()},
        coords={UNIT: list(units)},
        attrs={"outer": OUTER, "inner": INNER, "confidence": CONFIDENCE},
    )


def _saved(cost: Floats) -> Floats:
    """Find what knowing each value saves: (value,), of costs (draw, choice)."""
    by_value = cost.reshape(OUTER, 2, INNER // 2, -1).mean(axis=2)
    outer = np.arange(OUTER)
    now = by_value.mean(axis=(0, 1)).argmin()
    saved = np.zeros(OUTER)
    for half in (0, 1):
        judged = by_value[:, 1 - half]
        chosen = by_value[:, half].argmin(axis=1)
        saved += (judged[:, now] - judged[outer, chosen]) / 2.0
    return saved


def _job(run: xr.DataTree, target: str) -> tuple[Job, xr.Dataset]:
    """Prepare the targets that tell what could be met, and the root that names them."""
    root = run.to_dataset()
    wanted = root.sel(target=on_same_terms(root, target))
    inputs = rebuild.inputs_of(run)
    scenario = inputs.loaded.scenario
    own = {one.name: one for one in scenario.targets}
    # A rate that was solved for is given here as the run found it.
    targets = tuple(own[str(name)] for name in wanted["target"].values)
    job = prepare.prepare_counts(
        scenario.model_copy(update={"targets": targets}),
        inputs.population,
        other_seed(int(run.attrs["seed"])),
        wanted["rate"].values,
    )
    return job, wanted


def _address(job: Job, unit: str) -> Address:
    if unit.endswith(".happens"):
        return addresses.of_programme(unit.split(".")[1])
    if isinstance(uncertain(job.scenario)[unit], Recorded):
        raise ScenarioError(
            unit,
            "is drawn together with others, given the record, and cannot be held alone",
            "leave --check out",
        )
    return addresses.of_assumption(unit)


def _simulated(
    job: Job,
    root: xr.Dataset,
    unit: str,
    attrs: dict[str, object],
    rates: Floats,
    threads: int | None,
    on_progress: Callable[[int], None],
) -> Outcomes:
    held, own = _address(job, unit), job.scenario.belief_correlations
    together = correlated(own, prior(job.scenario), first=unit)

    def stream(_: int, first_draw: int, n_draw: int) -> Stream:
        return Held(job.seed, first_draw, n_draw, held, together)

    target, outcome = str(attrs["target"]), str(attrs["outcome"])
    names = [str(name) for name in root["target"].values]
    row = names.index(target), OUTCOMES.index(outcome)
    achieved, could = list[NDArray[np.int8]](), list[Floats]()

    def add(shard: Shard) -> None:
        achieved.append(shard.achieved[row])
        results = dict(zip(GROUP_RESULTS, shard.sector, strict=True))
        sector = xr.Dataset(
            {k: (("target", "year", "draw"), v) for k, v in results.items()},
            coords={"target": names, "year": root["year"]},
        )
        could.append(most_met(root, sector, target, outcome))

    blocks.simulate(
        job,
        OUTER * INNER,
        threads=threads,
        stream=stream,
        on_shard=add,
        on_progress=on_progress,
    )
    met, seen = np.concatenate(achieved).astype(np.float64), np.concatenate(could)
    calls = np.stack([1.0 - met, met], axis=1)
    cost = losses(seen, rates, float(str(attrs["regret"])), float(str(attrs["point"])))
    return Outcomes(seen, calls, cost)
