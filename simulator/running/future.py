"""One future of one trust, step by step with the kernel's own functions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from simulator import drivers
from simulator.drivers import Drawn
from simulator.engine.job import Job
from simulator.kernel import workspace
from simulator.kernel.one_trust import open_trust, year_rules
from simulator.kernel.outcomes import judge_trust
from simulator.kernel.records import Belief, Drivers, Result, Rules, State, Terms
from simulator.kernel.shocks import make_trust_drivers
from simulator.kernel.tables import Nation
from simulator.kernel.trust_year import trust_year
from simulator.kernel.workspace import LANES
from simulator.sampling.addresses import BY_TYPE
from simulator.sampling.stream import Stream
from simulator.scenario.model import Scenario, years
from simulator.scenario.uncertain import uncertain
from simulator.schema import OUTCOMES

# The trust's own luck, in the rows that the kernel makes it in.
NORMALS: Final = ("demand", "pressure", "delivery", "drift", "persistent", "plans")


class Year(NamedTuple):
    """One year of a trust: all that `trust_year` takes and gives, and the luck."""

    year: int
    before: State
    drivers: Drivers
    belief: Belief
    terms: Terms
    rules: Rules
    after: State
    result: Result
    shocks: dict[str, float]
    """The nation's departures: of pay, nonpay, pressure and demand."""
    normals: dict[str, float]
    """Standard normals of the type (`type`) and of the trust (`NORMALS`)."""


@dataclass(frozen=True)
class Future:
    """One draw of one trust under one target.

    Attributes
    ----------
    trust, target
        Their places in the job's population and scenario.
    drawn
        What the draw brings to everybody: one draw long.
    values
        Every assumption that may be uncertain, by key path.
    happens
        1 or 0 for each enabled programme.
    achieved
        Whether the trust achieves each of `OUTCOMES`.
    """

    job: Job
    draw: int
    trust: int
    target: int
    drawn: Drawn
    values: dict[str, float]
    happens: dict[str, float]
    years: tuple[Year, ...]
    achieved: dict[str, bool]


def future_of(job: Job, draw: int, trust: int, target: int) -> Future:
    """Make one future of one trust again, to the bit of the run's own.

    Parameters
    ----------
    job
        Of the run.
    draw
        Number of a draw, from 0; it need not be one that was run.
    trust, target
        Their places in the job's population and scenario.
    """
    scenario, stream = job.scenario, Stream(job.seed, draw, 1)
    drawn = drivers.draw_from(scenario, stream)
    assumptions = uncertain(scenario)
    years = tuple(_years(job, drawn, stream, trust, target))
    return Future(
        job=job,
        draw=draw,
        trust=trust,
        target=target,
        drawn=drawn,
        values={p: float(stream.value(p, a)[0]) for p, a in assumptions.items()},
        happens=dict(_happens(scenario, stream)),
        years=years,
        achieved=_achieved(years, int(job.plan.own[target])),
    )


def _happens(scenario: Scenario, stream: Stream) -> Iterator[tuple[str, float]]:
    for name, programme in scenario.programmes.items():
        if programme.enabled:
            yield name, float(drivers.happens(scenario, stream, name)[0])


