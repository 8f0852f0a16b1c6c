"""What was published of past years, measure by measure, and how far it may err."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from simulator import evidence
from simulator.evidence import Entry

FIRST: Final = 2000
LAST: Final = 2017  # nothing later is read: later outturns are for others to score on
MONEY: Final = "GBP m"
SHARE: Final = "%"
OF_COST: Final = "% of cost"
GROWTH: Final = "% a year"


class Measure(NamedTuple):
    """A published series.

    Parameters
    ----------
    name
        Of the measure in a `hindcast`.
    title
        For a reader, without the unit.
    unit
        Of what is printed; a percentage is held as a fraction.
    series
        Prefixes of evidence keys; a later one fills the gaps of those before it.
    """

    name: str
    title: str
    unit: str
    series: tuple[str, ...]


def _measure(name: str, title: str, unit: str, *series: str) -> Measure:
    return Measure(name, title, unit, (f"record.{name}.figure", *series))


MEASURES: Final = (
    _measure("balance", "net balance", MONEY, "finance.net_balance"),
    _measure(
        "underlying",
        "underlying balance",
        MONEY,
        "finance.underlying_balance",
        "opening.underlying",
    ),
    _measure("in_deficit", "trusts in deficit", SHARE, "finance.share_in_deficit"),
    _measure(
        "acute_in_deficit",
        "acute trusts in deficit",
        SHARE,
        "finance.acute_share_in_deficit",
    ),
    _measure(
        "other_in_deficit",
        "other trusts in deficit",
        SHARE,
        "finance.non_acute_share_in_deficit",
    ),
    _measure("gross_deficit", "sum of deficits", MONEY, "finance.gross_deficit"),
    _measure("acute_balance", "acute trusts' balance", MONEY, "finance.acute_balance"),
    _measure(
        "other_balance", "other trusts' balance", MONEY, "finance.non_acute_balance"
    ),
    _measure("planned", "savings planned", OF_COST, "finance.savings_rate_planned"),
    _measure("delivered", "savings delivered", OF_COST, "finance.savings_rate"),
    _measure("recurrent_share", "recurrent savings", SHARE, "finance.recurrent_share"),
    _measure("income", "income", MONEY, "finance.income", "opening.income"),
    _measure("cost", "cost", MONEY, "finance.expenditure"),
    _measure("productivity", "productivity", GROWTH, "productivity.york"),
    _measure("productivity_mean", "mean productivity", GROWTH),
    _measure("at_plan", "trusts at plan or better", SHARE),
)
BY_NAME: Final = {measure.name: measure for measure in MEASURES}
# What was planned for a year before it began: evidence keys, as of a measure.
PLANS: Final = {
    "balance": ("finance.net_balance_plan",),
    "delivered": BY_NAME["planned"].series,
}


class Figure(NamedTuple):
    """A published figure: its entry, its value or the middle of its range."""

    entry: Entry
    value: float
    error: float | None
    """Standard deviation; None where the figure is not scored."""
    why: str
    """Reason for the error; empty where there is none."""


def figures(measure: Measure) -> dict[int, Figure]:
    """Give all that was published of a measure, by year, in order of years."""
    entries = _filled(measure.series)
    return {year: _figure(measure, year, entry) for year, entry in entries.items()}


def plans(measure: Measure) -> dict[int, float]:
    """Give what was planned of a measure, by year, where that was published."""
    entries = _filled(PLANS.get(measure.name, ()))
    return {year: _middle(entry) for year, entry in entries.items()}


def scored_years() -> tuple[int, int]:
    """Give the first and last year of which any figure is scored."""
    years = [
        year
        for measure in MEASURES
        for year, figure in figures(measure).items()
        if figure.error is not None
    ]
    return min(years), max(years)


def _figure(measure: Measure, year: int, entry: Entry) -> Figure:
    error = evidence.figures().get(f"record.{measure.name}.error.{year}")
    if error is None:
        return Figure(entry, _middle(entry), None, "")
    return Figure(entry, _middle(entry), evidence.number(error.key), error.note)


def _middle(entry: Entry) -> float:
    low, high = evidence.bounds(entry.key)
    return (low + high) / 2.0


def _filled(prefixes: Iterable[str]) -> dict[int, Entry]:
    """Give the entries `prefix.<year>` in order of years; the first prefix has it."""
    known = evidence.figures()
    return {
        year: known[keys[0]]
        for year in range(FIRST, LAST + 1)
        if (keys := [k for p in prefixes if (k := f"{p}.{year}") in known])
    }
