"""A run in memory is its file's tree, and gives that file when it is saved."""

import pytest
import tiny
import xarray as xr

from simulator.runfile import digests, store
from simulator.running import runs
from simulator.scenario import load as inputs

DRAWS = 150
WAYS = {
    "plain": {"draws": DRAWS},
    "kept": {"draws": DRAWS, "keep": "all"},
    "of more shards than one": {"draws": 8192 + 100},
    "evenly spread": {"draws": 16 * 8, "sampling": "rqmc"},
    "to a precision": {"precision": 0.02, "keep": "sample"},
    "of one target": {"draws": DRAWS},
}
OF_A_FILE = {digests.PAYLOAD, digests.ATTRIBUTES}


@pytest.fixture(scope="module", params=WAYS)
def both(request, tmp_path_factory):
    """A run in memory, and the tree and the place of its file."""
    folder = tmp_path_factory.mktemp("memory")
    tables = tiny.tables()
    if request.param == "of one target":
        tables["targets"] = tables["targets"][:1]
    loaded = inputs.load_scenario(tiny.write(folder, tables))
    how = WAYS[request.param]
    with runs.run(loaded, seed=7, output=folder / "run.h5", **how) as of_file:
        yield runs.run(loaded, seed=7, **how), of_file, folder / "run.h5"


def groups_of(run):
    return {group.path: group.to_dataset(inherit=False) for group in run.subtree}


def test_a_run_in_memory_is_the_tree_of_its_file(both):
    found, expected = groups_of(both[0]), groups_of(both[1])
    assert list(found) == list(expected)
    for path, dataset in expected.items():
        made = found[path]
        assert list(made.variables) == list(dataset.variables)
        assert list(made.coords) == list(dataset.coords)
        assert made.sizes == dataset.sizes
        for name, variable in dataset.variables.items():
            mine = made.variables[name]
            xr.testing.assert_identical(mine, variable)
            assert mine.dtype == variable.dtype, name
            assert list(mine.attrs) == list(variable.attrs), name
            how, wanted = dict(mine.encoding), dict(variable.encoding)
            fills = [each.pop(store.FILL, None) for each in (how, wanted)]
            assert how == wanted, name
            assert repr(fills[0]) == repr(fills[1]), name  # they may be NaN


def test_its_attributes_are_those_of_the_file_but_for_digests(both):
    found, expected = groups_of(both[0]), groups_of(both[1])
    for path, dataset in expected.items():
        wanted = {n: v for n, v in dataset.attrs.items() if n not in OF_A_FILE}
        made = dict(found[path].attrs)
        if path == "/provenance":
            assert wanted.keys() == made.keys()
            for name in digests.OF_THE_DAY:
                del wanted[name], made[name]
        assert xr.Dataset(attrs=made).identical(xr.Dataset(attrs=wanted)), path
