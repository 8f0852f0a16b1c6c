"""What tests of drivers share: draws of the tiny scenario, and how far off they are."""

import math
from dataclasses import fields

import numpy as np
import tiny
from scipy.special import ndtri

from simulator import drivers

SEED = 11
REACH = {
    "acute": 0.8,
    "specialist": 0.8,
    "mental_health": 1.2,
    "community": 1.2,
    "ambulance": 0.9,
}
CASH = [100.0, 103.0, 106.0, 110.0]
UPLIFT = [0.03, 0.028, 0.028]


def scenario(given=None, *settings):
    return tiny.loaded(given, *settings).scenario


def drawn(given=None, n_draw=500, first_draw=0):
    return drivers.draw(scenario(given), SEED, first_draw, n_draw)


def differing(one, other):
    """Names of what differs between two draws; of assumptions only the common."""
    names = []
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, dict):
            names += [k for k in a.keys() & b.keys() if not np.array_equal(a[k], b[k])]
        elif not np.array_equal(a, b):
            names.append(field.name)
    return set(names)


def rates(*by_target):
    return np.array([np.broadcast_to(rate, 3) for rate in by_target], dtype=float)


def normal_gap(values, mean, sd):
    """How many standard errors a mean and an sd are off, the larger."""
    n = len(values)
    of_mean = abs(values.mean() - mean) / (sd / math.sqrt(n))
    of_sd = abs(values.std() / sd - 1.0) * math.sqrt(2.0 * n)
    return max(of_mean, of_sd)


def correlation_gap(a, b, stated):
    """How many standard errors a correlation is off, by Fisher's transformation."""
    found = float(np.corrcoef(a, b)[0, 1])
    return abs(math.atanh(found) - math.atanh(stated)) * math.sqrt(len(a) - 3)


LIMIT = float(ndtri(1.0 - 1e-6))  # 4.75 standard errors


def share_gap(found, stated):
    """How many standard errors a share is off."""
    error = math.sqrt(stated * (1.0 - stated) / len(found))
    return abs(float(found.mean()) - stated) / error


def sure(**changes):
    """The scenario with nothing uncertain but what a test adds."""
    given = tiny.sure_tables()
    for section, values in changes.items():
        given[section] |= values
    return given


def programme(**changes):
    given = sure()
    given["programmes"]["rosters"] |= changes
    return given
