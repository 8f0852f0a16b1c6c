"""`python -m benchmarks.rqmc`: how much evenly spread draws gain over independent ones.

The variance of an estimate from independent draws, over that from as many draws of one
replicate, each from many runs of the shipped scenario. Standard errors of the ratios in
brackets, from the number of replicates. Two to three minutes.
"""

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import case, machine
from simulator.engine import blocks
from simulator.engine.job import Job
from simulator.engine.shards import Shard
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.outcomes import BALANCE, CASH_RELEASING
from simulator.population.load import load_population
from simulator.running import prepare
from simulator.sampling import sobol
from simulator.scenario.load import load_scenario

Floats = NDArray[np.float64]

TARGET = "1.1%"
OUTPUTS = (
    "sector achieves",
    "sector in balance",
    "share of trusts",
    "one trust",
    "mean shortfall",
    "mean balance, last year",
    "mean cash-releasing productivity",
)


def job() -> Job:
    """Prepare the shipped scenario with one target and all of its trusts."""
    loaded = load_scenario(case.SCENARIO)
    chosen = tuple(t for t in loaded.scenario.targets if t.name == TARGET)
    scenario = loaded.scenario.model_copy(update={"targets": chosen})
    population = load_population(scenario.population, loaded.folder)
    return prepare.prepare_counts(scenario, population, case.SEED)


def by_draw(work: Job, draws: int, **how: Any) -> Floats:
    """Simulate: every output of every draw, (output, draw)."""
    found: list[Floats] = []
    blocks.simulate(
        work,
        draws,
        by_unit=True,
        on_shard=lambda shard: found.append(of_shard(work, shard)),
        **how,
    )
    return np.concatenate(found, axis=-1)


def of_shard(work: Job, shard: Shard) -> Floats:
    sector = dict(zip(GROUP_RESULTS, shard.sector[:, 0], strict=True))
    trusts = shard.units[0, CASH_RELEASING, : len(work.trusts.income)]
    return np.stack(
        [
            shard.achieved[0, CASH_RELEASING],
            shard.achieved[0, BALANCE],
            trusts.mean(axis=0),
            trusts[0],
            sector["shortfall"].sum(axis=0),
            sector["balance"][-1],
            sector["cash_releasing"].sum(axis=0),
        ]
    )


def ratios(work: Job, size: int, replicates: int, plain: Floats) -> Floats:
    """Divide the variance of a mean of `size` draws, plain by evenly spread."""
    stream = sobol.sampler(work.scenario, size)
    means = [
        by_draw(work, size, first_draw=r * size, stream=stream).mean(axis=-1)
        for r in range(replicates)
    ]
    independent = plain.var(axis=-1, ddof=1) / size
    ratio: Floats = independent / np.var(means, axis=0, ddof=1)
    return ratio


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rqmc", description=__doc__
    )
    parser.add_argument("--replicates", type=int, default=64)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 1024, 4096])
    asked = parser.parse_args()
    began = time.perf_counter()
    for name, value in machine.described():
        print(f"{name}: {value}")
    work = job()
    plain = by_draw(work, 16_384)
    found = {n: ratios(work, n, asked.replicates, plain) for n in asked.sizes}
    error = np.sqrt(2.0 / (asked.replicates - 1))
    print(f"\n{case.SCENARIO}, target {TARGET}, {asked.replicates} replicates")
    print(f"variance of plain draws / evenly spread draws, +-{error:.0%}\n")
    print(f"| {'output':25} |" + "".join(f" n = {n:6,} |" for n in found))
    print(f"|{'-' * 27}|" + "-----------:|" * len(found))
    for row, name in enumerate(OUTPUTS):
        cells = "".join(f" {ratio[row]:10.1f} |" for ratio in found.values())
        print(f"| {name:25} |{cells}")
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
