"""Run files for tests of damage: a whole one, and one with a variable of each kind."""

from pathlib import Path

import h5py
import tiny

from simulator.runfile import store
from simulator.running import runs
from simulator.scenario.load import load_scenario
from simulator.schema import COORDINATES, VARIABLES, assumption

DRAWS = 50
# Of every group, type, layout and filter; a tenth of a run's time to look through.
PICKED = (
    "/rate",
    "/trust_name",
    "/achieved",
    "/probability",
    "/sector/balance",
    "/sector/trusts_in_deficit",
    "/sector/achieved",
    "/bands/trust_cash_releasing",
    "/trajectories/balance",
    "/drivers/pay",
    "/drivers/high_inflation",
)
ASSUMPTION = "/drivers/delivery__real_share"


def whole(folder: Path) -> Path:
    """Run the tiny scenario and give its file."""
    place = folder / "whole.h5"
    loaded = load_scenario(tiny.write(folder))
    runs.run(loaded, draws=DRAWS, seed=7, keep="sample", output=place).close()
    return place


def small(source: Path, place: Path) -> Path:
    """Write some of a run's variables, and all of its attributes, as a run file."""
    with store.open_run(source, trusted=True) as tree:
        tree = tree.load()
    coordinates = {
        dim: tree[known.path.lstrip("/")].values
        for dim, known in COORDINATES.items()
        if dim not in ("draw", "kept_draw")
    }
    draws = range(DRAWS)
    attributes = {
        name: value
        for name, value in tree.attrs.items()
        if name not in ("Conventions", "format")
    }
    with store.RunWriter(place, coordinates, draws, draws, attributes) as writer:
        for path in PICKED:
            variable = VARIABLES[path]
            values = tree[path.lstrip("/")].values
            if {"draw", "kept_draw"} & set(variable.dims):
                writer.put_draws(variable, values, 0)
            else:
                writer.put(variable, values)
        known = assumption(ASSUMPTION.removeprefix("/drivers/"))
        writer.put_draws(known, tree[known.path.lstrip("/")].values, 0)
        for name, value in tree["provenance"].attrs.items():
            if not name.endswith("digest") and not name.endswith("digests"):
                writer.note("/provenance", {name: value})
    return place


def chunks_of(path: Path) -> list[tuple[int, int]]:
    """Bytes of the file that hold data with a checksum: first, and past the last."""
    found = []

    def note(name: str, thing: object) -> None:
        if isinstance(thing, h5py.Dataset) and thing.chunks:
            thing.id.chunk_iter(
                lambda chunk: found.append(
                    (chunk.byte_offset, chunk.byte_offset + chunk.size)
                )
            )

    with h5py.File(path) as file:
        file.visititems(note)
    return sorted(found)
