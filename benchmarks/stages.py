"""Where the time of the default job goes: each stage alone, on one thread."""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from benchmarks import processes
from benchmarks.sizes import Sizes

FOUND: Final = "stages.json"
# Of `compute`, drivers are a part; the kernel is the rest.
STAGES: Final = ("drivers", "compute", "reduce", "write")
START_UP: Final = ("start Python and import", "read scenario and trusts", "prepare")


def main() -> None:
    """Print the seconds of each stage; what began the process gives its clock."""
    began, draws, repeats = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    folder = Path(sys.argv[4])
    from simulator import drivers  # noqa: PLC0415
    from simulator.engine import blocks  # noqa: PLC0415
    from simulator.engine.shards import SHARD, Shard  # noqa: PLC0415
    from simulator.population.load import load_population  # noqa: PLC0415
    from simulator.runfile import store  # noqa: PLC0415
    from simulator.running import assemble, prepare, runs, variables  # noqa: PLC0415
    from simulator.scenario.load import load_scenario  # noqa: PLC0415

    imported = time.time()
    loaded = load_scenario("long-term-plan")
    population = load_population(loaded.scenario.population, loaded.folder)
    read = time.time()
    job = prepare.prepare(loaded.scenario, population, runs.SEED)
    prepared = time.time()
    starts = (began, imported, read, prepared)
    found = dict(
        zip(
            START_UP,
            (after - before for before, after in pairwise(starts)),
            strict=True,
        )
    )

    def draw() -> Any:
        for first in range(0, draws, SHARD):
            n_draw = min(SHARD, draws - first)
            drivers.nation(drivers.draw(job.scenario, job.seed, first, n_draw))

    shards: list[Shard] = []

    def compute() -> Any:
        shards.clear()
        return blocks.simulate(
            job, draws, threads=1, to_store=True, on_shard=shards.append
        )

    tally = compute()
    reduced: list[Any] = []

    def reduce() -> None:
        reduced[:] = variables.of_tally(job, tally, draws)

    def write() -> None:
        place = folder / "stages.h5"
        with store.RunWriter(
            place, assemble.coordinates(job), range(draws), range(0), {}
        ) as writer:
            for shard in shards:
                for variable, values in variables.of_shard(shard):
                    writer.put_draws(variable, values, shard.first_draw)
            for variable, values in reduced:
                writer.put(variable, values)

    stages = dict(zip(STAGES, (draw, compute, reduce, write), strict=True))
    timed: dict[str, list[float]] = {name: [] for name in stages}
    for _ in range(repeats):
        for name, stage in stages.items():
            timed[name].append(_seconds(stage))
    found |= {name: statistics.median(values) for name, values in timed.items()}
    (folder / FOUND).write_text(json.dumps(found), encoding="utf-8")


def measure(sizes: Sizes) -> dict[str, float]:
    """Run all stages in a process of their own: seconds by stage."""
    with tempfile.TemporaryDirectory() as name:
        began, folder = time.time(), Path(name)
        numbers = (str(began), str(sizes.draws), str(sizes.repeats), name)
        processes.run(("-m", "benchmarks.stages", *numbers), folder)
        found = json.loads((folder / FOUND).read_text(encoding="utf-8"))
    return {stage: float(seconds) for stage, seconds in found.items()}


def _seconds(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
