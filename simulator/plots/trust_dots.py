"""Who achieves: every trust as a dot, by type."""

from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from simulator.answers.headline.estimate import own_outcome
from simulator.outcomes import OF_NAME
from simulator.plots import theme
from simulator.plots.figure import Figure
from simulator.plots.library import altair
from simulator.plots.words import (
    chance,
    known,
    main_target,
    plain,
    with_draws,
)
from simulator.schema import TRUST_TYPES

HEIGHT: Final = 78  # of the band of a type, in pixels
NEAR: Final = 0.012  # chances closer than this are set beside each other
STEP: Final = 0.085  # of a band, from one dot to the next beside it
ENDS: Final = ("", "_low", "_high")


def chances(run: xr.DataTree, target: str, outcome: str | None = None) -> pd.DataFrame:
    """Give the chance of every trust.

    Returns
    -------
    chances
        By trust, the likeliest first: `trust`, `name`, `type`, `system`, and
        `probability` with `_low` and `_high`.
    """
    root = run.to_dataset()
    judged = outcome or str(own_outcome(root).sel(target=target).values)
    found = {
        "trust": root["trust"].values.astype(str),
        "name": root["trust_name"].values.astype(str),
        "type": root["type_of_trust"].values.astype(str),
        "system": root["trust_system"].values.astype(str),
    }
    for end in ENDS:
        values = root[f"probability{end}"].sel(target=target, outcome=judged)
        found[f"probability{end}"] = values.values
    return pd.DataFrame(found).sort_values(
        ["probability", "trust"], ascending=[False, True], ignore_index=True
    )


def of_types(run: xr.DataTree, target: str) -> pd.DataFrame:
    """Give the middle trust of every type, and how many are likely to achieve."""
    found = chances(run, target)
    rows = []
    for kind in TRUST_TYPES:
        own = found[found["type"] == kind]
        if len(own):
            middle = own.iloc[len(own) // 2]
            rows.append(
                {
                    "type": kind,
                    "trusts": len(own),
                    "likely": int((own["probability"] >= 0.5).sum()),
                    **{f"probability{e}": middle[f"probability{e}"] for e in ENDS},
                }
            )
    return pd.DataFrame(rows)


def figure(run: xr.DataTree, target: str | None = None) -> Figure:
    """Draw every trust's chance; as of `plots.trusts`."""
    target = main_target(run) if target is None else known(run, target)
    found, types = chances(run, target), of_types(run, target)
    outcome = str(own_outcome(run.to_dataset()).sel(target=target).values)
    draws = int(run.attrs["draws"])
    middle = found.iloc[len(found) // 2]
    likely = int((found["probability"] >= 0.5).sum())
    return Figure(
        chart=_chart(found),
        title=(
            f"{target}: {likely} of {len(found)} trusts are likelier than not to "
            "achieve it; the trust in the middle has "
            f"{with_draws(said(middle), draws)}."
        ),
        subtitle=(
            f"Chance of each trust that {OF_NAME[outcome].meaning}. A dot is a trust, "
            "a tick the one in the middle of its type. Brackets: 95% Monte Carlo "
            f"interval; at {draws:,} draws a dot may be off by ±{_off(found)} points."
        ),
        alt=_alt(types, target),
        columns=("type", "trusts", "likelier than not", "trust in the middle"),
        rows=tuple(
            (plain(row["type"]), str(row["trusts"]), str(row["likely"]), said(row))
            for _, row in types.iterrows()
        ),
    )


def said(row: Any) -> str:
    """Write the chance of a trust with its interval."""
    ends = {f"chance{end}": float(row[f"probability{end}"]) for end in ENDS}
    return chance(ends, "chance")


def _off(found: pd.DataFrame) -> str:
    widest = float((found["probability_high"] - found["probability_low"]).max())
    return f"{50 * widest:.1g}"


def _alt(types: pd.DataFrame, target: str) -> str:
    phrases = [
        f"{row['trusts']} {plain(row['type'])} trusts, {row['likely']} of them "
        f"likelier than not, the one in the middle {said(row)}"
        for _, row in types.iterrows()
    ]
    return f"Dot plot of each trust's chance to achieve {target}: {'; '.join(phrases)}."


def _beside(chances: Any) -> list[float]:
    """Set dots that would cover each other beside each other: offsets in a band."""
    offsets: list[float] = []
    row, first = 0, np.inf
    for value in chances:  # falling
        row, first = (row + 1, first) if first - value < NEAR else (0, value)
        side = 1 if row % 2 else -1
        offsets.append(side * ((row + 1) // 2) * STEP)
    return [float(np.clip(offset, -0.46, 0.46)) for offset in offsets]


def _chart(found: pd.DataFrame) -> Any:
    alt = altair()
    kinds = [kind for kind in TRUST_TYPES if kind in set(found["type"])]
    shown = found.assign(
        said=[said(row) for _, row in found.iterrows()],
        kind=found["type"].map(plain),
        hover=[f"{row['name']}: {said(row)}" for _, row in found.iterrows()],
        beside=0.0,
    )
    for kind in kinds:
        own = shown["type"] == kind
        shown.loc[own, "beside"] = _beside(shown.loc[own, "probability"])
    middles = shown.groupby("type", sort=False).apply(
        lambda own: own.iloc[len(own) // 2], include_groups=False
    )
    order = [plain(kind) for kind in kinds]
    y = alt.Y(
        "kind:N",
        title=None,
        sort=order,
        axis=alt.Axis(ticks=False, domain=False, grid=False, offset=4),
        scale=alt.Scale(paddingInner=0.06),
    )
    x = alt.X(
        "probability:Q",
        title="chance of the trust",
        axis=alt.Axis(format=".0%", tickCount=6),
        scale=alt.Scale(domain=[0, 1]),
    )
    offset = alt.YOffset("beside:Q", scale=alt.Scale(domain=[-0.5, 0.5]))
    dots = alt.Chart().mark_circle(size=34, opacity=0.75, color=theme.BLUE, aria=True)
    ticks = alt.Chart(middles).mark_tick(
        thickness=3, size=HEIGHT - 8, color=theme.ORANGE, opacity=1
    )
    tooltip = [
        alt.Tooltip("name:N"),
        alt.Tooltip("trust:N", title="code"),
        alt.Tooltip("said:N", title="chance"),
    ]
    hover = alt.Description("hover:N")
    return alt.layer(
        dots.encode(x=x, y=y, yOffset=offset, tooltip=tooltip, description=hover),
        ticks.encode(x=x, y=y, tooltip=[*tooltip[:1], tooltip[2]]),
        data=shown,
    ).properties(width=theme.WIDTH - 60, height=HEIGHT * len(kinds))
