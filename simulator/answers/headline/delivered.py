"""What a target makes trusts plan and save, and what productivity is made of."""

import tomllib
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.answers.headline.estimate import BAND, own_outcome
from simulator.answers.headline.groups import PLANNED
from simulator.outcomes import PRODUCTIVITIES
from simulator.runfile.tree import of_draws


def delivered(run: xr.DataTree) -> xr.Dataset:
    """Gather what every target asks of trusts and what comes of it.

    Parameters
    ----------
    run
        As `open` gives it, with the groups in `groups.FULL`.

    Returns
    -------
    found
        By target, each a fraction of cost a year and a mean over years: what the
        median trust has `planned`, and its `recurrent` and `one_off` savings, at their
        medians over draws; the same of the first year, `_first`. Of the sector, each a
        mean over years: `cash_releasing` and `measured` productivity, by `quantile` of
        draws; and, means over draws, the parts that measured productivity is the sum
        of: `from_savings`, `from_pressure` (below 0 where pressure costs) and
        `from_volume`, the cheaper unit of more activity with what the measure adds for
        quality and takes off for drift; and the sector's savings of the first year,
        `sector_planned` and `sector_made`, by `quantile`.
    """
    sector = of_draws(run, "sector")
    share = _real_share(run)
    # A target at a time: all draws of all targets may not fit into the memory.
    parts = [
        _of_sector(sector.isel(target=k), share) for k in range(sector.sizes["target"])
    ]
    return of_median_trust(run).merge(xr.concat(parts, dim="target"))


def of_median_trust(run: xr.DataTree) -> xr.Dataset:
    """Gather what the median trust plans and saves: that part of `delivered`."""
    bands = run["bands"].to_dataset()
    found = xr.Dataset()
    for name, variable in PLANNED.items():
        middle = bands[variable].sel(quantile=0.5, drop=True)
        by_year = middle.median("trust")
        found[name] = by_year.mean("year")
        found[f"{name}_first"] = by_year.isel(year=0, drop=True)
    return found


def _of_sector(sector: xr.Dataset, real_share: xr.DataArray | float) -> xr.Dataset:
    def mean(values: xr.DataArray) -> xr.DataArray:
        return values.mean("year", dtype=np.float64)

    found = xr.Dataset(coords={"target": sector["target"]})
    for name in PRODUCTIVITIES:
        found[name] = mean(sector[name]).quantile(list(BAND), dim="draw")
    first = sector.isel(year=0).astype(np.float64)
    made = first["recurrent"] + first["nonrecurrent"]
    for name, money in (("sector_planned", first["ask"]), ("sector_made", made)):
        rate = money / first["cost_before"]
        found[name] = rate.quantile(list(BAND), dim="draw")
    saved = sector["recurrent"] / sector["cost_before"]
    savings = (real_share * mean(saved)).mean("draw")
    pressure = mean(sector["pressure"]).mean("draw")
    measured = mean(sector["measured"]).mean("draw")
    found["from_savings"] = savings
    found["from_pressure"] = -pressure
    found["from_volume"] = measured - savings + pressure
    return found


def _real_share(run: xr.DataTree) -> xr.DataArray | float:
    """Give what was believed of savings: of each draw, or the same of all."""
    drivers = of_draws(run, "drivers")
    if "delivery__real_share" in drivers:
        return drivers["delivery__real_share"].astype(np.float64)
    scenario = tomllib.loads(str(run["provenance"].attrs["scenario_resolved"]))
    return float(scenario["delivery"]["real_share"])


# --- both structures ----------------------------------------------------------------


def in_pairs(root: xr.Dataset) -> list[tuple[str, str | None]]:
    """Put the targets in order, each with its twin where plans follow the tariff.

    Targets are twins where they ask the same and are meant on the same basis. A
    target whose plans follow the tariff and that has no twin stands by itself.
    """
    every = _structures(root)
    tariff = [one for one in every if one.follows == "tariff"]
    pairs: list[tuple[str, str | None]] = []
    for one in every:
        if one.follows != "tariff":
            twin = next((two for two in tariff if two.asks == one.asks), None)
            pairs.append((one.name, twin.name if twin else None))
            tariff = [two for two in tariff if two is not twin]
    return pairs + [(one.name, None) for one in tariff]


class _Structure(NamedTuple):
    """A target: what it asks on which basis, and what plans start from."""

    name: str
    follows: str
    asks: tuple[object, ...]


def _structures(root: xr.Dataset) -> list[_Structure]:
    names = ("target", "plan_follows", "basis", "rate", "deficit_addon")
    columns = (root[name].values.tolist() for name in names)
    return [
        _Structure(name, follows, (basis, *rates, *addons))
        for name, follows, basis, rates, addons in zip(*columns, strict=True)
    ]


class Step(NamedTuple):
    """What asking more adds: differences, of the higher target less the lower."""

    lower: str
    higher: str
    cash_releasing: float  # fraction a year, mean over draws and years
    measured: float
    balance: float  # GBP m, the sector's of the last year, mean over draws


def step(run: xr.DataTree, lower: str, higher: str) -> Step:
    """Compare two targets on the futures that they share."""
    sector = of_draws(run, "sector")
    one, two = (sector.sel(target=name) for name in (lower, higher))

    def gain(name: str) -> NDArray[np.float64]:
        difference = two[name].astype(np.float64) - one[name]
        return np.asarray(difference.mean("draw").values, np.float64)

    return Step(
        lower,
        higher,
        float(gain("cash_releasing").mean()),
        float(gain("measured").mean()),
        float(gain("balance")[-1]),
    )


def steps(run: xr.DataTree, answer: xr.Dataset) -> list[Step]:
    """Choose two targets that tell what asking more adds, under each structure.

    From the highest rate that the sector has an even chance to achieve, or the lowest
    rate, to the next rate at least half as high again, or the highest; the same pair
    where plans follow the tariff, if there is one.
    """
    pairs = in_pairs(run.to_dataset())
    names = [str(name) for name in answer["target"].values]
    rate = {name: float(answer["rate"].sel(target=name)) for name in names}
    chance = {n: float(answer["sector_probability"].sel(target=n)) for n in rate}
    basis = dict(zip(rate, own_outcome(run.to_dataset()).values.tolist(), strict=True))
    first = [name for name, _ in pairs if basis[name] == basis[pairs[0][0]]]
    first.sort(key=lambda name: rate[name])
    likely = [name for name in first if chance[name] >= 0.5]
    lower = likely[-1] if likely else first[0]
    above = [name for name in first if rate[name] >= 1.5 * rate[lower]]
    higher = above[0] if above else first[-1]
    twins = dict(pairs)
    chosen = [(lower, higher)] if rate[higher] > rate[lower] else []
    tariff = twins[lower], twins[higher]
    if chosen and tariff[0] is not None and tariff[1] is not None:
        chosen.append((tariff[0], tariff[1]))
    return [step(run, *pair) for pair in chosen]
