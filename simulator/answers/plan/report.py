"""A forecast of a run on a screen and for a script."""

from typing import Any, Final

import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.plan.simulate import Forecast
from simulator.answers.text import chance

HEADLINES: Final = {
    "sector": "the sector, on the target's own basis",
    "median_trust": "the median trust, on that basis",
    "balance": "the sector in balance",
    "cash_releasing": "the sector, cash-releasing",
    "measured": "the sector, as measured",
    "sustained": "the sector, and in balance",
}


def render(found: Forecast) -> RenderableType:
    """Lay a forecast out."""
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column("target")
    table.add_column("chance of")
    table.add_column("pilot", justify="right")
    table.add_column("draws", justify="right")
    table.add_column("at most", justify="right")
    for need in sorted(found.needs, key=lambda need: -need.draws)[:8]:
        row = {"p": need.probability, "p_low": need.low, "p_high": need.high}
        table.add_row(
            need.target,
            HEADLINES[need.of],
            chance(xr.Dataset(row), "p"),
            f"{need.draws:,}",
            f"{need.most:,}",
        )
    half = f"{100 * found.precision:g} points either way"
    parts = f", in {found.parts} parts" if found.parts > 1 else ""
    return Group(
        Text(found.title, style="bold"),
        Text(
            f"{found.trusts} trusts, {found.years} years, {found.targets} targets, "
            f"{found.draws:,} draws on {_number(found.threads, 'thread')}{parts}, "
            f"trajectories kept: {found.keep}. Predicted from a pilot of "
            f"{found.pilot_draws:,} draws on this machine, to within a factor of 1.5, "
            "after Python has started:"
        ),
        Text(
            f"  {found.seconds:,.1f} seconds, {_size(found.memory)} of memory at the "
            f"most, {_size(found.file)} of run file",
            style="bold",
        ),
        Text(
            f"\nFor {half} at 95% confidence: {found.worst_case:,} draws whatever the "
            f"probability; run --precision {found.precision:g} would stop at "
            f"{found.stops_at:,}. The headline probabilities that need most, 'at most' "
            "for the worst value in the pilot's interval:"
        ),
        table,
    )


def as_records(found: Forecast) -> dict[str, Any]:
    """Give a forecast for a script."""
    values = {name: value for name, value in vars(found).items() if name != "needs"}
    return values | {"needs": [vars(need) for need in found.needs]}


def _number(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _size(n_byte: int) -> str:
    """Write a number of bytes in MB, or GB where that is shorter."""
    return f"{n_byte / 1e9:,.1f} GB" if n_byte >= 1e9 else f"{n_byte / 1e6:,.1f} MB"
