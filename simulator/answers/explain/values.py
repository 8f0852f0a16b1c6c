"""What the names in the formulas stand for: the model's own values of one future."""

import math
from collections.abc import Sequence

from simulator import drivers
from simulator.drivers import draws
from simulator.kernel.records import State
from simulator.kernel.trust_year import LEAST_STOCK, prices_of
from simulator.running.future import Future, Year
from simulator.scenario.model import by_year
from simulator.schema import ONE_OFFS, POOLS

Values = dict[str, float]


def parts(name: str, which: Sequence[str], values: Sequence[float]) -> Values:
    """Name each part of a quantity."""
    return {f"{name}.{p}": v for p, v in zip(which, values, strict=True)}


def state_of(state: State) -> Values:
    """Give what a trust carries."""
    names = ("income", "cost", "carry_over", "payback", "unmet", "backlog")
    return {
        **{name: getattr(state, name) for name in names},
        **parts("opportunity", POOLS, state.opportunity),
        **parts("one_offs", ONE_OFFS, state.one_offs),
    }


def takes_part(future: Future, programme: str) -> bool:
    """Tell whether a programme is for the trust's type."""
    found = future.job.scenario.programmes[programme]
    kind = future.job.population.trust_type[future.trust]
    return found.enabled and kind in found.types


def standing(future: Future) -> Values:
    """Give what holds for the trust in every year, beliefs and opening included."""
    job, i = future.job, future.trust
    people, scenario = job.population, job.scenario
    demand, prices, delivery = scenario.demand, scenario.prices, scenario.delivery
    stocks = [getattr(delivery.one_offs, name).stock for name in ONE_OFFS]
    return {
        **future.values,
        "conditions.lowest": scenario.conditions.lowest,
        "conditions.highest": scenario.conditions.highest,
        "population.income": float(people.income[i]),
        "population.cost": float(people.cost[i]),
        "population.opportunity": float(people.opportunity[i]),
        **parts("share", POOLS, [getattr(delivery.pool_shares, p) for p in POOLS]),
        **parts("stock", ONE_OFFS, stocks),
        "other_weight": float(job.trusts.other_weight[i]),
        "pay_share": float(people.pay_share[i]),
        "nation.pay_share": draws.PAY_SHARE,
        "demand.type_sd": demand.type_sd,
        "demand.trust_sd": demand.trust_sd,
        "prices.trust_drift_sd": prices.trust_drift_sd,
        "prices.trust_sd": prices.trust_sd,
        "delivery.persistent_sd": delivery.persistent_sd,
        "delivery.year_sd": delivery.year_sd,
        "delivery.plan_sd": delivery.plan_sd,
    }


def rules_of(year: Year) -> Values:
    """Give the rules of a year and what is believed."""
    rules = year.rules
    return {
        **year.belief._asdict(),
        **parts("access", POOLS, rules.access),
        **parts("renewal", ONE_OFFS, rules.renewal),
        **parts("cap", ONE_OFFS, rules.cap),
        **parts("payback_share", ONE_OFFS, rules.payback),
        **{
            name: getattr(rules, name)
            for name in (
                "backlog_growth",
                "ask_max",
                "plan_sharpness",
                "works_off",
                "need_part",
                "planned_support",
            )
        },
    }


def brought(future: Future, year: Year, y: int) -> Values:
    """Give what a year brings to the trust, and what makes it."""
    found = year.drivers._asdict()
    found |= parts("new_opportunity", POOLS, found.pop("new_opportunity"))
    last_year = _beyond_uplift(future, y - 1) if y else 0.0
    return {
        **found,
        **_care_and_cost(future, year, y),
        **_saving(future, year, y),
        **_programmes(future, y),
        "beyond_uplift_last_year": last_year,
        "made_good": future.values["prices.made_good"] * last_year,
        "beyond_uplift": _beyond_uplift(future, y),
    }


def _care_and_cost(future: Future, year: Year, y: int) -> Values:
    scenario, drawn = future.job.scenario, future.drawn
    prices, demand, n = scenario.prices, scenario.demand, scenario.years
    kind = future.job.population.trust_type[future.trust]
    trend, z = getattr(demand, kind).trend, year.normals
    agency = by_year(prices.agency_share, n + 1)
    high = float(drawn.high_inflation[y, 0])
    acute = future.values["prices.pressure"]
    of_type = acute * future.values["prices.pressure_other"]
    return {
        **{f"z.{name}": value for name, value in z.items()},
        "demand.trend": trend[y]
        if isinstance(trend, tuple)
        else future.values[f"demand.{kind}.trend"],
        "demand.national": year.shocks["demand"],
        "demand.type": demand.type_sd * z["type"],
        "demand.own": demand.trust_sd * z["demand"],
        "high_inflation": high,
        "tail": high * future.values["prices.tail.size"],
        "prices.pay": by_year(prices.pay, n)[y],
        "prices.nonpay": by_year(prices.nonpay, n)[y],
        "pay.shock": year.shocks["pay"],
        "nonpay.shock": year.shocks["nonpay"],
        "agency_share": agency[y + 1],
        "agency_share_last_year": agency[y],
        "pay": float(drawn.pay[y, 0]),
        "nonpay": float(drawn.nonpay[y, 0]),
        "pressure.type": acute if kind == draws.ACUTE else of_type,
        "pressure.national": year.shocks["pressure"],
        "pressure.drift": prices.trust_drift_sd * z["drift"],
        "pressure.own": prices.trust_sd * z["pressure"],
    }


