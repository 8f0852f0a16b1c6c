"""Comparisons on a screen: what differs, by how much, and what cannot be told apart."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.compare.estimate import POWER, is_clear
from simulator.answers.compare.recounting import UNIT
from simulator.answers.compare.simulate import Comparison
from simulator.answers.text import chance, financial_year
from simulator.errors import ScenarioError
from simulator.outcomes import RECORDS
from simulator.schema import CONFIDENCE, OUTCOME, TARGET, YEAR

MOST_TRUSTS: Final = 8
# How a yearly result is written: its title, its multiple and its digits.
YEARLY: Final = {
    "balance": ("balance,\nGBP m", 1.0, 0),
    "cash_releasing": ("cash-releasing\nproductivity, %", 100.0, 3),
    "measured": ("measured\nproductivity, %", 100.0, 3),
    "shortfall": ("savings not\nmade, GBP m", 1.0, 0),
    "trusts_in_deficit": ("trusts in\ndeficit", 1.0, 1),
}


def render(found: Sequence[Comparison], target: str | None = None) -> RenderableType:
    """Lay out comparisons with one run; details for a target, by default the most."""
    parts: list[RenderableType] = []
    for comparison in found:
        parts += [*_parts(comparison, detailed(comparison, target)), Text()]
    return Group(*parts[:-1])


def detailed(comparison: Comparison, target: str | None) -> str:
    """Choose the target to show in detail: the one given, or what differs most.

    Of targets that ask the same rate in both, if there are any.
    """
    names = list(comparison.basis)
    if target is None:
        same = [name for name in names if name not in comparison.rates_differ] or names
        gaps = [abs(float(_own(comparison, name)["difference"])) for name in same]
        return same[int(np.argmax(gaps))]
    if target not in names:
        raise ScenarioError(
            f"target '{target}'",
            f"is not in both {comparison.first} and {comparison.second}",
            f"choose from: {', '.join(names)}",
        )
    return target


def _parts(comparison: Comparison, target: str) -> Iterator[RenderableType]:
    yield Text(f"A: {comparison.first}\nB: {comparison.second}", style="bold")
    yield Text(
        f"{comparison.draws:,} draws in common, the same futures in both. A difference "
        "is B less A, that of chances in points; brackets and ±: 95% Monte Carlo "
        "interval of paired draws. A only, B only: percent of futures in which that "
        "one alone achieves."
    )
    for note in (*comparison.notes, *_unpaired(comparison)):
        yield Text(note)
    yield Text("\nChance that the sector achieves the target on its basis", "bold")
    yield _outcomes(comparison, None)
    yield Text("\nChance that the sector is in balance in the last year", "bold")
    yield _outcomes(comparison, "balance")
    yield Text()
    yield from (Text(line, style="bold") for line in verdicts(comparison))
    if all(comparison.identical.values):
        return
    yield Text(f"\n{target}, year by year: mean difference", "bold")
    yield _by_year(comparison, target)
    yield from (Text(line) for line in _steps(comparison, target))
    if comparison.units is not None:
        yield Text(f"\n{target}, by type: who achieves in B and not in A", "bold")
        yield _by_type(comparison, target)
        yield Text(f"\n{target}: the trusts that differ most, in points", "bold")
        yield _by_trust(comparison, target)


def _unpaired(comparison: Comparison) -> Iterator[str]:
    for name, targets in comparison.unpaired.items():
        if targets:
            yield f"Not paired, only in {name}: {', '.join(targets)}."


def _own(comparison: Comparison, target: str) -> xr.Dataset:
    outcome = comparison.own_outcome(target)
    return comparison.chances.sel({TARGET: target, OUTCOME: outcome})


# --- outcomes -------------------------------------------------------------------------


def _outcomes(comparison: Comparison, outcome: str | None) -> Table:
    """Lay out an outcome of every target; None is the target's own."""
    ahead = outcome == "balance"
    last = "better in\nA / B" if ahead else ""
    table = _table("target", "A", "B", "difference", "A only /\nB only", last)
    for name in comparison.basis:
        at = {TARGET: name, OUTCOME: outcome or comparison.own_outcome(name)}
        row = comparison.chances.sel(at)
        alone = [
            f"{100 * float(row[f'only_{end}']):.1f}" for end in ("first", "second")
        ]
        table.add_row(
            _asked(comparison, name),
            chance(row, "first"),
            chance(row, "second"),
            points(row),
            " / ".join(alone),
            _ahead(comparison, name)
            if ahead
            else verdict(row, bool(comparison.identical.sel({TARGET: name}))),
        )
    return table


