"""The worked trust-year of the model, to be bent in one place by each test."""

from dataclasses import replace
from typing import Any

import pytest
import reference
from reference import Outputs, Parameters, State, Year

# The corner of the model in which only the first model's terms are at work: a plan that
# follows the tariff, takes nothing of its gap and all of its debts, and has no limit.
PARAMETERS = Parameters(
    real_share=0.6,
    sharpness=0.957,
    one_off_fill=0.65,
    balance_reach=0.5,
    forgiven=0.5,
    cost_elasticity=0.92,
    marginal_payment=0.5,
    treated=0.85,
    lever=1.0,
    plan_floor=0.03,
    gap_closed=0.0,
    plan_limit=1.0,
    quality=0.0,
    one_off_scale=1.0,
    access=[0.35, 0.20, 0.06],
    renewal_of_stock=[0.004, 0.004, 0.002],
    one_off_renewal=[0.0030, 0.0008, 0.0030, 0.0030],
    one_off_cap=[0.02, 0.02, 0.02, 0.02],
    payback_rates=[0.0, 0.0, 0.15, 0.10],
    backlog_growth=0.03,
    ask_max=0.10,
    plan_sharpness=1.0,
    works_off=0.0,
    need_part=0.0,
    planned_support=1.0,
)
STATE = State(
    income=100.0,
    cost=104.0,
    stocks=[0.05, 0.05, 0.025],
    one_offs=[0.004, 0.006, 0.006, 0.009],
    carry_over=0.0113,
)
YEAR = Year(
    demand=0.028,
    inflation=0.03,
    growth=0.022,
    uplift=0.038 - 0.011,
    rate=0.011,
    addon=0.005,
    follows_tariff=True,
    support=2.0,
)
CALM = Year(
    demand=0.0, inflation=0.0, growth=0.0, uplift=0.0, rate=0.0, follows_tariff=True
)


def parameters(**changes: Any) -> Parameters:
    return replace(PARAMETERS, **changes)


def state(**changes: Any) -> State:
    return replace(STATE, **changes)


def year(**changes: Any) -> Year:
    return replace(YEAR, **changes)


def close(value: float, rel: float = 1e-9) -> Any:
    return pytest.approx(value, rel=rel, abs=0.0)


# The worked trust-year of the model's sanity case 7.


def worked() -> tuple[State, Outputs]:
    return reference.trust_year(STATE, PARAMETERS, YEAR)


def judged(
    path: list[Outputs], rates: list[float], own: str = "cash_releasing"
) -> dict[str, bool]:
    return reference.outcomes(path, rates, own)
