"""Trajectories stream: writing overlaps computing, and memory does not grow."""

import queue
import sys
import time

import pytest
import tiny

from benchmarks import processes
from simulator.engine import blocks
from simulator.engine.blocks import KEEPING_BLOCK, KEPT_AHEAD
from simulator.engine.shards import Kept
from simulator.runfile import parts
from simulator.running import runs
from simulator.scenario.load import load_scenario

PATIENCE = 60  # seconds, which only a failure takes


def test_blocks_are_computed_while_the_one_before_is_written_but_not_too_many():
    draws, threads = 20 * KEEPING_BLOCK, 2
    done = queue.SimpleQueue()

    def write(kept: Kept) -> None:
        # The first block is being written for so long that all are done that may be.
        for _ in range(KEPT_AHEAD * threads + 1):
            done.get(timeout=PATIENCE)
        with pytest.raises(queue.Empty):
            done.get(timeout=0.5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        blocks.simulate(
            tiny.job(),
            draws,
            keep=draws,
            threads=threads,
            on_kept=write,
            on_progress=done.put,
        )


@pytest.mark.slow
def test_a_block_is_in_the_file_while_a_later_one_is_being_computed(tmp_path):
    """A thread holds a block back until the file has grown by blocks before it."""
    place, seen, sizes = tmp_path / "run.h5", [], []
    begun = parts.folder_of(place) / (parts.COMPLETE + parts.BEGUN)
    loaded = load_scenario("long-term-plan")
    block = KEEPING_BLOCK * 2**18  # bytes: less than a block's trajectories have

    def done(n_draw):
        seen.append(n_draw)
        if len(seen) == 5:
            for _ in range(100 * PATIENCE):
                if begun.stat().st_size > block:
                    break
                time.sleep(0.01)
            sizes.append(begun.stat().st_size)

    runs.write(
        loaded,
        place,
        draws=6 * KEEPING_BLOCK,
        keep="all",
        threads=1,
        record=False,
        on_progress=done,
    )
    assert len(seen) == 6
    assert sizes[0] > block


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="measures memory as POSIX does")
def test_memory_does_not_grow_with_the_draws_that_are_kept(tmp_path):
    peaks, sizes = [], []
    for draws in (2_000, 6_000):
        command = ("-m", "simulator.cli", "run", "long-term-plan", "--keep", "all")
        how = ("--draws", str(draws), "--threads", "2", "--force", "-o", "run.h5")
        peaks.append(processes.run((*command, *how), tmp_path).peak)
        sizes.append((tmp_path / "run.h5").stat().st_size / 2**20)
        (tmp_path / "run.h5").unlink()
    grown = sizes[1] - sizes[0]
    print(f"memory {peaks} MiB, files {sizes} MiB")
    assert grown > 1_500
    assert peaks[1] - peaks[0] < 0.1 * grown
    assert peaks[1] < sizes[1]
