"""The run file: what is in it, who can open it, and what a failure leaves behind."""

import io
import json
import shutil
import subprocess
import tomllib
from pathlib import Path

import h5py
import numpy as np
import pytest
import tiny
import xarray as xr

from simulator import drivers, schema
from simulator.engine.blocks import KEEPING_BLOCK
from simulator.errors import RunFileError, ScenarioError
from simulator.population import model as population
from simulator.runfile import store
from simulator.runfile.untrusted import inspection
from simulator.running import assemble, runs
from simulator.scenario.load import load_scenario
from simulator.schema import COORDINATES, OUTCOMES, VARIABLES
from simulator.statistics.intervals import wilson

DRAWS = 300
SEED = 7
GROUPS = ("/", "/sector", "/bands", "/trajectories", "/drivers")
FLOAT32 = 2e-7  # relative rounding of what is stored, twice over


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def loaded(folder):
    return load_scenario(tiny.write(folder))


@pytest.fixture(scope="module")
def file(folder, loaded):
    place = folder / "run.h5"
    with runs.run(loaded, draws=DRAWS, seed=SEED, keep="all", output=place):
        return place


@pytest.fixture(scope="module")
def tree(file):
    with store.open_run(file) as found:
        yield found.load()


def flat(run):
    """Every variable of a tree by path."""
    return {
        f"{group.path.rstrip('/')}/{name}": values
        for group in run.subtree
        for name, values in group.to_dataset(inherit=False).variables.items()
    }


def in_double(dataset):
    return {name: values.astype(np.float64) for name, values in dataset.items()}


# --- who can open it ------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_other_readers_see_the_same_tree(engine, file, tree):
    if engine == "netcdf4":
        pytest.importorskip("netCDF4")
    with xr.open_datatree(file, engine=engine) as found:
        expected, seen = flat(tree), flat(found.load())
    assert expected.keys() == seen.keys()
    for path, values in expected.items():
        assert seen[path].dims == values.dims, path
        assert seen[path].dtype.kind == values.dtype.kind, path
        np.testing.assert_array_equal(seen[path].values, values.values, path)
        for key in ("long_name", "units"):
            assert seen[path].attrs.get(key) == values.attrs.get(key), path
    assert found.attrs.keys() == tree.attrs.keys()
    assert found["provenance"].attrs.keys() == tree["provenance"].attrs.keys()


def test_strings_and_booleans_are_read_as_such(tree):
    assert tree["target"].values.tolist() == ["one-point-one", "stepped", "four"]
    assert tree["trust"].values.tolist() == [
        "NA1",
        "NC1",
        "NM1",
        "SA1",
        "SM1",
        "SS1",
        "WA1",
        "WB1",
    ]
    assert tree["trust_name"].sel(trust="WB1") == "West Ambulance"
    assert tree["basis"].values.tolist() == ["cash_releasing", "reported", "recurrent"]
    assert tree["sector/achieved"].dtype == np.bool_
    assert tree["drivers/high_inflation"].dtype == np.bool_


def test_coordinates_are_found_by_name(tree):
    chance = tree["probability"].sel(target="four", outcome="measured", trust="SS1")
    assert 0.0 <= float(chance) <= 1.0
    assert tree["sector/balance"].sel(year=2021, draw=299, target="stepped").size == 1
    assert tree["bands/type_cost"].sel(trust_type="ambulance", quantile=0.5).size == 9
    assert tree["trajectories"]["kept_draw"].values.tolist() == list(range(DRAWS))


# --- the layout -----------------------------------------------------------------------


def shape_of(dims):
    sizes = {
        "target": 3,
        "trust": 8,
        "trust_type": 5,
        "system": 3,
        "outcome": 6,
        "year": 3,
        "quantile": 7,
        "draw": DRAWS,
        "kept_draw": DRAWS,
        "trust_result": 6,
        "group_result": 18,
        "bin": 256,
        "edge": 2,
        "number_of_trusts": 9,
        "how_many_trusts": 9,
    }
    return tuple(sizes[dim] for dim in dims)


