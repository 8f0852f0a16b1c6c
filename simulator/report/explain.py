"""One future of one trust, written as arithmetic that a calculator can follow.

The values are the model's own (see `again.future_of`). The formulas are those of
docs/model.md, by the names used there, and are for the reader: no value of the model
is computed from them, and tests hold them to the values.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr

from simulator import drivers
from simulator.analysis.sampling import need_independent
from simulator.distributions import Certain
from simulator.drivers import by_year
from simulator.errors import RunFileError
from simulator.report.answer import financial_year
from simulator.running import again
from simulator.running.again import Future, Year
from simulator.schema import ONE_OFFS, OUTCOMES, POOLS
from simulator.wording import nearest, quote

GROUPS: Final = ("/", "/drivers", "/provenance")  # of the run file, that are read
FEW: Final = 20  # names that an error lists
DECIMALS: Final = 10  # of what is not money
FIGURES: Final = 10  # of the trust's opening cost, and as many decimals of all money
MONEY: Final = (
    "income",
    "cost",
    "cost_before",
    "cost_less_the_rate",
    "ask_money",
    "recurrent_money",
    "nonrecurrent_money",
    "recurrent_total",
    "target_total",
    "balance",
    "underlying",
    "payback",
    "backlog",
    "support",
)


TESTS: Final = {
    "any_means": "saved is enough in every year",
    "recurrent": "recurrent_total is target_total or more",
    "real": "productivity_total is rate_total or more",
    "balance": "the last year's balance is 0 or more",
    "sustained": "real and balance",
}


class Line(NamedTuple):
    """One quantity: its name, how it follows from others, and its value."""

    name: str
    formula: str  # in names; empty for what is given or drawn
    inputs: dict[str, float]  # what the names in the formula stand for
    value: float
    remark: str = ""


class Part(NamedTuple):
    """Some lines under a heading."""

    heading: str
    year: int | None
    lines: tuple[Line, ...]


# --- the future that is asked for -----------------------------------------------------


def trajectory(run: xr.DataTree, draw: int, trust: str, target: str) -> Future:
    """Make one future of a run again.

    Parameters
    ----------
    run
        As `open` gives it, with at least the groups in `GROUPS`.
    draw
        Number of one of the run's draws; it need not be kept.
    trust
        Code of a trust.
    target
        Name of a target.

    Raises
    ------
    RunFileError
        Where the run has no such draw, trust or target; where the file cannot be made
        again; or where its draw is another than this version makes.
    """
    need_independent(run, "explain")
    draws = int(run.attrs["draws"])
    if not 0 <= draw < draws:
        raise RunFileError(
            "draw",
            f"{draw} is not among the run's {draws:,} draws",
            f"give 0 to {draws - 1}, or add draws to the run",
        )
    root = run.to_dataset()
    places = _place("trust", trust, root), _place("target", target, root)
    job = again.counting_job_of(run)
    future = again.future_of(job, draw, *places)
    _check_same(run, future)
    return future


def _place(what: str, word: str, root: xr.Dataset) -> int:
    known = [str(name) for name in root[what].values]
    if word in known:
        return known.index(word)
    remedy = nearest(word, known)
    if len(known) > FEW and not remedy.startswith("did"):
        remedy = f"there are {len(known)}, from {quote(known[0])} to {quote(known[-1])}"
    raise RunFileError(what, f"the run has no {what} {quote(word)}", remedy)


def _check_same(run: xr.DataTree, future: Future) -> None:
    """Refuse to explain a draw that is not the one in the file."""
    stored = run["drivers"].to_dataset().isel(draw=future.draw)
    for name in ("pay", "nonpay", "delivery", "demand"):
        made = getattr(future.drawn, name)[..., 0].astype(np.float32)
        if not np.array_equal(made, stored[name].values):
            raise RunFileError(
                f"/drivers/{name}",
                f"draw {future.draw} is not the one that this version makes",
                "simulator verify says more; or run its scenario again",
            )


# --- the formulas ---------------------------------------------------------------------


def _each(parts: Sequence[str], formula: str) -> str:
    """Add up a formula over parts, each put in the place of `#`."""
    return " + ".join(formula.replace("#", part) for part in parts)


def _of_each(name: str, parts: Sequence[str], formula: str) -> dict[str, str]:
    return {f"{name}.{part}": formula.replace("#", part) for part in parts}


# What is drawn for a year has no formula.
BROUGHT_BY_THE_YEAR: Final = {
    "demand.national": "",
    "demand.type": "demand.type_sd * z.type",
    "demand.own": "demand.trust_sd * z.demand",
    "demand": "demand.trend + demand.bias + demand.national + demand.type + demand.own",
    "tail": "high_inflation * prices.tail.size",
    "pay.shock": "",
    "pay": "prices.pay + prices.premium + tail + pay.shock "
    "+ prices.agency_premium * (agency_share - agency_share_last_year)",
    "nonpay.shock": "",
    "nonpay": "prices.nonpay + prices.premium + tail + nonpay.shock",
    "inflation.drift": "prices.trust_drift_sd * z.drift",
    "inflation.own": "prices.trust_sd * z.cost",
    "inflation": "pay_share * pay + (1 - pay_share) * nonpay + inflation.drift "
    "+ inflation.own",
    "delivery.national": "",
    "delivery.persistent": "delivery.persistent_sd * z.persistent",
    "delivery.own": "delivery.year_sd * z.delivery",
    "delivery": "exp(delivery.national + delivery.persistent + delivery.own)",
}
SETTLEMENT: Final = {
    "deflator": "cash / cash_last_year / (1 + real_growth) - 1",
    "growth": "deflator + real_growth * reach - top_slice",
    "funded": "(1 + growth) / (1 + price) - 1",
}
# The steps of docs/model.md, section 4, as they read in most years.
STEPS: Final = {
    "1. Activity": {
        "activity": "funded + treated * (demand - funded)",
        "unmet": "unmet + (demand - activity)",
    },
    "2. Cost and income before savings": {
        "cost_before": "cost * (1 + inflation) * (1 + cost_elasticity * activity) "
        "+ payback",
        "income": "income * (1 + price) * (1 + funded + marginal_payment "
        "* (activity - funded))",
    },
    "3. The ask": {
        "cost_less_the_rate": "cost_before * (1 - rate)",
        "ask": "rate + carry_over",
        "ask_money": "ask * cost_before",
    },
    "4. Recurrent savings": {
        "within_reach": _each(POOLS, "access.# * opportunity.#"),
        "capacity": "lever * delivery * within_reach",
        "root": "sqrt((ask - capacity)^2 + 4 * (1 - sharpness) * ask * capacity)",
        "recurrent": "2 * sharpness * ask * capacity / (ask + capacity + root)",
        "recurrent_money": "recurrent * cost_before",
        "real": "real_share * recurrent",
    },
    "5. One-off savings": {
        "available": _each(ONE_OFFS, "one_offs.#"),
        "filled": "min(one_off_fill * (ask - recurrent), available)",
        "gap": "(cost_before * (1 - real - filled) - income - support) / cost_before",
        "last_reach": "balance_reach * (available - filled)",
        "nonrecurrent": "filled",
        "nonrecurrent_money": "nonrecurrent * cost_before",
    },
    "6. The accounts": {
        "cost": "cost_before * (1 - real)",
        "balance": "income + support - cost + nonrecurrent * cost_before",
        "underlying": "income - cost",
        "productivity": "real + (1 - cost_elasticity) * activity",
        "shortfall": "max(ask - recurrent - nonrecurrent, 0)",
    },
    "7. What is carried on": {
        **_of_each(
            "opportunity",
            POOLS,
            "max(opportunity.# - real * access.# * opportunity.# / within_reach, 0) "
            "+ new_opportunity.#",
        ),
        **_of_each("taken", ONE_OFFS, "nonrecurrent * one_offs.# / available"),
        **_of_each(
            "one_offs",
            ONE_OFFS,
            "min(max(one_offs.# - taken.#, 0) + renewal.#, cap.#)",
        ),
        "payback": f"cost_before * ({_each(ONE_OFFS, 'payback_share.# * taken.#')})",
        "backlog": "backlog * (1 + backlog_growth) "
        "+ taken.deferred_maintenance * cost_before",
        "carry_over": "nonrecurrent + (1 - forgiven) * shortfall",
    },
}


def _variants(year: Year, values: Mapping[str, float]) -> dict[str, str]:
    """Give the formulas that read otherwise in this year."""
    terms, found = year.terms, {}
    if year.drivers.demand <= terms.funded:
        found["activity"] = "demand"
    if year.result.guarded:
        step = STEPS["2. Cost and income before savings"]
        found["cost_before"] = f"max({step['cost_before']}, 0.000000001)"
        found["income"] = f"max({step['income']}, 0)"
    ask = "rate + carry_over"
    addon = terms.deficit_addon if _in_deficit(year, values) else 0.0
    if addon:
        ask = "rate + deficit_addon + carry_over"
    capped = terms.rate + addon + year.before.carry_over > year.rules.ask_max
    found["ask"] = f"min({ask}, ask_max)" if capped else ask
    if values["root"] + year.result.ask + year.result.capacity <= 0.0:
        found["recurrent"] = "0"
    if _last_one_off(year, values):
        found["nonrecurrent"] = "filled + gap"
    if values["within_reach"] <= 0.0:
        found |= _of_each("opportunity", POOLS, "opportunity.# + new_opportunity.#")
    if values["available"] <= 0.0:
        found |= _of_each("taken", ONE_OFFS, "0")
    return found


def _remarks(year: Year, values: Mapping[str, float]) -> dict[str, str]:
    """Say what a value decides."""
    addon = year.terms.deficit_addon
    in_deficit, reached = _in_deficit(year, values), _last_one_off(year, values)
    found = {
        "activity": "demand is above what is funded: part of the rest is treated"
        if year.drivers.demand > year.terms.funded
        else "all demand is funded",
        "cost_less_the_rate": "not above income: the trust is not in deficit",
        "last_reach": "there is no gap to close",
    }
    if in_deficit:
        more = ", so the add-on is asked" if addon else "; no add-on is asked"
        found["cost_less_the_rate"] = f"above income: the trust is in deficit{more}"
    if reached:
        found["last_reach"] = "the gap is within it: a last one-off brings balance"
    elif values["gap"] > 0.0:
        found["last_reach"] = "the gap is beyond it: there is no last one-off"
    if year.result.guarded:
        found["cost_before"] = "cost or income had to be kept from passing zero"
    return found


def _in_deficit(year: Year, values: Mapping[str, float]) -> bool:
    return values["cost_less_the_rate"] > year.after.income


def _last_one_off(year: Year, values: Mapping[str, float]) -> bool:
    """Tell whether a last one-off was made: read off the result, not judged again."""
    return year.result.nonrecurrent != values["filled"]


# --- the values -----------------------------------------------------------------------


def _parts(
    name: str, parts: Sequence[str], values: Sequence[float]
) -> dict[str, float]:
    return {f"{name}.{p}": v for p, v in zip(parts, values, strict=True)}


def _state(state: Any) -> dict[str, float]:
    names = ("income", "cost", "carry_over", "payback", "unmet", "backlog")
    return {
        **{name: getattr(state, name) for name in names},
        **_parts("opportunity", POOLS, state.opportunity),
        **_parts("one_offs", ONE_OFFS, state.one_offs),
    }


def _between(year: Year) -> dict[str, float]:
    """Find what stands between the inputs of `trust_year` and its results."""
    before, belief, result = year.before, year.belief, year.result
    ask, capacity, cost = result.ask, result.capacity, result.cost_before
    h, s, z = year.rules.access, before.opportunity, before.one_offs
    closeness = 4.0 * (1.0 - belief.sharpness) * ask * capacity
    available = z[0] + z[1] + z[2] + z[3]
    filled = min(belief.one_off_fill * (ask - result.recurrent), available)
    real = belief.real_share * result.recurrent
    spent = cost * (1.0 - real - filled)
    drawn = result.nonrecurrent / available if available > 0.0 else 0.0
    return {
        "cost_less_the_rate": cost * (1.0 - year.terms.rate),
        "ask_money": ask * cost,
        "within_reach": h[0] * s[0] + h[1] * s[1] + h[2] * s[2],
        "root": math.sqrt((ask - capacity) ** 2 + closeness),
        "recurrent_money": result.recurrent * cost,
        "real": real,
        "available": available,
        "filled": filled,
        "gap": (spent - year.after.income - year.terms.support) / cost,
        "last_reach": belief.balance_reach * (available - filled),
        "nonrecurrent_money": result.nonrecurrent * cost,
        **_parts("taken", ONE_OFFS, [drawn * held for held in z]),
    }


def _rules(year: Year) -> dict[str, float]:
    rules = year.rules
    return {
        **year.belief._asdict(),
        **_parts("access", POOLS, rules.access),
        **_parts("renewal", ONE_OFFS, rules.renewal),
        **_parts("cap", ONE_OFFS, rules.cap),
        **_parts("payback_share", ONE_OFFS, rules.payback),
        "backlog_growth": rules.backlog_growth,
        "ask_max": rules.ask_max,
    }


def _luck(future: Future, year: Year, y: int) -> dict[str, float]:
    """Give what makes a year's drivers, by the names in `BROUGHT_BY_THE_YEAR`."""
    scenario, drawn = future.job.scenario, future.drawn
    prices, demand, delivery = scenario.prices, scenario.demand, scenario.delivery
    n, kind = scenario.years, future.job.population.trust_type[future.trust]
    agency = by_year(prices.agency_share, n + 1)
    trend = getattr(demand, kind).trend
    sds = {
        "demand.type_sd": demand.type_sd,
        "demand.trust_sd": demand.trust_sd,
        "prices.trust_drift_sd": prices.trust_drift_sd,
        "prices.trust_sd": prices.trust_sd,
        "delivery.persistent_sd": delivery.persistent_sd,
        "delivery.year_sd": delivery.year_sd,
    }
    z = {f"z.{name}": value for name, value in year.normals.items()}
    high = float(drawn.high_inflation[y, 0])
    return {
        **future.values,
        **sds,
        **z,
        "demand.trend": trend[y]
        if isinstance(trend, tuple)
        else future.values[f"demand.{kind}.trend"],
        "demand.national": year.shocks["demand"],
        "demand.type": demand.type_sd * z["z.type"],
        "demand.own": demand.trust_sd * z["z.demand"],
        "demand": year.drivers.demand,
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
        "pay_share": float(future.job.population.pay_share[future.trust]),
        "inflation.drift": prices.trust_drift_sd * z["z.drift"],
        "inflation.own": prices.trust_sd * z["z.cost"],
        "inflation": year.drivers.inflation,
        "delivery.national": float(drawn.delivery[y, 0]),
        "delivery.persistent": delivery.persistent_sd * z["z.persistent"],
        "delivery.own": delivery.year_sd * z["z.delivery"],
        "delivery": year.drivers.delivery,
    }


