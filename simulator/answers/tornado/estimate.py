"""How far an answer moves from one end of an input to the other."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.schema import CONFIDENCE
from simulator.statistics.intervals import paired_difference, wilson
from simulator.statistics.means import mean
from simulator.types import Floats

INPUT: Final = "input"
SIDE: Final = "side"
LEVER: Final = "lever"  # one that is left where it is
WEAK: Final = {"A": 1.0, "B": 2.0, "C": 3.0}  # evidence by grade: judgement is weakest
Flags = NDArray[np.bool_]


def moves(
    base_achieved: Flags,
    base_delivered: Floats,
    achieved: Flags,
    delivered: Floats,
    names: Sequence[str],
    grades: Sequence[str],
) -> xr.Dataset:
    """Find how far each input moves what is delivered, and its chance.

    Parameters
    ----------
    base_achieved, base_delivered
        Whether it is achieved, and what is delivered, with all as drawn: (draw,).
    achieved, delivered
        The same with each input low and high: (input, 2, draw), in the same futures.
    names, grades
        Of the inputs; a grade A, B or C, or nothing where it is no matter of evidence.

    Returns
    -------
    found
        By input: `chance` by side, low or high, and `delivered` by side: by how much it
        differs from the base; `swing`, what is delivered at its high value less that at
        its low one, and `turn`, the same of the chance, each with `_low` and `_high`,
        of paired draws; and `agenda`, the size of the swing times the weakness of the
        evidence (1 for A to 3 for C; 0 without a grade).
        `base_chance`, with its interval, and `base_delivered`.
    """
    n = len(base_achieved)
    low, high = achieved[:, 0], achieved[:, 1]
    turn = paired_difference(
        (high & ~low).sum(axis=1), (low & ~high).sum(axis=1), n, CONFIDENCE
    )
    swing = mean(delivered[:, 1] - delivered[:, 0], CONFIDENCE)
    found = xr.Dataset(coords={INPUT: list(names), SIDE: ["low", "high"]})
    found["chance"] = (INPUT, SIDE), achieved.mean(axis=2)
    apart = (delivered - base_delivered).mean(axis=2)
    found["delivered"] = (INPUT, SIDE), apart
    for name, estimate in (("swing", swing), ("turn", turn)):
        found[name] = INPUT, estimate.value
        found[f"{name}_low"] = INPUT, estimate.low
        found[f"{name}_high"] = INPUT, estimate.high
    found["grade"] = INPUT, list(grades)
    weak = np.array([WEAK.get(grade, 0.0) for grade in grades])
    found["agenda"] = INPUT, np.abs(swing.value) * weak
    ends = wilson(base_achieved.sum(), n, CONFIDENCE)
    found["base_chance"] = base_achieved.mean()
    found["base_chance_low"], found["base_chance_high"] = (float(e) for e in ends)
    found["base_delivered"] = base_delivered.mean()
    return found.assign_attrs(confidence=CONFIDENCE)
