"""Minimal valid inputs, to be bent in one place by each test."""

import copy
import tomllib
from typing import Any

MINIMAL = """\
name = "minimal"
title = "The least that can be run"
about = "Made up for tests."
population = "providers-2018"
first_year = 2019
years = 3

[funding]
basis = "settlement"
cash = [100.0, 103.0, 106.0, 110.0]
real_growth = 0.01
reach_scale = 1.0
growth_error = 0.0
other_growth = 0.0
planned_support = 1.0
source = "made up: funding"
reach = {acute = 0.8, specialist = 0.8, mental_health = 1.2, community = 1.2, \
ambulance = 0.9}

[funding.support.recovery]
amount = [500.0, 300.0, 0.0]
allocated_by = "opening_deficit"

[prices]
cost_uplift = [0.03, 0.028, 0.028]
pay = 0.025
nonpay = 0.02
premium = {normal = [0.0, 0.0025]}
trust_drift_sd = 0.006
trust_sd = 0.012
agency_share = [0.046, 0.046, 0.04, 0.04]
agency_premium = {triangular = [0.1, 0.2, 0.5]}
pay_shock = {sd = 0.006, persistence = 0.5}
nonpay_shock = {sd = 0.014, persistence = 0.0}
pressure = {triangular = [0.002, 0.006, 0.01]}
pressure_other = {uniform = [0.2, 0.6]}
pressure_shock = {sd = 0.004, persistence = 0.25}
pressure_paid = {triangular = [0.2, 0.5, 0.9]}
funded_drift = {triangular = [0.0, 0.002, 0.004]}
made_good = 0.0
national_share = {uniform = [0.5, 0.9]}
source = "made up: prices"

[prices.tail]
enter = 0.0
stay = 0.8
size = {triangular = [0.02, 0.035, 0.05]}

[demand]
bias = {normal = [0.0, 0.004]}
type_sd = 0.005
trust_sd = 0.012
worked_off = 1.0
national_shock = {sd = 0.008, persistence = 0.2}
source = "made up: demand"

[demand.acute]
trend = [0.028, 0.027, 0.026]
source = "made up: acute demand"

[demand.specialist]
trend = {triangular = [0.02, 0.03, 0.04]}

[demand.mental_health]
trend = {interval = [0.02, 0.06]}

[demand.community]
trend = {uniform = [0.01, 0.03]}

[demand.ambulance]
trend = 0.04

[delivery]
plan_floor = {uniform = [0.01, 0.03]}
gap_closed = {uniform = [0.0, 1.0]}
plan_limit = {triangular = [0.04, 0.05, 0.065]}
plan_sharpness = 0.985
plan_sd = 0.3
quality = {triangular = [0.002, 0.003, 0.004]}
one_off_scale = 1.0
real_share = {triangular = [0.4, 0.6, 0.8]}
sharpness = {triangular = [0.914, 0.957, 0.975]}
one_off_fill = {triangular = [0.45, 0.65, 0.80]}
balance_reach = {triangular = [0.2, 0.5, 0.8]}
forgiven = {triangular = [0.0, 0.5, 1.0]}
frontier = {triangular = [0.008, 0.010, 0.013]}
cost_elasticity = {triangular = [0.80, 0.92, 1.00]}
marginal_payment = {triangular = [0.2, 0.5, 0.9]}
treated = {triangular = [0.6, 0.85, 1.0]}
opportunity_scale = 1.0
pool_shares = {cost_reduction = 0.4, productivity = 0.4, system = 0.2}
access = {cost_reduction = 0.35, productivity = 0.20, system = 0.06, \
system_funded = 0.10}
transformation_funding = 0.0
backlog_growth = 0.05
ask_max = 0.10
national_sd = 0.04
persistent_sd = 0.10
year_sd = 0.15
source = "made up: delivery"

[delivery.one_offs]
accounting = {stock = 0.004, renewal = 0.003, cap = 0.02, payback = 0.0}
land_sales = {stock = 0.006, renewal = 0.0008, cap = 0.02, payback = 0.0}
vacancy_freezes = {stock = 0.006, renewal = 0.003, cap = 0.02, payback = 0.15}
deferred_maintenance = {stock = 0.009, renewal = 0.003, cap = 0.02, payback = 0.1}

[opening]
cost_error = {triangular = [-0.001, 0.001, 0.006]}
other_income = 0.0
source = "made up: opening"

[correlations]
pay_nonpay = 0.1
pay_pressure = 0.5
pay_demand = 0.0
nonpay_pressure = 0.5
nonpay_demand = 0.0
pressure_demand = 0.0
source = "made up: correlations"

[programmes.rosters]
enabled = true
pool = "productivity"
types = ["acute", "community"]
opportunity = 0.01
ramp = [0.2, 0.3, 0.3, 0.2]
realisation = {triangular = [0.2, 0.4, 0.6]}
probability = 0.8
upfront_cost = [0.001, 0.0, 0.0]
source = "made up: rosters"

[conditions]
demand = 1.0
workforce = {triangular = [0.9, 1.0, 1.1]}
achievable_targets = 1.0
clarity = 1.0
relationship = 1.0
capital = 1.0
social_care = 1.0
lowest = 0.6
highest = 1.4
source = "made up: conditions"

[[targets]]
name = "one-point-one"
rate = 0.011
basis = "cash_releasing"
plan_follows = "tariff"
deficit_addon = [0.005, 0.005, 0.0]
source = "made up: first target"

[[targets]]
name = "stepped"
path = [0.01, 0.02, 0.03]
basis = "reported"
source = "made up: second target"

[[targets]]
name = "what-closes-the-gap"
balancing_item = {year = 2021, underlying = 0.0}
basis = "recurrent"
source = "made up: third target"
"""


def minimal_toml() -> str:
    """Give a complete valid scenario file: three years, three targets."""
    return MINIMAL


def minimal_tables() -> dict[str, Any]:
    """Give its tables, fresh at each call."""
    return copy.deepcopy(tomllib.loads(MINIMAL))