def check_stored(file, variable):
    stored = file[variable.path]
    assert stored.shape == shape_of(variable.dims)
    if variable.dtype == "str":
        kind = h5py.check_string_dtype(stored.dtype)
        assert (kind.encoding, kind.length) == ("utf-8", None)
    else:
        assert stored.dtype == ("i1" if variable.dtype == "bool" else variable.dtype)
    assert stored.attrs["long_name"].decode() == variable.meaning
    assert stored.attrs.get("units", b"").decode() == variable.units
    label = stored.attrs.get("unit_label", stored.attrs.get("units", b""))
    assert label.decode() == variable.unit
    return stored


@pytest.mark.parametrize("variable", VARIABLES.values(), ids=VARIABLES)
def test_a_variable_is_stored_as_the_schema_says(variable, file):
    with h5py.File(file) as opened:
        stored = check_stored(opened, variable)
        names = [opened[COORDINATES[dim].path].name for dim in variable.dims]
        assert [dim[0].name for dim in stored.dims] == names
        if variable.dtype == "bool":
            assert stored.attrs["dtype"] == b"bool"
            assert stored.attrs["flag_values"].tolist() == [0, 1]
            assert stored.attrs["flag_meanings"] == b"false true"
        elif variable.dtype == "i8":  # written whole; R warns of such fill values
            assert "_FillValue" not in stored.attrs
            assert stored.fletcher32
        elif variable.dtype != "str":
            fill = stored.attrs["_FillValue"]
            assert np.isnan(fill) if stored.dtype.kind == "f" else fill < 0
            assert stored.fletcher32
            assert stored.fillvalue == fill or np.isnan(fill)
        streamed = {"draw", "kept_draw"} & set(variable.dims)
        squeezed = variable.dtype != "str" and not streamed
        assert stored.compression == ("gzip" if squeezed else None)


def test_what_marks_a_hole_has_the_type_of_its_variable(file):
    with h5py.File(file) as opened:
        for path in VARIABLES:
            fill = opened[path].attrs.get("_FillValue")
            assert fill is None or fill.dtype == opened[path].dtype, path


@pytest.mark.parametrize("variable", COORDINATES.values(), ids=COORDINATES)
def test_a_dimension_is_a_scale_of_its_name(variable, file):
    with h5py.File(file) as opened:
        stored = check_stored(opened, variable)
        assert stored.is_scale
        assert stored.name == variable.path


def test_chunks_of_a_large_run_are_of_a_tenth_to_one_mebibyte(tmp_path):
    place = tmp_path / "large.h5"
    large = {
        "target": np.array([f"t{k}" for k in range(10)]),
        "trust": np.array([f"T{i}" for i in range(234)]),
        "year": np.arange(2019, 2024),
    }
    sizes = {name: len(values) for name, values in large.items()}
    sizes["outcome"] = len(OUTCOMES)
    with begun(place, draws=100_000, kept=10_000, **large) as writer:
        for path in ("/sector/balance", "/sector/achieved", "/trajectories/balance"):
            variable = VARIABLES[path]
            shape = [sizes.get(dim, 1) for dim in variable.dims]
            writer.put_draws(variable, np.zeros(shape), 99)
    with h5py.File(place) as opened:
        for path in ("/sector/balance", "/trajectories/balance", "/sector/achieved"):
            stored = opened[path]
            size = np.prod(stored.chunks) * stored.dtype.itemsize
            # Longer chunks would leave most of the last one empty.
            assert 0.019 * 2**20 <= size <= 2**20, path
            assert stored.chunks[0] == 1


class Counting(io.BytesIO):
    """A buffer that counts what is written into it."""

    written = 0

    def write(self, data):
        self.written += len(data)
        return super().write(data)


