"""The model once more, slowly: one trust, one year, one draw, in plain numbers.

It follows the equations of the model in their order and shares no line with the
compiled kernel, which the tests compare with it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

LEAST_COST = 1e-9  # GBP m: a cost below it would turn every rate upside down
TIE = 1e-9  # relative: an exact tie achieves, whatever the last bit says
WHOLE_PLAN = 0.95  # part of a plan that counts as all of it
DEFERRED_MAINTENANCE = 3  # place among the four one-offs
ACUTE_INCOME = 0.75  # acute trusts' part of all income
PAY_IN_PRICES = 0.65  # pay's part of what prices are to cover


@dataclass(frozen=True, kw_only=True)
class State:
    """A trust between two years."""

    income: float  # GBP m
    cost: float  # GBP m, recurrent
    stocks: list[float]  # opportunity of the three pools, fraction of cost
    one_offs: list[float]  # stocks of the four one-offs, fraction of cost
    carry_over: float = 0.0  # fraction of cost
    payback: float = 0.0  # GBP m owed next year
    unmet: float = 0.0  # fraction of activity
    backlog: float = 0.0  # GBP m


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What holds for one trust in one draw; renewal_of_stock for one year."""

    real_share: float
    sharpness: float
    one_off_fill: float
    balance_reach: float
    forgiven: float
    cost_elasticity: float
    marginal_payment: float
    treated: float
    lever: float
    plan_floor: float
    gap_closed: float
    plan_limit: float
    quality: float  # net of the drift that prices pay for
    one_off_scale: float  # of renewals and caps; opening stocks come scaled
    access: list[float]  # share of each pool that can be reached in a year
    renewal_of_stock: list[float]  # frontier * share + programme
    one_off_renewal: list[float]
    one_off_cap: list[float]
    payback_rates: list[float]
    backlog_growth: float
    ask_max: float
    plan_sharpness: float
    works_off: float  # part of spare money that treats those who waited
    need_part: float  # part of a deficit that a fund for need pays
    planned_support: float  # part of other support that plans count on
    national_share: float = 1.0  # part of income at national prices


