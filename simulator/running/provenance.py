"""What ran: the scenario as written and as resolved, versions, machine and time."""

import functools
import hashlib
import json
import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulator.kernel import cache, philox, workspace
from simulator.population.model import Population, to_csv_text
from simulator.runfile.digests import PAYLOAD
from simulator.scenario import posterior, tables
from simulator.scenario.load import Loaded
from simulator.scenario.values import PRIOR
from simulator.scenario.write import resolved_toml

TABLE: Final = "beliefs_table"  # the text of a table that is not packaged
PACKAGE: Final = "nhs-efficiency-simulator"
DEPENDENCIES: Final = (
    "numpy",
    "numba",
    "llvmlite",
    "scipy",
    "xarray",
    "h5py",
    "pydantic",
)


def version() -> str:
    """Give the version of the simulator."""
    return _version(PACKAGE)


@functools.cache  # each reads and parses a file
def _version(package: str) -> str:
    return metadata.version(package)


def of_run(
    loaded: Loaded, population: Population, seed: int, draws: int
) -> dict[str, str]:
    """Say what a run is made from; equal inputs give equal answers to the bit.

    Everything here follows from the inputs and the versions; see `of_machine` for
    what does not.
    """
    values = json.dumps(loaded.tree, sort_keys=True, ensure_ascii=False)
    return {
        "scenario_as_written": json.dumps(dict(loaded.text), ensure_ascii=False),
        "scenario_resolved": resolved_toml(loaded),
        "scenario_digest": hashlib.sha256(values.encode()).hexdigest(),
        "origins": json.dumps(
            {
                path: [origin.layer, origin.source, origin.grade]
                for path, origin in loaded.origins.items()
            },
            ensure_ascii=False,
        ),
        "population": to_csv_text(population),
        "population_name": population.name,
        "population_digest": population.digest(),
        "population_about": population.about,
        "seed": str(seed),
        "draws": str(draws),
        "random_number_layout": str(philox.LAYOUT_VERSION),
        "histogram_bins": str(workspace.BINS),
        "simulator_version": version(),
        "kernel_digest": cache.source_digest(),
        "versions": json.dumps({name: _version(name) for name in DEPENDENCIES}),
        **_beliefs(loaded),
    }


def _beliefs(loaded: Loaded) -> dict[str, str]:
    """Say which beliefs given the record a run draws from, if it does."""
    scenario = loaded.scenario
    if scenario.beliefs == PRIOR:
        return {}
    table = posterior.table_of(scenario)
    said = {
        "beliefs": table.name,
        "beliefs_digest": table.digest,
        "beliefs_overruled": json.dumps(posterior.overruled(scenario)),
    }
    if table.name not in tables.packaged():  # which nobody else has
        said[TABLE] = table.text
    return said


def made_from(loaded: Loaded, population: Population, seed: int) -> dict[str, str]:
    """Name all that the numbers of a draw follow from, in digests."""
    everything = of_run(loaded, population, seed, 0)
    return {
        name: everything[name]
        for name in (
            *(name for name in _beliefs(loaded) if name != TABLE),
            "scenario_digest",
            "population_digest",
            "seed",
            "random_number_layout",
            "histogram_bins",
            "simulator_version",
            "kernel_digest",
        )
    }


@functools.cache
def code_digest() -> str:
    """Name the package's own code, so that machines with other code are known."""
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package).as_posix()
        # As text: the same code may stand with the ends of lines of another system.
        content = file.read_bytes().replace(b"\r\n", b"\n")
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()[:16]


def digest_of(attributes: Mapping[Any, Any]) -> str:
    """Give one digest of a run's numbers."""
    return hashlib.sha256(attributes[PAYLOAD].encode()).hexdigest()


def of_machine(seconds: float, threads: int) -> dict[str, str]:
    """Say where and how fast it ran; no number of the run depends on it."""
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "processors": str(os.cpu_count()),
        "threads": str(threads),
        "seconds": f"{seconds:.3f}",
        "byte_order": "little" if np.little_endian else "big",
    }