@pytest.mark.parametrize("trusts", [8, 60, 234])
def test_blocks_of_kept_draws_are_written_once_whatever_the_population(trusts):
    buffer, draws = Counting(), 40 * KEEPING_BLOCK
    sizes = {
        "target": np.array([f"t{k}" for k in range(4)]),
        "trust": np.array([f"T{i}" for i in range(trusts)]),
        "year": np.arange(2019, 2024),
    }
    block = np.zeros((4, KEEPING_BLOCK, trusts, 5))
    with begun(buffer, draws=draws, kept=draws, **sizes) as writer:
        for first in range(0, draws, KEEPING_BLOCK):
            writer.put_draws(VARIABLES["/trajectories/balance"], block, first)
    assert buffer.written < 1.1 * len(buffer.getvalue())


def test_the_file_holds_nothing_that_the_schema_does_not_know(file):
    found = []

    def note(name, item):
        if isinstance(item, h5py.Dataset):
            found.append(name)

    with h5py.File(file) as opened:
        opened.visititems(note)
    known = {v.path.lstrip("/") for v in (*VARIABLES.values(), *COORDINATES.values())}
    assumptions = {name for name in found if name.startswith("drivers/delivery__")}
    assert assumptions
    strange = set(found) - known
    assert strange == {name for name in found if "__" in name} >= assumptions
    assert known <= set(found)


def test_every_value_is_written(tree):
    for path, values in flat(tree).items():
        if values.dtype.kind == "f" and not path.startswith("/bands/"):
            assert not np.isnan(values.values).any(), path


def test_uncertain_assumptions_stand_under_their_key_paths(tree, loaded):
    names = {str(name) for name in tree["drivers"].data_vars if "__" in str(name)}
    assert "delivery__real_share" in names
    assert "programmes__rosters__realisation" in names
    assert "delivery__opportunity_scale" not in names  # certain
    share = tree["drivers/delivery__real_share"]
    assert 0.4 <= float(share.min()) < float(share.max()) <= 0.8


def test_what_was_drawn_is_stored_draw_by_draw(tree, loaded):
    drawn = drivers.draw(loaded.scenario, SEED, 0, DRAWS)
    stored = tree["drivers"].to_dataset()
    for name in ("pay", "nonpay", "delivery", "high_inflation"):
        expected = getattr(drawn, name).T.astype(np.float32)
        np.testing.assert_array_equal(stored[name], expected, name)
    for name in ("demand", "pressure"):
        expected = getattr(drawn, name).transpose(2, 0, 1).astype(np.float32)
        np.testing.assert_array_equal(stored[name], expected, name)
    np.testing.assert_array_equal(stored["lever"], drawn.lever.astype(np.float32))
    for path, values in drawn.assumptions.items():
        name = path.replace(".", "__")
        np.testing.assert_array_equal(stored[name], values.astype(np.float32), name)


def test_a_sample_keeps_the_first_hundred_draws(loaded, tree):
    run = runs.run(loaded, draws=150, seed=SEED, keep="sample")
    kept = run["trajectories"].to_dataset()
    assert kept["kept_draw"].values.tolist() == list(range(assemble.SAMPLE))
    first = tree["trajectories"].to_dataset().isel(kept_draw=slice(0, assemble.SAMPLE))
    xr.testing.assert_equal(kept.drop_vars("draw"), first.drop_vars("draw"))


# --- the numbers ----------------------------------------------------------------------


def outcomes_of(money, cost, rates, productivity, balance, basis):
    """The six outcomes; `basis` is the one that each target is meant on."""
    required = (rates * cost).sum("year")
    summed = {name: values.sum("year") for name, values in money.items()}
    found = {
        "any_means": summed["recurrent"] + summed["nonrecurrent"] >= required,
        "recurrent": summed["recurrent"] >= required,
        **{
            name: values.sum("year") >= rates.sum("year")
            for name, values in productivity.items()
        },
        "balance": balance,
    }
    assert basis.values.tolist() == ["cash_releasing", "reported", "recurrent"]
    own = [found[name] for name in ("cash_releasing", "any_means", "recurrent")]
    met = xr.concat([own[k].isel(target=k) for k in range(3)], "target")
    return found | {"sustained": met & balance}


