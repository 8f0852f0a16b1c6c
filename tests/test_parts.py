"""A run that is interrupted, resumed or extended is the run that never was."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import tiny

from simulator.engine.shards import SHARD
from simulator.errors import RunFileError, SimulatorError
from simulator.outcomes import BESIDE
from simulator.runfile import parts
from simulator.running import extend, runs, verify
from simulator.running import slabs as pieces
from simulator.scenario.load import load_scenario
from simulator.schema import OUTCOMES

DRAWS = 2 * SHARD + 100
SEED = 7


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    return tiny.write(tmp_path_factory.mktemp("scenario"))


@pytest.fixture(scope="module")
def loaded(scenario):
    return load_scenario(scenario)


@pytest.fixture(scope="module")
def whole(loaded, tmp_path_factory):
    """A run that was never interrupted, and its digests."""
    place = tmp_path_factory.mktemp("whole") / "run.h5"
    runs.write(loaded, place, draws=DRAWS, seed=SEED, keep="sample")
    return place


def digests_of(place):
    with h5py.File(place) as file:
        made = file["provenance"].attrs
        return json.loads(made["payload_digests"]), made["attributes_digest"]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class StoppedError(Exception):
    """The program is stopped from outside."""


def interrupted(loaded, place, after, **how):
    """Run in parts of a shard until `after` draws are done, then stop."""
    seen = []

    def done(n_draw):
        seen.append(n_draw)
        if sum(seen) > after:
            raise StoppedError

    with pytest.raises(StoppedError):
        runs.write(
            loaded,
            place,
            draws=DRAWS,
            seed=SEED,
            keep="sample",
            part=SHARD,
            on_progress=done,
            threads=1,
            **how,
        )


def resumed(loaded, place, **how):
    how = {"draws": DRAWS, "seed": SEED, "keep": "sample", "part": SHARD} | how
    runs.write(loaded, place, resume=True, **how)


# --- parts ----------------------------------------------------------------------------


def test_a_run_in_parts_is_the_run_in_one(loaded, whole, tmp_path):
    place = tmp_path / "run.h5"
    runs.write(loaded, place, draws=DRAWS, seed=SEED, keep="sample", part=SHARD)
    assert digests_of(place) == digests_of(whole)
    assert names(tmp_path) == ["run.h5"]


def test_the_digest_of_the_counts_sees_a_single_draw(loaded, whole, tmp_path):
    place = tmp_path / "run.h5"
    runs.write(loaded, place, draws=DRAWS - 1, seed=SEED, keep="sample")
    found, expected = digests_of(place)[0], digests_of(whole)[0]
    same = {path for path in expected if found[path] == expected[path]}
    assert "/rate" in same
    assert "/trajectories/balance" in same
    assert not {"/sector/balance", "/counts/trust_histogram", "/drivers/pay"} & same


@pytest.mark.parametrize("after", [0, 2 * SHARD + 5])
def test_an_interrupted_run_goes_on_to_the_same_bits(after, loaded, whole, tmp_path):
    place = tmp_path / "run.h5"
    interrupted(loaded, place, after)
    assert not place.exists()
    if after < SHARD:
        assert names(tmp_path) == []
    else:
        assert names(tmp_path) == ["run.h5.part"]
    resumed(loaded, place)
    assert digests_of(place) == digests_of(whole)
    assert names(tmp_path) == ["run.h5"]


@pytest.mark.slow
def test_a_resumed_run_computes_only_what_is_missing(loaded, tmp_path):
    place, seen = tmp_path / "run.h5", []
    interrupted(loaded, place, 2 * SHARD)
    resumed(loaded, place, on_progress=seen.append)
    assert seen[0] == 2 * SHARD
    assert sum(seen) == DRAWS


def test_an_unfinished_run_is_not_thrown_away_unasked(loaded, whole, tmp_path):
    place = tmp_path / "run.h5"
    interrupted(loaded, place, 2 * SHARD)
    with pytest.raises(RunFileError) as caught:
        runs.write(loaded, place, draws=DRAWS, seed=SEED)
    assert str(caught.value) == (
        f"{place}.part: holds an unfinished run, 16,384 draws of it done; "
        "add --resume to go on with it, or --force to begin anew"
    )
    runs.write(loaded, place, draws=DRAWS, seed=SEED, keep="sample", force=True)
    assert digests_of(place) == digests_of(whole)
    assert names(tmp_path) == ["run.h5"]


def test_a_run_goes_on_only_with_what_it_was_begun_with(loaded, tmp_path):
    place = tmp_path / "run.h5"
    interrupted(loaded, place, SHARD)
    before = names(tmp_path / "run.h5.part")
    with pytest.raises(RunFileError, match="begun otherwise: seed differ"):
        resumed(loaded, place, seed=SEED + 1)
    with pytest.raises(RunFileError, match="begun otherwise: keep differ"):
        resumed(loaded, place, keep="none")
    for draws in (100, DRAWS + 1):
        with pytest.raises(RunFileError, match="begun otherwise: draws differ"):
            resumed(loaded, place, draws=draws)
    assert names(tmp_path / "run.h5.part") == before


def test_a_part_that_was_changed_is_not_used(loaded, tmp_path):
    place = tmp_path / "run.h5"
    interrupted(loaded, place, SHARD)
    (part,) = (tmp_path / "run.h5.part").glob("draws-*.h5")
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    with pytest.raises(RunFileError, match="changed after it was finished"):
        resumed(loaded, place)
    part.unlink()
    with pytest.raises(RunFileError, match="is missing or was changed"):
        resumed(loaded, place)


def test_a_manifest_that_is_no_manifest_is_refused(loaded, tmp_path):
    place = tmp_path / "run.h5"
    interrupted(loaded, place, SHARD)
    (tmp_path / "run.h5.part" / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunFileError, match="is not a manifest of ours"):
        resumed(loaded, place)


def test_resume_without_an_unfinished_run_begins_one(loaded, whole, tmp_path):
    resumed(loaded, tmp_path / "run.h5", part=None)
    assert digests_of(tmp_path / "run.h5") == digests_of(whole)


# --- two runs, one place --------------------------------------------------------------


def test_two_runs_on_one_output_do_not_meet(loaded, tmp_path):
    place, said = tmp_path / "run.h5", []

    def second(n_draw):
        if not said:
            with pytest.raises(RunFileError) as caught:
                runs.write(loaded, place, draws=10, force=True)
            said.append(str(caught.value))

    runs.write(loaded, place, draws=100, seed=SEED, on_progress=second)
    assert "is held by this very program; wait for it" in said[0]
    assert names(tmp_path) == ["run.h5"]


def lock(folder, host, process):
    folder.mkdir()
    mark = {"host": host, "process": process}
    (folder / "lock.json").write_text(json.dumps(mark), encoding="utf-8")


def test_the_lock_of_a_process_that_is_gone_counts_for_nothing(loaded, tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    lock(tmp_path / "run.h5.part", parts.socket.gethostname(), gone.pid)
    runs.write(loaded, tmp_path / "run.h5", draws=10)
    assert names(tmp_path) == ["run.h5"]


@pytest.mark.parametrize("host", ["another-machine", None])
def test_the_lock_of_a_process_that_may_run_is_kept(host, loaded, tmp_path):
    host = host or parts.socket.gethostname()
    lock(tmp_path / "run.h5.part", host, os.getppid())
    with pytest.raises(RunFileError) as caught:
        runs.write(loaded, tmp_path / "run.h5", draws=10, force=True)
    assert f"is held by process {os.getppid()} on {host}; wait" in str(caught.value)
    assert names(tmp_path / "run.h5.part") == ["lock.json"]


def test_a_torn_lock_counts_for_nothing(loaded, tmp_path):
    (tmp_path / "run.h5.part").mkdir()
    (tmp_path / "run.h5.part" / "lock.json").write_text("{", encoding="utf-8")
    (tmp_path / "run.h5.part" / "draws-0.h5.begun").write_text("", encoding="utf-8")
    runs.write(loaded, tmp_path / "run.h5", draws=10)
    assert names(tmp_path) == ["run.h5"]


# --- what goes wrong outside ----------------------------------------------------------


def test_a_file_in_use_is_put_in_place_later(loaded, whole, tmp_path, monkeypatch):
    place = tmp_path / "run.h5"
    runs.write(loaded, place, draws=5)
    in_use, replace = place.read_bytes(), Path.replace

    def refuse(self, target):
        if Path(target) == place:
            raise PermissionError(13, "Permission denied")
        return replace(self, target)

    how = {"draws": DRAWS, "seed": SEED, "keep": "sample"}
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        with pytest.raises(RunFileError) as caught:
            runs.write(loaded, place, force=True, **how)
    assert str(caught.value) == (
        f"{place}: cannot be replaced (Permission denied); the run is complete: close "
        "what has the file open, then give the command again with --resume"
    )
    assert place.read_bytes() == in_use
    with pytest.raises(RunFileError, match="is there already; add --force"):
        runs.write(loaded, place, resume=True, **how)
    seen = []
    runs.write(loaded, place, resume=True, force=True, on_progress=seen.append, **how)
    assert digests_of(place) == digests_of(whole)
    assert seen == []
    assert names(tmp_path) == ["run.h5"]


SMALL_DISK = """\
import resource, signal, sys
from pathlib import Path
from simulator.scenario.load import load_scenario
from simulator.errors import SimulatorError
from simulator.running import runs
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
loaded = load_scenario(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    runs.write(loaded, Path(sys.argv[2]), draws=33_000, seed=7, part=8192, force=True)
except SimulatorError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of file size")
@pytest.mark.parametrize(
    "most", [pytest.param(4_000, marks=pytest.mark.slow), 3_000_000]
)
def test_a_full_disk_is_said_and_loses_nothing(most, scenario, tmp_path):
    place = tmp_path / "out" / "run.h5"
    place.parent.mkdir()
    runs.write(load_scenario(scenario), place, draws=5)
    before = place.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, str(scenario), str(place), str(most)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "cannot be written" in done.stdout, done.stderr
    assert "Traceback" not in done.stderr
    assert place.read_bytes() == before
    left = names(place.parent)
    assert left in (["run.h5"], ["run.h5", "run.h5.part"])
    if len(left) == 2:
        assert not [f for f in names(place.parent / left[1]) if "begun" in f]


def test_a_target_that_cannot_be_written_is_said(loaded, tmp_path, monkeypatch):
    def refuse(self, exist_ok=False):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(RunFileError) as caught:
        runs.write(loaded, tmp_path / "run.h5", draws=10)
    assert "cannot be written (Read-only file system)" in str(caught.value)
    assert names(tmp_path) == []


@pytest.mark.slow
def test_a_clock_that_jumps_changes_nothing(loaded, whole, tmp_path, monkeypatch):
    jumps = iter(range(10**9, 0, -(10**4)))
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    place = tmp_path / "run.h5"
    runs.write(loaded, place, draws=DRAWS, seed=SEED, keep="sample", part=SHARD)
    assert digests_of(place) == digests_of(whole)


@pytest.mark.slow
@pytest.mark.parametrize("locking", ["FALSE", "TRUE"])
def test_it_works_with_and_without_the_locks_of_hdf5(locking, scenario, tmp_path):
    code = (
        "import sys; from pathlib import Path; from simulator.running import runs; "
        "runs.write(runs.load(sys.argv[1]), Path(sys.argv[2]), draws=20)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(scenario), str(tmp_path / "run.h5")],
        env=os.environ | {"HDF5_USE_FILE_LOCKING": locking},
        check=True,
        timeout=120,
    )
    assert names(tmp_path) == ["run.h5"]


LONG_RUN = """\
import sys
from pathlib import Path
from simulator.scenario.load import load_scenario
from simulator.running import runs
loaded = load_scenario(sys.argv[1])
print("begun", flush=True)
runs.write(
    loaded, Path(sys.argv[2]), draws=int(sys.argv[3]), seed=7, keep="sample", part=8192,
    resume=True,
)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_a_run_killed_at_any_time_is_never_half_there(scenario, whole, tmp_path):
    """Kill -9 at fifty random moments; whatever is left, resuming ends in one file."""
    place, kills, finished, beside = tmp_path / "run.h5", 0, 0, set()
    for attempt in range(400):
        run = subprocess.Popen(
            [sys.executable, "-c", LONG_RUN, str(scenario), str(place), str(DRAWS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert run.stdout.readline() == b"begun\n"
        try:  # moments spread evenly over a run, and past its end now and then
            run.wait(timeout=2.5 * (attempt * 0.618 % 1.0))
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
        _, said = run.communicate()
        beside.add(tuple(names(tmp_path)))
        if run.returncode == -signal.SIGKILL:
            kills += 1
        else:
            assert run.returncode == 0, said.decode()
        if place.exists():  # then it is whole
            assert digests_of(place) == digests_of(whole)
            finished += 1
            if run.returncode == 0:
                assert names(tmp_path) == ["run.h5"]
            place.unlink()
        if kills >= 50 and finished:
            break
    print(f"{kills} kills, {finished} runs finished, seen: {sorted(beside)}")
    assert kills >= 50
    assert finished
    assert ("run.h5.part",) in beside


# --- more draws -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def shorter(loaded, tmp_path_factory):
    place = tmp_path_factory.mktemp("shorter") / "run.h5"
    runs.write(loaded, place, draws=SHARD + 900, seed=SEED, keep="sample")
    return place


@pytest.mark.parametrize("part", [pytest.param(None, marks=pytest.mark.slow), SHARD])
def test_an_extended_run_is_the_longer_run(part, shorter, whole, tmp_path):
    place = tmp_path / "longer.h5"
    extend.extend(shorter, DRAWS, output=place, part=part)
    assert digests_of(place) == digests_of(whole)
    assert names(tmp_path) == ["longer.h5"]
    with h5py.File(shorter) as before, h5py.File(place) as after:
        first = before["sector/balance"][...]
        assert np.array_equal(after["sector/balance"][:, : SHARD + 900], first)


@pytest.mark.slow
def test_a_run_takes_the_place_of_the_shorter(shorter, whole, tmp_path):
    place = tmp_path / "run.h5"
    place.write_bytes(shorter.read_bytes())
    extend.extend(place, DRAWS)
    assert digests_of(place) == digests_of(whole)
    with pytest.raises(
        RunFileError, match=f"has {DRAWS:,} draws already; ask for more"
    ):
        extend.extend(place, DRAWS)


def test_draws_that_do_not_come_out_again_are_not_added_to(shorter, tmp_path):
    place = tmp_path / "run.h5"
    place.write_bytes(shorter.read_bytes())
    with h5py.File(place, "r+") as file:
        file["sector/income"][0, 5, 0] += 1.0
    before = place.read_bytes()
    with pytest.raises(RunFileError, match="draws that do not come out again: /sector"):
        extend.extend(place, DRAWS)
    assert place.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("had", [50, 150])
def test_a_sample_of_trajectories_grows_to_its_hundred(had, loaded, tmp_path):
    for name, draws in (("few", had), ("many", 300)):
        place = tmp_path / f"{name}.h5"
        runs.write(loaded, place, draws=draws, seed=SEED, keep="sample")
    extend.extend(tmp_path / "few.h5", 300)
    assert digests_of(tmp_path / "few.h5") == digests_of(tmp_path / "many.h5")


def test_a_run_made_again_from_its_file_is_the_same(shorter, tmp_path):
    extend.rerun(shorter, tmp_path / "again.h5")
    assert digests_of(tmp_path / "again.h5") == digests_of(shorter)


@pytest.mark.slow
def test_a_run_of_no_kept_draws_is_extended_too(loaded, tmp_path):
    for name, draws in (("few", 70), ("many", 90)):
        runs.write(loaded, tmp_path / f"{name}.h5", draws=draws, seed=SEED)
    extend.extend(tmp_path / "few.h5", 90)
    assert digests_of(tmp_path / "few.h5") == digests_of(tmp_path / "many.h5")


@pytest.mark.slow
def test_all_trajectories_are_extended_too(loaded, tmp_path):
    for name, draws in (("few", 130), ("many", 500)):
        runs.write(loaded, tmp_path / f"{name}.h5", draws=draws, seed=SEED, keep="all")
    extend.extend(tmp_path / "few.h5", 500, part=200)
    assert digests_of(tmp_path / "few.h5") == digests_of(tmp_path / "many.h5")


# --- until it is precise enough -------------------------------------------------------


@pytest.mark.slow
def test_a_run_goes_on_until_it_is_precise_enough(loaded, tmp_path):
    place = tmp_path / "run.h5"
    runs.write(loaded, place, precision=0.005, seed=SEED)
    with h5py.File(place) as run:
        draws = int(run.attrs["draws"])
        width = run["sector_probability_high"][...] - run["sector_probability_low"][...]
        outcomes = run["outcome"].asstr()[...].tolist()
        beside = [outcomes.index(name) for name in BESIDE]
        assert width[:, beside].max() <= 0.01  # of every target
    assert draws % SHARD == 0
    assert SHARD < draws < 50_000
    coarse = tmp_path / "coarse.h5"
    runs.write(loaded, coarse, precision=0.005, seed=SEED, draws=10_000)
    with h5py.File(coarse) as run:
        assert run.attrs["draws"] == 10_000
    fixed = tmp_path / "fixed.h5"
    runs.write(loaded, fixed, draws=draws, seed=SEED)
    assert digests_of(fixed) == digests_of(place)


def test_a_precision_is_a_half_width(loaded, tmp_path):
    for wrong in (0.0, 0.5, -1.0, float("nan")):
        with pytest.raises(SimulatorError, match="is not the half-width"):
            runs.write(loaded, tmp_path / "run.h5", precision=wrong)


def test_a_piece_reads_back_what_was_written(whole):
    firsts = []
    tally = pieces.stored(whole)(lambda *slab: firsts.append(slab[2]))
    assert set(firsts) == {0}
    assert tally.sector.max() <= DRAWS
    assert tally.share.sum(axis=-1).tolist() == [[DRAWS] * len(OUTCOMES)] * 3


# --- evenly spread draws --------------------------------------------------------------

EVEN = 16 * 64


@pytest.mark.slow
def test_evenly_spread_draws_come_in_parts_too(loaded, tmp_path):
    for name, part in (("one", None), ("parts", 64)):
        place = tmp_path / f"{name}.h5"
        runs.write(loaded, place, draws=EVEN, seed=SEED, sampling="rqmc", part=part)
    assert digests_of(tmp_path / "parts.h5") == digests_of(tmp_path / "one.h5")
    with h5py.File(tmp_path / "one.h5") as run:
        assert run.attrs["replicates"] == 16
        assert run.attrs["sampling"] == b"rqmc"
        achieved = (
            run["sector/achieved"][...].reshape(3, len(OUTCOMES), 16, 64).mean(axis=-1)
        )
        off = achieved.std(axis=-1, ddof=1) / 4 * 2.1314  # Student's t, 15 degrees
        low = run["sector_probability_low"][...]
        seen = np.rint(achieved.mean(axis=-1) * EVEN)
        usual = (seen >= 10) & (seen <= EVEN - 10)
        assert usual.sum() > 5
        expected = np.maximum(achieved.mean(axis=-1) - off, 0.0)
        assert low[usual] == pytest.approx(expected[usual], abs=1e-5)


@pytest.mark.slow
def test_evenly_spread_draws_are_verified_and_made_again(loaded, tmp_path):
    place = tmp_path / "run.h5"
    runs.write(loaded, place, draws=EVEN, seed=SEED, sampling="rqmc")
    verdicts = verify.verdicts(place, seed=3, whole=True)
    assert [verdict.difference for verdict in verdicts] == [""] * 5
    *_, last = verify.verdicts(place, seed=3)
    assert last.difference == ""
    assert extend.rerun(place, tmp_path / "again.h5")
    assert digests_of(tmp_path / "again.h5") == digests_of(place)


def test_what_evenly_spread_draws_cannot_do_is_said(loaded, tmp_path):
    place = tmp_path / "run.h5"
    with pytest.raises(SimulatorError, match="1,000 draws are not 16 replicates"):
        runs.write(loaded, place, draws=1000, sampling="rqmc")
    with pytest.raises(SimulatorError, match="a precision cannot be waited for"):
        runs.write(loaded, place, precision=0.01, sampling="rqmc")
    with pytest.raises(SimulatorError, match="'even' is not a way to sample"):
        runs.write(loaded, place, sampling="even")
    runs.write(loaded, place, draws=EVEN, sampling="rqmc")
    with pytest.raises(RunFileError, match="to which none can be added"):
        extend.extend(place, 2 * EVEN)