# --- the lines ------------------------------------------------------------------------

_WORD: Final = re.compile(r"(?<![\w.])[A-Za-z_][\w.-]*")
_FUNCTIONS: Final = ("min", "max", "sqrt", "exp")


class _Sheet:
    """A sheet of paper: a name means the value that was written last."""

    def __init__(self) -> None:
        self.known: dict[str, float] = {}

    def lines(
        self,
        formulas: Mapping[str, str],
        values: Mapping[str, float],
        remarks: Mapping[str, str] | None = None,
    ) -> tuple[Line, ...]:
        """Write a line for each formula, its value taken from `values`."""
        return tuple(
            self._line(name, formula, values[name], (remarks or {}).get(name, ""))
            for name, formula in formulas.items()
        )

    def _line(self, name: str, formula: str, value: float, remark: str) -> Line:
        words = [word for word in _WORD.findall(formula) if word not in _FUNCTIONS]
        inputs = {word: self.known[word] for word in words}
        self.known[name] = value
        return Line(name, formula, inputs, value, remark)


def parts_of(future: Future) -> list[Part]:
    """Write a future down: beliefs, opening position, every year, every outcome."""
    sheet = _Sheet()
    parts = [
        Part("What this draw believes", None, _beliefs(sheet, future)),
        Part("Opening position", None, _opening(sheet, future)),
    ]
    for y, year in enumerate(future.years):
        parts += _year(sheet, future, year, y)
    return [*parts, *_outcomes(sheet, future)]


