"""The model in straightforward NumPy: whole arrays of trusts and draws."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import numpy_nation
from benchmarks.case import Case
from benchmarks.numpy_nation import Nation
from benchmarks.numpy_year import Accounts, Brought, State, Terms, carry_year
from benchmarks.outcome import Outcome
from simulator.kernel.lanes import GROUP_RESULTS
from simulator.kernel.tables import Plan, Trusts
from simulator.schema import QUANTILES

Floats = NDArray[np.float64]

TIE = 1e-9


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
    demand_sd, cost_sd, drift_sd, delivery_sd, persistent_sd = plan.spread
    pay_share = trusts.pay_share[:, None]
    drift = drift_sd * rng.standard_normal(shape)
    persistent = persistent_sd * rng.standard_normal(shape)
    years = []
    for y in range(len(nation.pay)):
        cost = pay_share * nation.pay[y] + (1.0 - pay_share) * nation.nonpay[y]
        own = delivery_sd * rng.standard_normal(shape)
        years.append(
            Brought(
                demand=nation.demand[trusts.kind, y]
                + demand_sd * rng.standard_normal(shape),
                inflation=cost + drift + cost_sd * rng.standard_normal(shape),
                delivery=np.exp(nation.delivery[y] + persistent + own),
                new_opportunity=[
                    pool[trusts.kind] for pool in nation.new_opportunity[y]
                ],
            )
        )
    return years


def opening(trusts: Trusts, plan: Plan, nation: Nation, draws: int) -> State:
    """Give every draw the opening position."""
    shape = len(trusts.income), draws
    scale = nation.belief["opportunity_scale"]
    return State(
        income=np.broadcast_to(trusts.income[:, None], shape),
        cost=np.broadcast_to(trusts.cost[:, None], shape),
        pools=[pool[:, None] * scale for pool in trusts.opportunity.T],
        sources=[np.full(shape, stock) for stock in plan.one_offs[0]],
        carry_over=np.broadcast_to(trusts.carry_over[:, None], shape),
        payback=np.zeros(shape),
        unmet=np.zeros(shape),
        backlog=np.broadcast_to(trusts.backlog[:, None], shape),
    )


def one_target(
    trusts: Trusts, plan: Plan, nation: Nation, brought: list[Brought], k: int
) -> OneTarget:
    """Carry every trust and draw through the years of one target."""
    n_year, draws = nation.pay.shape
    state = opening(trusts, plan, nation, draws)
    met = True
    saved = wanted = productivity = 0.0
    trust_bands, kinds, systems = [], [], []
    for y in range(n_year):
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
        trust_bands.append(bands_of_trusts(state, year))
        rows = money(state, year, terms)
        kinds.append(by_kind(rows, trusts))
        systems.append(by_system(rows, trusts))
    total = plan.rate[k].sum()
    real = productivity >= total * (1.0 - TIE)
    balance = year.balance >= -TIE * year.cost_before
    lasting = saved >= wanted * (1.0 - TIE)
    achieved = np.stack([met, lasting, real, balance, real & balance])

    kind = results(np.stack(kinds))
    system = results(np.stack(systems))
    sector = results(np.stack(kinds).sum(axis=2, keepdims=True))
    return OneTarget(
        sector=judged(sector, plan.rate[k])[:, 0].mean(axis=-1),
        trust=achieved.mean(axis=-1),
        kind=judged(kind, plan.rate[k]).mean(axis=-1),
        system=judged(system, plan.rate[k]).mean(axis=-1),
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
        year.recurrent,
        year.nonrecurrent,
        year.productivity,
    )
    return np.stack(
        [np.quantile(values, QUANTILES, axis=1).T for values in spread], axis=1
    )


def money(state: State, year: Accounts, terms: Terms) -> list[Floats]:
    """List what groups add up, in the order of `GROUP_RESULTS`."""
    cost = year.cost_before
    support = np.broadcast_to(terms.support, cost.shape)
    underlying = state.income - state.cost
    return [
        state.income,
        support,
        cost,
        state.cost,
        year.ask * cost,
        year.recurrent * cost,
        year.nonrecurrent * cost,
        year.balance,
        underlying,
        year.productivity * cost,
        state.unmet * cost,
        state.backlog,
        year.shortfall * cost,
        year.balance < -TIE * cost,
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
    for name in ("productivity", "unmet"):
        sums[:, GROUP_RESULTS.index(name)] /= np.where(cost > 0.0, cost, 1.0)
    return sums


def judged(group: Floats, rate: Floats) -> NDArray[np.bool_]:
    """Judge groups on results (year, result, group, draw): (outcome, group, draw)."""
    row = {name: group[:, index] for index, name in enumerate(GROUP_RESULTS)}
    met = (row["recurrent"] + row["nonrecurrent"] >= 0.95 * row["ask"]).all(axis=0)
    wanted = np.tensordot(rate, row["cost_before"], axes=1)
    lasting = row["recurrent"].sum(axis=0) >= wanted * (1.0 - TIE)
    real = row["productivity"].sum(axis=0) >= rate.sum() * (1.0 - TIE)
    balance = row["balance"][-1] >= -TIE * row["cost_before"][-1]
    return np.stack([met, lasting, real, balance, real & balance])


def bands(group: Floats) -> Floats:
    """Take quantiles over draws: (group, result, year, quantile)."""
    return np.quantile(group, QUANTILES, axis=-1).transpose(3, 2, 1, 0)
