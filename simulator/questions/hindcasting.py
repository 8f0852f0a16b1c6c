"""What a run of past years foretold, scored against what was published of them.

A run file holds sums over the sector, draw by draw. Published figures by acute and
other trusts, and the sum of deficits, need the balance of every trust: the draws are
simulated again, and added up block by block so that memory stays flat.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator import engine, evidence
from simulator.analysis import hindcast as scoring
from simulator.analysis import record
from simulator.analysis.sampling import need_independent
from simulator.engine import Kept, Shard
from simulator.errors import RunFileError, ScenarioError
from simulator.kernel import lanes
from simulator.questions import replay
from simulator.questions.replay import Replay
from simulator.running import preparation

MEASURED: Final = "productivity"  # the result that York and ONS measure
YEARS: Final = 5  # over which the mean of productivity is published
KEPT_BALANCE: Final = lanes.KEPT.index("balance")
SECTOR_BALANCE: Final = lanes.GROUP_RESULTS.index("balance")

Floats = NDArray[np.float64]


def hindcast(
    run: xr.DataTree,
    *,
    threads: int | None = None,
    done: Callable[[int], None] = lambda n_draw: None,
) -> xr.Dataset:
    """Score the first target of a run of past years against the published record.

    Parameters
    ----------
    run
        As `run` or `open` gives it, its draws independent.
    threads
        Number of threads that simulate; by default one for each processor.
    done
        Called with numbers of draws that were simulated again.

    Returns
    -------
    scored
        By measure and year, the published figure, the model's band and how they agree;
        by measure and of all, the comparison with naive forecasts: see
        `analysis.hindcast.score`.

    Raises
    ------
    SimulatorError
        Where nothing was published of the run's years, where its draws are too few or
        not independent, or where the run cannot be simulated again.

    Examples
    --------
    >>> import simulator as sim
    >>> scored = sim.hindcast(sim.run("hindcast-2013"))           # doctest: +SKIP
    >>> scored["pit"].sel(measure="balance", year=2017)           # doctest: +SKIP
    """
    again = replay.of_run(run)
    scenario = again.scenario
    need_independent(run, scenario.name)
    check_years(scenario.first_year, scenario.last_year)
    sector = run["sector"].to_dataset().isel(target=0).astype(np.float64)
    rates = run.to_dataset()["rate"].values[:1]
    series = _of_sector(sector, len(again.population.code))
    series |= _of_trusts(sector["balance"], again, rates, threads, done)
    support = _announced(sector["support"], scenario.first_year - 1)
    return scoring.score(xr.Dataset(series), support)


def check_years(first: int, last: int) -> None:
    """Refuse a scenario of years of which nothing was published."""
    low, high = record.scored_years()
    if first > high or last < low:
        raise ScenarioError(
            "first_year",
            f"runs from {first} to {last}, and published figures are held of {low} to "
            f"{high} only: there is nothing to score",
            "hindcast a scenario of those years, such as hindcast-2013",
        )


def _announced(support: xr.DataArray, origin: int) -> dict[int, float]:
    """Give support by year: what the run pays, and what was paid at its origin."""
    paid = support.median("draw")
    found = {int(year): float(paid.sel(year=year)) for year in paid["year"].values}
    opening = f"opening.support.{origin}"
    if opening in evidence.figures():
        found[origin] = evidence.number(opening)
    return found


def _of_sector(sector: xr.Dataset, n_trust: int) -> dict[str, xr.DataArray]:
    """Give the measures that sums over the sector hold: (draw, year)."""
    saved = sector["recurrent"] + sector["nonrecurrent"]
    income = sector["income"] + sector["support"]
    productivity = sector[MEASURED]
    mean = productivity.rolling(year=YEARS).mean()  # NaN until so many years have run
    return {
        "balance": sector["balance"],
        "underlying": sector["underlying"],
        "in_deficit": sector["trusts_in_deficit"] / n_trust,
        "planned": sector["ask"] / sector["cost_before"],
        "delivered": saved / sector["cost_before"],
        "recurrent_share": sector["recurrent"] / saved,
        "income": income,
        "cost": income - sector["balance"],  # as published: one-offs lower it
        "productivity": productivity,
        "productivity_mean": mean,
    }


def _of_trusts(
    stored: xr.DataArray,
    again: Replay,
    rates: Floats,
    threads: int | None,
    done: Callable[[int], None],
) -> dict[str, xr.DataArray]:
    """Give the measures by acute and other trusts, and the sum of deficits.

    `stored` is the sector's balance in the run file, (draw, year), which has to come
    out again to the bit; `rates` are those of the first target, (1, year).
    """
    first_target = {"targets": again.scenario.targets[:1]}
    assert again.seed is not None
    job = preparation.prepare_counts(
        again.scenario.model_copy(update=first_target),
        again.population,
        again.seed,
        rates,
    )
    acute = np.array([kind == "acute" for kind in again.population.trust_type])
    expected = stored.transpose("draw", "year").values
    draws = len(expected)
    found: list[dict[str, Floats]] = []
    for part in engine.simulate(
        job, draws, keep=draws, threads=threads, to_store=True, done=done
    ):
        if isinstance(part, Kept):
            balance = part.values[KEPT_BALANCE, 0].astype(np.float64)
            found.append(_added(balance, acute))
        elif isinstance(part, Shard):
            shard = slice(part.first_draw, part.first_draw + part.n_draw)
            if not np.array_equal(part.stored[SECTOR_BALANCE, 0], expected[shard]):
                raise RunFileError(
                    again.scenario.name,
                    "its scenario, simulated again, does not give its numbers",
                    "run the scenario again with this version",
                )
    coordinates = {dim: stored[dim] for dim in ("draw", "year")}
    return {
        name: xr.DataArray(np.concatenate([part[name] for part in found]), coordinates)
        for name in found[0]
    }


def _added(balance: Floats, acute: NDArray[np.bool_]) -> dict[str, Floats]:
    """Add balances up over trusts: from (draw, trust, year) to (draw, year)."""
    short = balance < 0.0
    measures = {"gross_deficit": -np.where(short, balance, 0.0).sum(axis=1)}
    for kind, whose in (("acute", acute), ("other", ~acute)):
        if whose.any():
            measures[f"{kind}_in_deficit"] = short[:, whose].mean(axis=1)
            measures[f"{kind}_balance"] = balance[:, whose].sum(axis=1)
    return measures