def test_the_sectors_outcomes_follow_from_the_sums_beside_them(tree):
    sector = in_double(tree["sector"].to_dataset().drop_vars("achieved"))
    cost = sector["cost_before"]
    expected = outcomes_of(
        {name: sector[name] for name in ("recurrent", "nonrecurrent")},
        cost * (1 - 1e-9),
        tree["rate"],
        {name: sector[name] for name in ("cash_releasing", "measured")},
        (sector["balance"] >= -1e-9 * cost).isel(year=-1),
        tree["basis"],
    )
    assert list(expected) == list(OUTCOMES)
    for outcome, found in expected.items():
        achieved = tree["sector/achieved"].sel(outcome=outcome)
        assert (achieved == found).all(), outcome


def test_trusts_outcomes_follow_from_their_trajectories(tree):
    kept = in_double(tree["trajectories"].to_dataset())
    cost = kept["cost_before"]
    expected = outcomes_of(
        {name: kept[name] * cost for name in ("recurrent", "nonrecurrent")},
        cost,
        tree["rate"],
        {name: kept[name] for name in ("cash_releasing", "measured")},
        # Balance is often reached to the penny: a float32 zero is a zero.
        (kept["balance"] >= -1e-6 * cost).isel(year=-1),
        tree["basis"],
    )
    assert list(expected) == list(OUTCOMES)
    for outcome, found in expected.items():
        counted = found.sum("kept_draw").transpose("target", "trust")
        stored = tree["achieved"].sel(outcome=outcome)
        assert abs(stored - counted).max() <= 1, outcome


def test_probabilities_are_counts_over_draws_with_wilsons_interval(tree):
    root = tree.to_dataset()
    assert (root["probability"] == root["achieved"] / DRAWS).all()
    mean = tree["sector/achieved"].mean("draw")
    assert (root["sector_probability"] == mean).all()
    for prefix in ("", "type_", "system_", "sector_"):
        chance = root[f"{prefix}probability"]
        low, high = (root[f"{prefix}probability_{end}"] for end in ("low", "high"))
        assert ((low >= 0) & (low <= chance)).all()
        assert ((chance <= high) & (high <= 1)).all()
        assert (low < high).all()
        expected = wilson(np.rint(chance * DRAWS), DRAWS)
        np.testing.assert_array_equal(low, expected[0])
        np.testing.assert_array_equal(high, expected[1])


def test_shares_of_trusts_are_shares_of_the_trusts(tree):
    root = tree.to_dataset()
    share = root["share_achieving"]
    assert ((share * 8) % 1 == 0).all()
    assert (share.diff("quantile") >= 0).all()
    mean = root["probability"].mean("trust")
    np.testing.assert_allclose(root["mean_share_achieving"], mean, rtol=1e-12)


def test_the_sectors_accounts_add_up(tree):
    of = in_double(tree["sector"].to_dataset())
    room = FLOAT32 * of["cost_before"]
    real = tree["drivers/delivery__real_share"].astype(np.float64) * of["recurrent"]
    returned = of["cost_before"] - real - of["cost"]  # last year's deferred cost, once
    left = of["income"] + of["support"] - of["cost"] + of["nonrecurrent"]
    assert (abs(of["balance"] - (left - returned)) <= 6 * room).all()
    assert (abs(returned.isel(year=0)) <= 3 * room.isel(year=0)).all()
    later = returned.isel(year=slice(1, None)).drop_vars("year")
    deferred = of["nonrecurrent"].isel(year=slice(None, -1)).drop_vars("year")
    assert (later > 0.0).all()
    assert (later < deferred).all()
    assert (abs(of["underlying"] - (of["income"] - of["cost"])) <= 2 * room).all()
    assert (of["cost"] <= of["cost_before"]).all()
    for name in ("ask", "recurrent", "nonrecurrent", "shortfall", "backlog"):
        assert (of[name] >= 0.0).all(), name
    assert (of["trusts_in_deficit"] >= 0).all()
    assert (of["trusts_in_deficit"] <= 8).all()


