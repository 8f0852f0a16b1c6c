"""Both answers of a run side by side: from prior beliefs, and given the record."""

import json
from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr
from rich.table import Table

from simulator.answers.headline.estimate import ENDS, GIVEN, PRIOR
from simulator.answers.text import chance, financial_year
from simulator.evidence import record
from simulator.scenario import tables
from simulator.schema import RECORD_OVERRULED, RECORD_TABLE, WITHOUT_RECORD


def has_both(answer: xr.Dataset) -> bool:
    """Tell whether an answer has a second one beside it."""
    return {PRIOR, GIVEN} <= set(answer["beliefs"].values.tolist())


def cell(answer: xr.Dataset, target: str, of: str, beliefs: str) -> str:
    """Write one chance of one answer, with its interval."""
    return chance(answer.sel(target=target, of=of, beliefs=beliefs), "chance")


def table(
    answer: xr.Dataset, rows: Sequence[tuple[str, str]], titles: dict[str, str]
) -> Table:
    """Lay both answers out: a line a target, two columns a chance.

    Parameters
    ----------
    answer
        As `headline` gives it.
    rows
        Each target, and what it is called.
    titles
        What each of the chances to show is called.
    """
    grid = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    grid.add_column("both answers", no_wrap=True)
    for title in titles.values():
        grid.add_column(title, justify="right", overflow="fold")
        grid.add_column("given record", justify="right", overflow="fold")
    for target, words in rows:
        cells = (
            cell(answer, target, of, beliefs)
            for of in titles
            for beliefs in (PRIOR, GIVEN)
        )
        grid.add_row(words, *cells)
    return grid


def said(run: xr.DataTree) -> Iterator[str]:
    """Say what the two answers are, which of them leads, and why; or why one is alone.

    Of a run whose draws are all given the record, which record.
    """
    made_from = run["provenance"].attrs
    if "beliefs" in made_from:
        yield f"Beliefs: given the record of published years ({made_from['beliefs']})."
        return
    name = str(made_from.get(RECORD_TABLE, ""))
    if not name:
        why = str(made_from.get(WITHOUT_RECORD, ""))
        if int(run.to_dataset()["year"].values[0]) > record.LAST:
            yield (
                "One answer, from prior beliefs; none given the record"
                f"{f', as {why}' if why else ''}."
            )
        return
    yield (
        "Two answers, of the same futures. The first takes each assumption as its own "
        "sources have it. The second takes only assumptions that together give "
        f"{_years(name)} much as published. The first leads, and what is not marked is "
        "of it: it leans on nothing but its sources. The second holds if trusts go on "
        "planning, saving and being paid as they did in those years. Tried on years "
        "that it was not fitted to, it did better where plans follow the trust's own "
        "gap, and no better where they follow the tariff."
    )
    overruled = json.loads(str(made_from.get(RECORD_OVERRULED, "[]")))
    if overruled:
        yield f"In both the scenario has its own word on {', '.join(overruled)}."


def _years(table: str) -> str:
    if table not in tables.packaged():
        return f"the years of {table}"
    first, last = tables.years(table)
    return f"{financial_year(first)} to {financial_year(last)}"


def as_records(answer: xr.Dataset, target: str) -> dict[str, object]:
    """Give one target's chances for a script, by beliefs and what they are of."""
    one = answer.sel(target=target)
    return {
        str(beliefs): {
            str(of): {
                name: _number(one.sel(beliefs=beliefs, of=of)[f"chance{end}"])
                for name, end in zip(("estimate", "low", "high"), ENDS, strict=True)
            }
            for of in one["of"].values
        }
        for beliefs in one["beliefs"].values
    }


def _number(value: xr.DataArray) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