def _asked(comparison: Comparison, target: str) -> str:
    """Name a target, with both rates where it does not ask the same in both."""
    if target not in comparison.rates_differ:
        return target
    first, second = comparison.rates_differ[target]
    return f"{target} (A {first:.2%}, B {second:.2%})"


def _ahead(comparison: Comparison, target: str) -> str:
    last = comparison.years["balance"].sel({TARGET: target}).isel({YEAR: -1})
    shares = [100 * float(last[name]) for name in ("lower", "higher")]
    return f"{shares[0]:.0f} / {shares[1]:.0f}"


def points(row: xr.Dataset) -> str:
    """Write a difference of two chances in points, with its interval."""
    value, low, high = (
        100 * float(row[f"difference{end}"]) for end in ("", "_low", "_high")
    )
    # Two digits where one would make nothing of something.
    small = any(number and not round(number, 1) for number in (value, low, high))
    said = [_signed(number, 2 if small else 1) for number in (value, low, high)]
    return f"{said[0]} ({said[1]} to {said[2]})"


def _signed(value: float, digits: int) -> str:
    rounded = round(value, digits)
    return f"{rounded:+,.{digits}f}" if rounded else f"{0.0:.{digits}f}"


def verdict(row: xr.Dataset, identical: bool) -> str:
    """Say in a word which way a difference goes, if that is clear."""
    if identical:
        return "identical"
    if not _is_clear(row):
        return "not clear"
    return "higher" if float(row["difference"]) > 0 else "lower"


def _is_clear(row: xr.Dataset) -> bool:
    return bool(is_clear(row["difference_low"].values, row["difference_high"].values))


def verdicts(comparison: Comparison) -> Iterator[str]:
    """Say what cannot be told apart, and how many more draws would be likely to."""
    if all(comparison.identical.values):
        yield "Identical: each difference is exactly 0, by definition and in all draws."
        return
    same = [n for n in comparison.basis if comparison.identical.sel({TARGET: n})]
    if same:
        yield f"Identical in both: {', '.join(same)}."
    unclear: dict[str, list[str]] = {}
    for name in comparison.basis:
        for outcome in dict.fromkeys((comparison.own_outcome(name), "balance")):
            row = comparison.chances.sel({TARGET: name, OUTCOME: outcome})
            if name not in same and not _is_clear(row):
                more = _more(float(row["more_draws"]))
                unclear.setdefault(more, []).append(f"{name} ({outcome})")
    if unclear:
        yield f"These cannot be told apart at {comparison.draws:,} draws:"
    for more, names in unclear.items():
        yield f"  - {', '.join(names)}: {more}"


def _more(draws: float) -> str:
    if np.isnan(draws):
        return "no draw differs, so nothing says how many more would tell"
    if draws > 1e9:
        return "they look alike, so more draws are not likely to tell"
    rounded = float(f"{draws:.2g}")
    return f"about {rounded:,.0f} more would be likely to tell ({POWER:.0%} chance)"


# --- what drives it -------------------------------------------------------------------


def _by_year(comparison: Comparison, target: str) -> Table:
    table = _table("year", *(title for title, _, _ in YEARLY.values()))
    for year in comparison.years["balance"][YEAR].values:
        cells = []
        for name, (_, times, digits) in YEARLY.items():
            row = comparison.years[name].sel({TARGET: target, YEAR: year})
            half = times * float(row["difference_high"] - row["difference_low"]) / 2
            value = _signed(times * float(row["difference"]), digits)
            cells.append(f"{value} ±{half:,.{digits}f}")
        table.add_row(financial_year(int(year)), *cells)
    return table


def _steps(comparison: Comparison, target: str) -> Iterator[str]:
    """Name the year that adds most to the differences that are clear."""
    gap = comparison.years["balance"].sel({TARGET: target})
    last = gap.isel({YEAR: -1})
    if _is_clear(last):
        values = gap["difference"].values
        steps = np.diff(values, prepend=0.0)
        most = int(np.argmax(steps * np.sign(values[-1])))
        yield (
            f"Of {_signed(float(values[-1]), 0)}m of balance in the last year, "
            f"{financial_year(int(gap[YEAR][most]))} brings most: "
            f"{_signed(float(steps[most]), 0)}m."
        )
    gap = comparison.years["measured"].sel({TARGET: target})
    sure = is_clear(gap["difference_low"].values, gap["difference_high"].values)
    if sure.any():
        values = np.where(sure, gap["difference"].values, 0.0)
        most = int(np.argmax(np.abs(values)))
        year = financial_year(int(gap[YEAR][most]))
        yield (
            f"Measured productivity differs most in {year}: "
            f"{_signed(100 * float(values[most]), 3)} points."
        )