def test_trajectories_add_up_to_the_sector(tree):
    kept = in_double(tree["trajectories"].to_dataset())
    sector = tree["sector"].to_dataset().rename(draw="kept_draw")
    weighted = ("cash_releasing", "measured", "unmet")
    for name in ("ask", "recurrent", "nonrecurrent", *weighted):
        kept[name] = kept[name] * kept["cost_before"]
    room = FLOAT32 * kept["cost_before"].sum("trust")
    for name, by_trust in kept.items():
        expected = sector[name].astype(np.float64)
        if name in weighted:
            expected = expected * sector["cost_before"]
        assert (abs(by_trust.sum("trust") - expected) <= 4 * room).all(), name
    in_deficit = (kept["balance"] < -1e-6 * kept["cost_before"]).sum("trust")
    assert (in_deficit == sector["trusts_in_deficit"]).all()
    deficits = -kept["balance"].clip(max=0.0).sum("trust")
    assert (abs(deficits - sector["gross_deficit"]) <= 4 * room).all()
    met = kept["recurrent"] + kept["nonrecurrent"] >= 0.95 * kept["ask"]
    assert (met.sum("trust") == sector["trusts_meeting_plan"]).all()


def test_bands_are_quantiles_of_the_draws_to_within_a_bin(tree):
    kept = in_double(tree["trajectories"].to_dataset())
    margin = kept["balance"] / kept["income"]
    compared = {
        "trust_balance_margin": margin,
        "trust_ask_rate": kept["ask"],
        "trust_recurrent_rate": kept["recurrent"],
        "trust_nonrecurrent_rate": kept["nonrecurrent"],
        "trust_cash_releasing": kept["cash_releasing"],
        "trust_measured": kept["measured"],
    }
    assert compared.keys() == {f"trust_{name}" for name in schema.SPREAD}
    for name, values in compared.items():
        span = values.max("kept_draw") - values.min("kept_draw")
        for level in schema.QUANTILES:
            band = tree[f"bands/{name}"].sel(quantile=level)
            below = values.quantile(level, "kept_draw", method="lower")
            above = values.quantile(level, "kept_draw", method="higher")
            room = span / 64 + 1e-7  # a bin is at most twice the pilot's span / 256
            assert (band >= below - room).all(), (name, level)
            assert (band <= above + room).all(), (name, level)


def test_bands_of_systems_and_types_are_those_of_their_trusts(tree):
    kept = in_double(tree["trajectories"].to_dataset())
    place = {"system_": tree["trust_system"], "type_": tree["type_of_trust"]}
    for prefix, group in place.items():
        sums = kept["cost"] if "cost" in kept else kept["income"] - kept["underlying"]
        found = sums.groupby(group.rename("group").load()).sum("trust")
        bands = tree[f"bands/{prefix}cost"]
        dim = "system" if prefix == "system_" else "trust_type"
        for name in bands[dim].values:
            values = found.sel(group=name)
            middle = values.quantile(0.5, "kept_draw", method="inverted_cdf")
            span = values.max("kept_draw") - values.min("kept_draw")
            gap = abs(bands.sel({dim: name, "quantile": 0.5}) - middle)
            assert (gap <= span / 32).all(), name


# --- provenance -----------------------------------------------------------------------


