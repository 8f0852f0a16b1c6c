"""The model in straightforward NumPy: whole arrays of trusts and draws."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import numpy_nation
from benchmarks.case import Case
from benchmarks.numpy_nation import Nation
from benchmarks.numpy_outcomes import Totals, judged, of_groups
from benchmarks.numpy_year import (
    TIE,
    Accounts,
    Brought,
    State,
    carry_year,
    terms_of,
)
from benchmarks.outcome import Outcome
from simulator.kernel.tables import Plan, Trusts
from simulator.kernel.workspace import GROUP_RESULTS
from simulator.schema import QUANTILES

Floats = NDArray[np.float64]

# Results of groups that are rates: sums of money over cost before savings.
MEANS: Final = ("cash_releasing", "measured", "pressure", "unmet")


class OneTarget(NamedTuple):
    """Results of one target; the fields are those of `Outcome`."""

    sector: Floats
    trust: Floats
    kind: Floats
    system: Floats
    achieving: Floats
    trust_bands: Floats
    kind_bands: Floats
    system_bands: Floats
    yearly: Floats


def run(case: Case, draws: int, threads: int) -> Outcome:
    """Simulate and reduce; threads share the targets out."""
    rng = np.random.default_rng(case.job.seed)
    nation = numpy_nation.draw(case.scenario, rng, draws)
    brought = trust_drivers(case.trusts, case.plan, nation, rng, draws)
    with ThreadPoolExecutor(threads) as pool:
        found = list(
            pool.map(
                lambda k: one_target(case.trusts, case.plan, nation, brought, k),
                range(case.n_target),
            )
        )
    parts = {
        name: np.stack([getattr(f, name) for f in found]) for name in OneTarget._fields
    }
    parts["yearly"] = np.moveaxis(parts["yearly"], 0, 1)
    return Outcome(**parts)


def trust_drivers(
    trusts: Trusts,
    plan: Plan,
    nation: Nation,
    rng: np.random.Generator,
    draws: int,
) -> list[Brought]:
    """Add each trust's own shocks to what all share, year by year."""
    shape = len(trusts.income), draws
    demand_sd, pressure_sd, drift_sd, delivery_sd, persistent_sd, size_sd = plan.spread
    pay_share = trusts.pay_share[:, None]
    drift = drift_sd * rng.standard_normal(shape)
    persistent = persistent_sd * rng.standard_normal(shape)
    size = np.exp(size_sd * (rng.standard_normal(shape) - 0.5 * size_sd))
    kind, years = trusts.kind, []
    for y in range(len(nation.pay)):
        cost = pay_share * nation.pay[y] + (1.0 - pay_share) * nation.nonpay[y]
        own = delivery_sd * rng.standard_normal(shape)
        years.append(
            Brought(
                demand=nation.demand[kind, y] + demand_sd * rng.standard_normal(shape),
                inflation=cost,
                pressure=nation.pressure[kind, y]
                + drift
                + pressure_sd * rng.standard_normal(shape),
                delivery=np.exp(nation.delivery[y] + persistent + own),
                plan_size=size,
                growth=nation.growth[kind, y],
                passed_on=nation.passed_on[kind, y],
                paid_pressure=nation.paid_pressure[kind, y],
                upfront=nation.upfront[kind, y],
                new_opportunity=[pool[kind] for pool in nation.new_opportunity[y]],
            )
        )
    return years


def opening(trusts: Trusts, plan: Plan, nation: Nation, draws: int) -> State:
    """Give every draw the opening position."""
    shape = len(trusts.income), draws
    belief, zeros = nation.belief, np.zeros(shape)
    other = trusts.other_weight[:, None] * belief["other_income"]
    return State(
        income=trusts.income[:, None] * (1.0 + other),
        cost=trusts.cost[:, None] * (1.0 + belief["cost_error"]),
        pools=[p[:, None] * belief["opportunity_scale"] for p in trusts.opportunity.T],
        sources=[
            belief["one_off_scale"] * stock + zeros for stock in plan.one_offs.stock
        ],
        carry_over=np.broadcast_to(trusts.carry_over[:, None], shape),
        payback=zeros,
        unmet=zeros,
        backlog=np.broadcast_to(trusts.backlog[:, None], shape),
    )


