"""A small world of trusts, computed by the kernel and, slowly, by the reference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import reference
from trust_years import FIRST_YEAR, KIND, WORKED, Floats

from simulator.drivers.draws import other_weight
from simulator.engine import buffers, tallies
from simulator.engine.histograms import Histograms
from simulator.kernel import philox, workspace
from simulator.kernel.block import fixed_of, simulate_block
from simulator.kernel.normal import fill_normals
from simulator.kernel.records import Belief
from simulator.kernel.tables import (
    Nation,
    PerDraw,
    Plan,
    Ranges,
    Sources,
    Tally,
    Trusts,
)
from simulator.kernel.workspace import BINS, GROUP_RESULTS, KEPT, LANES, SPREAD
from simulator.outcomes import ROW
from simulator.schema import ONE_OFFS, OUTCOMES, POOLS


class Draws(NamedTuple):
    """What draws bring to everybody; draws last."""

    belief: Floats  # (row, draw): `Belief`, then what opens uncertain
    year: Floats  # (row, year, draw): pay, non-pay, log delivery
    demand: Floats  # (type, year, draw)
    pressure: Floats  # (type, year, draw)
    kind_year: Floats  # (type, row, year, draw): see `workspace`
    new_opportunity: Floats  # (type, pool, year, draw)


@dataclass(frozen=True, kw_only=True)
class World:
    """All that a block is given, before it is laid out in lanes."""

    trusts: Trusts
    plan: Plan
    draws: Draws
    ranges: Ranges
    seed: int = 20180705
    first_draw: int = 0

    @property
    def n_draw(self) -> int:
        return self.draws.belief.shape[-1]

    def bent(self, **parts: dict[str, Any]) -> "World":
        """The same world with some arrays of some parts changed."""
        bent = {name: getattr(self, name)._replace(**parts[name]) for name in parts}
        return replace(self, **bent)


UNMOVED = (1.0, 0.0, 0.0)  # scale of opportunity, opening cost, others' income


class Run(NamedTuple):
    """What a block leaves."""

    tally: Tally
    per_draw: PerDraw

    def kept(self, name: str) -> Floats:
        """One kept result of every trust: (target, year, trust, draw)."""
        return self.per_draw.trust[KEPT.index(name)]

    def sector(self, name: str) -> Floats:
        """One result of the sector: (target, year, draw)."""
        return self.per_draw.sector[GROUP_RESULTS.index(name)]


def plain_world(
    *,
    rates: Sequence[float] = (0.011,),
    systems: Sequence[int] = (1,),
    n_year: int = 5,
    n_draw: int = 3,
) -> World:
    """The worked trust-year for everybody and every year; nothing is random.

    `systems` gives the number of trusts of each system; all are acute.
    """
    worked, n_trust, n_target = WORKED, sum(systems), len(rates)
    first = np.concatenate([[0], np.cumsum(systems)]).astype(np.int64)
    rate = np.repeat(np.array(rates, np.float64)[:, None], n_year, axis=1)
    rules, state, terms = worked.rules, worked.state, worked.terms
    where = [philox.place(philox.TRUST, 0, FIRST_YEAR + y) for y in range(n_year)]
    trusts = Trusts(
        address=np.arange(1000, 1000 + n_trust, dtype=np.uint32),
        kind=np.zeros(n_trust, np.int64),
        first=first,
        pay_share=np.full(n_trust, 0.65),
        income=np.full(n_trust, state.income),
        cost=np.full(n_trust, state.cost),
        opportunity=np.tile(state.opportunity, (n_trust, 1)),
        carry_over=np.full(n_trust, state.carry_over),
        backlog=np.full(n_trust, state.backlog),
        other_weight=np.full(n_trust, other_weight("acute")),
    )
    plan = Plan(
        rate=rate,
        deficit_addon=np.full((n_target, n_year), terms.deficit_addon),
        follows_tariff=np.full(n_target, terms.follows_tariff),
        own=np.full(n_target, ROW["cash_releasing"]),
        price=0.038 - rate,
        cost_uplift=np.full(n_year, 0.038),
        settled=False,
        support=np.full((n_trust, n_year), terms.support),
        need_limit=np.full((n_trust, n_year), terms.need_limit),
        access=np.tile(rules.access, (n_year, 1)),
        one_offs=Sources(*map(np.array, (state.one_offs, *rules[1:4]))),
        limits=np.array(rules[4:]),
        spread=np.zeros(6),
        where=np.array([*where, philox.place(philox.TRUST, 0, None)], np.uint64),
    )
    brought = worked.drivers
    inflation, new = brought.inflation, brought.new_opportunity
    kind_year = [[row] * n_year for row in brought[5:9]]
    draws = Draws(
        belief=spread_over([*worked.belief, *UNMOVED], n_draw),
        year=spread_over([[inflation] * n_year] * 2 + [[0.0] * n_year], n_draw),
        demand=np.full((KIND, n_year, n_draw), brought.demand),
        pressure=np.full((KIND, n_year, n_draw), brought.pressure),
        kind_year=spread_over([kind_year] * KIND, n_draw),
        new_opportunity=spread_over([[[s] * n_year for s in new]] * KIND, n_draw),
    )
    return World(trusts=trusts, plan=plan, draws=draws, ranges=no_ranges(trusts, plan))


def spread_over(values: Any, n_draw: int) -> Floats:
    """The same in every draw: (...) to (..., draw)."""
    return np.repeat(np.array(values, np.float64)[..., None], n_draw, axis=-1)


def no_ranges(trusts: Trusts, plan: Plan) -> Ranges:
    """Histograms of one bin."""
    n_target, n_year = plan.rate.shape
    sizes = len(trusts.income), KIND, len(trusts.first) - 1
    results = len(SPREAD), len(GROUP_RESULTS), len(GROUP_RESULTS)
    return Ranges(
        *(
            np.zeros((n_target, size, rows, n_year, 2))
            for size, rows in zip(sizes, results, strict=True)
        )
    )


# What draws of the random world believe, in the order of the kernel's rows.
BELIEVED = {
    "real_share": (0.4, 0.8),
    "sharpness": (0.9, 1.0),
    "one_off_fill": (0.45, 0.8),
    "balance_reach": (0.2, 0.8),
    "forgiven": (0.0, 1.0),
    "cost_elasticity": (0.8, 1.0),
    "marginal_payment": (0.2, 0.9),
    "treated": (0.6, 1.0),
    "lever": (0.7, 1.3),
    "plan_floor": (0.0, 0.04),
    "gap_closed": (0.0, 1.0),
    "plan_limit": (0.02, 0.2),
    "quality": (-0.01, 0.004),
    "national_share": (0.4, 1.0),
    "one_off_scale": (0.6, 2.0),
    "opportunity_scale": (0.8, 1.2),
    "opening_cost": (-0.005, 0.01),
    "opening_other": (-0.01, 0.02),
}


def random_world(seed: int = 1, n_draw: int = 150, n_year: int = 4) -> World:
    """Eight trusts of four types in three systems, three targets, all at random.

    With a trust without opportunity, one that owes more than can be asked, a type
    without trusts, and draws in which cost or income pass zero.
    """
    rng = np.random.default_rng(seed)
    rates = [0.0, 0.011, 0.04]
    world = plain_world(rates=rates, systems=(3, 1, 4), n_year=n_year, n_draw=n_draw)
    n_trust, n_target = 8, len(rates)
    income = rng.uniform(50.0, 600.0, n_trust)
    opportunity = rng.uniform(0.0, 0.08, (n_trust, len(POOLS)))
    opportunity[2] = 0.0
    carry_over = rng.uniform(0.0, 0.03, n_trust)
    carry_over[4] = 0.3
    rate = world.plan.rate + rng.uniform(-0.002, 0.002, (n_target, n_year))
    year = np.stack(
        [
            rng.normal(mean, sd, (n_year, n_draw))
            for mean, sd in ((0.028, 0.01), (0.02, 0.015), (0.0, 0.04))
        ]
    )
    year[:2, 1, 7] = -1.4  # costs pass zero in one draw ...
    demand = rng.normal(0.026, 0.01, (KIND, n_year, n_draw))
    demand[2, n_year - 1, 70] = -4.0  # ... and one type's income in another.
    spans = np.array(list(BELIEVED.values())).T
    belief = rng.uniform(*spans, (n_draw, workspace.N_BELIEFS)).T
    belief[1, ::5] = 1.0
    world = world.bent(
        trusts={
            "address": rng.choice(2**32, n_trust, replace=False).astype(np.uint32),
            "kind": np.array([0, 2, 0, 4, 2, 1, 0, 2]),
            "pay_share": rng.uniform(0.5, 0.8, n_trust),
            "income": income,
            "cost": income * rng.uniform(0.97, 1.08, n_trust),
            "opportunity": opportunity,
            "carry_over": carry_over,
            "backlog": rng.uniform(0.0, 50.0, n_trust),
            "other_weight": rng.uniform(-0.3, 0.8, n_trust),
        },
        plan={
            "rate": rate,
            "deficit_addon": rng.uniform(0.0, 0.01, (n_target, n_year)),
            "follows_tariff": np.array([True, False, False]),
            "own": np.array([ROW["measured"], ROW["any_means"], ROW["recurrent"]]),
            "price": 0.035 - rate,
            "cost_uplift": np.full(n_year, 0.035),
            "settled": True,
            "support": rng.uniform(-1.0, 0.03 * income[:, None], (n_trust, n_year)),
            "need_limit": rng.uniform(0.0, 0.01 * income[:, None], (n_trust, n_year)),
            "access": rng.uniform(0.0, 0.4, (n_year, len(POOLS))),
            "one_offs": Sources(
                rng.uniform(0.0, 0.012, len(ONE_OFFS)),
                rng.uniform(0.0, 0.004, len(ONE_OFFS)),
                rng.uniform(0.004, 0.02, len(ONE_OFFS)),
                rng.uniform(0.0, 0.3, len(ONE_OFFS)),
            ),
            "limits": np.array([0.03, 0.1, 0.985, 0.8, 0.4, 0.5]),
            "spread": np.array([0.012, 0.012, 0.006, 0.15, 0.10, 0.3]),
        },
        draws={
            "belief": belief,
            "year": year,
            "demand": demand,
            "pressure": rng.normal(0.006, 0.008, demand.shape),
            "kind_year": np.stack(
                [
                    1.0 + rng.uniform(0.0, 0.05, demand.shape),
                    rng.uniform(-0.002, 0.008, demand.shape),
                    rng.uniform(0.0, 0.008, demand.shape),
                    rng.uniform(0.0, 0.002, demand.shape),
                ],
                axis=1,
            ),
            "new_opportunity": rng.uniform(
                0.0, 0.008, (KIND, len(POOLS), n_year, n_draw)
            ),
        },
    )
    return replace(world, ranges=ranges_of(run(world)))


def ranges_of(seen: Run) -> Ranges:
    """Ranges that leave a tenth of the values outside, so that end bins count too."""

    def between(values: Floats) -> Floats:
        low, high = np.nan_to_num(np.quantile(values, [0.05, 0.95], axis=-1))
        span = np.where(high > low, high - low, 1.0)
        edges = np.stack([low, BINS / span], -1)
        return np.ascontiguousarray(edges.transpose(1, 3, 0, 2, 4))

    return Ranges(
        between(trust_spread(seen)),
        between(seen.per_draw.kind),
        between(seen.per_draw.system),
    )


def trust_spread(seen: Run) -> Floats:
    """What a trust's histograms count: (spread, target, year, trust, draw)."""
    margin = seen.kept("balance") / np.maximum(seen.kept("income"), 1e-9)
    rates = [seen.kept(name.removesuffix("_rate")) for name in SPREAD[1:]]
    return np.stack([margin, *rates])


