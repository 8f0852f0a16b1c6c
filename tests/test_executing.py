"""Whatever computes the parts of a run, and in whatever order, it is the same run."""

import json
import multiprocessing
import os
import random
import signal
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor

import h5py
import processes
import pytest
import tiny

import simulator as sim
from simulator.engine.shards import SHARD
from simulator.errors import RunFileError, SimulatorError
from simulator.runfile import parts
from simulator.running import assemble, clusters, executing, extend, runs
from simulator.schema import COUNTS_ONLY

DRAWS, SEED = 2 * SHARD + 100, 7
HOW = {"draws": DRAWS, "seed": SEED, "keep": "sample"}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    return tiny.write(tmp_path_factory.mktemp("scenario"))


@pytest.fixture(scope="module")
def loaded(scenario):
    return runs.load(scenario)


@pytest.fixture(scope="module")
def whole(loaded, tmp_path_factory):
    place = tmp_path_factory.mktemp("whole") / "run.h5"
    runs.write(loaded, place, **HOW)
    return place


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Parts of a shard, so that a run of milliseconds has some."""
    monkeypatch.setattr(assemble, "PART", 1)


def digests_of(place):
    with h5py.File(place) as file:
        made = file["provenance"].attrs
        return json.loads(made["payload_digests"]), made["attributes_digest"]


class Shuffled(Executor):
    """Computes what it is given in a thread, in any order, and some of it twice."""

    _max_workers = 8  # all parts are under way at once

    def __init__(self, change=lambda answer: answer, times=1):
        self.change, self.times = change, times
        self.asked = []
        self._lock = threading.Lock()

    def submit(self, function, *words):
        future = Future()
        self.asked.append((future, function, words))
        threading.Timer(0.2, self._compute).start()
        return future

    def _compute(self):
        with self._lock:
            waiting = [item for item in self.asked if not item[0].done()]
            random.Random(2).shuffle(waiting)
            for future, function, words in waiting:
                if not future.set_running_or_notify_cancel():
                    continue
                try:
                    answers = [function(*words) for _ in range(self.times)]
                    future.set_result(self.change(answers[-1]))
                except BaseException as error:
                    future.set_exception(error)


def names(folder):
    return sorted(file.name for file in folder.iterdir())


# --- the same run ---------------------------------------------------------------------


def test_parts_that_come_in_any_order_and_twice_make_the_run(loaded, whole, tmp_path):
    executor, seen = Shuffled(times=2), []
    how = HOW | {"executor": executor, "on_progress": seen.append, "threads": 1}
    runs.write(loaded, tmp_path / "run.h5", **how)
    assert digests_of(tmp_path / "run.h5") == digests_of(whole)
    assert names(tmp_path) == ["run.h5"]
    assert len(executor.asked) == 3
    assert sum(seen) == DRAWS


def test_what_goes_to_a_worker_is_plain(loaded, tmp_path):
    executor = Shuffled()
    runs.write(loaded, tmp_path / "run.h5", executor=executor, threads=1, **HOW)
    for _, function, words in executor.asked:
        assert function is executing.compute
        assert {type(word) for word in words} <= {str, int}
        said = json.loads(words[0])
        assert {type(text) for text in said["order"].values()} == {str}


def test_parts_come_back_where_no_folder_is_shared(
    loaded, whole, tmp_path, monkeypatch
):
    monkeypatch.setattr(executing.receipts, "token_in", lambda folder: "another")
    monkeypatch.setattr(parts.PartFolder, "token", lambda self: "this one")
    sent = []

    def see(answer):
        sent.append(len(answer["content"]))
        return answer

    runs.write(loaded, tmp_path / "run.h5", executor=Shuffled(see), threads=1, **HOW)
    assert digests_of(tmp_path / "run.h5") == digests_of(whole)
    assert len(sent) == 3


def test_a_part_that_was_spoilt_on_its_way_is_refused(loaded, tmp_path, monkeypatch):
    monkeypatch.setattr(executing.receipts, "token_in", lambda folder: "another")
    monkeypatch.setattr(parts.PartFolder, "token", lambda self: "this one")

    def spoil(answer):
        return answer | {"content": answer["content"][:-1] + b"?"}

    place = tmp_path / "run.h5"
    with pytest.raises(RunFileError, match="changed after it was finished"):
        runs.write(loaded, place, executor=Shuffled(spoil), threads=1, **HOW)
    assert not place.exists()


def test_a_run_stops_at_the_same_draw_whatever_was_computed_ahead(loaded, tmp_path):
    how = {"precision": 0.02, "seed": SEED, "keep": COUNTS_ONLY}
    runs.write(loaded, tmp_path / "one.h5", **how)
    executor = Shuffled()
    runs.write(loaded, tmp_path / "many.h5", executor=executor, threads=1, **how)
    assert digests_of(tmp_path / "many.h5") == digests_of(tmp_path / "one.h5")
    with h5py.File(tmp_path / "many.h5") as run:
        draws = int(run.attrs["draws"])
    stops = [words[2] for _, _, words in executor.asked]
    assert draws in stops
    assert max(stops) > draws


def test_an_executor_adds_draws_too(loaded, whole, tmp_path):
    runs.write(loaded, tmp_path / "few.h5", **HOW | {"draws": SHARD + 900})
    more = tmp_path / "more.h5"
    extend.extend(
        tmp_path / "few.h5", DRAWS, output=more, executor=Shuffled(), threads=1
    )
    assert digests_of(more) == digests_of(whole)


@pytest.mark.slow
def test_replicates_are_made_by_an_executor_too(loaded, tmp_path):
    how = {"draws": 16 * 64, "sampling": "rqmc", "seed": SEED}
    runs.write(loaded, tmp_path / "one.h5", **how)
    place = tmp_path / "many.h5"
    runs.write(loaded, place, executor=Shuffled(), threads=1, **how)
    assert digests_of(place) == digests_of(tmp_path / "one.h5")


# --- what goes wrong ------------------------------------------------------------------


def test_a_run_goes_on_after_a_worker_failed(loaded, whole, tmp_path):
    place, left = tmp_path / "run.h5", [1]

    def fail(answer):
        left[0] -= 1
        if left[0] < 0:
            raise SimulatorError("disk", "is full")
        return answer

    with pytest.raises(SimulatorError, match="disk: is full"):
        runs.write(loaded, place, executor=Shuffled(fail), threads=1, **HOW)
    assert names(tmp_path) == ["run.h5.part"]
    kept = parts.draws_kept(place)
    assert kept >= 100
    seen = []
    runs.write(loaded, place, resume=True, on_progress=seen.append, **HOW)
    assert seen[0] == kept  # those whose worker did not say so, too
    assert digests_of(place) == digests_of(whole)


def test_a_worker_of_another_version_is_refused(loaded, tmp_path, monkeypatch):
    executing._prepared.cache_clear()
    made = executing.order.check_machine

    def older(theirs, ours, place):
        made(theirs, ours | {"simulator_version": "0.0.1"}, place)

    monkeypatch.setattr(executing.order, "check_machine", older)
    place = tmp_path / "run.h5"
    with pytest.raises(RunFileError) as caught:
        runs.write(loaded, place, executor=Shuffled(), threads=1, **HOW)
    assert "would make another run: its simulator_version is 0.0.1" in str(caught.value)
    executing._prepared.cache_clear()


@pytest.mark.parametrize(
    ("executor", "said"),
    [("dask", "is a str, which takes no tasks"), (Shuffled(), "give its path as out")],
)
def test_an_executor_that_cannot_be_used_is_said(executor, said, loaded, tmp_path):
    output = tmp_path / "run.h5" if executor == "dask" else None
    with pytest.raises(SimulatorError, match=said):
        sim.run(loaded, executor=executor, output=output, draws=100)


def test_a_receipt_is_plain(loaded, tmp_path):
    executor = Shuffled(lambda answer: json.loads(json.dumps(answer)))
    runs.write(loaded, tmp_path / "run.h5", executor=executor, threads=1, **HOW)


# --- processes of this machine --------------------------------------------------------


def test_processes_make_the_run_and_a_killed_one_loses_nothing_finished(
    scenario, whole, tmp_path, monkeypatch
):
    monkeypatch.undo()  # a worker has parts of its own size
    how = {"draws": DRAWS, "seed": SEED, "keep": "sample", "output": tmp_path / "r.h5"}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        victim = pool.submit(os.getpid).result()
        killer = threading.Timer(0.2, os.kill, (victim, signal.SIGTERM))
        killer.start()
        with pytest.raises(RunFileError, match=r"a worker was lost.*--resume"):
            sim.run(scenario, executor=pool, **how)
        killer.join()
    with clusters.opened("processes:2") as where:
        sim.run(scenario, executor=where.executor, resume=True, **how)
    assert digests_of(tmp_path / "r.h5") == digests_of(whole)


def test_the_command_takes_processes(scenario, whole, tmp_path):
    words = "run", str(scenario), "--on", "processes:2", "-o", "run.h5"
    how = "--draws", str(DRAWS), "--seed", str(SEED), "--keep", "sample"
    done = processes.simulator(*words, *how, folder=tmp_path)
    assert not processes.fault(done)
    assert digests_of(tmp_path / "run.h5") == digests_of(whole)
    assert names(tmp_path) == ["run.h5"]


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("cloud", "'cloud' is no place to compute; give processes:N"),
        ("processes:0", "has 0 workers; give 1 to 1,024 workers"),
        ("local:9999", "has 9,999 workers"),
        ("tcp://head:8786", "neither encrypted nor asks who calls"),
    ],
)
def test_a_place_where_nothing_is_computed_is_refused(on, said):
    with pytest.raises(SimulatorError, match=said), clusters.opened(on):
        pass
