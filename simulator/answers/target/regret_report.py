"""The rate with least expected regret, on a screen and for a script."""

from typing import Any

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.layout import plain, table
from simulator.answers.target import report
from simulator.answers.target.estimate import EVERY_RATE, NO_RATE, RATE
from simulator.answers.target.regret import RATIO, SHOWN, chance_of
from simulator.answers.text import chance
from simulator.schema import OUTCOME, SYSTEM, TRUST, TRUST_TYPE

UNITS = (TRUST_TYPE, SYSTEM, TRUST)


def render(curve: xr.Dataset, found: xr.Dataset) -> RenderableType:
    """Lay out what `regret.regret` found on a curve."""
    ratio = float(found.attrs["regret"])
    best = report.highest(curve, chance_of(ratio))
    parts: list[RenderableType] = [
        Text(str(curve.attrs["title"]), style="bold"),
        Text(report.asked(curve)),
        Text(),
        Text(sentence(curve, found), style="bold"),
        Text(),
    ]
    if curve.attrs["by"] == "sector":
        parts += [_curve(curve, found), Text(), _ratios(found), Text()]
    else:
        by_trust = curve.attrs["by"] == "trust"
        lay_out = report.of_trusts if by_trust else report.of_units
        parts += [lay_out(best, curve), Text()]
    parts += [Text(line) for line in _notes(curve, ratio)]
    parts += [Text(line) for line in report.notes(curve, best)]
    return Group(*parts)


def as_records(curve: xr.Dataset, found: xr.Dataset) -> dict[str, Any]:
    """Give what the table holds for a script: fractions, points where it says so."""
    dim = next((name for name in UNITS if name in found.dims), None)
    units = [None] if dim is None else list(found[dim].values)
    made = []
    for unit in units:
        one = found if unit is None else found.sel({dim: unit})
        made.append(
            {
                "unit": "sector" if unit is None else str(unit),
                "rates": _lists(one, RATE, ("regret", "regret_low", "regret_high")),
                "ratios": _lists(one, RATIO, ("best", "best_low", "best_high", "dear")),
            }
        )
    return {"regret": float(found.attrs["regret"]), "regrets": made}


def _lists(one: xr.Dataset, dim: str, names: tuple[str, ...]) -> dict[str, list[Any]]:
    return {
        name: [plain(value) for value in one[name].transpose(dim).values]
        for name in (dim, *names)
    }


def sentence(curve: xr.Dataset, found: xr.Dataset) -> str:
    """Answer in a sentence."""
    ratio = float(found.attrs["regret"])
    asked = (
        f"If missing the target by a point costs {ratio:g} times as much as asking a "
        "point too little"
    )
    if curve.attrs["by"] != "sector":
        return (
            f"{asked}: the best rate by {curve.attrs['by']}, the highest that has a "
            f"chance of {100 * chance_of(ratio):.3g}%"
        )
    own = found.sel({RATIO: ratio})
    drawn = f"{curve.attrs['draws']:,} draws, seed {curve.attrs['seed']}"
    if own["reached"] == NO_RATE:
        return f"{asked}, the best is to ask for nothing: 0.00% a year, {drawn}."
    if own["reached"] == EVERY_RATE:
        top = f"{100 * float(curve[RATE][-1]):.2f}%"
        return f"{asked}, the best is {top} a year or more, the highest tried, {drawn}."
    low, high = (100 * float(own[f"best{end}"]) for end in ("_low", "_high"))
    return (
        f"{asked}, the best rate is {100 * float(own['best']):.2f}% a year "
        f"({curve.attrs['confidence']:.0%} interval {low:.2f} to {high:.2f}), {drawn}: "
        f"the one with a chance of {100 * chance_of(ratio):.3g}%."
    )


def _notes(curve: xr.Dataset, ratio: float) -> list[str]:
    regret = (
        "Expected regret: points a year, of asking too little; missed by and asked too "
        f"little are its parts, averaged over all futures: {ratio:g} times the one and "
        "once the other. What a future could have met: the highest rate that is "
        "achieved in it."
    )
    judged = (
        "The ratio is a judgement about what matters, not a finding: nothing in the "
        "simulation sets it."
    )
    return [regret, judged] if curve.attrs["by"] == "sector" else [judged]


def _curve(curve: xr.Dataset, found: xr.Dataset) -> Table:
    """Show regret from asking nothing to twice the best rate, or past every best."""
    own = float(found["best"].sel({RATIO: found.attrs["regret"]}).fillna(0.0))
    best = max(own, float(found["best"].fillna(0.0).max()) / 2.0)
    tried = found[RATE].values
    wanted = np.linspace(0.0, max(2.0 * best, tried[1]), SHOWN)
    shown = np.unique([int(np.abs(tried - rate).argmin()) for rate in wanted])
    titles = ("chance", "expected regret", "missed by", "asked too little")
    made = table("rate a year", titles)
    chosen = curve.sel({OUTCOME: curve.attrs["outcome"]})
    for k in shown:
        row = found.isel({RATE: k})
        named = xr.Dataset(
            {
                "chance": chosen["probability"].isel({RATE: k}),
                "chance_low": chosen["low"].isel({RATE: k}),
                "chance_high": chosen["high"].isel({RATE: k}),
            }
        )
        low, high = (float(row[f"regret{end}"]) for end in ("_low", "_high"))
        made.add_row(
            f"{100 * tried[k]:.2f}%",
            chance(named, "chance"),
            f"{float(row['regret']):.2f} ({low:.2f} to {high:.2f})",
            f"{float(row['missed']):.2f}",
            f"{float(row['spared']):.2f}",
        )
    return made


def _ratios(found: xr.Dataset) -> Table:
    own = f"{found.attrs['regret']:g}"
    titles = (
        "its chance",
        "best rate a year",
        "95% interval",
        f"costs more, if it is {own}",
    )
    made = table("a miss costs", titles)
    for ratio in found[RATIO].values:
        row = found.sel({RATIO: ratio})
        rate, low, high = (
            _rate(float(row[f"best{end}"])) for end in ("", "_low", "_high")
        )
        made.add_row(
            f"{ratio:g} times",
            f"{100 * chance_of(float(ratio)):.3g}%",
            rate,
            f"{low} to {high}",
            f"{max(float(row['dear']), 0.0):.3f}",
        )
    return made


def _rate(rate: float) -> str:
    return "none" if np.isnan(rate) else f"{100 * rate:.2f}%"
