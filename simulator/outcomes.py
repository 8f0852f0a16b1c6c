"""What achieving a target can mean: each outcome once, with all that is said of it.

A new outcome is one record here and one test in `kernel/outcomes.py`.
"""

from typing import Final, NamedTuple


class Outcome(NamedTuple):
    """One meaning of achieving a target."""

    name: str
    basis: str
    """Basis of the targets that are meant on it; empty where none is."""
    meaning: str
    """What is so where it is achieved, after `achieved:`."""
    test: str
    """The same as a test of numbers, for who wants to check."""
    asks: str
    """What a rate is a rate of, where the outcome is asked about."""
    doing: str
    """What trusts are to do, after `the highest rate`."""
    missed: str
    """When a year is missed; empty where years are not judged."""
    falls: bool
    """Whether its chance can only fall as more is asked of the same savings."""


ANY_MEANS, RECURRENT, CASH_RELEASING, MEASURED, BALANCE, SUSTAINED = range(6)

RECORDS: Final = (
    Outcome(
        "any_means",
        "reported",
        "recurrent and one-off savings together come to the target",
        "over all years, recurrent and one-off savings in money are at least the "
        "target's rate times cost before savings",
        "rate of reported savings",
        "to make by any means",
        "recurrent and one-off savings up to it are below the target's up to it",
        True,
    ),
    Outcome(
        "recurrent",
        "recurrent",
        "recurrent savings come to the target",
        "over all years, recurrent savings in money are at least the target's rate "
        "times cost before savings",
        "rate of recurrent savings",
        "to achieve with recurrent savings",
        "recurrent savings up to it are below the target's up to it",
        True,
    ),
    Outcome(
        "cash_releasing",
        "cash_releasing",
        "unit cost falls by the target, but for cost pressure that income makes good",
        "over all years, cash-releasing productivity adds up to at least the target",
        "rate of cash-releasing productivity",
        "to achieve in cash-releasing productivity",
        "cash-releasing productivity up to it is below the target's up to it",
        True,
    ),
    Outcome(
        "measured",
        "measured",
        "productivity as the statisticians measure it grows by the target",
        "over all years, measured productivity adds up to at least the target",
        "rate of measured productivity",
        "to achieve in measured productivity",
        "measured productivity up to it is below the target's up to it",
        True,
    ),
    Outcome(
        "balance",
        "",
        "the last year ends in balance",
        "in the last year, the balance is zero or more",
        "rate asked",
        "to end the last year in balance under",
        "",
        False,
    ),
    Outcome(
        "sustained",
        "",
        "the target is achieved as it is meant, and the last year ends in balance",
        "the outcome that the target is meant on and the balance are both achieved",
        "rate asked",
        "to achieve as it is meant and end in balance",
        "",
        False,
    ),
)
OUTCOMES: Final = tuple(record.name for record in RECORDS)
OF_NAME: Final = {record.name: record for record in RECORDS}
OF_BASIS: Final = {record.basis: record for record in RECORDS if record.basis}
BASES: Final = tuple(OF_BASIS)
ROW: Final = {name: row for row, name in enumerate(OUTCOMES)}
# Each basis of a target is judged by the outcome of its own.
HEADLINE_OUTCOME: Final = {basis: record.name for basis, record in OF_BASIS.items()}
PRODUCTIVITIES: Final = ("cash_releasing", "measured")
# Shown of the sector, beside the outcome that a target is meant on.
BESIDE: Final = ("sustained", "balance", *PRODUCTIVITIES)
