"""Every dimension and every stored variable, once: dims, unit and meaning.

The store writes by this list, `open` checks against it, tables and axis labels
take their words from it. A new output is one line here and one in the kernel.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from simulator import outcomes

TRUST_TYPES: Final = (
    "acute",
    "specialist",
    "mental_health",
    "community",
    "ambulance",
)
OUTCOMES: Final = outcomes.OUTCOMES
BASES: Final = outcomes.BASES
POOLS: Final = ("cost_reduction", "productivity", "system")
ONE_OFFS: Final = (
    "accounting",
    "land_sales",
    "vacancy_freezes",
    "deferred_maintenance",
)
MAKER: Final = "NHS efficiency scenario simulator"  # what a run file says wrote it
RUN_FILE: Final = ".h5"  # how its name ends
FORMAT: Final = 4  # of a run file
CURRENT: Final = (3, 4)  # formats with today's names and meanings: 3 has no /record
OLDER: Final = (2, 3)  # formats that are still read

# Dimensions, each a coordinate of the run file.
TARGET: Final = "target"
TRUST: Final = "trust"
TRUST_TYPE: Final = "trust_type"
SYSTEM: Final = "system"
OUTCOME: Final = "outcome"
YEAR: Final = "year"
DRAW: Final = "draw"
KEPT_DRAW: Final = "kept_draw"
QUANTILE: Final = "quantile"
TRUST_RESULT: Final = "trust_result"
GROUP_RESULT: Final = "group_result"
BIN: Final = "bin"
EDGE: Final = "edge"
N_TRUSTS: Final = "number_of_trusts"
HOW_MANY: Final = "how_many_trusts"  # as `N_TRUSTS`: netCDF shares none with `/counts`

RECORD: Final = "/record"  # the group of chances given the record
# Groups that a run need not have.
OPTIONAL: Final = ("/trajectories", RECORD)
BY_DRAW: Final = ("/sector", "/drivers")  # that a run of counts only does not have
COUNTS_ONLY: Final = "counts"  # what such a run says that it keeps
# And the dimensions of all else that it does not have: histograms, once bands are read.
LEFT_OUT: Final = frozenset((DRAW, BIN, EDGE))
# What `/provenance` says of a second answer, or why there is none.
RECORD_TABLE: Final = "record"
RECORD_DIGEST: Final = "record_digest"
RECORD_OVERRULED: Final = "record_overruled"
WITHOUT_RECORD: Final = "without_record"

EDGES: Final = ("first", "per_unit")
QUANTILES: Final = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
CONFIDENCE: Final = 0.95

MONEY: Final = "GBP m"
RATE: Final = "fraction of cost before savings"
FRACTION: Final = "fraction"
COUNT: Final = "1"
MILLION: Final = "1e6"
UNIT_LABEL: Final = "unit_label"  # the attribute with the unit in words


class Variable(NamedTuple):
    """A stored variable: where it stands, its shape, its unit and its meaning."""

    group: str
    name: str
    dims: tuple[str, ...]
    dtype: str  # of the file: "f4", "f8", "i1", "i4", "i8", "bool" or "str"
    unit: str
    meaning: str

    @property
    def path(self) -> str:
        """Name the variable within the file."""
        return f"{self.group.rstrip('/')}/{self.name}"

    @property
    def units(self) -> str:
        """Write the unit as UDUNITS reads it, which knows no currency and no words."""
        if self.unit == MONEY:
            return MILLION
        return COUNT if self.unit else ""


COORDINATES: Final = {
    TARGET: Variable("/", TARGET, (TARGET,), "str", "", "savings target"),
    TRUST: Variable("/", TRUST, (TRUST,), "str", "", "organisation code of a trust"),
    TRUST_TYPE: Variable("/", TRUST_TYPE, (TRUST_TYPE,), "str", "", "type of trust"),
    SYSTEM: Variable("/", SYSTEM, (SYSTEM,), "str", "", "local health system"),
    OUTCOME: Variable("/", OUTCOME, (OUTCOME,), "str", "", "what achieving means"),
    YEAR: Variable(
        "/", YEAR, (YEAR,), "i4", COUNT, "financial year, by its first calendar year"
    ),
    DRAW: Variable("/", DRAW, (DRAW,), "i8", COUNT, "number of a sampled future"),
    QUANTILE: Variable("/", QUANTILE, (QUANTILE,), "f8", COUNT, "share of draws below"),
    KEPT_DRAW: Variable(
        "/trajectories", KEPT_DRAW, (KEPT_DRAW,), "i8", COUNT, "draw of a trajectory"
    ),
    TRUST_RESULT: Variable(
        "/counts",
        TRUST_RESULT,
        (TRUST_RESULT,),
        "str",
        "",
        "what bins of trusts are of",
    ),
    GROUP_RESULT: Variable(
        "/counts",
        GROUP_RESULT,
        (GROUP_RESULT,),
        "str",
        "",
        "what groups' bins are of",
    ),
    BIN: Variable("/counts", BIN, (BIN,), "i4", COUNT, "number of a histogram's bin"),
    EDGE: Variable(
        "/counts",
        EDGE,
        (EDGE,),
        "str",
        "",
        "lower end of bin 0, and bins per unit; the end bins hold what lies outside",
    ),
    N_TRUSTS: Variable(
        "/counts", N_TRUSTS, (N_TRUSTS,), "i4", COUNT, "number of trusts that achieve"
    ),
    HOW_MANY: Variable(
        RECORD, HOW_MANY, (HOW_MANY,), "i4", COUNT, "number of trusts that achieve"
    ),
}

# A group's yearly results: the sector's, draw by draw, and the bands of the others.
RESULTS: Final = {
    "income": (MONEY, "income without support funds"),
    "support": (MONEY, "support funds less up-front cost of programmes"),
    "cost_before": (MONEY, "cost before the year's savings"),
    "cost": (MONEY, "recurrent cost after the year's recurrent savings"),
    "ask": (MONEY, "savings planned"),
    "recurrent": (MONEY, "recurrent savings reported"),
    "nonrecurrent": (MONEY, "one-off savings"),
    "balance": (
        MONEY,
        "income and support less cost net of one-offs; surplus positive",
    ),
    "underlying": (MONEY, "income less recurrent cost, without support and one-offs"),
    "cash_releasing": (
        FRACTION,
        "cash-releasing productivity of the year, weighted by cost",
    ),
    "measured": (FRACTION, "measured productivity of the year, weighted by cost"),
    "pressure": (
        FRACTION,
        "growth of cost beyond inflation and activity, weighted by cost",
    ),
    "unmet": (FRACTION, "demand not treated since the opening year, weighted by cost"),
    "backlog": (MONEY, "maintenance put off"),
    "shortfall": (MONEY, "savings planned and not made"),
    "gross_deficit": (MONEY, "sum of the deficits of trusts in deficit, 0 or more"),
    "trusts_in_deficit": (COUNT, "number of trusts whose balance is below zero"),
    "trusts_meeting_plan": (
        COUNT,
        "number of trusts that make 95% or more of the savings they planned",
    ),
}
# A trust's yearly results in the bands.
SPREAD: Final = {
    "balance_margin": ("fraction of income", "balance as a share of income"),
    "ask_rate": (RATE, "savings planned"),
    "recurrent_rate": (RATE, "recurrent savings reported"),
    "nonrecurrent_rate": (RATE, "one-off savings"),
    "cash_releasing": (FRACTION, "cash-releasing productivity of the year"),
    "measured": (FRACTION, "measured productivity of the year"),
}
# A trust's yearly results in a kept trajectory.
KEPT: Final = {
    **{name: RESULTS[name] for name in ("income", "support", "cost_before")},
    "ask": SPREAD["ask_rate"],
    "recurrent": SPREAD["recurrent_rate"],
    "nonrecurrent": SPREAD["nonrecurrent_rate"],
    **{name: RESULTS[name] for name in ("balance", "underlying")},
    **{name: SPREAD[name] for name in ("cash_releasing", "measured")},
    "unmet": (FRACTION, "demand not treated since the opening year"),
}


Dims: TypeAlias = tuple[str, ...]


ENDS: Final = {
    "": "",
    "_low": "lower end of its 95% Monte Carlo interval",
    "_high": "upper end of its 95% Monte Carlo interval",
}


def _probability(prefix: str, whose: str, dims: Dims) -> Iterator[Variable]:
    for end, words in ENDS.items():
        yield Variable(
            "/",
            f"{prefix}probability{end}",
            (TARGET, OUTCOME, *dims),
            "f8",
            COUNT,
            f"probability that {whose} achieves: {words or 'estimate'}",
        )


def _variables() -> Iterator[Variable]:
    yield from _inputs()
    yield from _chances()
    yield from _sector()
    yield from _bands()
    for name, (unit, meaning) in KEPT.items():
        dims = (TARGET, KEPT_DRAW, TRUST, YEAR)
        yield Variable("/trajectories", name, dims, "f4", unit, f"trust: {meaning}")
    yield from _drivers()
    yield from _counts()


def _inputs() -> Iterator[Variable]:
    """Describe what was asked, and of whom."""
    rate = "fraction of cost a year"
    yield Variable("/", "rate", (TARGET, YEAR), "f8", rate, "the target's rate")
    yield Variable("/", "basis", (TARGET,), "str", "", "basis the target is meant on")
    meaning = "rate asked on top of trusts in deficit, where plans follow the tariff"
    yield Variable("/", "deficit_addon", (TARGET, YEAR), "f8", rate, meaning)
    meaning = "what plans start from: the trust's own gap, or the tariff"
    yield Variable("/", "plan_follows", (TARGET,), "str", "", meaning)
    yield Variable("/", "trust_name", (TRUST,), "str", "", "name of the trust")
    yield Variable("/", "type_of_trust", (TRUST,), "str", "", "type of the trust")
    yield Variable("/", "trust_system", (TRUST,), "str", "", "system of the trust")
    yield Variable(
        "/", "opening_income", (TRUST,), "f8", MONEY, "income before the first year"
    )
    yield Variable(
        "/", "opening_cost", (TRUST,), "f8", MONEY, "recurrent cost before that year"
    )


def _chances() -> Iterator[Variable]:
    """Describe who achieves what, counted over draws."""
    dims: Dims = (TARGET, OUTCOME, TRUST)
    meaning = "draws in which the trust achieves"
    yield Variable("/", "achieved", dims, "i8", COUNT, meaning)
    yield from _probability("", "the trust", (TRUST,))
    yield from _probability("type_", "the type's trusts together", (TRUST_TYPE,))
    yield from _probability("system_", "the system's trusts together", (SYSTEM,))
    yield from _probability("sector_", "the sector", ())
    for end, words in ENDS.items():
        which = f": {words}" if words else ""
        yield Variable(
            "/",
            f"share_achieving{end}",
            (TARGET, OUTCOME, QUANTILE),
            "f8",
            FRACTION,
            f"share of trusts that achieve in a draw: its spread over draws{which}",
        )
        yield Variable(
            "/",
            f"mean_share_achieving{end}",
            (TARGET, OUTCOME),
            "f8",
            FRACTION,
            f"share of trusts that achieve: mean over draws{which}",
        )


def _sector() -> Iterator[Variable]:
    """Describe the sector's results in every draw."""
    for name, (unit, meaning) in RESULTS.items():
        kind = "i4" if unit == COUNT else "f4"
        dims = (TARGET, DRAW, YEAR)
        yield Variable("/sector", name, dims, kind, unit, f"sector: {meaning}")
    dims = (TARGET, OUTCOME, DRAW)
    yield Variable(
        "/sector", "achieved", dims, "bool", "", "whether the sector achieves"
    )


