"""A run file alone gives back what made it, or says why it cannot."""

import json
from functools import cache

import numpy as np
import pytest
import tiny
import xarray as xr

from simulator.engine.job import Job
from simulator.errors import RunFileError
from simulator.kernel.trust_year import trust_year
from simulator.kernel.workspace import GROUP_RESULTS, KEPT
from simulator.population.load import load_population
from simulator.runfile import store
from simulator.running import prepare, provenance, rebuild, runs
from simulator.running.future import future_of
from simulator.scenario.load import load_scenario
from simulator.scenario.read import shipped
from simulator.schema import OUTCOMES, TRUST_TYPES

SEED = 11


def tables():
    """The tiny scenario with a target that is solved for."""
    given = tiny.tables()
    given["targets"].append(tiny.balancing())
    return given


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    loaded = load_scenario(tiny.write(folder, tables()))
    runs.write(loaded, folder / "run.h5", draws=20, seed=SEED)
    return folder / "run.h5"


@pytest.fixture(scope="module")
def opened(place):
    with store.open_run(place, ("/", "/provenance")) as tree:
        yield tree


@pytest.fixture
def run(opened):
    """What is read of the run, for a test to alter."""
    return opened.copy(deep=True)


# --- what made it ---------------------------------------------------------------------


def same_inputs(got, loaded, population):
    assert got.loaded.scenario == loaded.scenario
    assert got.loaded.tree == loaded.tree
    assert got.loaded.text == loaded.text
    assert dict(got.loaded.origins) == dict(loaded.origins)
    assert list(got.loaded.origins) == list(loaded.origins)
    assert got.population == population
    assert got.population.name == population.name
    assert got.population.about == population.about
    # And so the provenance of a run made from them is that of the first run.
    assert provenance.of_run(*got, 1, 2) == provenance.of_run(loaded, population, 1, 2)


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_comes_back_whole(name):
    loaded = load_scenario(name)
    population = load_population(loaded.scenario.population, loaded.folder)
    run = _tree_of(loaded, population)
    same_inputs(rebuild.inputs_of(run), loaded, population)


def _tree_of(loaded, population):
    """A run without draws: its provenance is all that is read."""
    tree = xr.DataTree.from_dict({"/": xr.Dataset(), "/provenance": xr.Dataset()})
    tree["provenance"].attrs |= provenance.of_run(loaded, population, SEED, 1)
    return tree


def test_files_settings_and_a_table_of_trusts_come_back_too(tmp_path):
    place = tiny.write(tmp_path, tables())
    upper = tmp_path / "upper.toml"
    upper.write_text(
        'extends = "tiny.toml"\ntitle = "Über \\"it\\""\n[demand]\ntype_sd = 0.004\n'
        'source = "made up: upper"\n',
        encoding="utf-8",
    )
    loaded = load_scenario(upper, ["demand.bias=0.001", "prices.pay=0.02"])
    population = load_population(loaded.scenario.population, loaded.folder)
    assert place.name in dict(loaded.text)
    same_inputs(rebuild.inputs_of(_tree_of(loaded, population)), loaded, population)
    assert loaded.origins["demand.bias"].layer == "command line"


def test_the_file_of_a_run_gives_the_inputs_it_was_given(run, place):
    loaded = load_scenario(place.parent / "tiny.toml")
    population = load_population("tiny.csv", place.parent)
    same_inputs(rebuild.inputs_of(run), loaded, population)


def test_the_job_is_the_one_that_ran(run, place):
    loaded = load_scenario(place.parent / "tiny.toml")
    population = load_population("tiny.csv", place.parent)
    expected = prepare.prepare(loaded.scenario, population, SEED)
    job, counting = rebuild.job_of(run), rebuild.counting_job_of(run)
    assert job.seed == counting.seed == SEED
    assert job.notes == expected.notes
    assert len(job.notes) == 1  # of the balancing item
    for one, other in ((job.plan, expected.plan), (counting.plan, expected.plan)):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    for a, b in zip(job.ranges, expected.ranges, strict=True):
        assert np.array_equal(a, b)
    assert counting.ranges.trust.shape[2] == 0


# --- what it refuses ------------------------------------------------------------------