def _beliefs(sheet: _Sheet, future: Future) -> tuple[Line, ...]:
    """Write the beliefs that touch this trust; where each was drawn from beside it."""
    scenario, population = future.job.scenario, future.job.population
    kind, values, remarks = population.trust_type[future.trust], {}, {}
    for path, assumption in drivers.uncertain(scenario).items():
        section, name, *_ = path.split(".")
        if section == "demand" and name not in (kind, "bias"):
            continue
        if section == "programmes" and not _takes_part(future, name):
            continue
        values[path] = future.values[path]
        sure = isinstance(assumption, Certain)
        remarks[path] = "certain" if sure else assumption.describe()
    for name, happens in future.happens.items():
        if _takes_part(future, name):
            values[f"programmes.{name}.happens"] = happens
            chance = scenario.programmes[name].probability
            remarks[f"programmes.{name}.happens"] = f"1 or 0; the chance is {chance:g}"
    formulas = dict.fromkeys(values, "")
    for name in ("lowest", "highest"):
        sheet.known[f"conditions.{name}"] = getattr(scenario.conditions, name)
    product = " * ".join(f"conditions.{name}" for name in drivers.CONDITIONS)
    formulas["lever"] = f"min(max({product}, conditions.lowest), conditions.highest)"
    values["lever"] = float(future.drawn.lever[0])
    return sheet.lines(formulas, values, remarks)


