"""Sections about trusts: demand, delivery, what they open with, and programmes."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from simulator.scenario import rules
from simulator.scenario.assumptions import Belief, Number, Trend
from simulator.scenario.distributions import Certain, Uncertain
from simulator.scenario.keys import Section
from simulator.scenario.kinds import OneOf
from simulator.scenario.money import Shock
from simulator.scenario.values import (
    FILLED,
    LEVER_SHARE,
    RAMP,
    RATE,
    Correlation,
    Multiple,
    Rate,
    Share,
    ShareByYear,
    Spread,
    TrustType,
    UncertainMultiple,
    UncertainRate,
    UncertainShare,
)
from simulator.schema import POOLS


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