def refusal(run, make=rebuild.inputs_of):
    with pytest.raises(RunFileError) as caught:
        make(run)
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "scenario_resolved",
        "scenario_as_written",
        "scenario_digest",
        "origins",
        "population",
        "population_name",
        "population_about",
        "population_digest",
        "random_number_layout",
        "histogram_bins",
    ],
)
def test_what_the_file_does_not_say_is_named(run, name):
    del run["provenance"].attrs[name]
    said = refusal(run)
    assert f"/provenance: does not say its {name}; run its scenario again" in said
    assert "run.h5" in said
    run["provenance"].attrs[name] = 7
    assert f"does not say its {name}" in refusal(run)


def test_a_run_without_provenance_is_refused():
    run = xr.DataTree(xr.Dataset())
    assert "does not say its random_number_layout" in refusal(run)


@pytest.mark.parametrize("seed", ["", "-1", "1.5", "two", "²"])
def test_a_seed_that_is_no_number_is_refused(run, seed):
    run["provenance"].attrs["seed"] = seed
    assert "not a whole number" in refusal(run, rebuild.counting_job_of)


@pytest.mark.parametrize("name", ["random_number_layout", "histogram_bins"])
def test_another_version_is_named(run, name):
    attributes = run["provenance"].attrs
    ours = attributes[name]
    attributes |= {name: "99", "simulator_version": "7.8.9"}
    said = refusal(run)
    assert f"{name} is 99 (simulator 7.8.9)" in said
    assert f"({provenance.version()}) is {ours}; use simulator 7.8.9" in said


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("population", "548.0", "549.0", "population is not what population_digest"),
        ("population", "548.0", "many", "population cannot be used: tiny.csv: line 2"),
        ("scenario_resolved", "type_sd = 0.005", "type_sd = 0.006", "is not what"),
        ("scenario_resolved", "type_sd = ", "tipe_sd = ", "cannot be used"),
        ("scenario_resolved", "[demand]", "[demand", "cannot be used"),
        ("origins", '"demand.bias"', '"demand.bios"', "do not agree on demand.bias"),
        ("origins", '["', '{"', "origins is not a JSON table"),
        ("scenario_as_written", "{", "[", "is not a JSON table"),
    ],
)
def test_what_was_altered_is_refused(run, name, old, new, problem):
    attributes = run["provenance"].attrs
    assert old in attributes[name]
    attributes[name] = attributes[name].replace(old, new, 1)
    assert problem in refusal(run)


def test_a_file_that_lacks_a_newer_key_is_older_and_not_altered(run):
    attributes = run["provenance"].attrs
    origins = json.loads(attributes["origins"])
    del origins["prices.national_share"]
    attributes |= {"origins": json.dumps(origins), "simulator_version": "0.3.0"}
    said = refusal(run)
    assert "simulator 0.3.0, which wrote it, did not know prices.national_share" in said
    assert "altered" not in said


def test_origins_that_say_nothing_are_refused(run):
    attributes = run["provenance"].attrs
    origins = json.loads(attributes["origins"])
    for useless in ([], "file", ["file", "source"], ["file", "source", 3]):
        origins["demand.bias"] = useless
        attributes["origins"] = json.dumps(origins)
        assert "says nothing of use about demand.bias" in refusal(run)
    attributes["scenario_as_written"] = '{"tiny.toml": 3}'
    assert "scenario_as_written holds no text" in refusal(run)


def test_rates_are_compared_to_the_bit(run):
    rebuild.counting_job_of(run)
    stored = run["rate"].load()
    stored[-1, 0] = np.nextafter(float(stored[-1, 0]), 1.0)
    said = refusal(run, rebuild.counting_job_of)
    assert "run.h5: /rate: target what-closes-the-gap has [" in said
    assert "solved by another version" in said
    run["rate"] = run["rate"].isel(year=slice(2)).rename(year="some")
    assert "has shape (4, 2), and the scenario asks for (4, 3)" in refusal(
        run, rebuild.job_of
    )


# --- one future -----------------------------------------------------------------------

DRAWS = (0, 63, 8123, 2**33 + 5)


@cache
def job(*settings: str) -> Job:
    return tiny.job(tables(), *settings, seed=SEED)


@cache
def engine_at(draw):
    """The engine's own results of one draw."""
    found = tiny.simulate(job(), 1, first_draw=draw, keep=draw + 1, by_unit=True)
    ((shard, trajectories),), _ = found
    return shard, trajectories[..., 0]