@dataclass(frozen=True, kw_only=True)
class Year:
    """What happens to one trust in one year of one draw, under one target."""

    demand: float
    inflation: float
    pressure: float = 0.0  # growth of cost beyond inflation and activity
    delivery: float = 1.0
    plan_size: float = 1.0  # multiple of the floor and the limit of plans
    growth: float  # of the cash, or of the activity, that comes to the type
    settled: bool = False  # whether it is cash, which prices turn into activity
    passed_on: float = 0.0  # growth of income for cost that prices do not cover
    paid_pressure: float = 0.0  # the part of pressure among it
    uplift: float  # of national prices: cost uplift less the target's rate
    other_uplift: float = 0.0  # of other prices: the cost uplift
    rate: float
    addon: float = 0.0
    follows_tariff: bool = False  # whether a plan starts from the rate
    support: float = 0.0  # GBP m, of funds whose shares are fixed
    need_limit: float = 0.0  # GBP m, the most that a fund for need pays
    upfront: float = 0.0  # GBP m, cost of programmes


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What one trust did in one year: rates on cost_before, money in GBP m."""

    activity: float
    unmet: float
    cost_before: float
    income: float
    support: float  # all funds less the up-front cost
    ask: float  # rate
    capacity: float  # rate
    recurrent: float  # rate
    nonrecurrent: float  # rate
    cost: float
    balance: float
    underlying: float
    pressure: float
    cash_releasing: float
    measured: float
    shortfall: float  # rate
    backlog: float
    guarded: bool

    @property
    def met_plan(self) -> bool:
        """Whether practically all that was planned was saved."""
        return self.recurrent + self.nonrecurrent >= WHOLE_PLAN * self.ask


def smooth_minimum(ask: float, capacity: float, sharpness: float) -> float:
    """The smaller root of the hyperbola, in the form that does not cancel.

    (ask + K)^2 - 4 theta ask K, taken apart: where theta is near 1 and the two are
    near each other, that difference would lose half of its digits.
    """
    both = ask + capacity
    if both == 0.0:
        return 0.0
    apart = (ask - capacity) ** 2
    root = math.sqrt(apart + 4.0 * (1.0 - sharpness) * ask * capacity)
    return 2.0 * sharpness * ask * capacity / (both + root)


def activity_given(
    demand: float, funded: float, treated: float, waiting: float = 0.0
) -> float:
    """Growth of care given; spare money treats `waiting`, if there is as much of it."""
    if demand > funded:
        return funded + treated * (demand - funded)
    spare = funded - demand
    return demand + min(waiting, spare)


def planned(
    start: float, need: float, carry_over: float, year: Year, p: Parameters
) -> float:
    """The savings plan as a rate: what is wanted, within what boards believe in."""
    wanted = start + p.gap_closed * need + (1 - p.gap_closed) * carry_over
    limit = p.plan_limit * year.plan_size
    return min(smooth_minimum(wanted, limit, p.plan_sharpness), p.ask_max)


def shares(amounts: Sequence[float]) -> list[float]:
    total = sum(amounts)
    return [amount / total if total != 0.0 else 0.0 for amount in amounts]


def before_guards(state: State, p: Parameters, year: Year) -> tuple[float, ...]:
    """Activity, cost before savings and income; nothing is kept from passing zero."""
    national = p.national_share
    uplift = national * year.uplift + (1 - national) * year.other_uplift
    funded = year.growth
    if year.settled:
        funded = funded_activity(year.growth, uplift)
    waiting = p.works_off * max(min(state.unmet, funded - year.demand), 0.0)
    activity = activity_given(year.demand, funded, p.treated, waiting)
    lasting = (
        state.cost
        * (1 + year.inflation + year.pressure)
        * (1 + p.cost_elasticity * activity)
    )
    unfunded = p.marginal_payment * (activity - funded)
    at_prices = (1 + uplift) * (1 + funded + unfunded)
    income = state.income * at_prices * (1 + year.passed_on)
    return activity, lasting + state.payback, income


def trust_year(
    state: State, parameters: Parameters, year: Year
) -> tuple[State, Outputs]:
    """One trust through one year: what it carries on, and what it did."""
    p = parameters

    activity, cost_before, income = before_guards(state, p, year)
    unmet = state.unmet + (year.demand - activity)
    guarded = cost_before < LEAST_COST or income < 0.0
    cost_before = max(cost_before, LEAST_COST)
    income = max(income, 0.0)
    given = year.support - year.upfront

    start = p.plan_floor * year.plan_size
    if year.follows_tariff:
        in_deficit = cost_before * (1 - year.rate) > income
        start = year.rate + (year.addon if in_deficit else 0.0)
    left_open = cost_before * (1 - start) - income - p.planned_support * given
    need = max(left_open / cost_before, 0.0)
    ask = planned(start, need, state.carry_over, year, p)

    reachable = [h * s for h, s in zip(p.access, state.stocks, strict=True)]
    capacity = p.lever * year.delivery * sum(reachable)
    recurrent = smooth_minimum(ask, capacity, p.sharpness)
    real = p.real_share * recurrent

    one_off_stock = sum(state.one_offs)
    nonrecurrent = min(p.one_off_fill * (ask - recurrent), one_off_stock)
    deficit = cost_before * (1 - real - nonrecurrent) - income - given
    support = given + min(p.need_part * max(deficit, 0.0), year.need_limit)
    gap = (cost_before * (1 - real - nonrecurrent) - income - support) / cost_before
    if 0 < gap <= p.balance_reach * (one_off_stock - nonrecurrent):
        nonrecurrent += gap

    cost = cost_before * (1 - real) - state.payback
    shortfall = max(ask - recurrent - nonrecurrent, 0.0)
    paid_out = cost + state.payback - nonrecurrent * cost_before
    balance = as_judged(income + support - paid_out, cost_before)

    own_effort = real + (1 - p.cost_elasticity) * activity
    stocks = [
        max(stock - real * share, 0.0) + renewal
        for stock, share, renewal in zip(
            state.stocks, shares(reachable), p.renewal_of_stock, strict=True
        )
    ]
    used = [nonrecurrent * share for share in shares(state.one_offs)]
    one_offs = [
        min(max(stock - use, 0.0) + p.one_off_scale * renewal, p.one_off_scale * cap)
        for stock, use, renewal, cap in zip(
            state.one_offs, used, p.one_off_renewal, p.one_off_cap, strict=True
        )
    ]
    returning = sum(r * use for r, use in zip(p.payback_rates, used, strict=True))
    deferred = used[DEFERRED_MAINTENANCE] * cost_before
    backlog = state.backlog * (1 + p.backlog_growth) + deferred

    after = State(
        income=income,
        cost=cost,
        stocks=stocks,
        one_offs=one_offs,
        carry_over=nonrecurrent + (1 - p.forgiven) * shortfall,
        payback=cost_before * returning,
        unmet=unmet,
        backlog=backlog,
    )
    done = Outputs(
        activity=activity,
        unmet=unmet,
        cost_before=cost_before,
        income=income,
        support=support,
        ask=ask,
        capacity=capacity,
        recurrent=recurrent,
        nonrecurrent=nonrecurrent,
        cost=cost,
        balance=balance,
        underlying=income - cost,
        pressure=year.pressure,
        cash_releasing=own_effort - (year.pressure - year.paid_pressure),
        measured=own_effort - year.pressure + p.quality,
        shortfall=shortfall,
        backlog=backlog,
        guarded=guarded,
    )
    return after, done


def trajectory(
    state: State, parameters_by_year: Sequence[Parameters], years: Sequence[Year]
) -> list[Outputs]:
    """One trust through all years."""
    outputs = []
    for parameters, year in zip(parameters_by_year, years, strict=True):
        state, done = trust_year(state, parameters, year)
        outputs.append(done)
    return outputs


def as_judged(balance: float, cost_before: float) -> float:
    """A balance that is nothing but rounding is exactly nothing."""
    return balance if abs(balance) > TIE * cost_before else 0.0


def reaches(achieved: float, required: float) -> bool:
    """Whether enough was achieved; a tie to nine figures is enough."""
    return achieved >= required - TIE * abs(required)


def outcomes(
    outputs: Sequence[Outputs], rates: Sequence[float], own: str
) -> dict[str, bool]:
    """The six outcomes of one trust; `own` is the one that the target is meant on."""
    required = sum(r * done.cost_before for r, done in zip(rates, outputs, strict=True))
    lasting = sum(done.recurrent * done.cost_before for done in outputs)
    passing = sum(done.nonrecurrent * done.cost_before for done in outputs)
    return named(
        own,
        any_means=reaches(lasting + passing, required),
        recurrent=reaches(lasting, required),
        cash_releasing=reaches(sum(d.cash_releasing for d in outputs), sum(rates)),
        measured=reaches(sum(d.measured for d in outputs), sum(rates)),
        balance=outputs[-1].balance >= 0.0,
    )


def group_outcomes(
    trusts: Sequence[Sequence[Outputs]], rates: Sequence[float], own: str
) -> dict[str, bool]:
    """The six outcomes of several trusts, on sums of money."""
    lasting, passing, required = 0.0, 0.0, 0.0
    cash_releasing, measured = 0.0, 0.0
    balance = 0.0
    for year, rate in zip(zip(*trusts, strict=True), rates, strict=True):
        cost = sum(done.cost_before for done in year)
        lasting += sum(done.recurrent * done.cost_before for done in year)
        passing += sum(done.nonrecurrent * done.cost_before for done in year)
        required += rate * cost
        cash_releasing += sum(d.cash_releasing * d.cost_before for d in year) / cost
        measured += sum(done.measured * done.cost_before for done in year) / cost
        # The last year's stands.
        balance = as_judged(sum(done.balance for done in year), cost)
    return named(
        own,
        any_means=reaches(lasting + passing, required),
        recurrent=reaches(lasting, required),
        cash_releasing=reaches(cash_releasing, sum(rates)),
        measured=reaches(measured, sum(rates)),
        balance=balance >= 0.0,
    )


def named(own: str, **achieved: bool) -> dict[str, bool]:
    """Add what lasts: the target's own outcome, and balance with it."""
    return {**achieved, "sustained": achieved[own] and achieved["balance"]}


