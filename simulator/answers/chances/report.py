"""The sector's chances under several beliefs, on a screen and for a script."""

from typing import Any, Final

import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.text import chance

SHOWN: Final = ("cash_releasing", "measured", "balance")
SAID: Final = {
    "prior": "before the record: each belief on its own, as built in",
    "record": "given the record: beliefs that make the years 2013/14 to 2017/18 come "
    "out as published are likelier than others",
}


def render(found: xr.Dataset) -> RenderableType:
    """Lay chances out: a table of each outcome."""
    parts: list[RenderableType] = [
        Text(str(found.attrs["title"]), style="bold"),
        Text(
            f"{found.attrs['draws']:,} draws, seed {found.attrs['seed']}. Chances that "
            "the sector achieves; brackets: 95% interval, for finite numbers of draws "
            "and of beliefs."
        ),
    ]
    for words, table in zip(
        found["beliefs"].values.tolist(), found["table"].values.tolist(), strict=True
    ):
        named = "" if table == words else f" ({table})"
        parts.append(Text(f"  {words}: {SAID.get(words, words)}{named}"))
    for outcome in SHOWN:
        parts += [Text(), _grid(found, outcome)]
    return Group(*parts)


def as_records(found: xr.Dataset) -> dict[str, Any]:
    """Give the same for a script."""
    attributes = {str(name): value for name, value in found.attrs.items()}
    rows = []
    for words in found["beliefs"].values.tolist():
        for target in found["target"].values.tolist():
            for outcome in found["outcome"].values.tolist():
                one = found.sel(beliefs=words, target=target, outcome=outcome)
                rows.append(
                    {
                        "beliefs": words,
                        "table": str(one["table"].item()),
                        "target": target,
                        "plan_follows": str(one["plan_follows"].item()),
                        "outcome": outcome,
                        **{end: float(one[end]) for end in ("estimate", "low", "high")},
                    }
                )
    return {**attributes, "chances": rows}


def _grid(found: xr.Dataset, outcome: str) -> Table:
    grid = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    grid.add_column(f"chance: {outcome.replace('_', '-')}")
    grid.add_column("plans follow")
    for words in found["beliefs"].values.tolist():
        grid.add_column(str(words), justify="right")
    for target in found["target"].values.tolist():
        one = found.sel(target=target, outcome=outcome)
        ends = one.rename(estimate="p", low="p_low", high="p_high")
        cells = [chance(ends.isel(beliefs=b), "p") for b in range(one.sizes["beliefs"])]
        grid.add_row(target, str(one["plan_follows"].item()), *cells)
    return grid
