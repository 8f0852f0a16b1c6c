"""What a run file says of how it was made: as a table, and for a script."""

import json
from typing import Any, Final

import xarray as xr
from rich.console import RenderableType
from rich.table import Table

from simulator.running import provenance

# Texts that have a command of their own: show --toml, show --json.
LONG: Final = (
    "scenario_as_written",
    "scenario_resolved",
    "origins",
    "population",
    "payload_digests",
    "beliefs_table",
)


def as_records(run: xr.DataTree) -> dict[str, Any]:
    """Give what a run file says of how it was made, for a script."""
    return {str(name): _read(value) for name, value in run["provenance"].attrs.items()}


def render(run: xr.DataTree) -> RenderableType:
    """Lay out what a run file says of how it was made, without its long texts."""
    table = Table(show_header=False, show_edge=False, pad_edge=False, box=None)
    found = {"title": run.attrs["title"], "scenario": run.attrs["scenario"]}
    found |= {"digest of the numbers": provenance.digest_of(run["provenance"].attrs)}
    for name, value in run["provenance"].attrs.items():
        if name not in LONG:
            found[str(name).replace("_", " ")] = value
    for name, value in found.items():
        table.add_row(name, str(value))
    return table


def _read(value: Any) -> Any:
    """Read a text that holds JSON."""
    text = str(value)
    return json.loads(text) if text.startswith(("{", "[")) else text
