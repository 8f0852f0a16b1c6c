"""A run on a Dask cluster of this machine is the run of one program."""

import json
import os
import signal
import threading

import h5py
import pytest
import tiny

import simulator as sim
from simulator.engine.shards import SHARD
from simulator.errors import SimulatorError
from simulator.running import assemble, clusters

pytest.importorskip("distributed")

HOW = {"draws": 3 * SHARD + 100, "seed": 7}


def digests_of(place):
    with h5py.File(place) as file:
        return json.loads(file["provenance"].attrs["payload_digests"])


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Dask's own
def test_a_killed_worker_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(assemble, "PART", 1)
    scenario = tiny.write(tmp_path)
    sim.run(scenario, output=tmp_path / "one.h5", **HOW)
    with clusters.opened("local:2") as where:
        assert where.executor.scheduler.address.startswith("tcp://127.0.0.1:")
        victim = next(iter(where.executor.run(os.getpid).values()))
        killer = threading.Timer(0.3, os.kill, (victim, signal.SIGTERM))
        killer.start()
        place = tmp_path / "many.h5"
        sim.run(scenario, output=place, executor=where.executor, threads=1, **HOW)
        killer.join()
    assert digests_of(place) == digests_of(tmp_path / "one.h5")


def test_a_scheduler_without_certificates_is_not_asked():
    with (
        pytest.raises(SimulatorError, match="needs certificates, and Dask's conf"),
        clusters.opened("tls://127.0.0.1:9"),
    ):
        pass