def _takes_part(future: Future, programme: str) -> bool:
    found = future.job.scenario.programmes[programme]
    kind = future.job.population.trust_type[future.trust]
    return found.enabled and kind in found.types


def _opening(sheet: _Sheet, future: Future) -> tuple[Line, ...]:
    before = future.years[0].before
    shares = future.job.scenario.delivery.pool_shares
    values = _state(before)
    values["opportunity"] = float(future.job.population.opportunity[future.trust])
    sheet.known |= _parts("share", POOLS, [getattr(shares, pool) for pool in POOLS])
    sheet.known |= {"opening_income": before.income, "opening_cost": before.cost}
    whole = "opportunity * share.# * delivery.opportunity_scale"
    split = _of_each("opportunity", POOLS, whole)
    formulas = {name: split.get(name, "") for name in ("opportunity", *values)}
    return sheet.lines(formulas, values)


def _year(sheet: _Sheet, future: Future, year: Year, y: int) -> Iterator[Part]:
    luck = _luck(future, year, y)
    new = _parts("new_opportunity", POOLS, year.drivers.new_opportunity)
    decided, plan = _decided(future, year, y)
    between = _between(year)
    values = {**between, **year.result._asdict(), **_state(year.after)}
    variants, remarks = _variants(year, values), _remarks(year, values)
    # What only stands in formulas is known; what has a line is written there.
    sheet.known |= {**_rules(year), **luck, **_programmes(future, y), **plan}
    sheet.known |= _state(year.before)
    formulas = {**BROUGHT_BY_THE_YEAR, **_new_opportunity(future, y)}
    lines = sheet.lines(formulas, {**luck, **new})
    yield Part("What the year brings", year.year, lines)
    said = {"rate": "the target", "deficit_addon": "asked on top of a trust in deficit"}
    lines = sheet.lines(decided, {**plan, **year.terms._asdict()}, said)
    yield Part("What is decided", year.year, lines)
    for heading, step in STEPS.items():
        read = {name: variants.get(name, formula) for name, formula in step.items()}
        yield Part(heading, year.year, sheet.lines(read, values, remarks))
    for name in ("ask", "recurrent", "nonrecurrent", "productivity", "cost_before"):
        sheet.known[f"{name}.{year.year}"] = getattr(year.result, name)
    sheet.known[f"recurrent_money.{year.year}"] = between["recurrent_money"]
    sheet.known[f"rate.{year.year}"] = year.terms.rate


