"""How each quantity of a trust's year follows from others, as in most years.

By the names of docs/model.md. A formula is `""` where its quantity is given or drawn.
"""

from collections.abc import Sequence
from typing import Final

from simulator.schema import ONE_OFFS, POOLS


def each(parts: Sequence[str], formula: str) -> str:
    """Add up a formula over parts, each put in the place of `#`."""
    return " + ".join(formula.replace("#", part) for part in parts)


def of_each(name: str, parts: Sequence[str], formula: str) -> dict[str, str]:
    """Write a formula for each part, put in the place of `#`."""
    return {f"{name}.{part}": formula.replace("#", part) for part in parts}


def root_of(a: str, b: str, sharpness: str) -> str:
    """Write the root in the smooth minimum of two quantities."""
    return f"sqrt(({a} - {b})^2 + 4 * (1 - {sharpness}) * {a} * {b})"


def lesser_of(a: str, b: str, sharpness: str, root: str) -> str:
    """Write the smooth minimum of two quantities, given its root."""
    return f"2 * {sharpness} * {a} * {b} / ({a} + {b} + {root})"


OPENING: Final = {
    "population.income": "",
    "population.cost": "",
    "population.opportunity": "",
    "income": "population.income * (1 + other_weight * opening.other_income)",
    "cost": "population.cost * (1 + opening.cost_error)",
    **of_each(
        "opportunity",
        POOLS,
        "population.opportunity * share.# * delivery.opportunity_scale",
    ),
    **of_each("one_offs", ONE_OFFS, "stock.# * delivery.one_off_scale"),
    "carry_over": "",
    "payback": "",
    "unmet": "",
    "backlog": "",
}

# --- what a year brings ---------------------------------------------------------------

CARE_AND_COST: Final = {
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
    "inflation": "pay_share * pay + (1 - pay_share) * nonpay",
    "pressure.type": "prices.pressure_other * prices.pressure",
    "pressure.national": "",
    "pressure.drift": "prices.trust_drift_sd * z.drift",
    "pressure.own": "prices.trust_sd * z.pressure",
    "pressure": "pressure.type + pressure.national + pressure.drift + pressure.own",
}
ACUTE_PRESSURE: Final = "prices.pressure"
INCOME: Final = {
    "paid_pressure": "prices.pressure_paid * max(pressure.type + pressure.national, 0)",
    "made_good": "prices.made_good * beyond_uplift_last_year",
    "passed_on": "paid_pressure + made_good",
    "beyond_uplift": "nation.pay_share * pay + (1 - nation.pay_share) * nonpay "
    "- cost_uplift",
}
# By the basis of funding. Out of cash, what pays for pressure buys no activity; where
# activity is given, it is given.
DECIDED: Final = {
    "settlement": {
        "deflator": "cash / cash_last_year / (1 + real_growth) - 1",
    },
    "activity": {},
}
PER_PRICE: Final = {"settlement": "1 / (1 + mean_price)", "activity": "1"}
GROWTH: Final = {
    "settlement": "(1 + deflator - top_slice "
    "+ funding.reach_scale * reach * real_growth "
    "+ other_weight * funding.other_growth) / (1 + paid_pressure)",
    "activity": "1 + activity_growth - growth_unpriced * (1 - national_share) "
    "+ funding.growth_error + other_weight * funding.other_growth",
}
SAVING: Final = {
    "delivery.national": "",
    "delivery.persistent": "delivery.persistent_sd * z.persistent",
    "delivery.own": "delivery.year_sd * z.delivery",
    "delivery": "exp(delivery.national + delivery.persistent + delivery.own)",
    "plan_size": "exp(delivery.plan_sd * (z.plans - 0.5 * delivery.plan_sd))",
}

# --- the steps of docs/model.md, section 4 --------------------------------------------

START: Final = {
    "gap": {"start": "plan_floor * plan_size"},
    "tariff": {"cost_less_the_rate": "cost_before * (1 - rate)", "start": "rate"},
}


