"""A sweep on a screen and for a script."""

from typing import Any, Final

import xarray as xr
from rich.console import Group, RenderableType
from rich.text import Text

from simulator.answers.layout import number, plain, table
from simulator.answers.sweep.simulate import MEANS, each
from simulator.answers.text import chance
from simulator.outcomes import OF_NAME
from simulator.runfile.sweeps import keys_of

SHOWN: Final = 60  # points; the file has all


def render(
    found: xr.Dataset, target: str, outcome: str, where: str | None
) -> RenderableType:
    """Lay out the chance of one target at every point."""
    keys = keys_of(found)
    attrs = found.attrs
    made = table(
        found[keys[0]].attrs["long_name"],
        [
            *(found[key].attrs["long_name"] for key in keys[1:]),
            "chance",
            "cash-releasing, %",
            "measured, %",
            "balance, GBP m",
        ],
    )
    own = found.sel(target=target, outcome=outcome)
    points = list(each(own))
    for row in points[:SHOWN]:
        made.add_row(
            *(number(float(row[key])) for key in keys),
            chance(row, "probability"),
            f"{100 * float(row['cash_releasing']):.2f}",
            f"{100 * float(row['measured']):.2f}",
            f"{float(row['balance']):,.0f}",
        )
    parts: list[RenderableType] = [
        Text(str(attrs["title"]), style="bold"),
        Text(
            f"{target} at {attrs['points']:,} points, {attrs['draws']:,} draws each, "
            f"seed {attrs['seed']}, the same futures at all. Achieved: "
            f"{OF_NAME[outcome].meaning}. Productivities are means over years and "
            "draws, the balance is that of the last year. Brackets: "
            f"{attrs['confidence']:.0%} Monte Carlo interval."
        ),
        Text(),
        made,
    ]
    if len(points) > SHOWN:
        parts.append(Text(f"... and {len(points) - SHOWN:,} more."))
    if where is not None:
        parts += [Text(), Text(f"All targets and outcomes: {where}")]
    return Group(*parts)


def as_records(
    found: xr.Dataset, target: str, outcome: str, where: str | None
) -> dict[str, Any]:
    """Give one target at every point for a script: fractions, and GBP m."""
    keys = keys_of(found)
    own = found.sel(target=target, outcome=outcome)
    names = ("probability", "probability_low", "probability_high", *MEANS)
    return {
        **{key: plain(found.attrs[key]) for key in ("title", "draws", "seed")},
        "confidence": found.attrs["confidence"],
        "target": target,
        "outcome": outcome,
        "points": [
            {
                "at": {
                    str(found[key].attrs["long_name"]): float(row[key]) for key in keys
                },
                **{name: plain(row[name].values[()]) for name in names},
            }
            for row in each(own)
        ],
        "file": where,
    }