def _bands() -> Iterator[Variable]:
    """Describe quantiles over draws of the results of trusts, types and systems."""
    for name, (unit, meaning) in SPREAD.items():
        dims = (TARGET, TRUST, YEAR, QUANTILE)
        yield Variable("/bands", f"trust_{name}", dims, "f4", unit, f"trust: {meaning}")
    for dim, whose in ((TRUST_TYPE, "type"), (SYSTEM, "system")):
        for name, (unit, words) in RESULTS.items():
            dims = (TARGET, dim, YEAR, QUANTILE)
            meaning = f"trusts of the {whose}: {words}"
            yield Variable("/bands", f"{whose}_{name}", dims, "f4", unit, meaning)


def _drivers() -> Iterator[Variable]:
    """Describe what all trusts share in every draw."""
    by_year = (DRAW, YEAR)
    for name, meaning in {
        "pay": "growth of pay, agency pressure included",
        "nonpay": "growth of non-pay prices",
        "delivery": "national part of the log delivery multiplier",
    }.items():
        yield Variable(
            "/drivers", name, by_year, "f4", FRACTION, f"national: {meaning}"
        )
    meaning = "whether the year stands in the high-inflation regime"
    yield Variable("/drivers", "high_inflation", by_year, "bool", "", meaning)
    dims = (DRAW, TRUST_TYPE, YEAR)
    meaning = "growth of demand of a type, before a trust's own shock"
    yield Variable("/drivers", "demand", dims, "f4", FRACTION, meaning)
    meaning = "growth of cost of a type, beyond inflation and activity"
    yield Variable("/drivers", "pressure", dims, "f4", FRACTION, meaning)
    meaning = "joint multiplier of the conditions on the capacity to save"
    yield Variable("/drivers", "lever", (DRAW,), "f4", COUNT, meaning)


