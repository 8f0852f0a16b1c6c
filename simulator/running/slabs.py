"""What a run is put together from: draws simulated now, or read back from a file.

Either way they come in order, variable by variable and slab by slab, and their tally
comes last; tallies add up exactly. So a run that was interrupted or extended is the
run that never was.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from simulator import schema
from simulator.engine import blocks, tallies
from simulator.engine.job import Job
from simulator.engine.shards import SHARD, Kept, Shard
from simulator.kernel.tables import Successes, Tally
from simulator.runfile import digests
from simulator.runfile.memory import Writer
from simulator.running import variables
from simulator.schema import DRAW, KEPT_DRAW, VARIABLES, Variable

GROUPS: Final = ("sector", "drivers", "trajectories")
SLAB_BYTES: Final = 2**23
# Where a file keeps each count.
COUNTS: Final = {
    "trust": "/achieved",
    "kind": "/counts/type_achieved",
    "system": "/counts/system_achieved",
    "sector": "/counts/sector_achieved",
    "share": "/counts/trusts_achieving",
    "guarded": "/counts/guarded",
    "trust_spread": "/counts/trust_histogram",
    "kind_spread": "/counts/type_histogram",
    "system_spread": "/counts/system_histogram",
}


# Takes consecutive draws of a variable, and the number of the first of them.
PutDraws = Callable[[Variable, NDArray[Any], int], None]
# Gives its draws, in order, to where they are put; then their tally.
Source = Callable[[PutDraws], Tally]


def simulated(job: Job, draws: int, *, counts_only: bool = False, **how: Any) -> Source:
    """Simulate draws; `how` is of `engine.simulate`."""
    if counts_only:
        return lambda put: blocks.simulate(job, draws, to_store=True, **how)

    def source(put: PutDraws) -> Tally:
        def shard(made: Shard) -> None:
            for variable, values in variables.of_shard(made):
                put(variable, values, made.first_draw)

        def kept(made: Kept) -> None:
            for variable, values in variables.of_kept(made):
                put(variable, values, made.first_draw)

        return blocks.simulate(
            job, draws, to_store=True, on_shard=shard, on_kept=kept, **how
        )

    return source


def stored(path: Path) -> Source:
    """Read draws back from a part or a run file."""

    def source(put: PutDraws) -> Tally:
        with h5py.File(path, "r") as file:
            for group in GROUPS:
                for name, dataset in file.get(group, {}).items():
                    if f"/{group}/{name}" not in (f"/{group}/{DRAW}", _KEPT):
                        _put_slabs(put, file, _variable(group, name), dataset)
            return read_tally(file)

    return source


_KEPT: Final = f"/trajectories/{KEPT_DRAW}"


def read_tally(file: h5py.File) -> Tally:
    """Read the counts of a file."""
    counts = {name: file[path][...] for name, path in COUNTS.items()}
    for name, values in counts.items():
        if name.endswith("_spread"):
            counts[name] = values.astype(np.uint32)
    return Tally(**counts)


def successes_of(path: Path) -> Successes:
    """Read who achieves how often in a part: its counts without histograms."""
    with h5py.File(path, "r") as file:
        return read_successes(file)


def read_successes(file: h5py.File) -> Successes:
    """Read the counts of a file without its histograms."""
    return Successes(**{name: file[COUNTS[name]][...] for name in Successes._fields})


def write(writer: Writer, sources: Sequence[Source]) -> list[Tally]:
    """Write sources one after another; gives the tally of all, then that of each.

    Those of each are without histograms, which are large.
    """
    total: Tally | None = None
    each = []
    for source in sources:
        tally = source(writer.put_draws)
        each.append(_without_histograms(tally))
        if total is None:
            total = tally
        else:
            tallies.add_tally(total, tally)
    assert total is not None
    return [total, *each]


def _without_histograms(tally: Tally) -> Tally:
    """Copy the counts, so that adding up leaves them as they are."""
    none = np.zeros(0, np.uint32)
    copies: dict[str, Any] = {
        name: none if name.endswith("_spread") else counts.copy()
        for name, counts in tally._asdict().items()
    }
    return Tally(**copies)


def _variable(group: str, name: str) -> Variable:
    return VARIABLES.get(f"/{group}/{name}") or assumption_named(name)


def assumption_named(name: str) -> Variable:
    """Describe an assumption's values by the name they have in a file."""
    return schema.assumption(name.rpartition("/")[2].replace("__", "."))


def _put_slabs(
    put: PutDraws, file: h5py.File, variable: Variable, dataset: h5py.Dataset
) -> None:
    axis = digests.draw_axis(variable.dims)
    assert axis is not None
    scale = "draw" if variable.dims[axis] == DRAW else _KEPT
    first, n_draw = int(file[scale][0]), dataset.shape[axis]
    width = dataset.size // n_draw * dataset.dtype.itemsize
    step = max(blocks.KEEPING_BLOCK, SLAB_BYTES // width // SHARD * SHARD)
    place: list[slice] = [slice(None)] * dataset.ndim
    for start in range(0, n_draw, step):
        place[axis] = slice(start, start + step)
        put(variable, dataset[tuple(place)], first + start)