def _units(comparison: Comparison, target: str) -> Iterator[xr.Dataset]:
    """Give the units' outcomes of a target: on its own basis, then in balance."""
    assert comparison.units is not None
    for outcome in (comparison.own_outcome(target), "balance"):
        yield comparison.units.sel({TARGET: target, OUTCOME: outcome})


def _by_type(comparison: Comparison, target: str) -> Table:
    own = comparison.own_outcome(target)
    table = _table(
        "type",
        f"{own}:\ntrusts more",
        "\nthe type together",
        "balance:\ntrusts more",
        "\nthe type together",
    )
    both = list(_units(comparison, target))
    kinds = both[0]["kind"].values
    for row in np.flatnonzero(kinds == "type"):
        name = str(both[0][UNIT].values[row])
        cells = []
        for found in both:
            trusts = (kinds == "trust") & (found["type_of_unit"].values == name)
            more = float(found["difference"].values[trusts].sum())
            together = found.isel({UNIT: int(row)})
            cells += [f"{_signed(more, 1)} of {trusts.sum()}", points(together)]
        table.add_row(name.replace("_", " "), *cells)
    return table


def _by_trust(comparison: Comparison, target: str) -> RenderableType:
    own = comparison.own_outcome(target)
    table = _table("trust", "type", own, "balance")
    both = list(_units(comparison, target))
    trusts = np.flatnonzero(both[0]["kind"].values == "trust")
    gaps = np.max([np.abs(found["difference"].values) for found in both], axis=0)
    sure = np.any(
        [is_clear(f.difference_low.values, f.difference_high.values) for f in both], 0
    )
    order = [i for i in trusts[np.argsort(-gaps[trusts], kind="stable")] if sure[i]]
    for i in order[:MOST_TRUSTS]:
        cells = [points(found.isel({UNIT: int(i)})) for found in both]
        kind = str(both[0]["type_of_unit"].values[i]).replace("_", " ")
        table.add_row(str(both[0][UNIT].values[i]), kind, *cells)
    said = (
        f"{len(order)} of {len(trusts)} trusts can be told apart; the intervals of all "
        "trusts hold at once."
    )
    return Group(table, Text(said)) if order else Text(said)


def _table(first: str, *titles: str) -> Table:
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column(first, no_wrap=True)
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    return table


# --- for a script ---------------------------------------------------------------------


def as_records(found: Sequence[Comparison]) -> list[dict[str, object]]:
    """Give comparisons for a script: plain numbers, no rounding."""
    return [_record(comparison) for comparison in found]


def _record(comparison: Comparison) -> dict[str, object]:
    targets = {}
    for name in comparison.basis:
        chances = comparison.chances.sel({TARGET: name})
        record: dict[str, object] = {
            "identical": bool(comparison.identical.sel({TARGET: name})),
            "own_outcome": comparison.own_outcome(name),
            "rates_differ": list(comparison.rates_differ.get(name, ())) or None,
            "outcomes": {
                str(outcome): _numbers(chances.sel({OUTCOME: outcome}))
                for outcome in chances[OUTCOME].values
            },
            "years": {
                result: {
                    str(year): _numbers(table.sel({TARGET: name, YEAR: year}))
                    for year in table[YEAR].values
                }
                for result, table in comparison.years.items()
            },
        }
        if comparison.units is not None:
            record["units"] = [
                unit for part in _units(comparison, name) for unit in _listed(part)
            ]
        targets[name] = record
    return {
        "first": comparison.first,
        "second": comparison.second,
        "draws": comparison.draws,
        "confidence": CONFIDENCE,
        "outcome_meaning": {record.name: record.meaning for record in RECORDS},
        "targets": targets,
        "not_paired": comparison.unpaired,
        "notes": [*comparison.notes, *verdicts(comparison)],
    }


def _numbers(row: xr.Dataset) -> dict[str, float | None]:
    """Give the numbers of a row; None for one that is not known or has no end."""
    found = {str(name): float(value) for name, value in row.data_vars.items()}
    return {name: v if np.isfinite(v) else None for name, v in found.items()}


def _listed(units: xr.Dataset) -> Iterator[dict[str, Any]]:
    columns = {str(name): value.values for name, value in units.data_vars.items()}
    for i, name in enumerate(units[UNIT].values):
        row = {"unit": str(name), "kind": str(units["kind"].values[i])}
        row["outcome"] = str(units[OUTCOME].values)
        found = {key: float(column[i]) for key, column in columns.items()}
        yield row | {k: v if np.isfinite(v) else None for k, v in found.items()}
