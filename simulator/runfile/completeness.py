"""Whether all of a run stands in its file, for whoever reads it to find what it needs.

A sound file may lack a variable or an attribute: a program of somebody else's may have
left it out.
"""

from collections.abc import Container
from typing import Any, Final

import h5py
import numpy as np

from simulator.errors import RunFileError
from simulator.runfile.digests import PROVENANCE, text_of
from simulator.schema import (
    COORDINATES,
    COUNTS_ONLY,
    CURRENT,
    DRAW,
    LEFT_OUT,
    OPTIONAL,
    RECORD,
    RECORD_DIGEST,
    RECORD_OVERRULED,
    RECORD_TABLE,
    VARIABLES,
    Variable,
)

NUMBERS: Final = ("draws", "seed", "replicates")
TEXTS: Final = (
    "title",
    "scenario",
    "source",
    "sampling",
    "population",
    "population_about",
    "notes",
)
MADE: Final = (
    "scenario_as_written",
    "scenario_resolved",
    "scenario_digest",
    "origins",
    "population",
    "population_name",
    "population_digest",
    "population_about",
    "seed",
    "draws",
    "random_number_layout",
    "histogram_bins",
    "simulator_version",
    "kernel_digest",
    "versions",
    "keep",
    "sampling",
)


# Of a second answer.
MADE_TWICE: Final = (RECORD_TABLE, RECORD_DIGEST, RECORD_OVERRULED)


def is_older(file: h5py.File) -> bool:
    """Say whether what stands in the file means something else than it does today."""
    return bool(file.attrs["format"] not in CURRENT)


def check(file: h5py.File) -> None:
    """Refuse a file of an older format, and one that lacks a part of a run.

    Raises
    ------
    RunFileError
        Where a variable or an attribute is missing, or is of another kind.
    """
    if is_older(file):
        raise RunFileError(
            str(file.filename),
            f"has format {file.attrs['format']}, whose outcomes mean something else",
            "read it in Python with simulator.open, or run its scenario again",
        )
    counts_only = keeps_counts_only(file)
    for variable in needed(file, counts_only=counts_only):
        if variable.path not in file:
            raise _lacks(file, variable.path)
    for name in NUMBERS:
        if not isinstance(file.attrs.get(name), np.integer):
            raise _lacks(file, "/", f"the number '{name}'")
    for name in TEXTS:
        if not _is_text(file.attrs.get(name)):
            raise _lacks(file, "/", f"the text '{name}'")
    if not isinstance(file.attrs.get("guarded"), np.ndarray):
        raise _lacks(file, "/", "the numbers 'guarded'")
    for name in (*MADE, *(MADE_TWICE if RECORD in file else ())):
        if PROVENANCE not in file or not _is_text(file[PROVENANCE].attrs.get(name)):
            raise _lacks(file, f"/{PROVENANCE}", f"the text '{name}'")
    if not counts_only and file.attrs["draws"] != len(file[DRAW]):
        problem = f"says {file.attrs['draws']:,} draws and holds {len(file[DRAW]):,}"
        raise RunFileError(str(file.filename), problem, "run its scenario again")


def keeps_counts_only(file: h5py.File) -> bool:
    """Tell whether a file says that it holds counts and bands, and no draws."""
    said = file[PROVENANCE].attrs.get("keep", "") if PROVENANCE in file else ""
    return _is_text(said) and text_of(said) == COUNTS_ONLY


def needed(groups: Container[str], *, counts_only: bool) -> list[Variable]:
    """List the variables that a run with some groups has."""
    known = (*COORDINATES.values(), *VARIABLES.values())
    return [
        v
        for v in known
        if v.group not in OPTIONAL or v.group in groups
        if not (counts_only and LEFT_OUT & {*v.dims})
    ]


def _is_text(value: Any) -> bool:
    return isinstance(value, str | bytes)


def _lacks(file: h5py.File, place: str, what: str = "") -> RunFileError:
    problem = f"lacks {what}" if what else "is missing"
    return RunFileError(f"{file.filename}:{place}", problem, "run its scenario again")