def _counts() -> Iterator[Variable]:
    """Describe what adds up over draws: all else about many draws follows from it."""
    dims: Dims
    for name, whose, dims in (
        ("type_achieved", "the type's trusts together achieve", (TRUST_TYPE,)),
        ("system_achieved", "the system's trusts together achieve", (SYSTEM,)),
        ("sector_achieved", "the sector achieves", ()),
        ("trusts_achieving", "so many trusts achieve", (N_TRUSTS,)),
    ):
        dims = (TARGET, OUTCOME, *dims)
        yield Variable("/counts", name, dims, "i8", COUNT, f"draws in which {whose}")
    meaning = "trust-years in which cost or income had to be kept from passing zero"
    yield Variable("/counts", "guarded", (TARGET,), "i8", COUNT, meaning)
    for name, unit, result in (
        ("trust", TRUST, TRUST_RESULT),
        ("type", TRUST_TYPE, GROUP_RESULT),
        ("system", SYSTEM, GROUP_RESULT),
    ):
        dims = (TARGET, unit, result, YEAR)
        yield Variable(
            "/counts",
            f"{name}_histogram",
            (*dims, BIN),
            "i4",
            COUNT,
            f"draws in which a result of the {name} falls into a bin",
        )
        yield Variable(
            "/counts",
            f"{name}_range",
            (*dims, EDGE),
            "f8",
            "",
            f"where the bins of the {name} lie, in the result's unit",
        )


