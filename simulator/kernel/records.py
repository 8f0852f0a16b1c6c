"""What goes into a trust's year and comes out of it, and what its stages hand on.

Money is GBP million, nominal; rates are fractions of cost a year; a surplus is
positive.
"""

from typing import NamedTuple

Pools = tuple[float, float, float]
OneOffs = tuple[float, float, float, float]


class State(NamedTuple):
    """What a trust carries from one year into the next."""

    income: float  # GBP m a year, without support funds
    cost: float  # GBP m a year, recurrent
    opportunity: Pools  # recurrent savings still to be found, fraction of cost
    one_offs: OneOffs  # one-off savings still to be had, fraction of cost
    carry_over: float  # savings to be found again, fraction of cost
    payback: float  # deferred cost that comes back, GBP m
    unmet: float  # demand not treated since the first year, fraction of activity
    backlog: float  # maintenance put off, GBP m


class Drivers(NamedTuple):
    """What the year brings to a trust, fractions."""

    demand: float  # growth of demand
    inflation: float  # growth of what inputs cost
    pressure: float  # growth of cost beyond inflation and activity
    delivery: float  # multiplier on the capacity to save, about 1
    plan_size: float  # the trust's plans as a multiple of others', about 1
    growth: float  # 1 + growth of the cash, or of the activity, that comes to its type
    passed_on: float  # growth of income for cost that prices do not cover
    paid_pressure: float  # the part of pressure that income makes good
    upfront: float  # cost of programmes, fraction of opening cost
    new_opportunity: Pools  # frontier and programmes, fraction of cost


class Belief(NamedTuple):
    """What is true throughout one draw but not known (epistemic)."""

    real_share: float
    sharpness: float
    one_off_fill: float
    balance_reach: float
    forgiven: float
    cost_elasticity: float
    marginal_payment: float
    treated: float
    lever: float  # the conditions' joint multiplier on capacity
    plan_floor: float  # savings planned whatever is missing, fraction of cost
    gap_closed: float  # part of its gap that a plan takes on
    plan_limit: float  # what boards believe can be saved, fraction of cost
    quality: float  # what a measure of output adds for quality, fraction a year
    national_share: float  # part of income that is paid at national prices
    one_off_scale: float  # multiple of the stocks of one-offs and of their renewal


class Terms(NamedTuple):
    """What is decided for a trust's year: the target and the money around it."""

    rate: float  # the target X, taken out of prices
    deficit_addon: float  # asked on top while in deficit
    follows_tariff: bool  # whether plans start from the target, not from the floor
    price: float  # growth of national prices: cost uplift less the target
    cost_uplift: float  # growth of what other income is paid at
    settled: bool  # whether `growth` is of cash, which prices turn into activity
    support: float  # funds whose shares are fixed, GBP m
    need_limit: float  # most that funds for need pay, GBP m
    opening_cost: float  # GBP m, which the up-front cost is a fraction of


class Prices(NamedTuple):
    """What prices do to all of a trust's income in a year."""

    mean: float  # growth
    per_price: float  # what turns `growth` into activity: 1 / (1 + mean), or 1


class Rules(NamedTuple):
    """What holds for every trust, draw and target."""

    access: Pools  # share of each pool that a year can reach
    renewal: OneOffs
    cap: OneOffs
    payback: OneOffs
    backlog_growth: float
    ask_max: float
    plan_sharpness: float
    works_off: float  # part of spare funded activity that treats those who waited
    need_part: float  # part of a trust's gap that funds for need pay
    planned_support: float  # part of support that plans count on


class Result(NamedTuple):
    """What the year's accounts show. Money in GBP m, rates as fractions of cost."""

    activity: float
    cost_before: float
    ask: float
    capacity: float
    recurrent: float
    nonrecurrent: float
    balance: float
    underlying: float
    support: float  # GBP m, all funds less the up-front cost of programmes
    cash_releasing: float
    measured: float
    shortfall: float
    guarded: bool  # cost or income had to be kept from passing zero


class Begun(NamedTuple):
    """The year before anything is saved."""

    activity: float  # growth of what is treated
    unmet: float  # carried on
    cost_before: float  # GBP m
    income: float  # GBP m, carried on
    support: float  # GBP m, but for funds for need
    per_cost: float  # 1 / cost_before


class Planned(NamedTuple):
    """What is planned, and what can be saved."""

    ask: float
    within_reach: float  # opportunity that a year can reach, fraction of cost
    capacity: float


class Saved(NamedTuple):
    """Recurrent savings, and what the one-offs are measured with."""

    recurrent: float
    cost: float  # GBP m, carried on
    cash_releasing: float
    measured: float
    opportunity: Pools  # carried on
    available: float  # one-offs, fraction of cost
    per_available: float  # 1 / available


class Closed(NamedTuple):
    """What one-offs add, and the year's accounts."""

    nonrecurrent: float
    support: float  # GBP m
    balance: float
    shortfall: float
    carry_over: float  # carried on


class Left(NamedTuple):
    """What one-off savings leave behind; all of it is carried on."""

    one_offs: OneOffs
    payback: float  # GBP m
    backlog: float  # GBP m
