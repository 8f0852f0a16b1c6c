"""`requires` beside the EMA Workbench: boxes of beliefs found in the same draws.

`python -m benchmarks.requires_peer FILE TARGET` peels both, with the extra `bench`, and
prints what share of futures each box holds, and how likely the target is in it.
"""

import sys
import time
import warnings

import numpy as np
import pandas as pd

import simulator as sim
from simulator.answers.believed import believed
from simulator.answers.requires import prim

MASSES = (0.5, 0.3, 0.2, 0.1, 0.06)  # share of futures in the boxes that are printed


def main(file: str, target: str) -> None:
    """Peel and print."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ema_workbench.analysis.prim import Prim  # noqa: PLC0415 - an extra

        given = believed(sim.open(file), target)
        x, y = given["value"].values, given["achieved"].values.astype(bool)
        began = time.perf_counter()
        boxes = prim.peel(x, y)
        ours_took = time.perf_counter() - began
        table = pd.DataFrame(x.T, columns=given["belief"].values)
        began = time.perf_counter()
        box = Prim(table, y, threshold=0.8, peel_alpha=prim.ALPHA).find_box()
        theirs_took = time.perf_counter() - began
    within = [prim.inside(one, x) for one in boxes]
    path = box.peeling_trajectory
    ours = [np.array([in_box.mean() for in_box in within])]
    ours += [np.array([y[in_box].mean() for in_box in within])]
    theirs = [path[name].to_numpy(float) for name in ("mass", "density")]
    print(f"{target}: {len(y):,} draws, {len(x)} beliefs, {y.mean():.1%} achieve")
    print(f"peeling took {ours_took:.2f} s here, {theirs_took:.2f} s there")
    print("share of futures   chance here   chance there")
    for mass in MASSES:
        here, there = (np.interp(-mass, -one[0], one[1]) for one in (ours, theirs))
        print(f"{mass:16.0%} {here:13.1%} {there:14.1%}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
