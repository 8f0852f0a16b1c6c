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
from benchmarks.numpy_plain import (
    by_kind,
    judged,
    money,
    opening,
    results,
    trust_drivers,
)
from benchmarks.numpy_year import Terms, carry_year
from simulator.distributions import Certain
from simulator.drivers import uncertain
from simulator.kernel.lanes import GROUP_RESULTS

Floats = NDArray[np.float64]

TIE = 1e-9


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
    met = True
    saved = wanted = productivity = 0.0
    kinds = []
    for y in range(case.scenario.years):
        terms = Terms(
            rate=plan.rate[k, y],
            deficit_addon=plan.deficit_addon[k, y],
            price=plan.price[k, y],
            funded=plan.funded[k, trusts.kind, y][:, None],
            support=plan.support[:, y][:, None],
        )
        state, year = carry_year(np, state, brought[y], nation.belief, terms, plan, y)
        met = met & (year.recurrent + year.nonrecurrent >= 0.95 * year.ask)
        saved = saved + year.recurrent * year.cost_before
        wanted = wanted + terms.rate * year.cost_before
        productivity = productivity + year.productivity
        kinds.append(by_kind(money(state, year, terms), trusts))
    real = productivity >= plan.rate[k].sum() * (1.0 - TIE)
    balance = year.balance >= -TIE * year.cost_before
    lasting = saved >= wanted * (1.0 - TIE)
    sector = results(np.stack(kinds).sum(axis=2, keepdims=True))
    return {
        "trust": np.stack([met, lasting, real, balance, real & balance])[..., 0],
        "sector": judged(sector, plan.rate[k])[:, 0, 0],
        "yearly": sector[:, : len(GROUP_RESULTS), 0, 0].T,
    }
