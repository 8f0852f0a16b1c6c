"""What an analyst asks for: one scenario, frozen, which checks itself.

Every number has its built-in default in the evidence, none here, so that each comes
with a source. Rates and shares are fractions, money is GBP million nominal unless
said, a year is the first calendar year of a financial year (2019 = 2019/20).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from simulator.messages import Fault, refuse
from simulator.scenario import keys, rules
from simulator.scenario.assumptions import (
    LONGEST_NAME,
    LONGEST_PATH,
    LONGEST_TITLE,
    Belief,
    ByYear,
    Day,
    Number,
    OneOf,
    Prose,
    Text,
    Trend,
    Whole,
    Years,
)
from simulator.scenario.distributions import Certain, Uncertain
from simulator.scenario.keys import Section
from simulator.schema import BASES, POOLS, TRUST_TYPES

FIRST_YEAR: Final = Whole(rules.FIRST_YEARS, unit="financial year")
YEARS: Final = Whole(rules.YEARS, unit="years")
RATE: Final = Number(
    low=-1, high=1, above=True, below=True, fraction=True, unit="fraction a year"
)
LEVER_RATE: Final = replace(RATE, lever=True)
TARGET_RATE: Final = Number(
    low=0, high=1, below=True, fraction=True, lever=True, unit="fraction of cost a year"
)
ONE_RATE: Final = replace(TARGET_RATE, by_year="path")
SHARE: Final = Number(low=0, high=1, fraction=True, unit="fraction")
LEVER_SHARE: Final = replace(SHARE, lever=True)
SPREAD: Final = Number(low=0, high=1, below=True, fraction=True, unit="fraction")
MEMORY: Final = Number(low=-1, high=1, above=True, below=True, unit="correlation")
# GBP million: a trillion pounds is more than the state spends on everything in a year.
MONEY: Final = Number(low=0, high=1e6, lever=True, unit="GBP million")
REACH: Final = Number(low=0, high=5, lever=True, unit="multiple")
TOTAL: Final = Number(low=0, high=1e6, above=True, lever=True, unit="GBP million")
BILLIONS: Final = Number(low=0, high=1e3, above=True, lever=True, unit="GBP billion")
CASH: Final = Years(number=BILLIONS, opening=True, only_list=True)
PATH: Final = Years(number=TARGET_RATE, only_list=True)
RAMP: Final = Years(number=LEVER_SHARE, only_list=True, any_length=True)
MULTIPLE: Final = Number(low=0, high=5, above=True)

Name: TypeAlias = Annotated[str, Text(longest=LONGEST_NAME, plain=True)]
Label: TypeAlias = Annotated[str, Text(longest=LONGEST_NAME)]
TrustType: TypeAlias = Annotated[str, OneOf(TRUST_TYPES)]
Rate: TypeAlias = Annotated[float, RATE]
Share: TypeAlias = Annotated[float, SHARE]
Spread: TypeAlias = Annotated[float, SPREAD]
Multiple: TypeAlias = Annotated[Uncertain, Belief(number=Number(low=0, high=5))]
Correlation: TypeAlias = Annotated[float, Number(low=-1, high=1)]
RateByYear: TypeAlias = Annotated[ByYear, Years(number=RATE)]
LeverByYear: TypeAlias = Annotated[ByYear, Years(number=LEVER_RATE)]
ShareByYear: TypeAlias = Annotated[ByYear, Years(number=LEVER_SHARE)]
UncertainRate: TypeAlias = Annotated[Uncertain, Belief(number=RATE)]
UncertainShare: TypeAlias = Annotated[Uncertain, Belief(number=SHARE)]
UncertainMultiple: TypeAlias = Annotated[Uncertain, Belief(number=MULTIPLE)]


def _listed(raw: object) -> object:
    """Let a list stand for a tuple, which is frozen."""
    return tuple(raw) if isinstance(raw, list) else raw


ALLOCATIONS: Final = ("income", "opening_deficit", "need")
REAL: Final = (
    (
        "real",
        "write cash_releasing, productivity but for cost pressure that income makes "
        "good, or measured, as statisticians count it",
    ),
)
FOLLOWS: Final = ("gap", "tariff")
PRIOR: Final = "prior"
FILLED: Final = (BeforeValidator(_listed), Field(min_length=1))


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


class TypeDemand(Section):
    """Demand for the care of one type of trust."""

    trend: Annotated[Trend, Belief(number=RATE, by_year=True)]
    """Growth, fraction a year: uncertain, or certain by year."""


class Demand(Section):
    """Growth of the care that is wanted, fractions a year."""

    acute: TypeDemand
    """Care of acute hospital trusts."""
    specialist: TypeDemand
    """Care of specialist trusts."""
    mental_health: TypeDemand
    """Care of mental health trusts."""
    community: TypeDemand
    """Care of community trusts."""
    ambulance: TypeDemand
    """Care of ambulance trusts."""
    bias: UncertainRate
    """Lasting error of the trends, common to all types."""
    national_shock: Shock
    """National shock."""
    worked_off: Annotated[float, LEVER_SHARE]
    """Part of funds for more than is wanted that treats those who waited."""
    type_sd: Spread
    """Spread between types in one year."""
    trust_sd: Spread
    """Spread between trusts in one year."""


class PoolShares(Section):
    """Split of opportunity over the three pools; the shares sum to 1."""

    cost_reduction: Share
    """Prices paid, agency staff, back office: quick to reach, soon used up."""
    productivity: Share
    """Rosters, variation, theatres: one to three years to reach."""
    system: Share
    """New models of care: three to six years, and money first."""


class Access(Section):
    """Part of each pool that can be reached in a year."""

    cost_reduction: Share
    """Part of the cost-reduction pool."""
    productivity: Share
    """Part of the productivity pool."""
    system: Share
    """Part of the system pool, without transformation funding."""
    system_funded: Share
    """Part of the system pool, with transformation funding in full."""


class OneOff(Section):
    """A source of one-off savings, fractions of cost."""

    stock: Share
    """At the start."""
    renewal: Share
    """Added each year."""
    cap: Share
    """The stock never exceeds it."""
    payback: Share
    """Part of a saving that comes back as cost next year."""


class OneOffs(Section):
    """The four sources of one-off savings."""

    accounting: OneOff
    """Accounting adjustments."""
    land_sales: OneOff
    """Gains on the sale of land."""
    vacancy_freezes: OneOff
    """Posts left empty for a while."""
    deferred_maintenance: OneOff
    """Maintenance put off, which adds to the backlog."""


class Delivery(Section):
    """How savings are planned and made."""

    plan_floor: UncertainShare
    """Savings that a trust plans whatever its gap is, fraction of cost."""
    gap_closed: UncertainShare
    """Part of the gap left by the floor that a plan takes on; the rest of last year's
    debts is taken on in its place."""
    plan_limit: UncertainShare
    """Savings that boards believe can be made in a year, fraction of cost."""
    plan_sharpness: Annotated[float, Number(low=0, high=1, above=True)]
    """How closely plans follow the lesser of what is wanted and the limit."""
    plan_sd: Spread
    """Spread between trusts of the log of floor and limit; it lasts."""
    real_share: UncertainShare
    """Part of reported recurrent savings that lowers cost for good (rho)."""
    sharpness: Annotated[Uncertain, Belief(number=Number(low=0, high=1, above=True))]
    """How closely savings follow the lesser of plan and capacity (theta)."""
    one_off_fill: UncertainShare
    """Part of the remaining plan that is filled with one-offs (fill)."""
    balance_reach: UncertainShare
    """Part of remaining one-offs that is used to report balance (reach)."""
    forgiven: UncertainShare
    """Part of a shortfall that is not asked for again."""
    frontier: Annotated[
        Uncertain, Belief(number=Number(low=0, high=1, below=True, fraction=True))
    ]
    """New opportunity, fraction of cost a year."""
    cost_elasticity: Annotated[Uncertain, Belief(number=Number(low=0, high=2))]
    """Growth of cost for growth of activity (eta)."""
    marginal_payment: UncertainShare
    """Part of the price that is paid for activity above plan (psi)."""
    treated: UncertainShare
    """Part of unfunded demand that is treated anyway."""
    opportunity_scale: Multiple
    """Multiple of the population's opening opportunity."""
    one_off_scale: Multiple
    """Multiple of the stocks of one-offs, their renewals and their caps."""
    quality: UncertainRate
    """What measured productivity adds for the quality of care, fraction a year."""
    rebound: UncertainRate = Certain(value=0.0)
    """What measured productivity adds as care that was lost comes back without more
    input, fraction a year: no money comes of it."""
    pool_shares: PoolShares
    access: Access
    transformation_funding: ShareByYear
    """Part of full transformation funding that is given."""
    one_offs: OneOffs
    backlog_growth: Rate
    """Growth of maintenance put off, fraction a year."""
    ask_max: Annotated[float, Number(low=0, high=1, above=True, fraction=True)]
    """The most that a trust ever plans in a year, fraction of cost."""
    national_sd: Spread
    """Standard deviation of the log of delivery: a year, all trusts."""
    persistent_sd: Spread
    """The same: a trust, all years."""
    year_sd: Spread
    """The same: a trust in a year."""


