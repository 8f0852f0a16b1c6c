"""The highest rate that can be asked, in words, in a table and for a script."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.answers.target.estimate import (
    CHANCE,
    CHANCES,
    EVERY_RATE,
    FALLING,
    NO_RATE,
    RATE,
    highest_rate,
)
from simulator.answers.text import chance, financial_year
from simulator.outcomes import OF_NAME
from simulator.schema import OUTCOME, SYSTEM, TRUST, TRUST_TYPE

UNITS: Final = (TRUST_TYPE, SYSTEM, TRUST)
TRUST_LEVELS: Final = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)


def render(curve: xr.Dataset, probability: float) -> RenderableType:
    """Lay out the answer for one chance; `curve` is from `simulate.curve`."""
    best = highest(curve, probability)
    parts: list[RenderableType] = [
        Text(str(curve.attrs["title"]), style="bold"),
        Text(asked(curve)),
        Text(),
    ]
    if curve.attrs["by"] == "sector":
        parts += [Text(sentence(curve, best, probability), style="bold"), Text()]
        parts += [
            _of_chances(highest_rate(curve, curve.attrs["outcome"], CHANCES), curve)
        ]
    elif curve.attrs["by"] == "trust":
        parts += [Text(_heading(curve, probability), style="bold"), Text()]
        parts += [of_trusts(best, curve)]
    else:
        parts += [Text(_heading(curve, probability), style="bold"), Text()]
        parts += [of_units(best, curve)]
    said = list(notes(curve, best))
    return Group(*parts, Text(), *(Text(note) for note in said))


def highest(curve: xr.Dataset, probability: float) -> xr.Dataset:
    """Find the highest rate for one chance, of the outcome that the curve is of."""
    found = highest_rate(curve, str(curve.attrs["outcome"]), [probability])
    return found.isel({CHANCE: 0})


def sentence(curve: xr.Dataset, best: xr.Dataset, probability: float) -> str:
    """Answer for the sector in a sentence or two."""
    with_draws = f"{curve.attrs['draws']:,} draws, seed {curve.attrs['seed']}"
    top, p = float(curve[RATE][-1]), f"{probability:.4g}"
    asked = f"{_heading(curve, probability)}"
    if best["reached"] == EVERY_RATE:
        return (
            f"{asked}: at least {_rate(top)} a year, the highest tried; its chance is "
            f"{_chance_of(curve, -1)}, {with_draws}."
        )
    if best["reached"] == NO_RATE:
        tried = curve["probability"].sel({OUTCOME: curve.attrs["outcome"]})
        most = int(tried.values.argmax())
        said = (
            f"{asked}: none. The best is {_rate(float(curve[RATE][most]))} a year, "
            f"with {_chance_of(curve, most)}, {with_draws}."
        )
        if not np.isnan(best["rate_high"]):
            return (
                f"{said} The draws do not rule out up to "
                f"{_rate(float(best['rate_high']))}: there the upper limit is {p}."
            )
        return said
    low, high = float(best["rate_low"]), float(best["rate_high"])
    start = "none" if np.isnan(low) else f"{100 * low:.2f}"
    end = f"{100 * high:.2f}" if high < top else f"{100 * high:.2f} or more"
    surely = (
        "At no rate is the lower limit of the chance's own interval that high."
        if np.isnan(low)
        else f"At {_rate(low)} even the lower limit of the chance's interval is "
        "that high."
    )
    return (
        f"{asked}: {_rate(float(best['rate']))} a year "
        f"({_confidence(curve)} interval {start} to {end}), {with_draws}. {surely}"
    )


def as_records(curve: xr.Dataset, probability: float) -> dict[str, Any]:
    """Give everything for a script: fractions, no rounding, null for no rate."""
    best = highest(curve, probability)
    chosen = curve.sel({OUTCOME: curve.attrs["outcome"]})
    dim = _unit_dim(best)
    found: dict[str, Any] = {
        name: curve.attrs[name]
        for name in ("title", "scenario", "by", "outcome", "basis", "deficit_addon")
    }
    found |= {
        "probability": probability,
        "draws": int(curve.attrs["draws"]),
        "seed": int(curve.attrs["seed"]),
        "confidence": float(curve.attrs["confidence"]),
        "resolution": float(curve.attrs["resolution"]),
        "rates_tried": curve[RATE].values.tolist(),
        "highest": [
            _unit(one, dim)
            | _numbers(one, ("rate", "rate_low", "rate_high", "holds_from"))
            | {"reached": str(one["reached"].values)}
            | {"monotone": bool(about["monotone"])}
            | _numbers(about, ("largest_rise", "largest_move"))
            for one, about in zip(_each(best, dim), _each(chosen, dim), strict=True)
        ],
    }
    if dim != TRUST:
        found["curve"] = [
            _unit(one, dim)
            | {
                name: one[name].values.tolist()
                for name in ("probability", "low", "high", "fitted")
            }
            for one in _each(chosen, dim)
        ]
    if dim is None:
        table = highest_rate(curve, str(curve.attrs["outcome"]), CHANCES)
        found["chances"] = [
            {"chance": float(one[CHANCE])}
            | _numbers(one, ("rate", "rate_low", "rate_high"))
            | {"reached": str(one["reached"].values)}
            for one in _each(table, CHANCE)
        ]
    return found


# --- words ----------------------------------------------------------------------------


def _heading(curve: xr.Dataset, probability: float) -> str:
    outcome, by = str(curve.attrs["outcome"]), str(curve.attrs["by"])
    whose = {"sector": "the sector has", "trust": "a trust has"}.get(
        by, f"the trusts of a {by} together have"
    )
    article = "an" if f"{100 * probability:g}"[0] == "8" else "a"
    return (
        f"The highest {OF_NAME[outcome].asks} that {whose} at least {article} "
        f"{100 * probability:g}% chance {OF_NAME[outcome].doing}"
    )


def asked(curve: xr.Dataset) -> str:
    """Say what was simulated."""
    attrs, rates = curve.attrs, curve[RATE].values
    addon = attrs["deficit_addon"]
    parts = addon if isinstance(addon, list) else [addon]
    added = "no add-on for trusts in deficit"
    if any(parts):
        added = (
            f"{', '.join(_rate(part) for part in parts)} on top of trusts in deficit"
        )
    return (
        f"{attrs['trusts']} trusts, {financial_year(attrs['first_year'])} to "
        f"{financial_year(attrs['last_year'])}, {attrs['draws']:,} draws, seed "
        f"{attrs['seed']}. {len(rates)} rates from {_rate(rates[0])} to "
        f"{_rate(rates[-1])} a year, the same in every year, {added}, on the same "
        "futures."
    )


def notes(curve: xr.Dataset, best: xr.Dataset) -> Iterator[str]:
    """List what is to be said beside the rates."""
    outcome = str(curve.attrs["outcome"])
    chosen = curve.sel({OUTCOME: outcome})
    rise = 100 * float(chosen["largest_rise"].max())
    if outcome not in FALLING:
        yield (
            f"The chance of this outcome is NOT MONOTONE in the rate: a higher target "
            "asks for more savings, and also lowers prices. From one rate tried to a "
            f"higher one it rises by up to {rise:.1f} points. What is given is the "
            "highest rate that has the chance over the whole range tried; lower rates "
            f"need not have it.{_gaps(best)}"
        )
    elif not bool(chosen["monotone"].all()):
        n = int((~chosen["monotone"]).sum())
        yield (
            f"NOT MONOTONE: for {n} of {chosen['monotone'].size} the chance rises with "
            f"the rate by more than its interval, by up to {rise:.1f} points. What is "
            "given is the highest rate that has the chance over the whole range tried; "
            f"lower rates need not have it.{_gaps(best)}"
        )
    else:
        move = 100 * float(chosen["largest_move"].max())
        yield (
            "The chance falls with the rate; making the curve do so throughout moved "
            f"it by at most {move:.2f} points."
        )
    yield (
        "Rates around each answer are no further apart than "
        f"{100 * curve.attrs['resolution']:g} points or, if that is more, than its "
        "interval is wide. The interval is Monte Carlo error only."
    )
    top = np.nan_to_num(best["rate_high"].values, nan=0.0).max()
    guarded = int(curve["guarded"].sel({RATE: slice(None, top)}).sum())
    if guarded:
        yield (
            f"{guarded:,} trust-years, at rates up to {_rate(top)}, in which cost or "
            "income had to be kept from passing zero: look at the growth rates"
        )
    yield str(curve.attrs["population_about"])


def _gaps(best: xr.Dataset) -> str:
    """Say from which rate on the chance is had, where lower rates lack it."""
    dim = _unit_dim(best)
    if dim is not None:
        n = int((best["holds_from"] > 0).sum())
        return f" They do not for {n} of {best.sizes[dim]}." if n else ""
    start = float(best["holds_from"])
    if np.isnan(start) or start == 0.0:
        return ""
    return f" All rates tried from {_rate(start)} up to it have the chance."


def _chance_of(curve: xr.Dataset, index: int) -> str:
    one = curve.sel({OUTCOME: curve.attrs["outcome"]}).isel({RATE: index})
    named = {"chance": "probability", "chance_low": "low", "chance_high": "high"}
    row = xr.Dataset({name: one[source] for name, source in named.items()})
    return chance(row, "chance")


def _rate(rate: float) -> str:
    return f"{100 * rate:.2f}%"


def _confidence(curve: xr.Dataset) -> str:
    return f"{100 * float(curve.attrs['confidence']):g}%"


# --- tables ---------------------------------------------------------------------------


def _of_chances(found: xr.Dataset, curve: xr.Dataset) -> Table:
    table = _table("chance", curve)
    for one in _each(found, CHANCE):
        table.add_row(f"{100 * float(one[CHANCE]):g}%", *_cells(one, curve))
    return table


def of_units(best: xr.Dataset, curve: xr.Dataset) -> Table:
    """Show the rate of every type or system."""
    dim = _unit_dim(best)
    table = _table(str(curve.attrs["by"]), curve)
    for one in _each(best, dim):
        table.add_row(str(one[dim].values).replace("_", " "), *_cells(one, curve))
    return table


def of_trusts(best: xr.Dataset, curve: xr.Dataset) -> Table:
    """Show the spread over trusts; the ends are quantiles of the trusts' ends."""
    top = float(curve[RATE][-1])
    table = _table("share of trusts at or below", curve)
    columns = {}
    for name in ("rate", "rate_low", "rate_high"):
        # No rate stands below every rate, and more than was tried above.
        columns[name] = np.sort(np.nan_to_num(best[name].values, nan=-np.inf))
    n = best.sizes[TRUST]
    for level in TRUST_LEVELS:
        place = max(int(np.ceil(level * n)) - 1, 0)
        rate, low, high = (float(values[place]) for values in columns.values())
        table.add_row(f"{100 * level:g}%", _end(rate, top), _interval(low, high, top))
    none = int((best["reached"] == NO_RATE).sum())
    every = int((best["reached"] == EVERY_RATE).sum())
    table.caption = (
        f"{none} of {n} trusts have the chance at no rate, {every} at every rate. "
        "Each trust's own rate: --json."
    )
    table.caption_justify = "left"
    return table