def _years(job: Job, drawn: Drawn, stream: Stream, i: int, k: int) -> Iterator[Year]:
    """Carry a trust through its years, with the kernel's own functions."""
    plan, kind = job.plan, int(job.trusts.kind[i])
    belief = Belief(*drawn.belief[: len(Belief._fields), 0].tolist())
    national = drivers.national_shocks(job.scenario, stream)
    nation = drivers.nation(drawn)
    state = _opening(job, nation, i)
    for y, year in enumerate(years(job.scenario)):
        made, size, normals = _own(job, nation, stream.first_draw, i, y)
        demand = BY_TYPE[kind]
        normals["type"] = float(stream.normals(*demand.at(year))[demand.word, 0])
        pools = drawn.new_opportunity[kind, :, y, 0].tolist()
        comes = nation.kind_year[0, kind, y].reshape(-1, LANES)[:, 0].tolist()
        brought = Drivers(
            *(made[0], made[1], made[2], made[3], size),
            *(comes[0], comes[1], comes[2], comes[3]),
            new_opportunity=(pools[0], pools[1], pools[2]),
        )
        terms = Terms(
            float(plan.rate[k, y]),
            float(plan.deficit_addon[k, y]),
            bool(plan.follows_tariff[k]),
            float(plan.price[k, y]),
            float(plan.cost_uplift[y]),
            plan.settled,
            float(plan.support[i, y]),
            float(plan.need_limit[i, y]),
            float(job.trusts.cost[i]),
        )
        rules = year_rules(plan, y)
        after, result = trust_year(state, brought, belief, terms, rules)
        shocks = {name: float(values[y, 0]) for name, values in national.items()}
        yield Year(
            year,
            state,
            brought,
            belief,
            terms,
            rules,
            after,
            result,
            shocks,
            normals,
        )
        state = after


def _opening(job: Job, nation: Nation, i: int) -> State:
    rows = np.empty(workspace.WORKSPACE)
    rows[workspace.BELIEF :] = nation.belief[0]
    open_trust(job.fixed.opening[i], float(job.fixed.other_weight[i]), rows)
    w = rows.tolist()
    return State(
        income=w[workspace.INCOME],
        cost=w[workspace.COST],
        opportunity=(w[workspace.POOL_0], w[workspace.POOL_1], w[workspace.POOL_2]),
        one_offs=(
            w[workspace.SOURCE_0],
            w[workspace.SOURCE_1],
            w[workspace.SOURCE_2],
            w[workspace.SOURCE_3],
        ),
        carry_over=w[workspace.CARRY_OVER],
        payback=w[workspace.PAYBACK],
        unmet=w[workspace.UNMET],
        backlog=w[workspace.BACKLOG],
    )


def _own(
    job: Job, nation: Nation, draw: int, i: int, y: int
) -> tuple[list[float], float, dict[str, float]]:
    """Give a trust's drivers of a year, the size of its plans, and its normals.

    A year at a time, as the kernel leaves the normals of its last year only.
    """
    year = slice(y, y + 1)
    words, z = np.empty((7, LANES), np.uint64), np.empty((len(NORMALS), LANES))
    made, size = np.empty((1, workspace.N_DRIVERS * LANES)), np.empty(LANES)
    kind = int(job.trusts.kind[i])
    make_trust_drivers(
        job.seed,
        draw,
        job.trusts.address[i],
        float(job.trusts.pay_share[i]),
        job.plan.where[[y, -1]],
        job.plan.spread,
        nation.year[0, year],
        nation.demand[0, kind, year],
        nation.pressure[0, kind, year],
        words,
        z,
        made,
        size,
    )
    normals = dict(zip(NORMALS, z[:, 0].tolist(), strict=True))
    return made[0, ::LANES].tolist(), float(size[0]), normals


def _achieved(years: Sequence[Year], own: int) -> dict[str, bool]:
    """Judge a trust as the kernel does, by the totals in its workspace."""
    w = np.zeros(workspace.WORKSPACE)
    rates = 0.0
    for year in years:
        result, rate = year.result, year.terms.rate
        recurrent = result.recurrent * result.cost_before
        w[workspace.SAVED_TOTAL] += recurrent + result.nonrecurrent * result.cost_before
        w[workspace.RECURRENT_TOTAL] += recurrent
        w[workspace.TARGET_TOTAL] += rate * result.cost_before
        w[workspace.CASH_RELEASING_TOTAL] += result.cash_releasing
        w[workspace.MEASURED_TOTAL] += result.measured
        w[workspace.BALANCE] = result.balance
        rates += rate
    achieved = np.empty((len(OUTCOMES), LANES), np.int8)
    judge_trust(rates, own, w, achieved)
    return {name: bool(met) for name, met in zip(OUTCOMES, achieved[:, 0], strict=True)}
