"""A run in memory is its file's tree, and gives that file when it is saved."""

import h5py
import numpy as np
import pytest
import tiny
import xarray as xr

from simulator.errors import RunFileError
from simulator.runfile import digests, store
from simulator.running import runs, verify
from simulator.running.save import save
from simulator.scenario.load import load_scenario

DRAWS = 150
WAYS = {
    "plain": {"draws": DRAWS},
    "kept": {"draws": DRAWS, "keep": "all"},
    "of more shards than one": {"draws": 8192 + 100},
    "evenly spread": {"draws": 16 * 8, "sampling": "rqmc"},
    "to a precision": {"precision": 0.02, "keep": "sample"},
    "of one target": {"draws": DRAWS},
    "without a second answer": {"draws": DRAWS, "record": False},
}
OF_A_FILE = {digests.PAYLOAD, digests.ATTRIBUTES}


@pytest.fixture(scope="module", params=WAYS)
def both(request, tmp_path_factory):
    """A run in memory, and the tree and the place of its file."""
    folder = tmp_path_factory.mktemp("memory")
    tables = tiny.tables()
    if request.param == "of one target":
        tables["targets"] = tables["targets"][:1]
    loaded = load_scenario(tiny.write(folder, tables))
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


def test_saved_it_is_the_file_that_would_have_been_written(both, tmp_path):
    in_memory, _, place = both
    save(in_memory, tmp_path / "saved.h5")
    with h5py.File(place) as wanted, h5py.File(tmp_path / "saved.h5") as found:
        assert digests.stated_in(found) == digests.stated_in(wanted)
        assert found.attrs.keys() == wanted.attrs.keys()
        assert found["provenance"].attrs.keys() == wanted["provenance"].attrs.keys()
        layouts = [layout(file) for file in (found, wanted)]
    assert layouts[0] == layouts[1]
    assert [path.name for path in tmp_path.iterdir()] == ["saved.h5"]


def layout(file):
    """How every variable is stored."""
    found = {}

    def note(name, thing):
        if isinstance(thing, h5py.Dataset):
            scales = [list(dim.keys()) for dim in thing.dims]
            how = thing.dtype, thing.shape, thing.chunks, thing.compression
            found[name] = *how, thing.fletcher32, thing.is_scale, scales

    file.visititems(note)
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return runs.run(load_scenario(tiny.write(folder)), draws=64, seed=7)


def test_a_saved_run_is_sound_and_is_read_as_any_other(run, tmp_path):
    save(run, tmp_path / "run.h5")
    assert all(
        check.difference == "" for check in verify.verdicts(tmp_path / "run.h5", seed=1)
    )
    with store.open_run(tmp_path / "run.h5") as opened:
        save(opened, tmp_path / "again.h5")
    with h5py.File(tmp_path / "run.h5") as one, h5py.File(tmp_path / "again.h5") as two:
        assert digests.stated_in(one) == digests.stated_in(two)


def test_saving_replaces_run_files_alone_and_by_force(run, tmp_path):
    place = tmp_path / "run.h5"
    save(run, place)
    before = place.read_bytes()
    with pytest.raises(RunFileError, match="is there already; add --force"):
        save(run, place)
    save(run, place, force=True)
    place.write_text("dear diary", encoding="utf-8")
    with pytest.raises(RunFileError, match="is no run file of ours"):
        save(run, place, force=True)
    assert place.read_text(encoding="utf-8") == "dear diary"
    place.write_bytes(before)
    with store.open_run(place) as opened, pytest.raises(RunFileError, match="is read"):
        save(opened, place, force=True)


def without(run, group, name):
    changed = run.copy()
    changed[group] = xr.DataTree(run[group].to_dataset(inherit=False).drop_vars(name))
    return changed


def test_what_is_no_whole_run_is_refused(run, tmp_path):
    other = run.copy()
    other["sector/mine"] = run["sector/balance"] * 2.0
    older = run.copy()
    older.attrs["format"] = np.int64(2)
    for changed, said in (
        (without(run, "sector", "balance"), "lacks /sector/balance"),
        (xr.DataTree(run.to_dataset()), "lacks /counts/trust_result"),
        (other, "has /sector/mine, which no run has"),
        (older, "is not of format 4"),
    ):
        with pytest.raises(RunFileError) as caught:
            save(changed, tmp_path / "run.h5")
        assert str(caught.value) == (
            f"run: {said}; save what run or open gave, as it was given"
        )
    assert list(tmp_path.iterdir()) == []
