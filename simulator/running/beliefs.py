"""Which beliefs a scenario is loaded with: its own, the prior's, or the record's."""

from collections.abc import Sequence
from typing import Final

from simulator.errors import ScenarioError
from simulator.scenario import posterior, tables
from simulator.scenario.load import Loaded, load_scenario, with_plans
from simulator.types import Place

RECORD: Final = "record"  # stands for the latest packaged table that may be known


def load(
    scenario: Place,
    settings: Sequence[str] = (),
    beliefs: str | None = None,
    plans: str | None = None,
) -> Loaded:
    """Load a scenario with some beliefs, and with targets of one form of plans.

    Parameters
    ----------
    scenario, settings
        As of `load_scenario`.
    beliefs
        `prior`, `record`, or a table by its name or path; None for the scenario's own.
    plans
        `gap` or `tariff`; None for all targets.
    """
    if beliefs == RECORD:
        known_at = load_scenario(scenario, settings).scenario.as_known_at
        beliefs = latest(known_at)
    if beliefs is not None:
        settings = (*settings, f'beliefs="{beliefs}"')
    loaded = load_scenario(scenario, settings)
    return loaded if plans is None else with_plans(loaded, plans)


def latest(known_at: str | None) -> str:
    """Name the packaged table with the latest figures that were known at a day."""
    known = [
        (posterior.load(name).known_at, name)
        for name in tables.packaged()
        if known_at is None or posterior.load(name).known_at <= known_at
    ]
    if not known:
        raise ScenarioError(
            "beliefs", f"no packaged table was known at {known_at}", "give prior"
        )
    return max(known)[1]