def in_lanes(values: Floats) -> Floats:
    """(..., draw) to (batch, ..., LANES); the last draw fills the last batch."""
    n_batch = -(-values.shape[-1] // LANES)
    places = np.minimum(np.arange(n_batch * LANES), values.shape[-1] - 1)
    split = values[..., places].reshape(*values.shape[:-1], n_batch, LANES)
    return np.ascontiguousarray(np.moveaxis(split, -2, 0))


def nation(draws: Draws) -> Nation:
    """Draws as the kernel reads them, some rows in one."""
    belief, year, demand, pressure, kind_year, new = map(in_lanes, draws)
    year, new = np.swapaxes(year, 1, 2), np.swapaxes(new, 2, 3)
    kind_year = np.ascontiguousarray(np.swapaxes(kind_year, 2, 3))
    return Nation(
        belief=belief.reshape(belief.shape[0], -1),
        year=np.ascontiguousarray(year).reshape(*year.shape[:2], -1),
        demand=demand,
        pressure=pressure,
        kind_year=kind_year.reshape(*kind_year.shape[:3], -1),
        new_opportunity=np.ascontiguousarray(new).reshape(*new.shape[:3], -1),
    )


def room(trusts: Trusts, plan: Plan, n_draw: int) -> PerDraw:
    """Room for every result of every draw, unrounded; -1 where nothing was written."""
    n_target, n_year = plan.rate.shape
    n_trust, n_system = len(trusts.income), len(trusts.first) - 1
    n_result = len(GROUP_RESULTS)
    return PerDraw(
        sector=np.full((n_result, n_target, n_year, n_draw), -1.0),
        achieved=np.full((n_target, len(OUTCOMES), n_draw), -1, np.int8),
        trust=np.full((len(KEPT), n_target, n_year, n_trust, n_draw), -1.0),
        kind=np.full((n_result, n_target, n_year, KIND, n_draw), -1.0),
        system=np.full((n_result, n_target, n_year, n_system, n_draw), -1.0),
        units=np.full(
            (n_target, len(OUTCOMES), n_trust + KIND + n_system, n_draw), -1, np.int8
        ),
    )


def run(world: World, *spans: tuple[int, int]) -> Run:
    """Simulate a world's draws, in one call or in the given spans of draws."""
    histograms = Histograms(world.trusts, world.ranges)
    successes = tallies.empty_successes(world.trusts, world.plan)
    parts = []
    for start, stop in spans or [(0, world.n_draw)]:
        part = room(world.trusts, world.plan, stop - start)
        bins = buffers.for_bins(world.ranges, stop - start)
        simulate_block(
            world.seed,
            world.first_draw + start,
            stop - start,
            fixed_of(world.trusts, world.plan, KIND),
            world.plan,
            nation(Draws(*(values[..., start:stop] for values in world.draws))),
            world.ranges,
            bins,
            successes,
            part,
        )
        histograms.count(bins, stop - start)
        parts.append(part)
    joined = (np.concatenate(values, axis=-1) for values in zip(*parts, strict=True))
    return Run(Tally(*successes, *histograms.spreads), PerDraw(*joined))


Paths = list[list[list[list[reference.Outputs]]]]  # [target][draw][trust][year]


def shocks(world: World, who: int, where: int) -> Floats:
    """Four standard normals of every draw at one address: (4, draw)."""
    words = np.empty((4, world.n_draw), np.uint64)
    philox.fill_words(world.seed, world.first_draw, who, where, words)
    z = np.empty(words.shape)
    for row in range(4):
        fill_normals(words[row], z[row])
    return z


def drivers_of(world: World, i: int) -> Floats:
    """Demand, inflation, pressure, delivery and size of plans: (5, year, draw)."""
    trusts, plan, draws = world.trusts, world.plan, world.draws
    who, kind, pay_share = int(trusts.address[i]), trusts.kind[i], trusts.pay_share[i]
    demand_sd, cost_sd, drift_sd, delivery_sd, persistent_sd, size_sd = plan.spread
    drift, persistent, of_plans, _ = shocks(
        world, who, philox.place(philox.TRUST, 0, None)
    )
    sizes = [reference.plan_size(float(z), float(size_sd)) for z in of_plans]
    paths = []
    for y in range(plan.rate.shape[1]):
        z = shocks(world, who, philox.place(philox.TRUST, 0, FIRST_YEAR + y))
        pay, nonpay, national = draws.year[:, y]
        inflation = pay_share * pay + (1 - pay_share) * nonpay
        delivery = national + persistent_sd * persistent + delivery_sd * z[2]
        paths.append(
            [
                draws.demand[kind, y] + demand_sd * z[0],
                inflation,
                draws.pressure[kind, y] + drift_sd * drift + cost_sd * z[1],
                np.exp(delivery),
                sizes,
            ]
        )
    return np.array(paths).swapaxes(0, 1)


def slow_paths(world: World) -> Paths:
    n_target, n_trust = len(world.plan.rate), len(world.trusts.income)
    drivers = [drivers_of(world, i) for i in range(n_trust)]
    return [
        [
            [slow_path(world, k, d, i, drivers[i][:, :, d]) for i in range(n_trust)]
            for d in range(world.n_draw)
        ]
        for k in range(n_target)
    ]


def slow_path(
    world: World, k: int, d: int, i: int, drivers: Floats
) -> list[reference.Outputs]:
    trusts, plan, draws = world.trusts, world.plan, world.draws
    kind = trusts.kind[i]
    believed = Belief(*draws.belief[: len(Belief._fields), d].tolist())
    scale_of_stock, dearer, more = draws.belief[len(Belief._fields) :, d].tolist()
    stock, renewal, cap, payback = (values.tolist() for values in plan.one_offs)
    growth_of_backlog, ask_max, sharpness, works_off, part, counted_on = plan.limits
    opening = reference.opened(
        income=float(trusts.income[i]),
        cost=float(trusts.cost[i]),
        stocks=trusts.opportunity[i].tolist(),
        one_offs=stock,
        carry_over=float(trusts.carry_over[i]),
        backlog=float(trusts.backlog[i]),
        opportunity_scale=scale_of_stock,
        one_off_scale=believed.one_off_scale,
        cost_error=dearer,
        # The random world has weights of its own, not those of two types.
        other_income=more * trusts.other_weight[i] / reference.ACUTE_INCOME,
        acute=False,
    )
    parameters, years = [], []
    for y, (demand, inflation, pressure, delivery, size) in enumerate(
        drivers.T.tolist()
    ):
        parameters.append(
            reference.Parameters(
                **believed._asdict(),
                access=plan.access[y].tolist(),
                renewal_of_stock=draws.new_opportunity[kind, :, y, d].tolist(),
                one_off_renewal=renewal,
                one_off_cap=cap,
                payback_rates=payback,
                backlog_growth=float(growth_of_backlog),
                ask_max=float(ask_max),
                plan_sharpness=float(sharpness),
                works_off=float(works_off),
                need_part=float(part),
                planned_support=float(counted_on),
            )
        )
        growth, passed_on, paid, upfront = draws.kind_year[kind, :, y, d].tolist()
        years.append(
            reference.Year(
                demand=demand,
                inflation=inflation,
                pressure=pressure,
                delivery=delivery,
                plan_size=size,
                growth=growth - 1.0,
                settled=plan.settled,
                passed_on=passed_on,
                paid_pressure=paid,
                uplift=float(plan.price[k, y]),
                other_uplift=float(plan.cost_uplift[y]),
                rate=float(plan.rate[k, y]),
                addon=float(plan.deficit_addon[k, y]),
                follows_tariff=bool(plan.follows_tariff[k]),
                support=float(plan.support[i, y]),
                need_limit=float(plan.need_limit[i, y]),
                upfront=upfront * float(trusts.cost[i]),
            )
        )
    return reference.trajectory(opening, parameters, years)


def group_sums(year: Sequence[reference.Outputs]) -> list[float]:
    """A group's results of one year in the order of `GROUP_RESULTS`."""

    def money(name: str) -> float:
        return math.fsum(getattr(done, name) for done in year)

    def weighted(name: str) -> float:
        return math.fsum(getattr(done, name) * done.cost_before for done in year)

    cost_before = money("cost_before")
    deficits = [-done.balance for done in year if done.balance < 0.0]
    results = {
        "income": money("income"),
        "support": money("support"),
        "cost_before": cost_before,
        "cost": money("cost"),
        "ask": weighted("ask"),
        "recurrent": weighted("recurrent"),
        "nonrecurrent": weighted("nonrecurrent"),
        "balance": reference.as_judged(money("balance"), cost_before),
        "underlying": money("underlying"),
        "cash_releasing": weighted("cash_releasing") / cost_before,
        "measured": weighted("measured") / cost_before,
        "pressure": weighted("pressure") / cost_before,
        "unmet": weighted("unmet") / cost_before,
        "backlog": money("backlog"),
        "shortfall": weighted("shortfall"),
        "gross_deficit": math.fsum(deficits),
        "trusts_in_deficit": len(deficits),
        "trusts_meeting_plan": sum(done.met_plan for done in year),
    }
    return [results[name] for name in GROUP_RESULTS]


class Both(NamedTuple):
    """One random world, computed twice."""

    world: World
    fast: Run
    slow: Paths
