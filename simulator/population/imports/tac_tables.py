"""The accounts of trusts as plain tables: a list to build from, and their history."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from simulator.errors import PopulationError, Problems
from simulator.population.imports import tac
from simulator.population.imports.control_total import Miss, Surplus, miss, surplus
from simulator.population.imports.oversight import Plans
from simulator.population.imports.tac import Accounts
from simulator.types import OnProgress

LIST: Final = (
    "code",
    "name",
    "type",
    "operating_income",
    "reported_surplus",
    "pay_share",
)
PLANNED: Final = "planned_surplus (%)"  # in place of the reported one, of a plan
HISTORY: Final = ("code", "name", "type", "year", "income", "surplus", "basis")
BREAKEVEN: Final = "breakeven duty"
THOUSAND: Final = 1000.0
MOST_NAMED: Final = 10  # codes
# Years that the model is to be judged by and never fitted to: no history holds them.
HELD_OUT: Final = (2018, 2019)


def read_accounts(
    paths: Iterable[str | os.PathLike[str]],
    year: int | None = None,
    on_progress: OnProgress = lambda more: None,
) -> list[Accounts]:
    """Read published trust accounts: of NHS trusts and foundation trusts, of any years.

    Parameters
    ----------
    paths
        Workbooks as NHS England publishes them.
    year
        First calendar year of the accounts; taken from the files' names unless given.
    on_progress
        Called with numbers of bytes that were read.

    Returns
    -------
    list of Accounts
        One a trust and year, GBP thousand.

    Raises
    ------
    Problems
        Where a trust has accounts of one year in two of them.
    """
    found: list[Accounts] = []
    came_from: dict[tuple[str, int], str] = {}
    twice = []
    for path in map(Path, paths):
        for own in tac.read(path, year, on_progress):
            other = came_from.setdefault((own.code, own.year), path.name)
            if other != path.name:
                problem = f"{own.code} has accounts of {_said(own.year)} in {other} too"
                twice.append(PopulationError(path.name, problem, "give each file once"))
            found.append(own)
    if twice:
        raise Problems(twice[: tac.MOST_SAID])
    return found


def last_year(every: Sequence[Accounts]) -> list[Accounts]:
    """Keep the accounts of the latest year, in the order of codes."""
    last = max(own.year for own in every)
    return sorted((own for own in every if own.year == last), key=lambda own: own.code)


def as_list(every: Sequence[Accounts], plans: Plans | None = None) -> str:
    """Write the list that `population build` reads, GBP million.

    With `plans`, the planned surplus, % of income, stands in place of the reported one;
    a trust without a plan has none, and building a population draws it.
    """
    header = [PLANNED if plans and c == "reported_surplus" else c for c in LIST]
    return _csv(
        header,
        (
            (
                own.code,
                own.name,
                own.type,
                _millions(own.values["income"]),
                _opening(own, plans),
                f"{own.values['pay'] / own.values['expenses']:.6f}",
            )
            for own in every
        ),
    )


def _opening(own: Accounts, plans: Plans | None) -> str:
    if plans is None:
        return _millions(surplus(own).value)
    percent = plans.percent.get(own.code)
    return "" if percent is None else f"{percent:g}"


def as_history(every: Sequence[Accounts]) -> str:
    """Write surplus and income of every trust and year that the accounts tell.

    Of NHS trusts' earlier years, the breakeven performance, GBP million; a year that a
    workbook of its own is given of counts as that has it. Those of `HELD_OUT` are left
    out.
    """
    rows: dict[tuple[str, int], tuple[object, ...]] = {}
    for own in sorted(every, key=lambda one: one.year):
        for year, values in sorted(own.history.items()):
            if year < own.year and {"income", "surplus"} <= values.keys():
                found = Surplus(values["surplus"], BREAKEVEN)
                rows.setdefault((own.code, year), _past(own, year, values, found))
    for own in every:
        rows[own.code, own.year] = _past(own, own.year, own.values, surplus(own))
    return _csv(HISTORY, (rows[key] for key in sorted(rows) if key[1] not in HELD_OUT))


def about(every: Sequence[Accounts], plans: Plans | None = None) -> list[str]:
    """Say what was read, how well surpluses are known, and what the list remarks."""
    kept = last_year(every)
    nhs = sum(own.is_nhs_trust for own in kept)
    said = [
        f"{len(kept)} trusts, accounts of {_said(kept[0].year)}: {nhs} NHS trusts, "
        f"whose surplus on the control-total basis is published, and {len(kept) - nhs} "
        "foundation trusts, for which it is approximated."
    ]
    if nhs < len(kept):
        said.append(_missed(miss(every)))
    if plans is not None:
        said += _planned(kept, plans)
    remarked = [f"{own.code}: {own.comment}" for own in kept if own.comment]
    if remarked:
        said.append(
            "The list of providers remarks (a trust may have only part of the year): "
            + "; ".join(remarked[:10])
            + (f"; and {len(remarked) - 10} more" if len(remarked) > 10 else "")
        )
    return said


def _planned(kept: Sequence[Accounts], plans: Plans) -> Iterator[str]:
    """Say whose plan is known, what planned deficits come to, and who is missing."""
    income = {own.code: own.values["income"] / THOUSAND for own in kept}
    known = {code: p for code, p in plans.percent.items() if code in income}
    deficits = -sum(min(p, 0.0) / 100.0 * income[code] for code, p in known.items())
    yield (
        f"Planned surplus ({plans.year}) of {len(known)} trusts; of the other "
        f"{len(kept) - len(known)} it is left blank, and drawn when a population is "
        f"built. Planned deficits come to GBP {deficits:,.0f}m of the income given."
    )
    if strange := sorted(plans.percent.keys() - income.keys()):
        listed = ", ".join(strange[:MOST_NAMED])
        more = len(strange) - MOST_NAMED
        yield (
            f"With a plan, and not in the accounts: {listed}"
            f"{f' and {more} more' if more > 0 else ''}."
        )


def _missed(found: Miss | None) -> str:
    if found is None:
        return (
            "How far the approximation misses is not known: give the workbook of NHS "
            "trusts too, for which both are known."
        )
    return (
        f"On {found.trusts} NHS trusts the approximation is off by "
        f"{100 * found.mean:+.2f}% of income on average, with a standard deviation of "
        f"{100 * found.sd:.2f} points (largest {100 * found.largest:.1f}); "
        "depreciation of donated assets is not in it."
    )


def _past(
    own: Accounts, year: int, values: Mapping[str, float], found: Surplus
) -> tuple[object, ...]:
    income, balance = _millions(values["income"]), _millions(found.value)
    return own.code, own.name, own.type, year, income, balance, found.basis


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _millions(thousand: float) -> str:
    """Write GBP thousand as GBP million, to the last pound and no further."""
    return f"{thousand / THOUSAND:.6f}".rstrip("0").rstrip(".")


def _said(year: int) -> str:
    return f"{year}/{(year + 1) % 100:02d}"
