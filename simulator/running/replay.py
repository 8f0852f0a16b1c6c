"""What to simulate again: a scenario from its file, or from the run file it made."""

from collections.abc import Sequence
from typing import NamedTuple

import xarray as xr

from simulator.errors import ScenarioError
from simulator.population.model import Population
from simulator.runfile import store
from simulator.running import rebuild
from simulator.scenario.fitting import population_of
from simulator.scenario.load import load_scenario
from simulator.scenario.model import Scenario
from simulator.scenario.packaged import is_run_file
from simulator.types import Place


class Replay(NamedTuple):
    """A scenario, whom it is asked of, and the seed of the run that it comes from."""

    scenario: Scenario
    population: Population
    seed: int | None
    """None where nothing was run yet."""


def load(place: Place, settings: Sequence[str] = ()) -> Replay:
    """Read a scenario by name or path, or take it out of a run file."""
    if is_run_file(place):
        if settings:
            raise ScenarioError(
                str(place),
                "is a run file, whose scenario is settled",
                "leave out --set, or give a scenario",
            )
        with store.open_run(place, ("/", "/provenance")) as tree:
            return of_run(tree)
    loaded = load_scenario(place, settings)
    population = population_of(loaded)
    return Replay(loaded.scenario, population, None)


def of_run(tree: xr.DataTree) -> Replay:
    """Take the scenario and the population out of a run, root and provenance."""
    loaded, population = rebuild.inputs_of(tree)
    return Replay(loaded.scenario, population, int(tree.attrs["seed"]))


def common_seed(replays: Sequence[Replay], seed: int | None, default: int) -> int:
    """Choose the seed to simulate all under: the one given, or that of the run files.

    Raises
    ------
    ScenarioError
        Where run files have different seeds and none is given.
    """
    found = sorted({replay.seed for replay in replays if replay.seed is not None})
    if seed is None and len(found) > 1:
        said = " and ".join(map(str, found))
        raise ScenarioError("seed", f"the runs have seeds {said}", "choose with --seed")
    chosen = seed if seed is not None else [*found, default][0]
    if not 0 <= chosen < 2**63:
        raise ScenarioError("seed", f"{chosen} is out of range", "give 0 to 2**63 - 1")
    return chosen
