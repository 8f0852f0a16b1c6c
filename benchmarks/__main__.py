"""`python -m benchmarks`: measure everything and write docs/performance.md.

`--quick` takes a minute and writes nothing.
"""

import argparse
import time

from benchmarks import (
    case,
    machine,
    peers,
    report,
    stages,
    targets,
    trusts,
    whole_runs,
)
from benchmarks.goals import Measured
from benchmarks.sizes import FULL, QUICK, Sizes


def measure(sizes: Sizes) -> Measured:
    """Measure every table, saying how it goes."""
    began = time.perf_counter()

    def say(text: str) -> None:
        print(f"{time.perf_counter() - began:6.0f} s  {text}", flush=True)

    about = machine.described()
    for name, value in about:
        say(f"{name}: {value}")
    ready = case.make()
    return Measured(
        about=about,
        sizes=sizes,
        peers=peers.measure(ready, sizes, say),
        targets=targets.measure(sizes, ready, say),
        trusts=trusts.measure(sizes, ready, say),
        job=whole_runs.measure(sizes, say),
        draws=whole_runs.over_draws(sizes, say),
        stages=stages.measure(sizes),
        n_target=ready.n_target,
        n_trust=len(ready.trusts.income),
        n_year=ready.scenario.years,
        minutes=(time.perf_counter() - began) / 60,
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute; writes nothing")
    asked = parser.parse_args()
    text = report.text(measure(QUICK if asked.quick else FULL))
    print(text)
    if not asked.quick:
        report.PLACE.parent.mkdir(exist_ok=True)
        report.PLACE.write_text(text, encoding="utf-8")
        print(f"{report.PLACE.name}: written")


if __name__ == "__main__":
    main()