class Opening(Section):
    """What is uncertain about where trusts stand before the first year."""

    cost_error: UncertainRate
    """Recurrent cost beyond the population's, fraction of it; above 0, the underlying
    deficit is larger than it is said to be."""
    other_income: UncertainRate
    """How much more income trusts that are not acute have, beside acute ones, than the
    population says, fraction of income; it adds up to nothing."""


class Correlations(Section):
    """Correlations of the national shocks; together positive definite."""

    pay_nonpay: Correlation
    """Correlation of the shocks to pay and to other input prices."""
    pay_pressure: Correlation
    """Correlation of the shocks to pay and to cost pressure."""
    pay_demand: Correlation
    """Correlation of the shocks to pay and to demand."""
    nonpay_pressure: Correlation
    """Correlation of the shocks to other input prices and to cost pressure."""
    nonpay_demand: Correlation
    """Correlation of the shocks to other input prices and to demand."""
    pressure_demand: Correlation
    """Correlation of the shocks to cost pressure and to demand."""

    def matrix(self) -> NDArray[np.float64]:
        """Fill the matrix, shape (4, 4): pay, non-pay, pressure, demand."""
        return rules.correlation_matrix(self.model_dump())


class Programme(Section):
    """A named way to open new opportunity."""

    enabled: bool
    """Whether it takes place."""
    pool: Annotated[str, OneOf(POOLS)]
    """Pool that it adds to."""
    types: Annotated[tuple[TrustType, ...], *FILLED]
    """Types of trust that it applies to."""
    opportunity: Annotated[float, LEVER_SHARE]
    """What it adds in total if realised in full, share of cost."""
    ramp: Annotated[tuple[float, ...], RAMP]
    """Share of it that is added in each year; cut at the horizon, then 0."""
    realisation: UncertainShare
    """Part of the opportunity that is realised."""
    probability: Share
    """Chance that it happens at all."""
    upfront_cost: ShareByYear
    """Cost a year, share of opening cost."""