def _new_opportunity(future: Future, y: int) -> dict[str, str]:
    scenario, formulas = future.job.scenario, {}
    for pool in POOLS:
        formula = f"share.{pool} * delivery.frontier"
        for name in future.happens:
            programme, path = scenario.programmes[name], f"programmes.{name}"
            runs = y < len(programme.ramp) and programme.pool == pool
            if runs and _takes_part(future, name):
                terms = ("ramp", "opportunity", "happens", "realisation")
                formula += " + " + " * ".join(f"{path}.{term}" for term in terms)
        formulas[f"new_opportunity.{pool}"] = formula
    return formulas


def _programmes(future: Future, y: int) -> dict[str, float]:
    scenario, found = future.job.scenario, {}
    for name in future.happens:
        programme, path = scenario.programmes[name], f"programmes.{name}"
        found[f"{path}.opportunity"] = programme.opportunity
        if y < len(programme.ramp):
            found[f"{path}.ramp"] = programme.ramp[y]
        upfront = by_year(programme.upfront_cost, scenario.years)
        found[f"{path}.upfront_cost"] = upfront[y]
    return found


def _decided(
    future: Future, year: Year, y: int
) -> tuple[dict[str, str], dict[str, float]]:
    """Give the formulas of what is decided for a year, and the numbers in them."""
    scenario, population = future.job.scenario, future.job.population
    funding, n = scenario.funding, scenario.years
    uplift = by_year(scenario.prices.cost_uplift, n)[y]
    formulas = {"rate": "", "deficit_addon": "", "price": "cost_uplift - rate"}
    values = {"cost_uplift": uplift}
    reaching = drivers.growth(scenario)
    if reaching is None:
        formulas["funded"] = ""
    else:
        assert funding.cash is not None
        assert funding.real_growth is not None
        formulas |= SETTLEMENT
        kind = population.trust_type[future.trust]
        values |= {
            "cash": funding.cash[y + 1],
            "cash_last_year": funding.cash[y],
            "real_growth": by_year(funding.real_growth, n)[y],
            "reach": getattr(funding.reach, kind),
            "top_slice": by_year(funding.top_slice, n)[y],
            "deflator": drivers.deflator_path(scenario)[y],
            "growth": float(reaching[population.type_index[future.trust], y]),
        }
    for name, fund in funding.support.items():
        if fund.enabled:
            path = f"support.{name}"
            claimed, whole = drivers.claims(fund, population)
            claim, amount = float(claimed[future.trust]), by_year(fund.amount, n)[y]
            terms = {"claim": claim, "shared_over": whole, "amount": amount}
            values |= {f"{path}.{term}": value for term, value in terms.items()}
            values[path] = claim / whole * amount
            formulas[path] = f"{path}.claim / {path}.shared_over * {path}.amount"
    paid = " + ".join(name for name in formulas if name.startswith("support.")) or "0"
    for name in future.happens:
        if _takes_part(future, name):
            paid += f" - programmes.{name}.upfront_cost * opening_cost"
    return {**formulas, "support": paid}, values


