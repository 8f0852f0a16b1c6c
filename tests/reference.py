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
ANY_MEANS_SHARE = 0.95
DEFERRED_MAINTENANCE = 3  # place among the four one-offs


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
    access: list[float]  # share of each pool that can be reached in a year
    renewal_of_stock: list[float]  # frontier * share + programme
    one_off_renewal: list[float]
    one_off_cap: list[float]
    payback_rates: list[float]
    backlog_growth: float
    ask_max: float


@dataclass(frozen=True, kw_only=True)
class Year:
    """What happens to one trust in one year of one draw, under one target."""

    demand: float
    inflation: float
    delivery: float = 1.0
    funded: float
    uplift: float  # cost uplift less the target's rate
    rate: float
    addon: float = 0.0
    support: float = 0.0  # GBP m, net of the up-front cost of programmes


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What one trust did in one year: rates on cost_before, money in GBP m."""

    activity: float
    unmet: float
    cost_before: float
    income: float
    ask: float  # rate
    capacity: float  # rate
    recurrent: float  # rate
    nonrecurrent: float  # rate
    cost: float
    balance: float
    underlying: float
    productivity: float
    shortfall: float  # rate
    backlog: float
    guarded: bool


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


def activity_given(demand: float, funded: float, treated: float) -> float:
    return demand if demand <= funded else funded + treated * (demand - funded)


def shares(amounts: Sequence[float]) -> list[float]:
    total = sum(amounts)
    return [amount / total if total != 0.0 else 0.0 for amount in amounts]


def trust_year(
    state: State, parameters: Parameters, year: Year
) -> tuple[State, Outputs]:
    """One trust through one year: what it carries on, and what it did."""
    p = parameters

    activity = activity_given(year.demand, year.funded, p.treated)
    unmet = state.unmet + (year.demand - activity)

    cost_before = (
        state.cost * (1 + year.inflation) * (1 + p.cost_elasticity * activity)
        + state.payback
    )
    unfunded = p.marginal_payment * (activity - year.funded)
    income = state.income * (1 + year.uplift) * (1 + year.funded + unfunded)
    guarded = cost_before < LEAST_COST or income < 0.0
    cost_before = max(cost_before, LEAST_COST)
    income = max(income, 0.0)

    in_deficit = cost_before * (1 - year.rate) > income
    addon = year.addon if in_deficit else 0.0
    ask = min(max(year.rate + addon + state.carry_over, 0.0), p.ask_max)
    reachable = [h * s for h, s in zip(p.access, state.stocks, strict=True)]
    capacity = p.lever * year.delivery * sum(reachable)
    recurrent = smooth_minimum(ask, capacity, p.sharpness)
    real = p.real_share * recurrent

    one_off_stock = sum(state.one_offs)
    nonrecurrent = min(p.one_off_fill * (ask - recurrent), one_off_stock)
    spent = cost_before * (1 - real - nonrecurrent)
    gap = (spent - income - year.support) / cost_before
    if 0 < gap <= p.balance_reach * (one_off_stock - nonrecurrent):
        nonrecurrent += gap

    cost = cost_before * (1 - real)
    shortfall = max(ask - recurrent - nonrecurrent, 0.0)

    stocks = [
        max(stock - real * share, 0.0) + renewal
        for stock, share, renewal in zip(
            state.stocks, shares(reachable), p.renewal_of_stock, strict=True
        )
    ]
    used = [nonrecurrent * share for share in shares(state.one_offs)]
    one_offs = [
        min(stock - use + renewal, cap)
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
        ask=ask,
        capacity=capacity,
        recurrent=recurrent,
        nonrecurrent=nonrecurrent,
        cost=cost,
        balance=income + year.support - cost + nonrecurrent * cost_before,
        underlying=income - cost,
        productivity=real + (1 - p.cost_elasticity) * activity,
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


def reaches(achieved: float, required: float) -> bool:
    """Whether enough was achieved; a tie to nine figures is enough."""
    return achieved >= required - TIE * abs(required)


def outcomes(outputs: Sequence[Outputs], rates: Sequence[float]) -> dict[str, bool]:
    """The five outcomes of one trust."""
    any_means = all(
        done.recurrent + done.nonrecurrent >= ANY_MEANS_SHARE * done.ask
        for done in outputs
    )
    recurrent = reaches(
        sum(done.recurrent * done.cost_before for done in outputs),
        sum(r * done.cost_before for r, done in zip(rates, outputs, strict=True)),
    )
    real = reaches(sum(done.productivity for done in outputs), sum(rates))
    balance = outputs[-1].balance >= -TIE * outputs[-1].cost_before
    return named(any_means, recurrent, real, balance)


def group_outcomes(
    trusts: Sequence[Sequence[Outputs]], rates: Sequence[float]
) -> dict[str, bool]:
    """The five outcomes of several trusts, on sums of money."""
    any_means = True
    saved, required, productivity = 0.0, 0.0, 0.0
    balance = False
    for year, rate in zip(zip(*trusts, strict=True), rates, strict=True):
        cost = sum(done.cost_before for done in year)
        delivered = sum(
            (done.recurrent + done.nonrecurrent) * done.cost_before for done in year
        )
        asked = sum(done.ask * done.cost_before for done in year)
        any_means = any_means and delivered >= ANY_MEANS_SHARE * asked
        saved += sum(done.recurrent * done.cost_before for done in year)
        required += rate * cost
        productivity += (
            sum(done.productivity * done.cost_before for done in year) / cost
        )
        # The last year's stands.
        balance = sum(done.balance for done in year) >= -TIE * cost
    recurrent = reaches(saved, required)
    real = reaches(productivity, sum(rates))
    return named(any_means, recurrent, real, balance)


def named(
    any_means: bool, recurrent: bool, real: bool, balance: bool
) -> dict[str, bool]:
    return {
        "any_means": any_means,
        "recurrent": recurrent,
        "real": real,
        "balance": balance,
        "sustained": real and balance,
    }


def ar1(innovations: Sequence[float], sd: float, persistence: float) -> list[float]:
    """A stationary first-order path whose sd is `sd` in every year."""
    path: list[float] = []
    fresh = sd * math.sqrt(1 - persistence * persistence)
    for innovation in innovations:
        path.append(
            persistence * path[-1] + fresh * innovation if path else sd * innovation
        )
    return path


def implied_deflator(cash_growth: float, real_growth: float) -> float:
    return (1 + cash_growth) / (1 + real_growth) - 1


def settlement_growth(cash_growth: float, real_growth: float, reach: float) -> float:
    """Growth of money that reaches one type of trust."""
    return implied_deflator(cash_growth, real_growth) + real_growth * reach


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
