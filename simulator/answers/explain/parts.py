"""A future line by line: beliefs, opening position, every year, every outcome."""

from collections.abc import Iterator
from typing import Final

from simulator import drivers
from simulator.answers.explain import formulas, values
from simulator.answers.explain.sheet import Line, Part, Sheet
from simulator.answers.explain.values import Values, takes_part
from simulator.answers.explain.variants import remarks, variants
from simulator.drivers import draws
from simulator.outcomes import OF_BASIS, OF_NAME
from simulator.running.future import Future, Year
from simulator.scenario.distributions import Certain
from simulator.scenario.model import by_year
from simulator.scenario.uncertain import CONDITIONS, uncertain
from simulator.schema import POOLS

Formulas = dict[str, str]


def parts_of(future: Future) -> list[Part]:
    """Write a future down."""
    sheet = Sheet()
    sheet.known |= values.standing(future)
    found = [
        Part("What this draw believes", None, _beliefs(sheet, future)),
        Part("Opening position", None, _opening(sheet, future)),
    ]
    for y, year in enumerate(future.years):
        found += _year(sheet, future, year, y)
    return [*found, *_outcomes(sheet, future)]


# --- before the first year ------------------------------------------------------------


def _beliefs(sheet: Sheet, future: Future) -> tuple[Line, ...]:
    """Write the beliefs that touch this trust; where each was drawn from beside it."""
    scenario, found, said = future.job.scenario, {}, {}
    for path, assumption in uncertain(scenario).items():
        if _touches(future, path):
            found[path] = future.values[path]
            sure = isinstance(assumption, Certain)
            said[path] = "certain" if sure else assumption.describe()
    for name, happens in future.happens.items():
        if takes_part(future, name):
            found[f"programmes.{name}.happens"] = happens
            chance = scenario.programmes[name].probability
            said[f"programmes.{name}.happens"] = f"1 or 0; the chance is {chance:g}"
    written = dict.fromkeys(found, "")
    product = " * ".join(f"conditions.{name}" for name in CONDITIONS)
    written["lever"] = f"min(max({product}, conditions.lowest), conditions.highest)"
    written["quality"] = "delivery.quality - prices.funded_drift + delivery.rebound"
    belief = future.years[0].belief
    found |= {"lever": belief.lever, "quality": belief.quality}
    said["quality"] = "what measured productivity adds to savings and volume"
    return sheet.lines(written, found, said)


def _touches(future: Future, path: str) -> bool:
    """Tell whether what is believed enters a formula of this trust."""
    kind = future.job.population.trust_type[future.trust]
    section, name, *_ = path.split(".")
    if section == "demand":
        return name in (kind, "bias")
    if section == "programmes":
        return takes_part(future, name)
    settled = future.job.scenario.funding.basis == "settlement"
    unread = {
        "prices.pressure_other": kind == draws.ACUTE,
        "funding.reach_scale": not settled,
        "funding.growth_error": settled,
    }
    return not unread.get(path, False)


def _opening(sheet: Sheet, future: Future) -> tuple[Line, ...]:
    found = sheet.known | values.state_of(future.years[0].before)
    gain = "what other trusts have more, acute ones have less: of one point, this type"
    said = {"income": f"{gain} has {sheet.known['other_weight']:+g}"}
    return sheet.lines(formulas.OPENING, found, said)


# --- one year -------------------------------------------------------------------------

WHAT_IS: Final = {
    "rate": "the target",
    "deficit_addon": "asked on top of a trust in deficit",
    "need_limit": "the most that funds for need pay",
    "growth": "1 + growth of the cash for activity that comes to this type of trust",
    "price": "growth of national prices",
    "mean_price": "growth of what all income is paid at",
    "per_price": "what turns growth into activity at the year's prices",
    "pressure": "growth of cost beyond inflation and activity",
    "paid_pressure": "the part of national pressure that income makes good",
    "beyond_uplift": "of the nation, for next year's prices to make good",
    "plan_size": "the trust's floor and limit as a multiple of others'",
    "upfront": "cost of programmes that happen, fraction of opening cost",
}


def _year(sheet: Sheet, future: Future, year: Year, y: int) -> Iterator[Part]:
    # What only stands in formulas is known; what has a line is written there.
    sheet.known |= values.rules_of(year) | values.state_of(year.before)
    shares, shared = _shares(future, y)
    decided = values.decided(future, year, y) | shared
    sheet.known |= decided
    lines = sheet.lines(_decided(future, year) | shares, decided, WHAT_IS)
    yield Part("What is decided", year.year, lines)

    brought = values.brought(future, year, y)
    sheet.known |= brought
    lines = sheet.lines(_brought(future, y), brought, WHAT_IS)
    yield Part("What the year brings", year.year, lines)

    found = values.between(year) | year.result._asdict() | values.state_of(year.after)
    steps = formulas.steps(
        "tariff" if year.terms.follows_tariff else "gap",
        future.job.scenario.funding.basis,
    )
    otherwise, said = variants(year, found, steps), remarks(year, found)
    for heading, step in steps.items():
        read = {name: otherwise.get(name, formula) for name, formula in step.items()}
        yield Part(heading, year.year, sheet.lines(read, found, said))
    sheet.known |= {f"{name}.{year.year}": found[name] for name in _SUMMED}
    sheet.known[f"rate.{year.year}"] = year.terms.rate