def test_a_file_says_what_it_was_made_from(tree, loaded):
    said = tree["provenance"].attrs
    assert said["seed"] == str(SEED)
    assert said["draws"] == str(DRAWS)
    assert tomllib.loads(said["scenario_resolved"])["name"] == loaded.scenario.name
    assert json.loads(said["scenario_as_written"])["tiny.toml"]
    assert said["population"] == population.to_csv_text(tiny.people())
    assert {"numba", "numpy", "xarray"} <= json.loads(said["versions"]).keys()
    assert tree.attrs["draws"] == DRAWS
    assert tree.attrs["seed"] == SEED
    assert tree.attrs["format"] == schema.FORMAT
    assert tree.attrs["Conventions"].startswith("CF-")


def test_a_run_made_again_in_memory_from_its_file_is_the_same(tree, tmp_path):
    said = tree["provenance"].attrs
    again = tmp_path / "again.toml"
    again.write_text(said["scenario_resolved"], encoding="utf-8")
    (tmp_path / said["population_name"]).write_text(said["population"], "utf-8")
    run = runs.run(
        again, draws=int(said["draws"]), seed=int(said["seed"]), keep="all"
    ).load()
    assert_same_run(run, tree)
    assert run["provenance"].attrs["scenario_digest"] == said["scenario_digest"]


def assert_same_run(one, other):
    """The same groups, variables, coordinates and attributes, but for the machine's."""
    assert {group.path for group in one.subtree} == {g.path for g in other.subtree}
    for path in GROUPS:
        if path == "/" or path.lstrip("/") in one.children:
            xr.testing.assert_identical(
                one[path].to_dataset(), other[path].to_dataset()
            )


def test_the_largest_seed_is_kept(loaded):
    seed = 2**63 - 1
    run = runs.run(loaded, draws=2, seed=seed)
    assert int(run.attrs["seed"]) == seed
    assert run["provenance"].attrs["seed"] == str(seed)


# --- what goes wrong ------------------------------------------------------------------


def begun(place, attributes=None, draws=4, kept=0, **others):
    coordinates = {
        "target": np.array(["t"]),
        "trust": np.array(["a", "b"]),
        "trust_type": np.array(schema.TRUST_TYPES),
        "system": np.array(["s"]),
        "outcome": np.array(OUTCOMES),
        "year": np.array([2019]),
        "quantile": np.array(schema.QUANTILES),
        "trust_result": np.array(["balance_margin"]),
        "group_result": np.array(["balance"]),
        "bin": np.arange(2),
        "edge": np.array(schema.EDGES),
        "number_of_trusts": np.arange(3),
        **others,
    }
    return store.RunWriter(
        place, coordinates, range(draws), range(kept), attributes or {}
    )


def test_a_failure_leaves_the_file_that_was_there(loaded, tmp_path):
    place = tmp_path / "run.h5"
    runs.write(loaded, place, draws=5)
    before = place.read_bytes()

    def stop(n_draw):
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        runs.run(loaded, draws=10, output=place, force=True, on_progress=stop)
    assert place.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


def test_a_file_that_is_there_is_replaced_only_by_force(loaded, tmp_path):
    place = tmp_path / "run.h5"
    runs.write(loaded, place, draws=5)
    before = place.read_bytes()
    with pytest.raises(RunFileError, match="is there already; add --force") as caught:
        runs.run(loaded, draws=10, output=place)
    assert caught.value.place == str(place)
    assert place.read_bytes() == before
    with runs.run(loaded, draws=10, output=place, force=True) as run:
        assert run.attrs["draws"] == 10


def test_a_folder_that_is_not_there_is_said_before_the_work(loaded, tmp_path):
    with pytest.raises(RunFileError, match="there is no folder") as caught:
        runs.run(loaded, draws=10**9, output=tmp_path / "none" / "run.h5")
    assert caught.value.remedy == "make it, or -o another"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_a_place_for_a_run(loaded, tmp_path):
    with pytest.raises(RunFileError, match="is a folder"):
        runs.run(loaded, draws=10**9, output=tmp_path)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"draws": 0}, "draws: 0 is out of range; give 1 to 1,000,000,000,000"),
        ({"seed": -1}, "seed: -1 is out of range; give 0 to 2**63 - 1"),
        ({"seed": 2**63}, f"seed: {2**63} is out of range; give 0 to 2**63 - 1"),
        ({"threads": 0}, "threads: 0 is out of range; give 1 to 1,024"),
    ],
)
def test_impossible_numbers_are_refused(how, said, loaded):
    with pytest.raises(ScenarioError) as caught:
        runs.run(loaded, **how)
    assert str(caught.value) == said


