"""Parts that programs compute without knowing of each other make the run of one."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import h5py
import processes
import pytest
import tiny

from simulator.engine.shards import SHARD
from simulator.errors import RunFileError, SimulatorError
from simulator.kernel.workspace import BLOCK
from simulator.runfile import receipts
from simulator.runfile.receipts import FinishedParts, Receipt
from simulator.running import array, runs

DRAWS, PARTS, SEED = 4 * BLOCK + 50, 4, 7
HOW = {"draws": DRAWS, "seed": SEED, "keep": "sample"}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    return tiny.write(tmp_path_factory.mktemp("scenario"))


@pytest.fixture(scope="module")
def loaded(scenario):
    return runs.load(scenario)


@pytest.fixture(scope="module")
def whole(loaded, tmp_path_factory):
    """The run that one program makes."""
    place = tmp_path_factory.mktemp("whole") / "run.h5"
    runs.write(loaded, place, **HOW)
    return place


@pytest.fixture(scope="module")
def computed(loaded, tmp_path_factory):
    """All parts, computed from the last to the first."""
    folder = tmp_path_factory.mktemp("array") / "parts"
    for number in range(PARTS, 0, -1):
        assert array.part(loaded, folder, number=number, of=PARTS, **HOW).computed
    return folder


@pytest.fixture
def folder(computed, tmp_path):
    """A copy of the parts, to be spoilt."""
    return shutil.copytree(computed, tmp_path / "parts")


def digests_of(place):
    with h5py.File(place) as file:
        made = file["provenance"].attrs
        return json.loads(made["payload_digests"]), made["attributes_digest"]


def part_of(folder, number):
    """The file of a part."""
    return sorted(folder.glob("draws-*.h5"))[number - 1]


# --- how draws are divided ------------------------------------------------------------


@pytest.mark.parametrize(
    ("draws", "of", "step"),
    [(DRAWS, 1, BLOCK), (DRAWS, 5, BLOCK), (40 * SHARD, 7, SHARD), (10**12, 40, SHARD)],
)
def test_parts_hold_every_draw_once_and_end_in_whole_steps(draws, of, step):
    found = array.divided(draws, of)
    assert len(found) == of
    assert [found[0].start, found[-1].stop] == [0, draws]
    assert all(a.stop == b.start for a, b in pairwise(found))
    assert all(part.stop % step == 0 for part in found[:-1])
    sizes = [len(part) for part in found]
    assert min(sizes[:-1], default=draws) > 0
    assert max(sizes) - min(sizes) < 2 * step


@pytest.mark.parametrize(("draws", "of"), [(DRAWS, 6), (DRAWS, 0), (1, 2), (1, -1)])
def test_draws_that_cannot_be_divided_so_are_refused(draws, of):
    with pytest.raises(SimulatorError, match=f"cannot be computed in {of} parts"):
        array.divided(draws, of)


def test_a_replicate_is_a_part():
    assert array.divided(1024, 16, 64)[3] == range(192, 256)
    with pytest.raises(SimulatorError, match="each replicate is one; give 16"):
        array.divided(1024, 8, 64)


@pytest.mark.parametrize("number", [0, -1, PARTS + 1])
def test_a_part_that_there_is_not_is_refused(number, loaded, tmp_path):
    with pytest.raises(SimulatorError, match=f"no part {number}; give 1 to {PARTS}"):
        array.part(loaded, tmp_path / "p", number=number, of=PARTS, draws=DRAWS)
    assert not (tmp_path / "p").exists()


# --- parts and the run of them --------------------------------------------------------


def test_joined_parts_are_the_run_of_one_program(computed, whole, tmp_path):
    before = sorted(file.name for file in computed.iterdir())
    array.join(computed, tmp_path / "run.h5")
    assert digests_of(tmp_path / "run.h5") == digests_of(whole)
    assert [file.name for file in tmp_path.iterdir()] == ["run.h5"]
    assert sorted(file.name for file in computed.iterdir()) == before


def test_a_part_that_is_there_is_not_computed_again(loaded, folder):
    seen, before = [], part_of(folder, 2).stat().st_mtime_ns
    how = HOW | {"on_progress": seen.append}
    done = array.part(loaded, folder, number=2, of=PARTS, **how)
    assert not done.computed
    assert seen == []
    assert part_of(folder, 2).stat().st_mtime_ns == before


@pytest.mark.slow
def test_replicates_are_parts(loaded, tmp_path):
    how = {"draws": 16 * 64, "sampling": "rqmc", "seed": SEED}
    for number in random.Random(1).sample(range(1, 17), 16):
        array.part(loaded, tmp_path / "parts", number=number, of=16, **how)
    array.join(tmp_path / "parts", tmp_path / "run.h5")
    runs.write(loaded, tmp_path / "whole.h5", **how)
    assert digests_of(tmp_path / "run.h5") == digests_of(tmp_path / "whole.h5")


# --- what is refused ------------------------------------------------------------------


def refused(folder):
    place = folder.parent / "run.h5"
    with pytest.raises(RunFileError) as caught:
        array.join(folder, place)
    assert not place.exists()
    assert not place.with_name("run.h5.part").exists()
    return str(caught.value)


def test_missing_parts_are_said(folder):
    receipt = part_of(folder, 2).with_suffix(".json")
    receipt.unlink()
    assert refused(folder) == (
        f"{folder}: lacks 512 of 2,098 draws, the first of them draws 512 to 1,023; "
        "compute the parts that failed, with simulator part, then join again"
    )


def test_a_part_that_was_changed_is_refused_and_then_made_anew(loaded, folder, whole):
    part = part_of(folder, 3)
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    assert f"{part}: is missing or was changed after it was" in refused(folder)
    assert array.part(loaded, folder, number=3, of=PARTS, **HOW).computed
    array.join(folder, folder.parent / "run.h5")
    assert digests_of(folder.parent / "run.h5") == digests_of(whole)


@pytest.mark.parametrize(
    ("other", "differ"),
    [
        ({"seed": SEED + 1}, "seed"),
        ({"draws": DRAWS + 1}, "draws"),
        ({"keep": "none"}, "keep"),
        ({"settings": ("prices.pay=0.02",)}, "scenario_digest"),
    ],
)
def test_a_part_of_another_run_is_refused(other, differ, scenario, folder):
    with pytest.raises(RunFileError, match=f"of another run: {differ} differ"):
        array.part(scenario, folder, number=1, of=PARTS, **HOW | other)


def test_a_part_that_another_version_made_is_not_joined(folder):
    manifest = folder / "manifest.json"
    said = json.loads(manifest.read_text())
    said["made_from"]["code_digest"] = "0123456789abcdef"
    manifest.write_text(json.dumps(said))
    assert "would make another run: its code_digest is" in refused(folder)


def test_a_folder_of_other_things_is_left_alone(loaded, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunFileError, match=r"no part of a run: thesis\.txt"):
        array.part(loaded, tmp_path, number=1, of=PARTS, draws=DRAWS)
    assert "holds no parts of a run" in refused(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_order_that_was_changed_is_refused(folder):
    manifest = folder / "manifest.json"
    said = json.loads(manifest.read_text())
    said["order"]["population"] = said["order"]["population"].replace("520.0", "521.0")
    manifest.write_text(json.dumps(said))
    assert "population is not what population_digest says" in refused(folder)
    manifest.write_text("[]")
    assert "is not a manifest of ours" in refused(folder)


# --- receipts -------------------------------------------------------------------------


def receipt_in(folder, first, draws, content=b"draws"):
    def write(place):
        place.write_bytes(content)

    return receipts.made(folder, {"seed": "1"}, range(first, first + draws), write)


def test_parts_are_taken_in_any_order_and_once(tmp_path):
    made = [receipt_in(tmp_path, first, 10) for first in (20, 0, 10)]
    found = FinishedParts(tmp_path, {"seed": "1"})
    for receipt in (*made, *made):
        found.adopt(receipt)
    assert [part.first_draw for part in found.parts] == [0, 10, 20]
    assert found.missing(range(35)) == [range(30, 35)]
    assert found.missing(range(30)) == []
    assert found.files(20) == [tmp_path / made[1].file, tmp_path / made[2].file]
    assert list(receipts.found_in(tmp_path)) == found.parts


def test_gaps_between_parts_are_found(tmp_path):
    found = FinishedParts(tmp_path, {"seed": "1"})
    for first in (10, 40):
        found.adopt(receipt_in(tmp_path, first, 10))
    assert found.missing(range(60)) == [range(10), range(20, 40), range(50, 60)]
    assert found.missing(range(12, 45)) == [range(20, 40)]
    assert found.missing(range(12, 20)) == []


def test_what_is_not_of_the_run_is_not_taken(tmp_path):
    found = FinishedParts(tmp_path, {"seed": "1"})
    made = receipt_in(tmp_path, 0, 10)
    for wrong, said in (
        (replace(made, made_from={"seed": "2"}), "seed differ"),
        (replace(made, sha256="0" * 64), "was changed after it was finished"),
        (replace(made, file="draws-no.h5"), "is missing or"),
    ):
        with pytest.raises(RunFileError, match=said):
            found.adopt(wrong)
    found.adopt(made)
    with pytest.raises(RunFileError, match=r"holds draws that .* holds too"):
        found.adopt(receipt_in(tmp_path, 5, 10))
    assert found.parts == [made]


def test_two_machines_that_do_not_agree_are_found(folder):
    """The same draws with other numbers: a miscount, not a duplicate."""
    part = part_of(folder, 1)
    other = folder / "other.h5"
    shutil.copy(part, other)
    with h5py.File(other, "r+") as file:  # the same numbers, in other bytes
        file["provenance"].attrs["note"] = "made elsewhere"
    said = json.loads(part.with_suffix(".json").read_text())
    digest = receipts.file_digest(other)
    name = f"draws-{0:012d}-{digest[:16]}.h5"
    other.rename(folder / name)
    receipt = Receipt(**said | {"file": name, "sha256": digest})
    receipts.write_json(folder / receipt.name, asdict(receipt))
    array.join(folder, folder.parent / "same.h5")
    with h5py.File(folder / name, "r+") as file:
        file["provenance"].attrs["payload_digests"] = "{}"
    receipt = replace(receipt, sha256=receipts.file_digest(folder / name))
    receipts.write_json(folder / receipt.name, asdict(receipt))
    assert "holds other numbers than draws-0" in refused(folder)


@pytest.mark.parametrize(
    "content", ["{}", "[]", "{", '{"file": "../x.h5"}', '{"file": 3}']
)
def test_a_receipt_that_is_none_is_refused(content, folder):
    receipt = part_of(folder, 1).with_suffix(".json")
    receipt.write_text(content)
    assert f"{receipt}: is not a " in refused(folder)


def test_a_receipt_cannot_name_a_file_elsewhere(folder):
    receipt = part_of(folder, 1).with_suffix(".json")
    said = json.loads(receipt.read_text())
    receipt.write_text(json.dumps(said | {"file": f"../parts/{said['file']}"}))
    assert f"{receipt}: is not a receipt of ours" in refused(folder)


# --- as processes ---------------------------------------------------------------------


def command(scenario, folder, number):
    words = "part", str(scenario), "--of", str(PARTS), "--number", str(number)
    how = "--draws", str(DRAWS), "--seed", str(SEED), "--keep", "sample"
    return (*words, *how, "-o", str(folder))


def killed_at(words, seconds, folder):
    """Start a command, and kill it after some seconds if it is not done."""
    run = subprocess.Popen(
        [sys.executable, "-m", "simulator.cli", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        run.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGKILL)
        run.wait()
    return run.returncode


def finish(scenario, whole, tmp_path, order):
    """Compute parts in some order, as processes, and compare the run they join to."""
    folder = tmp_path / "parts"
    for number in order:
        done = processes.simulator(*command(scenario, folder, number), folder=tmp_path)
        assert not processes.fault(done)
    leftovers = [file.name for file in folder.iterdir() if "begun" in file.name]
    assert leftovers == []
    words = "join", str(folder), "-o", "run.h5"
    done = processes.simulator(*words, folder=tmp_path)
    assert not processes.fault(done)
    assert digests_of(tmp_path / "run.h5") == digests_of(whole)


def test_jobs_in_any_order_and_repeated_make_the_run(scenario, whole, tmp_path):
    finish(scenario, whole, tmp_path, [3, 1, 4, 3, 2])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_jobs_that_are_killed_and_repeated_make_the_run(scenario, whole, tmp_path):
    """Kill -9 at twenty moments that are spread over a job."""
    chance, kills = random.Random(3), 0
    for attempt in range(80):
        words = command(scenario, tmp_path / "parts", chance.randint(1, PARTS))
        seconds = 4.0 * (attempt * 0.618 % 1.0)
        kills += killed_at(words, seconds, tmp_path) == -signal.SIGKILL
        if kills == 20:
            break
    assert kills == 20
    finish(scenario, whole, tmp_path, chance.sample(range(1, PARTS + 1), PARTS))


def test_a_leftover_of_a_process_that_is_gone_is_deleted(loaded, folder):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    part = part_of(folder, 1)
    part.unlink()
    stem = folder / f"draws-{0:012d}.h5"
    mine = array.whole.temporary(stem).name
    left = folder / mine.replace(str(os.getpid()), str(gone.pid))
    kept = folder / mine.replace(str(os.getpid()), str(os.getppid()))
    for file in (left, kept):
        file.write_bytes(b"")
    array.part(loaded, folder, number=1, of=PARTS, **HOW)
    assert not left.exists()
    assert kept.exists()


def test_what_goes_wrong_is_said_in_a_line(scenario, tmp_path):
    done = processes.simulator("join", "none", "-o", "run.h5", folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "none: holds no parts of a run; give the folder that simulator part -o was "
        "given\n"
    )
    words = command(scenario, Path("parts"), PARTS + 1)
    done = processes.simulator(*words, "--json", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"number: there is no part {PARTS + 1}; give 1 to {PARTS}\n"
    assert json.loads(done.stdout)["errors"][0]["place"] == "number"