def opened(
    *,
    income: float,
    cost: float,
    stocks: Sequence[float],
    one_offs: Sequence[float],
    carry_over: float,
    backlog: float,
    opportunity_scale: float,
    one_off_scale: float,
    cost_error: float,
    other_income: float,
    acute: bool,
) -> State:
    """A trust before the first year, as one draw believes that it stood."""
    return State(
        income=income + income * for_a_type(other_income, acute),
        cost=cost + cost * cost_error,
        stocks=[opportunity_scale * stock for stock in stocks],
        one_offs=[one_off_scale * stock for stock in one_offs],
        carry_over=carry_over,
        backlog=backlog,
    )


def ar1(innovations: Sequence[float], sd: float, persistence: float) -> list[float]:
    """A stationary first-order path whose sd is `sd` in every year."""
    path: list[float] = []
    fresh = sd * math.sqrt(1 - persistence * persistence)
    for innovation in innovations:
        path.append(
            persistence * path[-1] + fresh * innovation if path else sd * innovation
        )
    return path


def plan_size(z: float, sd: float) -> float:
    """How large a trust's plans are beside others': lognormal with mean 1."""
    return math.exp(sd * z - sd * sd / 2)


def for_a_type(more: float, acute: bool) -> float:
    """What one type gains where others than acute trusts have `more` than these.

    All types together gain nothing.
    """
    return -(1 - ACUTE_INCOME) * more if acute else ACUTE_INCOME * more


