"""Terms that the model does not have: the NumPy peer on the kernel's random numbers.

With all of them off the peer gives what the kernel gives, but for rounding: national
luck and trusts' own are the kernel's, draw for draw. `benchmarks.trials` says what each
term is and what it was tried for.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import numpy_plain, numpy_year
from benchmarks.numpy_nation import Nation
from benchmarks.numpy_outcomes import judged, of_groups
from benchmarks.numpy_year import TIE, Accounts, Brought, State
from simulator import drivers
from simulator.drivers import Drawn
from simulator.engine.job import Job
from simulator.kernel import workspace
from simulator.kernel.shocks import make_drivers
from simulator.kernel.tables import Sources
from simulator.kernel.workspace import LANES
from simulator.scenario.model import years
from simulator.scenario.uncertain import BELIEFS, OPENING, PLANS, SCALES
from simulator.schema import TRUST_TYPES
from simulator.types import Floats

Carry = Callable[[Any], tuple[State, Accounts]]
Values = Mapping[str, Floats]  # of the terms that are on, by name: (draw,)

ACUTE: Final = TRUST_TYPES.index("acute")
ROWS: Final = (
    *BELIEFS,
    "lever",
    *PLANS,
    "quality",
    "national_share",
    *SCALES,
    *OPENING,
)
FIRST_CONTROL_TOTALS: Final = 2016
# The sustainability fund in the balances that 2018/19 opens with, parts of opening
# income: see support.sustainability_fund_emergency.2017 and its fellows, and
# `shared_over` of long-term-plan.
FUND_OF_ACUTE, FUND_OF_ALL = 1_500 / 62_388, 300 / 83_531
# What was moved from capital to revenue, as a part of what was in 2015/16, when trusts
# had 0.4% of their cost: support.capital_to_revenue. Of 2019/20 the spending review of
# 2015 allowed 250m; later years were to have none.
SWITCHED_2015: Final = 0.004
SWITCHED: Final = {
    2014: 640 / 950,
    2015: 1.0,
    2016: 1200 / 950,
    2017: 1000 / 950,
    2019: 250 / 950,
}


class Seen(NamedTuple):
    """Results of one target, draw by draw.

    Attributes
    ----------
    sector, kind
        Results in the order of `GROUP_RESULTS`: (year, result, group, draw).
    achieved
        Whether the sector achieves each outcome: (outcome, draw).
    """

    sector: Floats
    kind: Floats
    achieved: NDArray[np.bool_]


def follow(job: Job, k: int, drawn: Drawn, tried: Values, first_draw: int = 0) -> Seen:
    """Follow whole rows of `LANES` draws through the years of target `k`.

    `first_draw` is the number of the first draw in the trusts' own random numbers.
    """
    nation, parts = drivers.nation(drawn), []
    for batch, start in enumerate(range(0, drawn.lever.shape[-1], LANES)):
        one = slice(start, start + LANES)
        parts.append(
            _follow_lanes(
                job,
                k,
                drivers.part_of(drawn, one.start, one.stop),
                {name: values[one] for name, values in tried.items()},
                _own(job, nation, batch, first_draw + start),
            )
        )
    kind = np.concatenate(parts, axis=-1)
    sector = numpy_plain.results(kind.sum(axis=2, keepdims=True))
    rate, own = job.plan.rate[k], job.plan.own[k]
    achieved = judged(np, of_groups(np, sector, rate), rate, own)[:, 0]
    return Seen(sector, numpy_plain.results(kind), achieved)


def _own(job: Job, nation: Any, batch: int, first_draw: int) -> tuple[Floats, Floats]:
    """Make each trust's (trust, year, driver, draw), and the size of its plans."""
    n_trust, n_year = job.plan.support.shape
    made = np.empty((n_trust, n_year, workspace.N_DRIVERS * LANES))
    size = np.empty((n_trust, LANES))
    make_drivers(
        job.seed,
        first_draw,
        job.trusts.address,
        job.trusts.kind,
        job.trusts.pay_share,
        job.plan.where,
        job.plan.spread,
        nation.year[batch],
        nation.demand[batch],
        nation.pressure[batch],
        made,
        size,
    )
    return made.reshape(n_trust, n_year, workspace.N_DRIVERS, LANES), size


