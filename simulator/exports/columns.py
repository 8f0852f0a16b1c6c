"""What every column of every table holds: its unit and its meaning.

The words are those of `schema`; the few columns that the run file does not have get
theirs here. A new table is a list of columns here and its rows in `tidy`.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import xarray as xr

from simulator import schema
from simulator.outcomes import RECORDS
from simulator.runfile.tree import of_draws
from simulator.scenario.assumptions_log import GRADES
from simulator.schema import COORDINATES, COUNT, DRAW, KEPT_DRAW, VARIABLES

LEVELS: Final = ("sector", "type", "system", "trust")
ENDS: Final = ("", "_low", "_high")  # an estimate and its interval
# Written beside any others, so that a table is never without its words.
ALWAYS: Final = ("definitions", "assumptions", "about")
OF_A_YEAR: Final = ("pay", "nonpay", "delivery", "high_inflation")
OF_A_TYPE: Final = ("demand", "pressure")  # and of a year: a column of each type
OUTCOMES: Final = {record.name: record.meaning for record in RECORDS}


class Column(NamedTuple):
    """One column of a table."""

    name: str
    unit: str
    meaning: str


def of_table(name: str, run: xr.DataTree) -> tuple[Column, ...]:
    """Describe the columns of a table, in order.

    Parameters
    ----------
    name
        One of `NAMES`.
    run
        As `open` gives it: a column for each uncertain assumption is among `drivers`.
    """
    if name != "drivers":
        return _FIXED[name]
    drawn = of_draws(run, "drivers")
    found = (drawn[name] for name in assumptions(drawn))
    extra = (
        Column(str(each.name), each.attrs.get("units", ""), each.attrs["long_name"])
        for each in found
    )
    return (*_FIXED[name], *extra)


def assumptions(drawn: xr.Dataset) -> list[str]:
    """Name the uncertain assumptions among the drivers of a run."""
    names = (str(name) for name in drawn.data_vars)
    return [name for name in names if f"/drivers/{name}" not in VARIABLES]


def _key(dim: str) -> Column:
    coordinate = COORDINATES[dim]
    return Column(dim, coordinate.unit, coordinate.meaning)


def _stored(group: str, *names: str) -> tuple[Column, ...]:
    found = (VARIABLES[f"{group}/{name}"] for name in names)
    return tuple(Column(each.name, each.unit, each.meaning) for each in found)


def _as(name: str, path: str) -> Column:
    """Give a stored variable another name: that of what it is joined with."""
    return Column(name, VARIABLES[path].unit, VARIABLES[path].meaning)


def _results(of: dict[str, tuple[str, str]]) -> tuple[Column, ...]:
    return tuple(Column(name, *words) for name, words in of.items())


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}"


_TARGET, _YEAR, _DRAW = _key(schema.TARGET), _key(schema.YEAR), _key(DRAW)
_QUANTILE = _key(schema.QUANTILE)
_MEANT = "; ".join(f"{name}: {words}" for name, words in OUTCOMES.items())
_OUTCOME = _key(schema.OUTCOME)._replace(
    meaning=f"{COORDINATES[schema.OUTCOME].meaning}. {_MEANT}"
)
_LEVEL = Column("level", "", f"who it is of: {_listed(LEVELS)}")
_CODE = Column(
    "code", "", "organisation code of the trust, name of the type or system, or sector"
)
# A row of bands is easily taken for a future: it is none.
_BAND = _QUANTILE._replace(
    meaning=f"{_QUANTILE.meaning}, for each figure by itself: a row is no one future"
)
_OWN = Column(
    "own_outcome", "", "whether the outcome is the one that the target is judged on"
)

_FIXED: Final[dict[str, tuple[Column, ...]]] = {
    "targets": (
        _TARGET,
        *_stored("", "basis"),
        Column("outcome", "", "outcome that the target is judged on"),
        _YEAR,
        *_stored("", "rate"),
    ),
    "trusts": (
        _key(schema.TRUST),
        *_stored("", "trust_name"),
        _as("trust_type", "/type_of_trust"),
        _as("system", "/trust_system"),
        *_stored("", "opening_income", "opening_cost"),
        Column(
            "opportunity",
            schema.FRACTION,
            "savings that could still be found, as a share of cost",
        ),
        Column(
            "carry_over",
            schema.FRACTION,
            "savings of the year before that must be found again, as a share of cost",
        ),
        Column("backlog", schema.MONEY, "maintenance put off before the first year"),
        Column("pay_share", schema.FRACTION, "pay as a share of cost"),
        Column(
            "reported_balance",
            schema.MONEY,
            "last outturn with support and one-offs; surplus positive",
        ),
        Column(
            "synthetic",
            "",
            "figures of the trust that are drawn, not real; missing where none is",
        ),
    ),
    "probabilities": (
        _TARGET,
        _OUTCOME,
        _OWN,
        _LEVEL,
        _CODE,
        Column("achieved", COUNT, "draws in which it achieves"),
        Column("draws", COUNT, "draws of the run"),
        *(
            column._replace(meaning=column.meaning.replace("the trust", "it"))
            for column in _stored("", *(f"probability{end}" for end in ENDS))
        ),
    ),
    "shares": (
        _TARGET,
        _OUTCOME,
        _OWN,
        Column("statistic", "", "mean or quantile over draws"),
        _QUANTILE,
        *_stored("", *(f"share_achieving{end}" for end in ENDS)),
    ),
    "bands": (
        _TARGET,
        _LEVEL._replace(meaning=f"who it is of: {_listed(LEVELS[:-1])}"),
        _CODE._replace(meaning="name of the type or system, or sector"),
        _YEAR,
        _BAND,
        *_results(schema.RESULTS),
    ),
    "trust_bands": (
        _TARGET,
        _key(schema.TRUST),
        _YEAR,
        _BAND,
        *_results(schema.SPREAD),
    ),
    "sector": (_TARGET, _DRAW, _YEAR, *_stored("/sector", *schema.RESULTS)),
    "sector_achieved": (
        _TARGET,
        _DRAW,
        *(
            Column(name, "", f"{VARIABLES['/sector/achieved'].meaning}: {words}")
            for name, words in OUTCOMES.items()
        ),
    ),
    "drivers": (_DRAW, *_stored("/drivers", "lever")),
    "drivers_by_year": (
        _DRAW,
        _YEAR,
        *_stored("/drivers", *OF_A_YEAR),
        *(
            _as(f"{name}_{kind}", f"/drivers/{name}")._replace(
                meaning=f"{VARIABLES[f'/drivers/{name}'].meaning}: {kind}"
            )
            for name in OF_A_TYPE
            for kind in schema.TRUST_TYPES
        ),
    ),
    "trajectories": (
        _TARGET,
        _key(KEPT_DRAW)._replace(name=DRAW),
        _key(schema.TRUST),
        _YEAR,
        *_stored("/trajectories", *schema.KEPT),
    ),
    "definitions": (
        Column("table", "", "name of a table"),
        Column("column", "", "name of a column of it"),
        Column("unit", "", "what it is measured in; 1 is a number without a unit"),
        Column("meaning", "", "what it holds"),
    ),
    "assumptions": (
        Column("key", "", "key path of a value of the scenario"),
        Column("value", "", "the value, as a scenario file has it"),
        Column("layer", "", "what set it: a file, the command line or the built-in"),
        Column("grade", "", GRADES),
        Column("source", "", "where it comes from"),
    ),
    "about": (
        Column("item", "", "what is said of the run"),
        Column("value", "", "what it is"),
    ),
}
NAMES: Final = tuple(_FIXED)
BY_DRAW: Final = tuple(
    name
    for name, found in _FIXED.items()
    if any(column.name == DRAW for column in found)
)