_SUMMED: Final = (
    "cost_before",
    "recurrent_money",
    "nonrecurrent_money",
    "cash_releasing",
    "measured",
)


def _decided(future: Future, year: Year) -> Formulas:
    addon = {"deficit_addon": ""} if year.terms.follows_tariff else {}
    own = future.job.scenario.targets[future.target].from_prices is None
    taken = {} if own else {"from_prices": ""}
    price = "cost_uplift - rate" if own else "cost_uplift - from_prices"
    prices = {"rate": "", **addon, **taken, "price": price}
    return prices | formulas.DECIDED[future.job.scenario.funding.basis]


def _shares(future: Future, y: int) -> tuple[Formulas, Values]:
    """Write what each support fund pays to the trust, or may pay at most."""
    scenario, population = future.job.scenario, future.job.population
    found: Formulas = {}
    shared: Values = {}
    paid: dict[bool, list[str]] = {False: [], True: []}
    for name, fund in scenario.funding.support.items():
        if not fund.enabled:
            continue
        path = f"support.{name}"
        claimed, whole = drivers.claims(fund, population)
        claim = float(claimed[future.trust])
        amount = by_year(fund.amount, scenario.years)[y]
        terms = {"claim": claim, "shared_over": whole, "amount": amount}
        shared |= {f"{path}.{term}": value for term, value in terms.items()}
        shared[path] = claim / whole * amount
        found[path] = f"{path}.claim / {path}.shared_over * {path}.amount"
        paid[fund.allocated_by == "need"].append(path)
    found["fixed_support"] = " + ".join(paid[False]) or "0"
    found["need_limit"] = " + ".join(paid[True]) or "0"
    return found, shared


def _brought(future: Future, y: int) -> Formulas:
    found = dict(formulas.CARE_AND_COST)
    if future.job.population.trust_type[future.trust] == draws.ACUTE:
        found["pressure.type"] = formulas.ACUTE_PRESSURE
    growth = {"growth": formulas.GROWTH[future.job.scenario.funding.basis]}
    found |= formulas.INCOME | growth | formulas.SAVING | _new_opportunity(future, y)
    costs = [
        f"programmes.{name}.upfront_cost * programmes.{name}.happens"
        for name in future.happens
        if takes_part(future, name)
    ]
    return {**found, "upfront": " + ".join(costs) or "0"}


def _new_opportunity(future: Future, y: int) -> Formulas:
    scenario, found = future.job.scenario, {}
    for pool in POOLS:
        formula = f"share.{pool} * delivery.frontier"
        for name in future.happens:
            programme, path = scenario.programmes[name], f"programmes.{name}"
            runs = y < len(programme.ramp) and programme.pool == pool
            if runs and takes_part(future, name):
                terms = ("ramp", "opportunity", "happens", "realisation")
                formula += " + " + " * ".join(f"{path}.{term}" for term in terms)
        found[f"new_opportunity.{pool}"] = formula
    return found


# --- after the last year --------------------------------------------------------------


def _outcomes(sheet: Sheet, future: Future) -> Iterator[Part]:
    """Write the sums that decide each outcome."""
    years = [str(year.year) for year in future.years]
    sums = {
        "saved_total": "recurrent_money.# + nonrecurrent_money.#",
        "recurrent_total": "recurrent_money.#",
        "target_total": "rate.# * cost_before.#",
        "cash_releasing_total": "cash_releasing.#",
        "measured_total": "measured.#",
        "rate_total": "rate.#",
    }
    written = {name: formulas.each(years, term) for name, term in sums.items()}
    decides = {
        "any_means": ("saved_total", "target_total"),
        "recurrent": ("recurrent_total", "target_total"),
        "cash_releasing": ("cash_releasing_total", "rate_total"),
        "measured": ("measured_total", "rate_total"),
        "balance": ("balance",),
    }
    totals = _totals(future)
    own = OF_BASIS[future.job.scenario.targets[future.target].basis].name
    for name, achieved in future.achieved.items():
        test = OF_NAME[name].test
        if name == "sustained":
            test += f"; this target is meant on {own}"
        heading = f"{name}: {'yes' if achieved else 'no'} ({test})"
        lines = {total: written.get(total, "") for total in decides.get(name, ())}
        yield Part(heading, None, sheet.lines(lines, totals, {}))


def _totals(future: Future) -> Values:
    """Add up over the years what outcomes are judged on."""
    results = [year.result for year in future.years]
    rates = [year.terms.rate for year in future.years]
    recurrent = [result.recurrent * result.cost_before for result in results]
    one_offs = [result.nonrecurrent * result.cost_before for result in results]
    asked = [x * r.cost_before for x, r in zip(rates, results, strict=True)]
    return {
        "saved_total": sum(recurrent) + sum(one_offs),
        "recurrent_total": sum(recurrent),
        "target_total": sum(asked),
        "cash_releasing_total": sum(result.cash_releasing for result in results),
        "measured_total": sum(result.measured for result in results),
        "rate_total": sum(rates),
        "balance": results[-1].balance,
    }
