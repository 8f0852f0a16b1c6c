"""The answer on a screen: what is asked, how likely, and what is not in the number."""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.analysis.headline import headline, highest
from simulator.schema import CONFIDENCE

OUTCOME_WORDS = {
    "any_means": "savings asked for are made by any means, every year",
    "recurrent": "recurrent savings add up to the target",
    "real": "real unit cost falls by the target",
}
NOT_IN_THE_NUMBER = (
    "changes of policy after the start: no new settlement, pay deal or rescue is made",
    "quality and waiting: unmet demand is counted, its harm is not",
    "capital limits, and what one trust's savings cost another body",
    "any forecast for a named trust: trusts differ in more ways than are modelled",
    "whether the assumptions are right: the interval in brackets is Monte Carlo error "
    "only, and more draws shrink it without making the model truer",
)
COMPARISON = (
    "For comparison, never an input: in a 2018 survey of 122 trusts, 19% of leaders were "
    "confident of their trust's savings over five years."
)


def render(run: xr.DataTree, where: str) -> RenderableType:
    """Lay out the answer of a run that stands in the file `where`."""
    answer = headline(run)
    parts: list[RenderableType] = [
        Text(str(run.attrs["title"]), style="bold"),
        Text(_asked(run, answer)),
        _table(answer),
        *(Text(note) for note in str(run.attrs["notes"]).splitlines()),
        Text(_sentence(answer), style="bold"),
        Text("\nNot in the number:"),
        *(Text(f"  - {line}") for line in _caveats(run)),
        Text(COMPARISON),
        Text(f"Run file: {where}"),
    ]
    return Group(*parts)


def _asked(run: xr.DataTree, answer: xr.Dataset) -> str:
    years = run["year"].values
    outcomes = sorted({str(name) for name in answer["outcome"].values})
    meaning = "; ".join(f"achieved: {OUTCOME_WORDS[name]}" for name in outcomes)
    return (
        f"{run.sizes['trust']} trusts, {financial_year(years[0])} to "
        f"{financial_year(years[-1])}, {run.attrs['draws']:,} draws, seed "
        f"{run.attrs['seed']}. {meaning[0].upper()}{meaning[1:]}. Chances with their 95% "
        "Monte Carlo interval; other columns: median (10% to 90% of draws)."
    )


def _table(answer: xr.Dataset) -> Table:
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column("target", no_wrap=True)
    for title in (
        "sector\nachieves",
        "median\ntrust achieves",
        "trusts that\nachieve",
        "sector ends\nin balance",
        "achieved and\nin balance",
        "one-offs in\nall savings",
        "trusts in deficit,\nlast year",
    ):
        table.add_column(title, justify="right", no_wrap=True)
    for name in answer["target"].values:
        row = answer.sel(target=name)
        table.add_row(
            _target(str(name), float(row["rate"])),
            chance(row, "sector_probability"),
            chance(row, "median_trust_probability"),
            band(row["share_achieving"], percent=True),
            chance(row, "balance_probability"),
            chance(row, "sustained_probability"),
            band(row["one_off_share"], percent=True),
            band(row["trusts_in_deficit"]),
        )
    return table


def _target(name: str, rate: float) -> str:
    said = f"{rate:.4g}" if f"{100 * rate:g}%" in name else f"{100 * rate:.2f}%"
    return name if "%" in name else f"{name} ({said})"


def chance(row: xr.Dataset, name: str) -> str:
    """Write a probability with its interval, never more precise than it is."""
    value, low, high = (float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    digits = 1 if high - low < 0.05 else 0
    parts = [f"{100 * part:.{digits}f}" for part in (value, low, high)]
    # What no draw showed is rare, not impossible: give the bound.
    if value == 0.0:
        return f"< {_bound(high)}%"
    if value == 1.0:
        return f"> {100 - float(_bound(1.0 - low)):g}%"
    return f"{parts[0]}% ({parts[1]}-{parts[2]})"


def _bound(share: float) -> str:
    """Round a small percentage up to two digits."""
    size = 10.0 ** (np.floor(np.log10(100 * share)) - 1)
    return f"{np.ceil(100 * share / size) * size:.2g}"


def band(values: xr.DataArray, *, percent: bool = False) -> str:
    """Write a median with the 10% and 90% points."""
    low, middle, high = (float(value) * (100 if percent else 1) for value in values)
    unit = "%" if percent else ""
    return f"{middle:.0f}{unit} ({low:.0f}-{high:.0f})"


def _sentence(answer: xr.Dataset) -> str:
    said = [
        f"{_highest(answer, 'sector', 0.8)} has at least an 80% chance for the sector",
        f"{_highest(answer, 'sector', 0.5)} at least a 50% chance",
        f"to be achieved and end in balance: {_highest(answer, 'sustained', 0.8)} at 80%",
        f"{_highest(answer, 'sustained', 0.5)} at 50%",
    ]
    return f"The highest target here: {said[0]}, {said[1]}; {said[2]}, {said[3]}."


def _highest(answer: xr.Dataset, of: str, probability: float) -> str:
    best = highest(answer, probability, of)
    return "none" if best is None else str(best["target"].values)


def _caveats(run: xr.DataTree) -> Iterator[str]:
    yield str(run.attrs["population_about"])
    yield from NOT_IN_THE_NUMBER
    guarded = np.asarray(run.attrs["guarded"]).sum()
    if guarded:
        yield (
            f"{guarded:,} trust-years in which cost or income had to be kept from "
            "passing zero: look at the scenario's growth rates"
        )


def financial_year(first: int) -> str:
    """Write a financial year by its first calendar year: 2019 is 2019/20."""
    return f"{first}/{(int(first) + 1) % 100:02d}"


def as_records(run: xr.DataTree, where: str) -> dict[str, object]:
    """Give the answer for a script: plain numbers, no rounding."""
    answer = headline(run)
    targets = []
    for name in answer["target"].values:
        row = answer.sel(target=name)
        record: dict[str, object] = {
            "target": str(name),
            "rate": float(row["rate"]),
            "outcome": str(row["outcome"].values),
        }
        for variable, values in row.data_vars.items():
            if "quantile" in values.dims:
                levels = values["quantile"].values
                record[str(variable)] = {
                    f"{level:g}": float(value)
                    for level, value in zip(levels, values.values, strict=True)
                }
            else:
                record[str(variable)] = float(values)
        targets.append(record)
    return {
        "title": str(run.attrs["title"]),
        "draws": int(run.attrs["draws"]),
        "seed": int(run.attrs["seed"]),
        "confidence": CONFIDENCE,
        "targets": targets,
        "not_in_the_number": list(_caveats(run)),
        "file": where,
    }
