"""What was known when: a scenario as known at a day rests on no later source."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final, NamedTuple

from simulator import evidence
from simulator.messages import Fault, Path

THIS_PROJECT: Final = "This project"  # judgement and arithmetic: no day of their own

# Figures, or tables of them, that were known earlier than the account that is cited.
KNOWN_EARLIER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "demand.national_shock.sd": "admissions came out every autumn, those of "
        "2017/18 in September 2018; the answer that collects them is of 2023",
        "demand.mental_health.trend": "the counts of 2018 came out month by month; "
        "the report that collects them is of March 2019",
        "opening.underlying.2017": "NHS Improvement's 4.3bn was quoted in October "
        "2018, the 4.0bn in May",
        "opening.nonrecurrent_savings.2017": "the Nuffield Trust gave the 842m on the "
        "day of the results, 31 May 2018",
        "opening.plan": "the plans of 2018/19 and the size of the fund were known "
        "during that year; they are no outturn",
        "opening.income_growth.2018": "the step from one plan to the next, both known "
        "by then",
        "opening.size": "how large trusts are beside one another, no result of a year",
        "opening.size_spread": "how far trusts differ in size, no result of a year",
        "opening.best_to_worst.2017": "shapes the best and the worst trust of 2017/18 "
        "and no total",
    }
)


class Cited(NamedTuple):
    """A value and the evidence ids behind it."""

    path: Path
    keys: tuple[str, ...]


def last_day(published: str) -> date:
    """Give the last day that a date of publication can mean.

    Parameters
    ----------
    published
        As the evidence has it: `2019`, `2019-01`, `2019-01-22`, or the last of a run,
        such as `2014-2017` or `2014-11/2015-02`.
    """
    run, _, end = published.partition("/")
    parts = [int(part) for part in (end or run).split("-")]
    if len(parts) == 2 and parts[1] > 12:  # a run of years
        parts = parts[1:]
    year, month = parts[0], parts[1] if len(parts) > 1 else 12
    day = parts[2] if len(parts) > 2 else monthrange(year, month)[1]
    return date(year, month, day)


def known_earlier(key: str) -> str:
    """Say why a figure was known before its source came out; empty if it was not."""
    names = key.split(".")
    tables = (".".join(names[:depth]) for depth in range(len(names), 0, -1))
    return next((KNOWN_EARLIER[t] for t in tables if t in KNOWN_EARLIER), "")


def faults(as_known_at: str, cited: Iterator[Cited]) -> Iterator[Fault]:
    """Yield every value that rests on a source published after a day.

    Parameters
    ----------
    as_known_at
        The day, as `2019-01-31`.
    cited
        The values that name evidence.
    """
    known = date.fromisoformat(as_known_at)
    for path, keys in cited:
        for key in keys:
            entry = evidence.figures().get(key) or evidence.default_entry(key)
            if entry is None or entry.publisher == THIS_PROJECT:
                continue
            if last_day(entry.date) > known and not known_earlier(key):
                problem = (
                    f"rests on a source of {entry.date}, after {as_known_at}: "
                    f"{entry.publisher}, {entry.title}"
                )
                remedy = "give what was known by then, or a later as_known_at"
                yield Fault(path, problem, remedy)
                break