def _saving(future: Future, year: Year, y: int) -> Values:
    delivery, z = future.job.scenario.delivery, year.normals
    return {
        "delivery.national": float(future.drawn.delivery[y, 0]),
        "delivery.persistent": delivery.persistent_sd * z["persistent"],
        "delivery.own": delivery.year_sd * z["delivery"],
    }


def decided(future: Future, year: Year, y: int) -> Values:
    """Give prices, the settlement and what is shared of it."""
    scenario, population = future.job.scenario, future.job.population
    funding, n = scenario.funding, scenario.years
    kind = population.trust_type[future.trust]
    found = year.terms._asdict()
    found["fixed_support"] = found.pop("support")
    taken = scenario.targets[future.target].from_prices
    found |= {} if taken is None else {"from_prices": by_year(taken, n)[y]}
    if funding.basis != "settlement":
        growth = getattr(funding.activity_growth, kind)
        given = {"activity_growth": by_year(growth, n)[y]}
        return {**found, **given, "growth_unpriced": funding.growth_unpriced}
    assert funding.cash is not None
    assert funding.real_growth is not None
    return {
        **found,
        "cash": funding.cash[y + 1],
        "cash_last_year": funding.cash[y],
        "real_growth": by_year(funding.real_growth, n)[y],
        "reach": getattr(funding.reach, kind),
        "top_slice": by_year(funding.top_slice, n)[y],
        "deflator": drivers.deflator_path(scenario)[y],
    }


def _beyond_uplift(future: Future, y: int) -> float:
    """Give the nation's inflation of a year beyond the uplift of prices for it."""
    pay, nonpay = float(future.drawn.pay[y, 0]), float(future.drawn.nonpay[y, 0])
    inflation = draws.PAY_SHARE * pay + (1.0 - draws.PAY_SHARE) * nonpay
    scenario = future.job.scenario
    return inflation - by_year(scenario.prices.cost_uplift, scenario.years)[y]


def _programmes(future: Future, y: int) -> Values:
    """Give what a year of each programme brings and costs."""
    scenario, found = future.job.scenario, {}
    for name in future.happens:
        programme, path = scenario.programmes[name], f"programmes.{name}"
        found[f"{path}.opportunity"] = programme.opportunity
        if y < len(programme.ramp):
            found[f"{path}.ramp"] = programme.ramp[y]
        upfront = by_year(programme.upfront_cost, scenario.years)
        found[f"{path}.upfront_cost"] = upfront[y]
    return found


def between(year: Year) -> Values:
    """Find what stands between the inputs of `trust_year` and its results."""
    before, terms, belief, rules = year.before, year.terms, year.belief, year.rules
    brought, result, income = year.drivers, year.result, year.after.income
    cost, sources = result.cost_before, before.one_offs
    prices = prices_of(
        belief.national_share, terms.price, terms.cost_uplift, terms.settled
    )
    funded = brought.growth * prices.per_price - 1.0
    found = _plan(year, terms.support - terms.opening_cost * brought.upfront)
    given = found["support_before_need"]
    available = sources[0] + sources[1] + sources[2] + sources[3]
    filled = min(belief.one_off_fill * (result.ask - result.recurrent), available)
    real = belief.real_share * result.recurrent
    spent = year.after.cost + before.payback - filled * cost
    drawn = result.nonrecurrent / available if available > LEAST_STOCK else 0.0
    h, s = rules.access, before.opportunity
    return {
        **found,
        "mean_price": prices.mean,
        "per_price": prices.per_price,
        "funded": funded,
        "waiting": rules.works_off
        * max(min(before.unmet, funded - brought.demand), 0.0),
        "ask_money": result.ask * cost,
        "within_reach": h[0] * s[0] + h[1] * s[1] + h[2] * s[2],
        "root": _root(result.ask, result.capacity, belief.sharpness),
        "recurrent_money": result.recurrent * cost,
        "real": real,
        "available": available,
        "filled": filled,
        "short": max(spent - income - given, 0.0),
        "gap": (spent - income - result.support) / cost,
        "last_reach": belief.balance_reach * (available - filled),
        "nonrecurrent_money": result.nonrecurrent * cost,
        "volume": (1.0 - belief.cost_elasticity) * result.activity,
        **parts("taken", ONE_OFFS, [drawn * held for held in sources]),
    }


def _plan(year: Year, given: float) -> Values:
    """Find how the plan comes about, `given` the support but for need."""
    terms, belief, rules = year.terms, year.belief, year.rules
    cost, income, size = (
        year.result.cost_before,
        year.after.income,
        year.drivers.plan_size,
    )
    less_the_rate = cost * (1.0 - terms.rate)
    addon = terms.deficit_addon if less_the_rate > income else 0.0
    start = terms.rate + addon if terms.follows_tariff else belief.plan_floor * size
    covered = (income + rules.planned_support * given) / cost
    need = max(1.0 - start - covered, 0.0)
    owed = (1.0 - belief.gap_closed) * year.before.carry_over
    wanted, limit = start + belief.gap_closed * need + owed, belief.plan_limit * size
    root = _root(wanted, limit, rules.plan_sharpness)
    whole = wanted + limit + root
    product = 2.0 * rules.plan_sharpness * wanted * limit
    return {
        "support_before_need": given,
        "cost_less_the_rate": less_the_rate,
        "start": start,
        "covered": covered,
        "need": need,
        "wanted": wanted,
        "limit": limit,
        "plan_root": root,
        "planned": product / whole if whole > 0.0 else 0.0,
    }


def _root(a: float, b: float, sharpness: float) -> float:
    return math.sqrt((a - b) ** 2 + 4.0 * (1.0 - sharpness) * a * b)
