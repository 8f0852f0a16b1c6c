"""What a run of past years foretold, scored against what was published of them.

A run file holds sums over the sector, draw by draw. Figures of acute and of other
trusts need the balance of every trust: the draws are simulated again, and added up
block by block so that memory stays flat.
"""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator import evidence
from simulator.answers import measures
from simulator.answers.hindcast import estimate as scoring
from simulator.engine import blocks
from simulator.engine.shards import Kept, Shard
from simulator.errors import RunFileError, ScenarioError
from simulator.evidence import record
from simulator.kernel import workspace
from simulator.runfile.tree import of_draws
from simulator.running import prepare, replay
from simulator.running.replay import Replay
from simulator.statistics.independence import need_independent
from simulator.types import Floats, OnProgress


def hindcast(
    run: xr.DataTree,
    *,
    threads: int | None = None,
    on_progress: OnProgress = lambda n_draw: None,
) -> xr.Dataset:
    """Score a run of past years against the published record.

    Parameters
    ----------
    run
        As `run` or `open` gives it, its draws independent.
    threads
        Number of threads that simulate; by default one for each processor.
    on_progress
        Called with numbers of draws that were simulated again.

    Returns
    -------
    scored
        By target, measure and year, the published figure, the model's band and how they
        agree; by target and measure, and of all, the comparison with naive forecasts:
        see `estimate.score`.

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
    remade = replay.of_run(run)
    scenario = remade.scenario
    need_independent(run, scenario.name)
    check_years(scenario.first_year, scenario.last_year)
    sector = of_draws(run, "sector")
    n_trust = len(remade.population.code)
    series = xr.Dataset(
        measures.of_sector(sector.astype(np.float64), n_trust)
        | _of_trusts(run, remade, threads, on_progress)
    )
    support = _announced(sector["support"], scenario.first_year - 1)
    scored = [
        scoring.score(series.isel(target=k), support)
        for k in range(series.sizes["target"])
    ]
    return xr.concat(scored, series["target"])


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
    paid = support.isel(target=0).median("draw")
    found = {int(year): float(paid.sel(year=year)) for year in paid["year"].values}
    opening = f"opening.support.{origin}"
    if opening in evidence.figures():
        found[origin] = evidence.number(opening)
    return found


def _of_trusts(
    run: xr.DataTree,
    remade: Replay,
    threads: int | None,
    on_progress: OnProgress,
) -> dict[str, xr.DataArray]:
    """Give the measures of acute and of other trusts: (target, draw, year)."""
    stored = of_draws(run, "sector")["balance"].transpose("target", "draw", "year")
    draws = stored.sizes["draw"]
    assert remade.seed is not None
    rates = run.to_dataset()["rate"].values.astype(np.float64)
    job = prepare.prepare_counts(remade.scenario, remade.population, remade.seed, rates)
    acute = np.array([kind == "acute" for kind in remade.population.trust_type])
    found: list[dict[str, Floats]] = []

    def add(kept: Kept) -> None:
        balance = kept.values[workspace.KEPT.index("balance")].astype(np.float64)
        found.append(_added(balance, acute))

    def compare(shard: Shard) -> None:
        balances = shard.stored[workspace.GROUP_RESULTS.index("balance")]
        of_shard = slice(shard.first_draw, shard.first_draw + shard.n_draw)
        if not np.array_equal(balances, stored.values[:, of_shard]):
            raise RunFileError(
                remade.scenario.name,
                "its scenario, simulated again, does not give its numbers",
                "run the scenario again with this version",
            )

    blocks.simulate(
        job,
        draws,
        keep=draws,
        threads=threads,
        to_store=True,
        on_kept=add,
        on_shard=compare,
        on_progress=on_progress,
    )
    return {
        name: stored.copy(data=np.concatenate([part[name] for part in found], axis=1))
        for name in found[0]
    }


def _added(balance: Floats, acute: NDArray[np.bool_]) -> dict[str, Floats]:
    """Add up over trusts: from (target, draw, trust, year) to (target, draw, year)."""
    short = balance < 0.0
    return {
        f"{kind}_{name}": measure
        for kind, whose in (("acute", acute), ("other", ~acute))
        if whose.any()
        for name, measure in (
            ("in_deficit", short[:, :, whose].mean(axis=2)),
            ("balance", balance[:, :, whose].sum(axis=2)),
        )
    }
