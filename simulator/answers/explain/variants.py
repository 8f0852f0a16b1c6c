"""Which formulas read otherwise in a year, and what a value in it decides."""

from collections.abc import Mapping

from simulator.answers.explain.formulas import of_each
from simulator.kernel.trust_year import LEAST_STOCK
from simulator.running.future import Year
from simulator.schema import ONE_OFFS, POOLS


def variants(
    year: Year, values: Mapping[str, float], steps: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Give the formulas that read otherwise in this year, by name."""
    found = {}
    if year.drivers.demand <= values["funded"]:
        found["activity"] = "demand + waiting"
    if year.result.guarded:
        step = steps["2. Cost and income before savings"]
        found["cost_before"] = f"max({step['cost_before']}, 0.000000001)"
        found["income"] = f"max({step['income']}, 0)"
    if year.terms.follows_tariff and in_deficit(year, values):
        found["start"] = "rate + deficit_addon"
    if values["wanted"] + values["limit"] <= 0.0:
        found["planned"] = "0"
    if year.result.ask + year.result.capacity <= 0.0:
        found["recurrent"] = "0"
    if last_one_off(year, values):
        found["nonrecurrent"] = "filled + gap"
    if values["within_reach"] <= LEAST_STOCK:
        found |= of_each("opportunity", POOLS, "opportunity.# + new_opportunity.#")
    if values["available"] <= LEAST_STOCK:
        found |= of_each("taken", ONE_OFFS, "0")
    return found


def remarks(year: Year, values: Mapping[str, float]) -> dict[str, str]:
    """Say in words what a value decides, by name."""
    found = {
        "support_before_need": "programmes are paid for out of it",
        "covered": "the part of cost that income and support pay",
        "need": "the gap that is left",
        "wanted": "and a part of what last year left to be found again",
        "limit": "what the board believes can be saved",
        "cost": "deferred cost that came back is in this year's cost alone",
        "last_reach": "there is no gap to close",
        "cash_releasing": "savings and volume less the pressure that nobody pays for",
        "measured": "savings and volume less all pressure, and quality",
    }
    found["activity"] = "demand is above what is funded: part of the rest is treated"
    if year.drivers.demand <= values["funded"]:
        treats = "; the money left treats who waited" if values["waiting"] else ""
        found["activity"] = f"all demand is funded{treats}"
    if year.terms.follows_tariff:
        found |= _of_the_tariff(year, values)
    else:
        found["start"] = "the floor, whatever the target is: it acts through prices"
    if values["need"] <= 0.0:
        found["need"] = "there is no gap left"
    if values["planned"] > year.rules.ask_max:
        found["ask"] = "no trust ever plans more"
    if last_one_off(year, values):
        found["last_reach"] = "the gap is within it: a last one-off brings balance"
    elif values["gap"] > 0.0:
        found["last_reach"] = "the gap is beyond it: there is no last one-off"
    if year.result.guarded:
        found["cost_before"] = "cost or income had to be kept from passing zero"
    return found


def _of_the_tariff(year: Year, values: Mapping[str, float]) -> dict[str, str]:
    if not in_deficit(year, values):
        return {"cost_less_the_rate": "not above income: the trust is not in deficit"}
    added = year.terms.deficit_addon
    more = ", so the add-on is asked" if added else "; no add-on is asked"
    return {"cost_less_the_rate": f"above income: the trust is in deficit{more}"}


def in_deficit(year: Year, values: Mapping[str, float]) -> bool:
    """Tell whether cost less the target is above income."""
    return values["cost_less_the_rate"] > year.after.income


def last_one_off(year: Year, values: Mapping[str, float]) -> bool:
    """Tell whether a last one-off was made: read off the result, not judged again."""
    return year.result.nonrecurrent != values["filled"]
