"""`save()`: from a run in memory to its run file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from simulator.errors import RunFileError
from simulator.runfile import completeness, digests, parts
from simulator.runfile.digests import PROVENANCE
from simulator.runfile.store import RunWriter, conventions
from simulator.runfile.tree import has_draws
from simulator.running import runs
from simulator.running.slabs import assumption_named
from simulator.schema import (
    COORDINATES,
    CURRENT,
    DRAW,
    FORMAT,
    KEPT_DRAW,
    RECORD,
    VARIABLES,
    Variable,
)

WHOLE: Final = "save what run or open gave, as it was given"
OF_A_FILE: Final = (digests.PAYLOAD, digests.ATTRIBUTES)

Found = Mapping[str, tuple[Variable, xr.Variable]]


def save(
    run: xr.DataTree, output: str | os.PathLike[str], *, force: bool = False
) -> None:
    """Write a run as a run file, digests and all: that which `run` would have written.

    Parameters
    ----------
    run
        As `run` or `open` gives it.
    output
        Path of the run file.
    force
        Whether to replace a run file that is there.

    Raises
    ------
    RunFileError
        Where `run` is not a whole run, or the file must not or cannot be written.
    """
    place = Path(output)
    source = run.encoding.get("source")
    runs.check_place(place, force, [Path(source)] if source else [])
    found = _variables(run)
    _check_whole(run, found)

    def write(begun: Path) -> None:
        with RunWriter(begun, *_shape(run, found)) as writer:
            for variable, values in found.values():
                if variable.name in COORDINATES:
                    continue  # are there already
                if digests.draw_axis(variable.dims) is None:
                    writer.put(variable, values.values)
                else:
                    writer.put_draws(variable, values.values, 0)
            # A number by itself, as it is read where there is one target.
            writer.note("/", {"guarded": np.atleast_1d(run.attrs["guarded"])})
            made = run[PROVENANCE].attrs.items()
            said = {str(name): v for name, v in made if name not in OF_A_FILE}
            writer.note(f"/{PROVENANCE}", said)

    with parts.claimed(
        place, {"saved": place.name}, resume=False, force=force, replaces=force
    ) as folder:
        folder.finish(write)


def _variables(run: xr.DataTree) -> Found:
    known = {each.path: each for each in COORDINATES.values()} | VARIABLES
    found = {}
    for group in run.subtree:
        for name, values in group.to_dataset(inherit=False).variables.items():
            path = f"{group.path.rstrip('/')}/{name}"
            if path not in known and group.path != "/drivers":
                raise RunFileError("run", f"has {path}, which no run has", WHOLE)
            found[path] = known.get(path) or assumption_named(str(name)), values
    return found


def _check_whole(run: xr.DataTree, found: Found) -> None:
    if run.attrs.get("format") not in CURRENT:
        raise RunFileError("run", f"is not of format {FORMAT}", WHOLE)
    groups = {group.path for group in run.subtree}
    counts_only = PROVENANCE in run.children and not has_draws(run)
    needed = completeness.needed(groups, counts_only=counts_only)
    said = completeness.MADE_TWICE if RECORD in groups else ()
    root = {*completeness.NUMBERS, *completeness.TEXTS, "guarded"}
    made = run[PROVENANCE].attrs if PROVENANCE in run.children else {}
    lacking = [
        *(variable.path for variable in needed if variable.path not in found),
        *sorted(root - set(run.attrs)),
        *(name for name in (*completeness.MADE, *said) if name not in made),
    ]
    if lacking:
        raise RunFileError("run", f"lacks {lacking[0]}", WHOLE)


def _shape(
    run: xr.DataTree, found: Found
) -> tuple[dict[str, Any], range, range, dict[str, Any]]:
    """Give what a writer begins with: coordinates, draws, those kept, attributes."""
    values = {
        name: found[c.path][1].values
        for name, c in COORDINATES.items()
        if c.path in found
    }
    draws, kept = (range(len(values.pop(name, ()))) for name in (DRAW, KEPT_DRAW))
    known = {"guarded", *conventions()}
    said = {str(name): v for name, v in run.attrs.items() if name not in known}
    return values, draws, kept, said