class Conditions(Section):
    """Multipliers of capacity, expert judgement; 1 is no effect."""

    demand: UncertainMultiple
    """Pressure of demand on services."""
    workforce: UncertainMultiple
    """Vacancies, and turnover of staff and leaders."""
    achievable_targets: UncertainMultiple
    """Targets that trusts themselves think achievable."""
    clarity: UncertainMultiple
    """A clear account of what is to be transformed."""
    relationship: UncertainMultiple
    """Relationship of trusts with the national bodies."""
    capital: UncertainMultiple
    """Access to capital."""
    social_care: UncertainMultiple
    """State of social care."""
    lowest: Annotated[float, Number(low=0, high=1, above=True)]
    """The product of all is never below it."""
    highest: Annotated[float, Number(low=1, high=5)]
    """The product of all is never above it."""


class BalancingItem(Section):
    """A rate to be solved: what would close the sector's gap by a year."""

    year: Annotated[int, FIRST_YEAR]
    """Year in which the level is reached."""
    underlying: Annotated[
        float, Number(low=-1e6, high=1e6, lever=True, unit="GBP million")
    ]
    """Underlying balance of the sector to reach, GBP million; surplus is positive."""


class Target(Section):
    """A rate that is taken out of prices, and the basis it is judged on."""

    name: Label
    """Words of its own: it heads a line of every table."""
    rate: Annotated[float, ONE_RATE] | None = None
    """The same rate every year; or `path`, or `balancing_item`: exactly one of them."""
    path: Annotated[tuple[float, ...], PATH] | None = None
    """In place of `rate`: a rate for each year."""
    balancing_item: BalancingItem | None = None
    """In place of `rate`: what the rate is to bring about."""
    basis: Annotated[str, OneOf(BASES, REAL)]
    """Which efficiency is meant."""
    deficit_addon: Annotated[ByYear, Years(number=TARGET_RATE)] = 0.0
    """Rate asked on top of trusts in deficit, where plans follow the tariff."""
    from_prices: Annotated[ByYear, Years(number=TARGET_RATE)] | None = None
    """Rate that is taken out of prices, where it is not the target's own: a plan of 6%
    of cost can be asked for under a tariff that takes 2%."""
    plan_follows: Annotated[str, OneOf(FOLLOWS)] = "gap"
    """What plans start from: `gap`, a floor and part of the trust's own gap; or
    `tariff`, the target and part of what that leaves."""


