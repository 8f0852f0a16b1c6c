"""What every peer must give: all that a run file holds but the draws one by one."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Outcome(NamedTuple):
    """The results of a run over its draws."""

    sector: Floats  # share of draws in which the sector achieves: (target, outcome)
    trust: Floats  # share of draws in which a trust achieves: (target, outcome, trust)
    kind: Floats  # the same of a type: (target, outcome, type)
    system: Floats  # the same of a system: (target, outcome, system)
    achieving: Floats  # share of trusts that achieve: (target, outcome, quantile)
    trust_bands: Floats  # (target, trust, spread, year, quantile)
    kind_bands: Floats  # (target, type, group result, year, quantile)
    system_bands: Floats  # (target, system, group result, year, quantile)
    yearly: Floats  # the sector, draw by draw: (group result, target, year, draw)


class Seen(NamedTuple):
    """The part of it that two runs are compared on; fields as in `Outcome`."""

    sector: Floats
    trust: Floats
    yearly: Floats