def refused(place):
    with pytest.raises(RunFileError) as caught:
        store.open_run(place)
    assert caught.value.place == str(place)
    return caught.value.problem


def test_what_is_not_a_run_file_is_refused(tmp_path):
    place = tmp_path / "run.h5"
    assert refused(place) == "there is no such file"
    assert refused(tmp_path) == "there is no such file"
    place.write_text("not HDF5", encoding="utf-8")
    assert refused(place) == "is not an HDF5 file"
    with h5py.File(place, "w"):
        pass
    assert refused(place) == "is not a run file: it has no format number"


def test_a_file_of_another_format_is_refused(tmp_path):
    place = tmp_path / "run.h5"
    with h5py.File(place, "w") as opened:
        opened.attrs["format"] = schema.FORMAT + 1
    assert refused(place) == "has format 5, and this version reads format 4"


def test_somebody_elses_file_with_a_format_of_its_own_is_refused(tmp_path):
    place = tmp_path / "theirs.h5"
    with h5py.File(place, "w") as opened:
        opened.attrs["format"] = "matlab"
    assert refused(place) == "is not a run file: it has no format number"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no full disk at hand")
def test_a_full_disk_is_said_at_once_not_after_the_work():
    variable, draws, written = VARIABLES["/trajectories/balance"], 2**17, []

    def write():
        with begun(Path("/dev/full"), draws=4 * draws, kept=4 * draws) as writer:
            for first in range(0, 4 * draws, draws):
                writer.put_draws(variable, np.zeros((1, draws, 2, 1)), first)
                written.append(first)

    with pytest.raises(OSError, match="No space left"):
        write()
    assert len(written) < 3  # HDF5 keeps a chunk back


def test_what_fails_in_the_thread_that_hashes_comes_through(tmp_path):
    variable, targets = VARIABLES["/trajectories/balance"], np.array(["t", "u"])

    def write():
        place = tmp_path / "run.h5"
        with begun(place, draws=4, kept=4, target=targets) as writer:
            writer.put_draws(variable, np.zeros((2, 2, 2, 1)), 0)
            # To HDF5 one target stands for all, but a digest has a row for each.
            writer.put_draws(variable, np.zeros((1, 2, 2, 1)), 2)

    with pytest.raises(ValueError, match="shorter"):
        write()


# --- units ----------------------------------------------------------------------------


def test_udunits_reads_every_unit():
    program = shutil.which("udunits2")
    if program is None:
        pytest.skip("udunits2 is not installed: make readers")
    known = {v.units for v in (*VARIABLES.values(), *COORDINATES.values())}
    assert known == {"", "1", "1e6"}
    for unit in known - {""}:
        done = subprocess.run(
            [program, "-H", unit, "-W", "1"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (unit, done.stderr)
    refused = subprocess.run(
        [program, "-H", "GBP m", "-W", "1"], capture_output=True, check=False
    )
    assert refused.returncode != 0


def test_a_file_with_units_in_words_alone_still_opens(file, tmp_path):
    place = tmp_path / "old.h5"
    place.write_bytes(file.read_bytes())
    with h5py.File(place, "r+") as opened:

        def age(_, thing):
            if "unit_label" in thing.attrs:
                label = thing.attrs["unit_label"].decode()
                del thing.attrs["unit_label"], thing.attrs["units"]
                thing.attrs["units"] = label

        opened.visititems(age)
        assert opened["sector/balance"].attrs["units"] == "GBP m"
    inspection.inspect(place)
