"""One future as a plain function, the form that per-draw frameworks call.

All trusts, years and targets of one draw, in NumPy on arrays (trust, 1). It returns
what such a framework keeps: chances by trust and sector and the sector's balance, but
no bands, so that it does less than the others.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from benchmarks import numpy_nation
from benchmarks.case import Case
from benchmarks.numpy_outcomes import Totals, judged, of_groups
from benchmarks.numpy_plain import (
    by_kind,
    money,
    opening,
    results,
    trust_drivers,
)
from benchmarks.numpy_year import carry_year, terms_of
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.scenario.distributions import Certain
from simulator.scenario.uncertain import uncertain

Floats = NDArray[np.float64]


def assumptions(case: Case) -> list[str]:
    """List what is uncertain, each to be given as a number in (0, 1)."""
    return [
        path
        for path, belief in uncertain(case.scenario).items()
        if not isinstance(belief, Certain)
    ]


def simulate(case: Case, seed: int, uniforms: Mapping[str, float]) -> dict[str, Any]:
    """Simulate one draw: `sector` (target, outcome), `trust` (target, outcome, trust)
    and `yearly` (group result, target, year).
    """
    rng = np.random.default_rng([case.job.seed, seed])
    values = {}
    for path, belief in uncertain(case.scenario).items():
        share = np.array([uniforms.get(path, 0.5)])
        values[path] = belief.quantile(share, ndtri(share))
    nation = numpy_nation.from_values(case.scenario, rng, values, 1)
    brought = trust_drivers(case.trusts, case.plan, nation, rng, 1)
    found = [one_target(case, nation, brought, k) for k in range(case.n_target)]
    return {
        name: np.stack([part[name] for part in found]) for name in ("sector", "trust")
    } | {"yearly": np.stack([part["yearly"] for part in found], axis=1)}


def one_target(case: Case, nation: Any, brought: Any, k: int) -> dict[str, Floats]:
    """Carry one draw through the years of one target."""
    trusts, plan = case.trusts, case.plan
    state = opening(trusts, plan, nation, 1)
    total, kinds = Totals(), []
    for y in range(case.scenario.years):
        terms = terms_of(trusts, plan, k, y)
        state, year = carry_year(np, state, brought[y], nation.belief, terms, plan, y)
        total = total.and_of(year, terms)
        kinds.append(by_kind(money(np, state, year), trusts))
    rate, own = plan.rate[k], plan.own[k]
    sector = results(np.stack(kinds).sum(axis=2, keepdims=True))
    of_sector = judged(np, of_groups(np, sector, rate), rate, own)
    return {
        "trust": judged(np, total, rate, own)[..., 0],
        "sector": of_sector[:, 0, 0],
        "yearly": sector[:, : len(GROUP_RESULTS), 0, 0].T,
    }