def one_target(
    trusts: Trusts, plan: Plan, nation: Nation, brought: list[Brought], k: int
) -> OneTarget:
    """Carry every trust and draw through the years of one target."""
    n_year, draws = nation.pay.shape
    state = opening(trusts, plan, nation, draws)
    total = Totals()
    trust_bands, kinds, systems = [], [], []
    for y in range(n_year):
        terms = terms_of(trusts, plan, k, y)
        state, year = carry_year(np, state, brought[y], nation.belief, terms, plan, y)
        total = total.and_of(year, terms)
        trust_bands.append(bands_of_trusts(state, year))
        rows = money(np, state, year)
        kinds.append(by_kind(rows, trusts))
        systems.append(by_system(rows, trusts))
    achieved = judged(np, total, plan.rate[k], plan.own[k])

    kind = results(np.stack(kinds))
    system = results(np.stack(systems))
    sector = results(np.stack(kinds).sum(axis=2, keepdims=True))

    def share(groups: Floats) -> Floats:
        rate, total = plan.rate[k], of_groups(np, groups, plan.rate[k])
        found: Floats = judged(np, total, rate, plan.own[k]).mean(axis=-1)
        return found

    return OneTarget(
        sector=share(sector)[:, 0],
        trust=achieved.mean(axis=-1),
        kind=share(kind),
        system=share(system),
        achieving=np.quantile(achieved.mean(axis=1), QUANTILES, axis=1).T,
        trust_bands=np.stack(trust_bands, axis=2),
        kind_bands=bands(kind),
        system_bands=bands(system),
        yearly=sector[:, :, 0].swapaxes(0, 1),
    )


def bands_of_trusts(state: State, year: Accounts) -> Floats:
    """Take the quantiles of a trust's year: (trust, spread, quantile)."""
    spread = (
        year.balance / np.maximum(state.income, 1e-9),
        year.ask,
        year.recurrent,
        year.nonrecurrent,
        year.cash_releasing,
        year.measured,
    )
    return np.stack(
        [np.quantile(values, QUANTILES, axis=1).T for values in spread], axis=1
    )


def money(xp: Any, state: State, year: Accounts) -> list[Floats]:
    """List what groups add up, in the order of `GROUP_RESULTS`."""
    cost = year.cost_before
    return [
        state.income,
        year.support,
        cost,
        state.cost,
        year.ask * cost,
        year.recurrent * cost,
        year.nonrecurrent * cost,
        year.balance,
        state.income - state.cost,
        year.cash_releasing * cost,
        year.measured * cost,
        year.pressure * cost,
        state.unmet * cost,
        state.backlog,
        year.shortfall * cost,
        xp.maximum(-year.balance, 0.0),
        1.0 * (year.balance < 0.0),
        1.0 * year.met_plan,
    ]


def by_kind(rows: list[Floats], trusts: Trusts) -> Floats:
    """Add up types: (row, type, draw)."""
    members = [trusts.kind == kind for kind in range(5)]
    return np.array([[row[member].sum(axis=0) for member in members] for row in rows])


def by_system(rows: list[Floats], trusts: Trusts) -> Floats:
    """Add up systems, whose trusts stand together: (row, system, draw)."""
    return np.array([np.add.reduceat(row, trusts.first[:-1], axis=0) for row in rows])


def results(sums: Floats) -> Floats:
    """Turn sums (year, row, group, draw) into results: money, and means of rates."""
    cost = sums[:, GROUP_RESULTS.index("cost_before")].copy()
    for name in MEANS:
        sums[:, GROUP_RESULTS.index(name)] /= np.where(cost > 0.0, cost, 1.0)
    balance = sums[:, GROUP_RESULTS.index("balance")]
    balance[np.abs(balance) <= TIE * cost] = 0.0
    return sums


def bands(group: Floats) -> Floats:
    """Take quantiles over draws: (group, result, year, quantile)."""
    return np.quantile(group, QUANTILES, axis=-1).transpose(3, 2, 1, 0)
