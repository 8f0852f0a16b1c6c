"""Where packaged scenarios stand, and what a name or a path on a command line means.

It needs no other part of scenarios, so that a run's answer is shown without them.
"""

from importlib import resources
from pathlib import Path
from typing import Final

from simulator.files import places
from simulator.types import Place

SUFFIX: Final = ".toml"


def packaged() -> dict[str, Path]:
    """Give the packaged scenarios by name: in the wheel, or in a checkout."""
    inside = Path(str(resources.files("simulator").joinpath("scenarios")))
    folder = inside if inside.is_dir() else inside.parent.parent / "scenarios"
    found = {path.stem: path for path in folder.glob(f"*{SUFFIX}")}
    return dict(sorted(found.items()))


def is_run_file(name_or_path: Place) -> bool:
    """Tell a run file, by its content or its ending, from a scenario's name or file."""
    return str(name_or_path) not in packaged() and places.is_run_file(name_or_path)
