"""Sections about money: what is paid, and what it costs."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import (
    Field,
)

from simulator.scenario import rules
from simulator.scenario.assumptions import Belief, ByYear, Number, Years
from simulator.scenario.distributions import Certain, Uncertain
from simulator.scenario.keys import Section
from simulator.scenario.kinds import OneOf
from simulator.scenario.values import (
    ALLOCATIONS,
    CASH,
    FILLED,
    LEVER_SHARE,
    MEMORY,
    MONEY,
    REACH,
    SHARE,
    TOTAL,
    LeverByYear,
    Multiple,
    Name,
    Rate,
    RateByYear,
    Share,
    Spread,
    TrustType,
    UncertainRate,
    UncertainShare,
)
from simulator.schema import TRUST_TYPES


class SupportFund(Section):
    """Money paid to trusts on top of prices."""

    amount: Annotated[ByYear, Years(number=MONEY)]
    """GBP million a year."""
    allocated_by: Annotated[str, OneOf(ALLOCATIONS)]
    """What a trust's share of it is in proportion to: its opening income or deficit,
    once for all; or `need`: a part of the gap that it has in the year, at most its
    share by income."""
    types: Annotated[tuple[TrustType, ...], *FILLED] = TRUST_TYPES
    """Types of trust that it is for."""
    shared_over: Annotated[float, TOTAL] | None = None
    """Total income or opening deficit of these types, GBP million, that the shares are
    parts of; the population's own unless given."""
    part: Annotated[float, LEVER_SHARE] | None = None
    """Of a fund for need: the part of a trust's own gap that it pays."""
    enabled: bool = True
    """Whether it is paid."""


class Reach(Section):
    """Real growth that reaches a type of trust, relative to all trusts'."""

    acute: Annotated[float, REACH]
    """Multiple for acute hospital trusts; 1 is the growth of all trusts together."""
    specialist: Annotated[float, REACH]
    """Multiple for specialist trusts; 1 is the growth of all trusts together."""
    mental_health: Annotated[float, REACH]
    """Multiple for mental health trusts; 1 is the growth of all trusts together."""
    community: Annotated[float, REACH]
    """Multiple for community trusts; 1 is the growth of all trusts together."""
    ambulance: Annotated[float, REACH]
    """Multiple for ambulance trusts; 1 is the growth of all trusts together."""


class ActivityGrowth(Section):
    """Funded growth of activity by type of trust, fraction a year."""

    acute: LeverByYear
    """Growth that is funded at acute hospital trusts."""
    specialist: LeverByYear
    """Growth that is funded at specialist trusts."""
    mental_health: LeverByYear
    """Growth that is funded at mental health trusts."""
    community: LeverByYear
    """Growth that is funded at community trusts."""
    ambulance: LeverByYear
    """Growth that is funded at ambulance trusts."""


class Funding(Section):
    """What the state pays: a settlement, or funded activity given directly."""

    basis: Annotated[str, OneOf(tuple(rules.NEEDED))]
    """Which of the two forms counts: `settlement` needs `cash`, `real_growth` and
    `reach`; `activity` needs `activity_growth`. Keys of the other are not used."""
    cash: Annotated[tuple[float, ...], CASH] | None = None
    """Settlement: cash, GBP billion, the opening year first."""
    real_growth: LeverByYear | None = None
    """Settlement: its growth in real terms, fraction a year."""
    reach: Reach | None = None
    """Settlement: its split by type of trust."""
    reach_scale: Multiple
    """Settlement: part of real growth that reaches trusts, all types together."""
    top_slice: LeverByYear = 0.0
    """Settlement: what support funds take out of that growth, share of income; below 0
    where funds grow by less than income."""
    activity_growth: ActivityGrowth | None = None
    """Activity: what is funded, in place of a settlement."""
    growth_error: UncertainRate
    """Activity: lasting error of the growth that is funded, common to all types."""
    growth_unpriced: Rate = 0.0
    """Activity: how much lower the growth that is funded would be if no income were
    paid at national prices, where it was found as cash less prices; fraction a year."""
    other_growth: UncertainRate
    """How much faster the money of trusts that are not acute grows than that of acute
    ones, beside what is given by type; it adds up to nothing."""
    planned_support: Annotated[float, LEVER_SHARE]
    """Part of support whose shares are fixed that savings plans count on."""
    support: Mapping[Name, SupportFund] = Field(default_factory=dict)
    """Support funds by name."""


class Shock(Section):
    """A national departure from plan that partly lasts: AR(1)."""

    sd: Spread
    """Standard deviation in any year, fraction a year."""
    persistence: Annotated[float, MEMORY]
    """Part that is still there a year later."""


class Tail(Section):
    """A regime of high inflation that some futures enter."""

    enter: Share
    """Chance a year of entering it; 0 is off."""
    stay: Share
    """Chance a year of staying in it."""
    size: UncertainRate
    """Addition to pay and non-pay inflation while in it."""


class Prices(Section):
    """What care costs to give and what is paid for it, fractions a year."""

    cost_uplift: LeverByYear
    """Uplift of prices for input costs, before the efficiency factor."""
    pay: RateByYear
    """Planned growth of pay."""
    nonpay: RateByYear
    """Planned growth of other input prices."""
    premium: UncertainRate
    """Lasting error of planned input-cost inflation."""
    pay_shock: Shock
    """National shock to pay."""
    nonpay_shock: Shock
    """National shock to other input prices."""
    pressure: UncertainRate
    """Growth of acute trusts' cost beyond inflation and activity that prices do not
    pay for (cost pressure)."""
    pressure_other: UncertainShare
    """The same of other trusts, as a part of acute trusts'."""
    pressure_shock: Shock
    """National shock to cost pressure."""
    pressure_paid: UncertainShare
    """Part of national cost pressure that income outside prices makes good, such as
    drugs that are paid for as they are used."""
    funded_drift: UncertainRate
    """Growth of cost that prices pay for beyond pay and price indices (drift, new
    services): it lowers measured productivity, and nothing else."""
    made_good: UncertainShare
    """Part of last year's inflation beyond the uplift that prices make good this
    year."""
    national_share: UncertainShare = Certain(value=1.0)
    """Part of income that is paid at national prices, which the target is taken out
    of; other income grows by the uplift in full."""
    trust_drift_sd: Spread
    """Spread of cost pressure between trusts that lasts."""
    trust_sd: Spread
    """Spread of cost pressure between trusts in one year."""
    agency_share: Annotated[ByYear, Years(number=SHARE, opening=True)]
    """Agency staff as a share of pay; a list has the opening year first."""
    agency_premium: Annotated[Uncertain, Belief(number=Number(low=0, high=5))]
    """What agency staff cost above own staff, share of agency spending."""
    tail: Tail
    """High inflation."""
