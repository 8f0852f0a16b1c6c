"""How likely NHS trusts in England are to achieve a savings target.

>>> import simulator as sim
>>> run = sim.run("long-term-plan", draws=200)      # doctest: +SKIP
>>> run["sector_probability"].sel(outcome="measured")   # doctest: +SKIP
"""

import importlib
from typing import Any

# Names are fetched when they are first used, so that `simulator --help` waits for
# neither numba nor xarray.
_HOMES = {
    "run": ("simulator.running.runs", "run"),
    "open": ("simulator.runfile.store", "open_file"),
    "load_scenario": ("simulator.scenario.load", "load_scenario"),
    "load_population": ("simulator.population.load", "load_population"),
    "path": ("simulator.answers.path.estimate", "path"),
    "headline": ("simulator.answers.headline.estimate", "headline"),
    "calibrate": ("simulator.answers.calibrate.table", "calibrate"),
    "chances": ("simulator.answers.chances.simulate", "chances"),
    "hindcast": ("simulator.answers.hindcast.simulate", "hindcast"),
    "curve": ("simulator.answers.target.simulate", "curve"),
    "highest_rate": ("simulator.answers.target.estimate", "inverse"),
    "verify": ("simulator.running.verify", "verify"),
    "wilson": ("simulator.statistics.intervals", "wilson"),
    "SimulatorError": ("simulator.errors", "SimulatorError"),
}

__all__ = [
    "SimulatorError",
    "calibrate",
    "chances",
    "curve",
    "headline",
    "highest_rate",
    "hindcast",
    "load_population",
    "load_scenario",
    "open",
    "path",
    "run",
    "verify",
    "wilson",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return __all__