def _outcomes(sheet: _Sheet, future: Future) -> Iterator[Part]:
    """Write the sums that decide each outcome."""
    years = [year.year for year in future.years]

    def total(term: str) -> str:
        return _each([str(year) for year in years], term)

    recurrent = {"recurrent_total": total("recurrent_money.#")}
    recurrent["target_total"] = total("rate.# * cost_before.#")
    real = {
        "productivity_total": total("productivity.#"),
        "rate_total": total("rate.#"),
    }
    any_means, values = {}, {}
    for year in future.years:
        when, result = year.year, year.result
        any_means[f"saved.{when}"] = f"recurrent.{when} + nonrecurrent.{when}"
        any_means[f"enough.{when}"] = f"0.95 * ask.{when}"
        values[f"saved.{when}"] = result.recurrent + result.nonrecurrent
        values[f"enough.{when}"] = 0.95 * result.ask
    values["balance"] = future.years[-1].result.balance
    money = [year.result.recurrent * year.result.cost_before for year in future.years]
    asked = [year.terms.rate * year.result.cost_before for year in future.years]
    values["recurrent_total"], values["target_total"] = sum(money), sum(asked)
    values["productivity_total"] = sum(y.result.productivity for y in future.years)
    values["rate_total"] = sum(year.terms.rate for year in future.years)
    sums: dict[str, dict[str, str]] = {"any_means": any_means, "recurrent": recurrent}
    sums |= {"real": real, "balance": {"balance": ""}, "sustained": {}}
    for name in OUTCOMES:
        met = "yes" if future.achieved[name] else "no"
        heading = f"{name}: {met} ({TESTS[name]})"
        yield Part(heading, None, sheet.lines(sums[name], values))


# --- on paper -------------------------------------------------------------------------


def render(future: Future, year: int | None = None) -> str:
    """Write a future as text, or one year of it.

    Each formula is written in names where it first appears, and in numbers always, as
    a spreadsheet takes it.
    """
    decimals = _money_decimals(future)
    said = [*_title(future), "", *_summary(future), "", *_key(decimals)]
    seen: set[tuple[str, str]] = set()
    shown: int | None = None
    for part in _chosen(future, year):
        if part.year != shown:
            shown = part.year
            title = financial_year(shown) if shown else "Outcomes"
            said += ["", title, "=" * len(title)]
        said += ["", part.heading]
        for line in part.lines:
            said += _written(line, decimals, seen)
    return "\n".join(said)