def steps(follows: str, basis: str) -> dict[str, dict[str, str]]:
    """Give the formulas of each step.

    Plans start from the gap or the tariff; `basis` is the basis of funding.
    """
    return {
        "1. Activity": {
            "mean_price": "national_share * price + (1 - national_share) * cost_uplift",
            "per_price": PER_PRICE[basis],
            "funded": "growth * per_price - 1",
            "waiting": "works_off * max(min(unmet, funded - demand), 0)",
            "activity": "funded + treated * (demand - funded)",
            "unmet": "unmet + (demand - activity)",
        },
        "2. Cost and income before savings": {
            "cost_before": "cost * (1 + inflation + pressure) "
            "* (1 + cost_elasticity * activity) + payback",
            "income": "income * (1 + mean_price) * (1 + passed_on) * (1 + funded "
            "+ marginal_payment * (activity - funded))",
            "support_before_need": "fixed_support - population.cost * upfront",
        },
        "3. The plan": {
            **START[follows],
            "covered": "(income + planned_support * support_before_need) / cost_before",
            "need": "max(1 - start - covered, 0)",
            "wanted": "start + gap_closed * need + (1 - gap_closed) * carry_over",
            "limit": "plan_limit * plan_size",
            "plan_root": root_of("wanted", "limit", "plan_sharpness"),
            "planned": lesser_of("wanted", "limit", "plan_sharpness", "plan_root"),
            "ask": "min(planned, ask_max)",
            "ask_money": "ask * cost_before",
        },
        "4. Recurrent savings": {
            "within_reach": each(POOLS, "access.# * opportunity.#"),
            "capacity": "lever * delivery * within_reach",
            "root": root_of("ask", "capacity", "sharpness"),
            "recurrent": lesser_of("ask", "capacity", "sharpness", "root"),
            "recurrent_money": "recurrent * cost_before",
            "real": "real_share * recurrent",
            "cost": "cost_before * (1 - real) - payback",
        },
        "5. One-off savings, and funds for need": {
            "available": each(ONE_OFFS, "one_offs.#"),
            "filled": "min(one_off_fill * (ask - recurrent), available)",
            "short": "max(cost_before * (1 - real - filled) - income "
            "- support_before_need, 0)",
            "support": "support_before_need + min(need_part * short, need_limit)",
            "gap": "(cost_before * (1 - real - filled) - income - support) "
            "/ cost_before",
            "last_reach": "balance_reach * (available - filled)",
            "nonrecurrent": "filled",
            "nonrecurrent_money": "nonrecurrent * cost_before",
        },
        "6. The accounts": {
            "balance": "income + support - cost - payback + nonrecurrent * cost_before",
            "underlying": "income - cost",
            "volume": "(1 - cost_elasticity) * activity",
            "cash_releasing": "real + volume - pressure + paid_pressure",
            "measured": "real + volume - pressure + quality",
            "shortfall": "max(ask - recurrent - nonrecurrent, 0)",
        },
        "7. What is carried on": _carried_on(),
    }


def _carried_on() -> dict[str, str]:
    """Give the formulas of what next year opens with."""
    return {
        **of_each(
            "opportunity",
            POOLS,
            "max(opportunity.# - real * access.# * opportunity.# / within_reach, 0)"
            " + new_opportunity.#",
        ),
        **of_each("taken", ONE_OFFS, "nonrecurrent * one_offs.# / available"),
        **of_each(
            "one_offs",
            ONE_OFFS,
            "min(max(one_offs.# - taken.#, 0) + one_off_scale * renewal.#, "
            "one_off_scale * cap.#)",
        ),
        "payback": f"cost_before * ({each(ONE_OFFS, 'payback_share.# * taken.#')})",
        "backlog": "backlog * (1 + backlog_growth) "
        "+ taken.deferred_maintenance * cost_before",
        "carry_over": "nonrecurrent + (1 - forgiven) * shortfall",
    }