def _follow_lanes(
    job: Job, k: int, drawn: Drawn, tried: Values, own: tuple[Floats, Floats]
) -> Floats:
    """Follow `LANES` draws: sums of money by type, (year, result, type, draw)."""
    trusts, plan = job.trusts, job.plan
    belief = dict(zip(ROWS, drawn.belief, strict=True))
    drawn_share = belief["national_share"]
    if "national_share" in tried:
        belief["national_share"] = tried["national_share"]
    others = (getattr(drawn, field.name) for field in fields(Nation)[1:])
    state = numpy_plain.opening(trusts, plan, Nation(belief, *others), LANES)
    balance, support = _opening_position(job)
    if "switched" in tried:
        state, plan = _with_a_source(state, plan)
    kinds = []
    for y, year in enumerate(years(job.scenario)):
        brought = _brought(job, drawn, own, y)
        terms = numpy_year.terms_of(trusts, plan, k, y)
        if "national_share" in tried:
            more = tried["national_share"] - drawn_share
            growth = brought.growth + job.scenario.funding.growth_unpriced * more
            brought = brought._replace(growth=growth)
        if "switched" in tried:
            part = SWITCHED_2015 * SWITCHED.get(year, 0.0)
            state.sources[0] = tried["switched"] * part
        before, unchanged = state, balance + terms.support - support
        carry = partial(
            numpy_year.carry_year, np, before, brought, belief, terms, plan, y
        )
        state, accounts = _with_last_effort(carry, before, tried, unchanged, year)
        if "switched" in tried:
            state, accounts = _switched(before, state, accounts)
        state, accounts = _surplus_used(state, accounts, tried)
        balance, support = accounts.balance, terms.support
        rows = numpy_plain.money(np, state, accounts)
        kinds.append(numpy_plain.by_kind(rows, trusts))
    return np.stack(kinds)


def _brought(job: Job, drawn: Drawn, own: tuple[Floats, Floats], y: int) -> Brought:
    kind, (made, size) = job.trusts.kind, own
    demand, inflation, pressure, delivery = made[:, y].swapaxes(0, 1)
    return Brought(
        demand=demand,
        inflation=inflation,
        pressure=pressure,
        delivery=delivery,
        plan_size=size,
        growth=drawn.growth[kind, y],
        passed_on=drawn.passed_on[kind, y],
        paid_pressure=drawn.paid_pressure[kind, y],
        upfront=drawn.upfront[kind, y],
        new_opportunity=[drawn.new_opportunity[kind, pool, y] for pool in range(3)],
    )


def _opening_position(job: Job) -> tuple[Floats, Floats]:
    """Give each trust's last reported balance and the funds in it: (trust, 1)."""
    fund = (
        FUND_OF_ACUTE * (job.trusts.kind == ACUTE) + FUND_OF_ALL
    ) * job.trusts.income
    return job.population.reported_balance[:, None], fund[:, None]


def _with_a_source(state: State, plan: Any) -> tuple[State, Any]:
    """Put one more source of one-offs before the others; each year fills it anew."""
    stock, renewal, cap, payback = plan.one_offs
    more = ([0.0, *stock], [0.0, *renewal], [1.0, *cap], [0.0, *payback])
    one_offs = Sources(*map(np.array, more))
    sources = [np.zeros(LANES), *state.sources]
    return state._replace(sources=sources), plan._replace(one_offs=one_offs)


def _switched(
    before: State, state: State, accounts: Accounts
) -> tuple[State, Accounts]:
    """Let what was switched come as income, and what it was for stay unbuilt."""
    available = sum(before.sources)
    drawn = accounts.nonrecurrent / np.where(available > 0.0, available, 1.0)
    money = drawn * before.sources[0] * accounts.cost_before
    return (
        state._replace(backlog=state.backlog + money),
        accounts._replace(support=accounts.support + money),
    )


def _with_last_effort(
    carry: Carry, before: State, tried: Values, unchanged: Floats, year: int
) -> tuple[State, Accounts]:
    """Carry a year whose last one-off aims at a control total, or at balance.

    The control total is last year's balance and what the funds rise by, `unchanged`,
    and a step more.
    """
    step = tried.get("step", tried.get("step_or_balance"))
    if step is None or year < FIRST_CONTROL_TOTALS:
        return carry(0.0)
    total = unchanged + step * before.cost
    if "step" in tried:
        return carry(total)
    # First for the higher of the two; where that is beyond reach, for the lower.
    high, low = np.maximum(total, 0.0), np.minimum(total, 0.0)
    _, hoped = carry(high)
    near = hoped.balance >= high - TIE * hoped.cost_before
    return carry(np.where(near, high, low))


def _surplus_used(
    state: State, accounts: Accounts, tried: Values
) -> tuple[State, Accounts]:
    """Spend part of a surplus, once or for good; net carry-over against the rest."""
    surplus = np.maximum(accounts.balance, 0.0)
    for name in ("spent", "spent_for_good"):
        if name in tried:
            spent = tried[name] * surplus
            surplus = surplus - spent
            accounts = accounts._replace(balance=accounts.balance - spent)
    if "spent_for_good" in tried:
        state = state._replace(cost=state.cost + spent)
        rate = spent / accounts.cost_before
        accounts = accounts._replace(
            cash_releasing=accounts.cash_releasing - rate,
            measured=accounts.measured - rate,
        )
    if "netted" in tried:
        rate = tried["netted"] * surplus / accounts.cost_before
        left = np.maximum(state.carry_over - rate, 0.0)
        state = state._replace(carry_over=left)
    return state, accounts