@cache
def futures_at(draw):
    n_target, n_trust = len(job().scenario.targets), len(job().population)
    return {
        (k, i): future_of(job(), draw, i, k)
        for k in range(n_target)
        for i in range(n_trust)
    }


@pytest.mark.parametrize("draw", DRAWS)
def test_every_kept_result_is_the_kernels_to_the_bit(draw):
    _, trajectories = engine_at(draw)
    for (k, i), future in futures_at(draw).items():
        for y, year in enumerate(future.years):
            made = {**year.result._asdict(), **year.after._asdict()}
            for row, name in enumerate(KEPT):
                kept = trajectories[row, k, y, i]
                assert np.float32(made[name]) == kept, (name, k, i, y)


@pytest.mark.parametrize("draw", DRAWS)
def test_trusts_add_up_to_the_sector(draw):
    """To the last bits of double precision, where kept results have half as many."""
    shard, _ = engine_at(draw)
    row = dict(zip(GROUP_RESULTS, shard.sector[..., 0], strict=True))
    money = ("ask", "recurrent", "nonrecurrent", "shortfall")
    for k in range(len(job().scenario.targets)):
        for y in range(job().scenario.years):
            years = [f.years[y] for (t, _), f in futures_at(draw).items() if t == k]
            cost = np.array([year.result.cost_before for year in years])
            sums = {
                "income": [year.after.income for year in years],
                "cost": [year.after.cost for year in years],
                "backlog": [year.after.backlog for year in years],
                "support": [year.result.support for year in years],
                "cost_before": cost,
                "underlying": [year.result.underlying for year in years],
                "balance": [year.result.balance for year in years],
                **{n: cost * [getattr(x.result, n) for x in years] for n in money},
            }
            for name, values in sums.items():
                scale = row["income"][k, y] if name == "underlying" else None
                whole = row[name][k, y]
                close = 1e-12 * (scale or max(abs(whole), row["income"][k, y]))
                assert abs(np.sum(values) - whole) <= close, (name, k, y)


@pytest.mark.parametrize("draw", DRAWS)
def test_a_trust_achieves_what_the_kernel_says(draw):
    shard, _ = engine_at(draw)
    seen = set()
    for (k, i), future in futures_at(draw).items():
        for outcome, name in enumerate(OUTCOMES):
            met = bool(shard.units[k, outcome, i, 0])
            assert future.achieved[name] is met, (name, k, i)
            seen.add((name, met))
    assert len(seen) > len(OUTCOMES)


def test_the_luck_makes_the_drivers():
    """Normals, shocks and beliefs are those that the drivers were made from."""
    scenario = job().scenario
    for (_, i), future in futures_at(8123).items():
        kind = job().population.trust_type[i]
        trend = getattr(scenario.demand, kind).trend
        for y, year in enumerate(future.years):
            path = future.values.get(f"demand.{kind}.trend")
            path = trend[y] if path is None else path
            together = path + future.values["demand.bias"] + year.shocks["demand"]
            together += scenario.demand.type_sd * year.normals["type"]
            drawn = future.drawn.demand[TRUST_TYPES.index(kind), y, 0]
            assert together == drawn
            own = scenario.demand.trust_sd * year.normals["demand"]
            assert together + own == year.drivers.demand


def test_every_year_has_luck_of_its_own_and_persistence_stays():
    future = futures_at(63)[0, 0]
    for name in ("demand", "pressure", "delivery", "type"):
        assert len({year.normals[name] for year in future.years}) == 3, name
    for name in ("drift", "persistent", "plans"):
        assert len({year.normals[name] for year in future.years}) == 1, name


def test_the_formula_gives_the_same_bits_compiled_or_not():
    for future in futures_at(0).values():
        for year in future.years:
            given = year.before, year.drivers, year.belief, year.terms, year.rules
            assert trust_year.py_func(*given) == (year.after, year.result)


def test_a_programme_happens_in_the_draws_the_kernel_gives_it():
    happened = set()
    for draw in range(12):
        future = future_of(job(), draw, 0, 0)
        happens = future.happens["rosters"]
        happened.add(happens)
        new = future.years[0].drivers.new_opportunity
        share = job().scenario.delivery.pool_shares
        base = share.productivity * future.values["delivery.frontier"]
        realised = 0.01 * happens * future.values["programmes.rosters.realisation"]
        assert new[1] == pytest.approx(base + 0.2 * realised, rel=1e-14)
    assert happened == {0.0, 1.0}
