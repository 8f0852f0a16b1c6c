"""A sweep's chances side by side: along one key, across two, or point by point."""

import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.layout import number, table
from simulator.answers.sweep import report
from simulator.answers.sweep.simulate import TARGET, chosen
from simulator.answers.text import chance
from simulator.outcomes import OF_NAME
from simulator.runfile.sweeps import POINT, keys_of

WIDEST = 6  # columns of chances that fit a screen


def render(found: xr.Dataset, target: str | None, outcome: str) -> RenderableType:
    """Lay out what a sweep's points come to, next to each other.

    Along one key, the chance of every target, or of the one asked for; across two, that
    of one target, the first unless asked; otherwise a line a point.
    """
    keys = keys_of(found)
    name = chosen(found, target)
    if POINT in found.dims or len(keys) > 2:
        return report.render(found, name, outcome, None)
    own = found.sel(outcome=outcome)
    if len(keys) == 1:
        names = [str(one) for one in found[TARGET].values]
        shown = names[:WIDEST] if target is None else [name]
        made = _along(own, keys[0], shown)
        left = len(names) - len(shown) if target is None else 0
        more = f" {left} more targets: --target NAME." if left else ""
        of = "Targets" if target is None else name
    else:
        across = own.sel(target=name)
        made, left = _across(across, *keys)
        more = f" {left} more columns are in the file." if left else ""
        of = name
    attrs = found.attrs
    parts: list[RenderableType] = [
        Text(str(attrs["title"]), style="bold"),
        Text(
            f"{of} at {attrs['points']:,} points, {attrs['draws']:,} draws each, seed "
            f"{attrs['seed']}, the same futures at all. The chance that "
            f"{OF_NAME[outcome].meaning}. Brackets: {attrs['confidence']:.0%} "
            f"Monte Carlo interval of each chance.{more}"
        ),
        Text(),
        made,
    ]
    return Group(*parts)


def _along(own: xr.Dataset, key: str, targets: list[str]) -> Table:
    """Lay out one key: a line for each value, a column for each target."""
    made = table(own[key].attrs["long_name"], targets)
    for k, value in enumerate(own[key].values):
        at = own.isel({key: k})
        cells = [chance(at.sel(target=name), "probability") for name in targets]
        made.add_row(number(float(value)), *cells)
    return made


def _across(own: xr.Dataset, first: str, second: str) -> tuple[Table, int]:
    """Lay out two keys: lines of the first, columns of the second."""
    one, other = (str(own[key].attrs["long_name"]) for key in (first, second))
    columns = own[second].values[:WIDEST]
    titles = [number(float(value)) for value in columns]
    made = table(f"{one}; across: {other}", titles)
    for i, value in enumerate(own[first].values):
        row = own.isel({first: i})
        cells = [
            chance(row.isel({second: j}), "probability") for j in range(len(columns))
        ]
        made.add_row(number(float(value)), *cells)
    return made, own.sizes[second] - len(columns)