def _record() -> Iterator[Variable]:
    """Describe who achieves given the record: counts of the same futures, and chances.

    Names are those of the root and of `/counts`.
    """
    for variable in _variables():
        counted = variable.group == "/counts" and BIN not in variable.dims
        counted = counted and EDGE not in variable.dims
        chance = variable.group == "/" and OUTCOME in variable.dims
        if counted or chance:
            dims = tuple(HOW_MANY if dim == N_TRUSTS else dim for dim in variable.dims)
            meaning = f"given the record: {variable.meaning}"
            yield variable._replace(group=RECORD, dims=dims, meaning=meaning)
    meaning = "equal beliefs that the rows given the record are worth"
    yield Variable(RECORD, "effective_beliefs", (TARGET,), "f8", COUNT, meaning)
    by_draw = (TARGET, OUTCOME, DRAW)
    meaning = "given the record: whether the sector achieves"
    yield Variable(RECORD, "sector_by_draw", by_draw, "bool", "", meaning)


VARIABLES: Final = {variable.path: variable for variable in (*_variables(), *_record())}


def assumption(path: str) -> Variable:
    """Describe the stored values of an uncertain assumption, named by its key path."""
    name = path.replace(".", "__")
    return Variable("/drivers", name, (DRAW,), "f4", "", f"assumption {path}")