def national_pressure(
    acute_pressure: float, other_part: float, shock: float, acute: bool
) -> float:
    """Cost pressure of one type of trust in one year."""
    return acute_pressure * (1.0 if acute else other_part) + shock


def pressure_made_good(pressure: float, part: float) -> float:
    """Growth of income for pressure; of less pressure than none nothing is taken."""
    return part * pressure if pressure > 0.0 else 0.0


def rebased(pay: float, nonpay: float, uplift: float, part: float) -> float:
    """Growth of prices that makes good what the year before cost beyond its uplift."""
    cost = PAY_IN_PRICES * pay + (1 - PAY_IN_PRICES) * nonpay
    return part * (cost - uplift)


def implied_deflator(cash_growth: float, real_growth: float) -> float:
    return (1 + cash_growth) / (1 + real_growth) - 1


def settlement_growth(
    cash_growth: float,
    real_growth: float,
    reach: float,
    *,
    reach_scale: float = 1.0,
    top_slice: float = 0.0,
    tilt: float = 0.0,
    paid_pressure: float = 0.0,
) -> float:
    """Growth of money for care that reaches one type of trust.

    `reach_scale` is the part of real growth that reaches trusts at all, `tilt` what
    its type gets beside others. What pays for pressure out of the cash buys no care.
    """
    reaching = implied_deflator(cash_growth, real_growth)
    reaching += reach_scale * real_growth * reach - top_slice + tilt
    return (1 + reaching) / (1 + paid_pressure) - 1


def funded_activity(growth: float, uplift: float) -> float:
    """Growth of activity that the money buys at this year's prices."""
    return (1 + growth) / (1 + uplift) - 1


def agency_pressure(pay_share: float, premium: float, shares: Sequence[float]) -> float:
    """Pay pressure of a year from agency shares (of last year, of this year)."""
    before, now = shares
    return pay_share * premium * (now - before)


def wilson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a probability, from k successes in n draws."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = k / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if k == 0 else (centre - half) / scale
    high = 1.0 if k == n else (centre + half) / scale
    return low, high
