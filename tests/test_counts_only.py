"""A run that keeps counts only has the chances of the run that keeps every draw."""

import json

import h5py
import processes
import pytest
import tiny
import xarray as xr

import simulator as sim
from simulator.errors import RunFileError, SimulatorError
from simulator.kernel.workspace import BLOCK
from simulator.running import array, extend, runs, verify
from simulator.schema import COUNTS_ONLY

DRAWS, SEED = 3 * BLOCK + 50, 7
HOW = {"draws": DRAWS, "seed": SEED}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same run twice: every draw of the sector kept, and counts only."""
    folder = tmp_path_factory.mktemp("counts")
    scenario = tiny.write(folder)
    runs.write(runs.load(scenario), folder / "draws.h5", **HOW)
    runs.write(runs.load(scenario), folder / "run.h5", keep=COUNTS_ONLY, **HOW)
    return folder


@pytest.fixture(scope="module")
def loaded(folder):
    return runs.load(folder / "tiny.toml")


def digests_of(place):
    with h5py.File(place) as file:
        made = file["provenance"].attrs
        return json.loads(made["payload_digests"]), made["attributes_digest"]


def test_whatever_is_in_it_is_that_of_the_run_of_every_draw(folder):
    counts, every = digests_of(folder / "run.h5")[0], digests_of(folder / "draws.h5")[0]
    assert {path: every[path] for path in counts} == counts
    left_out = {path.split("/")[1] for path in every.keys() - counts.keys()}
    assert left_out == {"draw", "sector", "drivers", "record", "counts"}
    some = {"/record/sector_by_draw", "/sector/balance", "/counts/trust_histogram"}
    assert every.keys() - counts.keys() >= some
    assert "/counts/trusts_achieving" in counts
    assert "/bands/trust_balance_margin" in counts


def test_it_does_not_grow_with_draws(folder, loaded):
    few = (folder / "run.h5").stat().st_size
    runs.write(loaded, folder / "few.h5", draws=BLOCK, seed=SEED, keep=COUNTS_ONLY)
    assert few < 1.1 * (folder / "few.h5").stat().st_size
    assert few < 0.5 * (folder / "draws.h5").stat().st_size


def test_parts_of_counts_are_joined_to_the_same_counts(folder, loaded, tmp_path):
    how = HOW | {"keep": COUNTS_ONLY}
    for number in (2, 3, 1):
        array.part(loaded, tmp_path / "parts", number=number, of=3, **how)
    array.join(tmp_path / "parts", tmp_path / "run.h5")
    assert digests_of(tmp_path / "run.h5") == digests_of(folder / "run.h5")


def test_it_comes_in_parts_and_is_not_extended(folder, loaded, tmp_path):
    place = tmp_path / "run.h5"
    runs.write(loaded, place, keep=COUNTS_ONLY, part=BLOCK, **HOW)
    assert digests_of(place) == digests_of(folder / "run.h5")
    with pytest.raises(RunFileError, match="not what the bands of more draws need"):
        extend.extend(place, 2 * DRAWS)


def test_it_is_made_again_and_verified(folder, tmp_path):
    assert extend.rerun(folder / "run.h5", tmp_path / "again.h5")
    found = list(verify.verdicts(folder / "run.h5", seed=1))
    assert [verdict.difference for verdict in found] == [""] * len(found)
    assert "holds counts only; --whole" in found[-1].found
    found = list(verify.verdicts(folder / "run.h5", seed=1, whole=True))
    assert [verdict.difference for verdict in found] == [""] * len(found)
    assert found[-1].found == f"{DRAWS:,} draws"


def test_a_count_that_is_another_is_found_by_the_whole_check(folder, tmp_path):
    place = tmp_path / "run.h5"
    place.write_bytes((folder / "run.h5").read_bytes())
    with h5py.File(place, "r+") as file:  # two draws change places: sums stay
        file["counts/sector_achieved"][0, 0] += 1
    differ = [v.difference for v in verify.verdicts(place, seed=1, whole=True)]
    assert "/counts/sector_achieved is another" in differ


def test_a_run_in_memory_is_what_opening_its_file_gives(folder, loaded, tmp_path):
    run = sim.run(loaded, keep=COUNTS_ONLY, **HOW)
    opened = sim.open(folder / "run.h5")
    assert set(run.children) == set(opened.children)
    xr.testing.assert_equal(run.to_dataset(), opened.to_dataset())
    assert "draw" not in run.sizes
    sim.save(run, tmp_path / "saved.h5")
    assert digests_of(tmp_path / "saved.h5") == digests_of(folder / "run.h5")


@pytest.mark.parametrize(
    "ask",
    [
        lambda place: sim.headline(sim.open(place)),
        sim.path,
        lambda place: sim.futures(place, target="four"),
        lambda place: sim.requires(place, target="four"),
        lambda place: sim.worth(place, target="four"),
        lambda place: sim.compare(place, place),
        lambda place: sim.plots.fan(sim.open(place), "four"),
    ],
)
def test_what_needs_every_draw_says_so(ask, folder):
    with pytest.raises(SimulatorError, match=r"run\.h5: holds counts only, and what"):
        ask(folder / "run.h5")


def test_a_file_cannot_leave_draws_out_by_itself(folder, tmp_path):
    place = tmp_path / "run.h5"
    place.write_bytes((folder / "draws.h5").read_bytes())
    with h5py.File(place, "r+") as file:
        del file["sector"]
    with pytest.raises(RunFileError, match=r"run\.h5:/sector/income: is missing"):
        sim.open(place)


# --- as a process ---------------------------------------------------------------------


def test_the_command_answers_without_draws(folder, tmp_path):
    words = "run", str(folder / "tiny.toml"), "--counts-only", "-o", "run.h5"
    how = "--draws", str(DRAWS), "--seed", str(SEED)
    done = processes.simulator(*words, *how, folder=tmp_path)
    assert not processes.fault(done)
    assert digests_of(tmp_path / "run.h5") == digests_of(folder / "run.h5")
    every = processes.simulator("show", "draws.h5", folder=folder)
    assert done.stdout.replace("run.h5", "draws.h5") == every.stdout
    done = processes.simulator("show", "run.h5", "--full", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "run.h5: holds counts only, and what is asked needs every draw; run its "
        "scenario again without --counts-only\n"
    )


def test_a_script_gets_what_there_is(folder):
    found = {}
    for name in ("run.h5", "draws.h5"):
        done = processes.simulator("show", name, "--json", folder=folder)
        assert not processes.fault(done)
        found[name] = json.loads(done.stdout)
    counts, every = found["run.h5"], found["draws.h5"]
    assert counts["cannot_be_told_apart"] is None
    assert counts["asking_more"] is None
    assert counts.keys() == every.keys()
    for mine, theirs in zip(counts["targets"], every["targets"], strict=True):
        assert mine == {name: theirs[name] for name in mine}
    assert "sector_probability" in counts["targets"][0]


def test_counts_only_and_kept_trajectories_exclude_each_other(folder):
    words = "run", "tiny.toml", "--counts-only", "--keep", "all", "-o", "none.h5"
    done = processes.simulator(*words, folder=folder)
    assert done.returncode == 2
    assert "--counts-only keeps no draw, and --keep some: give one" in done.stderr
