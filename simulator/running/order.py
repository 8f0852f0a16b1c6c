"""A run as plain texts, from which another process or machine prepares it anew.

Nothing but texts goes from machine to machine: the scenario as it was resolved, the
trusts as a table, the seed. They are checked where they arrive as a scenario file is,
and as the provenance of a run file is, which holds the same; no object is unpickled.
"""

from collections.abc import Mapping
from typing import Any, get_args

import xarray as xr

from simulator.errors import RunFileError
from simulator.running import assemble, rebuild, second
from simulator.running.assemble import Keep, Sampling, Work
from simulator.types import OnProgress


def work_of(
    order: Mapping[str, str],
    place: str,
    *,
    threads: int | None = None,
    on_progress: OnProgress = lambda n_draw: None,
) -> Work:
    """Prepare a run from what is said of it.

    Parameters
    ----------
    order
        As `Work.made` gives it.
    place
        Where the order comes from, for errors.
    threads, on_progress
        As of `runs.run`.

    Raises
    ------
    SimulatorError
        Where the order cannot be used, or this machine would give other numbers.
    """
    said = {str(name): str(text) for name, text in order.items()}
    tree = xr.DataTree.from_dict(
        {"/": xr.Dataset(), "/provenance": xr.Dataset(attrs=said)}
    )
    tree.encoding["source"] = place
    loaded, population = rebuild.inputs_of(tree)
    keep: Any = said.get("keep")
    sampling: Any = said.get("sampling")
    try:
        seed, draws = int(said["seed"]), int(said["draws"])
        is_run = keep in get_args(Keep) and sampling in get_args(Sampling)
    except (KeyError, ValueError):
        is_run = False
    if not is_run:
        raise RunFileError(place, "does not say what is to be run")
    return assemble.prepared(
        loaded,
        population,
        seed,
        keep,
        threads,
        on_progress,
        sampling=sampling,
        draws=draws,
        record=second.of_run(tree),
    )


def check_machine(
    theirs: Mapping[str, str], ours: Mapping[str, str], place: str
) -> None:
    """Refuse to compute for a run whose numbers follow from something else here.

    Parameters
    ----------
    theirs, ours
        What the run is made from, and what it would be made from here: as of
        `Work.made_from`.
    place
        Which machine, or file, this is.
    """
    for name, text in ours.items():
        if theirs.get(name) != text:
            raise RunFileError(
                place,
                f"would make another run: its {name} is {text}, and that of the run is "
                f"{theirs.get(name, 'not stated')}",
                "install the same versions of Python and the simulator everywhere",
            )
