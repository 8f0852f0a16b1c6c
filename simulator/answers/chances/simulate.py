"""The sector's chances from what is believed, and from that given the record.

Both are of the same futures but for the beliefs. Each form of plans has beliefs of its
own given the record, so that targets of the two are simulated apart.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr

from simulator.engine import blocks
from simulator.running import beliefs as believing
from simulator.running import prepare, runs
from simulator.scenario import posterior
from simulator.scenario.fitting import population_of
from simulator.scenario.load import load_scenario
from simulator.scenario.model import Target
from simulator.scenario.values import FOLLOWS, PRIOR
from simulator.schema import CONFIDENCE, OUTCOMES
from simulator.statistics.independence import worth
from simulator.statistics.intervals import wilson_of_worth
from simulator.types import OnProgress, Place

BOTH: Final = (PRIOR, believing.RECORD)


def chances(
    scenario: Place,
    *,
    beliefs: Sequence[str] = BOTH,
    draws: int = runs.DRAWS,
    seed: int = runs.SEED,
    threads: int | None = None,
    settings: Sequence[str] = (),
    on_progress: OnProgress = lambda n_draw: None,
) -> xr.Dataset:
    """Give the sector's chances under several beliefs, side by side.

    Parameters
    ----------
    scenario
        Name of a packaged scenario, or path of a scenario file.
    beliefs
        Each `prior`, `record`, or a table by its name or path.
    draws, seed, threads, settings
        As of `run`.
    on_progress
        Called with numbers of draws, of `simulated(scenario, beliefs, draws)`.

    Returns
    -------
    chances
        `estimate`, `low` and `high` by `beliefs`, `target` and `outcome`; intervals
        are of 95% and hold the finite number of beliefs of a table too. And by
        beliefs, `table`: which was used.
    """
    runs.check(draws, seed, threads)
    asked = load_scenario(scenario, settings).scenario
    names = [target.name for target in asked.targets]
    shape = len(beliefs), len(names), len(OUTCOMES)
    found = {end: np.full(shape, np.nan) for end in ("estimate", "low", "high")}
    tables = []
    for b, words in enumerate(beliefs):
        for form in _forms(asked.targets):
            loaded = believing.load(scenario, settings, words, form)
            job = prepare.prepare_counts(loaded.scenario, population_of(loaded), seed)
            tally = blocks.simulate(
                job, draws, threads=threads, on_progress=on_progress
            )
            n = worth(draws, posterior.effective(loaded.scenario))
            share = tally.sector / draws
            low, high = wilson_of_worth(tally.sector, draws, n, CONFIDENCE)
            rows = [names.index(target.name) for target in loaded.scenario.targets]
            for end, values in (("estimate", share), ("low", low), ("high", high)):
                found[end][b, rows] = values
        tables.append(loaded.scenario.beliefs)
    dims = ("beliefs", "target", "outcome")
    return xr.Dataset(
        {end: (dims, values) for end, values in found.items()},
        {
            "beliefs": list(beliefs),
            "target": names,
            "outcome": list(OUTCOMES),
            "plan_follows": ("target", [t.plan_follows for t in asked.targets]),
            "table": ("beliefs", tables),
        },
        {
            "title": asked.title,
            "draws": draws,
            "seed": seed,
            "confidence": CONFIDENCE,
        },
    )


def simulated(scenario: Place, beliefs: Sequence[str], draws: int) -> int:
    """Count the draws that `chances` simulates."""
    forms = _forms(load_scenario(scenario).scenario.targets)
    return len(beliefs) * len(forms) * draws


def _forms(targets: Sequence[Target]) -> list[str]:
    """Give the forms of plans that any target has."""
    return [f for f in FOLLOWS if any(t.plan_follows == f for t in targets)]
