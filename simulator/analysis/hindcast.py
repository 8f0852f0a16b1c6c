"""What a run would have told you at the time, beside what was published."""

from typing import Final, NamedTuple

import numpy as np
import xarray as xr

from simulator import evidence

LEVELS: Final = (0.05, 0.25, 0.50, 0.75, 0.95)


class Measure(NamedTuple):
    """A published series and how the run's sector shows it."""

    name: str
    title: str
    unit: str
    figure: str  # prefix of the evidence key


MEASURES: Final = (
    Measure("balance", "net balance", "GBP m", "finance.net_balance"),
    Measure("underlying", "underlying balance", "GBP m", "finance.underlying_balance"),
    Measure("in_deficit", "trusts in deficit", "trusts", "finance.trusts_in_deficit"),
    Measure("saved", "savings delivered", "GBP m", "finance.savings_delivered"),
    Measure("lasting", "recurrent share of savings", "%", "finance.recurrent_share"),
)


def hindcast(run: xr.DataTree) -> xr.Dataset:
    """Set the first target of a run beside the published figures.

    Returns
    -------
    compared
        By measure and year: `published_low` and `published_high` (equal where one
        figure was published, NaN where none was), `model` by `quantile`, and
        `within`: 1 where the published figure, or part of its range, lies inside
        the 90% band, 0 where it lies outside, NaN where there is none.
    """
    sector = run["sector"].to_dataset().isel(target=0).astype(np.float64)
    shown = {
        "balance": sector["balance"],
        "underlying": sector["underlying"],
        "in_deficit": sector["trusts_in_deficit"],
        "saved": sector["recurrent"] + sector["nonrecurrent"],
        "lasting": 100.0
        * sector["recurrent"]
        / (sector["recurrent"] + sector["nonrecurrent"]),
    }
    names = [measure.name for measure in MEASURES]
    model = xr.concat([shown[name] for name in names], dim="measure").quantile(
        list(LEVELS), dim="draw"
    )
    compared = model.assign_coords(measure=names).to_dataset(name="model")
    years = [int(year) for year in sector["year"].values]
    published = np.array([[_published(m, year) for year in years] for m in MEASURES])
    compared["published_low"] = ("measure", "year"), published[..., 0]
    compared["published_high"] = ("measure", "year"), published[..., 1]
    low, high = (compared["model"].sel(quantile=q, drop=True) for q in (0.05, 0.95))
    overlaps = (compared["published_high"] >= low) & (compared["published_low"] <= high)
    known = compared["published_low"].notnull()
    compared["within"] = overlaps.astype(float).where(known)
    return compared.transpose("measure", "year", "quantile")


def _published(measure: Measure, year: int) -> tuple[float, float]:
    """Look a figure up; some were published as a range."""
    key = f"{measure.figure}.{year}"
    if key not in evidence.figures():
        return np.nan, np.nan
    low, high = evidence.bounds(key)
    scale = 100.0 if measure.unit == "%" else 1.0
    return scale * low, scale * high
