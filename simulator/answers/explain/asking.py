"""Which future is asked for: one draw of one trust of a run, under one target."""

from typing import Final

import numpy as np
import xarray as xr

from simulator.errors import RunFileError
from simulator.messages import meant, nearest, quote
from simulator.runfile.tree import of_draws
from simulator.running import rebuild
from simulator.running.future import Future, future_of
from simulator.statistics.independence import need_independent

GROUPS: Final = ("/", "/drivers", "/provenance")  # of the run file, that are read
FEW: Final = 20  # names that an error lists


def trajectory(run: xr.DataTree, draw: int, trust: str, target: str) -> Future:
    """Make one future of a run again.

    Parameters
    ----------
    run
        As `open` gives it, with at least the groups in `GROUPS`.
    draw
        Number of one of the run's draws; it need not be kept.
    trust
        Code of a trust.
    target
        Name of a target.

    Raises
    ------
    RunFileError
        Where the run has no such draw, trust or target; where the file cannot be made
        again; or where its draw is another than this version makes.
    """
    need_independent(run, "explain")
    draws = int(run.attrs["draws"])
    if not 0 <= draw < draws:
        raise RunFileError(
            "draw",
            f"{draw} is not among the run's {draws:,} draws",
            f"give 0 to {draws - 1}, or add draws to the run",
        )
    root = run.to_dataset()
    places = _place("trust", trust, root), _place("target", target, root)
    job = rebuild.counting_job_of(run)
    future = future_of(job, draw, *places)
    _check_same(run, future)
    return future


def _place(what: str, word: str, root: xr.Dataset) -> int:
    known = [str(name) for name in root[what].values]
    if word in known:
        return known.index(word)
    remedy = nearest(word, known)
    if len(known) > FEW:
        ends = f"from {quote(known[0])} to {quote(known[-1])}"
        remedy = meant(word, known) or f"there are {len(known)}, {ends}"
    raise RunFileError(what, f"the run has no {what} {quote(word)}", remedy)


def _check_same(run: xr.DataTree, future: Future) -> None:
    """Refuse to explain a draw that is not the one in the file."""
    stored = of_draws(run, "drivers").isel(draw=future.draw)
    for name in ("pay", "nonpay", "pressure", "delivery", "demand"):
        made = getattr(future.drawn, name)[..., 0].astype(np.float32)
        if not np.array_equal(made, stored[name].values):
            raise RunFileError(
                f"/drivers/{name}",
                f"draw {future.draw} is not the one that this version makes",
                "simulator verify says more; or run its scenario again",
            )