class Scenario(Section):
    """One set of assumptions to simulate."""

    name: Name
    """Short name: letters, digits, - and _."""
    title: Annotated[str, Text(longest=LONGEST_TITLE)]
    """One line that heads every answer."""
    about: Annotated[str, Prose()] = ""
    """What the scenario is, and why, in as many lines as it takes."""
    population: Annotated[str, Text(longest=LONGEST_PATH)]
    """Opening positions: a packaged population, or the path of a table."""
    first_year: Annotated[int, FIRST_YEAR]
    """First year simulated; the year before is the opening year."""
    years: Annotated[int, YEARS]
    """Number of years simulated."""
    as_known_at: Annotated[str, Day()] | None = None
    """Day after which no source may have been published."""
    beliefs: Annotated[str, Text(longest=LONGEST_PATH)] = PRIOR
    """What is believed: `prior`, each built-in belief on its own; or beliefs given the
    published record, a packaged table or the path of one made by `calibrate`."""
    funding: Funding
    prices: Prices
    demand: Demand
    delivery: Delivery
    opening: Opening
    correlations: Correlations
    programmes: Mapping[Name, Programme] = Field(default_factory=dict)
    """Programmes by name."""
    conditions: Conditions
    targets: Annotated[tuple[Target, ...], *FILLED]
    """Targets, each run on the same futures."""
    _table: Any = PrivateAttr(default=None)

    @property
    def table(self) -> Any:
        """Give the table of beliefs that came with the scenario; None without one."""
        return self._table

    def with_table(self, table: Any) -> Self:
        """Take beliefs from a table at hand, whatever stands at its path by now."""
        changed = self.model_copy(update={"beliefs": table.name})
        changed._table = table
        return changed

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = type(self).faults(self.plain())
        if faults:
            raise ValidationError.from_exception_data(
                type(self).__name__,
                [
                    InitErrorDetails(
                        type=refuse(fault.problem, fault.remedy),
                        loc=fault.path,
                        input=None,
                    )
                    for fault in faults
                ],
            )
        return self

    @classmethod
    def faults(cls, tree: Mapping[str, Any]) -> list[Fault]:
        """List what does not fit together in plain tables, valid or not."""
        lists = [
            rules.YearList(found.path, len(found.value), kind.opening)
            for found in keys.walk(cls, tree)
            for kind in found.metadata
            if isinstance(kind, Years | Belief) and not kind.any_length
            if isinstance(found.value, list | tuple)
        ]
        return list(rules.faults(tree, lists))

    @property
    def last_year(self) -> int:
        """Last year simulated."""
        return self.first_year + self.years - 1

    def plain(self) -> dict[str, Any]:
        """Give every value as a file writes it: nested tables, nothing left out."""
        return self.model_dump(mode="json", exclude_none=True)


def by_year(value: float | Sequence[float], n: int) -> list[float]:
    """Spell out a value that may be one number for all years."""
    return [float(value)] * n if isinstance(value, int | float) else list(value)


def years(scenario: Scenario) -> range:
    """List the financial years, each by its first calendar year."""
    return range(scenario.first_year, scenario.first_year + scenario.years)