def _table(first: str, curve: xr.Dataset) -> Table:
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column(first)
    table.add_column("highest rate a year", justify="right")
    table.add_column(f"{_confidence(curve)} interval", justify="right")
    return table


def _cells(one: xr.Dataset, curve: xr.Dataset) -> tuple[str, str]:
    top = float(curve[RATE][-1])
    rate, low, high = (
        float(np.nan_to_num(one[name], nan=-np.inf))
        for name in ("rate", "rate_low", "rate_high")
    )
    return _end(rate, top), _interval(low, high, top)


def _interval(low: float, high: float, top: float) -> str:
    return f"{_end(low, top)} to {_end(high, top)}"


def _end(rate: float, top: float) -> str:
    if rate == -np.inf:
        return "none"
    return f"{_rate(top)} or more" if rate >= top else _rate(rate)


# --- datasets -------------------------------------------------------------------------


def _unit_dim(found: xr.Dataset) -> str | None:
    return next((dim for dim in UNITS if dim in found.dims), None)


def _each(found: xr.Dataset, dim: str | None) -> list[xr.Dataset]:
    if dim is None:
        return [found]
    return [found.isel({dim: index}) for index in range(found.sizes[dim])]


def _unit(one: xr.Dataset, dim: str | None) -> dict[str, Any]:
    return {"unit": "sector" if dim is None else str(one[dim].values)}


def _numbers(one: xr.Dataset, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: float(one[name]) for name in names}
    return {name: None if np.isnan(v) else v for name, v in values.items()}
