"""What is decided and what is drawn, laid out as the kernel reads it."""

import numpy as np

from simulator.drivers import funding
from simulator.drivers.draws import Drawn, other_weight
from simulator.kernel import workspace
from simulator.kernel.tables import Nation, Plan, Sources, Trusts
from simulator.kernel.workspace import LANES
from simulator.outcomes import OF_BASIS, ROW
from simulator.population.model import Population
from simulator.sampling import addresses
from simulator.scenario.model import Scenario, by_year, years
from simulator.schema import ONE_OFFS, POOLS
from simulator.types import Floats


def trusts(population: Population, scenario: Scenario) -> Trusts:
    """Lay a population out for the kernel; its order keeps systems together."""
    shares = scenario.delivery.pool_shares
    split = np.array([getattr(shares, pool) for pool in POOLS])
    counts = np.bincount(
        population.system_index, minlength=len(population.system_names)
    )
    return Trusts(
        address=population.address,
        kind=population.type_index,
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        pay_share=population.pay_share,
        income=population.income,
        cost=population.cost,
        opportunity=np.ascontiguousarray(population.opportunity[:, None] * split),
        carry_over=population.carry_over,
        backlog=population.backlog,
        other_weight=np.array([other_weight(kind) for kind in population.trust_type]),
    )


def plan(scenario: Scenario, population: Population, rate: Floats) -> Plan:
    """Lay out what is decided for the kernel.

    Parameters
    ----------
    scenario, population
        What is asked, and of whom.
    rate
        The targets' rates, (target, year): see `rates`.
    """
    n = scenario.years
    prices, delivery, demand = scenario.prices, scenario.delivery, scenario.demand
    taken = funding.from_prices(scenario, rate)
    cost_uplift = np.array(by_year(prices.cost_uplift, n))
    reach = delivery.access
    funded = by_year(delivery.transformation_funding, n)
    access = [
        [
            reach.cost_reduction,
            reach.productivity,
            reach.system + (reach.system_funded - reach.system) * share,
        ]
        for share in funded
    ]
    sources = [getattr(delivery.one_offs, name) for name in ONE_OFFS]
    one_offs = [
        np.array([getattr(source, term) for source in sources])
        for term in Sources._fields
    ]
    return Plan(
        rate=rate,
        deficit_addon=np.array([by_year(t.deficit_addon, n) for t in scenario.targets]),
        follows_tariff=np.array([t.plan_follows == "tariff" for t in scenario.targets]),
        own=np.array([ROW[OF_BASIS[t.basis].name] for t in scenario.targets]),
        price=cost_uplift - taken,
        cost_uplift=cost_uplift,
        settled=funding.settled(scenario),
        support=funding.support(scenario, population),
        need_limit=funding.need_limit(scenario, population),
        access=np.array(access),
        one_offs=Sources(*one_offs),
        limits=np.array(
            [
                delivery.backlog_growth,
                delivery.ask_max,
                delivery.plan_sharpness,
                demand.worked_off,
                funding.need_part(scenario),
                scenario.funding.planned_support,
            ]
        ),
        spread=np.array(
            [
                demand.trust_sd,
                prices.trust_sd,
                prices.trust_drift_sd,
                delivery.year_sd,
                delivery.persistent_sd,
                delivery.plan_sd,
            ]
        ),
        where=np.array(addresses.of_trusts(years(scenario)), np.int64),
    )


def without_luck(plan: Plan) -> Plan:
    """Take the trusts' own shocks out of a plan."""
    return plan._replace(spread=np.zeros_like(plan.spread))


def nation(drawn: Drawn) -> Nation:
    """Lay out what is drawn in the kernel's rows of `LANES` draws.

    The last row is padded with its last draw, which is computed and never counted.
    """
    n_kind, n_year, _ = drawn.demand.shape
    rows = np.stack([drawn.pay, drawn.nonpay, drawn.delivery], axis=1)
    kinds = [drawn.growth, drawn.passed_on, drawn.paid_pressure, drawn.upfront]
    kind_year = _in_lanes(np.stack(kinds, axis=2))
    belief, year = _in_lanes(drawn.belief), _in_lanes(rows)
    demand, new = _in_lanes(drawn.demand), _in_lanes(drawn.new_opportunity)
    n_batch = belief.shape[0]
    return Nation(
        belief=belief.reshape(n_batch, workspace.N_BELIEFS * LANES),
        year=year.reshape(n_batch, n_year, workspace.N_NATION * LANES),
        demand=demand,
        pressure=_in_lanes(drawn.pressure),
        kind_year=kind_year.reshape(
            n_batch, n_kind, n_year, workspace.N_KIND_YEAR * LANES
        ),
        new_opportunity=np.ascontiguousarray(new.swapaxes(2, 3)).reshape(
            n_batch, n_kind, n_year, len(POOLS) * LANES
        ),
    )


def _in_lanes(values: Floats) -> Floats:
    """Turn (..., draw) into (batch, ..., LANES)."""
    n_draw = values.shape[-1]
    n_batch = -(-n_draw // LANES)
    pad = [(0, 0)] * (values.ndim - 1) + [(0, n_batch * LANES - n_draw)]
    padded = np.pad(values, pad, mode="edge")
    split = padded.reshape(*values.shape[:-1], n_batch, LANES)
    return np.ascontiguousarray(np.moveaxis(split, -2, 0))
