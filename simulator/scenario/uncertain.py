"""What may be uncertain in a scenario: every assumption that is drawn, by key path."""

from typing import Final

from simulator.scenario import dependence, posterior
from simulator.scenario.dependence import Correlated
from simulator.scenario.distributions import Uncertain
from simulator.scenario.model import Scenario
from simulator.scenario.posterior import Recorded
from simulator.schema import TRUST_TYPES

# In the order of the kernel's rows.
BELIEFS: Final = (
    "real_share",
    "sharpness",
    "one_off_fill",
    "balance_reach",
    "forgiven",
    "cost_elasticity",
    "marginal_payment",
    "treated",
)
PLANS: Final = ("plan_floor", "gap_closed", "plan_limit")  # after the lever
SCALES: Final = ("one_off_scale", "opportunity_scale")
FUNDING: Final = ("reach_scale", "growth_error", "other_growth")
PRICES: Final = (
    "premium",
    "agency_premium",
    "pressure",
    "pressure_other",
    "pressure_paid",
    "funded_drift",
    "made_good",
    "national_share",
)
OPENING: Final = ("cost_error", "other_income")
CONDITIONS: Final = (
    "demand",
    "workforce",
    "achievable_targets",
    "clarity",
    "relationship",
    "capital",
    "social_care",
)


def uncertain(scenario: Scenario) -> dict[str, Uncertain | Recorded | Correlated]:
    """List every assumption that may be uncertain, by key path, certain or not.

    Those that the record changes, if the scenario says so, are columns of joint rows;
    those that the scenario correlates know each other.
    """
    own = prior(scenario)
    together = dependence.correlated(scenario.belief_correlations, own)
    return {**own, **together, **posterior.of(scenario)}


def prior(scenario: Scenario) -> dict[str, Uncertain]:
    """List the same as it is believed before the record is read."""
    found: dict[str, Uncertain] = {}
    for name in (*BELIEFS, *PLANS, "quality", "rebound", "frontier", *SCALES):
        found[f"delivery.{name}"] = getattr(scenario.delivery, name)
    for name in OPENING:
        found[f"opening.{name}"] = getattr(scenario.opening, name)
    for name in FUNDING:
        found[f"funding.{name}"] = getattr(scenario.funding, name)
    for kind in TRUST_TYPES:
        trend = getattr(scenario.demand, kind).trend
        if not isinstance(trend, tuple):
            found[f"demand.{kind}.trend"] = trend
    found["demand.bias"] = scenario.demand.bias
    for name in PRICES:
        found[f"prices.{name}"] = getattr(scenario.prices, name)
    found["prices.tail.size"] = scenario.prices.tail.size
    for name in CONDITIONS:
        found[f"conditions.{name}"] = getattr(scenario.conditions, name)
    for name, programme in scenario.programmes.items():
        found[f"programmes.{name}.realisation"] = programme.realisation
    return found
