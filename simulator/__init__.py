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
    "open": ("simulator.storage.store", "open_file"),
    "load_scenario": ("simulator.inputs", "load_scenario"),
    "load_population": ("simulator.inputs", "load_population"),
    "path": ("simulator.analysis.path", "path"),
    "headline": ("simulator.analysis.headline", "headline"),
    "calibrate": ("simulator.calibration.table", "calibrate"),
    "chances": ("simulator.questions.both_beliefs", "chances"),
    "hindcast": ("simulator.questions.hindcasting", "hindcast"),
    "curve": ("simulator.questions.targeting", "curve"),
    "highest_rate": ("simulator.analysis.curve", "inverse"),
    "verify": ("simulator.running.verify", "verify"),
    "wilson": ("simulator.analysis.intervals", "wilson"),
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
