"""The values that keys hold: each with its bounds, its unit and who may set it."""

from dataclasses import replace
from typing import Annotated, Final, TypeAlias

from pydantic import (
    BeforeValidator,
    Field,
)

from simulator.scenario import rules
from simulator.scenario.assumptions import Belief, ByYear, Number, Years
from simulator.scenario.distributions import Uncertain
from simulator.scenario.kinds import LONGEST_NAME, OneOf, Text, Whole
from simulator.schema import TRUST_TYPES

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