def _title(future: Future) -> Iterator[str]:
    job, i = future.job, future.trust
    people, target = job.population, job.scenario.targets[future.target]
    kind = people.trust_type[i].replace("_", " ")
    yield job.scenario.title
    yield f"Trust {people.code[i]}, {people.trust_name[i]} ({kind})"
    yield f"Target {target.name}, meant on the {target.basis} basis"
    yield f"Draw {future.draw} of seed {job.seed}: one future, not a forecast"


def _summary(future: Future) -> Iterator[str]:
    for year in future.years:
        result, cost = year.result, year.result.cost_before
        yield (
            f"{financial_year(year.year)}: asked {result.ask * cost:.1f}m "
            f"({result.ask:.1%} of cost); saved {result.recurrent * cost:.1f}m "
            f"recurrent and {result.nonrecurrent * cost:.1f}m one-off; balance "
            f"{result.balance:.1f}m, underlying {result.underlying:.1f}m"
        )
    met = [name for name, achieved in future.achieved.items() if achieved]
    yield f"Achieved: {', '.join(met) or 'nothing'}"


def _key(decimals: int) -> Iterator[str]:
    yield "Names and formulas are those of docs/model.md, sections 4 to 6. Money is"
    yield f"GBP million, ends in m and is shown to {decimals} decimals. All else is a"
    yield f"fraction, shown to {DECIMALS} decimals: 0.011 is 1.1%. Zeros at the end are"
    yield "left out. A sum made from the numbers shown agrees with the one shown to"
    yield "the last digit or two. z. marks a standard normal number that was drawn: the"
    yield "luck of the type of trust, or of the trust."


def _written(line: Line, decimals: int, seen: set[tuple[str, str]]) -> Iterator[str]:
    value = _number(line.name, line.value, decimals)
    unit = "m" if _is_money(line.name) else ""
    if not line.formula:
        remark = f"  ({line.remark})" if line.remark else ""
        yield f"  {line.name} = {value}{unit}{remark}"
        return
    yield f"  {line.name} = {in_numbers(line, decimals)} = {value}{unit}"
    if (line.name, line.formula) not in seen:
        seen.add((line.name, line.formula))
        yield f"      = {line.formula}"
    if line.remark:
        yield f"      {line.remark}"


def in_numbers(line: Line, decimals: int) -> str:
    """Put numbers for the names in a formula, money with so many decimals."""

    def put(found: re.Match[str]) -> str:
        word = found[0]
        if word in _FUNCTIONS:
            return word
        return _number(word, line.inputs[word], decimals)

    sums = _WORD.sub(put, line.formula)
    sums = sums.replace(" + -", " - ").replace(" - -", " + ")
    return re.sub(r"([*/]) (-[\d.]+)", r"\1 (\2)", sums)


def _number(name: str, value: float, decimals: int) -> str:
    text = f"{value:.{decimals if _is_money(name) else DECIMALS}f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _is_money(name: str) -> bool:
    return name.split(".")[0] in MONEY


def _money_decimals(future: Future) -> int:
    cost = future.years[0].before.cost
    return max(2, FIGURES - 1 - math.floor(math.log10(cost)))


def as_records(future: Future, year: int | None = None) -> dict[str, object]:
    """Give a future for a script: every line with its inputs, nothing rounded."""
    population, job = future.job.population, future.job
    return {
        "scenario": job.scenario.name,
        "seed": job.seed,
        "draw": future.draw,
        "trust": population.code[future.trust],
        "type": population.trust_type[future.trust],
        "target": job.scenario.targets[future.target].name,
        "achieved": dict(future.achieved),
        "parts": [
            {**part._asdict(), "lines": [line._asdict() for line in part.lines]}
            for part in _chosen(future, year)
        ],
    }


def _chosen(future: Future, year: int | None) -> list[Part]:
    """Give everything, or what belongs to one year."""
    parts = parts_of(future)
    if year is None:
        return parts
    found = {one.year: one for one in future.years}
    if year not in found:
        raise RunFileError(
            "year",
            f"{year} is not a year of the run",
            f"give {min(found)} to {max(found)}, by first calendar year",
        )
    brought = _state(found[year].before).items()
    lines = tuple(Line(name, "", {}, value) for name, value in brought)
    own = [part for part in parts if part.year == year]
    return [Part("Brought into the year", year, lines), *own]
