"""The answer for some of the trusts on a screen, the sector beside them."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.groups.estimate import (
    ENDS,
    OUTCOMES,
    SECTOR,
    WORDS,
    Chosen,
    check,
    group_chances,
    names_of,
    trusts_in,
)
from simulator.answers.text import chance, financial_year
from simulator.outcomes import OF_NAME

ABREAST: Final = 4  # targets beside one another, in 100 columns
MOST_NAMED: Final = 12  # trusts of a group
TITLES: Final = {
    "own": "chance to achieve, as the target is meant",
    "balance": "chance to end in balance",
    "sustained": "chance of both",
}
CAUTION: Final = (
    "These are chances of trusts like this under these assumptions, never a forecast: "
    "nothing is known here of a trust but what its list says, and a trust differs from "
    "others like it in more ways than are modelled."
)
TOGETHER: Final = (
    "A system or a type is judged on its trusts' sums of money: one deficit may "
    "outweigh several surpluses."
)
FUTURES: Final = "The sector, all trusts of the run, stands beside on the same futures."


def render(run: xr.DataTree, chosen: Chosen, where: str) -> RenderableType:
    """Lay out the chances of some trusts at every target, and the sector's.

    Raises
    ------
    RunFileError
        Where there are no such trusts.
    """
    chosen = check(chosen, names_of(run, chosen.by), where)
    found = group_chances(run, chosen.by)
    parts: list[RenderableType] = [Text(str(run.attrs["title"]), style="bold")]
    parts += [Text(_asked(run, chosen)), Text()]
    for name in OUTCOMES:
        parts += [_beside(found, chosen, name), Text()]
    parts += [Text(line) for line in _said(run, chosen)]
    return Group(*parts, Text(f"Run file: {where}"))


def render_all(run: xr.DataTree, by: str, where: str) -> RenderableType:
    """Lay out the chances of every type, system or trust at every target."""
    found = group_chances(run, by)
    known = [SECTOR, *names_of(run, by)]
    targets = [str(name) for name in found["target"].values]
    parts: list[RenderableType] = [
        Text(str(run.attrs["title"]), style="bold"),
        Text(f"By {WORDS[by]}; {_how(run)}"),
    ]
    for name in OUTCOMES:
        parts += [Text(), Text(TITLES[name].capitalize() + ".", style="bold")]
        for start in range(0, len(targets), ABREAST):
            parts.append(_abreast(found, known, targets[start : start + ABREAST], name))
    parts += [Text(), *([Text(TOGETHER)] if by != "trust" else [])]
    return Group(*parts, Text(CAUTION), Text(f"Run file: {where}"))


def as_records(
    run: xr.DataTree, by: str, where: str, chosen: Chosen | None = None
) -> dict[str, Any]:
    """Give the same for a script: plain numbers, no rounding."""
    if chosen is not None:
        chosen = check(chosen, names_of(run, by), where)
    known = names_of(run, by) if chosen is None else chosen.names
    found = group_chances(run, by)
    rows = []
    for member in (SECTOR, *known):
        for target in found["target"].values:
            row = found.sel(member=member, target=target)
            record = {"member": member, "target": str(target)}
            record |= {
                "outcome": str(row["outcome"].values),
                "rate": float(row["rate"]),
            }
            for name in OUTCOMES:
                for end in ENDS:
                    key = f"{name}_probability{end}"
                    record[key] = float(row[key])
            rows.append(record)
    return {
        "title": str(run.attrs["title"]),
        "draws": int(run.attrs["draws"]),
        "seed": int(run.attrs["seed"]),
        "by": by,
        "trusts": []
        if chosen is None
        else [code for code, _ in trusts_in(run, chosen)],
        "chances": rows,
        "caution": CAUTION,
        "population_about": str(run.attrs["population_about"]),
        "file": where,
    }


def _asked(run: xr.DataTree, chosen: Chosen) -> str:
    inside = trusts_in(run, chosen)
    who = ", ".join(chosen.names)
    one = "one trust" if len(inside) == 1 else f"{len(inside)} trusts"
    of = "" if chosen.by == "trust" else f" ({one})"
    return f"{WORDS[chosen.by].capitalize()}: {who}{of}. {FUTURES} {_how(run)}"


def _how(run: xr.DataTree) -> str:
    root = run.to_dataset()
    years = root["year"].values
    return (
        f"{run.sizes['trust']} trusts, {financial_year(years[0])} to "
        f"{financial_year(years[-1])}, {run.attrs['draws']:,} draws, seed "
        f"{run.attrs['seed']}. Brackets: 95% Monte Carlo interval of a chance, each by "
        "itself. Balance is that of the last year."
    )


def _beside(found: xr.Dataset, chosen: Chosen, name: str) -> Table:
    """Set the chances of the trusts chosen, a column each, beside the sector's."""
    table = _table(TITLES[name], [*chosen.names, SECTOR])
    for target in found["target"].values:
        row = found.sel(target=target)
        cells = (
            chance(row.sel(member=member), f"{name}_probability")
            for member in (*chosen.names, SECTOR)
        )
        table.add_row(_words(row), *cells)
    return table


def _abreast(
    found: xr.Dataset, known: list[str], targets: list[str], name: str
) -> Table:
    table = _table("", targets)
    for member in known:
        row = found.sel(member=member)
        key = f"{name}_probability"
        table.add_row(member, *(chance(row.sel(target=t), key) for t in targets))
    return table


def _words(row: xr.Dataset) -> str:
    name = str(row["target"].values)
    return name if "%" in name else f"{name} ({float(row['rate']):.2%})"


def _table(first: str, titles: list[str]) -> Table:
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column(first, overflow="fold")
    for title in titles:
        table.add_column(title, justify="right", overflow="fold")  # cut no number
    return table


def _said(run: xr.DataTree, chosen: Chosen) -> Iterator[str]:
    """Say what achieving means, who is in the group, and what is not known."""
    outcomes = np.unique(group_chances(run, chosen.by)["outcome"].values)
    for name in map(str, outcomes):
        yield f"Achieved: {OF_NAME[name].meaning}."
    if chosen.by != "trust":
        yield TOGETHER
    inside = [f"{code} {name}" for code, name in trusts_in(run, chosen)]
    more = len(inside) - MOST_NAMED
    yield "; ".join(inside[:MOST_NAMED]) + (f"; and {more} more." if more > 0 else ".")
    yield CAUTION
    yield str(run.attrs["population_about"])
